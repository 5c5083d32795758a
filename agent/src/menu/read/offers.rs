//! What a menu offers: the topic of each key or word.

use dtmf::Digit;

use super::{
    kind::Kind,
    mentions::{Mention, OPENERS, mentions},
    words::{Break, Token},
};

/// Words before a key that are no topic.
const FILLERS: &[&str] =
    &["you", "may", "can", "could", "also", "please", "now", "just", "simply", "or", "and", "then"];
/// Longest topic, in words.
const TOPIC_WORDS_MAX: usize = 16;

/// One thing that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::menu) struct Offer {
    /// What it is for, in the menu's words; empty when the menu did not say.
    pub(in crate::menu) topic: String,
    /// Keys to press; none when it must be said.
    pub(in crate::menu) keys: Vec<Digit>,
    /// Words to say, where the menu takes words.
    pub(in crate::menu) words: Option<String>,
    /// What sort of choice it is.
    pub(in crate::menu) kind: Kind,
}

impl Offer {
    /// The keys or the words, for people.
    pub(in crate::menu) fn what(&self) -> String {
        match &self.words {
            Some(words) if self.keys.is_empty() => words.clone(),
            _ => self.keys.iter().map(|key| key.as_char()).collect(),
        }
    }
}

/// Every offer, in order. A key that is named again with another topic (once it was misheard) is
/// offered for both.
pub(super) fn offers(tokens: &[Token], asks_yes_or_no: bool) -> Vec<Offer> {
    let mentions = mentions(tokens);
    let mut offers: Vec<Offer> = Vec::new();
    let mut taken = 0;
    for (index, mention) in mentions.iter().enumerate() {
        let next = mentions.get(index + 1).map_or(tokens.len(), |next| next.from);
        let topic = topic(tokens, taken, mention, next, &mut |to| taken = to);
        taken = taken.max(mention.to);
        let words = mention.words.clone();
        let topic = match (&words, topic.is_empty()) {
            (Some(words), true) if mention.keys.is_empty() => words.clone(),
            _ => topic,
        };
        let kind = Kind::of(&topic, asks_yes_or_no);
        let offer = Offer { topic, keys: mention.keys.clone(), words, kind };
        let is_same = |known: &&mut Offer| {
            let empty = known.topic.is_empty() || offer.topic.is_empty();
            known.keys == offer.keys
                && known.words == offer.words
                && (empty || known.topic == offer.topic)
        };
        let known = offers.iter_mut().find(is_same);
        match known {
            Some(known) if known.topic.is_empty() => *known = offer,
            Some(_) => {}
            None => offers.push(offer),
        }
    }
    offers
}

/// The topic of a mention: what stands before it, else what follows, else what was left open before.
fn topic(
    tokens: &[Token],
    taken: usize,
    mention: &Mention,
    next: usize,
    take: &mut dyn FnMut(usize),
) -> String {
    let sentence = (taken..mention.from).rev().find(|&i| tokens[i].before == Break::Stop);
    // A mention that begins a sentence has nothing before it in that sentence.
    let begins = tokens[mention.from].before == Break::Stop;
    let before = if begins { &[][..] } else { &tokens[sentence.unwrap_or(taken)..mention.from] };
    let before = opened(before);
    let after = &tokens[mention.to..next];
    let opens =
        |topic: &[Token]| topic.first().is_some_and(|token| OPENERS.contains(&token.word.as_str()));
    let starts = opens(after);
    let goes_on = starts && after[0].before < Break::Stop;
    if !before.is_empty() && (opens(before) || !goes_on) {
        return joined(before);
    }
    if goes_on {
        let length = length_after(after);
        take(mention.to + length);
        return joined(trimmed(&after[..length]));
    }
    let left_open = taken..mention.from;
    let open = left_open
        .clone()
        .rev()
        .find(|&i| tokens[i].before == Break::Stop && OPENERS.contains(&tokens[i].word.as_str()));
    if let Some(open) = open.filter(|_| begins) {
        return joined(trimmed(&tokens[open..mention.from]));
    }
    if starts {
        let length = length_after(after);
        take(mention.to + length);
        return joined(trimmed(&after[..length]));
    }
    String::new()
}

/// The part of a sentence before a key that is its topic: from the last clause with an opener; the
/// whole when it is short.
fn opened(before: &[Token]) -> &[Token] {
    let opens = |i: usize| OPENERS.contains(&before[i].word.as_str());
    let clause = |i: usize| {
        i == 0
            || before[i].before > Break::None
            || matches!(before[i - 1].word.as_str(), "or" | "and")
    };
    let start = (0..before.len()).rev().find(|&i| opens(i) && clause(i));
    let start = start.or_else(|| (0..before.len()).find(|&i| opens(i) && i > 3));
    let topic = trimmed(&before[start.unwrap_or(0)..]);
    let says = topic.iter().any(|token| !FILLERS.contains(&token.word.as_str()));
    if says { topic } else { &[] }
}

/// Up to the end of the sentence, or a comma behind which something new begins.
fn length_after(after: &[Token]) -> usize {
    let end = (1..after.len()).find(|&i| {
        let opens = OPENERS.contains(&after[i].word.as_str())
            || matches!(after[i].word.as_str(), "or" | "and" | "otherwise");
        after[i].before == Break::Stop
            || after[i].before == Break::Comma && opens && i + 1 == after.len()
    });
    end.unwrap_or(after.len())
}

fn trimmed(mut topic: &[Token]) -> &[Token] {
    const AROUND: &[&str] =
        &["or", "and", "please", "now", "then", "just", "you", "can", "may", "simply", "otherwise"];
    while let [first, rest @ ..] = topic
        && !rest.is_empty()
        && AROUND.contains(&first.word.as_str())
        && first.word != "otherwise"
    {
        topic = rest;
    }
    while let [rest @ .., last] = topic
        && AROUND.contains(&last.word.as_str())
        && !(rest.is_empty() && last.word == "otherwise")
    {
        topic = rest;
    }
    topic
}

fn joined(topic: &[Token]) -> String {
    let from = topic.len().saturating_sub(TOPIC_WORDS_MAX);
    topic[from..].iter().map(|token| token.word.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{super::words, *};

    fn read(text: &[&str]) -> Vec<(String, String)> {
        let tokens = words::tokens(text.iter().copied());
        offers(&tokens, false).into_iter().map(|offer| (offer.what(), offer.topic)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(what, topic)| ((*what).to_owned(), (*topic).to_owned())).collect()
    }

    #[test]
    fn keys_are_found_first_last_and_without_punctuation() {
        let sales = [("1", "for sales"), ("2", "for support")];
        for text in [
            &["For sales, press 1. For support, press 2."][..],
            &["for sales press one for support press two"],
            &["For sales.", "Press one.", "For support.", "Press two."],
            &["For sales, press 1, for support, 2."],
            &["Press 1 for sales, press 2 for support."],
            &["press one for sales press two for support"],
            &["Press 1 for sales, 2 for support"],
            &["Okay press 1 for sales, or 2 for support"],
            &["Press 1.", "For sales.", "Press 2.", "For support."],
            &["Welcome to Acme. For sales, dial 1, or for support, dial 2 now."],
            &["Thank you for calling Acme, for sales press 1, for support press the number 2"],
        ] {
            assert_eq!(read(text), pairs(&sales), "{text:?}");
        }
    }

    #[test]
    fn what_recognisers_mishear_is_read_all_the_same() {
        for (text, expected) in [
            (
                "for billing press to for support press tree",
                &[("2", "for billing"), ("3", "for support")][..],
            ),
            (
                "press for for sales press ate for support",
                &[("4", "for sales"), ("8", "for support")],
            ),
            (
                "four sales pressed won. to go back pressed our",
                &[("1", "four sales"), ("*", "to go back")],
            ),
            ("To end your message, press pound.", &[("#", "to end your message")]),
            ("For claims, dress the pound key.", &[("#", "for claims")]),
        ] {
            assert_eq!(read(&[text]), pairs(expected), "{text:?}");
        }
    }

    /// What a recogniser made of recorded prompts.
    #[test]
    fn prompts_as_they_were_recognised() {
        for (text, expected) in [
            (
                "Press \"Dar\" for help or \"Pound\" to exit.",
                &[("*", "for help"), ("#", "to exit")][..],
            ),
            ("Press \"Dar\" to return to the main menu.", &[("*", "to return to the main menu")]),
            ("Press one-four sales.", &[("1", "four sales")]),
            (
                "For billing, press one for technical support, press two to speed with a representative press zero.",
                &[
                    ("1", "for billing"),
                    ("2", "for technical support"),
                    ("0", "to speed with a representative"),
                ],
            ),
            (
                "To hear the next message press six to repeat this message press five. To hear the previous message press four, to delete or undo leave this message press zero. To quit voicemail press pound.",
                &[
                    ("6", "to hear the next message"),
                    ("5", "to repeat this message"),
                    ("4", "to hear the previous message"),
                    ("0", "to delete or undo leave this message"),
                    ("#", "to quit voicemail"),
                ],
            ),
        ] {
            assert_eq!(read(&[text]), pairs(expected), "{text:?}");
        }
    }

    #[test]
    fn real_prompts() {
        for (text, expected) in [
            (
                "To hear the next message press 6, to repeat this message press 5, to delete it press 7",
                &[
                    ("6", "to hear the next message"),
                    ("5", "to repeat this message"),
                    ("7", "to delete it"),
                ][..],
            ),
            (
                "Press 1 to enter an extension, press 2 to use the directory",
                &[("1", "to enter an extension"), ("2", "to use the directory")],
            ),
            ("press star to return to the main menu", &[("*", "to return to the main menu")]),
            ("Press star for help or pound to exit.", &[("*", "for help"), ("#", "to exit")]),
            (
                "If you would like to speak to a representative, press 0.",
                &[("0", "if you would like to speak to a representative")],
            ),
            ("For billing, say billing or press 2.", &[("2", "for billing")]),
            (
                "You can say sales, billing or support.",
                &[("sales", "sales"), ("billing", "billing"), ("support", "support")],
            ),
            ("Say or press one for sales.", &[("1", "for sales")]),
            (
                "If this is an emergency, hang up and dial 911. You may press zero at any time to speak with an operator.",
                &[("0", "to speak with an operator")],
            ),
            (
                "To reach our sales department, please press one now. Service, press 2.",
                &[("1", "to reach our sales department"), ("2", "service")],
            ),
            ("Please enter your account number followed by the pound key.", &[]),
            ("Your call is important to us. Please stay on the line.", &[]),
            (
                "Para español, oprima el dos. For English, press 1.",
                &[("2", "para español"), ("1", "for english")],
            ),
        ] {
            assert_eq!(read(&[text]), pairs(expected), "{text:?}");
        }
    }
}
