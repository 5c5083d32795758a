//! Who can be called: numbers of the simulated world and what happens there.

use telephony::E164;

use crate::{
    callee::{Answer, Patience, Question, Script, Sound, Step},
    tree,
};

/// The restaurant of the demonstration: Rosa's Trattoria.
pub const RESTAURANT: &str = "+12125550142";
/// The same behind a menu and a queue: the demonstration's way to Rosa.
pub const SWITCHBOARD: &str = "+12125550141";
/// A dentist's practice.
pub const DENTIST: &str = "+12125550143";
/// A shop that is asked for its hours.
pub const OPENING_HOURS: &str = "+12125550144";
/// The user's own telephone, to be called in.
pub const USER: &str = "+12125550145";
/// Menus: the number of the first tree of [`tree::SHIPPED`]; the others follow it, one by one.
pub const MENUS: &str = "+12125550160";
/// Somebody answers and says nothing.
pub const SILENT: &str = "+12125550150";
/// Somebody answers and hangs up after 2 s.
pub const HANGS_UP: &str = "+12125550151";
/// Busy.
pub const BUSY: &str = "+12125550152";
/// Nobody answers.
pub const NO_ANSWER: &str = "+12125550153";
/// Declined.
pub const REJECTS: &str = "+12125550154";
/// Out of service.
pub const UNREACHABLE: &str = "+12125550155";
/// No such number.
pub const UNALLOCATED: &str = "+12125550199";

/// The numbers with what they are, for people.
pub const ENTRIES: [(&str, &str); 13] = [
    (RESTAURANT, "Rosa's Trattoria: books tables, interrupts once, coughs once"),
    (SWITCHBOARD, "Rosa's Trattoria behind a menu: reservations (1), then on hold, then Rosa"),
    (DENTIST, "Dr. Weber's practice: makes appointments"),
    (OPENING_HOURS, "Corner Hardware: tells its opening hours"),
    (
        USER,
        "the user's own telephone: somebody who is called in, talks, and hangs up (bridge_number)",
    ),
    (MENUS, "and the 20 numbers after it: phone menus, one difficulty each (docs/menus.md)"),
    (SILENT, "answers and is silent"),
    (HANGS_UP, "answers and hangs up after 2 s"),
    (BUSY, "busy"),
    (NO_ANSWER, "rings and nobody answers"),
    (REJECTS, "declines"),
    (UNREACHABLE, "cannot be reached"),
    (UNALLOCATED, "no such number"),
];

/// The script behind a number; every number that is not listed does not exist.
pub fn script(number: &E164) -> Script {
    match number.as_str() {
        RESTAURANT => restaurant(),
        SWITCHBOARD => switchboard(),
        DENTIST => dentist(),
        OPENING_HOURS => opening_hours(),
        USER => user(),
        SILENT => plain("silent", Answer::After { ring_ms: 1_000 }, vec![]),
        HANGS_UP => hangs_up(),
        BUSY => plain("busy", Answer::Busy, vec![]),
        NO_ANSWER => plain("no answer", Answer::Never { ring_ms_max: 60_000 }, vec![]),
        REJECTS => plain("rejects", Answer::Reject { ring_ms: 1_500 }, vec![]),
        UNREACHABLE => plain("unreachable", Answer::Unreachable, vec![]),
        number => menu(number).unwrap_or_else(|| plain("unallocated", Answer::Unallocated, vec![])),
    }
}

/// The shipped tree behind a number.
fn menu(number: &str) -> Option<Script> {
    let value = |number: &str| number.trim_start_matches('+').parse::<usize>().ok();
    let index = value(number)?.checked_sub(value(MENUS)?)?;
    let (_, toml) = tree::SHIPPED.get(index)?;
    tree::Tree::parse(toml).ok().map(|tree| tree.script())
}

/// Rosa's Trattoria takes a booking. What it wants to know (a party of four at half past seven on
/// Friday, in the name of Miller, a telephone number) is the demonstration's errand.
pub fn restaurant() -> Script {
    let steps = vec![
        say("Rosa's Trattoria, good evening. This is Rosa."),
        // The one real interruption: the agent states its business, Rosa cuts in.
        Step::Interrupt {
            after_ms: 1_800,
            with: text("Sorry, one second. A table for how many people?"),
            timeout_ms: 12_000,
        },
        Step::Listen(Patience::default()),
        Step::Expect { name: "party size".into(), words: expected(&["four"]) },
        ask(
            "time",
            "Four, lovely. And at what time, please?",
            "Sorry, at what time was that?",
            &["seven thirty", "half past seven", "seven"],
        ),
        Step::Ask(Question {
            cough_after_ms: Some(600),
            ..question(
                "name",
                "Seven thirty is fine. What name shall I put it under?",
                "Sorry, could you say the name again?",
                &["miller", "millers", "milla", "mila", "meller", "mueller"],
            )
        }),
        ask(
            "phone",
            "And a phone number, in case something changes?",
            "Could you give me the phone number once more?",
            &["five five five", "five five", "zero one", "one seven"],
        ),
        say("Perfect. That's a table for four at seven thirty. We look forward to seeing you."),
        Step::Until {
            words: expected(&["goodbye", "good bye", "bye", "good evening", "have a"]),
            patience: Patience { silence_ms: 900, timeout_ms: 12_000 },
        },
        say("Goodbye!"),
        Step::HangUp,
    ];
    plain("Rosa's Trattoria", Answer::After { ring_ms: 2_500 }, steps)
}

/// Rosa's Trattoria on a busy evening: a machine answers, and whoever wants a table waits for Rosa.
pub fn switchboard() -> Script {
    let plan = include_str!("../trees/demo/switchboard.toml");
    let mut tree = tree::Tree::parse(plan).expect("a shipped tree is whole");
    tree.nodes.insert("rosa".to_owned(), tree::Node::Person { steps: restaurant().steps });
    tree.script()
}

/// A dentist's practice makes an appointment.
pub fn dentist() -> Script {
    let steps = vec![
        say("Doctor Weber's practice, how can I help you?"),
        Step::Listen(Patience::default()),
        ask(
            "name",
            "Of course. What is the name, please?",
            "Could you repeat the name?",
            &["miller", "millers", "mila", "meller", "mueller"],
        ),
        ask(
            "day",
            "We have Tuesday at ten or Thursday at four. Which would you like?",
            "Tuesday at ten, or Thursday at four?",
            &["tuesday", "thursday", "ten", "four", "either", "first"],
        ),
        say("All right, you are in the book. Goodbye!"),
        Step::Listen(Patience { silence_ms: 900, timeout_ms: 6_000 }),
        Step::HangUp,
    ];
    plain("Dr. Weber", Answer::After { ring_ms: 1_500 }, steps)
}

/// A shop tells its opening hours.
pub fn opening_hours() -> Script {
    let steps = vec![
        say("Corner Hardware, hello?"),
        Step::Listen(Patience::default()),
        say("We are open from nine to six, Monday to Saturday."),
        Step::Listen(Patience { silence_ms: 900, timeout_ms: 8_000 }),
        say("You're welcome. Bye!"),
        Step::HangUp,
    ];
    plain("Corner Hardware", Answer::After { ring_ms: 1_500 }, steps)
}

/// The user takes the call, hears who waits, talks with them and hangs up.
fn user() -> Script {
    let steps = vec![
        say("Hello?"),
        Step::Listen(Patience { silence_ms: 900, timeout_ms: 12_000 }),
        say("Hi, this is Sam Miller. Thank you for waiting."),
        Step::Listen(Patience { silence_ms: 900, timeout_ms: 3_000 }),
        say("That is all I wanted to know. Goodbye!"),
        Step::HangUp,
    ];
    plain("the user", Answer::After { ring_ms: 3_000 }, steps)
}

fn hangs_up() -> Script {
    let steps = vec![Step::Pause { ms: 2_000 }, Step::HangUp];
    plain("hangs up", Answer::After { ring_ms: 1_000 }, steps)
}

fn plain(name: &str, answer: Answer, steps: Vec<Step>) -> Script {
    Script { name: name.to_owned(), answer, jitter_ms: 0, background: None, steps }
}

fn text(words: &str) -> Sound {
    Sound::Text(words.to_owned())
}

fn say(words: &str) -> Step {
    Step::Say(text(words))
}

fn ask(name: &str, say: &str, again: &str, expect: &[&str]) -> Step {
    Step::Ask(question(name, say, again, expect))
}

fn question(name: &str, say: &str, again: &str, expect: &[&str]) -> Question {
    Question {
        name: name.to_owned(),
        say: text(say),
        again: Some(text(again)),
        expect: expected(expect),
        tries_max: 2,
        cough_after_ms: None,
        patience: Patience::default(),
    }
}

fn expected(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callee::Score;

    #[test]
    fn every_number_is_one_and_can_be_played() {
        for (number, what) in ENTRIES {
            let number: E164 = number.parse().expect("a number");
            let script = script(&number);
            assert!(!what.is_empty() && Score::mumbled(&script).is_ok(), "{}", script.name);
        }
    }

    #[test]
    fn every_shipped_tree_has_a_number() {
        let mut names = std::collections::BTreeSet::new();
        for index in 0..tree::SHIPPED.len() {
            let number = format!("+{}", 12_125_550_160_usize + index);
            let script = script(&number.parse().expect("a number"));
            assert!(matches!(script.steps[..], [Step::Tree(_)]), "{number}");
            names.insert(script.name);
        }
        assert_eq!(names.len(), tree::SHIPPED.len(), "scores are kept by name");
        let next = format!("+{}", 12_125_550_160_usize + tree::SHIPPED.len());
        assert_eq!(script(&next.parse().expect("a number")).answer, Answer::Unallocated);
    }

    #[test]
    fn the_restaurant_interrupts_once_and_coughs_once() {
        let steps = restaurant().steps;
        let interrupts = steps.iter().filter(|s| matches!(s, Step::Interrupt { .. })).count();
        let coughs = steps
            .iter()
            .filter(|s| matches!(s, Step::Ask(q) if q.cough_after_ms.is_some()))
            .count();
        assert_eq!((interrupts, coughs), (1, 1));
    }
}
