//! Calls to reserved numbers: who is let in, how they are greeted, and that the others never reach a
//! stream. The carrier is Twilio, by its signed requests.

use base64_simd::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use server::store::{Grant, Store};
use sha1::Sha1;

use crate::{
    house::{House, KEY, Line, TWILIO, house},
    peer::{Peer, start},
};

const NUMBER: &str = "+12125550100";
const PATH: &str = "/carrier/twilio/voice";

async fn with_number() -> House {
    with_number_on(Line::Manual).await
}

async fn with_number_on(line: Line) -> House {
    let house = house(line).await;
    house.linked(KEY, "ann@example.org").await;
    let grant = Grant { inbound: Some(true), number: NUMBER.parse().ok(), ..Grant::default() };
    let granted = move |store: &mut Store| store.grant("ann@example.org", "-", &grant, "2026");
    house.desk.ledger().ask(granted).await.expect("granted");
    house
}

async fn set(house: &House, inbound: Value) {
    let body = json!({"inbound": inbound}).to_string();
    let answer = house.ask("PUT", "/me/call-preferences", Some(KEY), body).await;
    assert_eq!(answer.status().as_u16(), 200);
}

fn signature(house: &House, fields: &[(&str, &str)]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(TWILIO.as_bytes()).expect("any length");
    mac.update(format!("http://{}{PATH}", house.address).as_bytes());
    let mut fields = fields.to_vec();
    fields.sort_unstable();
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    BASE64.encode_to_string(mac.finalize().into_bytes())
}

async fn tell(house: &House, fields: &[(&str, &str)], signature: &str) -> reqwest::Response {
    let form: Vec<_> =
        fields.iter().map(|(n, v)| format!("{n}={}", v.replace('+', "%2B"))).collect();
    let request = house.request("POST", PATH).header("x-twilio-signature", signature);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(form.join("&")).send().await.expect("an answer")
}

/// What Twilio is told to do with a call.
async fn rings(house: &House, call_sid: &str, to: &str, from: &str) -> String {
    let fields = [("CallSid", call_sid), ("From", from), ("To", to), ("Direction", "inbound")];
    let answer = tell(house, &fields, &signature(house, &fields)).await;
    assert_eq!(answer.status().as_u16(), 200);
    answer.text().await.expect("text")
}

fn token(twiml: &str) -> String {
    let (_, rest) = twiml.split_once("name=\"token\" value=\"").expect("a token");
    rest.split('"').next().expect("its end").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_is_greeted_by_the_profile_and_stands_in_the_history() {
    let house = with_number().await;
    let profile = json!({"instructions": "Take a message.", "greeting": "Ann's assistant.", "handoff_number": "+12125550177"});
    set(&house, profile).await;
    let twiml = rings(&house, "CA1", NUMBER, "+13125550111").await;
    assert!(twiml.contains(&format!("url=\"ws://{}/media/twilio\"", house.address)), "{twiml}");
    // Told twice, it is one call.
    assert_eq!(house.exchange.active(), 1);
    assert!(rings(&house, "CA1", NUMBER, "+13125550111").await.contains("<Stream"));
    assert_eq!(house.exchange.active(), 1);
    let mut peer = Peer::connect(&house).await;
    peer.text(&start(&token(&twiml)).to_string()).await;
    peer.event("media").await;
    // The profile is another now; the call keeps what it began with. The number is in use.
    set(&house, json!({"instructions": "Other.", "greeting": "Other."})).await;
    assert!(
        rings(&house, "CA2", NUMBER, "+13125550112").await.contains("<Reject reason=\"busy\"/>")
    );
    let (status, body) = house.post("/call", r#"{"to":"+12125550123","task":"x"}"#).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("reserved_number_busy")));
    let stop = json!({"event":"stop","streamSid":crate::peer::STREAM,"stop":{"accountSid":"AC1","callSid":"CA1"}});
    peer.text(&stop.to_string()).await;
    let id = telephony::token::verify(b"a secret", &token(&twiml), 0).expect("ours").to_owned();
    let body = house.ended(&id).await;
    assert_eq!((&body["direction"], &body["task"]), (&json!("inbound"), &json!("Take a message.")));
    assert_eq!(body["numbers"]["from"], "+13125550111");
    assert_eq!(body["numbers"]["to"], NUMBER);
    let journal = house.journal(&id);
    assert!(journal.contains("Ann's assistant.") && !journal.contains("Other."), "{journal}");
    // The number of the profile the call began with is told, once.
    let texts = house.texts.lock().expect("whole").clone();
    let [(to, text)] = &texts[..] else { panic!("{texts:?}") };
    assert_eq!(to, "+12125550177");
    assert!(text.starts_with("Call from +13125550111: answered, 0:0"), "{text}");
    let (_, history) = house.get("/me/calls?direction=inbound").await;
    let history: Value = serde_json::from_str(&history).expect("JSON");
    assert_eq!(history["calls"][0]["id"], id.as_str());
    // The line is free again, for calls of its owner too.
    assert_eq!(house.post("/call", r#"{"to":"+12125550123","task":"x"}"#).await.0, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_let_in_is_rejected_at_the_carrier() {
    let house = with_number().await;
    let rejected = "<Reject reason=\"rejected\"/>";
    assert!(rings(&house, "CA1", NUMBER, "+13125550111").await.contains(rejected), "no profile");
    assert!(
        rings(&house, "CA2", "+12125550199", "+13125550111").await.contains(rejected),
        "no owner"
    );
    let profile = |policy: &str| json!({"instructions": "x", "greeting": "Hi.", "policy": policy, "allowlist": ["+13125550111"]});
    set(&house, profile("disabled")).await;
    assert!(rings(&house, "CA3", NUMBER, "+13125550111").await.contains(rejected));
    set(&house, profile("allowlist")).await;
    for stranger in ["+13125550112", "+443125550111", "anonymous", ""] {
        assert!(rings(&house, "CA4", NUMBER, stranger).await.contains(rejected), "{stranger}");
    }
    assert_eq!(house.exchange.active(), 0, "nothing was begun");
    assert!(rings(&house, "CA5", NUMBER, "+13125550111").await.contains("<Stream"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_carrier_tells_of_calls() {
    let house = with_number().await;
    set(&house, json!({"instructions": "x", "greeting": "Hi."})).await;
    let fields = [("CallSid", "CA1"), ("From", "+13125550111"), ("To", NUMBER)];
    let good = signature(&house, &fields);
    let changed = [("CallSid", "CA1"), ("From", "+13125550112"), ("To", NUMBER)];
    for (fields, signature) in [(fields, ""), (fields, "AAAA"), (changed, good.as_str())] {
        let answer = tell(&house, &fields, signature).await;
        assert_eq!(answer.status().as_u16(), 403, "{signature}");
    }
    assert_eq!(house.exchange.active(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_is_handed_to_the_number_of_the_profile() {
    let house = with_number_on(Line::Pipes).await;
    let user = sim::directory::USER;
    set(&house, json!({"instructions": "x", "greeting": "Hi.", "handoff_number": user})).await;
    let twiml = rings(&house, "CA1", NUMBER, "+13125550111").await;
    let id = telephony::token::verify(b"a secret", &token(&twiml), 0).expect("ours").to_owned();
    let mut peer = Peer::connect(&house).await;
    peer.text(&start(&token(&twiml)).to_string()).await;
    peer.event("media").await;
    let (status, body) = house.post(&format!("/v1/calls/{id}/bridge"), "").await;
    assert_eq!(status, 202, "{body}");
    // Who is handed over talks with the user, who hangs up in the end.
    let caller = tokio::spawn(peer.listens());
    let body = house.ended(&id).await;
    caller.abort();
    assert_eq!(body["numbers"]["bridge_from"], user, "{body}");
    assert_eq!(body["outcome_detail"]["hangup_source"], "user", "{body}");
    assert_eq!(body["outcome"], "answered");
    let truth = house.truths.of(&format!("{id}-user")).expect("an account");
    assert!(truth.complaints.is_empty() && !truth.runs.is_empty(), "{truth:?}");
}
