//! The user is called in: kept company, announced, joined; or not reached.

mod call_world;

use agent::call::{CallConfig, EndedBy, Input, Output};
use agent::llm::scripted::{Answer, Scripted};
use call_world::{World, config, leg};
use media::circuit::{Command, Event};
use serde_json::json;
use telephony::{Bridging, Cause, Control, DigitPath, Outcome, Signal};

const USER: &str = "+12125550199";

fn with_user() -> CallConfig {
    let mut config = config("Ask, and connect me when a person answers.");
    config.brief.bridge_number = Some(USER.parse().expect("a number"));
    config
}

/// A person has answered, the model has had the user rung.
fn ringing(first: Answer, then: &[Answer], bridging: Bridging) -> World {
    let answers = [first.call("bridge_user", json!({}))].into_iter().chain(then.iter().cloned());
    let model = Scripted::new(answers);
    let mut world = World::connected(with_user(), model, leg(DigitPath::InBand, bridging));
    world.exchange("Hello, this is Ann.");
    assert_eq!(
        world.controls().last(),
        Some(&&Control::DialBridge { to: USER.parse().expect("one") })
    );
    world
}

fn absent(cause: Cause) -> Input {
    Input::Signal(Signal::BridgeEnded { cause })
}

fn whispers(world: &World) -> Vec<&str> {
    let texts = world.log.iter().filter_map(|(_, output)| match output {
        Output::Whisper { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Which circuits were told to join.
fn joined(world: &World) -> (usize, usize) {
    let count = |wanted: fn(&Output) -> bool| world.log.iter().filter(|(_, o)| wanted(o)).count();
    (
        count(|o| matches!(o, Output::Sound(Command::Bridge))),
        count(|o| matches!(o, Output::UserSound(Command::Bridge))),
    )
}

#[test]
fn the_user_hears_who_waits_and_is_joined_and_the_transcript_stops() {
    let mut world = ringing(Answer::say("I'm connecting you."), &[], Bridging::LocalMix);
    world.give(Input::Signal(Signal::BridgeAnswered));
    assert_eq!(world.call.state_name(), "conversing");
    assert_eq!(joined(&world), (0, 0), "not before the user knows who waits");
    world.run_ms(1_000);
    assert!(world.said().ends_with("I'm connecting you now."), "{}", world.said());
    world.run_ms(12_000);
    assert_eq!((world.call.state_name(), joined(&world)), ("bridged", (1, 1)));
    let whispers = whispers(&world);
    assert!(whispers.len() == 1 && whispers[0].contains("1 2 1, 2 5 5"), "{whispers:?}");
    assert!(!world.said().contains("your assistant"), "the callee does not hear it");
    let lines = world.transcript();
    assert!(lines.iter().all(|line| !line.contains("your assistant")), "{lines:?}");
    world.exchange("Hi, it's me.");
    assert_eq!(world.transcript(), lines, "not ours to write down");
    world.give(absent(Cause::NormalClearing));
    world.run_ms(3_000);
    let ending = world.ended.as_ref().expect("over");
    assert_eq!((ending.outcome, ending.by), (Outcome::Answered, EndedBy::User));
    assert_eq!(world.controls().last(), Some(&&Control::Hangup));
}

#[test]
fn a_carrier_that_joins_legs_itself_is_told_to() {
    let mut world = ringing(Answer::say("I'm connecting you."), &[], Bridging::Control);
    world.give(Input::Signal(Signal::BridgeAnswered));
    assert_eq!(world.call.state_name(), "bridged");
    assert_eq!(world.controls().last(), Some(&&Control::Bridge));
    assert_eq!((joined(&world), whispers(&world).len()), ((0, 0), 0));
    // Its stream to us may end then.
    world.give(Input::Signal(Signal::MediaStopped));
    world.run_ms(60_000);
    assert_eq!(world.call.state_name(), "bridged");
    world.give(Input::Signal(Signal::Ended { cause: Cause::NormalClearing, by_callee: true }));
    assert!(world.controls().contains(&&Control::HangupBridge));
    assert_eq!(world.ended.as_ref().expect("over").by, EndedBy::Callee);
}

#[test]
fn the_callee_is_told_and_kept_company_until_nobody_answers() {
    let silent = Answer::default();
    let mut world = ringing(silent, &[Answer::say("They do not answer.")], Bridging::LocalMix);
    assert!(world.said().contains("I'm getting them on the line"), "{}", world.said());
    world.run_ms(44_000);
    let company = world.said().matches("Thank you for waiting").count();
    assert_eq!(company, 4, "{}", world.said());
    assert!(!world.said().contains("still there"), "{}", world.said());
    world.run_ms(4_000);
    world.run_until_silent();
    assert_eq!(world.controls().last(), Some(&&Control::HangupBridge), "it rings no longer");
    assert!(world.said().ends_with("They do not answer."), "{}", world.said());
    // Who answers now is too late.
    world.give(Input::Signal(Signal::BridgeAnswered));
    assert_eq!((world.call.state_name(), joined(&world)), ("conversing", (0, 0)));
}

#[test]
fn a_user_who_is_not_there_brings_us_back_to_the_callee() {
    for cause in [Cause::UserBusy, Cause::CallRejected, Cause::Unreachable] {
        let then = [Answer::say("They do not answer.")];
        let mut world = ringing(Answer::say("One moment."), &then, Bridging::LocalMix);
        world.give(absent(cause));
        world.run_until_silent();
        assert!(world.said().ends_with("They do not answer."), "{cause:?}: {}", world.said());
        assert!(!world.controls().contains(&&Control::HangupBridge), "it has ended already");
        let said = world.exchange("I see.");
        assert_eq!(world.call.state_name(), "conversing", "{said}");
    }
    // The same of one who hangs up while being told who waits.
    let then = [Answer::say("They had to go.")];
    let mut world = ringing(Answer::say("One moment."), &then, Bridging::LocalMix);
    world.give(Input::Signal(Signal::BridgeAnswered));
    world.run_ms(1_500);
    world.give(absent(Cause::NormalClearing));
    world.run_until_silent();
    assert!(world.said().ends_with("They had to go."), "{}", world.said());
    assert_eq!(joined(&world), (0, 0));
}

#[test]
fn a_callee_who_leaves_takes_the_users_leg_along() {
    for answers in [false, true] {
        let mut world = ringing(Answer::say("One moment."), &[], Bridging::LocalMix);
        if answers {
            world.give(Input::Signal(Signal::BridgeAnswered));
            world.run_ms(13_000);
            assert_eq!(world.call.state_name(), "bridged");
        }
        world.give(Input::Signal(Signal::Ended { cause: Cause::NormalClearing, by_callee: true }));
        assert_eq!(world.controls().last(), Some(&&Control::HangupBridge));
        let ending = world.ended.as_ref().expect("over");
        assert_eq!((ending.outcome, ending.by), (Outcome::Answered, EndedBy::Callee));
    }
}

#[test]
fn a_leg_whose_sound_is_lost_ends_the_bridge() {
    let bridged = || {
        let mut world = ringing(Answer::say("One moment."), &[], Bridging::LocalMix);
        world.give(Input::Signal(Signal::BridgeAnswered));
        world.run_ms(13_000);
        world
    };
    let deaf = |for_ms| Event::Deaf { for_ms };
    for (lost, is_lost) in [
        (Input::Signal(Signal::MediaStopped), true),
        (Input::Sound(deaf(32_000)), true),
        (Input::UserSound(deaf(32_000)), true),
        (Input::Sound(deaf(4_000)), false),
        (Input::UserSound(deaf(4_000)), false),
    ] {
        let mut world = bridged();
        world.give(lost.clone());
        world.run_ms(5_000);
        let ended = world.ended.as_ref().map(|ending| (ending.cause, ending.by));
        assert_eq!(ended, is_lost.then_some((Cause::MediaLost, EndedBy::Network)), "{lost:?}");
    }
    // A stream that comes back is joined again.
    let mut world = bridged();
    world.give(Input::Signal(Signal::MediaStopped));
    world.run_ms(500);
    let capabilities = leg(DigitPath::InBand, Bridging::LocalMix);
    world.give(Input::Signal(Signal::MediaStarted { capabilities }));
    world.run_ms(5_000);
    assert_eq!((world.call.state_name(), joined(&world)), ("bridged", (2, 1)));
    // So is one that was away when the user answered.
    let mut world = ringing(Answer::say("One moment."), &[], Bridging::LocalMix);
    world.give(Input::Signal(Signal::MediaStopped));
    world.give(Input::Signal(Signal::BridgeAnswered));
    world.give(Input::Signal(Signal::MediaStarted { capabilities }));
    world.run_ms(13_000);
    assert_eq!((world.call.state_name(), joined(&world)), ("bridged", (1, 1)));
}
