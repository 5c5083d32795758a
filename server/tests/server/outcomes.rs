//! The outcome matrix over the simulated telephone network: what becomes of a call, in the words of
//! both generations.

use agent::call::Request;
use serde_json::{Value, json};
use sim::directory;

use crate::house::{House, Line, house, impatient};

/// Everything a finished call says of its outcome.
fn told(body: &Value) -> Value {
    json!([
        body["outcome"],
        body["outcome_detail"]["hangup_cause"],
        body["status"],
        body.get("failReason"),
        body["talk_seconds"].is_null(),
        body["timestamps"]["answered_at"].is_null(),
    ])
}

async fn shown(house: &House, id: &str) -> Value {
    let (status, body) = house.get(&format!("/call/{id}")).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

async fn outcome(house: &House, number: &str) -> Value {
    let id = house.place(number).await;
    house.ended(&id).await;
    let body = shown(house, &id).await;
    assert_eq!(body["lifecycle"], "finalized");
    assert_eq!((&body["id"], &body["to"]), (&json!(id), &json!(number)));
    let times = &body["timestamps"];
    let times: Vec<_> = ["queued_at", "dialing_at", "answered_at", "finalized_at"]
        .iter()
        .filter_map(|name| times[*name].as_str())
        .collect();
    assert!(
        times.is_sorted() && times.iter().all(|at| at.ends_with('Z') && at.len() == 24),
        "{times:?}"
    );
    told(&body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_end_has_its_outcome() {
    // Nobody waits for a telephone that nobody answers.
    let house = impatient(Line::Pipes).await;
    let failed = |outcome: &str, cause: &str, reason: &str| {
        json!([outcome, cause, "failed", reason, true, true])
    };
    let answered = json!(["answered", "normal_clearing", "completed", null, false, false]);
    for (number, wanted) in [
        (directory::OPENING_HOURS, answered.clone()),
        (directory::HANGS_UP, answered),
        (directory::NO_ANSWER, failed("no_answer", "no_answer", "no_answer")),
        (directory::UNREACHABLE, failed("unreachable", "unreachable", "unreachable")),
        (directory::BUSY, failed("busy", "user_busy", "busy")),
        (directory::REJECTS, failed("rejected", "call_rejected", "call_rejected")),
        (directory::UNALLOCATED, failed("invalid_number", "unallocated_number", "invalid_number")),
        ("+19995550000", failed("invalid_number", "unallocated_number", "invalid_number")),
    ] {
        assert_eq!(outcome(&house, number).await, wanted, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_cancelled_while_it_rings() {
    let house = house(Line::Pipes).await;
    let id = house.place(directory::NO_ANSWER).await;
    house.reaches(&id, "dialing").await;
    let body = shown(&house, &id).await;
    assert_eq!((&body["status"], &body["transcript"]), (&json!("ringing"), &Value::Null));
    for absent in
        ["outcome", "outcome_detail", "talk_seconds", "recording_url", "recordingUrl", "failReason"]
    {
        assert!(body.get(absent).is_none(), "{absent} before the end");
    }
    let (status, answer) = house.post(&format!("/call/{id}/hangup"), "").await;
    let wanted =
        json!({"success": true, "call_id": id, "status": "failed", "message": "Call cancelled."});
    assert_eq!((status, answer), (200, wanted));
    house.ended(&id).await;
    let wanted = json!(["cancelled", "originator_cancel", "failed", "cancelled", true, true]);
    assert_eq!(told(&shown(&house, &id).await), wanted);
    let (status, answer) = house.post(&format!("/call/{id}/hangup"), "").await;
    assert_eq!(
        (status, &answer["success"], &answer["status"]),
        (200, &json!(true), &json!("failed"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn causes_that_no_number_of_the_directory_has() {
    use server::call_task::Inbox;
    use telephony::{Cause, Signal};

    let house = house(Line::Manual).await;
    for (cause, wanted) in [
        (Cause::NoAnswer, ["no_answer", "no_answer"]),
        (Cause::Unreachable, ["unreachable", "unreachable"]),
        (Cause::NetworkOutOfOrder, ["network_error", "network_error"]),
        (Cause::SystemError, ["system_error", "network_error"]),
        (Cause::Other, ["failed", "network_error"]),
    ] {
        let id = house.place("+12125550123").await;
        house.reaches(&id, "answered").await;
        let inbox = house.inboxes.lock().expect("whole").get(&id).expect("dialled").clone();
        let ended = Signal::Ended { cause, by_callee: false };
        let inbox = inbox.upgrade().expect("under way");
        inbox.try_send(Inbox::Signal(ended)).expect("taken");
        drop(inbox);
        let body = house.ended(&id).await;
        assert_eq!([&body["outcome"], &body["failReason"]], wanted, "{cause:?}");
    }
    // A fault of our own, told by whoever found it.
    let id = house.place("+12125550123").await;
    let known = house.exchange.find(&id).expect("known");
    known.request(Request::Abort { detail: "on purpose".to_owned() });
    assert_eq!(house.ended(&id).await["outcome"], "system_error");
}
