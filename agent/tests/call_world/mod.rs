//! A world in virtual time around one Call: a circuit that plays at a steady pace, a recogniser and
//! a voice that always work, a model of the test's choice.

#![allow(dead_code, unreachable_pub)] // each test file uses its own part of the world

use std::collections::BTreeMap;
use std::time::Duration;

use agent::brief::Brief;
use agent::call::{Call, CallConfig, Ending, Input, Listen, Output, Policy, Record};
use agent::llm::{self, Dialect};
use agent::{stt, tts};
use media::Mono;
use media::circuit::{Command, Event, Heard, UtteranceId};
use telephony::{
    Bridging, Capabilities, Cause, Control, DigitPath, Direction, MachineDetection, Signal,
};

/// What the fake voice needs per character.
pub const CHAR_MS: u64 = 50;
const HANGOVER_MS: u64 = 200;
const STT_MS: u64 = 100;

pub fn leg(digits: DigitPath, bridging: Bridging) -> Capabilities {
    Capabilities {
        clear: true,
        mark: true,
        digits,
        bridging,
        machine_detection: MachineDetection::None,
        reattach: true,
        in_order: true,
    }
}

pub fn config(task: &str) -> CallConfig {
    CallConfig {
        direction: Direction::Outbound,
        to: Some("+12125550123".parse().expect("a number")),
        from: None,
        brief: Brief { task: task.to_owned(), ..Brief::default() },
        policy: Policy::default(),
    }
}

struct Playing {
    id: UtteranceId,
    text: String,
    from: Mono,
}

pub struct World {
    pub call: Call,
    pub model: Box<dyn Dialect>,
    pub now: Mono,
    /// Everything the call put out, with its time.
    pub log: Vec<(u64, Output)>,
    /// Inputs to come, by time and order.
    agenda: BTreeMap<(Mono, u64), Input>,
    order: u64,
    queue: Vec<(UtteranceId, Option<String>)>,
    playing: Option<Playing>,
    /// The text of the segment that is being spoken.
    words: Vec<(Mono, String)>,
    pub voice_works: bool,
    pub ended: Option<Ending>,
}

impl World {
    pub fn new(config: CallConfig, model: impl Dialect + 'static) -> Self {
        Self {
            call: Call::new(config),
            model: Box::new(model),
            now: Mono::ZERO,
            log: Vec::new(),
            agenda: BTreeMap::new(),
            order: 0,
            queue: Vec::new(),
            playing: None,
            words: Vec::new(),
            voice_works: true,
            ended: None,
        }
    }

    /// Dialled, answered, stream up, at this moment.
    pub fn connected(config: CallConfig, model: impl Dialect + 'static, leg: Capabilities) -> Self {
        let mut world = Self::new(config, model);
        world.give(Input::Start);
        world.give(Input::Signal(Signal::Answered));
        world.give(Input::Signal(Signal::MediaStarted { capabilities: leg }));
        world
    }

    pub fn plain(config: CallConfig, model: impl Dialect + 'static) -> Self {
        Self::connected(config, model, leg(DigitPath::Control, Bridging::Control))
    }

    pub fn at(&mut self, at: Mono, input: Input) {
        self.order += 1;
        self.agenda.insert((at, self.order), input);
    }

    pub fn after(&mut self, ms: u64, input: Input) {
        let at = self.now + Duration::from_millis(ms);
        self.at(at, input);
    }

    /// The callee says this, beginning now; takes 60 ms per character.
    pub fn callee(&mut self, text: &str) {
        self.callee_for(text, 60 * text.len() as u64);
    }

    pub fn callee_for(&mut self, text: &str, ms: u64) {
        let (from, to) = (self.now, self.now + Duration::from_millis(ms));
        let sample = |at: Mono| at.as_micros() / 125;
        let started = Event::SpeechStarted { at: from, from_sample: sample(from) };
        let ended = Event::SpeechEnded { at: to, to_sample: sample(to) };
        self.words.push((to, text.to_owned()));
        self.at(from + Duration::from_millis(60), Input::Sound(started));
        self.at(to + Duration::from_millis(HANGOVER_MS), Input::Sound(ended));
    }

    /// The callee says this and the world runs until the call is quiet again.
    pub fn exchange(&mut self, text: &str) -> String {
        let before = self.log.len();
        self.callee(text);
        self.run_ms(60 * text.len() as u64 + 1_400);
        self.run_until_silent();
        self.said_since(before)
    }

    pub fn run_until_silent(&mut self) {
        for _ in 0..200 {
            self.run_ms(100);
            if self.playing.is_none() && self.queue.is_empty() {
                return;
            }
        }
    }

    pub fn run_ms(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        for _ in 0..100_000 {
            let next = [
                self.agenda.keys().next().map(|(at, _)| *at),
                self.call.deadline().map(|(at, _)| at),
                self.model.deadline(),
            ];
            let Some(next) = next.into_iter().flatten().min().filter(|at| *at <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(next);
            if let Some(entry) = self.agenda.first_entry().filter(|e| e.key().0 <= self.now) {
                let input = entry.remove();
                self.give_played(input);
            } else if self.call.deadline().is_some_and(|(at, _)| at <= self.now) {
                self.give(Input::Tick);
            } else {
                self.model.handle(self.now, llm::Input::Tick);
                self.drain_model();
            }
        }
        panic!("the world does not come to rest at {:?}: {:?}", self.now, self.call.deadline());
    }

    fn give_played(&mut self, input: Input) {
        if let Input::Sound(Event::Finished { utterance, .. }) = input {
            if self.playing.as_ref().is_none_or(|playing| playing.id != utterance) {
                return;
            }
            self.playing = None;
            self.give(input);
            self.play();
        } else {
            self.give(input);
        }
    }

    pub fn give(&mut self, input: Input) {
        self.call.handle(self.now, input);
        while let Some(output) = self.call.poll() {
            let late = self.ended.is_some() && !matches!(output, Output::Ignored { .. });
            assert!(!late, "nothing follows the end: {output:?}");
            self.log.push((self.now.as_millis(), output.clone()));
            self.obey(output);
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Sound(Command::Say { utterance, .. }) => self.queue.push((utterance, None)),
            Output::Speak { utterance, text } => {
                for (id, slot) in &mut self.queue {
                    if *id == utterance {
                        *slot = Some(text.clone());
                    }
                }
                self.play();
            }
            Output::Sound(Command::Clear | Command::Keys(_)) => {
                self.queue.clear();
                self.playing = None;
            }
            Output::Listen(Listen::Finalise { segment, .. }) => {
                let text: Vec<String> = self.words.iter().map(|(_, text)| text.clone()).collect();
                let text = text.join(" ").trim().to_owned();
                self.after(STT_MS, Input::Stt(stt::Event::Final { segment, text }));
            }
            Output::Listen(Listen::Close(_)) => self.words.clear(),
            Output::Think { thought, prompt } => {
                self.model.handle(self.now, llm::Input::Think { thought, prompt: &prompt });
                self.drain_model();
            }
            Output::Forget(thought) => self.model.handle(self.now, llm::Input::Cancel(thought)),
            Output::Control(Control::Hangup) => {
                let ended = Signal::Ended { cause: Cause::NormalClearing, by_callee: false };
                self.after(20, Input::Signal(ended));
            }
            Output::Whisper { utterance, text } => {
                let total_ms = (CHAR_MS * text.len() as u64) as u32;
                let heard = Heard { ms: total_ms, of_ms: total_ms, confirmed: true };
                let ms = u64::from(total_ms);
                self.after(50, Input::Tts(tts::Event::Done { utterance, total_ms }));
                self.after(80 + ms, Input::UserSound(Event::Finished { utterance, heard }));
            }
            Output::Ended(ending) => self.ended = Some(ending),
            _ => {}
        }
    }

    fn drain_model(&mut self) {
        while let Some(output) = self.model.poll() {
            if let llm::Output::Event(event) = output {
                self.after(0, Input::Llm(event));
            }
        }
    }

    fn play(&mut self) {
        if self.playing.is_some() || self.queue.is_empty() || !self.voice_works {
            return;
        }
        let Some(text) = self.queue[0].1.clone() else { return };
        let id = self.queue.remove(0).0;
        let total_ms = CHAR_MS * text.len() as u64;
        let begin = 80;
        // Word times come before the sound: they are no sound.
        self.after(begin - 50, Input::Tts(tts::Event::Words { utterance: id, starts: vec![] }));
        self.after(begin - 20, Input::Tts(tts::Event::Begun { utterance: id }));
        self.after(
            begin,
            Input::Tts(tts::Event::Done { utterance: id, total_ms: total_ms as u32 }),
        );
        self.after(begin, Input::Sound(Event::Started { utterance: id }));
        let heard = Heard { ms: total_ms as u32, of_ms: total_ms as u32, confirmed: true };
        self.after(begin + total_ms, Input::Sound(Event::Finished { utterance: id, heard }));
        let from = self.now + Duration::from_millis(begin);
        self.playing = Some(Playing { id, text, from });
    }

    /// The circuit accepts an interruption now.
    pub fn interrupt(&mut self) -> u32 {
        let playing = self.playing.take().expect("something plays");
        self.queue.clear();
        let ms = self.now.since(playing.from).as_millis() as u32;
        let of_ms = (CHAR_MS * playing.text.len() as u64) as u32;
        let heard = Heard { ms, of_ms, confirmed: true };
        let utterance = playing.id;
        self.give(Input::Sound(Event::Interrupted { utterance, heard, reaction_ms: 120 }));
        ms
    }

    pub fn is_speaking(&self) -> bool {
        self.playing.is_some()
    }

    pub fn said_since(&self, from: usize) -> String {
        let said = self.log[from.min(self.log.len())..].iter().filter_map(|(_, o)| match o {
            Output::Speak { text, .. } => Some(text.as_str()),
            _ => None,
        });
        said.collect::<Vec<_>>().join(" ")
    }

    pub fn said(&self) -> String {
        self.said_since(0)
    }

    pub fn controls(&self) -> Vec<&Control> {
        self.log
            .iter()
            .filter_map(|(_, o)| match o {
                Output::Control(control) => Some(control),
                _ => None,
            })
            .collect()
    }

    pub fn notices(&self) -> Vec<&str> {
        self.log
            .iter()
            .filter_map(|(_, o)| match o {
                Output::Record(Record::Notice { code, .. }) => Some(code.as_str()),
                _ => None,
            })
            .collect()
    }

    pub fn ignored(&self) -> usize {
        self.log.iter().filter(|(_, o)| matches!(o, Output::Ignored { .. })).count()
    }

    /// The transcript as `role: text` lines.
    pub fn transcript(&self) -> Vec<String> {
        let shown = |line: &agent::call::Line| {
            let role = match line.role {
                llm::Role::User => "callee",
                llm::Role::Assistant => "agent",
                llm::Role::Tool => "tool",
                llm::Role::System => "system",
            };
            let cut = if line.interrupted { " ~" } else { "" };
            format!("{role}: {}{cut}", line.text)
        };
        self.call.transcript().iter().map(shown).collect()
    }
}
