//! Whole conversations through the Call alone, in virtual time, with a scripted model.

mod call_world;

use agent::call::{EndedBy, Input, Output, Record};
use agent::llm::scripted::{Answer, Scripted};
use call_world::{World, config};
use serde_json::json;
use telephony::{Cause, Control, Direction, Outcome, Signal};

fn goodbye() -> Answer {
    Answer::say("Thank you, goodbye.")
        .call("report", json!({"done": true, "summary": "Booked."}))
        .call("hang_up", json!({}))
}

#[test]
fn an_errand_from_dial_to_hang_up() {
    let model = Scripted::new([Answer::say("Hi, a table for two please."), goodbye()]);
    let mut world = World::plain(config("Book a table."), model);
    world.run_ms(300);
    assert_eq!(world.said(), "", "the callee speaks first");
    assert_eq!(world.exchange("Luigi's, hello?"), "Hi, a table for two please.");
    world.exchange("Okay, you are booked.");
    world.run_ms(5_000);
    let ending = world.ended.clone().expect("the call ended");
    assert_eq!((ending.outcome, ending.by), (Outcome::Answered, EndedBy::Us));
    assert_eq!(
        world.transcript(),
        [
            "callee: Luigi's, hello?",
            "agent: Hi, a table for two please.",
            "callee: Okay, you are booked.",
            "tool: reported",
            "tool: hanging up",
            "agent: Thank you, goodbye.",
        ]
    );
    // The farewell was heard before the line closed.
    let farewell_ms = world.log.iter().find_map(|(at, o)| match o {
        Output::Speak { text, .. } if text == "Thank you, goodbye." => Some(*at),
        _ => None,
    });
    let hangup_ms = world
        .log
        .iter()
        .find_map(|(at, o)| matches!(o, Output::Control(Control::Hangup)).then_some(*at));
    let said_ms = 80 + call_world::CHAR_MS * "Thank you, goodbye.".len() as u64;
    assert_eq!(hangup_ms, farewell_ms.map(|at| at + said_ms));
    assert_eq!(world.ignored(), 0);
}

#[test]
fn the_voices_stage_ends_with_its_first_sound() {
    let mut world = World::plain(config("Ask."), Scripted::new([Answer::say("Good evening.")]));
    world.exchange("Hello?");
    let turn = world.log.iter().find_map(|(_, output)| match output {
        Output::Record(Record::Turn(turn)) => Some(turn),
        _ => None,
    });
    let turn = turn.expect("a turn");
    let before = |at: Option<media::Mono>| at.map(|at| at + std::time::Duration::from_millis(20));
    assert!(turn.tts_first.is_some() && before(turn.tts_first) == turn.spoken, "{turn:?}");
}

#[test]
fn a_silent_callee_is_addressed_after_a_while() {
    let mut world = World::plain(config("Ask."), Scripted::new([Answer::say("Hello?")]));
    world.run_ms(1_790);
    assert_eq!(world.said(), "");
    world.run_ms(20);
    assert_eq!(world.said(), "Hello?");
}

#[test]
fn the_greeting_of_the_brief_is_said_word_for_word() {
    let mut config = config("Ask.");
    config.brief.greeting = Some("Good day. This is Ann's assistant.".into());
    let mut world = World::plain(config, Scripted::new([Answer::say("When do you open?")]));
    assert_eq!(world.exchange("Hello?"), "Good day. This is Ann's assistant.");
    assert_eq!(world.exchange("How can I help?"), "When do you open?");
}

#[test]
fn an_incoming_call_is_greeted_at_once() {
    let mut config = config("");
    config.direction = Direction::Inbound;
    let model = Scripted::new([Answer::say("Hello, how can I help?")]);
    let mut world = World::plain(config, model);
    world.run_ms(10);
    assert_eq!(world.controls(), [&Control::Answer]);
    assert_eq!(world.said(), "Hello, how can I help?");
}

#[test]
fn a_disclosure_comes_first_and_a_greeting_is_then_for_the_model() {
    let mut config = config("Book.");
    config.brief.disclosure = Some("This call is recorded.".to_owned());
    config.brief.greeting = Some("Howdy!".to_owned());
    let model = Scripted::new([Answer::say("A table, please."), Answer::say("For two.")]);
    let mut world = World::plain(config, model);
    // A sound takes back what nobody has heard yet, the disclosure too: it comes again.
    world.run_ms(1_790);
    world.callee_for("Hello?", 400);
    world.run_ms(6_000);
    let said = world.transcript().join(" | ");
    assert_eq!(said.matches("This call is recorded.").count(), 1, "{said}");
    let ours = said.split("agent: ").nth(1).expect("we spoke");
    assert!(ours.starts_with("This call is recorded."), "{said}");
    assert!(!said.contains("Howdy"), "{said}");
    let prompt = world.log.iter().find_map(|(_, output)| match output {
        Output::Think { prompt, .. } => Some(prompt.messages[0].text.clone()),
        _ => None,
    });
    assert!(prompt.expect("asked").contains("would begin: Howdy!"));
}

#[test]
fn an_incoming_call_hears_the_disclosure_and_then_the_greeting() {
    let mut config = config("");
    config.direction = Direction::Inbound;
    config.brief.disclosure = Some("This call is recorded.".to_owned());
    config.brief.greeting = Some("Ann's office.".to_owned());
    let mut world = World::plain(config, Scripted::new([]));
    world.run_ms(6_000);
    assert!(world.said().starts_with("This call is recorded. Ann's office."), "{}", world.said());
}

#[test]
fn thinking_begins_before_the_endpoint_and_speech_waits_for_it() {
    let model = Scripted::new([Answer::say("For two.")]);
    let mut world = World::plain(config("Book."), model);
    world.callee_for("For how many?", 1_000);
    world.run_ms(5_000);
    let think = world.log.iter().find(|(_, o)| matches!(o, Output::Think { .. })).expect("thought");
    let speak = world.log.iter().find(|(_, o)| matches!(o, Output::Speak { .. })).expect("spoke");
    // Pause noticed after 200 ms, text after 100 more, endpoint 350 ms after the last sample.
    assert_eq!((think.0, speak.0), (1_300, 1_350));
    let waterfall = world.log.iter().find_map(|(_, o)| match o {
        Output::Record(Record::Turn(waterfall)) => Some(*waterfall),
        _ => None,
    });
    let waterfall = waterfall.expect("latencies are recorded");
    let ms = |at: Option<media::Mono>| at.map(media::Mono::as_millis);
    assert_eq!(waterfall.turn, 1);
    assert_eq!(ms(waterfall.heard), Some(1_000));
    assert_eq!(ms(waterfall.stt_final), Some(1_300));
    assert_eq!(ms(waterfall.llm_first), Some(1_300));
    assert_eq!(ms(waterfall.endpoint), Some(1_350));
    assert_eq!(ms(waterfall.spoken), Some(1_430));
}

#[test]
fn a_false_end_goes_on_in_the_same_segment() {
    let model = Scripted::new([Answer::say("Never said."), Answer::say("For two.")]);
    let mut world = World::plain(config("Book."), model);
    world.callee_for("Hello.", 500);
    world.run_ms(760); // supposed at 800, speech again at 820, the endpoint would be at 850
    world.callee_for("How many people?", 1_000);
    world.run_ms(5_000);
    assert_eq!(world.said(), "For two.");
    assert_eq!(world.transcript()[0], "callee: Hello. How many people?");
    let opened = world
        .log
        .iter()
        .filter(|(_, o)| matches!(o, Output::Listen(agent::call::Listen::Open { .. })));
    assert_eq!(opened.count(), 1);
}

#[test]
fn what_was_not_heard_is_forgotten_after_an_interruption() {
    let model = Scripted::new([
        Answer::say("I would like to book a table for two people. On Friday. At seven."),
        Answer::say("Yes, two."),
    ]);
    let mut world = World::plain(config("Book."), model);
    world.callee("Hello?");
    world.run_ms(1_700);
    assert!(world.is_speaking());
    world.callee_for("Sorry, two?", 800);
    world.run_ms(300);
    world.interrupt();
    world.run_ms(6_000);
    let transcript = world.transcript();
    assert!(transcript[1].ends_with(" ~"), "{transcript:?}");
    let heard = transcript[1].trim_start_matches("agent: ").trim_end_matches(" ~");
    assert!("I would like to book a table for two people.".starts_with(heard), "{heard}");
    assert!(heard.len() < 40 && !heard.is_empty(), "{heard}");
    assert_eq!(transcript[2..], ["callee: Sorry, two?", "agent: Yes, two."]);
    let prompt = world.log.iter().rev().find_map(|(_, o)| match o {
        Output::Think { prompt, .. } => Some(prompt),
        _ => None,
    });
    let messages = &prompt.expect("thought").messages;
    assert_eq!(messages[2].text, heard, "the model sees what was heard");
    assert!(
        world.log.iter().any(|(_, o)| matches!(o, Output::Forget(_) | Output::Hush(_)))
            || world.ignored() == 0
    );
}

#[test]
fn an_interruption_without_words_is_made_good() {
    let model = Scripted::new([Answer::say("I would like to book a table for two people.")]);
    let mut world = World::plain(config("Book."), model);
    world.callee("Hello?");
    world.run_ms(1_900);
    world.callee_for("", 500); // a cough that was taken for speech
    world.run_ms(200);
    world.interrupt();
    world.run_ms(8_000);
    assert_eq!(world.transcript()[1], "agent: I would like to book a table for two people.");
}

#[test]
fn listeners_noises_do_not_take_the_floor() {
    let model = Scripted::new([
        Answer::say("I would like to book a table for two people. Is that possible?"),
        Answer::say("Great."),
    ]);
    let mut world = World::plain(config("Book."), model);
    world.callee("Hello?");
    world.run_ms(1_700);
    world.callee_for("Uh-huh.", 300);
    world.run_ms(8_000);
    assert_eq!(
        world.transcript()[1..],
        [
            "agent: I would like to book a table for two people. Is that possible?",
            "callee: Uh-huh.",
        ]
    );
    assert!(world.log.iter().any(|(_, o)| matches!(
        o,
        Output::Sound(media::circuit::Command::Words { count: 1, back_channel: true })
    )));
    assert_eq!(world.exchange("Yes."), "Great.");
}

#[test]
fn nobody_speaks_any_more() {
    let mut world = World::plain(config("Ask."), Scripted::new([Answer::say("Hello there.")]));
    world.exchange("Hello?");
    world.run_ms(60_000);
    assert!(world.said().ends_with(
        "Hello there. Are you still there? Are you still there? I can't hear you, so I will hang up now. Goodbye."
    ), "{}", world.said());
    assert_eq!(world.ended.expect("ended").by, EndedBy::Us);
}

#[test]
fn waiting_on_hold_is_not_disturbed() {
    let hold = Answer::say("Of course.").call("wait", json!({"seconds": 60}));
    let mut world = World::plain(config("Ask."), Scripted::new([hold, Answer::say("Thanks.")]));
    world.exchange("One moment please.");
    world.run_ms(55_000);
    assert_eq!(world.said(), "Of course.");
    assert_eq!(world.exchange("I am back."), "Thanks.");
}

#[test]
fn a_callee_with_more_to_say_takes_us_back() {
    let model = Scripted::new([goodbye(), Answer::say("It is Keller."), goodbye()]);
    let mut world = World::plain(config("Ask."), model);
    world.callee("You are booked.");
    world.run_ms(2_000);
    assert_eq!(world.exchange("Wait, what was the name?"), "It is Keller.");
    world.exchange("Okay.");
    world.run_ms(3_000);
    assert!(world.ended.is_some());
    let entered = world.log.iter().filter_map(|(_, output)| match output {
        Output::Record(Record::State { state }) => Some(state.as_str()),
        _ => None,
    });
    let entered: Vec<_> = entered.collect();
    // A farewell that may be taken back is part of the conversation.
    assert_eq!(entered, ["dialing", "connecting", "conversing", "closing", "ended"]);
}

#[test]
fn parting_words_during_the_farewell_do_not_keep_us() {
    let mut world = World::plain(config("Ask."), Scripted::new([goodbye()]));
    world.callee("You are booked.");
    world.run_ms(2_000);
    world.callee_for("You too, bye!", 700);
    world.run_ms(4_000);
    assert!(world.ended.is_some());
    assert!(world.transcript().contains(&"callee: You too, bye!".to_owned()));
}

#[test]
fn a_call_has_its_time() {
    let mut config = config("Ask.");
    config.policy.duration_ms_max = 20_000;
    let mut world = World::plain(config, Scripted::new([]));
    for _ in 0..8 {
        world.callee_for("And another thing.", 1_000);
        world.run_ms(2_500);
    }
    world.run_ms(5_000);
    let ending = world.ended.clone().expect("ended");
    assert_eq!(ending.by, EndedBy::Network);
    assert!(ending.talk_ms <= 20_000 + 2_000, "{ending:?}");
    assert!(world.said().contains("I have to end the call now"));
    assert!(world.notices().contains(&"duration_max"));
}

#[test]
fn the_other_side_hangs_up() {
    let mut world =
        World::plain(config("Ask."), Scripted::new([Answer::say("A long sentence to be said.")]));
    world.callee("Hello?");
    world.run_ms(1_700);
    world.give(Input::Signal(Signal::Ended { cause: Cause::NormalClearing, by_callee: true }));
    let ending = world.ended.clone().expect("ended");
    assert_eq!((ending.by, ending.outcome), (EndedBy::Callee, Outcome::Answered));
    assert!(world.transcript()[1].ends_with('~'), "{:?}", world.transcript());
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let run = || {
        let model = Scripted::new([Answer::say("Hi, a table for two please."), goodbye()]);
        let mut world = World::plain(config("Book a table."), model);
        world.exchange("Luigi's, hello?");
        world.exchange("Okay, you are booked.");
        world.run_ms(5_000);
        world.log
    };
    assert_eq!(run(), run());
}
