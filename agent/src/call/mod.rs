//! The mind of one call: `handle / poll / deadline`.
//!
//! ```text
//!   queued ─▶ dialing ─▶ connecting ─▶ conversing ─▶ closing ─▶ ended
//!      └───── (inbound) ─────▲             └─▶ bridged ─▶ closing
//! ```
//!
//! A call only moves forward. A stream that is lost and may come back, and a farewell that the callee
//! may still answer with a question, are part of the conversation: nothing is closed by them.
//!
//! One file per state; this one only hands over. What the states share stands in `parts`, with one
//! file per organ: `hearing`, `thinking`, `speaking` (over `mouth`), `acting`, `quiet`, `watching`,
//! `walking` (through menus), `user`.

mod acting;
mod bridged;
mod closing;
mod config;
mod connecting;
mod conversing;
mod dialing;
mod ended;
mod hearing;
mod mouth;
mod parts;
mod quiet;
mod speaking;
mod thinking;
mod user;
mod walking;
mod watching;
mod words;

use media::{Mono, circuit};
use telephony::{Cause, Control, Signal};

pub use config::{CallConfig, Policy, Timer};
pub use words::*;

use bridged::Bridged;
use closing::Closing;
use connecting::Connecting;
use conversing::Conversing;
use dialing::Dialing;
use parts::Parts;

/// One call's mind.
#[derive(Debug)]
pub struct Call {
    state: State,
    parts: Parts,
}

#[derive(Debug)]
enum State {
    Queued,
    Dialing(Dialing),
    Connecting(Connecting),
    Conversing(Conversing),
    Closing(Closing),
    Bridged(Bridged),
    Ended,
}

/// What a state makes of an input.
#[derive(Debug)]
enum Next {
    Stay,
    Go(State),
    /// It makes no sense now.
    Ignore,
    End(Cause, EndedBy),
}

impl Call {
    /// A call that has not begun: hand it [`Input::Start`].
    pub fn new(config: CallConfig) -> Self {
        Self { state: State::Queued, parts: Parts::new(config) }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Mono, input: Input) {
        let before = self.state_name();
        let next = match self.anywhere(now, &input) {
            Some(next) => next,
            None => self.in_state(now, &input),
        };
        match next {
            Next::Stay => {}
            Next::Go(state) => self.state = state,
            Next::End(cause, by) => {
                self.state = State::Ended;
                ended::enter(&mut self.parts, now, cause, by);
                return;
            }
            Next::Ignore => {
                let state = self.state_name().to_owned();
                self.parts.put(Output::Ignored { state, input: Box::new(input) });
            }
        }
        // A state may also come to mean more by itself: a farewell becomes final.
        let state = self.state_name();
        if state != before {
            self.parts.record(Record::State { state: state.to_owned() });
        }
    }

    /// Drain until `None`.
    pub fn poll(&mut self) -> Option<Output> {
        self.parts.poll()
    }

    /// When to send [`Input::Tick`], and why.
    pub fn deadline(&self) -> Option<(Mono, Timer)> {
        let parts = &self.parts;
        let of_state = match &self.state {
            State::Queued | State::Ended => return None,
            State::Dialing(dialing) => Some((dialing.until, Timer::Ring)),
            State::Connecting(connecting) => Some((connecting.until, Timer::Media)),
            State::Conversing(conversing) => first(conversing.deadlines(parts)),
            State::Closing(closing) => first(closing.deadlines(parts)),
            State::Bridged(bridged) => first(bridged.deadlines(parts)),
        };
        let hung_up = matches!(&self.state, State::Closing(closing) if closing.verdict().is_some());
        let whole = parts.duration_end().filter(|_| !hung_up).map(|at| (at, Timer::Duration));
        first([of_state, whole])
    }

    /// The state's name, as in [`Record::State`] and [`Output::Ignored`].
    pub fn state_name(&self) -> &'static str {
        match &self.state {
            State::Queued => "queued",
            State::Dialing(_) => "dialing",
            State::Connecting(connecting) if !connecting.is_reattach() => "connecting",
            State::Closing(closing) if closing.is_final() => "closing",
            State::Bridged(bridged) if bridged.is_joined() => "bridged",
            State::Connecting(_) | State::Conversing(_) | State::Closing(_) | State::Bridged(_) => {
                "conversing"
            }
            State::Ended => "ended",
        }
    }

    /// The transcript so far.
    pub fn transcript(&self) -> &[Line] {
        self.parts.transcript.lines()
    }

    fn in_state(&mut self, now: Mono, input: &Input) -> Next {
        let parts = &mut self.parts;
        match &mut self.state {
            State::Queued => queued(parts, now, input),
            State::Dialing(dialing) => dialing.handle(parts, now, input),
            State::Connecting(connecting) => connecting.handle(parts, now, input),
            State::Conversing(conversing) => conversing.handle(parts, now, input),
            State::Closing(closing) => closing.handle(parts, now, input),
            State::Bridged(bridged) => bridged.handle(parts, now, input),
            State::Ended => Next::Ignore,
        }
    }

    /// What means the same in every state of a call that lives; `None` leaves it to the state.
    fn anywhere(&mut self, now: Mono, input: &Input) -> Option<Next> {
        if matches!(self.state, State::Queued | State::Ended) {
            return None;
        }
        let verdict = match &self.state {
            State::Closing(closing) => closing.verdict(),
            _ => None,
        };
        let answered = self.parts.answered_at.is_some();
        match input {
            Input::Signal(Signal::Ended { cause, by_callee }) => {
                let by = if *by_callee { EndedBy::Callee } else { EndedBy::Network };
                let (cause, by) = verdict.unwrap_or((*cause, by));
                Some(Next::End(cause, by))
            }
            Input::Request(Request::Hangup) if verdict.is_none() => {
                let cause = if answered { Cause::NormalClearing } else { Cause::OriginatorCancel };
                Some(self.hang_up(now, cause, EndedBy::Request))
            }
            Input::Request(Request::Abort { detail }) if verdict.is_none() => {
                self.parts.notice("aborted", detail.clone());
                Some(self.hang_up(now, Cause::SystemError, EndedBy::Request))
            }
            Input::Tick if verdict.is_none() && self.is_over_time(now) => {
                self.parts.notice("duration_max", "the call had its time");
                Some(self.hang_up(now, Cause::NormalClearing, EndedBy::Network))
            }
            Input::Signal(Signal::Digit(digit))
            | Input::Sound(circuit::Event::Digit { digit, .. }) => {
                self.parts.key(*digit);
                Some(Next::Stay)
            }
            Input::Signal(Signal::Misbehaved { code, detail }) => {
                self.parts.notice(code, detail.clone());
                Some(Next::Stay)
            }
            Input::Sound(event @ (circuit::Event::Tone(_) | circuit::Event::Sounds(_))) => {
                if !self.is_joined() {
                    self.parts.sensed(now, event);
                }
                // A conversation draws its conclusions.
                (!matches!(self.state, State::Conversing(_))).then_some(Next::Stay)
            }
            Input::Sound(circuit::Event::Deaf { for_ms }) => {
                self.parts.notice("no_audio", format!("no audio from the carrier for {for_ms} ms"));
                // Two people who do not hear each other wait for nothing.
                (!self.is_joined()).then_some(Next::Stay)
            }
            _ => None,
        }
    }

    fn is_joined(&self) -> bool {
        matches!(&self.state, State::Bridged(bridged) if bridged.is_joined())
    }

    fn is_over_time(&self, now: Mono) -> bool {
        self.parts.duration_end().is_some_and(|end| end <= now)
    }

    fn hang_up(&mut self, now: Mono, cause: Cause, by: EndedBy) -> Next {
        Next::Go(State::Closing(Closing::hang_up(&mut self.parts, now, cause, by)))
    }
}

/// Before the beginning.
fn queued(parts: &mut Parts, now: Mono, input: &Input) -> Next {
    match input {
        Input::Start if parts.is_inbound() => {
            parts.put(Output::Control(Control::Answer));
            Next::Go(State::Connecting(Connecting::enter(parts, now)))
        }
        Input::Start => match Dialing::enter(parts, now) {
            Some(dialing) => Next::Go(State::Dialing(dialing)),
            None => Next::End(Cause::UnallocatedNumber, EndedBy::Us),
        },
        Input::Request(Request::Hangup) => Next::End(Cause::OriginatorCancel, EndedBy::Request),
        Input::Request(Request::Abort { detail }) => {
            parts.notice("aborted", detail.clone());
            Next::End(Cause::SystemError, EndedBy::Request)
        }
        Input::Tick => Next::Stay,
        _ => Next::Ignore,
    }
}

/// The earliest; of equals the one named first.
fn first<const N: usize>(deadlines: [Option<(Mono, Timer)>; N]) -> Option<(Mono, Timer)> {
    deadlines.into_iter().flatten().min_by_key(|(at, _)| *at)
}
