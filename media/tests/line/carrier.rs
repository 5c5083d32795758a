//! A call in virtual time: a circuit, a carrier that buffers, marks and clears like Twilio, a callee,
//! and the judge.

use std::{collections::VecDeque, time::Duration};

use media::{
    Mono,
    circuit::{
        Circuit, CircuitConfig, Event, Ignored, Input, MarkId, Output, UtteranceId, Verdict,
    },
    codec::g711::{mulaw_decode, mulaw_encode},
    tape,
    vad::silero::{Silero, SileroStream},
};

/// What is worth knowing of an output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen {
    Clear,
    Event(Event),
    Ignored(Ignored),
}

/// Something on its way to the carrier or back.
enum Travelling {
    Frame(Vec<u8>),
    Mark(MarkId),
    Clear,
}

/// Who answers the circuit's questions.
pub(crate) enum Judge {
    Silero(Box<(Silero, SileroStream)>),
    /// Speech is what is louder than −40 dBFS.
    Level,
    /// Never answers.
    Asleep,
}

pub(crate) fn silero() -> Silero {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/silero-vad/silero_vad.onnx");
    Silero::from_onnx(std::fs::read(path).unwrap()).unwrap()
}

pub(crate) struct Line {
    pub circuit: Circuit,
    pub now: Mono,
    pub seen: Vec<(Mono, Seen)>,
    /// What the callee heard, sample by sample since the start.
    pub played: Vec<i16>,
    /// Whether each of them came from us.
    pub ours: Vec<bool>,
    /// What the circuit heard.
    pub heard: Vec<i16>,
    pub tape: Vec<u8>,
    /// One way to the carrier, and its frames' phase.
    pub travel: Duration,
    pub frame_phase_ms: u64,
    pub judge_ms: u64,
    /// Carrier's clock against ours.
    pub ppm: i64,
    /// Echo of what the callee hears: delay in samples, gain.
    pub echo: Option<(usize, f32)>,
    judge: Judge,
    /// What the callee says from a sample on.
    voice: Vec<i16>,
    to_carrier: VecDeque<(Mono, Travelling)>,
    to_us: VecDeque<(Mono, Option<MarkId>, Vec<u8>)>,
    verdicts: VecDeque<(Mono, Verdict)>,
    buffer: VecDeque<i16>,
    marks: VecDeque<(usize, MarkId)>,
    said: Vec<i16>,
    next_utterance: u32,
}

impl Line {
    pub(crate) fn new(config: &CircuitConfig, judge: Judge) -> Self {
        let now = Mono::from_millis(1000);
        let mut tape = Vec::new();
        tape::write_header(&mut tape, config, now);
        Self {
            circuit: Circuit::new(config, now).unwrap(),
            now,
            seen: Vec::new(),
            played: Vec::new(),
            ours: Vec::new(),
            heard: Vec::new(),
            tape,
            travel: Duration::from_millis(15),
            frame_phase_ms: 0,
            judge_ms: 8,
            ppm: 0,
            echo: None,
            judge,
            voice: Vec::new(),
            to_carrier: VecDeque::new(),
            to_us: VecDeque::new(),
            verdicts: VecDeque::new(),
            buffer: VecDeque::new(),
            marks: VecDeque::new(),
            said: Vec::new(),
            next_utterance: 1,
        }
    }

    /// Position in the carrier's time, in samples.
    pub(crate) fn position(&self) -> usize {
        self.played.len()
    }

    /// The callee will say this from `position` on.
    pub(crate) fn callee_says(&mut self, position: usize, samples: &[i16]) {
        let end = position + samples.len();
        if self.voice.len() < end {
            self.voice.resize(end, 0);
        }
        for (slot, &sample) in self.voice[position..].iter_mut().zip(samples) {
            *slot = slot.saturating_add(sample);
        }
    }

    /// We say this, all of it synthesised at once.
    pub(crate) fn say(&mut self, samples: &[i16]) -> UtteranceId {
        let utterance = UtteranceId(self.next_utterance);
        self.next_utterance += 1;
        let say = media::circuit::Command::Say { utterance, interruptible: true };
        self.tell(Input::Command(say));
        for samples in samples.chunks(1600) {
            self.tell(Input::Speech { utterance, samples });
        }
        self.tell(Input::SpeechEnd(utterance));
        utterance
    }

    pub(crate) fn tell(&mut self, input: Input<'_>) {
        let now = self.now;
        tape::write_input(&mut self.tape, now, &input);
        self.circuit.handle(now, input);
        let there = now + self.travel;
        while let Some(output) = self.circuit.poll() {
            tape::write_output(&mut self.tape, now, &output);
            match output {
                Output::Frame(bytes) => {
                    self.to_carrier.push_back((there, Travelling::Frame(bytes.to_vec())));
                }
                Output::Mark(id) => self.to_carrier.push_back((there, Travelling::Mark(id))),
                Output::Clear => {
                    self.to_carrier.push_back((there, Travelling::Clear));
                    self.seen.push((now, Seen::Clear));
                }
                Output::Heard(samples) => self.heard.extend_from_slice(samples),
                Output::Judge { chunk, reset, samples } => {
                    let probability = match &mut self.judge {
                        Judge::Asleep => continue,
                        Judge::Level => {
                            let energy: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
                            f32::from(energy / 256.0 > (328.0f64).powi(2))
                        }
                        Judge::Silero(judge) => {
                            if reset {
                                judge.1.reset();
                            }
                            judge.0.judge(&mut judge.1, samples)
                        }
                    };
                    let at = now + Duration::from_millis(self.judge_ms);
                    self.verdicts.push_back((at, Verdict { chunk, probability }));
                }
                Output::Event(event) => self.seen.push((now, Seen::Event(event))),
                Output::Ignored(why) => self.seen.push((now, Seen::Ignored(why))),
                Output::Rtcp(_) => {}
            }
        }
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms {
            self.step();
        }
    }

    /// One ms passes.
    fn step(&mut self) {
        self.now = self.now + Duration::from_millis(1);
        while self.to_carrier.front().is_some_and(|(at, _)| *at <= self.now) {
            let Some((_, thing)) = self.to_carrier.pop_front() else { break };
            match thing {
                Travelling::Frame(bytes) => {
                    self.buffer.extend(bytes.iter().map(|&byte| mulaw_decode(byte)));
                }
                Travelling::Mark(id) => self.marks.push_back((self.buffer.len(), id)),
                Travelling::Clear => {
                    self.buffer.clear();
                    for (left, _) in &mut self.marks {
                        *left = 0;
                    }
                }
            }
        }
        self.return_marks();
        let until = self.carrier_position();
        while self.played.len() < until {
            self.play_one();
        }
        while self.to_us.front().is_some_and(|(at, ..)| *at <= self.now) {
            let Some((_, mark, audio)) = self.to_us.pop_front() else { break };
            self.tell(mark.map_or(Input::Audio(&audio), Input::Mark));
        }
        while self.verdicts.front().is_some_and(|(at, _)| *at <= self.now) {
            let Some((_, verdict)) = self.verdicts.pop_front() else { break };
            self.tell(Input::Verdict(verdict));
        }
        while self.circuit.deadline().is_some_and(|(at, _)| at <= self.now) {
            self.tell(Input::Tick);
        }
    }

    /// Samples the carrier's clock has counted.
    fn carrier_position(&self) -> usize {
        let us = self.now.since(Mono::from_millis(1000)).as_micros() as i64;
        ((us + us * self.ppm / 1_000_000) / 125) as usize
    }

    fn play_one(&mut self) {
        let sample = self.buffer.pop_front();
        self.played.push(sample.unwrap_or(0));
        self.ours.push(sample.is_some());
        for (left, _) in &mut self.marks {
            *left = left.saturating_sub(1);
        }
        self.return_marks();
        let at = self.played.len() - 1;
        let mut said = self.voice.get(at).copied().unwrap_or(0);
        if let Some((delay, gain)) = self.echo
            && let Some(back) = at.checked_sub(delay)
        {
            said = said.saturating_add((f32::from(self.played[back]) * gain) as i16);
        }
        self.said.push(said);
        let phase = self.frame_phase_ms as usize * 8;
        if self.said.len() >= 160 + phase && (self.said.len() - phase).is_multiple_of(160) {
            let frame = &self.said[self.said.len() - 160..];
            let bytes = frame.iter().map(|&sample| mulaw_encode(sample)).collect();
            self.to_us.push_back((self.now + self.travel, None, bytes));
        }
    }

    fn return_marks(&mut self) {
        while self.marks.front().is_some_and(|(left, _)| *left == 0) {
            let Some((_, id)) = self.marks.pop_front() else { break };
            self.to_us.push_back((self.now + self.travel, Some(id), Vec::new()));
        }
    }

    /// The events so far.
    pub(crate) fn events(&self) -> impl Iterator<Item = (Mono, Event)> + '_ {
        self.seen.iter().filter_map(|&(at, seen)| match seen {
            Seen::Event(event) => Some((at, event)),
            _ => None,
        })
    }

    /// When the carrier's sample at a position was played or spoken, on our clock.
    pub(crate) fn at(&self, position: usize) -> Mono {
        Mono::from_millis(1000) + Duration::from_micros(position as u64 * 125)
    }

    /// What we said as the callee heard it: only samples of ours.
    pub(crate) fn heard_of_us(&self) -> Vec<i16> {
        self.played.iter().zip(&self.ours).filter(|(_, ours)| **ours).map(|(&s, _)| s).collect()
    }
}
