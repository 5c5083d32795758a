//! Calls to simulated callees: over in-process pipes, or over the real `/media/twilio` with a minted
//! token, as Twilio would call it.

use std::{net::SocketAddr, sync::Arc, thread};

use crossbeam_channel::{Sender, bounded};
use media::circuit::Keys;
use sim::{
    callee::Answer,
    directory,
    line::{Dialect, Line, LineConfig},
};
use telephony::{Cause, Control, E164, Signal, loopback::Loopback, token};

use super::{
    Carrier, Leg, Ticket,
    callees::Callees,
    far_end::{Asked, Connection, FarEnd},
};
use crate::{
    clock::unix_seconds,
    media_thread::{
        MediaThreads, Newcomer, Shared,
        transport::{Transport, pipe},
        words::{Order, Orders, Place, Reports},
    },
};

/// Requests that a line has not come to yet.
const ASKED_MAX: usize = 8;
/// How long a stream token is good, in s: longer than any telephone rings.
const TOKEN_SECONDS: u64 = 300;

/// How simulated lines reach us.
#[derive(Clone)]
pub enum Path {
    /// Inside the process.
    Pipes,
    /// Through our own listening socket, on Twilio's wire.
    WebSocket(SocketAddr),
}

/// The carrier whose callees are simulated.
pub struct Simulated {
    callees: Arc<Callees>,
    shared: Arc<Shared>,
    media: Arc<MediaThreads>,
    path: Path,
}

impl Simulated {
    /// A carrier to these callees.
    pub fn new(
        callees: Arc<Callees>,
        shared: Arc<Shared>,
        media: Arc<MediaThreads>,
        path: Path,
    ) -> Self {
        Self { callees, shared, media, path }
    }
}

impl Carrier for Simulated {
    fn leg(&self, ticket: Ticket) -> Box<dyn Leg> {
        let user = ticket.user.map(|place| self.user(&ticket.call_id, place));
        let callee = self.ends(ticket.call_id, ticket.orders, ticket.place);
        Box::new(SimulatedLeg { callee, user })
    }

    fn user_leg(&self, call_id: &str, place: Place) -> Option<Box<dyn Leg>> {
        Some(Box::new(UserLeg(self.user(call_id, place))))
    }

    fn about(&self) -> String {
        let mut text = "simulated callees (no telephone network is used):\n".to_owned();
        for (number, name) in directory::ENTRIES {
            text.push_str(&format!("  {number}  {name}\n"));
        }
        text
    }
}

impl Simulated {
    fn ends(&self, call_id: String, orders: Orders, place: Place) -> Ends {
        Ends {
            callees: Arc::clone(&self.callees),
            shared: Arc::clone(&self.shared),
            media: Arc::clone(&self.media),
            path: self.path.clone(),
            call_id,
            reports: place.reports.clone(),
            place: Some(place),
            orders,
            line: None,
        }
    }

    fn user(&self, call_id: &str, place: Place) -> Ends {
        self.ends(format!("{call_id}-user"), place.orders_tx.clone(), place)
    }
}

/// The user's line alone, of a call that came as a stream.
struct UserLeg(Ends);

impl Leg for UserLeg {
    fn control(&mut self, control: Control) {
        match control {
            Control::DialBridge { to } => self.0.dial(&to, None),
            Control::HangupBridge => self.0.hang_up(),
            _ => {}
        }
    }
}

/// A call's lines: the callee's, and the user's when they may be called in.
struct SimulatedLeg {
    callee: Ends,
    user: Option<Ends>,
}

/// Both ends of one line.
struct Ends {
    callees: Arc<Callees>,
    shared: Arc<Shared>,
    media: Arc<MediaThreads>,
    path: Path,
    call_id: String,
    place: Option<Place>,
    reports: Reports,
    orders: Orders,
    line: Option<Sender<Asked>>,
}

impl Leg for SimulatedLeg {
    fn control(&mut self, control: Control) {
        match (control, &mut self.user) {
            (Control::Dial { to, ring_seconds_max, .. }, _) => {
                self.callee.dial(&to, Some(ring_seconds_max));
            }
            (Control::Hangup, _) => self.callee.hang_up(),
            (Control::SendDigits { digits }, _) => self.callee.press(digits),
            (Control::DialBridge { to }, Some(user)) => user.dial(&to, None),
            (Control::HangupBridge, Some(user)) => user.hang_up(),
            // Legs are joined by us, and it is always ours that dials.
            (
                Control::Answer
                | Control::Bridge
                | Control::DialBridge { .. }
                | Control::HangupBridge,
                _,
            ) => {}
        }
    }
}

impl Ends {
    fn dial(&mut self, to: &E164, ring_seconds_max: Option<u32>) {
        let mut script = self.callees.find(to);
        if let (Answer::Never { ring_ms_max }, Some(max)) = (&mut script.answer, ring_seconds_max) {
            *ring_ms_max = max.saturating_mul(1000).min(*ring_ms_max);
            // Scores are kept by name.
            script.name = format!("{}, {ring_ms_max} ms", script.name);
        }
        let Some(place) = self.place.take() else { return };
        let (mut dialect, mut parameter) = (Dialect::Twilio, None);
        let connection = match &self.path {
            Path::Pipes => {
                let (near, far) = pipe();
                dialect = Dialect::Loopback;
                let newcomer = Newcomer {
                    transport: Transport::Pipe(near),
                    translator: Box::new(Loopback::new()),
                    known: Some(Box::new(place)),
                };
                if self.media.admit(newcomer).is_err() {
                    return self.end(Cause::NetworkOutOfOrder);
                }
                Connection::Pipe(far)
            }
            Path::WebSocket(address) => {
                self.shared.switchboard.expect(&self.call_id, place);
                let good_until = unix_seconds() + TOKEN_SECONDS;
                parameter =
                    Some(token::mint(&self.shared.stream_secret, &self.call_id, good_until));
                Connection::Socket { address: *address, socket: None }
            }
        };
        let (ask, asked) = bounded(ASKED_MAX);
        self.line = Some(ask);
        let (callees, reports) = (Arc::clone(&self.callees), self.reports.clone());
        let (clock, call_id) = (self.shared.clock, self.call_id.clone());
        let started = thread::Builder::new().name("line".to_owned()).spawn(move || {
            let score = match callees.score(&script) {
                Ok(score) => score,
                Err(error) => {
                    tracing::error!(%error, "a simulated callee cannot speak");
                    let ended = Signal::Ended { cause: Cause::SystemError, by_callee: false };
                    // A call that is over does not listen.
                    let ended = reports.signal(ended);
                    let _ = ended.map(|ended| reports.inbox().blocking_send(ended));
                    return;
                }
            };
            let mut line = LineConfig::new(score);
            line.dialect = dialect;
            line.hears_words = callees.ear.is_some();
            line.parameters.extend(parameter.map(|t| (token::PARAMETER.to_owned(), t)));
            line.keep_sound = false;
            let line = Line::new(line, clock.now());
            FarEnd { call_id, clock, line, connection, reports, asked, callees }.run();
        });
        if started.is_err() {
            self.end(Cause::NetworkOutOfOrder);
        }
    }

    fn hang_up(&mut self) {
        // A full queue: the circuit is given up anyway, and takes its stream along.
        let _ = self.orders.give(Order::Leave);
        match self.line.take() {
            // Its end is hung up too.
            Some(line) => drop(line),
            None if self.place.take().is_some() => self.end(Cause::OriginatorCancel),
            None => {}
        }
    }

    /// Keys beside the sound, as a carrier presses them on request.
    fn press(&self, digits: Keys) {
        if let Some(line) = &self.line {
            // More than fit are not pressed; the mind hears that nothing came of it.
            let _ = line.try_send(Asked::Press(digits));
        }
    }

    fn end(&self, cause: Cause) {
        // A call that takes nothing any more is over.
        let ended = self.reports.signal(Signal::Ended { cause, by_callee: false });
        let _ = ended.map(|ended| self.reports.inbox().try_send(ended));
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        // A stream that never came is expected no longer.
        drop(self.shared.switchboard.take(&self.call_id));
    }
}
