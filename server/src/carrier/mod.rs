//! Carriers as the shell sees them: something that makes legs and takes their controls.
//!
//! Rooms: `simulated` (calls to callees of `sim`, over pipes or over the real WebSocket), `callees`
//! (who can be called, their voice and ear, their own account of each call), `far_end` (the thread
//! of one simulated line), `streamed` (calls that came as a stream).

mod callees;
mod far_end;
mod simulated;
mod streamed;

use telephony::Control;
use tokio::sync::mpsc;

use crate::{
    call_task::Inbox,
    media_thread::words::{Orders, Place},
};

pub use callees::{Callees, Listen, Speak, Truth, Truths};
pub use simulated::{Path, Simulated};
pub use streamed::Streamed;

/// What a carrier needs to know of a new call.
pub struct Ticket {
    /// Our id.
    pub call_id: String,
    /// Where the circuit will be born.
    pub place: Place,
    /// Where signals go.
    pub inbox: mpsc::Sender<Inbox>,
    /// The circuit's orders, to make it leave.
    pub orders: Orders,
    /// Where the circuit of the user's own leg will be born, if they may be called in.
    pub user: Option<Place>,
}

/// A carrier.
pub trait Carrier: Send + Sync {
    /// A leg for a call; nothing is dialled yet.
    fn leg(&self, ticket: Ticket) -> Box<dyn Leg>;

    /// The user's own leg of a call that came as a stream: it takes `DialBridge` and `HangupBridge`
    /// alone. None where nobody can be dialled.
    fn user_leg(&self, _call_id: &str, _place: Place) -> Option<Box<dyn Leg>> {
        None
    }

    /// Why no call can be handed to the telephone network now, when that is known beforehand.
    fn fault(&self) -> Option<String> {
        None
    }

    /// What people can dial, for the start-up message and `doctor`.
    fn about(&self) -> String;
}

/// One call at its carrier. Dropping it lets go of everything.
pub trait Leg: Send {
    /// Does what the mind asks; answers come as signals.
    fn control(&mut self, control: Control);
}
