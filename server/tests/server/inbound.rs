//! Streams that bring a call of their own.

use std::time::Duration;

use serde_json::json;
use server::config::Limits;
use sim::directory;

use crate::{
    house::{House, Line, house, with_limits},
    peer::{Peer, STREAM},
};

/// How a stream for this call is turned away: what is there waits for no time to run out.
async fn turned_away(house: &House, id: &str) -> (u16, String) {
    let closed = Peer::attach(house, id).await.closed().await.expect("a close frame");
    (u16::from(closed.code), closed.reason.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_a_good_token_is_answered_and_greeted_once() {
    let house = house(Line::Manual).await;
    let mut peer = Peer::attach(&house, "from-outside-1").await;
    // The greeting.
    peer.event("media").await;
    let known = house.exchange.find("from-outside-1").expect("known");
    assert_eq!(known.body()["direction"], "inbound");
    // Nobody's call is nobody's to see or to end.
    assert_eq!(house.get("/call/from-outside-1").await.0, 404);
    assert_eq!(house.post("/call/from-outside-1/hangup", "").await.0, 404);
    assert!(known.request(agent::call::Request::Hangup));
    house.ended("from-outside-1").await;
    // The same token does not bring the same call twice, and an odd id never becomes a folder.
    let used = (1008, "the call id was used before".to_owned());
    assert_eq!(turned_away(&house, "from-outside-1").await, used);
    let odd = (1008, "the call id is no plain name".to_owned());
    assert_eq!(turned_away(&house, "../elsewhere").await, odd);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_hangs_up_has_hung_up() {
    let house = house(Line::Manual).await;
    let mut peer = Peer::attach(&house, "hangs-up").await;
    peer.event("media").await;
    let stop =
        json!({"event":"stop","streamSid":STREAM,"stop":{"accountSid":"AC1","callSid":"CA1"}});
    peer.text(&stop.to_string()).await;
    let body = house.ended("hangs-up").await;
    assert_eq!(body["outcome"], "answered", "{body}");
    let journal = house.journal("hangs-up");
    let ended = r#"{"ended":{"cause":"normal_clearing","by_callee":true}}"#;
    assert!(journal.contains(ended) && !journal.contains("media_lost"), "{journal}");
    let last = journal.lines().rfind(|line| line.contains(r#""out":{"ended""#)).expect("an end");
    assert!(last.contains(r#""by":"callee""#), "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_finds_no_line_may_try_again() {
    let house = with_limits(Line::Manual, Limits { calls_max: 2, ..Limits::default() }).await;
    let mut first = Peer::attach(&house, "first").await;
    first.event("media").await;
    // A placed call waits for its stream: whose a stream is, only its token tells.
    let placed = house.place(directory::SILENT).await;
    house.reaches(&placed, "answered").await;
    let busy = (1013, "all lines are in use".to_owned());
    assert_eq!(turned_away(&house, "second").await, busy);
    house.post(&format!("/call/{placed}/hangup"), "").await;
    house.ended(&placed).await;
    // None waits: a stream that comes now is not even looked at.
    let mut third = Peer::attach(&house, "third").await;
    third.event("media").await;
    assert_eq!(Peer::refused(&house).await, (503, "busy".to_owned()));
    house.exchange.drain(Duration::ZERO, |_| {}).await;
    assert_eq!(Peer::refused(&house).await, (503, "draining".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_calls_folder_is_not_written_over() {
    let house = house(Line::Manual).await;
    let journal = house.call_dir("before-the-restart").join("journal.jsonl");
    std::fs::create_dir_all(journal.parent().expect("a folder")).expect("made");
    std::fs::write(&journal, "an old call").expect("written");
    let used = (1008, "the call id was used before".to_owned());
    assert_eq!(turned_away(&house, "before-the-restart").await, used);
    assert_eq!(std::fs::read_to_string(&journal).expect("still there"), "an old call");
    assert_eq!(house.exchange.active(), 0);
}
