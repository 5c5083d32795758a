use std::{fs, path::PathBuf, time::Duration};

use agent::{
    brief::Brief,
    call::{CallConfig, EndedBy, Ending, Input, Line, Output, Policy, Record},
    llm::Role,
};
use media::Mono;
use telephony::{Cause, Control, Direction, Outcome, Signal};
use tokio::sync::mpsc;

use super::*;
use crate::{
    config::Records,
    journal::{Book, First, JOURNAL, Opening, RECORDING, Side, VERSION, Writer},
};

const STARTED: &str = "2026-11-22T03:00:00.000Z";

fn opening(dir: PathBuf) -> Opening {
    let to = "+12125550142".parse().expect("a number");
    let config = CallConfig {
        direction: Direction::Outbound,
        to: Some(to),
        from: None,
        brief: Brief { task: "Ask".to_owned(), ..Brief::default() },
        policy: Policy::default(),
    };
    let first = First {
        version: VERSION,
        call_id: "lost".to_owned(),
        owner: Some("somebody".to_owned()),
        started: STARTED.to_owned(),
        config,
    };
    let inbox = mpsc::channel(1).0;
    Opening {
        dir,
        first,
        records: Records::default(),
        lead: Duration::ZERO,
        has_user: false,
        inbox,
    }
}

fn at(ms: u64) -> Mono {
    // Another origin than the wall's.
    Mono::from_millis(70_000 + ms)
}

/// A call in which somebody has said a word.
fn talk(book: &mut Book) {
    let to = "+12125550142".parse().expect("a number");
    let dial = Control::Dial { to, from: None, ring_seconds_max: 45 };
    let _ = book.input(at(0), Input::Start);
    book.output(at(0), &Output::Control(dial));
    let _ = book.input(at(1_000), Input::Signal(Signal::Ringing));
    let _ = book.input(at(2_500), Input::Signal(Signal::Answered));
    let line = Line {
        role: Role::User,
        text: "Hello?".to_owned(),
        at: at(3_000),
        interrupted: false,
        tool: None,
        arguments: None,
    };
    book.output(at(3_250), &Output::Record(Record::Line { index: 0, line }));
    let _ = book.input(at(7_500), Input::Tick);
}

/// The folder as it was at one moment, somewhere else: the process died then.
fn copy(from: &Path, calls_dir: &Path) -> PathBuf {
    let to = calls_dir.join(from.file_name().expect("a name"));
    fs::create_dir_all(&to).expect("made");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
    to
}

async fn eventually(what: impl Fn() -> bool) {
    let done = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("in time");
}

fn shown(call: &Recovered) -> serde_json::Value {
    serde_json::to_value(call.view.body(platform::Shown::default())).expect("JSON")
}

#[tokio::test]
async fn a_lost_call_ends_where_its_process_died() {
    let dir = tempfile::tempdir().expect("a folder");
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    let writer = Writer::spawn(here.clone(), 0).expect("a thread");
    let opened = writer.open(opening(here.join("lost"))).await;
    let (mut book, mut spool, _) = opened.expect("opened");
    talk(&mut book);
    spool.sound(Side::Callee, at(2_600), &[5; 8_000]);
    spool.turn(at(3_000));
    let journal = here.join("lost").join(JOURNAL);
    eventually(|| fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"tick\""))).await;
    assert_eq!(recover(&here).expect("listed"), [], "it still runs");

    let lost = copy(&here.join("lost"), &there);
    fs::create_dir(there.join(".half-made")).expect("made");
    let torn = [fs::read(&journal).expect("read"), br#"{"at":77600000,"out":{"rec"#.to_vec()];
    fs::write(lost.join(JOURNAL), torn.concat()).expect("written");
    let found = recover(&there).expect("listed");
    let [call] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((call.call_id.as_str(), call.owner.as_deref()), ("lost", Some("somebody")));
    let body = shown(call);
    assert_eq!(body["lifecycle"], "finalized", "{body:#}");
    assert_eq!(body["outcome"], "system_error");
    assert_eq!(body["outcome_detail"]["hangup_cause"], "worker_lost");
    assert_eq!(body["transcript"][0]["text"], "Hello?");
    assert_eq!(body["transcript"][0]["timestamp"], "2026-11-22T03:00:03.250Z");
    assert_eq!(body["timestamps"]["dialing_at"], STARTED);
    assert_eq!(body["timestamps"]["answered_at"], "2026-11-22T03:00:02.500Z");
    assert!(body["talk_seconds"].as_u64() >= Some(5), "{body:#}");
    let text = fs::read_to_string(lost.join(JOURNAL)).expect("a journal");
    assert!(text.ends_with("\n") && !text.contains("77600000"), "{text}");
    assert_eq!(text.matches(r#""dial""#).count(), 1);
    assert!(text.lines().last().is_some_and(|line| line.contains("worker_lost")), "{text}");
    assert!(crate::replay::replay(&lost, false).is_ok());
    hound::WavReader::open(lost.join(RECORDING)).expect("a recording");

    assert_eq!(recover(&there).expect("listed"), [], "once is enough");
    assert_eq!(tell(&there, "lost").expect("read").as_ref(), Some(call), "as it was recovered");
    assert_eq!(tell(&there, "nobody").expect("read"), None);
}

#[tokio::test]
async fn an_end_that_was_written_down_counts() {
    let dir = tempfile::tempdir().expect("a folder");
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    let writer = Writer::spawn(here.clone(), 0).expect("a thread");
    let opened = writer.open(opening(here.join("lost"))).await;
    let (mut book, _spool, _) = opened.expect("opened");
    talk(&mut book);
    let (outcome, cause) = (Outcome::Answered, Cause::NormalClearing);
    let (by, talk_ms) = (EndedBy::Callee, 4_200);
    book.output(at(8_000), &Output::Ended(Ending { outcome, cause, by, talk_ms, digits: vec![] }));
    let journal = here.join("lost").join(JOURNAL);
    eventually(|| fs::read_to_string(&journal).is_ok_and(|text| text.contains("4200"))).await;
    copy(&here.join("lost"), &there);
    let found = recover(&there).expect("listed");
    let body = shown(&found[0]);
    assert_eq!((&body["outcome"], &body["talk_seconds"]), (&"answered".into(), &4.into()));
    assert_eq!(body["timestamps"]["finalized_at"], "2026-11-22T03:00:08.000Z");
}
