//! Whole calls to simulated callees, and what they leave behind.

use sim::directory;

use crate::house::{House, Line, house};

async fn shop_call(house: &House) -> String {
    let id = house.place(directory::OPENING_HOURS).await;
    let body = house.ended(&id).await;
    assert_eq!(body["outcome"], "answered", "{body}");
    assert!(body["transcript"].as_array().is_some_and(|lines| lines.len() >= 2), "{body}");
    let truth = house.truths.of(&id).expect("the callee's account");
    assert!(truth.complaints.is_empty(), "{:?}", truth.complaints);
    id
}

fn left_behind(house: &House, id: &str) {
    let dir = house.call_dir(id);
    for file in ["journal.jsonl", "circuit.tape", "transcript.json", "timeline.svg"] {
        let length = std::fs::metadata(dir.join(file)).map(|m| m.len()).unwrap_or(0);
        assert!(length > 100, "{file}: {length} bytes");
    }
    let same = server::replay::replay(&dir, false).expect("readable");
    let same = same.unwrap_or_else(|difference| panic!("{difference}"));
    assert!(same.mind_outputs > 10 && same.torn.is_none(), "{same:?}");
    assert!(same.sound.is_some_and(|(inputs, outputs)| inputs > 100 && outputs > 100), "{same:?}");
    let (callee, agent) = server::recordings::sound(&dir).expect("a recording");
    for (side, sound) in [("callee", callee), ("agent", agent)] {
        let loudest = sound.iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest.is_some_and(|peak| peak > 500), "{side}: {loudest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_pipes() {
    let house = house(Line::Pipes).await;
    let id = shop_call(&house).await;
    left_behind(&house, &id);
    let story = server::timeline::draw(&house.call_dir(&id)).expect("a story");
    assert!(!story.callee.is_empty() && !story.agent.is_empty(), "{story:?}");
    let text = server::timeline::text(&story);
    assert!(text.contains("callee says") && text.contains("agent says"), "{text}");
    fixture(&house, &id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_real_web_socket() {
    let house = house(Line::WebSocket).await;
    let id = shop_call(&house).await;
    left_behind(&house, &id);
}

/// Redacted or cut, a fixture replays; a changed one does not.
fn fixture(house: &House, id: &str) {
    use server::fixture::{Plan, cut};
    let out = house.dir.path().join("redacted");
    cut(&house.call_dir(id), &out, Plan { from: 0.0, to: f64::INFINITY, redact: true })
        .expect("cut");
    let journal = std::fs::read_to_string(out.join("journal.jsonl")).expect("a journal");
    assert!(!journal.contains("opening hours") && !journal.contains("5550144"), "{journal}");
    assert!(server::replay::replay(&out, false).expect("readable").is_ok());
    let out = house.dir.path().join("cut");
    cut(&house.call_dir(id), &out, Plan { from: 0.0, to: 4.0, redact: false }).expect("cut");
    let same = server::replay::replay(&out, false).expect("readable").expect("identical");
    assert!(same.sound.is_some() && same.lasted.as_secs_f64() <= 4.0);
    let changed = std::fs::read_to_string(out.join("journal.jsonl")).expect("a journal").replacen(
        "\"state\":\"dialing\"",
        "\"state\":\"dreaming\"",
        1,
    );
    std::fs::write(out.join("journal.jsonl"), changed).expect("written");
    let difference = server::replay::replay(&out, false).expect("readable").expect_err("changed");
    assert_eq!(difference.place, "journal");
    assert!(difference.detail.contains("dreaming"), "{difference}");
}
