//! Carriers that misbehave: whoever places a call has the answer before the carrier has done anything.

use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, bounded};
use serde_json::{Value, json};
use server::carrier::{Carrier, Leg, Ticket};
use sim::directory;
use telephony::Control;

use crate::house::{KEY, Line, house, impatient};

/// Takes every call and never says a word of it; with a gate it does not even return before that opens.
pub(crate) struct Silent {
    gate: Option<Receiver<()>>,
    dialled: Arc<Mutex<usize>>,
    fault: Option<String>,
}

struct SilentLeg {
    gate: Option<Receiver<()>>,
    dialled: Arc<Mutex<usize>>,
    _ticket: Ticket,
}

impl Silent {
    fn new(gate: Option<Receiver<()>>) -> Self {
        Self { gate, dialled: Arc::default(), fault: None }
    }

    /// One that is known to be out of order.
    pub(crate) fn out_of_order() -> Self {
        Self { fault: Some("its door is shut".to_owned()), ..Self::new(None) }
    }
}

impl Carrier for Silent {
    fn leg(&self, ticket: Ticket) -> Box<dyn Leg> {
        let (gate, dialled) = (self.gate.clone(), Arc::clone(&self.dialled));
        Box::new(SilentLeg { gate, dialled, _ticket: ticket })
    }

    fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    fn about(&self) -> String {
        String::new()
    }
}

impl Leg for SilentLeg {
    fn control(&mut self, control: Control) {
        if let Control::Dial { .. } = control {
            if let Some(gate) = &self.gate {
                // Closed when the test is over.
                let _ = gate.recv();
            }
            *self.dialled.lock().expect("whole") += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_is_confirmed_while_its_carrier_hangs() {
    let (gate, closed): (Sender<()>, _) = bounded(0);
    let carrier = Silent::new(Some(closed));
    let dialled = Arc::clone(&carrier.dialled);
    let house = house(Line::Own(Box::new(carrier))).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(house.place(directory::BUSY).await);
    }
    for id in &ids {
        let (status, body) = house.get(&format!("/call/{id}")).await;
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(status, 200);
        let state = body["lifecycle"].as_str().expect("a state");
        assert!(["queued", "dialing"].contains(&state), "{body}");
    }
    assert_eq!(*dialled.lock().expect("whole"), 0, "the carrier still has not done a thing");
    drop(gate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_that_says_nothing_is_not_waited_for_for_ever() {
    let house = impatient(Line::Own(Box::new(Silent::new(None)))).await;
    let id = house.place(directory::BUSY).await;
    let body = house.ended(&id).await;
    let told = json!([body["outcome"], body["status"], body["failReason"], body["talk_seconds"]]);
    assert_eq!(told, json!(["no_answer", "failed", "no_answer", null]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_that_is_out_of_order_costs_nothing() {
    let house = house(Line::Own(Box::new(Silent::out_of_order()))).await;
    let body = json!({"to": directory::BUSY, "task": "Ask."}).to_string();
    for key in [Some(KEY), None] {
        let answer = house.ask("POST", "/call", key, body.clone()).await;
        assert_eq!(answer.status(), 502);
        assert!(answer.headers().get("x-clawcall-api-key").is_none(), "no key was made");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["error"]["code"], "dial_failed");
    }
    assert_eq!(house.exchange.active(), 0);
}
