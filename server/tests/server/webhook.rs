//! A customer's own server is told of calls that are over: signed, laid aside when it says that it is gone, sent again when
//! asked for.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use platform::webhook::Secret;
use serde_json::{Value, json};
use server::{http, webhooks::Courier};
use sim::directory;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use crate::house::{House, KEY, Line, PATIENCE, house};

/// The customer's server.
pub(crate) struct Customer {
    pub(crate) url: String,
    /// What it answers.
    pub(crate) status: Arc<AtomicU16>,
    told: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
    serving: JoinHandle<()>,
}

impl Drop for Customer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Tell = (mpsc::UnboundedSender<(HeaderMap, Bytes)>, Arc<AtomicU16>);

async fn take(State((tell, status)): State<Tell>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let _ = tell.send((headers, body));
    StatusCode::from_u16(status.load(Ordering::Relaxed)).expect("a status")
}

pub(crate) async fn customer() -> Customer {
    let (tell, told) = mpsc::unbounded_channel();
    let status = Arc::new(AtomicU16::new(204));
    let router = Router::new().route("/hook", post(take)).with_state((tell, Arc::clone(&status)));
    let listener = http::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("bound");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(http::serve(listener, router, 16, None));
    Customer { url, status, told, serving }
}

impl Customer {
    pub(crate) async fn is_told(&mut self) -> (HeaderMap, Bytes) {
        timeout(PATIENCE, self.told.recv()).await.expect("in time").expect("open")
    }
}

/// Waits until what came of so many posts is kept.
pub(crate) async fn settled(courier: &Courier, times: u64) {
    let mut settled = courier.settled();
    timeout(PATIENCE, settled.wait_for(|it| *it >= times)).await.expect("in time").expect("alive");
}

async fn put(house: &House, url: &str) -> Value {
    put_with(house, url, KEY).await
}

async fn put_with(house: &House, url: &str, key: &str) -> Value {
    let body = json!({ "url": url }).to_string();
    let answer = house.ask("PUT", "/v1/webhook", Some(key), body).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("JSON")
}

async fn get(house: &House, path: &str) -> Value {
    let (status, body) = house.get(path).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_told_and_can_check_who_told_them() {
    let house = house(Line::Pipes).await;
    let _courier = Courier::start(house.desk.ledger().clone(), true).expect("a courier");
    let mut customer = customer().await;
    let set = put(&house, &customer.url).await;
    let secret = Secret::read(set["secret"].as_str().expect("a secret")).expect("a secret");
    let id = house.place(directory::BUSY).await;
    let (headers, body) = customer.is_told().await;
    let header = |name: &str| headers[name].to_str().expect("text");
    assert_eq!(header("webhook-id"), format!("msg_{id}"));
    assert_eq!(header("content-type"), "application/json");
    let at: u64 = header("webhook-timestamp").parse().expect("a time");
    assert!(server::clock::unix_seconds().abs_diff(at) < 30);
    assert_eq!(header("webhook-signature"), secret.sign(header("webhook-id"), at, &body));
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["type"], "call.finalized");
    let (_, shown) = house.get(&format!("/call/{id}")).await;
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    for field in ["id", "lifecycle", "outcome", "numbers", "timestamps", "transcript"] {
        assert_eq!(body["data"][field], shown[field], "{field}");
    }
    let shown = get(&house, "/v1/webhook").await;
    assert_eq!((&shown["url"], shown.get("secret")), (&json!(customer.url), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_laid_aside_is_sent_again_when_its_owner_asks() {
    let house = house(Line::Pipes).await;
    let courier = Courier::start(house.desk.ledger().clone(), true).expect("a courier");
    let mut customer = customer().await;
    put(&house, &customer.url).await;
    customer.status.store(410, Ordering::Relaxed);
    let id = house.place(directory::BUSY).await;
    let (_, first) = customer.is_told().await;
    settled(&courier, 1).await;
    let letters = get(&house, "/v1/webhook/dead-letters").await["dead_letters"].take();
    let letter = &letters[0];
    assert_eq!((&letter["tries"], &letter["reason"]), (&json!(1), &json!("answered with 410")));
    assert_eq!(letter["body"]["data"]["id"], json!(id));
    customer.status.store(200, Ordering::Relaxed);
    let replay =
        format!("/v1/webhook/dead-letters/{}/replay", letter["id"].as_str().expect("an id"));

    let stranger = house.ask("POST", "/call", None, r#"{"to":"+12125550152","task":"x"}"#).await;
    let key = stranger.headers()["x-clawcall-api-key"].to_str().expect("a key").to_owned();
    for (method, path, status) in [
        ("GET", "/v1/webhook", 404),
        ("POST", &*replay, 404),
        ("DELETE", "/v1/webhook", 200),
        ("GET", "/v1/webhook/dead-letters", 200),
    ] {
        let answer = house.ask(method, path, Some(&key), "").await;
        assert_eq!(answer.status(), status, "{method} {path}");
        let body = answer.text().await.expect("text");
        assert!(!body.contains(&id) && !body.contains(&customer.url), "{method} {path}: {body}");
    }
    for (method, path) in [("GET", "/v1/webhook"), ("PUT", "/v1/webhook"), ("POST", &*replay)] {
        assert_eq!(house.ask(method, path, None, "{}").await.status(), 401, "{method} {path}");
    }

    assert_eq!(house.post(&replay, "").await.0, 202);
    let (headers, again) = customer.is_told().await;
    assert_eq!(headers["webhook-id"], letter["id"].as_str().expect("an id"));
    assert_eq!(again, first);
    assert_eq!(house.post(&replay, "").await.0, 404, "it is no dead letter any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_whose_name_leads_home() {
    let house = house(Line::Pipes).await;
    let mut customer = customer().await;
    // Kept while it was allowed; a name is judged when it is resolved.
    put(&house, &customer.url.replace("127.0.0.1", "localhost")).await;
    let courier = Courier::start(house.desk.ledger().clone(), false).expect("a courier");
    let id = house.place(directory::BUSY).await;
    house.ended(&id).await;
    settled(&courier, 1).await;
    assert!(get(&house, "/v1/webhook").await["last_said"].is_string());
    assert!(customer.told.try_recv().is_err(), "told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_webhook_is_refused() {
    let house = house(Line::Pipes).await;
    for (body, code) in [
        ("", "missing_fields"),
        ("{}", "missing_fields"),
        (r#"{"url":7}"#, "missing_fields"),
        (r#"{"url":"not a url"}"#, "invalid_url"),
        (r#"{"url":"ftp://hooks.example/"}"#, "invalid_url"),
        (r#"{"url":"https://me:word@hooks.example/"}"#, "invalid_url"),
    ] {
        let answer = house.ask("PUT", "/v1/webhook", Some(KEY), body).await;
        assert_eq!(answer.status(), 400, "{body}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["error"]["code"], code, "{body}");
    }
    assert_eq!(house.get("/v1/webhook").await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_of_an_account_has_a_webhook_of_its_own() {
    let house = house(Line::Pipes).await;
    let first = house.ask("POST", "/call", None, r#"{"to":"+12125550152","task":"x"}"#).await;
    let other = first.headers()["x-clawcall-api-key"].to_str().expect("a key").to_owned();
    house.linked(KEY, "ann@example.org").await;
    house.linked(&other, "ann@example.org").await;
    let courier = Courier::start(house.desk.ledger().clone(), true).expect("a courier");
    let (mut mine, mut theirs) = (customer().await, customer().await);
    put(&house, &mine.url).await;
    put_with(&house, &theirs.url, &other).await;
    let id = house.place(directory::BUSY).await;
    let (headers, _) = mine.is_told().await;
    assert_eq!(headers["webhook-id"], format!("msg_{id}"));
    settled(&courier, 1).await;
    assert!(theirs.told.try_recv().is_err(), "it was placed with another key");
    let shown = house.ask("GET", "/v1/webhook", Some(&other), "").await;
    let shown: Value = shown.json().await.expect("JSON");
    assert_eq!(shown["url"], theirs.url);
    let answer =
        house.ask("POST", "/call", Some(&other), r#"{"to":"+12125550152","task":"x"}"#).await;
    let placed: Value = answer.json().await.expect("JSON");
    let (headers, _) = theirs.is_told().await;
    assert_eq!(
        headers["webhook-id"],
        format!("msg_{}", placed["call_id"].as_str().expect("an id"))
    );
    settled(&courier, 2).await;
    assert!(mine.told.try_recv().is_err());
}
