//! Streams that have not begun yet. Those from outside must show a token of ours before any audio is
//! read: of a call that waits for them, or of one they bring, which is then set up. Those of a
//! carrier in this process come with their call, and may bring its progress first.

use std::time::Duration;

use media::Mono;
use telephony::{
    Signal, Translator,
    stream::{Format, Incoming, Message as Carried, Started},
    token,
};

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::{
    Newcomer, Shared,
    transport::Message,
    words::{Order, Place, Report, TurnedAway},
};
use crate::clock::unix_seconds;

/// Time to show a valid start.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages before the start (a `connected`, and some leniency).
const MESSAGES_MAX: u32 = 16;
/// Messages looked at in one tick.
const MESSAGES_PER_TICK_MAX: u32 = 4;

/// A stream that waits.
pub(super) struct Lobby {
    newcomer: Newcomer,
    since: Mono,
    messages: u32,
    /// It brings a call, which is being set up.
    brings: Option<Brings>,
}

struct Brings {
    answered: oneshot::Receiver<Result<Box<Place>, TurnedAway>>,
    /// The sound it will send.
    format: Format,
}

/// What became of it.
pub(super) enum Verdict {
    /// Nothing yet.
    Waits,
    /// It showed a token of a call that waits.
    Seated(Box<Place>),
    /// It may not stay.
    Refused(TurnedAway),
    /// It closed by itself.
    Gone,
}

impl Lobby {
    pub(super) fn new(newcomer: Newcomer, now: Mono) -> Self {
        Self { newcomer, since: now, messages: 0, brings: None }
    }

    pub(super) fn into_newcomer(self) -> Newcomer {
        self.newcomer
    }

    pub(super) fn close(self, why: TurnedAway) {
        self.newcomer.transport.close(why.code, why.reason);
    }

    pub(super) fn look(&mut self, now: Mono, shared: &Shared) -> Verdict {
        if let Some(place) = &self.newcomer.known
            && place.orders.try_iter().any(|order| matches!(order, Order::Leave))
        {
            return Verdict::Refused(TurnedAway { code: 1000, reason: "call over" });
        }
        if let Some(brings) = &mut self.brings {
            let format = brings.format;
            return match brings.answered.try_recv() {
                Ok(Ok(place)) => self.seated(*place, format),
                Ok(Err(turned_away)) => Verdict::Refused(turned_away),
                Err(TryRecvError::Empty) if now.since(self.since) <= PATIENCE => Verdict::Waits,
                Err(_) => refused_for_now("the call was not set up in time"),
            };
        }
        // Nobody polls for the few that wait here.
        self.newcomer.transport.readable(false);
        for _ in 0..MESSAGES_PER_TICK_MAX {
            match self.newcomer.transport.read() {
                Ok(Some(message)) => match self.message(&message, shared) {
                    Verdict::Waits if self.brings.is_some() => return Verdict::Waits,
                    Verdict::Waits => {}
                    verdict => return verdict,
                },
                Ok(None) => break,
                Err(closed) if closed.code == "message_too_large" => {
                    return Verdict::Refused(TurnedAway {
                        code: 1009,
                        reason: "message too large",
                    });
                }
                Err(_) => return Verdict::Gone,
            }
        }
        if self.newcomer.known.is_none() && now.since(self.since) > PATIENCE {
            return refused("no start with a token in time");
        }
        Verdict::Waits
    }

    fn message(&mut self, message: &Message, shared: &Shared) -> Verdict {
        self.messages += 1;
        if self.messages > MESSAGES_MAX {
            return refused("no start among the first messages");
        }
        let carried = match message {
            Message::Text(text) => Carried::Text(text.as_str()),
            Message::Binary(bytes) => Carried::Binary(bytes),
            _ => return Verdict::Waits,
        };
        let signal = match self.newcomer.translator.read(carried) {
            Ok(Some(Incoming::Started(started))) => return self.started(&started, shared),
            Ok(Some(Incoming::Ringing)) => Signal::Ringing,
            Ok(Some(Incoming::Answered)) => Signal::Answered,
            Ok(Some(Incoming::Ended { cause, by_callee })) => Signal::Ended { cause, by_callee },
            Ok(_) => return Verdict::Waits,
            Err(fault) if fault.fatal => {
                return Verdict::Refused(TurnedAway {
                    code: 1002,
                    reason: "not this carrier's protocol",
                });
            }
            Err(_) => return Verdict::Waits,
        };
        if let Some(place) = &self.newcomer.known {
            // A call that takes nothing any more is over; its order to leave follows.
            let _ = place.reports.send(Report::Signal(signal));
        }
        Verdict::Waits
    }

    fn started(&mut self, started: &Started, shared: &Shared) -> Verdict {
        if let Some(place) = self.newcomer.known.take() {
            return self.seated(*place, started.format);
        }
        let Some(token) = started.parameters.get(token::PARAMETER) else {
            return refused("the start has no token");
        };
        let Ok(call_id) = token::verify(&shared.stream_secret, token, unix_seconds()) else {
            return refused("wrong token");
        };
        match shared.switchboard.take(call_id) {
            Some(place) => self.seated(place, started.format),
            None => match shared.switchboard.announce(call_id) {
                Some(answered) => {
                    self.brings = Some(Brings { answered, format: started.format });
                    Verdict::Waits
                }
                None => refused_for_now("too many calls at once"),
            },
        }
    }

    fn seated(&self, mut place: Place, format: Format) -> Verdict {
        set_leg(&mut place, format, self.newcomer.translator.as_ref());
        Verdict::Seated(Box::new(place))
    }
}

fn refused(reason: &'static str) -> Verdict {
    Verdict::Refused(TurnedAway::for_good(reason))
}

fn refused_for_now(reason: &'static str) -> Verdict {
    Verdict::Refused(TurnedAway::for_now(reason))
}

/// The circuit follows what the carrier said of the leg.
fn set_leg(place: &mut Place, format: Format, translator: &dyn Translator) {
    let capabilities = translator.capabilities();
    place.circuit.codec = format.codec;
    place.circuit.rate_hz = format.rate_hz;
    place.circuit.clear = capabilities.clear;
    place.circuit.mark = capabilities.mark;
}
