//! The user is called into a live call: two lines, two circuits, both ways in.

use agent::llm::brain::Brain;
use sim::directory;

use crate::house::{House, Line, with_dialects};

/// Somebody silent is called, the user is rung, talks, and hangs up.
async fn joins(line: Line) {
    let house = with_dialects(line, |dialects| {
        dialects.llm = Box::new(|brief| Box::new(Brain::new(brief)));
    })
    .await;
    let (callee, user) = (directory::SILENT, directory::USER);
    let task = "When a person answers, connect me.";
    let body = format!(r#"{{"to":"{callee}","task":"{task}","bridge_number":"{user}"}}"#);
    let (status, body) = house.post("/call", body).await;
    assert_eq!(status, 201, "{body}");
    let id = body["call_id"].as_str().expect("an id").to_owned();
    let body = house.ended(&id).await;
    assert_eq!(body["outcome"], "answered", "{body}");
    assert_eq!(body["outcome_detail"]["hangup_source"], "user", "{body}");
    assert_eq!(body["numbers"]["bridge_from"], user, "{body}");
    let lines = body["transcript"].to_string();
    assert!(lines.contains("I'm connecting you now."), "{lines}");
    assert!(!lines.contains("your assistant"), "the announcement is not the callee's: {lines}");
    for who in [id.clone(), format!("{id}-user")] {
        let truth = house.truths.of(&who).expect("an account");
        assert!(truth.complaints.is_empty(), "{who}: {:?}", truth.complaints);
    }
    left_behind(&house, &id);
}

/// Both tapes replay, and the recording has what the user said to the callee.
fn left_behind(house: &House, id: &str) {
    let dir = house.call_dir(id);
    let tape = std::fs::metadata(dir.join("user.tape")).expect("the user's tape").len();
    assert!(tape > 50_000, "{tape} bytes");
    let same = server::replay::replay(&dir, false).expect("readable");
    let same = same.unwrap_or_else(|difference| panic!("{difference}"));
    let callee_alone = std::fs::metadata(dir.join("circuit.tape")).expect("a tape").len();
    assert!(same.torn.is_none() && callee_alone > 50_000, "{same:?}");
    let wav = hound::WavReader::open(dir.join("recording.wav")).expect("a recording");
    let samples: Vec<i16> = wav.into_samples().map(|s| s.expect("whole")).collect();
    let said: Vec<i16> = samples.into_iter().skip(1).step_by(2).collect();
    // The user's last words, a few seconds before the end.
    let last = &said[said.len().saturating_sub(8 * 8000)..];
    assert!(last.iter().any(|sample| sample.unsigned_abs() > 500), "nobody spoke");
    // A cut fixture replays as well.
    let out = house.dir.path().join(format!("{id}-cut"));
    let plan = server::fixture::Plan { from: 0.0, to: 1e9, redact: false };
    server::fixture::cut(&dir, &out, plan).expect("cut");
    assert!(out.join("user.tape").exists());
    assert!(server::replay::replay(&out, false).expect("readable").is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_user_is_called_in_over_pipes() {
    joins(Line::Pipes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_user_is_called_in_over_the_real_web_socket() {
    joins(Line::WebSocket).await;
}
