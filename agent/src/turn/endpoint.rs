//! What the callee's words say about whether they are done, and whether they say anything at all.

/// What the words say about the end of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// A question or a short answer: wait a short time.
    Complete,
    /// Nothing can be told.
    Unknown,
    /// They want to go on: wait long.
    Trailing,
}

/// Words after which people go on.
const TRAILING: &[&str] = &[
    "and", "or", "but", "so", "um", "uh", "er", "erm", "hmm", "because", "if", "that", "the", "a",
    "an", "to", "for", "with", "at", "in", "on", "of", "from", "is", "are", "was", "my", "your",
    "our", "then", "well", "like", "we", "i", "you", "it's", "i'm", "let's",
];

/// Listener's noises: they do not take the floor.
const BACK_CHANNEL: &[&str] = &[
    "uh-huh",
    "uh",
    "huh",
    "mm-hmm",
    "mhm",
    "mm",
    "hmm",
    "hm",
    "um",
    "right",
    "okay",
    "ok",
    "yeah",
    "yep",
    "sure",
    "yes",
    "ah",
    "oh",
    "aha",
    "alright",
    "all right",
    "i see",
    "got it",
    "good",
    "great",
    "cool",
    "fine",
    "of course",
    "absolutely",
    "exactly",
];

/// Words of parting.
const PARTING: &[&str] = &[
    "bye",
    "goodbye",
    "good bye",
    "bye bye",
    "bye-bye",
    "see you",
    "take care",
    "have a good one",
    "have a nice day",
    "have a good day",
    "you too",
    "thank you",
    "thanks",
    "cheers",
];

/// Judges the text of a turn so far.
pub fn completeness(text: &str) -> Completeness {
    let text = text.trim_end();
    let last = plain_words(text).pop();
    let Some(last) = last else { return Completeness::Unknown };
    let cut_off = text.ends_with([',', '-', '—', ':', ';', '…']) || text.ends_with("...");
    if cut_off || TRAILING.contains(&last.as_str()) {
        return Completeness::Trailing;
    }
    let short_answer =
        ["yes", "no", "hello", "hi", "yeah", "nope", "sure", "correct", "bye", "goodbye"]
            .contains(&last.as_str());
    // Recognisers put a full stop behind every pause: only a question tells that we are to speak.
    if text.ends_with(['?', '!']) || short_answer {
        Completeness::Complete
    } else {
        Completeness::Unknown
    }
}

/// How many words there are, and whether all of them are listener's noises.
pub fn evidence(text: &str) -> (u16, bool) {
    let words = plain_words(text);
    let count = u16::try_from(words.len()).unwrap_or(u16::MAX);
    (count, count > 0 && only(&words, &[BACK_CHANNEL]))
}

/// Whether a text is nothing but parting and listener's noises.
pub fn is_parting(text: &str) -> bool {
    only(&plain_words(text), &[PARTING, BACK_CHANNEL])
}

/// Whether the words can be read as phrases of these lists, one after the other.
fn only(words: &[String], lists: &[&[&str]]) -> bool {
    let mut at = 0;
    while at < words.len() {
        let longest = (1..=4.min(words.len() - at)).rev().find(|len| {
            let phrase = words[at..at + len].join(" ");
            lists.iter().any(|list| list.contains(&phrase.as_str()))
        });
        match longest {
            Some(len) => at += len,
            None => return false,
        }
    }
    true
}

/// Words in lower case without punctuation at their edges.
fn plain_words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_whether_a_turn_is_over() {
        use Completeness::{Complete, Trailing, Unknown};
        for (text, expected) in [
            ("", Unknown),
            ("...", Unknown),
            ("What name is it under?", Complete),
            ("We are closed today.", Unknown),
            ("Great!", Complete),
            ("yes", Complete),
            ("Hello", Complete),
            ("seven thirty", Unknown),
            ("for two people", Unknown),
            ("Let me see, um", Trailing),
            ("On Friday and", Trailing),
            ("On Friday,", Trailing),
            ("I think it's...", Trailing),
            ("what is your", Trailing),
            ("Well.", Trailing),
        ] {
            assert_eq!(completeness(text), expected, "{text:?}");
        }
    }

    #[test]
    fn listeners_noises_are_told_from_words() {
        for (text, expected) in [
            ("", (0, false)),
            ("Uh-huh.", (1, true)),
            ("Mm-hmm, okay, right.", (3, true)),
            ("Yeah, sure.", (2, true)),
            ("All right, got it.", (4, true)),
            ("Yeah, but not on Friday.", (5, false)),
            ("Stop", (1, false)),
        ] {
            assert_eq!(evidence(text), expected, "{text:?}");
        }
    }

    #[test]
    fn parting_is_told_from_more_to_say() {
        for text in [
            "",
            "Bye.",
            "Okay, thank you, bye bye!",
            "You too, take care.",
            "Thanks, have a good day.",
        ] {
            assert!(is_parting(text), "{text:?}");
        }
        for text in ["Wait, what's your number?", "Thank you, one more thing", "Goodbye to Friday"]
        {
            assert!(!is_parting(text), "{text:?}");
        }
    }
}
