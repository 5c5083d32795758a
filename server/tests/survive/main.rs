//! The program is killed (SIGKILL) at random moments and started again: each call it ever confirmed
//! has its record, right as far as it went.
//!
//! `SURVIVE_KILLS` and `SURVIVE_SEED` say how often and how; `.ci/survive` does it 60 times.

mod program;
mod record;

use std::{collections::BTreeMap, env, fs, path::Path, time::Duration};

use fastrand::Rng;
use serde_json::Value;
use sim::directory;
use tokio::time::{Instant, sleep};

use program::Program;

/// What was written by then is on disk: what the API shows follows within some 20 ms, on a machine
/// that is not busy.
const SETTLES: Duration = Duration::from_millis(300);
/// Calls of old days, in the same folder.
const OLD_CALLS: usize = 3_000;
/// Most calls placed from one start to the next kill.
const CALLS_MAX: usize = 4;
/// Longest time from the first call to the kill, in ms.
const LIVES_MS_MAX: u64 = 3_500;
/// From one look at a call to the next, in ms.
const LOOKS_MS: u64 = 50;

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Folders as finished calls leave them.
fn old_calls(calls_dir: &Path) {
    for call in 0..OLD_CALLS {
        let dir = calls_dir.join(format!("old-{call}"));
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join("journal.jsonl"), "{\"version\":1}\n".repeat(40)).expect("written");
        fs::write(dir.join("transcript.json"), "{}").expect("written");
    }
}

/// What one call last looked like, from outside.
struct Seen {
    body: Value,
    at: Instant,
}

#[tokio::test]
async fn every_call_has_its_record_whenever_the_program_dies() {
    let (kills, seed) = (number("SURVIVE_KILLS", 6), number("SURVIVE_SEED", 1));
    println!("{kills} kills, seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let dir = tempfile::tempdir().expect("a folder");
    let calls_dir = dir.path().join("calls");
    old_calls(&calls_dir);
    let mut calls: BTreeMap<String, Option<Seen>> = BTreeMap::new();
    let mut key = None;
    let (mut slowest, mut lost, mut early) = (Duration::ZERO, 0, 0);
    for kill in 0..=kills {
        let mut program = Program::start(dir.path(), &calls_dir, key.take());
        key = program.key.clone();
        // Now and then it dies before it is ready, while it recovers.
        if (1..kills).contains(&kill) && rng.u8(..6) == 0 {
            sleep(Duration::from_millis(rng.u64(..1_000))).await;
            program.kill();
            early += 1;
            continue;
        }
        slowest = slowest.max(program.ready().await);
        for (id, seen) in std::mem::take(&mut calls) {
            let record = program.show(&id).await;
            lost += usize::from(record::check(&calls_dir.join(&id), &record, seen.map(|s| s.body)));
        }
        if kill == kills {
            break;
        }
        calls = live(&mut program, &mut rng).await;
        program.kill();
        key = program.key.clone();
        // What was seen too late may not be written.
        let killed_at = Instant::now();
        for seen in calls.values_mut() {
            seen.take_if(|seen| killed_at.duration_since(seen.at) < SETTLES);
        }
    }
    let folders = fs::read_dir(&calls_dir).expect("listed").count();
    println!(
        "killed {kills} times, {early} of them before it was ready; {} calls confirmed, {lost} of \
         them lost with their process and recovered; ready {} ms after the start at the latest, \
         beside {OLD_CALLS} old calls",
        folders - OLD_CALLS,
        slowest.as_millis(),
    );
    assert!(lost > 0, "no kill met a call");
}

/// Places calls and looks at them until it is time to die. A call's last look but one counts: what it
/// showed was shown long enough ago.
async fn live(program: &mut Program, rng: &mut Rng) -> BTreeMap<String, Option<Seen>> {
    let callees = [
        directory::OPENING_HOURS,
        directory::RESTAURANT,
        directory::SILENT,
        directory::HANGS_UP,
        directory::BUSY,
        directory::NO_ANSWER,
    ];
    let dies_at = Instant::now() + Duration::from_millis(rng.u64(..LIVES_MS_MAX));
    let mut calls = BTreeMap::new();
    for _ in 0..rng.usize(1..=CALLS_MAX) {
        let to = callees[rng.usize(..callees.len())];
        calls.insert(program.place(to).await, None);
    }
    // The last looks are left out, so that some are old enough.
    while Instant::now() + SETTLES < dies_at {
        for (id, seen) in &mut calls {
            *seen = Some(Seen { body: program.show(id).await, at: Instant::now() });
        }
        sleep(Duration::from_millis(LOOKS_MS)).await;
    }
    tokio::time::sleep_until(dies_at).await;
    calls
}
