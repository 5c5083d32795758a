//! Who is refused by the rules of an installation, and what must lose nothing. All codes: `codes`.

use serde_json::{Value, json};
use server::config::Limits;
use sim::directory;

use crate::house::{House, KEY, Line, house, with_limits, with_rules};

async fn refused(house: &House, key: Option<&str>, body: &str) -> (u16, String, Option<String>) {
    let answer = house.ask("POST", "/call", key, body.to_owned()).await;
    let status = answer.status().as_u16();
    let again = answer.headers().get("retry-after").map(|it| it.to_str().expect("text").to_owned());
    let body: Value = answer.json().await.expect("JSON");
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned(), again)
}

fn to(number: &str) -> String {
    json!({"to": number, "task": "Ask."}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rules_of_an_installation() {
    let book = to(directory::NO_ANSWER);
    for (number, code, status) in [
        ("911", "invalid_phone", 400),
        ("+1911", "invalid_phone", 400),
        ("988", "invalid_phone", 400),
        ("+1 (988)", "invalid_phone", 400),
        ("1-911", "invalid_phone", 400),
        ("+19115550123", "forbidden", 403),
        ("+19885550123", "forbidden", 403),
        ("+12129115550", "forbidden", 403),
        ("+442071838750", "invalid_phone", 400),
        ("+19005550123", "forbidden", 403),
        ("+18765550123", "forbidden", 403),
    ] {
        let house = house(Line::Pipes).await;
        let got = refused(&house, Some(KEY), &to(number)).await;
        assert_eq!((got.0, got.1.as_str()), (status, code), "{number}");
    }

    let house = with_rules(Line::Pipes, |rules| rules.new_keys = false).await;
    assert_eq!(refused(&house, None, &book).await.1, "auth_required");
    let house = with_rules(Line::Pipes, |rules| rules.link_required = true).await;
    let got = refused(&house, Some(KEY), &book).await;
    assert_eq!((got.0, got.1.as_str()), (403, "account_link_required"));
    let house = with_rules(Line::Pipes, |rules| {
        rules.quiet.hours = Some("00:00-23:59".to_owned());
    })
    .await;
    let got = refused(&house, Some(KEY), &book).await;
    // One minute a day is loud.
    assert!(got.1 == "forbidden" || got.0 == 201, "{got:?}");
    let house = with_rules(Line::Pipes, |rules| rules.calls_at_once_max = 1).await;
    house.place(directory::NO_ANSWER).await;
    let got = refused(&house, Some(KEY), &book).await;
    assert_eq!((got.0, got.1.as_str()), (429, "quota_exceeded"));
    let house = with_rules(Line::Pipes, |rules| {
        rules.numbers.pool = vec!["+12125550100".parse().expect("a number")];
    })
    .await;
    let id = house.place(directory::NO_ANSWER).await;
    assert_eq!(house.exchange.find(&id).expect("known").body()["numbers"]["from"], "+12125550100");
    let got = refused(&house, Some(KEY), &book).await;
    assert_eq!(got, (503, "number_pool_exhausted".to_owned(), Some("15".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_and_what_is_gone() {
    let house = with_rules(Line::Pipes, |rules| rules.rates.calls.burst = 2).await;
    for _ in 0..2 {
        house.place(directory::BUSY).await;
    }
    let got = refused(&house, Some(KEY), &to(directory::BUSY)).await;
    assert_eq!((got.0, got.1.as_str()), (429, "rate_limited"));
    assert!(got.2.is_some(), "says when to come again");
    let house = with_rules(Line::Pipes, |rules| rules.rates.new_keys.burst = 1).await;
    assert_eq!(refused(&house, None, &to(directory::BUSY)).await.0, 201);
    assert_eq!(refused(&house, None, &to(directory::BUSY)).await.1, "rate_limited");
    let house = with_rules(Line::Pipes, |rules| {
        rules.rates.address = platform::Rate { burst: 3, per_minute: 1 };
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(house.get("/balance").await.0);
    }
    assert_eq!(statuses[..3], [200, 200, 200]);
    assert!(statuses.contains(&429), "{statuses:?}");
    let house = house_of_one().await;
    let (status, body) = house.get("/me/minute-packs").await;
    assert!(status == 410 && body.contains("minute_packs_discontinued"), "{body}");
    house.place(directory::NO_ANSWER).await;
    let got = refused(&house, None, &to(directory::BUSY)).await;
    assert_eq!((got.0, got.1.as_str()), (503, "busy"), "and no key was made");
}

async fn house_of_one() -> House {
    with_limits(Line::Pipes, Limits { calls_max: 1, ..Limits::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_bodies_get_their_exact_error_and_lose_nothing() {
    let house = house(Line::Pipes).await;
    let id = house.place(directory::SILENT).await;
    let sql = "Robert'); DROP TABLE calls;--";
    let long = "x".repeat(256 * 1024 + 1);
    for (body, code) in [
        (json!({}), "missing_fields"),
        (json!([]), "missing_fields"),
        (json!("to"), "missing_fields"),
        (json!({"to": directory::BUSY}), "missing_fields"),
        (json!({"to": directory::BUSY, "task": 7}), "missing_fields"),
        (json!({"to": directory::BUSY, "task": "a\u{0}b"}), "missing_fields"),
        (json!({"to": directory::BUSY, "task": long}), "missing_fields"),
        (json!({"to": 7, "task": "x"}), "missing_fields"),
        (json!({"to": sql, "task": "x"}), "invalid_phone"),
        (json!({"to": directory::BUSY, "task": "x", "bridge_number": "911"}), "invalid_phone"),
        (json!({"to": directory::BUSY, "task": "x", "voice": "hal"}), "invalid_preferences"),
        (json!({"to": directory::BUSY, "task": "x", "voice": sql}), "invalid_preferences"),
        (json!({"to": directory::BUSY, "task": "x", "greeting": {}}), "invalid_preferences"),
    ] {
        let (status, got, _) = refused(&house, Some(KEY), &body.to_string()).await;
        assert_eq!((status, got.as_str()), (400, code), "{:.80}", body.to_string());
    }
    // The longest task, and text that a statement could trip over, are just text.
    let longest =
        json!({"to": directory::BUSY, "task": "ü".repeat(128 * 1024), "personality": sql});
    let (status, body) = house.post("/call", longest.to_string()).await;
    assert_eq!(status, 201, "{body}");
    let placed = body["call_id"].as_str().expect("an id");
    assert_eq!(house.ended(placed).await["personality"], sql);
    assert_eq!(house.get(&format!("/call/{id}")).await.0, 200);
}
