//! The table of codes (ClawCall API §2.12): each of them is reached from outside, with its status, in the
//! one envelope, and with links that are passed on byte for byte.

use std::collections::BTreeMap;

use platform::{Code, Rate, Tier};
use serde_json::{Value, json};
use server::store::{Grant, Store};
use sim::directory;

use crate::{
    carriers::Silent,
    house::{House, KEY, Line, house, with_rules},
};

const EMAIL: &str = "ann@example.org";

/// Every answer that was an error: by code, its status and what is in its envelope.
#[derive(Default)]
struct Seen(BTreeMap<String, (u16, Value)>);

impl Seen {
    async fn ask(
        &mut self,
        house: &House,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Value,
    ) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = house.ask(method, path, key, body).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        assert!(status >= 400, "{method} {path}: {body}");
        let whole = body.as_object().expect("an object");
        assert!(whole.len() == 1 && whole["error"].is_object(), "{body}");
        let error = whole["error"].as_object().expect("an object");
        for (name, value) in error {
            match name.as_str() {
                "code" | "message" => assert!(value.as_str().is_some_and(|it| !it.is_empty())),
                "action" | "quota" => assert!(value.is_object()),
                other => panic!("{other} in {body}"),
            }
        }
        let code = error["code"].as_str().expect("a code").to_owned();
        self.0.insert(code, (status, body["error"].clone()));
    }

    async fn place(&mut self, house: &House, body: Value) {
        self.ask(house, "POST", "/call", Some(KEY), body).await;
    }
}

fn call(to: &str) -> Value {
    json!({"to": to, "task": "Ask."})
}

async fn granted(house: &House, grant: Grant) {
    let give = move |store: &mut Store| store.grant(EMAIL, "ann", &grant, "2026");
    house.desk.ledger().ask(give).await.expect("granted");
}

async fn of_one_house(seen: &mut Seen) {
    let house = house(Line::Pipes).await;
    seen.place(&house, json!({})).await;
    seen.place(&house, call("12")).await;
    seen.place(&house, call("+19005550123")).await;
    seen.place(&house, json!({"to": directory::BUSY, "task": "x", "voice": "hal"})).await;
    let none = Value::Null;
    for (path, key) in [
        ("/balance", None),
        ("/balance", Some("clawcall_sk_nobody")),
        ("/recordings/nothing", None),
        ("/call/nobody", Some(KEY)),
        ("/me/minute-packs", Some(KEY)),
    ] {
        seen.ask(&house, "GET", path, key, none.clone()).await;
    }
    let busy = house.place(directory::BUSY).await;
    house.ended(&busy).await;
    let recording = format!("/call/{busy}/recording");
    seen.ask(&house, "GET", &recording, Some(KEY), none.clone()).await;
    let say = format!("/v1/calls/{busy}/say");
    seen.ask(&house, "POST", &say, Some(KEY), json!({"text": "Hello"})).await;

    house.linked(KEY, EMAIL).await;
    seen.ask(&house, "GET", "/me/calls?limit=0", Some(KEY), none).await;
    let path = "/me/call-preferences";
    let inbound = |value: Value| json!({"inbound": value});
    let good = inbound(json!({"instructions": "x", "greeting": "y"}));
    seen.ask(&house, "PUT", path, Some(KEY), good.clone()).await;
    granted(&house, Grant { inbound: Some(true), ..Grant::default() }).await;
    seen.ask(&house, "PUT", path, Some(KEY), good).await;
    let number = directory::USER.parse().ok();
    granted(&house, Grant { number, ..Grant::default() }).await;
    seen.ask(&house, "PUT", path, Some(KEY), inbound(json!({"greeting": "y"}))).await;
    let own = json!({"instructions": "x", "greeting": "y", "handoff_number": directory::USER});
    seen.ask(&house, "PUT", path, Some(KEY), inbound(own)).await;
    house.place(directory::NO_ANSWER).await;
    seen.place(&house, call(directory::NO_ANSWER)).await;
}

/// Free calls that are used up, before the key is linked and after; then a balance that is.
async fn of_who_has_nothing_left(seen: &mut Seen) {
    let house = with_rules(Line::Pipes, |rules| {
        (rules.trial.calls, rules.trial.seconds) = (0, 0);
    })
    .await;
    seen.place(&house, call(directory::BUSY)).await;
    let sign = |what: &str| format!("http://{}/sign-{what}?token={KEY}", house.address);
    let action = seen.0["trial_exhausted"].1["action"].clone();
    assert_eq!((&action["url"], &action["sign_in_url"]), (&json!(sign("up")), &json!(sign("in"))));
    house.linked(KEY, EMAIL).await;
    seen.place(&house, call(directory::BUSY)).await;
    assert_eq!(seen.0["plan_required"].1["action"]["url"], sign("in"));
    granted(&house, Grant { tier: Some(Tier::Paid), ..Grant::default() }).await;
    seen.place(&house, call(directory::BUSY)).await;
    for code in ["trial_exhausted", "plan_required", "balance_depleted"] {
        let quota = seen.0[code].1["quota"].as_object().expect("figures");
        let names: Vec<_> = quota.keys().map(String::as_str).collect();
        assert_eq!(names, ["limit_seconds", "remaining_seconds", "tier", "used_seconds"], "{code}");
    }
}

async fn of_other_rules(seen: &mut Seen) {
    let house = with_rules(Line::Pipes, |rules| rules.link_required = true).await;
    seen.place(&house, call(directory::BUSY)).await;
    let sign_up = format!("http://{}/sign-up?token={KEY}", house.address);
    assert_eq!(seen.0["account_link_required"].1["action"]["url"], sign_up);
    let house = with_rules(Line::Pipes, |rules| rules.calls_at_once_max = 1).await;
    house.place(directory::NO_ANSWER).await;
    seen.place(&house, call(directory::BUSY)).await;
    let house = with_rules(Line::Pipes, |rules| {
        rules.rates.key = Rate { burst: 1, per_minute: 1 };
    })
    .await;
    assert_eq!(house.get("/balance").await.0, 200);
    seen.ask(&house, "GET", "/balance", Some(KEY), Value::Null).await;
    let house = with_rules(Line::Pipes, |rules| {
        rules.numbers.pool = vec!["+12125550100".parse().expect("a number")];
    })
    .await;
    house.place(directory::NO_ANSWER).await;
    seen.place(&house, call(directory::BUSY)).await;
}

async fn of_what_is_broken(seen: &mut Seen) {
    let house = house(Line::Own(Box::new(Silent::out_of_order()))).await;
    seen.place(&house, call(directory::BUSY)).await;
    let house = with_rules(Line::Pipes, |_| {}).await;
    let calls = house.dir.path().join("calls");
    std::fs::remove_dir_all(&calls).expect("removed");
    std::fs::write(&calls, "no folder").expect("written");
    seen.place(&house, call(directory::BUSY)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_is_reached_from_outside() {
    let mut seen = Seen::default();
    of_one_house(&mut seen).await;
    of_who_has_nothing_left(&mut seen).await;
    of_other_rules(&mut seen).await;
    of_what_is_broken(&mut seen).await;
    let found: Vec<_> = seen.0.iter().map(|(code, (status, _))| (code.as_str(), *status)).collect();
    let mut wanted: Vec<_> = Code::ALL.iter().map(|code| code.row()).collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}
