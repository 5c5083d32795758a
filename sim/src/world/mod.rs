//! A whole call in virtual time: one seed, one clock, no thread, no socket.
//!
//! ```text
//!   Call ─Control▶ Line ◀─wire─▶ translator ◀▶ Circuit ─Heard▶ stt ─▶ Call
//!     └─Think▶ llm ─▶ Call      Circuit ◀─Speech─ tts ◀─Speak─ Call      Circuit ◀Verdict─ judge
//! ```
//!
//! The routing is the table in `ARCHITECTURE.md`, the same as the shell's. Dialects that need a
//! network are not for here: what they ask of it is dropped.

mod log;
mod route;

use std::{collections::VecDeque, time::Duration};

use agent::{
    call::{self, Call, CallConfig},
    llm, stt, tts,
};
use media::{
    Mono,
    circuit::{self, Circuit, CircuitConfig, JUDGE_SAMPLES},
};
use telephony::{Loopback, Signal, Translator, Twilio, conformance::Wire};

pub use log::Log;

use crate::{
    callee::Recogniser,
    line::{Dialect, Line, LineConfig, LineInput},
    sound,
};

/// Most steps of one call: far above any that ends; a call that spins stops here.
pub const STEPS_MAX: usize = 2_000_000;

/// Set-up of one call and its surroundings.
pub struct WorldConfig {
    /// The carrier's end and the callee.
    pub line: LineConfig,
    /// The mind.
    pub call: CallConfig,
    /// The sound.
    pub circuit: CircuitConfig,
    /// From one end of the wire to the other, in ms.
    pub wire_ms: u32,
    /// From the circuit's question to the judge's verdict, in ms.
    pub judge_ms: u32,
}

/// Probability of speech in 32 ms of sound; `true` for a fresh start.
pub type Judge = Box<dyn FnMut(&[i16; JUDGE_SAMPLES], bool) -> f32>;

/// The dialects a call works with.
pub struct Minds {
    /// Recogniser.
    pub stt: Box<dyn stt::Dialect>,
    /// Model.
    pub llm: Box<dyn llm::Dialect>,
    /// Voice.
    pub tts: Box<dyn tts::Dialect>,
    /// Neural judge.
    pub judge: Judge,
    /// The callee's recogniser, for callees that hear words.
    pub callee: Option<Box<dyn Recogniser>>,
}

/// A judge that goes by level and pitch: voices of 80–400 Hz pass, coughs, clicks and noise do not.
pub fn plain_judge(samples: &[i16; JUDGE_SAMPLES], _fresh: bool) -> f32 {
    const LAGS: std::ops::RangeInclusive<usize> = 20..=100;
    if sound::level_dbfs(samples) < -45.0 {
        return 0.02;
    }
    let correlation = |lag: usize| {
        let (mut both, mut first, mut second) = (0.0_f64, 1.0_f64, 1.0_f64);
        for (a, b) in samples.iter().zip(&samples[lag..]) {
            let (a, b) = (f64::from(*a), f64::from(*b));
            (both, first, second) = (both + a * b, first + a * a, second + b * b);
        }
        both / (first * second).sqrt()
    };
    if LAGS.map(correlation).fold(0.0, f64::max) > 0.6 { 0.95 } else { 0.02 }
}

/// What arrives at the agent's end.
enum Arrival {
    Wire(Wire),
    Signal(Signal),
    Closed,
}

/// One call and everything around it.
pub struct World {
    config: WorldConfig,
    minds: Minds,
    now: Mono,
    call: Call,
    circuit: Option<Circuit>,
    translator: Box<dyn Translator>,
    line: Option<Line>,
    to_agent: VecDeque<(Mono, Arrival)>,
    to_line: VecDeque<(Mono, Wire)>,
    hangup_at: Option<Mono>,
    verdicts: VecDeque<(Mono, circuit::Verdict)>,
    log: Log,
    write: Vec<u8>,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(config: WorldConfig, minds: Minds) -> Self {
        let translator: Box<dyn Translator> = match config.line.dialect {
            Dialect::Twilio => Box::new(Twilio::new()),
            Dialect::Loopback => Box::new(Loopback::new()),
        };
        Self {
            call: Call::new(config.call.clone()),
            config,
            minds,
            now: Mono::ZERO,
            circuit: None,
            translator,
            line: None,
            to_agent: VecDeque::new(),
            to_line: VecDeque::new(),
            hangup_at: None,
            verdicts: VecDeque::new(),
            log: Log::default(),
            write: Vec::new(),
        }
    }

    /// Begins the call and runs until both ends are over, or until `until`.
    pub fn run(&mut self, until: Mono) {
        self.tell(call::Input::Start);
        self.settle();
        for _ in 0..STEPS_MAX {
            let over = self.log.ended().is_some()
                && self.line.as_ref().is_none_or(|line| line.ended().is_some())
                && self.to_agent.is_empty();
            let Some(next) = self.next_deadline().filter(|at| !over && *at <= until) else { break };
            self.now = self.now.max(next);
            self.step();
        }
    }

    /// Asks something of the running call.
    pub fn request(&mut self, request: call::Request) {
        self.tell(call::Input::Request(request));
        self.settle();
    }

    /// What was recorded.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The line, once dialled.
    pub fn line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    /// The mind.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The virtual time.
    pub fn now(&self) -> Mono {
        self.now
    }

    fn next_deadline(&self) -> Option<Mono> {
        let circuit = self.circuit.as_ref().and_then(Circuit::deadline).map(|(at, _)| at);
        [
            self.line.as_ref().and_then(Line::deadline),
            circuit,
            self.call.deadline().map(|(at, _)| at),
            self.minds.stt.deadline(),
            self.minds.llm.deadline(),
            self.minds.tts.deadline(),
            self.to_agent.front().map(|(at, _)| *at),
            self.to_line.front().map(|(at, _)| *at),
            self.verdicts.front().map(|(at, _)| *at),
            self.hangup_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Everything due now, in a fixed order.
    fn step(&mut self) {
        let now = self.now;
        while let Some((_, wire)) = self.to_line.pop_front_if(|(at, _)| *at <= now) {
            if let Some(line) = &mut self.line {
                line.handle(now, LineInput::Message(wire.message()));
            }
        }
        if let Some(line) = &mut self.line {
            if self.hangup_at.take_if(|at| *at <= now).is_some() {
                line.handle(now, LineInput::Hangup);
            } else if line.deadline().is_some_and(|at| at <= now) {
                line.handle(now, LineInput::Tick);
            }
        }
        while let Some((_, arrival)) = self.to_agent.pop_front_if(|(at, _)| *at <= now) {
            self.arrive(arrival);
        }
        while let Some((_, verdict)) = self.verdicts.pop_front_if(|(at, _)| *at <= now) {
            self.sound(circuit::Input::Verdict(verdict));
        }
        if self.circuit.as_ref().and_then(Circuit::deadline).is_some_and(|(at, _)| at <= now) {
            self.sound(circuit::Input::Tick);
        }
        if self.minds.stt.deadline().is_some_and(|at| at <= now) {
            self.minds.stt.handle(now, stt::Input::Tick);
        }
        if self.minds.llm.deadline().is_some_and(|at| at <= now) {
            self.minds.llm.handle(now, llm::Input::Tick);
        }
        if self.minds.tts.deadline().is_some_and(|at| at <= now) {
            self.minds.tts.handle(now, tts::Input::Tick);
        }
        if self.call.deadline().is_some_and(|(at, _)| at <= now) {
            self.tell(call::Input::Tick);
        }
        self.settle();
    }

    fn tell(&mut self, input: call::Input) {
        self.call.handle(self.now, input);
    }

    fn sound(&mut self, input: circuit::Input<'_>) {
        if let Some(circuit) = &mut self.circuit {
            circuit.handle(self.now, input);
        }
    }

    fn later(&self, ms: u32) -> Mono {
        self.now + Duration::from_millis(u64::from(ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_judge_tells_voices_from_noises() {
        let speech = |samples: &[i16]| {
            let chunks = samples.as_chunks::<JUDGE_SAMPLES>().0;
            let passed = chunks.iter().filter(|chunk| plain_judge(chunk, false) > 0.5).count();
            passed as f32 / chunks.len() as f32
        };
        for seed in 0..20 {
            assert!(
                speech(&sound::burst(1_000, seed)) > 0.7,
                "{}",
                speech(&sound::burst(1_000, seed))
            );
            assert_eq!(speech(&sound::cough(seed)), 0.0, "{seed}");
            assert_eq!(speech(&sound::line_noise(500, seed)), 0.0);
        }
    }
}
