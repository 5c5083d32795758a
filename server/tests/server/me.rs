//! `/me…` and the pages that link a key.

use serde_json::{Value, json};
use server::store::{Grant, Store};
use sim::directory;

use crate::house::{House, KEY, Line, house};

const NOW: &str = "2026-01-01T00:00:00.000Z";

async fn asked(house: &House, method: &str, path: &str, body: &str) -> (u16, Value) {
    let answer = house.ask(method, path, Some(KEY), body.to_owned()).await;
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// Sends a page's form.
async fn send(house: &House, path: &str, form: &str) -> (u16, String) {
    let request =
        house.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form.to_owned()).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

impl House {
    /// Links a key as a person does: by the pages and the code that was sent.
    pub(crate) async fn linked(&self, key: &str, email: &str) {
        let (status, page) = send(self, "/sign-in", &format!("token={key}&email={email}")).await;
        assert_eq!(status, 200, "{page}");
        let (to, code) = self.codes.lock().expect("whole").pop().expect("a code was sent");
        assert_eq!(to, email);
        let form = format!("token={key}&email={email}&code={code}");
        let (status, page) = send(self, "/sign-in/code", &form).await;
        assert!(status == 200 && page.contains(email), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_linked_by_a_code() {
    let house = house(Line::Pipes).await;
    for (method, path) in [
        ("GET", "/me"),
        ("GET", "/me/calls"),
        ("GET", "/me/call-preferences"),
        ("PUT", "/me/call-preferences"),
        ("DELETE", "/me/call-preferences"),
    ] {
        let (status, body) = asked(&house, method, path, "{}").await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("auth_required")), "{path}");
    }
    for path in ["/sign-in", "/sign-up"] {
        let page = house.ask("GET", &format!("{path}?token={KEY}"), None, "").await;
        assert_eq!(
            (page.status().as_u16(), &page.headers()["referrer-policy"]),
            (200, &"no-referrer".parse().expect("a value"))
        );
        let page = page.text().await.expect("text");
        assert!(
            page.contains(KEY) && page.contains("E-mail") && !page.contains("<script"),
            "{page}"
        );
    }
    for bad in ["", "clawcall_sk_unknown", "%22%3E%3Cscript%3E"] {
        let page = house.ask("GET", &format!("/sign-in?token={bad}"), None, "").await;
        assert_eq!(page.status().as_u16(), 401, "{bad}");
        assert!(!page.text().await.expect("text").contains("<script"), "{bad}");
    }
    let (status, page) = send(&house, "/sign-in", &format!("token={KEY}&email=nobody")).await;
    assert!(status == 400 && page.contains("e-mail"), "{page}");
    let (status, _) = send(&house, "/sign-in/code", &format!("token={KEY}&code=000000")).await;
    assert_eq!(status, 401, "no code was sent");
    house.linked(KEY, "ann@example.org").await;
    let (status, me) = asked(&house, "GET", "/me", "").await;
    assert_eq!(
        (status, &me["email"], &me["balanceSeconds"]),
        (200, &json!("ann@example.org"), &json!(600))
    );
    assert!(me["userId"].as_str().is_some_and(|id| !id.is_empty()));
    // Codes are counted: who asks again and again has to wait.
    let mut last = 200;
    for _ in 0..6 {
        last = send(&house, "/sign-in", &format!("token={KEY}&email=bob@example.org")).await.0;
    }
    assert_eq!(last, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preferences_are_replaced_and_used() {
    let house = house(Line::Pipes).await;
    house.linked(KEY, "ann@example.org").await;
    let path = "/me/call-preferences";
    let none = json!({"configured": false, "voice": null, "personality": null, "greeting": null, "inbound": null});
    assert_eq!(asked(&house, "GET", path, "").await, (200, none.clone()));
    let (status, body) =
        asked(&house, "PUT", path, r#"{"voice":"eric","personality":"calm","inbound":null}"#).await;
    assert_eq!((status, &body["voice"], &body["configured"]), (200, &json!("eric"), &json!(true)));
    let id = house.place(directory::BUSY).await;
    assert_eq!(house.ended(&id).await["voice"], "eric");
    // What is left out is reset.
    let (_, body) = asked(&house, "PUT", path, r#"{"greeting":"Hi"}"#).await;
    assert_eq!((&body["voice"], &body["greeting"]), (&Value::Null, &json!("Hi")));
    assert_eq!(asked(&house, "DELETE", path, "").await, (200, none));
    // Incoming calls are for those whose plan has them, and who have a number.
    let inbound = r#"{"inbound":{"instructions":"Take a message.","greeting":"Hello."}}"#;
    let (status, body) = asked(&house, "PUT", path, inbound).await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("inbound_plan_required")));
    let (status, body) = asked(&house, "GET", "/me/calls?direction=inbound", "").await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("inbound_plan_required")));
    let grant =
        |grant: Grant| move |store: &mut Store| store.grant("ann@example.org", "-", &grant, NOW);
    let plan = Grant { inbound: Some(true), ..Grant::default() };
    house.desk.ledger().ask(grant(plan)).await.expect("granted");
    let (status, body) = asked(&house, "PUT", path, inbound).await;
    assert_eq!((status, &body["error"]["code"]), (402, &json!("reserved_number_required")));
    let number = "+12125550100".parse().ok();
    house.desk.ledger().ask(grant(Grant { number, ..Grant::default() })).await.expect("granted");
    let (status, body) = asked(&house, "PUT", path, inbound).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["inbound"]["active_reserved_number"]["phone_number"], "+12125550100");
    let own = r#"{"inbound":{"instructions":"x","greeting":"y","handoff_number":"+12125550100"}}"#;
    let (status, body) = asked(&house, "PUT", path, own).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_handoff_number")));
    // DELETE leaves it, null clears it.
    let (_, body) = asked(&house, "DELETE", path, "").await;
    assert_eq!(body["inbound"]["configured"], true);
    let (_, body) = asked(&house, "PUT", path, r#"{"inbound":null}"#).await;
    assert_eq!(body["inbound"]["configured"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_asked_with_filters_and_limits() {
    let house = house(Line::Pipes).await;
    house.linked(KEY, "ann@example.org").await;
    let mut ids = Vec::new();
    for number in [directory::BUSY, directory::HANGS_UP, directory::REJECTS] {
        let id = house.place(number).await;
        house.ended(&id).await;
        ids.push(id);
    }
    let calls = async |query: &str| {
        let (status, body) = asked(&house, "GET", &format!("/me/calls{query}"), "").await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["recordingWindowMinutes"], 10);
        body["calls"].as_array().expect("a list").clone()
    };
    let all = calls("").await;
    let shown: Vec<_> = all.iter().filter_map(|call| call["id"].as_str()).collect();
    assert_eq!(shown, [&ids[2], &ids[1], &ids[0]]);
    assert_eq!(all[1]["recording_expired"], false);
    assert!(all[1]["recording_available_until"].is_string() && all[1]["recording_url"].is_string());
    assert_eq!(
        (&all[0]["recording_available_until"], &all[0]["recording_expired"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(all[0]["outcome"], "rejected");
    assert_eq!(calls("?limit=1").await.len(), 1);
    assert_eq!(calls("?direction=outbound&limit=200").await.len(), 3);
    let at = all[1]["timestamps"]["finalized_at"].as_str().expect("a time");
    assert_eq!(calls(&format!("?since={at}")).await.len(), 2, "inclusive");
    assert_eq!(calls(&format!("?before={at}")).await.len(), 1);
    assert_eq!(calls("?since=2000-01-01T00:00:00%2B02:00").await.len(), 3);
    assert_eq!(
        calls("?since=2000-01-01T00:00:00+02:00").await.len(),
        3,
        "a plus that became a space"
    );
    for bad in [
        "limit=0",
        "limit=201",
        "limit=x",
        "direction=up",
        "since=now",
        "since=2026-01-01T00:00:00",
        "since=%ff",
    ] {
        let (status, body) = asked(&house, "GET", &format!("/me/calls?{bad}"), "").await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_query")), "{bad}");
    }
}
