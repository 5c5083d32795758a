//! Whole calls in virtual time: one scripted to the word, many at random against a simple reference.

use std::sync::Arc;

use agent::{
    brief::Brief,
    call::{CallConfig, EndedBy, Policy, Record},
    llm::{self, Role},
    stt, tts,
};
use fastrand::Rng;
use media::{
    Mono,
    circuit::{CircuitConfig, Event},
};
use sim::{
    callee::{Answer, Patience, Score, Script, Sound, Step},
    line::{Dialect, LineConfig},
    world::{Minds, World, WorldConfig, plain_judge},
};
use telephony::{Cause, Direction, Outcome};

/// A word of the scripted voice, in samples.
const WORD_SAMPLES: u64 = 300 * 8;

fn script(answer: Answer, steps: Vec<Step>) -> Script {
    Script { name: "callee".into(), answer, jitter_ms: 60, background: None, steps }
}

fn world(
    script: &Script,
    heard: &[&str],
    answers: Vec<llm::scripted::Answer>,
    policy: Policy,
    seed: u64,
) -> World {
    let score = Arc::new(Score::mumbled(script).expect("a score"));
    let dialect = if seed.is_multiple_of(2) { Dialect::Twilio } else { Dialect::Loopback };
    let line = LineConfig { seed, dialect, ..LineConfig::new(score) };
    let call = CallConfig {
        direction: Direction::Outbound,
        to: "+12125550142".parse().ok(),
        from: None,
        brief: Brief { task: "Ask whether they are open.".into(), ..Brief::default() },
        policy,
    };
    let heard: Vec<String> = heard.iter().map(|&text| text.to_owned()).collect();
    let minds = Minds {
        stt: Box::new(stt::scripted::Scripted::new(heard, stt::scripted::Config::default())),
        llm: Box::new(ByTurn { answers, now: llm::scripted::Scripted::new([]) }),
        tts: Box::new(tts::scripted::Scripted::new(tts::scripted::Script::default())),
        judge: Box::new(plain_judge),
        callee: None,
    };
    let config =
        WorldConfig { line, call, circuit: CircuitConfig::default(), wire_ms: 10, judge_ms: 5 };
    World::new(config, minds)
}

/// Answers by how often the callee has spoken, so that a thought that is dropped and thought again
/// gets the same answer.
struct ByTurn {
    answers: Vec<llm::scripted::Answer>,
    now: llm::scripted::Scripted,
}

impl llm::Dialect for ByTurn {
    fn handle(&mut self, now: Mono, input: llm::Input<'_>) {
        if let llm::Input::Think { prompt, .. } = input {
            let turns = prompt.messages.iter().filter(|m| m.role == Role::User).count();
            let answer = self.answers.get(turns.saturating_sub(1)).cloned();
            self.now = llm::scripted::Scripted::new(answer);
        }
        self.now.handle(now, input);
    }

    fn poll(&mut self) -> Option<llm::Output> {
        self.now.poll()
    }

    fn deadline(&self) -> Option<Mono> {
        self.now.deadline()
    }
}

fn say(text: &str) -> llm::scripted::Answer {
    llm::scripted::Answer { first_ms: 120, gap_ms: 10, ..llm::scripted::Answer::say(text) }
}

#[test]
fn a_scripted_conversation_from_answer_to_farewell() {
    let steps = vec![
        Step::Say(Sound::Burst(900)),
        Step::Listen(Patience::default()),
        Step::Say(Sound::Burst(1_200)),
        Step::Listen(Patience::default()),
        Step::Say(Sound::Burst(500)),
    ];
    let script = script(Answer::After { ring_ms: 1_000 }, steps);
    let answers = vec![
        say("Hello, are you open on Sunday?"),
        say("Thank you very much. Until when?"),
        say("Thank you. Goodbye!").call("hang_up", serde_json::json!({})),
    ];
    let heard = ["Corner Hardware, hello?", "Yes, we open at nine.", "Until six."];
    let mut world = world(&script, &heard, answers, Policy::default(), 2);
    world.run(Mono::from_millis(120_000));
    let log = world.log();
    let ending = log.ended().expect("an end");
    assert_eq!((ending.outcome, ending.by), (Outcome::Answered, EndedBy::Us), "{:?}", log.states());
    assert_eq!(log.said_by(Role::User), heard);
    let said = log.said_by(Role::Assistant).join(" ");
    for words in ["open on Sunday?", "Until when?", "Goodbye!"] {
        assert!(said.contains(words), "{said}");
    }
    let line = world.line().expect("a line");
    let counts = line.counts();
    assert_eq!(counts.lost_at_end + counts.cleared, 0, "the farewell was heard to its end");
    assert_eq!(counts.received, log.sent_samples);
    assert!(line.complaints().is_empty(), "{:?}", line.complaints());
    assert_eq!(line.underruns(60).len(), 0, "{:?}", line.underruns(60));
    assert_eq!(log.faults.len() + log.ignored.len(), 0, "{:?} {:?}", log.faults, log.ignored);
}

#[test]
fn an_interruption_cuts_the_transcript_to_what_was_heard() {
    let steps = vec![
        Step::Say(Sound::Burst(700)),
        Step::Interrupt { after_ms: 2_000, with: Sound::Burst(1_000), timeout_ms: 9_000 },
        Step::Listen(Patience::default()),
        Step::HangUp,
    ];
    let script = script(Answer::After { ring_ms: 100 }, steps);
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen.";
    let answers = vec![say(long), say("Certainly, go ahead.")];
    let mut world = world(&script, &["Hello?", "Stop please."], answers, Policy::default(), 4);
    world.run(Mono::from_millis(60_000));
    let log = world.log();
    let line = world.line().expect("a line");
    let barge_ins = line.barge_ins();
    assert_eq!(barge_ins.len(), 1, "{:?}", log.sounds);
    assert!(barge_ins[0].reaction_ms <= 180, "{barge_ins:?}");
    assert!(log.sounds.iter().any(|(_, event)| matches!(event, Event::Interrupted { .. })));
    let lines = log.lines();
    let cut = lines.iter().find(|line| line.interrupted).expect("an interrupted line");
    let kept = cut.text.split_whitespace().count() as i64;
    let heard = (barge_ins[0].stopped_sample - line.runs()[0].from_sample) / WORD_SAMPLES;
    assert!((kept - heard as i64).abs() <= 1, "kept {kept} of {:?}, heard {heard}", cut.text);
}

#[test]
fn a_cough_ends_nothing() {
    let steps = vec![
        Step::Say(Sound::Burst(700)),
        Step::Noise { after_ms: 1_000, sound: Sound::Cough },
        Step::Noise { after_ms: 600, sound: Sound::Click },
        Step::Listen(Patience::default()),
        Step::HangUp,
    ];
    let script = script(Answer::After { ring_ms: 100 }, steps);
    let answers = vec![say("one two three four five six seven eight nine ten eleven twelve.")];
    let mut world = world(&script, &["Hello?"], answers, Policy::default(), 6);
    world.run(Mono::from_millis(60_000));
    let line = world.line().expect("a line");
    assert_eq!(line.errand().noises.len(), 2);
    let counts = line.counts();
    assert_eq!((counts.cleared, counts.lost_at_end), (0, 0), "{:?}", world.log().sounds);
    assert_eq!(counts.played, 12 * WORD_SAMPLES);
}

#[test]
fn calls_that_nobody_takes() {
    let table = [
        (Answer::Busy, Outcome::Busy),
        (Answer::Unallocated, Outcome::InvalidNumber),
        (Answer::Unreachable, Outcome::Unreachable),
        (Answer::Reject { ring_ms: 900 }, Outcome::Rejected),
        (Answer::Never { ring_ms_max: 20_000 }, Outcome::NoAnswer),
    ];
    for (index, (answer, outcome)) in table.into_iter().enumerate() {
        for seed in [0, 1] {
            let script = script(answer, vec![]);
            let mut world = world(&script, &[], vec![], Policy::default(), seed);
            world.run(Mono::from_millis(120_000));
            let ended = world.log().ended().map(|ending| ending.outcome);
            assert_eq!(ended, Some(outcome), "{index}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_call() {
    let run = || {
        let (mut world, _) = random(99);
        world.run(Mono::from_millis(60_000));
        format!("{:?} {:?}", world.log().call, world.log().sounds)
    };
    assert_eq!(run(), run());
}

/// A call in which everybody does something at some time.
fn random(seed: u64) -> (World, usize) {
    let mut rng = Rng::with_seed(seed);
    let mut steps = Vec::new();
    for _ in 0..rng.usize(1..7) {
        let burst = Sound::Burst(rng.u32(150..1_800));
        steps.push(match rng.u8(0..10) {
            0..3 => Step::Say(burst),
            3..5 => Step::Listen(Patience { silence_ms: rng.u32(300..900), timeout_ms: 3_000 }),
            5 => Step::Interrupt { after_ms: rng.u32(60..2_000), with: burst, timeout_ms: 3_000 },
            6 => Step::Noise { after_ms: rng.u32(0..1_500), sound: Sound::Cough },
            7 => Step::Noise { after_ms: rng.u32(0..1_500), sound: Sound::Click },
            8 => Step::Press { digits: "12#".into() },
            _ => Step::Pause { ms: rng.u32(20..1_500) },
        });
    }
    if rng.bool() {
        steps.push(Step::HangUp);
    }
    let script = script(Answer::After { ring_ms: rng.u32(0..500) }, steps);
    let mut words = 0;
    let answers = (0..6).map(|index| {
        let count = rng.usize(1..14);
        words += count;
        let text: Vec<String> = (0..count).map(|word| format!("w{index}x{word}")).collect();
        let answer = say(&format!("{}.", text.join(" ")));
        if rng.u8(0..6) == 0 { answer.call("hang_up", serde_json::json!({})) } else { answer }
    });
    let answers: Vec<_> = answers.collect();
    let policy = Policy { duration_ms_max: 12_000, silence_ms_max: 3_000, ..Policy::default() };
    let heard = ["Hello there.", "Yes.", "What was that again?", "No, I think.", "Fine."];
    (world(&script, &heard, answers, policy, seed), words)
}

/// Where a state stands; calls only move forward.
fn rank(state: &str) -> usize {
    let states = ["queued", "dialing", "connecting", "conversing", "bridged", "closing", "ended"];
    let rank = states.iter().position(|name| *name == state);
    rank.unwrap_or_else(|| panic!("{state} is not a state"))
}

/// Checks one; whether we spoke, and whether we were interrupted.
fn check(seed: u64) -> (bool, bool) {
    let (mut world, _) = random(seed);
    world.run(Mono::from_millis(60_000));
    let log = world.log();
    assert_eq!(log.endings().count(), 1, "seed {seed}: {:?}", log.states());
    assert!(!log.spinning, "seed {seed}: spinning");
    let ranks: Vec<usize> = log.states().into_iter().map(rank).collect();
    assert!(ranks.is_sorted(), "seed {seed}: {:?}", log.states());
    let line = world.line().expect("a line");
    assert_ne!(line.ended().map(|(cause, _)| cause), Some(Cause::MediaLost), "seed {seed}");
    assert_eq!(log.faults, [], "seed {seed}");
    assert_eq!(line.complaints().iter().filter(|c| !c.contains("while the call")).count(), 0);

    // Every sample that reached the carrier was heard once, cleared once, or lost with the call.
    let counts = line.counts();
    assert_eq!(counts.received, counts.played + counts.cleared + counts.lost_at_end, "seed {seed}");
    assert!(counts.received <= log.sent_samples, "seed {seed}");
    let in_runs: u64 = line.runs().iter().map(|run| run.to_sample - run.from_sample).sum();
    assert_eq!(in_runs, counts.played, "seed {seed}");

    // What we say we said was heard, within one word per cut.
    let lines = log.lines();
    let own = lines.iter().filter(|line| line.role == Role::Assistant && line.tool.is_none());
    let (mut kept, mut cuts) = (0_u64, 1_u64);
    for line in own {
        kept += line.text.split_whitespace().count() as u64;
        cuts += u64::from(line.interrupted);
    }
    let heard = counts.played / WORD_SAMPLES;
    let reports: Vec<_> = log
        .call
        .iter()
        .filter(|(_, o)| matches!(o, agent::call::Output::Record(Record::Line { .. })))
        .collect();
    assert!(kept <= heard + cuts, "seed {seed}: kept {kept}, heard {heard}: {reports:?}");
    assert!(heard <= kept + cuts, "seed {seed}: kept {kept}, heard {heard}: {reports:?}");
    let cut = log.sounds.iter().any(|(_, event)| matches!(event, Event::Interrupted { .. }));
    (counts.played > 0, cut)
}

/// Checks many, and that enough happened in them to mean something.
fn check_all(seeds: std::ops::Range<u64>) {
    let count = seeds.end - seeds.start;
    let (mut spoke, mut cut) = (0, 0);
    for seed in seeds {
        let (spoken, interrupted) = check(seed);
        spoke += u64::from(spoken);
        cut += u64::from(interrupted);
    }
    assert!(spoke * 4 > count * 3 && cut * 10 > count, "{spoke} spoke, {cut} were interrupted");
}

#[test]
fn random_conversations_agree_with_the_reference() {
    check_all(0..500);
}

#[test]
fn more_random_conversations_agree_with_the_reference() {
    check_all(500..1_000);
}

/// A long utterance, and something over it after so much of it.
fn over_a_long_utterance(step: Step, seed: u64) -> World {
    let steps = vec![
        Step::Say(Sound::Burst(700)),
        step,
        Step::Listen(Patience { silence_ms: 600, timeout_ms: 10_000 }),
        Step::HangUp,
    ];
    let words: Vec<String> = (0..14).map(|word| format!("w{word}")).collect();
    let answers = vec![say(&format!("{}.", words.join(" ")))];
    let script = script(Answer::After { ring_ms: 100 }, steps);
    let mut world = world(&script, &["Hello?", "Wait please."], answers, Policy::default(), seed);
    world.run(Mono::from_millis(60_000));
    world
}

#[test]
fn two_hundred_interruptions_stop_us_in_time() {
    let mut rng = Rng::with_seed(17);
    let mut reactions_ms = Vec::new();
    for seed in 0..200 {
        let after_ms = rng.u32(100..3_000);
        let with = Sound::Burst(rng.u32(700..1_500));
        let step = Step::Interrupt { after_ms, with, timeout_ms: 9_000 };
        let world = over_a_long_utterance(step, seed);
        let line = world.line().expect("a line");
        assert_eq!(line.barge_ins().len(), 1, "seed {seed}: {:?}", world.log().sounds);
        reactions_ms.extend(line.barge_ins().iter().map(|barge_in| barge_in.reaction_ms));
    }
    reactions_ms.sort_unstable();
    let (p50, p99) = (reactions_ms[100], reactions_ms[197]);
    println!("from the callee's first sample to silence at the callee: p50 {p50} ms, p99 {p99} ms");
    assert!(p50 <= 100 && p99 <= 180, "p50 {p50} ms, p99 {p99} ms");
}

#[test]
fn two_hundred_noises_end_nothing() {
    let mut rng = Rng::with_seed(18);
    for seed in 0..200 {
        let sound = [Sound::Cough, Sound::Click, Sound::LineNoise(600)][rng.usize(0..3)].clone();
        let step = Step::Noise { after_ms: rng.u32(100..3_000), sound };
        let world = over_a_long_utterance(step, seed);
        let line = world.line().expect("a line");
        let counts = line.counts();
        assert_eq!(counts.cleared + counts.lost_at_end, 0, "seed {seed}: {:?}", world.log().sounds);
        assert_eq!(counts.played, 14 * WORD_SAMPLES, "seed {seed}");
    }
}
