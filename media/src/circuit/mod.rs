//! The sound of one call: `handle / poll / deadline`.
//!
//! ```text
//!  Audio, Rtp ─▶ (session) leg_in ─▶ listen (keys, echo gate, vad) ─▶ Heard, Judge, Event
//!                                   │ speech
//!  Speech, Command ─▶ say (barge-in, playout) ─▶ leg_out (session) ─▶ Frame, Mark, Clear
//! ```
//!
//! This file only hands things to the stages. Everything depends on the sequence of `(now, input)`
//! alone, polled dry after each: the tape replays it.

mod config;
mod deaf;
mod digits;
mod keys;
mod leg_in;
mod leg_out;
mod listen;
mod outbox;
mod say;
mod senses;
mod session;
mod words;

pub use config::{CircuitConfig, ConfigError, Transport};
pub use keys::{BadKeys, Keys, TooManyKeys};
pub(crate) use keys::{KeyRow, Sounding};
pub(crate) use outbox::{Out, Outbox};
pub use words::*;

use deaf::Deaf;
use leg_in::LegIn;
use leg_out::LegOut;
use listen::Listen;
use say::Say;
use session::Session;

use std::time::Duration;

use crate::Mono;

/// Speech of the utterance being sent that waits inside while more waits outside, in samples: 200 ms.
const SPEECH_AHEAD: usize = 1600;

/// Why a circuit wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A frame is due at the carrier.
    Frame,
    /// A packet is due from the jitter buffer.
    Jitter,
    /// A report is due (RTCP).
    Report,
    /// A suspicion of speech must be decided.
    BargeIn,
    /// What was sent has been played by now.
    Played,
    /// No audio came for long.
    Deaf,
}

/// Levels for meters, in dBFS (silence: −96).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// The callee.
    pub heard_dbfs: f32,
    /// What we say.
    pub said_dbfs: f32,
}

/// The sound of one call, one machine. It stays on the thread it was born on.
pub struct Circuit {
    config: CircuitConfig,
    now: Mono,
    /// The RTP side of the leg, when it is one.
    session: Option<Session>,
    leg_in: LegIn,
    leg_out: LegOut,
    listen: Listen,
    say: Say,
    deaf: Deaf,
    out: Outbox,
    /// What depends on time alone was done for `now`.
    settled: bool,
}

impl Circuit {
    /// A circuit that begins at `now`.
    ///
    /// # Errors
    /// When the configuration is impossible.
    pub fn new(config: &CircuitConfig, now: Mono) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config: *config,
            now,
            session: Session::new(config, now)?,
            leg_in: LegIn::new(config, now)?,
            leg_out: LegOut::new(config)?,
            listen: Listen::new(config),
            say: Say::new(config),
            deaf: Deaf::new(now),
            out: Outbox::new(),
            settled: true,
        })
    }

    /// The configuration it was born with.
    pub fn config(&self) -> &CircuitConfig {
        &self.config
    }

    /// Something happened. Poll until `None` before the next. Time does not run backwards: an
    /// earlier `now` counts as the latest one.
    pub fn handle(&mut self, now: Mono, input: Input<'_>) {
        let now = now.max(self.now);
        self.now = now;
        // A packet only goes to the jitter buffer: what depends on time has its deadlines.
        self.settled &= matches!(input, Input::Rtp(_));
        let Self { say, listen, out, .. } = self;
        match input {
            Input::Audio(payload) => {
                self.deaf.packet(now);
                self.leg_in.audio(now, payload, out);
            }
            Input::Rtp(datagram) => {
                self.deaf.packet(now);
                let Some(session) = &mut self.session else {
                    return out.ignored(Ignored::BadPacket);
                };
                if let Some(digit) = session.packet(now, datagram, &mut self.leg_in, out) {
                    listen.digits.told(now, digit, DigitSource::Event, out);
                }
            }
            Input::Rtcp(datagram) => match &mut self.session {
                Some(session) => session.reported(now, datagram, out),
                None => out.ignored(Ignored::BadPacket),
            },
            Input::Mark(id) => say.playout.mark_returned(now, id, out),
            Input::Digit(digit) => listen.digits.told(now, digit, DigitSource::Carrier, out),
            Input::Speech { utterance, samples } => say.playout.speech(utterance, samples, out),
            Input::Relay(samples) => say.playout.relay(now, samples, out),
            Input::SpeechEnd(utterance) => say.playout.speech_end(now, utterance, out),
            Input::Verdict(verdict) => listen.verdict(verdict, out),
            Input::Command(command) => {
                if let Command::Bridge = command {
                    listen.bridge();
                    if let Some(session) = &mut self.session {
                        session.bridge();
                    }
                }
                say.command(now, command, &mut listen.echo, out);
            }
            Input::Tick => {}
        }
    }

    /// What to do next.
    pub fn poll(&mut self) -> Option<Output<'_>> {
        while self.out.is_empty() {
            if !self.step() {
                return None;
            }
        }
        Some(match self.out.pop()? {
            Out::Frame => Output::Frame(match &self.session {
                Some(session) => session.last_packet(),
                None => self.leg_out.payload(),
            }),
            Out::Rtcp => Output::Rtcp(self.session.as_ref()?.last_report()),
            Out::Mark(id) => Output::Mark(id),
            Out::Clear => Output::Clear,
            Out::Heard => Output::Heard(self.listen.frame()),
            Out::Judge { chunk, reset } => {
                Output::Judge { chunk, reset, samples: self.listen.chunk()? }
            }
            Out::Event(event) => Output::Event(event),
            Out::Ignored(why) => Output::Ignored(why),
        })
    }

    /// One piece of work; `false` when there is none.
    fn step(&mut self) -> bool {
        let now = self.now;
        let Self { say, listen, out, .. } = self;
        if !say.playout.is_bridged() && listen.ask(now, out) {
            return true;
        }
        if let Some((hop, at)) = self.leg_in.hop() {
            listen.hop(now, at, &hop, out);
            say.weigh(now, listen.speech(), &mut listen.echo, out);
            return true;
        }
        if let Some(session) = &mut self.session
            && (session.pull(now, &mut self.leg_in, out) || session.report(now, out))
        {
            return true;
        }
        if !self.settled {
            self.settled = true;
            say.weigh(now, listen.speech(), &mut listen.echo, out);
            say.playout.expire(now, out);
            self.deaf.tick(now, out);
            return true;
        }
        match say.frame(now, &mut listen.echo, out) {
            None => false,
            Some((frame, plays_at)) => {
                let length = Duration::from_micros(frame.len() as u64 * 125);
                self.leg_out.encode(frame);
                if let Some(session) = &mut self.session {
                    session.send(plays_at, length, self.leg_out.payload(), say.playout.sounding());
                }
                true
            }
        }
    }

    /// When to call again with [`Input::Tick`], and why.
    pub fn deadline(&self) -> Option<(Mono, Timer)> {
        let (frame, played) = self.say.playout.deadlines();
        let (pull, report) = self.session.as_ref().map_or((None, None), |session| {
            let (pull, report) = session.deadlines();
            (pull, Some(report))
        });
        // In the order of `Timer`, and a loop: as a chain of adapters it takes seven times the instructions, and
        // this is asked several times a frame.
        let mut soonest = (self.deaf.deadline(), Timer::Deaf);
        for (at, timer) in [
            (played, Timer::Played),
            (self.say.deadline(), Timer::BargeIn),
            (report, Timer::Report),
            (pull, Timer::Jitter),
            (frame, Timer::Frame),
        ] {
            if let Some(at) = at
                && at <= soonest.0
            {
                soonest = (at, timer);
            }
        }
        Some(soonest)
    }

    /// Whether it is time for more [`Input::Speech`]: less than 200 ms of the utterance being sent
    /// waits. Who hands it over earlier loses nothing but memory.
    pub fn wants_speech(&self) -> bool {
        self.say.playout.waiting() < SPEECH_AHEAD
    }

    /// Whether this leg is joined with another, whose circuit must be told what this one hears.
    pub fn is_bridged(&self) -> bool {
        self.say.playout.is_bridged()
    }

    /// The sound of the last [`Output::Frame`] before it was encoded: 8 kHz mono, for the recording.
    pub fn said(&self) -> &[i16] {
        self.say.last_frame()
    }

    /// Levels of the last frames.
    pub fn levels(&self) -> Levels {
        Levels { heard_dbfs: self.listen.level_dbfs(), said_dbfs: self.say.level_dbfs(self.now) }
    }
}
