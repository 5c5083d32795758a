//! The errand and its facts, read from the plain words of a brief by rules.

use super::{
    cues::SLOTS,
    joining::{self, Join},
    reading::{day, email, errand, goal, labelled, name, party, phone, reference, sentences},
    words::{Time, capital, days, spoken, times, words},
};
use crate::brief::Brief;

/// What kind of errand it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// Get something arranged: a table, an appointment.
    Book,
    /// Undo it.
    Cancel,
    /// Learn something.
    Ask,
    /// Nothing was asked of us: take a message.
    Message,
}

/// Something the other side may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Name,
    Party,
    Day,
    Time,
    Phone,
    Email,
    Reference,
    Address,
    Reason,
    Birth,
}

/// Everything the brief says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) goal: Goal,
    /// After "I'm calling": "to book a table for two …".
    pub(super) errand: String,
    pub(super) name: Option<String>,
    pub(super) party: Option<u32>,
    pub(super) day: Option<String>,
    pub(super) time: Option<Time>,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) address: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) birth: Option<String>,
    /// Earliest and latest time that will do.
    pub(super) after: Option<Time>,
    pub(super) before: Option<Time>,
    /// Any time or day will do.
    pub(super) is_flexible: bool,
    pub(super) other_days: Vec<&'static str>,
    pub(super) other_times: Vec<Time>,
    /// May not be told.
    pub(super) secret: Vec<Slot>,
    /// The user wants to speak with them.
    pub(super) join: Option<Join>,
}

const FALLBACK: &[&str] = &[
    "if not",
    "if that",
    "if it",
    "otherwise",
    "alternatively",
    "or else",
    "if they",
    "any time",
    "anytime",
    "also fine",
    "also works",
    "flexible",
    "earliest",
    "latest",
    "fallback",
    "if there",
];
const FORBID: &[&str] = &["do not", "don't", "never", "must not"];

/// Where a sentence begins to forbid; its length when it forbids nothing. "If they don't …" tells
/// of others and forbids us nothing.
fn forbidden_from(sentence: &str) -> usize {
    let lower = sentence.to_lowercase();
    let mut found = None;
    for forbid in FORBID {
        for (at, _) in lower.match_indices(forbid) {
            let (before, after) = (&lower[..at], &lower[at + forbid.len()..]);
            let whole = before.chars().next_back().is_none_or(char::is_whitespace)
                && !after.starts_with(char::is_alphanumeric);
            let subject = before.split_whitespace().next_back().unwrap_or_default();
            let of_others = ["they", "we", "i", "it", "there", "if"].contains(&subject);
            if whole && !of_others {
                found = Some(found.map_or(at, |first: usize| first.min(at)));
            }
        }
    }
    // Where lower case has another length, the whole sentence is kept back.
    let at = found.unwrap_or(sentence.len());
    let fits = lower.len() == sentence.len() && sentence.is_char_boundary(at);
    if fits || found.is_none() { at } else { 0 }
}

impl Facts {
    /// Reads a brief.
    pub(super) fn read(brief: &Brief) -> Self {
        let task = brief.task.replace('’', "'");
        let (sentences, join) = joining::read(brief, sentences(&task));
        let (mut main, mut rest) = (Vec::new(), Vec::new());
        let mut secret = Vec::new();
        let mut allowed = Vec::new();
        for sentence in &sentences {
            let (open, forbidden) = sentence.split_at(forbidden_from(sentence));
            secret.extend(slots_named(&words(forbidden)));
            let open = open.trim().trim_end_matches(" but").trim_end_matches(" and");
            let open = open.trim_end_matches([',', ' ']);
            if !open.is_empty() {
                allowed.push(open.to_owned());
            }
        }
        let (task, sentences) = (allowed.join(". "), allowed);
        for sentence in &sentences {
            let lower = sentence.to_lowercase();
            if FALLBACK.iter().any(|fallback| lower.contains(fallback)) {
                let at = FALLBACK.iter().filter_map(|f| lower.find(f)).min().unwrap_or(0);
                let at = if sentence.is_char_boundary(at) { at } else { 0 };
                main.push(sentence[..at].to_owned());
                rest.push(sentence[at..].to_owned());
            } else {
                main.push(sentence.clone());
            }
        }
        let (main, rest) = (main.join(" . "), words(&rest.join(" . ")));
        let said = words(&main);
        let bound = |names: &[&str], text: &[String]| {
            times(text).into_iter().find(|(at, ..)| {
                at.checked_sub(1).is_some_and(|i| names.contains(&text[i].as_str()))
            })
        };
        let after = bound(&["after", "from", "between"], &rest).or(bound(&["after"], &said));
        let before = bound(&["before", "until", "till", "by"], &rest).or(bound(&["before"], &said));
        let (after, before) = (after.map(|it| it.2), before.map(|it| it.2));
        let other_times = times(&rest).into_iter().map(|it| it.2);
        let (goal, errand) = aim(&sentences, join);
        Self {
            goal,
            errand,
            name: name(&task),
            party: party(&said),
            day: day(&said),
            time: times(&said).first().map(|(.., time)| *time),
            phone: phone(&task),
            email: email(&task),
            reference: reference(&task),
            address: labelled(&task, &["address is ", "address: "], &['.', ';', '\n']),
            reason: labelled(
                &task,
                &["reason is ", "reason: ", "because of ", "because ", "due to "],
                &['.', ';', '\n'],
            ),
            birth: labelled(
                &task,
                &["date of birth is ", "date of birth: ", "born on ", "birthday is "],
                &['.', ';', '\n'],
            ),
            other_times: other_times.filter(|t| Some(*t) != after && Some(*t) != before).collect(),
            other_days: days(&rest).into_iter().chain(days(&said).into_iter().skip(1)).collect(),
            is_flexible: rest.iter().any(|word| word == "flexible" || word == "whatever")
                || (super::words::says(&rest, &["any time", "anytime", "earliest", "any day"])
                    && after.is_none()
                    && before.is_none()),
            after,
            before,
            secret,
            join,
        }
    }

    /// The fact, as we say it; `None` when we have none or may not tell.
    pub(super) fn tell(&self, slot: Slot) -> Option<String> {
        if self.secret.contains(&slot) {
            return None;
        }
        match slot {
            Slot::Name => self.name.as_ref().map(|name| format!("The name is {name}.")),
            Slot::Party => self.party.map(|party| match party {
                1 => "Just one person.".to_owned(),
                _ => format!("For {} people.", spoken(party)),
            }),
            Slot::Day => self.day.as_ref().map(|day| format!("{}, please.", capital(day))),
            Slot::Time => self.time.map(|time| format!("At {}, please.", time.said())),
            Slot::Phone => {
                self.phone.as_ref().map(|phone| format!("The number is {}.", telephone(phone)))
            }
            Slot::Email => self.email.as_ref().map(|email| {
                format!(
                    "The e-mail address is {}.",
                    email.replace('@', " at ").replace('.', " dot ")
                )
            }),
            Slot::Reference => {
                self.reference.as_ref().map(|number| format!("The number is {}.", digits(number)))
            }
            Slot::Address => {
                self.address.as_ref().map(|address| format!("The address is {address}."))
            }
            Slot::Reason => self
                .reason
                .as_ref()
                .map(|reason| format!("It's because of {}.", reason.trim_start_matches("of "))),
            Slot::Birth => {
                self.birth.as_ref().map(|birth| format!("The date of birth is {birth}."))
            }
        }
    }

    /// Whether another time would do.
    pub(super) fn accepts_time(&self, time: Time) -> bool {
        let minutes = time.minutes(self.time.or(self.after));
        let late_enough = self.after.is_none_or(|after| minutes >= after.minutes(self.time));
        let early_enough = self.before.is_none_or(|before| minutes <= before.minutes(self.time));
        let bounded = self.after.is_some() || self.before.is_some();
        self.time.is_some_and(|ours| ours.matches(time))
            || self.other_times.iter().any(|other| other.matches(time))
            || ((bounded || self.is_flexible) && late_enough && early_enough)
            || (self.time.is_none() && late_enough && early_enough)
    }

    /// Whether another day would do.
    pub(super) fn accepts_day(&self, day: &str) -> bool {
        self.is_flexible
            || self.day.as_ref().is_none_or(|ours| ours.to_lowercase().contains(day))
            || self.other_days.contains(&day)
    }
}

/// What is to be done, and how we say it.
fn aim(sentences: &[String], join: Option<Join>) -> (Goal, String) {
    match join {
        Some(_) if sentences.is_empty() => (Goal::Ask, joining::ERRAND.to_owned()),
        _ => (goal(sentences), errand(sentences)),
    }
}

/// A telephone number digit by digit, a North American one without its country code.
fn telephone(number: &str) -> String {
    match number.strip_prefix("+1").unwrap_or(number) {
        local if local.len() == 10 && local.is_ascii() => {
            format!("{}, {}, {}", spaced(&local[..3]), spaced(&local[3..6]), spaced(&local[6..]))
        }
        _ => digits(number),
    }
}

fn spaced(text: &str) -> String {
    text.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

/// Letters and digits one by one: "2 1 2, 5 5 5".
pub(super) fn digits(text: &str) -> String {
    let chars: Vec<String> = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| c.to_ascii_uppercase().to_string())
        .collect();
    let groups: Vec<String> = chars.chunks(3).map(|group| group.join(" ")).collect();
    groups.join(", ")
}

/// Slots a text names.
pub(super) fn slots_named(text: &[String]) -> Vec<Slot> {
    use super::words::says;
    let mut found: Vec<Slot> =
        SLOTS.iter().filter(|(_, phrases)| says(text, phrases)).map(|(slot, _)| *slot).collect();
    if found.contains(&Slot::Email) && !says(text, &["home address", "street"]) {
        found.retain(|slot| *slot != Slot::Address);
    }
    found
}
