//! What the carrier sends: sound and keys to the circuit, the rest reported to the call.

use media::{Mono, circuit};
use metrics::counter;
use telephony::{
    Cause, Signal,
    stream::{Incoming, Message as Carried, Misbehaved},
};

use super::{
    super::{
        transport::{Closed, Message},
        words::Report,
    },
    Line, Seat,
};

/// Messages read from one stream in one tick; the rest wait for the next.
const MESSAGES_PER_TICK_MAX: usize = 64;
/// Faults of one stream that are told one by one; later ones are only counted.
const FAULTS_MAX: u32 = 16;

impl Seat {
    pub(super) fn read_stream(&mut self, now: Mono) {
        for _ in 0..MESSAGES_PER_TICK_MAX {
            let Line::Stream(transport, _) = &mut self.line else {
                self.wake.readable = false;
                return;
            };
            match transport.read() {
                Ok(Some(message)) => self.message(now, &message),
                Ok(None) => {
                    self.wake.readable = transport.is_pipe();
                    return;
                }
                Err(closed) => return self.lose_stream(closed),
            }
        }
    }

    fn message(&mut self, now: Mono, message: &Message) {
        let carried = match message {
            Message::Text(text) => Carried::Text(text.as_str()),
            Message::Binary(bytes) => Carried::Binary(bytes),
            _ => return,
        };
        let Line::Stream(_, translator) = &mut self.line else { return };
        let input = match translator.read(carried) {
            Ok(None) => return,
            Ok(Some(incoming)) => match incoming {
                Incoming::Audio { payload } => {
                    self.frames.received.increment(1);
                    let input = circuit::Input::Audio(payload);
                    self.place.spool.input(now, &input);
                    self.circuit.handle(now, input);
                    return self.drain(now);
                }
                Incoming::Digit(digit) => circuit::Input::Digit(digit),
                Incoming::Mark(mark) => circuit::Input::Mark(mark),
                Incoming::Started(_) => return,
                Incoming::Stopped => {
                    self.stop();
                    if self.place.is_whole_call {
                        let (cause, by_callee) = (Cause::NormalClearing, true);
                        self.report(Report::Signal(Signal::Ended { cause, by_callee }));
                    }
                    return;
                }
                Incoming::Ringing => return self.report(Report::Signal(Signal::Ringing)),
                Incoming::Answered => return self.report(Report::Signal(Signal::Answered)),
                Incoming::Ended { cause, by_callee } => {
                    return self.report(Report::Signal(Signal::Ended { cause, by_callee }));
                }
            },
            Err(misbehaved) => return self.misbehaved(misbehaved),
        };
        self.sound(now, input);
    }

    fn stop(&mut self) {
        if !self.stopped {
            self.stopped = true;
            self.report(Report::Signal(Signal::MediaStopped));
        }
    }

    fn misbehaved(&mut self, fault: Misbehaved) {
        counter!("trunkline_carrier_faults_total", "code" => fault.code).increment(1);
        self.faults = self.faults.saturating_add(1);
        if self.faults <= FAULTS_MAX {
            let detail = fault.detail;
            let signal = Signal::Misbehaved { code: fault.code.to_owned(), detail };
            self.report(Report::Signal(signal));
        } else if self.faults == FAULTS_MAX + 1 {
            let detail = "the carrier keeps breaking its protocol; further faults are only counted";
            self.report(Report::Notice { code: "carrier_faults", detail: detail.to_owned() });
        }
        if fault.fatal {
            self.cut(1002, fault.code);
            self.stop();
        }
    }

    /// The stream is of no more use; the call decides what that means.
    pub(super) fn lose_stream(&mut self, closed: Closed) {
        match closed.code {
            "message_too_large" => self.cut(1009, closed.code),
            "not_utf8" => self.cut(1007, closed.code),
            "peer_too_slow" => self.cut(1008, closed.code),
            _ => self.line = Line::Cut,
        }
        if !self.stopped {
            self.report(Report::Notice { code: closed.code, detail: closed.detail });
        }
        self.stop();
    }
}
