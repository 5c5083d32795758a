//! The user's own leg of a call: a circuit's place and a voice of its own, ready before anybody is dialled.

use std::sync::Arc;

use agent::call::CallConfig;
use media::circuit::CircuitConfig;

use super::Exchange;
use crate::{
    call_task::UserLinks,
    journal::Spool,
    media_thread::{
        rings::{self, Bell},
        words::{Levels, Orders, Place, Relay, Reports},
    },
};

/// A call's second leg; nothing of it where the brief does not have the user's number.
#[derive(Default)]
pub(super) struct UserLeg {
    /// Where its circuit will be born.
    pub(super) place: Option<Place>,
    /// The call's end of it.
    pub(super) links: Option<UserLinks>,
    /// The callee's end of the bridge.
    pub(super) relay: Option<Relay>,
}

impl Exchange {
    /// A leg beside the callee's, whose seat has this bell. Nobody recognises what the user says, and no judge
    /// is asked about it.
    pub(super) fn user_leg(
        &self,
        config: &CallConfig,
        callee: &Bell,
        reports: &Reports,
        spool: Option<Spool>,
    ) -> UserLeg {
        let Some(spool) = spool else { return UserLeg::default() };
        let (orders, orders_rx) = Orders::new();
        let (mouth, speech) = self.mouth(config, orders.bell(), reports.inbox());
        let (to_user, from_callee) = rings::relay(orders.bell().clone());
        let (to_callee, from_user) = rings::relay(callee.clone());
        let place = Place {
            circuit: CircuitConfig { judge: false, ..self.parts.circuit },
            is_whole_call: false,
            orders: orders_rx,
            orders_tx: orders.clone(),
            reports: reports.of_user(),
            heard: None,
            speech,
            relay: Some(Relay { to: to_callee, from: from_callee }),
            spool,
            levels: Arc::new(Levels::default()),
        };
        UserLeg {
            place: Some(place),
            links: Some(UserLinks { orders, mouth }),
            relay: Some(Relay { to: to_user, from: from_user }),
        }
    }
}
