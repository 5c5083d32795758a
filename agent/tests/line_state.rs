//! The line state over what an ear would tell: who answered, hold, a real pickup, and mistakes taken back.

use agent::line::{Carrier, Input, State, Watch};
use dtmf::tone_detector::Kind as Tone;
use media::{
    Mono,
    ear::{Change, Kind, Tune},
};

/// What happens next.
#[derive(Clone, Copy)]
enum Step {
    /// Something sounds for so many ms.
    For(Kind, u64),
    Tone(Tone),
    Words(&'static str),
    Repeats,
}

use Step::{For, Repeats, Words};

/// States and the ms at which each was entered.
fn states(steps: &[Step]) -> Vec<(State, u64)> {
    let (mut watch, mut now_ms, mut was) = (Watch::new(), 0, Kind::Silence);
    let (mut found, mut began) = (Vec::new(), Mono::ZERO);
    watch.handle(Mono::ZERO, Input::Carrier(Carrier::Answered));
    for step in steps {
        let now = Mono::from_millis(now_ms);
        let mut lasts_ms = 0;
        match *step {
            For(kind, ms) => {
                let tune = Tune::default();
                let change = Change::Sounds { kind, was, since_ms: 0, tune };
                if kind != was {
                    watch.handle(now, Input::Sound(&change));
                    began = now;
                }
                (was, lasts_ms) = (kind, ms);
            }
            Step::Tone(tone) => watch.handle(now, Input::Tone(tone)),
            Words(text) => watch.handle(now, Input::Words { text, from: began }),
            Repeats => watch.handle(now, Input::Sound(&Change::Repeats { ago_ms: 30_000 })),
        }
        let mut drain = |watch: &mut Watch| {
            while let Some(decision) = watch.poll() {
                assert!((0.5..=1.0).contains(&decision.confidence));
                assert!(decision.evidence.iter().next().is_some(), "{:?}", decision.state);
                found.push((decision.state, decision.at.as_millis()));
            }
        };
        drain(&mut watch);
        let until = now_ms + lasts_ms;
        while let Some(at) = watch.deadline().filter(|at| at.as_millis() <= until) {
            watch.handle(at, Input::Tick);
            drain(&mut watch);
        }
        now_ms = until;
    }
    found
}

fn names(found: &[(State, u64)]) -> Vec<&'static str> {
    found.iter().skip(1).map(|(state, _)| state.name()).collect()
}

const QUIET: Kind = Kind::Silence;

#[test]
fn whoever_answers_is_told_apart() {
    let beep = Step::Tone(Tone::Beep { hz: 1_000 });
    for (what, steps, expected) in [
        ("hello", vec![For(QUIET, 500), For(Kind::Speech, 600), For(QUIET, 900)], "human"),
        ("a talkative person", vec![For(Kind::Speech, 4_200), For(QUIET, 1_500)], "human"),
        (
            "a greeting and its beep",
            vec![For(Kind::Speech, 5_500), For(QUIET, 300), beep, For(QUIET, 2_000)],
            "beep",
        ),
        (
            "a mailbox without a beep",
            vec![For(Kind::Speech, 3_000), Words("please leave a message"), For(QUIET, 1_600)],
            "beep",
        ),
        (
            "a mailbox with keys",
            vec![
                For(Kind::Speech, 3_000),
                Words("please leave a message after the tone"),
                For(QUIET, 500),
                For(Kind::Speech, 1_000),
                Words("or press 1 for more options"),
                For(QUIET, 300),
            ],
            "voicemail_greeting",
        ),
        (
            "a menu",
            vec![For(Kind::Speech, 2_000), Words("For sales, press 1."), For(QUIET, 300)],
            "ivr",
        ),
        (
            "screening",
            vec![
                For(Kind::Speech, 2_000),
                Words("Please state your name and why you are calling."),
                For(QUIET, 2_000),
            ],
            "screening",
        ),
        ("nobody", vec![For(QUIET, 4_500)], "silence"),
        ("a fax", vec![Step::Tone(Tone::FaxAnswer)], "fax"),
        ("busy", vec![For(Kind::Tone, 500), Step::Tone(Tone::Busy), For(QUIET, 3_000)], "ended"),
        (
            "no such number",
            vec![
                For(Kind::Speech, 3_000),
                Words("The number you have dialed is not in service."),
                For(QUIET, 2_000),
            ],
            "ended",
        ),
        (
            "somebody in the middle of a greeting",
            vec![
                For(Kind::Speech, 3_000),
                Words("Hi, you've reached Tom."),
                For(QUIET, 600),
                For(Kind::Speech, 500),
                Words("Hello?"),
                For(QUIET, 1_000),
            ],
            "human",
        ),
    ] {
        let found = states(&steps);
        assert_eq!(names(&found).last().copied(), Some(expected), "{what}: {found:?}");
    }
}

#[test]
fn a_person_is_found_within_800_ms_of_their_first_phrase() {
    let found = states(&[For(QUIET, 700), For(Kind::Speech, 600), For(QUIET, 2_000)]);
    let (_, at) = found.iter().find(|(state, _)| *state == State::Human).expect("a person");
    assert!(at - 1_300 <= 800, "{found:?}");
}

#[test]
fn ten_minutes_of_hold_hold_nobody() {
    let mut steps = vec![For(Kind::Music, 20_000)];
    for round in 0..20 {
        // The first time nothing is known of the announcement but its length.
        steps.push(For(Kind::Speech, 1_400));
        if round > 0 {
            steps.push(Repeats);
        }
        steps.extend([For(Kind::Speech, 5_200), For(QUIET, 250), For(Kind::Music, 25_000)]);
    }
    let found = states(&steps);
    assert!(found.iter().all(|(state, _)| *state != State::Human), "{found:?}");
    assert!(!found.iter().any(|(state, _)| state.conduct().may_speak), "{found:?}");
}

#[test]
fn a_pickup_is_found_within_a_second_and_a_wrong_one_taken_back_within_two() {
    let hold = [For(Kind::Music, 30_000), For(Kind::Speech, 900)];
    let found = states(&[&hold[..], &[For(QUIET, 2_000)]].concat());
    assert_eq!(names(&found), ["hold_music", "pickup_suspected", "human"], "{found:?}");
    let (_, at) = found[3];
    assert!(at - 30_900 <= 1_000, "{found:?}");
    // It was the first part of an announcement: music follows.
    let wrong = [For(QUIET, 1_000), For(Kind::Speech, 1_000), For(Kind::Music, 1_000)];
    let found = states(&[&hold[..], &wrong[..]].concat());
    let (state, at) = *found.last().expect("states");
    assert_eq!(state, State::HoldMusic, "{found:?}");
    assert!(at - 32_900 < 2_000, "{found:?}");
}

#[test]
fn ringing_in_mid_call_is_a_transfer() {
    let found =
        states(&[For(Kind::Music, 9_000), For(Kind::Tone, 2_000), Step::Tone(Tone::Ringback)]);
    assert_eq!(names(&found), ["hold_music", "transfer_pending"]);
}

#[test]
fn no_single_sign_ends_a_live_call() {
    let busy = Step::Tone(Tone::Reorder);
    let person = [For(QUIET, 500), For(Kind::Speech, 600), For(QUIET, 1_500)];
    for (what, steps) in [
        // Sparse notes that sound like a network's tone, then music.
        ("notes", vec![For(Kind::Tone, 400), busy, For(QUIET, 400), For(Kind::Music, 5_000)]),
        ("talk", vec![For(Kind::Tone, 400), busy, For(QUIET, 900), For(Kind::Speech, 3_000)]),
        (
            "a person who says so",
            vec![
                For(Kind::Speech, 2_000),
                Words("I tried that, the number is no longer in service."),
                For(QUIET, 3_000),
            ],
        ),
        (
            "a queue that says so",
            vec![
                For(Kind::Music, 9_000),
                For(Kind::Speech, 3_000),
                Words("If you have been disconnected, call again."),
                For(QUIET, 3_000),
            ],
        ),
    ] {
        let found = states(&[&person[..], &steps[..]].concat());
        assert!(!names(&found).contains(&"ended"), "{what}: {found:?}");
    }
}

#[test]
fn what_was_taken_for_the_end_is_taken_back() {
    let steps =
        [For(Kind::Tone, 500), Step::Tone(Tone::Busy), For(QUIET, 3_000), For(Kind::Music, 3_000)];
    assert_eq!(names(&states(&steps)), ["ended", "hold_music"]);
}

#[test]
fn adverts_are_nobody_and_words_tell_who_picks_up() {
    let hold = [
        For(Kind::Speech, 2_000),
        Words("Your call is important to us."),
        For(Kind::Music, 20_000),
    ];
    let then = |steps: &[Step]| names(&states(&[&hold[..], steps].concat())).last().copied();
    let advert =
        [For(Kind::Speech, 2_500), Words("Fresh bread, every morning."), For(QUIET, 1_800)];
    assert_ne!(then(&advert), Some("human"));
    let pickup = [For(Kind::Speech, 1_500), Words("Hi, this is Anna."), For(QUIET, 700)];
    assert_eq!(then(&pickup), Some("human"));
    // Nobody thanks for waiting who has not let us wait.
    let opening = [For(Kind::Speech, 1_500), Words("Thank you for holding."), For(QUIET, 1_500)];
    assert_eq!(names(&states(&opening)).last().copied(), Some("hold_message"));
}

#[test]
fn a_beep_into_silence_is_nobody_and_who_speaks_after_it_is_somebody() {
    let mut steps = vec![For(Kind::Speech, 2_800), Words("Your call is important to us.")];
    for _ in 0..12 {
        steps.extend([For(QUIET, 14_600), For(Kind::Tone, 400)]);
    }
    steps.push(For(QUIET, 14_600));
    let found = states(&steps);
    assert_eq!(names(&found), ["hold_message", "hold_silence"], "{found:?}");
    // Nothing that people say when they pick up, and yet the first words in a long time.
    steps.extend([
        For(Kind::Speech, 1_600),
        Words("Okay, I found your booking."),
        For(QUIET, 1_000),
    ]);
    assert_eq!(names(&states(&steps)).last().copied(), Some("human"));
}

#[test]
fn a_hold_that_speaks_into_silence_does_so_again() {
    let mut steps = Vec::new();
    for text in
        ["Your call is important to us.", "Please stay on the line.", "Something nobody knows."]
    {
        steps.extend([For(Kind::Speech, 2_800), Words(text), For(QUIET, 15_000)]);
    }
    let found = states(&steps);
    assert!(!names(&found).contains(&"human"), "{found:?}");
}

#[test]
fn somebody_straight_after_a_message_is_heard() {
    let found = states(&[
        For(Kind::Music, 20_000),
        For(Kind::Speech, 1_500),
        Words("Please continue to hold."),
        For(QUIET, 500),
        For(Kind::Speech, 600),
        Words("Hello?"),
        For(QUIET, 900),
    ]);
    assert_eq!(names(&found).last().copied(), Some("human"), "{found:?}");
}
