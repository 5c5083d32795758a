//! The leg of a call that came as a stream: there is nothing to dial, and ending it is closing it.

use telephony::{Cause, Control, Signal};

use super::{Leg, Ticket};
use crate::{call_task::Inbox, media_thread::words::Order};

/// The leg; its place waits on the switchboard.
pub struct Streamed {
    inbox: tokio::sync::mpsc::Sender<Inbox>,
    orders: crossbeam_channel::Sender<Order>,
}

impl Streamed {
    /// Puts the place on the switchboard, where its stream takes it.
    pub fn new(ticket: Ticket, switchboard: &crate::media_thread::words::Switchboard) -> Self {
        switchboard.expect(&ticket.call_id, ticket.place);
        Self { inbox: ticket.inbox, orders: ticket.orders }
    }
}

impl Leg for Streamed {
    fn control(&mut self, control: Control) {
        if control != Control::Hangup {
            return;
        }
        // A full queue: the circuit is given up anyway, and takes its stream along.
        let _ = self.orders.try_send(Order::Leave);
        let ended = Signal::Ended { cause: Cause::NormalClearing, by_callee: false };
        // A call that takes nothing any more is over.
        let _ = self.inbox.try_send(Inbox::Signal(ended));
    }
}
