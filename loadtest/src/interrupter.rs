//! A callee who interrupts, behind the carrier emulator that plays every sample: the truth of when
//! the agent fell silent.

use std::sync::Arc;
use std::time::Duration;

use media::Mono;
use sim::callee::Score;
use sim::line::{Line, LineConfig, LineInput, LineOutput, LineState, Run};
use telephony::conformance::Wire;
use telephony::stream::Message;

use crate::account::Account;
use crate::figures::{Measured, Try};
use crate::messages::{self, Said};
use crate::websocket::Writer;

/// A callee and its carrier.
#[derive(Debug)]
pub(crate) struct Interrupter {
    line: Line,
    received: u64,
    /// The call ends this long after the callee has done everything.
    linger: Option<Duration>,
    done_at: Option<Mono>,
    pub(crate) account: Account,
}

impl Interrupter {
    /// Who answers call `number`, and what they leave to chance.
    pub(crate) fn new(
        number: u64,
        token: &str,
        score: Arc<Score>,
        linger: Option<Duration>,
        seed: u64,
    ) -> Self {
        let mut config = LineConfig::new(score);
        config.stream_id = format!("MZ{number:032x}");
        config.call_id = format!("CA{number:032x}");
        config.parameters.insert("token".to_owned(), token.to_owned());
        config.attach_ms = 0;
        config.seed = seed;
        config.keep_sound = false;
        Self {
            line: Line::new(config, Mono::ZERO),
            received: 0,
            linger,
            done_at: None,
            account: Account::default(),
        }
    }

    /// The stream begins.
    pub(crate) fn begin(&mut self, now: Mono, out: &mut Writer) {
        self.account.begin(now);
        self.line.handle(Mono::ZERO, LineInput::Tick);
        self.drain(now, out);
    }

    /// The server said something.
    pub(crate) fn said(&mut self, now: Mono, text: &[u8], out: &mut Writer) {
        if let Ok(Said::Mark(name)) = messages::read(text) {
            self.account.asked(&name, now);
        }
        let Ok(text) = std::str::from_utf8(text) else {
            self.account.measured.misbehaved += 1;
            return;
        };
        let at = self.at(now);
        self.line.handle(at, LineInput::Message(Message::Text(text)));
        let received = self.line.counts().received;
        if received > self.received {
            self.received = received;
            self.account.heard(now);
        }
        self.drain(now, out);
    }

    /// Does what is due; whether the call is over.
    pub(crate) fn due(&mut self, now: Mono, out: &mut Writer) -> bool {
        let at = self.at(now);
        self.line.handle(at, LineInput::Tick);
        self.drain(now, out);
        if self.done_at.is_none() && self.line.errand().complete {
            self.done_at = Some(now);
        }
        let lingered = match (self.linger, self.done_at) {
            (Some(linger), Some(done_at)) => now.since(done_at) >= linger,
            _ => false,
        };
        lingered || self.line.state() == LineState::Ended
    }

    /// When something is due.
    pub(crate) fn wake(&self) -> Option<Mono> {
        self.line.deadline().map(|at| self.account.began() + at.since(Mono::ZERO))
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self, now: Mono, out: &mut Writer) {
        let at = self.at(now);
        self.line.handle(at, LineInput::Hangup);
        self.drain(now, out);
    }

    /// Adds up.
    pub(crate) fn finish(mut self, now: Mono) -> Measured {
        let measured = &mut self.account.measured;
        measured.clears = self.line.clears().len() as u64;
        measured.misbehaved += self.line.complaints().len() as u64;
        measured.sound_ms = self.line.counts().received / 8;
        measured.tries = tries(&self.line);
        self.account.finish(now)
    }

    /// The line's own time.
    fn at(&self, now: Mono) -> Mono {
        Mono::ZERO + now.since(self.account.began())
    }

    fn drain(&mut self, now: Mono, out: &mut Writer) {
        while let Some(output) = self.line.poll() {
            match output {
                LineOutput::Message(Wire::Text(text)) => {
                    // Only marks go back under their own name.
                    if text.starts_with(r#"{"event":"mark""#)
                        && let Ok(Said::Mark(name)) = messages::read(text.as_bytes())
                    {
                        self.account.returned(&name, now);
                    }
                    out.text(text.as_bytes());
                }
                LineOutput::Message(Wire::Binary(bytes)) => out.binary(&bytes),
                LineOutput::Closed | LineOutput::Progress(_) | LineOutput::Recognise { .. } => {}
            }
        }
    }
}

/// Every interruption of the callee, and what became of the server's sound.
fn tries(line: &Line) -> Vec<Try> {
    let stops = line.barge_ins();
    let us = |from: u64, to: u64| to.saturating_sub(from) * 125;
    let interruptions = &line.errand().interruptions;
    let spoken_over = interruptions.iter().filter(|stretch| {
        let plays = |run: &Run| (run.from_sample..run.to_sample).contains(&stretch.from_sample);
        line.runs().iter().any(plays)
    });
    spoken_over
        .map(|stretch| {
            let from = stretch.from_sample;
            let stop = stops.iter().find(|stop| stop.from_sample == from);
            let clear = line.clears().iter().find(|clear| clear.at_sample >= from);
            Try {
                stop_us: stop.map(|stop| us(from, stop.stopped_sample)),
                clear_us: clear.map(|clear| us(from, clear.at_sample)),
                unplayed_ms: clear.map_or(0, |clear| clear.dropped_samples / 8),
            }
        })
        .collect()
}
