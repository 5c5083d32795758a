//! The line against the real translators, and against a reference account of every sample.

use std::time::Duration;

use media::circuit::MarkId;
use proptest::prelude::*;
use telephony::{
    Loopback, Translator, Twilio,
    stream::{Incoming, Kind, Outgoing},
};

use super::*;
use crate::{
    callee::{Patience, Question, Script, Sound, Step},
    sound,
};

fn script(steps: Vec<Step>) -> Script {
    Script {
        name: "test".into(),
        answer: Answer::After { ring_ms: 500 },
        jitter_ms: 0,
        background: None,
        steps,
    }
}

fn config(steps: Vec<Step>) -> LineConfig {
    LineConfig::new(Arc::new(Score::mumbled(&script(steps)).expect("a score")))
}

/// An agent with a translator, in virtual time, that talks when told.
struct Agent {
    line: Line,
    translator: Box<dyn Translator>,
    now: Mono,
    audio_bytes: usize,
    digits: String,
    marks: Vec<u32>,
    faults: Vec<&'static str>,
    fatal: bool,
    progress: Vec<String>,
    stopped: bool,
    closed: bool,
    started_at: Option<Mono>,
}

impl Agent {
    fn new(config: LineConfig) -> Self {
        let translator: Box<dyn Translator> = match config.dialect {
            Dialect::Twilio => Box::new(Twilio::new()),
            Dialect::Loopback => Box::new(Loopback::new()),
        };
        let mut agent = Self {
            line: Line::new(config, Mono::ZERO),
            translator,
            now: Mono::ZERO,
            audio_bytes: 0,
            digits: String::new(),
            marks: Vec::new(),
            faults: Vec::new(),
            fatal: false,
            progress: Vec::new(),
            stopped: false,
            closed: false,
            started_at: None,
        };
        agent.tick(Mono::ZERO);
        agent
    }

    fn tick(&mut self, now: Mono) {
        self.now = now;
        self.line.handle(now, LineInput::Tick);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.line.poll() {
            let wire = match output {
                LineOutput::Message(wire) => wire,
                LineOutput::Progress(signal) => {
                    self.progress.push(format!("{signal:?}"));
                    continue;
                }
                LineOutput::Recognise { .. } => continue,
                LineOutput::Closed => {
                    self.closed = true;
                    continue;
                }
            };
            match self.translator.read(wire.message()) {
                Ok(Some(Incoming::Audio { payload })) => self.audio_bytes += payload.len(),
                Ok(Some(Incoming::Digit(digit))) => self.digits.push(digit.as_char()),
                Ok(Some(Incoming::Mark(mark))) => self.marks.push(mark.0),
                Ok(Some(Incoming::Started(_))) => self.started_at = Some(self.now),
                Ok(Some(Incoming::Stopped)) => self.stopped = true,
                Ok(Some(other)) => self.progress.push(format!("{other:?}")),
                Ok(None) => {}
                Err(fault) => {
                    self.fatal |= fault.fatal;
                    self.faults.push(fault.code);
                }
            }
        }
    }

    /// Runs from deadline to deadline.
    fn run_until(&mut self, until: Mono) {
        while let Some(at) = self.line.deadline().filter(|at| *at <= until) {
            assert!(at >= self.now, "time runs forward");
            self.tick(at);
        }
        self.tick(until);
    }

    fn run_ms(&mut self, ms: u64) {
        self.run_until(self.now + Duration::from_millis(ms));
    }

    fn say(&mut self, word: Outgoing<'_>) {
        let mut out = Vec::new();
        let Some(kind) = self.translator.write(word, &mut out) else { return };
        let text;
        let message = match kind {
            Kind::Text => {
                text = String::from_utf8(out).expect("text");
                Message::Text(&text)
            }
            Kind::Binary => Message::Binary(&out),
        };
        self.line.handle(self.now, LineInput::Message(message));
        self.drain();
    }

    /// Queues speech at once.
    fn speak(&mut self, ms: u32) {
        let samples = sound::burst(ms, 5);
        let mulaw: Vec<u8> = samples.iter().map(|&s| media::codec::g711::mulaw_encode(s)).collect();
        self.say(Outgoing::Audio(&mulaw));
    }
}

#[test]
fn a_machine_hears_keys_in_the_sound_and_beside_it() {
    let tree = crate::tree::Tree::parse(
        r#"
        name = "test"
        start = "menu"
        [nodes.menu.menu]
        say = ["For billing, press 2."]
        choices = [{ keys = "2", to = "end" }]
        [nodes.end.hang_up]
        "#,
    )
    .expect("a tree");
    for is_in_band in [true, false] {
        let mut agent = Agent::new(config(tree.script().steps));
        agent.run_ms(1_500);
        let two = Digit::try_from('2').expect("a key");
        if is_in_band {
            let mut keys = dtmf::Generator::new(8_000, 100, 100);
            keys.push(two).expect("room");
            let mut samples = [0; 1_600];
            keys.fill(&mut samples);
            let mulaw = samples.map(media::codec::g711::mulaw_encode);
            agent.say(Outgoing::Audio(&mulaw));
        } else {
            agent.line.handle(agent.now, LineInput::Digit(two));
        }
        agent.run_ms(1_000);
        assert!(agent.closed, "in band: {is_in_band}");
        assert_eq!(agent.line.ended(), Some((Cause::NormalClearing, true)));
        let account = &agent.line.errand().tree;
        assert_eq!(account.visits.len(), 2);
        assert!(account.played[0].to_sample < 8 * 1_500, "the key stopped the prompt");
    }
}

#[test]
fn both_wires_carry_the_same_call() {
    for dialect in [Dialect::Twilio, Dialect::Loopback] {
        let steps = vec![
            Step::Say(Sound::Burst(600)),
            Step::Listen(Patience::default()),
            Step::Press { digits: "1x#".into() },
            Step::Say(Sound::Burst(400)),
            Step::HangUp,
        ];
        let mut agent = Agent::new(LineConfig { dialect, ..config(steps) });
        agent.run_ms(540);
        assert_eq!(agent.started_at, Some(Mono::from_millis(540)), "{dialect:?}");
        agent.run_ms(1_000);
        agent.speak(800);
        agent.say(Outgoing::Mark(MarkId(3)));
        agent.run_ms(700);
        assert_eq!(agent.marks, Vec::<u32>::new(), "it has not played yet");
        agent.run_ms(4_000);
        assert_eq!(agent.marks, [3]);
        assert_eq!(agent.digits, "1#");
        assert!(agent.stopped && agent.closed && agent.faults.is_empty(), "{:?}", agent.faults);
        assert!(agent.line.errand().complete);
        assert_eq!(agent.line.ended(), Some((Cause::NormalClearing, true)));
        assert_eq!(agent.progress.len(), 3, "{:?}", agent.progress);
        assert_eq!(agent.audio_bytes, agent.line.said().len());
        let counts = agent.line.counts();
        assert_eq!((counts.received, counts.played), (6_400, 6_400));
    }
}

#[test]
fn what_happens_before_an_answer() {
    let table = [
        (Answer::Busy, 0, Cause::UserBusy),
        (Answer::Unallocated, 0, Cause::UnallocatedNumber),
        (Answer::Unreachable, 0, Cause::Unreachable),
        (Answer::Reject { ring_ms: 3_000 }, 3_000, Cause::CallRejected),
        (Answer::Never { ring_ms_max: 30_000 }, 30_000, Cause::NoAnswer),
    ];
    for (answer, at_ms, cause) in table {
        let script = Script { answer, ..script(vec![]) };
        let score = Arc::new(Score::mumbled(&script).expect("a score"));
        let mut agent = Agent::new(LineConfig::new(score));
        if at_ms > 0 {
            agent.run_until(Mono::from_millis(at_ms - 1));
            assert_eq!(agent.line.state(), LineState::Ringing);
        }
        agent.run_until(Mono::from_millis(at_ms));
        assert_eq!(agent.line.ended().map(|(cause, _)| cause), Some(cause));
        assert!(agent.closed && agent.started_at.is_none());
    }
    let mut cancelled = Agent::new(config(vec![]));
    cancelled.line.handle(Mono::from_millis(100), LineInput::Hangup);
    assert_eq!(cancelled.line.ended(), Some((Cause::OriginatorCancel, false)));
}

#[test]
fn marks_come_back_when_played_or_at_once_on_clear() {
    let mut agent = Agent::new(config(vec![]));
    agent.run_ms(1_000);
    agent.say(Outgoing::Mark(MarkId(1)));
    assert_eq!(agent.marks, [1], "nothing was queued before it");
    agent.speak(100);
    agent.say(Outgoing::Mark(MarkId(2)));
    agent.speak(1_000);
    agent.say(Outgoing::Mark(MarkId(3)));
    agent.run_ms(119);
    assert_eq!(agent.marks, [1]);
    agent.run_ms(2); // 20 ms of prebuffer, 100 ms of sound
    assert_eq!(agent.marks, [1, 2]);
    agent.say(Outgoing::Clear);
    assert_eq!(agent.marks, [1, 2, 3], "a clear returns what is pending");
    let run = agent.line.runs()[0];
    assert!(run.cleared);
    let counts = agent.line.counts();
    assert_eq!(counts.played + counts.cleared, counts.received);
    assert_eq!(run.to_sample - run.from_sample, counts.played);
}

#[test]
fn an_interruption_is_timed_by_what_the_callee_hears() {
    let steps = vec![
        Step::Interrupt { after_ms: 500, with: Sound::Burst(900), timeout_ms: 5_000 },
        Step::Listen(Patience::default()),
        Step::HangUp,
    ];
    let mut agent = Agent::new(config(steps));
    agent.run_ms(1_000);
    agent.speak(5_000);
    while agent.line.errand().interruptions.is_empty() {
        agent.run_ms(20);
    }
    agent.run_ms(80);
    agent.say(Outgoing::Clear);
    agent.run_ms(1_500);
    agent.speak(400);
    agent.run_ms(5_000);
    let barge_ins = agent.line.barge_ins();
    assert_eq!(barge_ins.len(), 1);
    assert!((80..=125).contains(&barge_ins[0].reaction_ms), "{barge_ins:?}");
    assert_eq!(agent.line.errand().turns.len(), 1, "the cut-off speech is no turn");
    assert!(agent.closed);
    let at = barge_ins[0].stopped_sample as usize;
    assert!(agent.line.heard()[at..at + 800].iter().all(|&s| s == 0));
}

#[test]
fn a_cough_is_over_the_answer_and_a_question_is_asked_again() {
    let question = Question {
        name: "party".into(),
        say: Sound::Burst(500),
        again: Some(Sound::Burst(300)),
        expect: vec!["four".into()],
        tries_max: 2,
        cough_after_ms: Some(200),
        patience: Patience { silence_ms: 400, timeout_ms: 4_000 },
    };
    let steps = vec![Step::Ask(question), Step::HangUp];
    let mut agent = Agent::new(LineConfig { hears_words: true, ..config(steps) });
    let mut texts = ["nothing useful", "For 4 people"].into_iter();
    for _ in 0..600 {
        agent.now = agent.now + Duration::from_millis(20);
        agent.line.handle(agent.now, LineInput::Tick);
        if agent.line.said().len() % 24_000 == 8_000 {
            agent.speak(700);
        }
        let mut asked = None;
        while let Some(output) = agent.line.poll() {
            if let LineOutput::Recognise { id, samples } = output {
                assert!(samples.len() > 5_600, "the clip holds the answer: {}", samples.len());
                asked = Some(id);
            } else if let LineOutput::Message(wire) = output {
                let _ = agent.translator.read(wire.message());
            }
        }
        if let Some(id) = asked {
            let text = texts.next().unwrap_or_default();
            agent.line.handle(agent.now, LineInput::Recognised { id, text });
        }
    }
    let errand = agent.line.errand();
    assert!(errand.done(), "{errand:?}");
    assert_eq!(errand.answers[0].tries, 2);
    assert_eq!(errand.noises.len(), 1);
}

#[test]
fn a_dry_buffer_is_an_underrun_and_a_pause_is_not() {
    let mut agent = Agent::new(config(vec![]));
    agent.run_ms(1_000);
    for gap_ms in [0, 0, 35, 0, 900] {
        agent.run_ms(20 + gap_ms);
        agent.speak(20);
    }
    agent.run_ms(500);
    assert_eq!(agent.line.underruns(100).len(), 1, "{:?}", agent.line.runs());
}

#[test]
fn skewed_clocks_lose_nothing() {
    for skew_ppm in [-200, 0, 200] {
        let mut agent = Agent::new(LineConfig { skew_ppm, keep_sound: false, ..config(vec![]) });
        agent.run_until(Mono::from_millis(600_540));
        let expected = 600_000.0 * 8.0 * (1.0 + f64::from(skew_ppm) / 1e6);
        let off = agent.audio_bytes as f64 - expected;
        assert!(off.abs() <= 160.0, "{skew_ppm}: {off}");
    }
}

#[test]
fn bad_behaviour_costs_the_message_and_no_more() {
    let bad = Faults {
        media_before_start: true,
        second_start_ms: Some(300),
        garbage_ms: vec![100, 120, 140, 160, 180, 200],
        giant_ms: Some(400),
        media_after_stop: true,
        ..Faults::default()
    };
    for dialect in [Dialect::Twilio, Dialect::Loopback] {
        let steps = vec![Step::Pause { ms: 2_000 }, Step::HangUp];
        let mut agent = Agent::new(LineConfig { dialect, faults: bad.clone(), ..config(steps) });
        agent.run_ms(10_000);
        assert!(!agent.fatal && agent.stopped && agent.closed);
        // The pipe skips kinds it does not know; on Twilio's wire binary is a fault.
        let faults = if dialect == Dialect::Twilio { 10 } else { 9 };
        assert_eq!(agent.faults.len(), faults, "{dialect:?} {:?}", agent.faults);
        assert_eq!(agent.audio_bytes, agent.line.said().len(), "good audio all arrived");
    }
}

#[test]
fn slow_lossy_and_rude_carriers() {
    let run = |faults: Faults| {
        let steps = vec![Step::Pause { ms: 10_000 }, Step::HangUp];
        let mut agent = Agent::new(LineConfig { faults, ..config(steps) });
        agent.run_ms(12_000);
        agent
    };
    let lossy = run(Faults { drop_per_mille: 100, ..Faults::default() });
    let lost = 1.0 - lossy.audio_bytes as f32 / lossy.line.said().len() as f32;
    assert!((0.05..0.16).contains(&lost), "{lost}");
    let burst = Some(Burst { every_ms: 1_000, hold_ms: 300 });
    let held = run(Faults { burst, odd_sizes: true, ..Faults::default() });
    assert_eq!(held.faults, Vec::<&str>::new());
    assert!(held.line.said().len() - held.audio_bytes < 400, "held audio all arrives");
    let double = run(Faults { double_rate: true, ..Faults::default() });
    assert_eq!(double.faults, ["rate_mismatch"]);
    let silent = run(Faults { no_stop: true, ..Faults::default() });
    assert!(!silent.stopped && silent.closed);
    let gone = run(Faults { vanish_ms: Some(700), ..Faults::default() });
    assert!(!gone.stopped && gone.closed);
    assert_eq!(gone.line.ended(), Some((Cause::MediaLost, false)));
}

#[test]
fn broken_messages_of_the_agent_are_complained_about() {
    let mut agent = Agent::new(config(vec![]));
    agent.run_ms(1_000);
    for text in ["", "{}", r#"{"event":"clear","streamSid":"MZother"}"#] {
        agent.line.handle(agent.now, LineInput::Message(Message::Text(text)));
    }
    agent.line.handle(agent.now, LineInput::Message(Message::Binary(&[2, 3])));
    assert_eq!(agent.line.complaints().len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the agent queues and clears: each sample is heard once, cleared once or lost at the
    /// end, and each mark comes back once and in order.
    #[test]
    fn every_sample_has_one_fate(
        words in prop::collection::vec((0_u8..10, 1_u32..400, 0_u64..300), 1..60),
    ) {
        let mut agent = Agent::new(config(vec![]));
        agent.run_ms(600);
        let mut next_mark = 0;
        let mut sent = 0_u64;
        for (word, ms, wait_ms) in words {
            match word {
                0..5 => {
                    sent += u64::from(ms) * 8;
                    agent.speak(ms);
                }
                5..8 => {
                    agent.say(Outgoing::Mark(MarkId(next_mark)));
                    next_mark += 1;
                }
                8 => agent.say(Outgoing::Clear),
                _ => agent.run_ms(wait_ms),
            }
            let counts = agent.line.counts();
            prop_assert_eq!(counts.received, sent);
            prop_assert_eq!(counts.received, counts.played + counts.cleared + counts.queued);
        }
        agent.run_ms(25_000);
        prop_assert_eq!(&agent.marks, &(0..next_mark).collect::<Vec<_>>());
        let counts = agent.line.counts();
        prop_assert_eq!(counts.received, counts.played + counts.cleared);
        let in_runs: u64 =
            agent.line.runs().iter().map(|run| run.to_sample - run.from_sample).sum();
        prop_assert_eq!(in_runs, counts.played);
    }
}
