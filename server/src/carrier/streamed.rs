//! The leg of a call that comes as a stream: there is nobody to dial but the user, ending it is closing
//! it, and a stream that stops is a caller who has hung up.

use std::sync::Arc;

use telephony::{Cause, Control, Signal};

use super::{Carrier, Leg, Ticket};
use crate::{
    call_task::Inbox,
    media_thread::{
        Shared,
        words::{Answer, Order, Orders},
    },
};

/// The leg; its place goes to the stream that waits for it, or waits for its stream.
pub struct Streamed {
    inbox: tokio::sync::mpsc::Sender<Inbox>,
    orders: Orders,
    /// Where its place waits, and under which id.
    expected: Option<(Arc<Shared>, String)>,
    /// The user's own leg, if they may be called in.
    user: Option<Box<dyn Leg>>,
}

impl Streamed {
    /// Hands the place to the stream. One that has gone meanwhile is a caller who did not wait.
    pub fn new(ticket: Ticket, answer: Answer) -> Self {
        let leg = Self { inbox: ticket.inbox, orders: ticket.orders, expected: None, user: None };
        if answer.send(Ok(Box::new(ticket.place))).is_err() {
            leg.end(Cause::OriginatorCancel, true);
        }
        leg
    }

    /// The carrier was told to open the stream: the place waits for it. The same carrier dials the user.
    pub fn expected(ticket: Ticket, shared: &Arc<Shared>, carrier: &dyn Carrier) -> Self {
        let user = ticket.user.and_then(|place| carrier.user_leg(&ticket.call_id, place));
        shared.switchboard.expect(&ticket.call_id, ticket.place);
        let expected = Some((Arc::clone(shared), ticket.call_id));
        Self { inbox: ticket.inbox, orders: ticket.orders, expected, user }
    }

    fn end(&self, cause: Cause, by_callee: bool) {
        // A call that takes nothing any more is over.
        let _ = self.inbox.try_send(Inbox::Signal(Signal::Ended { cause, by_callee }));
    }
}

impl Leg for Streamed {
    fn control(&mut self, control: Control) {
        match (control, &mut self.user) {
            (Control::Hangup, _) => {
                // A full queue: the circuit is given up anyway, and takes its stream along.
                let _ = self.orders.give(Order::Leave);
                self.end(Cause::NormalClearing, false);
            }
            (control @ (Control::DialBridge { .. } | Control::HangupBridge), Some(user)) => {
                user.control(control);
            }
            (Control::DialBridge { .. }, None) => {
                // Nobody can be dialled over it. A call that takes nothing any more is over.
                let ended = Signal::BridgeEnded { cause: Cause::Unreachable };
                let _ = self.inbox.try_send(Inbox::Signal(ended));
            }
            _ => {}
        }
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        // A stream that never came is expected no longer.
        if let Some((shared, call_id)) = &self.expected {
            drop(shared.switchboard.take(call_id));
        }
    }
}
