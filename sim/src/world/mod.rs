//! A whole call in virtual time: one seed, one clock, no thread, no socket.
//!
//! ```text
//!   Call ─Control▶ Line ◀─wire─▶ translator ◀▶ Circuit ─Heard▶ stt ─▶ Call
//!     └─Think▶ llm ─▶ Call      Circuit ◀─Speech─ tts ◀─Speak─ Call      Circuit ◀Verdict─ judge
//! ```
//!
//! A call may have a second leg of the same kind, the user's ([`World::with_user`]).
//!
//! The routing is the table in `ARCHITECTURE.md`, the same as the shell's. Dialects that need a
//! network are not for here: what they ask of it is dropped.

mod end;
mod log;
mod route;

use std::{collections::BTreeSet, time::Duration};

use agent::{
    call::{self, Call, CallConfig},
    llm, stt, tts,
};
use media::{
    Mono,
    circuit::{self, CircuitConfig, JUDGE_SAMPLES, UtteranceId},
};

pub use log::Log;

use crate::{
    callee::Recogniser,
    line::{Line, LineConfig},
    sound,
};
use end::{End, Who};

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

/// One call and everything around it.
pub struct World {
    config: WorldConfig,
    minds: Minds,
    now: Mono,
    call: Call,
    callee: End,
    user: Option<End>,
    /// What is for the user's ear.
    whispers: BTreeSet<UtteranceId>,
    log: Log,
}

impl World {
    /// A world in which nothing has happened.
    pub fn new(config: WorldConfig, minds: Minds) -> Self {
        Self {
            call: Call::new(config.call.clone()),
            callee: End::new(config.line.clone()),
            user: None,
            whispers: BTreeSet::new(),
            config,
            minds,
            now: Mono::ZERO,
            log: Log::default(),
        }
    }

    /// The user's telephone is this line; without one it cannot be reached.
    #[must_use]
    pub fn with_user(mut self, line: LineConfig) -> Self {
        self.user = Some(End::new(line));
        self
    }

    /// Begins the call and runs until both ends are over, or until `until`.
    pub fn run(&mut self, until: Mono) {
        self.tell(call::Input::Start);
        self.settle();
        for _ in 0..STEPS_MAX {
            let over = self.log.ended().is_some()
                && self.callee.is_over()
                && self.user.as_ref().is_none_or(End::is_over);
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
        self.callee.line.as_ref()
    }

    /// The user's line, once dialled.
    pub fn user_line(&self) -> Option<&Line> {
        self.user.as_ref()?.line.as_ref()
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
        [
            self.callee.next_deadline(),
            self.user.as_ref().and_then(End::next_deadline),
            self.call.deadline().map(|(at, _)| at),
            self.minds.stt.deadline(),
            self.minds.llm.deadline(),
            self.minds.tts.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Everything due now, in a fixed order.
    fn step(&mut self) {
        let now = self.now;
        for who in Who::BOTH {
            let Some(end) = self.end(who) else { continue };
            end.step_line(now);
            while let Some((_, arrival)) =
                self.end(who).and_then(|end| end.to_agent.pop_front_if(|(at, _)| *at <= now))
            {
                self.arrive(who, arrival);
            }
            if let Some(end) = self.end(who) {
                end.step_circuit(now);
            }
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

    fn end(&mut self, who: Who) -> Option<&mut End> {
        match who {
            Who::Callee => Some(&mut self.callee),
            Who::User => self.user.as_mut(),
        }
    }

    fn sound(&mut self, who: Who, input: circuit::Input<'_>) {
        let now = self.now;
        if let Some(circuit) = self.end(who).and_then(|end| end.circuit.as_mut()) {
            circuit.handle(now, input);
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
