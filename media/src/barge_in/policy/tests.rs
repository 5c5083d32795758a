use super::*;
use crate::vad::Onset;

fn ms(ms: u64) -> Mono {
    Mono::from_millis(ms)
}

fn speech(gated_ms: u32, judged_ms: u32) -> Speech {
    Speech {
        onset: Onset { at: ms(1000), sample: 8000 },
        gated_ms,
        judged_ms,
        quiet_ms: 0,
        confirmed: judged_ms > 0,
        alone: false,
        denied: false,
    }
}

const PLAYING: Option<Playing> = Some(Playing { interruptible: true, from: Some(Mono::ZERO) });

fn policy(change: impl FnOnce(&mut BargeInPolicy)) -> BargeIn {
    let mut policy = BargeInPolicy { speech_ms_min: 64, ..BargeInPolicy::default() };
    change(&mut policy);
    BargeIn::new(&policy)
}

#[test]
fn pause_then_accept() {
    let mut barge_in = policy(|_| {});
    assert_eq!(barge_in.weigh(ms(1020), Some(speech(20, 0)), PLAYING), Some(Decision::Pause));
    assert_eq!(barge_in.weigh(ms(1060), Some(speech(40, 32)), PLAYING), None);
    assert_eq!(
        barge_in.weigh(ms(1090), Some(speech(60, 64)), PLAYING),
        Some(Decision::Accept { reaction_ms: 90 })
    );
}

#[test]
fn what_may_not_be_interrupted_is_not_even_paused() {
    for (playing, change) in [
        (None, None),
        (Some(Playing { interruptible: false, from: Some(Mono::ZERO) }), None),
        (Some(Playing { interruptible: true, from: Some(ms(1000)) }), None),
        (PLAYING, Some(false)),
    ] {
        let mut barge_in = policy(|policy| policy.enabled = change.unwrap_or(true));
        assert_eq!(barge_in.weigh(ms(1050), Some(speech(200, 96)), playing), None, "{playing:?}");
    }
}

#[test]
fn every_way_back_resumes() {
    let quiet = Speech { quiet_ms: 150, ..speech(30, 0) };
    let denied = Speech { denied: true, ..speech(200, 0) };
    for (at, after) in [
        (1200, Some(quiet)),
        (1200, Some(denied)),
        (1200, None),
        (1620, Some(speech(400, 0))),
        (1620, Some(speech(400, 32))),
    ] {
        let mut barge_in = policy(|_| {});
        assert_eq!(barge_in.weigh(ms(1020), Some(speech(20, 0)), PLAYING), Some(Decision::Pause));
        assert!(barge_in.deadline().is_some_and(|deadline| deadline <= ms(1620)));
        assert_eq!(barge_in.weigh(ms(at), after, PLAYING), Some(Decision::Resume), "{after:?}");
        assert_eq!(barge_in.deadline(), None);
    }
}

#[test]
fn a_refused_sound_pauses_again_only_when_the_judge_confirms_it() {
    let mut barge_in = policy(|_| {});
    barge_in.weigh(ms(1020), Some(speech(20, 0)), PLAYING);
    let denied = Speech { denied: true, ..speech(200, 0) };
    assert_eq!(barge_in.weigh(ms(1200), Some(denied), PLAYING), Some(Decision::Resume));
    assert_eq!(barge_in.weigh(ms(1300), Some(speech(300, 0)), PLAYING), None);
    assert_eq!(barge_in.weigh(ms(1400), Some(speech(400, 32)), PLAYING), None);
    let accepted = barge_in.weigh(ms(1500), Some(speech(500, 64)), PLAYING);
    assert!(matches!(accepted, Some(Decision::Accept { .. })));
}

#[test]
fn false_alarms_raise_the_bar_for_a_while() {
    let mut barge_in = policy(|_| {});
    let at_sample = |n: u64, gated_ms| {
        let onset = Onset { at: ms(1000 + n * 500), sample: 8000 + n * 4000 };
        Some(Speech { onset, ..speech(gated_ms, 0) })
    };
    for n in 0..3u32 {
        let now = 1020 + u64::from(n) * 500;
        assert_eq!(barge_in.weigh(ms(now), at_sample(n.into(), 10 + 10 * n), PLAYING), None);
        let enough = at_sample(n.into(), 20 + 10 * n);
        assert_eq!(barge_in.weigh(ms(now + 20), enough, PLAYING), Some(Decision::Pause));
        assert_eq!(barge_in.weigh(ms(now + 200), None, PLAYING), Some(Decision::Resume));
    }
    assert_eq!(barge_in.weigh(ms(40_000), at_sample(70, 20), PLAYING), Some(Decision::Pause));
}

#[test]
fn words() {
    let long = Some(speech(300, 200));
    // Words needed, words heard (count, back-channel), after so many ms, decision.
    let accept = |at: u32| Some(Decision::Accept { reaction_ms: at - 1000 });
    for (words_min, words, at, expected) in [
        (1, None, 1400u32, None),
        (1, Some((1, false)), 1400, accept(1400)),
        (2, Some((1, false)), 1400, None),
        (1, Some((2, true)), 1400, Some(Decision::Resume)),
        (1, None, 2300, accept(2300)),
        (2, Some((1, false)), 2300, accept(2300)),
    ] {
        let mut barge_in = policy(|policy| policy.words_min = words_min);
        assert_eq!(barge_in.weigh(ms(1020), Some(speech(20, 0)), PLAYING), Some(Decision::Pause));
        if let Some((count, back_channel)) = words {
            barge_in.words(count, back_channel);
        }
        assert_eq!(
            barge_in.weigh(ms(u64::from(at)), long, PLAYING),
            expected,
            "{words_min} {words:?}"
        );
    }
}

#[test]
fn a_sound_that_is_over_and_brought_no_word_is_refused() {
    // As a cough that the judge takes for speech: 200 ms, then quiet.
    let over = |quiet_ms| Some(Speech { quiet_ms, ..speech(300, 200) });
    for (words, accepted) in [(None, false), (Some(1), true)] {
        let mut barge_in = policy(|policy| policy.words_min = 2);
        assert_eq!(barge_in.weigh(ms(1020), Some(speech(20, 0)), PLAYING), Some(Decision::Pause));
        if let Some(count) = words {
            barge_in.words(count, false);
        }
        assert_eq!(barge_in.weigh(ms(1700), over(400), PLAYING), None, "the words may yet come");
        assert_eq!(barge_in.deadline(), Some(ms(2220)));
        let expected =
            if accepted { Decision::Accept { reaction_ms: 1220 } } else { Decision::Resume };
        assert_eq!(barge_in.weigh(ms(2220), over(920), PLAYING), Some(expected), "{words:?}");
    }
}

#[test]
fn back_channel_may_become_an_interruption() {
    let mut barge_in = policy(|policy| policy.words_min = 1);
    barge_in.weigh(ms(1020), Some(speech(20, 0)), PLAYING);
    barge_in.words(1, true);
    assert_eq!(barge_in.weigh(ms(1300), Some(speech(250, 128)), PLAYING), Some(Decision::Resume));
    assert_eq!(barge_in.weigh(ms(1400), Some(speech(350, 224)), PLAYING), None);
    barge_in.words(4, false);
    let accepted = barge_in.weigh(ms(1500), Some(speech(450, 320)), PLAYING);
    assert!(matches!(accepted, Some(Decision::Accept { .. })));
}
