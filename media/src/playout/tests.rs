use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::circuit::{Heard, Keys, MarkId, Out};

const FRAME: usize = 160;

fn feeding(clear: bool, mark: bool) -> Feeding {
    let ms = Duration::from_millis;
    Feeding { frame: ms(20), lead: ms(60), slack: Duration::ZERO, clear, mark, continuous: false }
}

/// Sends all that is due; returns the samples.
fn send(playout: &mut Playout, now: Mono, out: &mut Outbox) -> Vec<i16> {
    let mut sent = Vec::new();
    let mut frame = [0; FRAME];
    while playout.next_frame(now, &mut frame, out).is_some() {
        sent.extend(frame);
    }
    sent
}

/// One key of 20 ms and as much silence.
fn row() -> KeyRow {
    KeyRow::new(Keys::parse("7").unwrap(), 160)
}

fn drain(out: &mut Outbox) -> Vec<Out> {
    std::iter::from_fn(|| out.pop()).collect()
}

#[test]
fn without_marks_the_end_is_an_estimate() {
    let (mut playout, mut out) = (Playout::new(feeding(false, false)), Outbox::new());
    let (utterance, at) = (UtteranceId(1), Mono::from_millis);
    playout.say(utterance, true, &mut out);
    playout.speech(utterance, &[5; 400], &mut out);
    playout.speech_end(Mono::ZERO, utterance, &mut out);
    send(&mut playout, at(100), &mut out);
    playout.expire(at(149), &mut out);
    let started = Out::Event(Event::Started { utterance });
    assert_eq!(drain(&mut out), [Out::Frame, started, Out::Frame, Out::Frame]);
    assert_eq!(playout.deadlines(), (None, Some(at(150))));
    playout.expire(at(150), &mut out);
    let heard = Heard { ms: 50, of_ms: 50, confirmed: false };
    assert_eq!(drain(&mut out), [Out::Event(Event::Finished { utterance, heard })]);
}

#[test]
fn a_lost_mark_does_not_hold_the_end_for_ever() {
    let (mut playout, mut out) = (Playout::new(feeding(true, true)), Outbox::new());
    playout.say(UtteranceId(1), true, &mut out);
    playout.speech(UtteranceId(1), &[5; 160], &mut out);
    playout.speech_end(Mono::ZERO, UtteranceId(1), &mut out);
    send(&mut playout, Mono::from_millis(100), &mut out);
    drain(&mut out);
    playout.expire(Mono::from_millis(1619), &mut out);
    assert_eq!(drain(&mut out), []);
    playout.expire(Mono::from_millis(1620), &mut out);
    assert!(matches!(drain(&mut out)[..], [Out::Event(Event::Finished { .. })]));
}

#[test]
fn stalled_synthesis_waits_and_nothing_is_put_in_between() {
    let (mut playout, mut out) = (Playout::new(feeding(true, true)), Outbox::new());
    playout.say(UtteranceId(1), true, &mut out);
    playout.speech(UtteranceId(1), &[5; 250], &mut out);
    assert_eq!(send(&mut playout, Mono::from_millis(100), &mut out), [5; 160]);
    assert_eq!(send(&mut playout, Mono::from_millis(500), &mut out), [] as [i16; 0]);
    playout.speech(UtteranceId(1), &[5; 100], &mut out);
    assert_eq!(send(&mut playout, Mono::from_millis(900), &mut out), [5; 160]);
    playout.speech_end(Mono::ZERO, UtteranceId(1), &mut out);
    let mut last = [5; 160];
    last[30..].fill(0);
    assert_eq!(send(&mut playout, Mono::from_millis(901), &mut out), last);
}

#[test]
fn refusals() {
    let (mut playout, mut out) = (Playout::new(feeding(true, true)), Outbox::new());
    playout.say(UtteranceId(5), true, &mut out);
    playout.say(UtteranceId(5), true, &mut out);
    playout.speech(UtteranceId(4), &[0; 10], &mut out);
    playout.speech_end(Mono::ZERO, UtteranceId(4), &mut out);
    playout.mark_returned(Mono::ZERO, MarkId(1), &mut out);
    playout.speech(UtteranceId(5), &vec![1; SPEECH_SAMPLES_MAX + 1], &mut out);
    let expected = [
        Ignored::UtteranceOrder,
        Ignored::StaleSpeech,
        Ignored::StaleSpeech,
        Ignored::UnknownMark,
        Ignored::TooMuchSpeech,
    ];
    assert_eq!(drain(&mut out), expected.map(Out::Ignored));
}

#[test]
fn keys_drop_speech_and_are_reported() {
    let (mut playout, mut out) = (Playout::new(feeding(true, true)), Outbox::new());
    playout.say(UtteranceId(1), true, &mut out);
    playout.speech(UtteranceId(1), &[5; 8000], &mut out);
    send(&mut playout, Mono::from_millis(100), &mut out);
    drain(&mut out);
    playout.keys(Mono::from_millis(130), row(), &[9; 320], &mut out);
    let heard = Heard { ms: 30, of_ms: 1000, confirmed: false };
    let utterance = UtteranceId(1);
    let interrupted = Out::Event(Event::Interrupted { utterance, heard, reaction_ms: 0 });
    assert_eq!(drain(&mut out), [interrupted, Out::Clear]);
    assert_eq!(send(&mut playout, Mono::from_millis(131), &mut out), [9; 320]);
    let mark = drain(&mut out).pop();
    let Some(Out::Mark(id)) = mark else { panic!("{mark:?}") };
    playout.mark_returned(Mono::from_millis(180), id, &mut out);
    assert_eq!(drain(&mut out), [Out::Event(Event::KeysPlayed)]);
}

#[test]
fn keys_that_a_clear_takes_away_are_reported_too() {
    let (played, cancelled) = (Out::Event(Event::KeysPlayed), Out::Event(Event::KeysCancelled));
    let ms = Mono::from_millis;
    // The carrier clears; cleared at so many ms after the first of two rows of 40 ms; the reports.
    for (clear, at, expected) in [
        (true, 0, vec![cancelled, cancelled]),
        (true, 30, vec![cancelled, cancelled]),
        (true, 50, vec![played, cancelled]),
        (true, 90, vec![played, played]),
        // What such a carrier has it plays.
        (false, 30, vec![played, played]),
    ] {
        let (mut playout, mut out) = (Playout::new(feeding(clear, false)), Outbox::new());
        playout.keys(ms(100), row(), &[9; 320], &mut out);
        playout.keys(ms(100), row(), &[8; 320], &mut out);
        for passed in 0..=at {
            send(&mut playout, ms(100 + passed), &mut out);
        }
        playout.clear(ms(100 + at), 0, &mut out);
        let reports: Vec<Out> =
            drain(&mut out).into_iter().filter(|out| matches!(out, Out::Event(_))).collect();
        assert_eq!(reports, expected, "clear {clear}, {at} ms");
        assert_eq!(playout.playing(), None);
    }
}

#[test]
fn keys_without_room_are_cancelled_whole() {
    let (mut playout, mut out) = (Playout::new(feeding(true, true)), Outbox::new());
    let refused = [Out::Ignored(Ignored::TooMuchSpeech), Out::Event(Event::KeysCancelled)];
    playout.keys(Mono::ZERO, row(), &vec![9; SPEECH_SAMPLES_MAX - 400], &mut out);
    playout.keys(Mono::ZERO, row(), &[9; 800], &mut out);
    assert_eq!(drain(&mut out), refused);
    // Its blocks are free again.
    for _ in 1..UTTERANCES_MAX {
        playout.keys(Mono::ZERO, row(), &[], &mut out);
    }
    playout.keys(Mono::ZERO, row(), &[9; 400], &mut out);
    assert_eq!(drain(&mut out), refused);
}

#[test]
fn a_continuous_leg_sends_silence_on_the_grid_and_speech_in_its_place() {
    let frame = Duration::from_millis(20);
    let feeding = Feeding { lead: frame, slack: frame, continuous: true, ..feeding(false, false) };
    let (mut playout, mut out) = (Playout::new(feeding), Outbox::new());
    let ms = Mono::from_millis;
    assert_eq!(send(&mut playout, ms(100), &mut out), [0; FRAME]);
    assert_eq!(playout.deadlines(), (Some(ms(120)), None));
    playout.say(UtteranceId(1), true, &mut out);
    playout.speech(UtteranceId(1), &[5; 200], &mut out);
    // Late by 7 ms, on the same grid; what is too short for a frame waits for more.
    assert_eq!(send(&mut playout, ms(127), &mut out), [5; FRAME]);
    assert_eq!(send(&mut playout, ms(140), &mut out), [0; FRAME]);
    playout.pause(ms(150), &mut out);
    playout.speech(UtteranceId(1), &[6; 120], &mut out);
    assert_eq!(send(&mut playout, ms(160), &mut out), [0; FRAME]);
    playout.resume(ms(170), &mut out);
    let rest = [[5; 40].as_slice(), &[6; 120]].concat();
    assert_eq!(send(&mut playout, ms(180), &mut out), rest);
    assert_eq!(playout.deadlines().0, Some(ms(200)));
}

#[derive(Clone, Debug)]
enum Op {
    Say,
    Speech { back: u32, samples: usize },
    End { back: u32 },
    Clear,
    Pause,
    Resume,
    Pass { ms: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::Say),
        4 => (0u32..3, 0usize..3000).prop_map(|(back, samples)| Op::Speech { back, samples }),
        2 => (0u32..3).prop_map(|back| Op::End { back }),
        1 => Just(Op::Clear),
        1 => Just(Op::Pause),
        1 => Just(Op::Resume),
        6 => (1u64..150).prop_map(|ms| Op::Pass { ms }),
    ]
}

/// What the carrier holds: samples numbered by utterance, and marks between them.
#[derive(Default)]
struct Carrier {
    buffer: VecDeque<i16>,
    marks: VecDeque<(usize, MarkId)>,
    heard: Vec<i16>,
}

impl Carrier {
    fn take(
        &mut self,
        out: &mut Outbox,
        sent: &mut VecDeque<[i16; FRAME]>,
        events: &mut Vec<Event>,
    ) {
        for thing in drain(out) {
            match thing {
                Out::Frame => self.buffer.extend(sent.pop_front().unwrap()),
                Out::Mark(id) => self.marks.push_back((self.buffer.len(), id)),
                Out::Clear => {
                    self.buffer.clear();
                    self.marks.iter_mut().for_each(|mark| mark.0 = 0);
                }
                Out::Event(event) => events.push(event),
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Random lives against a plain account: every sample is heard once, in order, or was dropped by
    /// a clear; what is reported as heard is what the carrier played.
    #[test]
    fn the_ledger_balances(ops in prop::collection::vec(op(), 1..120)) {
        let mut playout = Playout::new(feeding(true, true));
        let (mut out, mut carrier, mut events) = (Outbox::new(), Carrier::default(), Vec::new());
        let mut sent = VecDeque::new();
        let mut now = Mono::from_millis(1000);
        let mut said = 0u32;
        let mut ended = Vec::<bool>::new();
        // Samples are numbered through; of each utterance those queued, by number.
        let mut number = 0i16;
        let mut queued: Vec<Vec<i16>> = Vec::new();
        let mut alive: Vec<bool> = Vec::new();
        let mut paused_at = None;
        for op in ops {
            match op {
                Op::Say => {
                    said += 1;
                    playout.say(UtteranceId(said), true, &mut out);
                    queued.push(Vec::new());
                    ended.push(false);
                    alive.push(true);
                }
                Op::Speech { back, samples } if back < said => {
                    let at = (said - back - 1) as usize;
                    let samples: Vec<i16> = (0..samples).map(|_| { number = number % 32_000 + 1; number }).collect();
                    playout.speech(UtteranceId(said - back), &samples, &mut out);
                    if alive[at] && !ended[at] {
                        queued[at].extend(samples);
                    }
                }
                Op::End { back } if back < said => {
                    ended[(said - back - 1) as usize] = true;
                    playout.speech_end(now, UtteranceId(said - back), &mut out);
                }
                Op::Clear => {
                    playout.clear(now, 0, &mut out);
                    alive.fill(false);
                    paused_at = None;
                }
                Op::Pause => {
                    playout.pause(now, &mut out);
                    paused_at = paused_at.or(Some(number));
                }
                Op::Resume => {
                    playout.resume(now, &mut out);
                    paused_at = None;
                }
                Op::Pass { ms } => {
                    for _ in 0..ms {
                        now = now + Duration::from_millis(1);
                        let mut frame = [0; FRAME];
                        while playout.next_frame(now, &mut frame, &mut out).is_some() {
                            sent.push_back(frame);
                        }
                        carrier.take(&mut out, &mut sent, &mut events);
                        for _ in 0..8 {
                            carrier.heard.extend(carrier.buffer.pop_front());
                            carrier.marks.iter_mut().for_each(|mark| mark.0 = mark.0.saturating_sub(1));
                        }
                        while carrier.marks.front().is_some_and(|mark| mark.0 == 0) {
                            let id = carrier.marks.pop_front().unwrap().1;
                            playout.mark_returned(now, id, &mut out);
                        }
                        playout.expire(now, &mut out);
                        carrier.take(&mut out, &mut sent, &mut events);
                    }
                }
                _ => {}
            }
            carrier.take(&mut out, &mut sent, &mut events);
        }
        // Nothing left: every sample of ours that was heard is the next one of its utterance.
        let heard: Vec<i16> = carrier.heard.iter().copied().filter(|&s| s != 0).collect();
        let mut rest = &heard[..];
        let mut by_utterance = Vec::new();
        for samples in &queued {
            let n = rest.iter().zip(samples).take_while(|(a, b)| a == b).count();
            by_utterance.push(n);
            rest = &rest[n..];
        }
        prop_assert!(rest.is_empty(), "{} heard samples are nobody's next", rest.len());
        for event in events {
            let (utterance, reported, whole) = match event {
                Event::Interrupted { utterance, heard, .. } => (utterance, heard, false),
                Event::Finished { utterance, heard } => (utterance, heard, true),
                _ => continue,
            };
            let at = (utterance.0 - 1) as usize;
            let truth = by_utterance[at] / 8;
            prop_assert!(truth.abs_diff(reported.ms as usize) <= 2, "{:?} but {} ms", event, truth);
            prop_assert!(reported.ms <= reported.of_ms);
            if whole {
                prop_assert_eq!(queued[at].len() / 8, reported.ms as usize);
            }
        }
    }
}
