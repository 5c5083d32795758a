//! The HTTP API: shapes, errors, limits, drain.

use std::time::Duration;

use server::config::Limits;
use sim::directory;

use crate::house::{Line, OPERATOR, PATIENCE, house, with_limits};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_error_has_the_envelope() {
    let house = house(Line::Pipes).await;
    let large = vec![b'x'; 10 << 20];
    let cases: [(&[u8], u16, &str); 7] = [
        (b"", 400, "missing_fields"),
        (b"{\"to\": \"+1212", 400, "missing_fields"),
        (b"{\"to\":\"\xff\xfe\",\"task\":\"x\"}", 400, "missing_fields"),
        (b"[1,2]", 400, "missing_fields"),
        (br#"{"to":"12","task":"x"}"#, 400, "invalid_phone"),
        (br#"{"to":"+12125550142","task":"x","voice":"hal"}"#, 400, "invalid_preferences"),
        (&large, 413, "body_too_large"),
    ];
    for (body, status, code) in cases {
        let (got, answer) = house.post("/call", body.to_vec()).await;
        assert_eq!((got, answer["error"]["code"].as_str()), (status, Some(code)), "{answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|m| !m.is_empty()));
    }
    for (path, status, code) in [
        ("/nowhere", 404, "not_found"),
        ("/call/no-such-call", 404, "not_found"),
        ("/call", 405, "method_not_allowed"),
        ("/media/twilio", 426, "upgrade_required"),
    ] {
        let (got, answer) = house.get(path).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!((got, answer["error"]["code"].as_str()), (status, Some(code)), "{path}");
    }
    let (status, answer) = house.post("/call/no-such-call/hangup", "").await;
    assert_eq!((status, answer["error"]["code"].as_str()), (404, Some("not_found")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_readiness_and_figures() {
    let house = house(Line::Pipes).await;
    assert_eq!(house.get("/health").await.0, 200);
    let (status, ready) = house.get("/ready").await;
    assert_eq!(status, 200);
    assert!(ready.contains("\"ready\":true"), "{ready}");
    let (status, version) = house.get("/version").await;
    assert!(status == 200 && version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    let id = house.place(directory::BUSY).await;
    assert_eq!(house.ended(&id).await["outcome"], "busy");
    assert_eq!(house.get("/metrics").await.0, 401, "figures are the operator's");
    let figures = house.request("GET", "/metrics").bearer_auth(OPERATOR).send().await;
    let figures = figures.expect("an answer").text().await.expect("text");
    assert!(figures.contains("trunkline_calls_total{outcome=\"busy\"}"), "{figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_can_be_cancelled_while_it_rings() {
    let house = house(Line::Pipes).await;
    let id = house.place(directory::NO_ANSWER).await;
    house.reaches(&id, "dialing").await;
    let (status, body) = house.post(&format!("/call/{id}/hangup"), "").await;
    assert_eq!((status, &body["success"]), (200, &true.into()), "{body}");
    assert_eq!(house.ended(&id).await["outcome"], "cancelled");
    let (status, body) = house.post(&format!("/call/{id}/hangup"), "").await;
    assert_eq!((status, &body["success"]), (200, &true.into()), "again: {body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_house_says_so() {
    let house = with_limits(Line::Pipes, Limits { calls_max: 1, ..Limits::default() }).await;
    let id = house.place(directory::NO_ANSWER).await;
    let body = r#"{"to":"+12125550142","task":"x"}"#;
    let (status, answer) = house.post("/call", body).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (503, Some("busy")));
    house.post(&format!("/call/{id}/hangup"), "").await;
    house.ended(&id).await;
    assert_eq!(house.post("/call", body).await.0, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_refuses_the_new_and_ends_the_old() {
    let house = house(Line::Pipes).await;
    let id = house.place(directory::SILENT).await;
    house.reaches(&id, "answered").await;
    let (told, mut remaining) = tokio::sync::mpsc::unbounded_channel();
    let exchange = std::sync::Arc::clone(&house.exchange);
    let drain = tokio::spawn(async move {
        exchange.drain(Duration::from_millis(300), |n| told.send(n).unwrap_or(())).await;
    });
    assert_eq!(remaining.recv().await, Some(1));
    let (status, answer) = house.post("/call", r#"{"to":"+12125550142","task":"x"}"#).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (503, Some("draining")));
    assert_eq!(house.get("/ready").await.0, 503);
    tokio::time::timeout(PATIENCE, drain).await.expect("in time").expect("drained");
    assert_eq!(house.ended(&id).await["lifecycle"], "finalized");
    assert_eq!(house.exchange.active(), 0);
}
