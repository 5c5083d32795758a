//! One call's circuit in virtual time: it speaks all the time and hears a callee.

use std::{collections::VecDeque, hint::black_box, time::Duration};

use media::{
    Mono,
    circuit::{
        Circuit, CircuitConfig, Command, Event, Input, MarkId, Output, UtteranceId, Verdict,
    },
    tape,
};

use crate::sound;

/// One frame.
pub const FRAME: Duration = Duration::from_millis(20);

/// A mark comes back so many frames after it was sent.
const MARK_TICKS: usize = 5;

/// What a circuit put out in one step.
#[derive(Debug, Default)]
pub struct Seen {
    /// Samples that left.
    pub said: usize,
    /// Samples heard.
    pub heard: usize,
    /// The agent stands still.
    pub paused: bool,
    /// The agent gave up what it was saying.
    pub interrupted: bool,
    /// The bytes of the last message, one a sample.
    pub payload: Vec<u8>,
    judged: Vec<u32>,
}

/// A call.
pub struct Talk {
    circuit: Circuit,
    now: Mono,
    callee: Vec<u8>,
    at: usize,
    agent: Vec<i16>,
    utterance: u32,
    /// Samples of the agent's that have not left.
    left: usize,
    ticks: usize,
    said: usize,
    /// Marks under way, and the tick in which each comes back.
    marks: VecDeque<(usize, MarkId)>,
    tape: Option<Vec<u8>>,
    seen: Seen,
}

impl Talk {
    /// The callee's sound begins again at its end.
    pub fn new(callee: &[i16]) -> Self {
        Self::with(callee, None)
    }

    /// A call whose inputs and outputs are kept.
    pub fn taped(callee: &[i16]) -> Self {
        let mut tape = Vec::new();
        tape::write_header(&mut tape, &CircuitConfig::default(), Mono::ZERO);
        Self::with(callee, Some(tape))
    }

    fn with(callee: &[i16], tape: Option<Vec<u8>>) -> Self {
        let circuit =
            Circuit::new(&CircuitConfig::default(), Mono::ZERO).expect("a good configuration");
        let mut talk = Self {
            circuit,
            now: Mono::ZERO,
            callee: sound::mulaw(callee),
            at: 0,
            agent: sound::speech(),
            utterance: 0,
            left: 0,
            ticks: 0,
            said: 0,
            marks: VecDeque::new(),
            tape,
            seen: Seen::default(),
        };
        talk.say();
        talk
    }

    /// The tape since the last time.
    pub fn tape(&mut self) -> Option<&mut Vec<u8>> {
        self.tape.as_mut()
    }

    /// What came out in the last 20 ms.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The next utterance, some seconds of it.
    fn say(&mut self) {
        self.utterance += 1;
        let utterance = UtteranceId(self.utterance);
        self.tell(Input::Command(Command::Say { utterance, interruptible: true }));
        let agent = std::mem::take(&mut self.agent);
        self.left += agent.len();
        for samples in agent.chunks(1_600) {
            self.tell(Input::Speech { utterance, samples });
        }
        self.agent = agent;
        self.tell(Input::SpeechEnd(utterance));
    }

    /// Tells the circuit something and does what it wants.
    pub fn tell(&mut self, input: Input<'_>) {
        let Self { circuit, now, tape, seen, left, marks, ticks, .. } = self;
        if let Some(tape) = tape {
            tape::write_input(tape, *now, &input);
        }
        circuit.handle(*now, input);
        while let Some(output) = circuit.poll() {
            if let Some(tape) = tape {
                tape::write_output(tape, *now, &output);
            }
            match output {
                Output::Frame(frame) => {
                    seen.said += frame.len();
                    *left = left.saturating_sub(frame.len());
                    seen.payload.clear();
                    seen.payload.extend_from_slice(frame);
                }
                Output::Heard(samples) => seen.heard += black_box(samples).len(),
                Output::Judge { chunk, .. } => seen.judged.push(chunk),
                Output::Event(Event::Paused { .. }) => seen.paused = true,
                Output::Event(Event::Interrupted { .. }) => {
                    seen.interrupted = true;
                    *left = 0;
                }
                Output::Mark(id) => marks.push_back((*ticks + MARK_TICKS, id)),
                _ => {}
            }
        }
    }

    /// 20 ms: the callee's next frame comes in and what is due goes out.
    pub fn tick(&mut self) -> &Seen {
        if self.at + 160 > self.callee.len() {
            self.at = 0;
        }
        let callee = std::mem::take(&mut self.callee);
        self.hear(&callee[self.at..self.at + 160]);
        self.callee = callee;
        self.at += 160;
        &self.seen
    }

    /// 20 ms in which this comes in; the judge answers at once that it is speech.
    pub fn hear(&mut self, payload: &[u8]) -> &Seen {
        self.now = self.now + FRAME;
        self.begin();
        self.tell(Input::Audio(payload));
        while let Some(chunk) = self.seen.judged.pop() {
            self.tell(Input::Verdict(Verdict { chunk, probability: 0.95 }));
        }
        self.tick_alone();
        &self.seen
    }

    /// 20 ms in which nothing comes in.
    pub fn speak(&mut self) -> &Seen {
        self.now = self.now + FRAME;
        self.begin();
        self.tick_alone();
        &self.seen
    }

    fn begin(&mut self) {
        self.seen.said = 0;
        self.seen.heard = 0;
        self.seen.paused = false;
        self.seen.interrupted = false;
    }

    fn tick_alone(&mut self) {
        while let Some((_, id)) = self.marks.pop_front_if(|(due, _)| *due <= self.ticks) {
            self.tell(Input::Mark(id));
        }
        self.tell(Input::Tick);
        self.ticks += 1;
        self.said += self.seen.said;
        if self.left == 0 {
            self.say();
        }
    }

    /// When the circuit wants to be called again.
    pub fn deadline(&self) -> Option<Mono> {
        self.circuit.deadline().map(|(at, _)| at)
    }

    /// It has spoken all the time.
    pub fn spoke(&self) -> bool {
        self.said >= self.ticks * 160
    }
}
