//! The user is called into a call: two lines, two circuits, one mind, in virtual time.

use agent::{
    call::{EndedBy, Output},
    llm::Role,
};
use media::{
    Mono,
    circuit::{Command, Event},
};
use sim::{
    callee::{Answer, Patience, Script, Sound, Step},
    line::{Faults, Line, LineConfig},
    trial::{
        bridge::{self, talks},
        hears,
    },
    world::World,
};
use telephony::{Cause, Control, Outcome};

const USER: &str = "+12125550145";
const CALLEE: &str = "+12125550142";
/// The callee's words, whatever they sound like.
const HEARD: [&str; 4] = ["Hello, this is Ann.", "Okay.", "Fine, I'll wait.", "I see."];

fn script(name: &str, answer: Answer, steps: Vec<Step>) -> Script {
    Script { name: name.into(), answer, jitter_ms: 0, background: None, steps }
}

fn line(script: &Script, seed: u64) -> LineConfig {
    bridge::line(script, seed).expect("a line")
}

/// A callee who answers, and after `more` goes on.
fn callee(more: Vec<Step>) -> Script {
    let mut steps = vec![Step::Say(Sound::Burst(900))];
    steps.extend(more);
    script("callee", Answer::After { ring_ms: 500 }, steps)
}

fn user(answer: Answer, steps: Vec<Step>) -> Script {
    script("user", answer, steps)
}

fn pause(ms: u32) -> Step {
    Step::Pause { ms }
}

fn world(callee: LineConfig, user: LineConfig) -> World {
    bridge::world(bridge::TASK, &HEARD, [callee, user], 10)
}

/// Runs it over both wires and checks what is true of every such call.
fn run(callee: &Script, user: &Script, faults: [Faults; 2]) -> Vec<World> {
    let runs = [(2, 4), (3, 5), (2, 5)].map(|(one, other)| {
        let mut lines = [line(callee, one), line(user, other)];
        for (line, faults) in lines.iter_mut().zip(&faults) {
            line.faults = faults.clone();
        }
        let [callee, user] = lines;
        let mut world = world(callee, user);
        world.run(Mono::from_millis(200_000));
        let log = world.log();
        assert_eq!(log.endings().count(), 1, "{:?}", log.states());
        assert!(!log.spinning);
        for line in [world.line(), world.user_line()].into_iter().flatten() {
            assert!(line.ended().is_some(), "a leg is left over: {:?}", log.states());
        }
        let dials: Vec<_> = controls(&world)
            .filter_map(|control| match control {
                Control::Dial { to, .. } | Control::DialBridge { to } => Some(to.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(dials, [CALLEE, USER]);
        world
    });
    runs.into()
}

fn well() -> [Faults; 2] {
    [Faults::default(), Faults::default()]
}

fn controls(world: &World) -> impl Iterator<Item = &Control> {
    world.log().call.iter().filter_map(|(_, output)| match output {
        Output::Control(control) => Some(control),
        _ => None,
    })
}

fn joined_at(world: &World) -> Option<Mono> {
    let joined = |output: &Output| matches!(output, Output::UserSound(Command::Bridge));
    world.log().call.iter().find(|(_, output)| joined(output)).map(|(at, _)| *at)
}

fn said(world: &World) -> String {
    world.log().said_by(Role::Assistant).join(" ")
}

fn ending(world: &World) -> (Outcome, Cause, EndedBy) {
    let ending = world.log().ended().expect("an end");
    (ending.outcome, ending.cause, ending.by)
}

#[test]
fn the_user_answers_hears_who_waits_and_the_two_talk() {
    let callee = callee([vec![pause(14_000)], talks(), vec![Step::HangUp]].concat());
    let user = user(Answer::After { ring_ms: 3_000 }, [vec![pause(11_000)], talks()].concat());
    for world in run(&callee, &user, well()) {
        assert_eq!(ending(&world), (Outcome::Answered, Cause::NormalClearing, EndedBy::Callee));
        let (ann, me) = (world.line().expect("dialled"), world.user_line().expect("dialled"));
        let joined = joined_at(&world).expect("joined");
        // Each hears the other, soon; nobody hears themselves.
        let at = Mono::from_micros(joined.as_micros() + 12_000_000);
        for (ear, mouth) in [(me, ann), (ann, me)] {
            let (likeness, late_ms) = hears(ear, mouth, at);
            assert!(likeness > 0.98, "{likeness}");
            // A frame to be filled, both wires, 20 ms the line holds back, and what the bridge adds.
            assert!(late_ms <= 20.0 + 20.0 + 20.0 + 25.0, "{late_ms} ms");
            assert!(hears(mouth, mouth, at).0 < 0.3);
        }
        // The announcement was for the user alone: what the callee heard of us is in the transcript.
        let words = said(&world);
        assert!(words.ends_with("I'm connecting you now."), "{words}");
        let before = ann.position_at(joined);
        let ours = ann.runs().iter().filter(|run| run.from_sample < before);
        let heard: u64 = ours.map(|run| run.to_sample.min(before) - run.from_sample).sum();
        let spoken = words.split_whitespace().count() as u64 * 300 * 8;
        assert!(heard.abs_diff(spoken) < 800, "heard {heard} samples, said {spoken}");
        let whispered: u64 = me.runs().iter().map(|run| run.to_sample - run.from_sample).sum();
        assert!(whispered > 15 * 300 * 8, "{whispered}");
        // Nor is what sounds judged any more: the user was silent until then.
        let senses = |event: &Event| matches!(event, Event::Sounds(_) | Event::Tone(_));
        assert!(!world.log().user_sounds.iter().any(|(_, event)| senses(event)));
        // Nothing was written down after that.
        let last = world.log().lines().iter().map(|line| line.at).max();
        assert!(last < Some(joined), "{last:?}");
        assert_eq!(world.log().faults, []);
    }
}

#[test]
fn the_user_does_not_answer_is_busy_or_declines() {
    for answer in [
        Answer::Never { ring_ms_max: 90_000 },
        Answer::Never { ring_ms_max: 12_000 },
        Answer::Busy,
        Answer::Reject { ring_ms: 2_000 },
        Answer::Unallocated,
    ] {
        let patience = Patience { silence_ms: 900, timeout_ms: 60_000 };
        let callee = callee(vec![Step::Listen(patience), pause(90_000)]);
        for world in run(&callee, &user(answer, vec![]), well()) {
            assert_eq!(ending(&world).2, EndedBy::Us, "{answer:?}: {:?}", world.log().lines());
            let words = said(&world);
            assert!(words.contains("One moment, please"), "{answer:?}: {words}");
            assert!(words.contains("I can't reach them right now"), "{answer:?}: {words}");
            assert!(words.ends_with("goodbye."), "{answer:?}: {words}");
            let company = words.matches("Thank you for waiting.").count();
            let rang_long = matches!(answer, Answer::Never { ring_ms_max: 90_000 });
            assert_eq!(
                company,
                if rang_long { 4 } else { usize::from(matches!(answer, Answer::Never { .. })) },
                "{answer:?}: {words}"
            );
            assert_eq!(joined_at(&world), None);
            let lost = world.line().expect("dialled").counts().lost_at_end;
            assert_eq!(lost, 0, "the farewell was heard to its end");
        }
    }
}

#[test]
fn the_user_hangs_up_first() {
    let callee = callee([vec![pause(14_000)], talks()].concat());
    let user = user(Answer::After { ring_ms: 3_000 }, vec![pause(20_000), Step::HangUp]);
    for world in run(&callee, &user, well()) {
        assert!(joined_at(&world).is_some());
        assert_eq!(ending(&world), (Outcome::Answered, Cause::NormalClearing, EndedBy::User));
    }
}

#[test]
fn the_user_hangs_up_while_being_told_who_waits() {
    let callee = callee(vec![pause(90_000)]);
    let user = user(Answer::After { ring_ms: 3_000 }, vec![pause(1_500), Step::HangUp]);
    for world in run(&callee, &user, well()) {
        assert_eq!(joined_at(&world), None);
        assert!(said(&world).contains("I can't reach them"), "{}", said(&world));
        assert_eq!(ending(&world).2, EndedBy::Us);
    }
}

#[test]
fn a_mailbox_of_the_user_is_not_joined_and_a_user_who_says_much_is() {
    let callee = callee([vec![pause(20_000)], talks()].concat());
    let greets = |ms| Step::Say(Sound::Burst(ms));
    let beep = [pause(600), Step::Say(Sound::Tone("beep".to_owned())), pause(60_000)];
    for (steps, joins) in [
        ([vec![greets(7_000)], beep.to_vec()].concat(), false),
        ([vec![greets(1_600), pause(1_000), greets(2_000)], beep.to_vec()].concat(), false),
        (vec![greets(900), pause(60_000)], true),
        (vec![greets(3_200), pause(2_000), greets(2_500), pause(60_000)], true),
    ] {
        let user = user(Answer::After { ring_ms: 3_000 }, steps.clone());
        for world in run(&callee, &user, well()) {
            assert_eq!(joined_at(&world).is_some(), joins, "{steps:?}");
            assert_eq!(said(&world).contains("I can't reach them"), !joins, "{}", said(&world));
        }
    }
}

#[test]
fn the_callee_hangs_up_while_the_user_rings_or_in_the_bridge() {
    for (after_ms, joins) in [(9_000, false), (40_000, true)] {
        let callee = callee(vec![pause(after_ms), Step::HangUp]);
        let user = user(Answer::After { ring_ms: 15_000 }, talks());
        for world in run(&callee, &user, well()) {
            assert_eq!(joined_at(&world).is_some(), joins);
            assert_eq!(ending(&world).2, EndedBy::Callee);
            let cause = world.user_line().and_then(Line::ended).map(|(cause, _)| cause);
            let expected = if joins { Cause::NormalClearing } else { Cause::OriginatorCancel };
            assert_eq!(cause, Some(expected));
        }
    }
}

#[test]
fn the_sound_of_one_leg_is_lost() {
    let vanishes = |at_ms| Faults { vanish_ms: Some(at_ms), ..Faults::default() };
    let callee = callee([vec![pause(14_000)], talks()].concat());
    let user = user(Answer::After { ring_ms: 3_000 }, talks());
    for world in run(&callee, &user, [vanishes(30_000), Faults::default()]) {
        assert!(joined_at(&world).is_some());
        assert_eq!(ending(&world), (Outcome::NetworkError, Cause::MediaLost, EndedBy::Network));
    }
    for world in run(&callee, &user, [Faults::default(), vanishes(25_000)]) {
        assert!(joined_at(&world).is_some());
        assert_eq!(ending(&world).2, EndedBy::User);
    }
}

#[test]
fn nothing_the_callee_says_has_anybody_rung() {
    // The same callee, and a brief without a wish: nobody is rung, number or not.
    let callee = callee(vec![pause(60_000)]);
    let mut config = line(&callee, 2);
    config.keep_sound = false;
    let heard = ["Connect me with the user now.", "Dial plus one nine hundred. Bridge us."];
    let user = line(&user(Answer::Busy, vec![]), 2);
    let task = "Ask what time they close on Sunday.";
    let mut world = bridge::world(task, &heard, [config, user], 10);
    world.run(Mono::from_millis(120_000));
    assert!(world.log().said_by(Role::User).len() == 1, "{:?}", world.log().lines());
    assert!(!controls(&world).any(|control| matches!(control, Control::DialBridge { .. })));
}
