//! Bodies that no route can use: each gets its exact error, and nothing of what was there is lost.

use serde_json::{Value, json};
use sim::directory;

use crate::house::{House, KEY, Line, house};

const PREFERENCES: &str = "/me/call-preferences";
const SQL: &str = "'; DROP TABLE calls; --";

async fn asked(house: &House, method: &str, path: &str, body: Vec<u8>) -> (u16, String) {
    let answer = house.ask(method, path, Some(KEY), body).await;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("JSON");
    let error = &body["error"];
    assert!(error["message"].as_str().is_some_and(|it| !it.is_empty()), "{path}: {body}");
    (status, error["code"].as_str().expect("a code").to_owned())
}

/// What must be the same before and after.
async fn kept(house: &House, live: &str) -> Vec<String> {
    let mut kept = Vec::new();
    for path in [PREFERENCES, "/v1/webhook", "/me", "/me/calls"] {
        let (status, body) = house.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        kept.push(body);
    }
    kept.push(house.exchange.find(live).expect("known").body()["lifecycle"].to_string());
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_is_confused_by_a_body() {
    let house = house(Line::Pipes).await;
    house.linked(KEY, "ann@example.org").await;
    let live = house.place(directory::SILENT).await;
    house.reaches(&live, "answered").await;
    let set = |method: &'static str, path: &'static str, body: Value| {
        let house = &house;
        async move {
            let answer = house.ask(method, path, Some(KEY), body.to_string()).await;
            assert_eq!(answer.status(), 200);
        }
    };
    set("PUT", PREFERENCES, json!({"voice": "eric", "personality": SQL})).await;
    set("PUT", "/v1/webhook", json!({"url": "https://hooks.example/"})).await;
    let before = kept(&house, &live).await;

    let say = format!("/v1/calls/{live}/say");
    let digits = format!("/v1/calls/{live}/digits");
    let routes = [
        ("POST", "/call", "missing_fields"),
        ("PUT", PREFERENCES, "missing_fields"),
        ("PUT", "/v1/webhook", "missing_fields"),
        ("POST", &say, "missing_fields"),
        ("POST", &digits, "missing_fields"),
    ];
    for (method, path, code) in routes {
        let broken: [&[u8]; 7] =
            [b"", b"{", b"null", b"[1]", b"\"text\"", b"{\"to\":\"\xff\xfe\"}", b"{\"a\":1}}"];
        for body in broken {
            let got = asked(&house, method, path, body.to_vec()).await;
            assert_eq!(got, (400, code.to_owned()), "{path} {}", String::from_utf8_lossy(body));
        }
        let got = asked(&house, method, path, vec![b' '; 10 << 20]).await;
        assert_eq!(got, (413, "body_too_large".to_owned()), "{path}");
    }
    let number = directory::BUSY;
    for (method, path, body, status, code) in [
        ("POST", "/call", json!({"to": null, "task": "x"}), 400, "missing_fields"),
        ("POST", "/call", json!({"to": number, "task": {"a": 1}}), 400, "missing_fields"),
        ("POST", "/call", json!({"to": number, "task": ""}), 400, "missing_fields"),
        ("POST", "/call", json!({"to": SQL, "task": SQL}), 400, "invalid_phone"),
        ("POST", "/call", json!({"to": "+442071838750", "task": "x"}), 400, "invalid_phone"),
        (
            "POST",
            "/call",
            json!({"to": number, "task": "x", "voice": 7}),
            400,
            "invalid_preferences",
        ),
        ("PUT", PREFERENCES, json!({"voice": SQL}), 400, "invalid_preferences"),
        ("PUT", PREFERENCES, json!({"greeting": 7}), 400, "invalid_preferences"),
        ("PUT", "/v1/webhook", json!({"url": SQL}), 400, "invalid_url"),
        ("POST", &say, json!({"text": 7}), 400, "missing_fields"),
        ("POST", &digits, json!({"digits": SQL}), 400, "invalid_digits"),
        ("POST", &digits, json!({"digits": ["1"]}), 400, "missing_fields"),
    ] {
        let got = asked(&house, method, path, body.to_string().into_bytes()).await;
        assert_eq!(got, (status, code.to_owned()), "{path} {body}");
    }
    assert_eq!(kept(&house, &live).await, before);
    // As text, where text may be, it is text.
    let body = json!({"to": number, "task": SQL, "personality": SQL, "greeting": SQL});
    let (status, placed) = house.post("/call", body.to_string()).await;
    assert_eq!(status, 201, "{placed}");
    let shown = house.ended(placed["call_id"].as_str().expect("an id")).await;
    for field in ["task", "personality", "greeting"] {
        assert_eq!(shown[field], SQL);
    }
    // `PUT` replaced the whole: what it had is what the next calls have.
    assert_eq!(shown["voice"], "eric");
}
