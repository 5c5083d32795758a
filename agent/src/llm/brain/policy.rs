//! The rules: from the dialogue so far to the next answer. The first rule that fits wins.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    asking,
    cues::{
        BYE, GREET, HOLD, MORE, NUMBERED, REPEAT, UNKNOWN, WHO, WISHES, confirmation, is_done,
        spelled,
    },
    facts::{Facts, Goal, Slot, slots_named},
    joining::{self, Joining},
    reply::{Reply, call, hang_up, plain, report},
    words::{days, number, says, times, words},
};
use crate::{
    dialogue::{MAILBOX_RECORDS, NOBODY_SPOKE},
    llm::{Message, Role},
};

/// What the rules look at.
pub(super) struct Scene<'a> {
    pub(super) facts: &'a Facts,
    /// What the callee said last, as written and as words.
    pub(super) text: &'a str,
    pub(super) said: Vec<String>,
    /// What we said so far, oldest first.
    pub(super) ours: Vec<&'a str>,
    /// What the callee said before, as written and as words.
    pub(super) earlier: Vec<(&'a str, Vec<String>)>,
    /// How far joining the user has come.
    pub(super) joining: Joining,
}

/// What we do not know, or may not tell.
pub(super) const NO: &str = "I'm sorry, I don't have that.";
const AGAIN: &str = "Sorry, could you say that again?";

/// Words an answer to a question of ours has.
const TELLING: &[&str] = &[
    "yes",
    "no",
    "open",
    "closed",
    "close",
    "shipped",
    "delivered",
    "delayed",
    "arrive",
    "arrives",
    "delivery",
    "on its way",
    "ready",
    "dollars",
    "costs",
    "delivering",
    "processing",
    "transit",
    "cancelled",
];

/// The next answer.
pub(super) fn reply(facts: &Facts, messages: &[Message]) -> Reply {
    let texts =
        |role: Role| messages.iter().filter(move |m| m.role == role).map(|m| m.text.as_str());
    let mut callee: Vec<&str> = texts(Role::User).collect();
    let text = callee.pop().unwrap_or(NOBODY_SPOKE);
    let scene = Scene {
        joining: joining::progress(messages),
        facts,
        text,
        said: if text == NOBODY_SPOKE { Vec::new() } else { words(text) },
        ours: texts(Role::Assistant).filter(|text| !text.is_empty()).collect(),
        earlier: callee.into_iter().map(|text| (text, words(text))).collect(),
    };
    if facts.goal == Goal::Message { scene.take_a_message() } else { scene.errand() }
}

impl Scene<'_> {
    fn errand(&self) -> Reply {
        let rules: &[fn(&Self) -> Option<Reply>] = &[
            Self::mailbox,
            Self::after_the_end,
            Self::hold,
            Self::who,
            Self::join,
            Self::open,
            Self::repeat,
            Self::digits_back,
            Self::letters_back,
            Self::offer,
            Self::failed,
            Self::confirm_first,
            Self::slots,
            Self::wishes,
            Self::learnt,
            Self::read_back,
            Self::done,
            Self::anything_else,
            Self::parting,
            Self::greeted,
        ];
        rules.iter().find_map(|rule| rule(self)).unwrap_or_else(|| self.at_a_loss())
    }

    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        says(&self.said, phrases)
    }

    pub(super) fn asks(&self) -> bool {
        asking::asks(self.text)
    }

    pub(super) fn opening(&self) -> String {
        let greeting = if self.ours.is_empty() { "Hi, " } else { "" };
        format!("{greeting}I'm calling {}.", self.facts.errand.trim_end_matches('.'))
    }

    /// Whether enough of the opening was heard.
    pub(super) fn is_stated(&self) -> bool {
        let errand = words(&self.facts.errand);
        let needed = errand.len().min(4);
        self.ours.iter().any(|ours| {
            let ours = words(ours);
            errand.iter().take(6).filter(|word| ours.contains(word)).count() >= needed
        })
    }

    fn open(&self) -> Option<Reply> {
        (!self.is_stated()).then(|| {
            let wrong = self.says(&["wrong number"]);
            if wrong { self.fail("It was a wrong number.") } else { plain(&self.opening()) }
        })
    }

    /// A mailbox records: all it needs in one go, whatever was said before.
    fn mailbox(&self) -> Option<Reply> {
        if !self.text.ends_with(MAILBOX_RECORDS) {
            return None;
        }
        let whose = self.facts.tell(Slot::Name).and(self.facts.name.clone());
        let whose = whose.map(|name| format!(" for {name}")).unwrap_or_default();
        let errand = self.facts.errand.trim_end_matches('.');
        let number = self.facts.tell(Slot::Phone).unwrap_or_default();
        let text = format!(
            "Hello, this is an AI assistant calling{whose}, {errand}. {number} Thank you, goodbye."
        );
        let left = report(false, "A mailbox answered; a message was left.", &BTreeMap::new());
        Some(Reply { text, calls: vec![left] })
    }

    pub(super) fn after_the_end(&self) -> Option<Reply> {
        let ended = self.ours.last().is_some_and(|ours| ours.to_lowercase().contains("goodbye"));
        let more = self.asks() || !slots_named(&self.said).is_empty();
        (ended && !more).then(|| Reply { text: "Goodbye.".to_owned(), calls: vec![hang_up()] })
    }

    pub(super) fn hold(&self) -> Option<Reply> {
        let asks_more = !slots_named(&self.said).is_empty();
        (self.says(HOLD) && !asks_more && !self.says(MORE)).then(|| Reply {
            text: "Of course.".to_owned(),
            calls: vec![call("wait", json!({ "seconds": 120 }))],
        })
    }

    fn who(&self) -> Option<Reply> {
        if !self.says(WHO) {
            return None;
        }
        let whose = self.facts.tell(Slot::Name).and(self.facts.name.clone());
        let whose = whose.unwrap_or_else(|| "a customer".to_owned());
        let errand = self.facts.errand.trim_end_matches('.');
        Some(plain(&format!("I'm an AI assistant calling for {whose}, {errand}.")))
    }

    pub(super) fn repeat(&self) -> Option<Reply> {
        let sorry = matches!(self.said.as_slice(), [one] if one == "sorry" || one == "what");
        if !(self.says(REPEAT) || sorry) || self.says(&["let me repeat"]) {
            return None;
        }
        // "Can you repeat the name?" asks for the name.
        (slots_named(&self.said).is_empty())
            .then(|| plain(self.ours.last().copied().unwrap_or_default()))
    }

    /// They ask for what we know, or do not.
    fn slots(&self) -> Option<Reply> {
        let mut slots = self.slots_asked();
        let spell = self.says(&["spell", "how do you spell", "spelling", "spelled"]);
        if spell {
            let name = self.facts.tell(Slot::Name).and(self.facts.name.as_ref());
            return Some(match name {
                Some(name) => plain(&format!("Sure, {}.", spelled(name))),
                None => plain(NO),
            });
        }
        let asks = self.asks()
            || self.says(&["i need", "i'll need", "may i have", "give me", "tell me", "please"]);
        if slots.is_empty()
            || !(asks || self.said.len() <= 4)
            || self.says(NUMBERED) && !self.asks() && self.is_done_text()
        {
            return None;
        }
        if self.facts.goal == Goal::Ask && self.says(GREET) {
            return None;
        }
        if slots.contains(&Slot::Phone) && slots.contains(&Slot::Reference) {
            slots.retain(|slot| *slot != Slot::Phone);
        }
        if slots.contains(&Slot::Party)
            || slots.contains(&Slot::Email)
            || slots.contains(&Slot::Phone)
        {
            let named = self.says(&[
                "what name",
                "your name",
                "last name",
                "full name",
                "the name",
                "a name",
                "name and",
                "and name",
                "surname",
                "and a name",
            ]);
            slots.retain(|slot| *slot != Slot::Name || named);
        }
        slots.sort_unstable();
        let known: Vec<String> = slots.iter().filter_map(|slot| self.facts.tell(*slot)).collect();
        Some(if known.is_empty() {
            let again =
                self.ours.iter().filter(|ours| ours.contains("don't have that")).count() >= 3;
            if again { self.fail("They asked for what the brief does not say.") } else { plain(NO) }
        } else {
            plain(&known.join(" "))
        })
    }

    /// What they ask for; where no name of it was understood, what the words around it tell.
    fn slots_asked(&self) -> Vec<Slot> {
        let named = slots_named(&self.said);
        if !named.is_empty() || !self.asks() || self.says(UNKNOWN) || !times(&self.said).is_empty()
        {
            return named;
        }
        if self.says(&["people", "guests", "persons"]) && number_said(&self.said).is_none() {
            vec![Slot::Party]
        } else if self.said.last().is_some_and(|last| last == "under") || self.says(&["under what"])
        {
            vec![Slot::Name]
        } else if self.says(&["number"]) && self.facts.tell(Slot::Reference).is_some() {
            vec![Slot::Reference]
        } else if self.says(&["number"]) {
            vec![Slot::Phone]
        } else {
            named
        }
    }

    /// A read-back that ends in "right?" is not a question for facts, even when it names them.
    fn confirm_first(&self) -> Option<Reply> {
        let last = self.said.last().map(String::as_str);
        if matches!(last, Some("right" | "correct")) { self.read_back() } else { None }
    }

    pub(super) fn is_done_text(&self) -> bool {
        is_done(&self.said)
    }

    fn done(&self) -> Option<Reply> {
        if self.facts.goal == Goal::Ask || !self.is_done_text() || self.asks() && !self.says(MORE) {
            return None;
        }
        Some(self.succeed())
    }

    /// They ask for wishes; the brief would have said them.
    fn wishes(&self) -> Option<Reply> {
        (self.asks() && self.says(WISHES)).then(|| plain("Not that I know of, thank you."))
    }

    /// The answer to a question of ours.
    fn learnt(&self) -> Option<Reply> {
        let offers = self.says(MORE) || self.says(&["would you like", "do you want", "can i"]);
        let open = self.asks() && !offers || self.says(GREET);
        let learnt = self.facts.goal == Goal::Ask && !open && is_informative(&self.said);
        learnt.then(|| self.succeed())
    }

    fn anything_else(&self) -> Option<Reply> {
        if !self.says(MORE) {
            return None;
        }
        Some(if self.was_done() { self.succeed() } else { plain(&self.opening()) })
    }

    fn parting(&self) -> Option<Reply> {
        if !self.says(BYE) {
            return None;
        }
        Some(if self.was_done() { self.succeed() } else { self.fail("They ended the call.") })
    }

    fn greeted(&self) -> Option<Reply> {
        let greets = self.says(GREET)
            || (self.said.len() <= 2 && self.says(&["hello", "hi", "yes"]) && self.asks());
        greets.then(|| plain(&self.opening()))
    }

    fn at_a_loss(&self) -> Reply {
        let lost = [NO, AGAIN, "Could you help me"];
        let lost = self.ours.iter().filter(|ours| lost.iter().any(|it| ours.contains(it))).count();
        if lost >= 5 {
            return self.fail("The other side could not help.");
        }
        if self.asks() {
            // A question that makes no sense was probably heard wrong: it is asked for once.
            let known = self.says(UNKNOWN) || self.ours.last().is_some_and(|it| *it == AGAIN);
            return plain(if known { NO } else { AGAIN });
        }
        let waits = self.said.len() <= 3
            || self.says(&[
                "okay",
                "sure",
                "certainly",
                "no problem",
                "thank you",
                "thanks",
                "great",
                "perfect",
            ]);
        if waits { plain("Okay.") } else { plain("Could you help me with that?") }
    }

    fn was_done(&self) -> bool {
        self.is_done_text()
            || self.earlier.iter().any(|(_, said)| is_done(said))
            || self.facts.goal == Goal::Ask && self.answered().is_some()
    }

    /// The last line in which they answered what we asked.
    fn answered(&self) -> Option<&str> {
        let earlier = self.earlier.iter().skip(1).rev();
        let line = earlier.map(|(text, said)| (*text, said));
        [(self.text, &self.said)]
            .into_iter()
            .chain(line)
            .find(|(text, said)| {
                is_informative(said)
                    && !says(said, HOLD)
                    && !says(said, MORE)
                    && !asking::asks(text)
            })
            .map(|(text, _)| text)
    }

    fn succeed(&self) -> Reply {
        let mut facts = BTreeMap::new();
        let mut heard: Vec<&[String]> =
            self.earlier.iter().map(|(_, said)| said.as_slice()).collect();
        heard.push(&self.said);
        if let Some(number) = heard.iter().rev().find_map(|said| confirmation(said)) {
            facts.insert("confirmation".to_owned(), number);
        }
        let summary = if self.facts.goal == Goal::Ask {
            let now = is_informative(&self.said).then_some(self.text);
            let answer = now.or_else(|| self.answered()).unwrap_or(self.text);
            facts.insert("answer".to_owned(), answer.to_owned());
            format!("They said: {answer}")
        } else {
            for (name, slot) in [("name", &self.facts.name), ("day", &self.facts.day)] {
                if let Some(value) = slot {
                    facts.insert(name.to_owned(), value.clone());
                }
            }
            let agreed = heard.iter().rev().find_map(|said| times(said).last().map(|it| it.2));
            if let Some(time) = agreed.or(self.facts.time) {
                facts.insert("time".to_owned(), time.said());
            }
            format!(
                "Done: {}. They said: {}",
                self.facts.errand.trim_start_matches("to "),
                self.text
            )
        };
        let done = Reply {
            text: "Great, thank you very much. Goodbye.".to_owned(),
            calls: vec![report(true, &summary, &facts), hang_up()],
        };
        self.join_at_last(&done).unwrap_or(done)
    }

    pub(super) fn fail(&self, why: &str) -> Reply {
        Reply {
            text: "I see. Thank you for your time. Goodbye.".to_owned(),
            calls: vec![report(false, why, &BTreeMap::new()), hang_up()],
        }
    }
}

/// A number of people, if one is named.
fn number_said(said: &[String]) -> Option<u32> {
    said.iter().find_map(|word| number(word))
}

/// Whether a line tells anything.
fn is_informative(said: &[String]) -> bool {
    let short = said.len() < 2 && !says(said, &["yes", "no"]);
    let tells = !times(said).is_empty()
        || !days(said).is_empty()
        || said.iter().any(|word| word.chars().any(|c| c.is_ascii_digit()))
        || says(said, TELLING);
    tells && !short
}
