//! Phrases that tell what the other side means, and what is read out of them.

use super::{
    facts::Slot,
    words::{find, number, says},
};

pub(super) const HOLD: &[&str] = &[
    "hold on",
    "one moment",
    "just a moment",
    "a moment",
    "one second",
    "one sec",
    "just a second",
    "a second",
    "hang on",
    "bear with me",
    "let me check",
    "let me look",
    "let me see",
    "please hold",
    "one minute",
    "just a minute",
    "let me pull",
    "let me transfer",
    "hold please",
    "can you hold",
];
pub(super) const REPEAT: &[&str] = &[
    "repeat",
    "say that again",
    "say again",
    "come again",
    "pardon",
    "didn't catch",
    "did not catch",
    "couldn't hear",
    "can't hear you",
    "didn't hear",
    "didn't get that",
    "what was that",
    "one more time",
];
pub(super) const WHO: &[&str] = &[
    "who is this",
    "who's this",
    "who am i speaking",
    "who are you",
    "who is calling",
    "who's calling",
    "are you a robot",
    "a robot",
    "a real person",
    "are you human",
    "a human",
    "are you an ai",
    "a machine",
    "a recording",
    "a bot",
    "a computer",
    "is this ai",
    "am i speaking with",
    "am i talking to",
];
pub(super) const FAILED: &[&str] = &[
    "wrong number",
    "fully booked",
    "all booked",
    "booked out",
    "booked up",
    "booked solid",
    "no tables",
    "no table",
    "nothing available",
    "not available",
    "no availability",
    "nothing free",
    "we're closed",
    "we are closed",
    "is closed",
    "are closed",
    "sold out",
    "no openings",
    "can't find",
    "cannot find",
    "can't do that",
    "not possible",
    "don't take reservations",
    "do not take reservations",
    "don't have anything",
    "nothing left",
    "unable to",
    "no such",
    "not able to",
    "don't see",
    "no longer take",
    "can't give",
    "cannot give",
    "i'm afraid not",
    "nothing open",
];
pub(super) const DONE: &[&str] = &[
    "all set",
    "confirmed",
    "is booked",
    "you're booked",
    "booked you",
    "got you down",
    "you're down",
    "put you down",
    "see you",
    "have you down",
    "it's done",
    "is done",
    "that's done",
    "taken care",
    "is cancelled",
    "been cancelled",
    "it's cancelled",
    "have cancelled",
    "i've cancelled",
    "is canceled",
    "been canceled",
    "it's canceled",
    "i've canceled",
    "reserved",
    "scheduled",
    "look forward",
    "looking forward",
    "you're in",
    "done for you",
    "cancelled that",
    "canceled that",
    "cancelled it",
    "canceled it",
    "cancelled the",
    "canceled the",
    "cancelled your",
    "canceled your",
    "booked in",
    "booked for",
    "have booked",
    "i've booked",
    "you are set",
    "confirmation number is",
];
pub(super) const OFFER: &[&str] = &[
    "how about",
    "what about",
    "we have",
    "we could do",
    "could do",
    "i can do",
    "we can do",
    "would",
    "instead",
    "i can offer",
    "can offer",
    "the earliest",
    "next available",
    "only have",
    "have an opening",
    "only thing",
    "left is",
    "nothing until",
    "nothing before",
    "not until",
    "there's",
    "there is",
    "i have",
    "does",
];
pub(super) const CONFIRM: &[&str] = &[
    "is that right",
    "is that correct",
    "correct",
    "just to confirm",
    "to confirm",
    "so that's",
    "so that is",
    "so it's",
    "so a table",
    "right",
    "let me repeat",
    "i have you",
    "you said",
    "did you say",
];
pub(super) const BYE: &[&str] =
    &["bye", "goodbye", "good bye", "have a nice", "have a good", "have a great", "take care"];
pub(super) const MORE: &[&str] = &[
    "anything else",
    "something else",
    "any other questions",
    "else i can",
    "is that all",
    "that be all",
    "is that everything",
];
/// Questions a brief rarely answers: understood, and not known.
pub(super) const UNKNOWN: &[&str] = &[
    "card",
    "insurance",
    "deposit",
    "pay",
    "parking",
    "inside",
    "outside",
    "indoor",
    "outdoor",
    "patio",
    "booth",
    "bar",
    "account",
    "membership",
    "been here",
    "visited",
    "patient",
];
/// Wishes a brief would have said.
pub(super) const WISHES: &[&str] = &[
    "allergies",
    "allergy",
    "dietary",
    "occasion",
    "celebrating",
    "requests",
    "request",
    "preference",
    "preferences",
    "high chair",
    "high chairs",
];
pub(super) const GREET: &[&str] = &[
    "how can i help",
    "how may i help",
    "what can i do",
    "can i help",
    "may i help",
    "what do you need",
    "help you",
];
pub(super) const NUMBERED: &[&str] =
    &["confirmation", "reference", "booking", "reservation", "code", "number is"];

/// Words that name what they ask for.
pub(super) const SLOTS: &[(Slot, &[&str])] = &[
    (Slot::Birth, &["date of birth", "birthday", "birth date", "born"]),
    (Slot::Email, &["email", "e-mail", "mail address", "mail"]),
    (
        Slot::Phone,
        &[
            "phone",
            "telephone",
            "contact number",
            "call back number",
            "callback number",
            "reach you",
            "reach them",
            "best number",
            "mobile",
            "your number",
            "get a number",
            "have a number",
            "leave a number",
            "number in case",
        ],
    ),
    (
        Slot::Reference,
        &[
            "order number",
            "reference",
            "confirmation number",
            "booking number",
            "account number",
            "reservation number",
            "tracking number",
            "order id",
            "case number",
            "policy number",
            "member number",
            "customer number",
        ],
    ),
    (Slot::Address, &["address", "where do you live", "zip code", "street"]),
    (
        Slot::Reason,
        &[
            "reason",
            "why",
            "what is it regarding",
            "what's it regarding",
            "what is this about",
            "concerning",
        ],
    ),
    (
        Slot::Party,
        &[
            "how many",
            "party size",
            "number of people",
            "number of guests",
            "how large",
            "how big",
            "many people",
            "how many guests",
        ],
    ),
    (
        Slot::Day,
        &[
            "what day",
            "which day",
            "what date",
            "which date",
            "for when",
            "when would",
            "when is",
            "when do you",
            "when for",
            "for what day",
        ],
    ),
    (
        Slot::Time,
        &["what time", "which time", "at what time", "for when", "when would", "what hour"],
    ),
    (Slot::Name, &["name", "who's it for", "who is it for", "whose name", "last name", "surname"]),
];

/// Whether they say that it is done.
pub(super) fn is_done(said: &[String]) -> bool {
    let not_yet = says(
        said,
        &[
            "not", "can't", "cannot", "unable", "will be", "once", "would be", "fully", "if",
            "before i", "let me",
        ],
    );
    let certain = says(said, &["confirmation number", "all set"]);
    says(said, DONE) && (certain || !not_yet)
}

/// A confirmation number, digits said one by one joined.
pub(super) fn confirmation(said: &[String]) -> Option<String> {
    let from = NUMBERED.iter().filter_map(|key| find(said, key)).max()?;
    let mut found = String::new();
    for word in &said[from..] {
        let letters = word.chars().count() <= 2
            && !["a", "i", "is", "it", "to", "no"].contains(&word.as_str());
        if word.chars().any(|c| c.is_ascii_digit()) {
            found.push_str(&word.to_uppercase());
        } else if let Some(digit) = number(word).filter(|n| *n <= 20) {
            found.push_str(&digit.to_string());
        } else if letters {
            found.push_str(&word.to_uppercase());
        } else if !found.is_empty() {
            break;
        }
    }
    (found.len() >= 2).then_some(found)
}

/// Recognisers mishear names: the same first letter, and most letters in common.
pub(super) fn sounds_like(said: &str, meant: &str) -> bool {
    let same_start = said.chars().next() == meant.chars().next()
        || matches!(
            (said.chars().next(), meant.chars().next()),
            (Some('c'), Some('k')) | (Some('k'), Some('c'))
        );
    let common = said.chars().filter(|c| meant.contains(*c)).count();
    same_start && common * 2 >= meant.chars().count()
}

/// Letter by letter.
pub(super) fn spelled(name: &str) -> String {
    let parts: Vec<String> = name
        .split_whitespace()
        .map(|part| {
            part.chars()
                .filter(|c| c.is_alphanumeric())
                .map(|c| c.to_uppercase().to_string())
                .collect::<Vec<_>>()
                .join(", ")
        })
        .collect();
    parts.join(". ")
}
