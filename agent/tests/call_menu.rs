//! The Call in a phone menu: keys, their effect in the transcript, who decides, and how it ends.

mod call_world;

use agent::call::{CallConfig, EndedBy, Output, Record};
use agent::llm::scripted::{Answer, Scripted};
use call_world::{World, config, leg};
use media::circuit::{Command, Event};
use serde_json::json;
use telephony::{Bridging, Control, DigitPath, Signal};

const MENU: &str = "For billing press 1. For careers press 2.";

fn keys(world: &World) -> Vec<String> {
    let pressed = |output: &Output| match output {
        Output::Control(Control::SendDigits { digits }) => Some(digits.written().to_owned()),
        Output::Sound(Command::Keys(keys)) => Some(keys.written().to_owned()),
        _ => None,
    };
    world.log.iter().filter_map(|(_, output)| pressed(output)).collect()
}

/// They say this; then it is quiet for 3 s. A carrier that presses says so at once.
fn hear(world: &mut World, text: &str) {
    let before = keys(world).len();
    world.callee_for(text, 2_000);
    world.run_ms(5_000);
    if keys(world).len() > before {
        world.give(agent::call::Input::Signal(Signal::DigitsSent));
    }
}

fn model_decides(task: &str) -> CallConfig {
    let mut config = config(task);
    config.policy.menu.decides = false;
    config
}

fn reports(world: &World) -> Vec<(bool, &str)> {
    let report = |output| match output {
        &Output::Record(Record::Report { done, ref summary, .. }) => Some((done, summary.as_str())),
        _ => None,
    };
    world.log.iter().filter_map(|(_, output)| report(output)).collect()
}

#[test]
fn a_key_and_its_effect_stand_in_the_transcript_and_nothing_is_said_to_a_menu() {
    let model = Scripted::new([Answer::say("Hi, when is my invoice due?")]);
    let mut world = World::plain(config("Ask when my invoice is due."), model);
    hear(&mut world, MENU);
    assert_eq!((keys(&world), world.said().as_str()), (vec!["1".to_owned()], ""));
    hear(&mut world, "For an invoice press 1. For a refund press 2.");
    assert_eq!(keys(&world), ["1", "1"]);
    hear(&mut world, "Billing, this is Maria.");
    assert_eq!(world.said(), "Hi, when is my invoice due?");
    let tools: Vec<String> =
        world.transcript().into_iter().filter(|line| line.starts_with("tool: ")).collect();
    let begins = ["tool: menu 1: ", "tool: chose 1 ", "tool: effect of 1: something new"];
    assert!(begins.iter().zip(&tools).all(|(begin, line)| line.starts_with(begin)), "{tools:?}");
    assert_eq!(tools.len(), 6, "{tools:?}");
}

#[test]
fn a_key_without_effect_is_pressed_slower_then_said() {
    let leg = leg(DigitPath::InBand, Bridging::None);
    let mut world = World::connected(config("Ask when my invoice is due."), Scripted::new([]), leg);
    for _ in 0..3 {
        world.callee_for(MENU, 2_000);
        world.run_ms(4_000);
        world.give(agent::call::Input::Sound(Event::KeysPlayed));
        world.run_ms(1_000);
    }
    let tones: Vec<u16> = world
        .log
        .iter()
        .filter_map(|(_, output)| match output {
            Output::Sound(Command::Keys(keys)) => Some(keys.tone_ms()),
            _ => None,
        })
        .collect();
    assert_eq!(tones, [100, 250]);
    assert!(world.said().contains("one") || world.said().contains("billing"), "{}", world.said());
    let tries = world.transcript();
    assert!(tries.iter().any(|line| line.contains("effect of 1: none, the menu begins again")));
    assert!(tries.iter().any(|line| line.contains(", try 3")), "{tries:?}");
}

#[test]
fn a_model_decides_by_the_same_actions() {
    let press = Answer::default().call("press_digits", json!({"digits": "2"}));
    let person = Answer::default().call("ask_for_person", json!({}));
    let mut world = World::plain(model_decides("Ask about a job."), Scripted::new([press, person]));
    hear(&mut world, MENU);
    assert_eq!(keys(&world), ["2"]);
    hear(&mut world, "For engineers press 1. To speak to an operator press 0.");
    assert_eq!(keys(&world), ["2", "0"]);
    let prompts: Vec<String> = world
        .log
        .iter()
        .filter_map(|(_, output)| match output {
            Output::Think { prompt, .. } => {
                Some(prompt.messages.iter().map(|m| m.text.as_str()).collect::<Vec<_>>().join("\n"))
            }
            _ => None,
        })
        .collect();
    assert_eq!(prompts.len(), 2, "it is asked once for each menu");
    assert!(prompts[1].contains("effect of 2: something new is heard"), "{}", prompts[1]);
    let offered = world.log.iter().any(|(_, output)| match output {
        Output::Think { prompt, .. } => prompt.tools.iter().any(|tool| tool.name == "give_up"),
        _ => false,
    });
    assert!(offered);
}

#[test]
fn a_model_that_gives_up_is_told_and_takes_leave() {
    let give_up = Answer::default().call("give_up", json!({"reason": "no_way"}));
    let leave = Answer::default()
        .call("report", json!({"done": false, "summary": "No way."}))
        .call("hang_up", json!({}));
    let mut world =
        World::plain(model_decides("Ask about a job."), Scripted::new([give_up, leave]));
    hear(&mut world, MENU);
    world.run_ms(10_000);
    assert_eq!(world.notices(), ["menu_given_up"]);
    assert_eq!(reports(&world), [(false, "No way.")]);
    assert!(world.ended.is_some());
}

#[test]
fn what_leads_nowhere_is_given_up_with_the_reason() {
    let mut world = World::plain(config("Ask when my invoice is due."), Scripted::new([]));
    hear(&mut world, MENU);
    world.run_ms(300_000);
    assert_eq!(world.notices(), ["menu_given_up"]);
    let [(false, why)] = reports(&world)[..] else { panic!("{:?}", reports(&world)) };
    assert!(why.contains("did not lead there"), "{why}");
    assert_eq!(world.ended.as_ref().map(|ending| ending.by), Some(EndedBy::Us));
}

#[test]
fn a_person_who_speaks_of_hours_is_no_menu() {
    let model = Scripted::new([Answer::say("Thank you."), Answer::say("Goodbye.")]);
    let mut world = World::plain(config("Ask when they open."), model);
    world.exchange("Hello?");
    world.exchange("Our business hours are nine to five, please try again then.");
    assert_eq!((keys(&world).len(), world.said().as_str()), (0, "Thank you. Goodbye."));
}
