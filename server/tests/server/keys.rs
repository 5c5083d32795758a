//! Keys the agent presses, through the wire, as the far end's own detector hears them.

use agent::llm;
use base64_simd::STANDARD as BASE64;
use media::codec::g711::mulaw_decode;
use serde_json::json;
use server::fixture;

use crate::{
    house::{Line, with_dialects},
    peer::Peer,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_leg_presses_keys_as_tones() {
    let house = with_dialects(Line::Manual, |dialects| {
        dialects.llm = Box::new(|_| {
            let press = llm::scripted::Answer::default();
            let press = press.call("press_digits", json!({"digits": "12#"}));
            Box::new(llm::scripted::Scripted::new([press]))
        });
    })
    .await;
    let id = house.place("+12125550123").await;
    let mut peer = Peer::attach(&house, &id).await;
    peer.press(&house, &id, '7').await;
    let (mut detector, mut heard) = (dtmf::Detector::new(), String::new());
    while heard.len() < 3 {
        let media = peer.event("media").await;
        let payload = media["media"]["payload"].as_str().expect("a payload");
        let payload = BASE64.decode_to_vec(payload).expect("base64");
        let samples: Vec<i16> = payload.into_iter().map(mulaw_decode).collect();
        detector.feed(&samples, |press| heard.push(press.digit.as_char()));
    }
    assert_eq!(heard, "12#");
    house.post(&format!("/call/{id}/hangup"), "").await;
    house.ended(&id).await;
    let same = server::replay::replay(&house.call_dir(&id), false).expect("readable");
    assert!(same.is_ok(), "{same:?}");

    // Redacted, neither side's keys are left, and it still replays.
    let out = house.dir.path().join("redacted");
    let plan = fixture::Plan { from: 0.0, to: f64::INFINITY, redact: true };
    fixture::cut(&house.call_dir(&id), &out, plan).expect("cut");
    let journal = std::fs::read_to_string(out.join("journal.jsonl")).expect("a journal");
    let keys = [r#""12#"#, r#""1""#, r#""2""#, r#""7""#];
    assert!(keys.iter().all(|key| !journal.contains(key)), "{journal}");
    let same = server::replay::replay(&out, false).expect("readable");
    assert!(same.is_ok(), "{same:?}");
}
