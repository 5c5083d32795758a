//! Keys and balances: who gets a key, whose a call is, what it costs.

use serde_json::{Value, json};
use server::store::{self, Grant, NewCall, Opened, Repeat};
use sim::directory;

use crate::house::{House, KEY, Line, house, with_rules};

const BOOK: &str = r#"{"to":"+12125550152","task":"Ask."}"#;

/// Status, headers, body.
async fn asked(
    house: &House,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> (u16, reqwest::header::HeaderMap, Value) {
    let answer = house.ask(method, path, key, body.to_owned()).await;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.json().await.expect("JSON"))
}

fn header<'a>(headers: &'a reqwest::header::HeaderMap, name: &str) -> &'a str {
    headers.get(name).expect(name).to_str().expect("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_call_gets_a_key_and_only_its_hash_is_kept() {
    let house = house(Line::Pipes).await;
    let (status, headers, body) = asked(&house, "POST", "/call", None, BOOK).await;
    assert_eq!(status, 201, "{body}");
    let key = body["api_key"].as_str().expect("a key");
    assert!(platform::is_key(key) && key.len() >= 40, "{key}");
    assert_eq!(header(&headers, "x-clawcall-api-key"), key);
    assert_eq!(header(&headers, "x-clawcall-balance-seconds"), "600");
    assert_eq!(header(&headers, "x-clawcall-balance-minutes"), "10");
    assert_eq!(header(&headers, "x-clawcall-tier"), "trial");
    let id = body["call_id"].as_str().expect("an id");
    assert!(uuid_like(id), "{id}");
    // The same key goes on, and no second one is told.
    let (status, headers, body) = asked(&house, "POST", "/call", Some(key), BOOK).await;
    assert_eq!((status, body.get("api_key"), headers.get("x-clawcall-api-key")), (201, None, None));
    let (status, headers, body) = asked(&house, "GET", &format!("/call/{id}"), Some(key), "").await;
    assert_eq!((status, &body["call_id"]), (200, &json!(id)));
    assert_eq!(header(&headers, "x-clawcall-tier"), "trial");
    let file = std::fs::read(house.dir.path().join("store.db")).expect("a store");
    let wal = std::fs::read(house.dir.path().join("store.db-wal")).unwrap_or_default();
    let has = |text: &str| {
        [&file, &wal].iter().any(|it| it.windows(text.len()).any(|w| w == text.as_bytes()))
    };
    assert!(has(&store::hash(key)) && !has(key), "a key is kept as its hash alone");
}

fn uuid_like(id: &str) -> bool {
    id.len() == 36 && id.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_not_good_open_nothing() {
    let house = house(Line::Pipes).await;
    let add = |store: &mut store::Store| {
        let end = "2020-01-01T00:00:00.000Z";
        store.add_key(&store::hash("clawcall_sk_old"), "old", end, Some(end))
    };
    house.desk.ledger().ask(add).await.expect("added");
    for key in [
        "",
        "nonsense",
        "clawcall_sk_unknown",
        "clawcall_sk_old",
        "clawcall_sk_'; DROP TABLE keys;--",
    ] {
        for (method, path) in
            [("POST", "/call"), ("GET", "/balance"), ("GET", "/me"), ("GET", "/call/x")]
        {
            let (status, _, body) = asked(&house, method, path, Some(key), BOOK).await;
            assert_eq!(
                (status, &body["error"]["code"]),
                (401, &json!("invalid_api_key")),
                "{key} {path}"
            );
        }
    }
    for (method, path) in [
        ("GET", "/call/x"),
        ("POST", "/call/x/hangup"),
        ("GET", "/call/x/recording"),
        ("GET", "/balance"),
        ("GET", "/me"),
        ("GET", "/me/calls"),
        ("GET", "/me/call-preferences"),
        ("PUT", "/me/call-preferences"),
        ("DELETE", "/me/call-preferences"),
        ("GET", "/metrics"),
    ] {
        let (status, _, body) = asked(&house, method, path, None, "").await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("auth_required")), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_charged_by_its_talk_and_a_refused_one_is_not() {
    let house = house(Line::Pipes).await;
    let (_, headers, body) = asked(&house, "GET", "/balance", Some(KEY), "").await;
    assert_eq!(body, json!({"tier": "trial", "balance_seconds": 600}));
    assert_eq!(header(&headers, "x-clawcall-balance-seconds"), "600");
    let id = house.place(directory::HANGS_UP).await;
    let body = house.ended(&id).await;
    let talked = body["talk_seconds"].as_u64().expect("they talked");
    assert!((1..10).contains(&talked), "{body}");
    for body in [r#"{"to":"911","task":"x"}"#, r#"{"task":"x"}"#] {
        assert_eq!(house.post("/call", body).await.0, 400);
    }
    let busy = house.place(directory::BUSY).await;
    house.ended(&busy).await;
    let (_, _, body) = asked(&house, "GET", "/balance", Some(KEY), "").await;
    assert_eq!(body["balance_seconds"], 600 - talked);
    let (_, _, body) = asked(&house, "GET", &format!("/call/{id}"), Some(KEY), "").await;
    assert_eq!(body["_meta"]["balance_seconds"], 600 - talked);
    // The same end once more, from whoever still tells it.
    let finished = house.exchange.find(&id).expect("known").view().finished().expect("over");
    let again = house.desk.ledger().ask(move |store| store.finish_call(&finished, 5)).await;
    assert_eq!(again, Ok(false));
    let (_, _, body) = asked(&house, "GET", "/balance", Some(KEY), "").await;
    assert_eq!(body["balance_seconds"], 600 - talked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_twice_is_one_call() {
    let house = house(Line::Pipes).await;
    let place = async |name: &str, body: &str| {
        let request = house.request("POST", "/call").header("x-api-key", KEY);
        let answer = request.header("idempotency-key", name).body(body.to_owned()).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.expect("JSON"))
    };
    let (one, two) = tokio::join!(place("a", BOOK), place("a", BOOK));
    assert_eq!((one.0, two.0), (201, 201));
    assert_eq!(one.1["call_id"], two.1["call_id"], "even at the same moment");
    let (status, body) = place("a", r#"{"to":"+12125550152","task":"Something else."}"#).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("conflict")));
    let (status, body) = place("b", BOOK).await;
    assert_eq!(status, 201);
    assert_ne!(body["call_id"], one.1["call_id"]);
    assert_eq!(place(&"x".repeat(256), BOOK).await.0, 400);
    // A first call has no key yet: the second time nobody is called, and no key is told.
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let first = house.request("POST", "/call").header("idempotency-key", "first");
        let answer = first.body(BOOK).send().await.expect("an answer");
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn free_calls_end_and_say_what_to_do() {
    let house = with_rules(Line::Pipes, |rules| {
        rules.trial.calls = 0;
        rules.trial.seconds = 0;
    })
    .await;
    let (status, _, body) = asked(&house, "POST", "/call", Some(KEY), BOOK).await;
    assert_eq!((status, &body["error"]["code"]), (402, &json!("trial_exhausted")));
    let base = format!("http://{}", house.address);
    let action = &body["error"]["action"];
    assert_eq!(action["url"], format!("{base}/sign-up?token={KEY}"));
    assert_eq!(action["sign_in_url"], format!("{base}/sign-in?token={KEY}"));
    let quota =
        json!({"used_seconds": 0, "remaining_seconds": 0, "limit_seconds": 0, "tier": "trial"});
    assert_eq!(body["error"]["quota"], quota);
    assert_eq!(house.exchange.active(), 0);

    let old = with_rules(Line::Pipes, |rules| {
        rules.trial.calls = 0;
        rules.trial.seconds = 0;
        rules.first_generation = true;
    })
    .await;
    let (status, _, body) = asked(&old, "POST", "/call", Some(KEY), BOOK).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("quota_exceeded")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_balance_ends_too() {
    let house = house(Line::Pipes).await;
    let grant = |store: &mut store::Store| {
        let paid = Grant { tier: Some(platform::Tier::Paid), seconds: 1, ..Grant::default() };
        store.grant("ann@example.org", "ann", &paid, "2026-01-01T00:00:00.000Z")
    };
    house.desk.ledger().ask(grant).await.expect("granted");
    house.linked(KEY, "ann@example.org").await;
    let id = house.place(directory::HANGS_UP).await;
    house.ended(&id).await;
    let (status, headers, body) = asked(&house, "POST", "/call", Some(KEY), BOOK).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("balance_depleted")));
    assert_eq!(header(&headers, "x-clawcall-balance-seconds"), "0");
    assert_eq!(header(&headers, "x-clawcall-tier"), "paid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_generation_hears_its_key_in_every_answer() {
    let house = with_rules(Line::Pipes, |rules| {
        rules.first_generation = true;
        rules.disclosure = "This call is recorded.".to_owned();
    })
    .await;
    let (_, _, body) = asked(&house, "POST", "/call", Some(KEY), BOOK).await;
    assert_eq!(body["api_key"], KEY);
    let id = body["call_id"].as_str().expect("an id");
    let (_, _, body) = asked(&house, "GET", &format!("/call/{id}"), Some(KEY), "").await;
    assert_eq!(body["api_key"], KEY);
    let told = house.journal(id);
    assert!(!told.contains("This call is recorded."), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recording_is_disclosed_first_and_leads_to_a_link_that_expires() {
    let house = with_rules(Line::Pipes, |rules| {
        rules.disclosure = "This call is recorded.".to_owned();
    })
    .await;
    let body =
        json!({"to": directory::OPENING_HOURS, "task": "Ask.", "greeting": "Howdy, partner!"});
    let (_, body) = house.post("/call", body.to_string()).await;
    let id = body["call_id"].as_str().expect("an id").to_owned();
    let path = format!("/call/{id}/recording");
    let early = house.ask("GET", &path, Some(KEY), "").await;
    assert_eq!(early.status().as_u16(), 404);
    let body = house.ended(&id).await;
    let ours = body["transcript"]
        .as_array()
        .expect("lines")
        .iter()
        .find(|line| line["role"] == "assistant");
    let first = ours.expect("we spoke")["text"].as_str().expect("text").to_owned();
    assert!(first.starts_with("This call is recorded."), "{first}");
    assert!(!body["transcript"].to_string().contains("Howdy"), "a greeting is context: {body}");
    assert_eq!(body["greeting"], "Howdy, partner!");

    let found = house.ask("GET", &path, Some(KEY), "").await;
    assert_eq!(found.status().as_u16(), 302);
    let link = found.headers()["location"].to_str().expect("text").to_owned();
    let (_, shown) = house.get(&format!("/call/{id}")).await;
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["recording_url"], shown["recordingUrl"]);
    let base = format!("http://{}", house.address);
    let link = link.strip_prefix(&base).expect("a link to us");
    let sound = house.ask("GET", link, None, "").await;
    assert_eq!(sound.status().as_u16(), 200);
    let sound = sound.bytes().await.expect("bytes");
    assert!(sound.len() > 10_000, "{} bytes", sound.len());
    let part = house.request("GET", link).header("range", "bytes=0-3").send().await.expect("sent");
    assert_eq!((part.status().as_u16(), part.bytes().await.expect("bytes").len()), (206, 4));
    // A link that was changed, that is another's, or too old, plays nothing.
    let other = telephony::token::mint(b"a secret", &id, u64::MAX);
    let old = telephony::token::mint(b"a secret for links", &id, 1);
    let outside = telephony::token::mint(b"a secret for links", "../../etc", u64::MAX);
    for (token, status) in [("x".to_owned(), 401), (other, 401), (old, 401), (outside, 404)] {
        let answer =
            house.ask("GET", &format!("/recordings/{}", token.replace('/', "%2F")), None, "").await;
        assert_eq!(answer.status().as_u16(), status, "{token}");
    }
    // Nobody answered: there is nothing to hear.
    let busy = house.place(directory::BUSY).await;
    house.ended(&busy).await;
    let (status, body) = house.get(&format!("/call/{busy}/recording")).await;
    assert!(status == 404 && body.contains("recording_not_available"), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_a_key_tells_what_is_left() {
    let house = with_rules(Line::Pipes, |rules| {
        rules.rates.key = platform::Rate { burst: 7, per_minute: 1 };
    })
    .await;
    for (method, path, wanted) in [
        ("GET", "/balance", 200),
        ("POST", "/call", 400),
        ("GET", "/call/nobody", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/call", 405),
        ("GET", "/me", 401),
        ("PUT", "/v1/webhook", 400),
        ("GET", "/balance", 429),
    ] {
        let (status, headers, _) = asked(&house, method, path, Some(KEY), "{}").await;
        assert_eq!(status, wanted, "{method} {path}");
        assert_eq!(header(&headers, "x-clawcall-balance-seconds"), "600", "{method} {path}");
        assert_eq!(header(&headers, "x-clawcall-balance-minutes"), "10");
        assert_eq!(header(&headers, "x-clawcall-tier"), "trial");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_call_never_began_is_a_new_one() {
    let house = house(Line::Pipes).await;
    // The process died when the index had the call and the disk had not.
    let lost = NewCall {
        id: "never-began".to_owned(),
        account: "the house".to_owned(),
        key: None,
        direction: telephony::Direction::Outbound,
        queued_at: server::clock::wall_now(),
        repeat: Some(Repeat {
            whose: "the house".to_owned(),
            name: "again".to_owned(),
            request: store::hash(BOOK),
            since_iso: "2026-01-01T00:00:00.000Z".to_owned(),
        }),
    };
    let opened = house.desk.ledger().ask(move |store| store.open_call(&lost)).await;
    assert_eq!(opened, Ok(Opened::New));
    let mut ids = Vec::new();
    for _ in 0..2 {
        let request = house.request("POST", "/call").header("x-api-key", KEY);
        let answer = request.header("idempotency-key", "again").body(BOOK).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        ids.push(answer["call_id"].as_str().expect("an id").to_owned());
    }
    assert!(ids[0] != "never-began" && ids[0] == ids[1], "{ids:?}");
    assert_eq!(house.get(&format!("/call/{}", ids[0])).await.0, 200);
    // Once over it is the same call for as long as its name counts, whatever has become of its folder.
    house.ended(&ids[0]).await;
    std::fs::remove_dir_all(house.call_dir(&ids[0])).expect("removed");
    let request = house.request("POST", "/call").header("x-api-key", KEY);
    let answer = request.header("idempotency-key", "again").body(BOOK).send().await;
    let answer: Value = answer.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["call_id"], ids[0].as_str());
}
