//! What the Call does with what is on the line: people, mailboxes, hold. The ear's events are given by hand.

mod call_world;

use agent::brief::Voicemail;
use agent::call::{Input, Listen, Output, Record};
use agent::line::State;
use agent::llm::scripted::{Answer, Scripted};
use call_world::{World, config};
use dtmf::tone_detector::{Kind as Tone, Tone as Heard};
use media::circuit::{Command, Event};
use media::ear::{Change, Kind, Tune};

fn sounds(kind: Kind, was: Kind) -> Input {
    let tune = Tune { beat: 0.8, beat_bpm: 118.0, no_pause_s: 2.4, held: 0.9 };
    Input::Sound(Event::Sounds(Change::Sounds { kind, was, since_ms: 0, tune }))
}

fn beep() -> Input {
    let kind = Tone::Beep { hz: 1000 };
    Input::Sound(Event::Tone(Heard { kind, from_sample: 0, to_sample: Some(4_000) }))
}

/// Somebody or something talks: the ear and the recogniser hear it. The world runs to its end.
fn talk(world: &mut World, text: &str, ms: u64) {
    world.give(sounds(Kind::Speech, Kind::Silence));
    world.callee_for(text, ms);
    world.run_ms(ms);
    world.give(sounds(Kind::Silence, Kind::Speech));
}

fn states(world: &World) -> Vec<State> {
    let state = |output: &Output| match output {
        Output::Record(Record::LineState { state, .. }) => Some(*state),
        _ => None,
    };
    world.log.iter().filter_map(|(_, output)| state(output)).collect()
}

fn answers<const N: usize>(all: [&str; N]) -> Scripted {
    Scripted::new(all.map(Answer::say))
}

#[test]
fn a_person_is_answered_once_it_is_known_to_be_one() {
    let mut world = World::plain(config("Ask."), answers(["Hi, when do you open?"]));
    talk(&mut world, "Hello?", 600);
    world.run_ms(300);
    assert_eq!((world.said().as_str(), states(&world).as_slice()), ("", [].as_slice()));
    world.run_ms(1_200);
    assert_eq!(states(&world), [State::Human]);
    assert_eq!(world.said(), "Hi, when do you open?");
}

#[test]
fn ten_minutes_on_hold_pass_without_a_word_and_the_pickup_is_answered() {
    let mut world =
        World::plain(config("Ask."), answers(["Hi, I have a question.", "When do you open?"]));
    talk(&mut world, "Please hold the line.", 1_000);
    world.run_ms(1_000);
    let begun = world.said();
    world.give(sounds(Kind::Music, Kind::Silence));
    world.run_ms(300_000);
    world.give(sounds(Kind::Speech, Kind::Music));
    world.callee_for("Your call is important to us, please stay on the line.", 4_000);
    world.run_ms(4_000);
    world.give(Input::Sound(Event::Sounds(Change::Repeats { ago_ms: 31_000 })));
    world.run_ms(1_000);
    world.give(sounds(Kind::Music, Kind::Speech));
    world.run_ms(300_000);
    assert_eq!(world.said(), begun, "nothing was said to a queue: {:?}", states(&world));
    assert!(world.ended.is_none());

    let before = world.log.len();
    world.give(sounds(Kind::Silence, Kind::Music));
    world.run_ms(500);
    talk(&mut world, "Sales, this is Maria, how can I help?", 2_000);
    let picked_up = world.now.as_millis();
    world.run_ms(1_000);
    let answered = world.log[before..].iter().find_map(|(at, output)| match output {
        Output::Speak { text, .. } => Some((*at - picked_up, text.as_str())),
        _ => None,
    });
    let (late_ms, text) = answered.expect("the pickup is answered");
    assert!(late_ms <= 1_000 && text == "Yes, I'm here.", "{text} after {late_ms} ms");
    let opened = world.log[before..].iter().find_map(|(at, output)| match output {
        Output::Listen(Listen::Open { from_sample, .. }) => Some((*at, *from_sample)),
        _ => None,
    });
    let (at_ms, from_sample) = opened.expect("somebody listens again");
    assert_eq!(at_ms - from_sample / 8, 2_000, "2 s of what was before are listened to");
    world.run_ms(5_000);
    assert!(world.said().ends_with("Yes, I'm here. When do you open?"), "{}", world.said());
    assert!(
        world.transcript().contains(&"callee: Sales, this is Maria, how can I help?".to_owned())
    );
}

#[test]
fn who_asked_us_to_wait_is_answered_when_they_come_back() {
    let model = answers(["I'd like a table.", "Of course.", "The name is Miller."]);
    let mut world = World::plain(config("Book a table."), model);
    talk(&mut world, "Hello?", 600);
    world.run_ms(3_000);
    talk(&mut world, "One moment please.", 1_000);
    world.run_ms(20_000);
    let before = world.said();
    talk(&mut world, "7:30 is fine. What name shall I put it under?", 3_100);
    assert_eq!(world.said(), before);
    world.run_ms(1_000);
    assert!(world.said().contains("Yes, I'm here."), "{} {:?}", world.said(), states(&world));
    world.run_ms(3_000);
    assert!(world.said().ends_with("The name is Miller."), "{}", world.said());
}

#[test]
fn a_mailbox_gets_one_message_after_its_beep() {
    let mut config = config("Ask.");
    config.brief.voicemail = Voicemail::Say("This is Ann. Please call back.".into());
    let mut world = World::plain(config, Scripted::new([]));
    let greeting = "You have reached Bob. Please leave a message after the tone.";
    talk(&mut world, greeting, 5_000);
    world.run_ms(1_000);
    world.give(beep());
    assert_eq!(world.said(), "This is Ann. Please call back.");
    let interruptible = world.log.iter().any(|(_, output)| {
        matches!(output, Output::Sound(Command::Say { interruptible: true, .. }))
    });
    assert!(!interruptible, "nothing they say may cut it");
    world.run_ms(60_000);
    assert!(world.ended.is_some(), "hung up after it was heard");
    assert_eq!(world.notices(), ["voicemail"]);
    assert_eq!(
        world.transcript(),
        [format!("callee: {greeting}"), "agent: This is Ann. Please call back.".into()]
    );
}

#[test]
fn a_greeting_that_goes_on_gets_the_whole_message_after_its_end() {
    let mut config = config("Ask.");
    config.brief.voicemail = Voicemail::Say("This is Ann.".into());
    let mut world = World::plain(config, Scripted::new([]));
    talk(&mut world, "Bob is not here. Please leave a message.", 5_000);
    world.give(beep());
    world.run_ms(200);
    assert!(world.is_speaking());
    world.give(sounds(Kind::Speech, Kind::Silence));
    world.run_ms(4_000);
    assert!(!world.is_speaking() && world.ended.is_none(), "{:?}", states(&world));
    world.give(sounds(Kind::Silence, Kind::Speech));
    world.run_ms(200);
    world.give(beep());
    world.run_ms(10_000);
    assert_eq!(world.said(), "This is Ann. This is Ann.");
    assert!(world.ended.is_some());
}

#[test]
fn a_mailbox_may_be_left_without_a_word() {
    let mut config = config("Ask.");
    config.brief.voicemail = Voicemail::HangUp;
    let mut world = World::plain(config, Scripted::new([]));
    talk(&mut world, "Please leave a message after the tone.", 5_000);
    world.run_ms(3_000);
    assert!(world.ended.is_some() && world.said().is_empty(), "{:?}", states(&world));
}

#[test]
fn a_fax_machine_ends_the_call() {
    let mut world = World::plain(config("Ask."), Scripted::new([]));
    let kind = Tone::FaxAnswer;
    let heard = Heard { kind, from_sample: 0, to_sample: None };
    world.give(Input::Sound(Event::Tone(heard)));
    world.run_ms(3_000);
    assert!(world.ended.is_some() && world.said().is_empty());
    assert_eq!(world.notices(), ["fax"]);
}
