//! What of a text is a question. Recognisers lose question marks, so beginnings count as well.

use super::words::{says, words};

/// Words that begin a question.
const FIRST: &[&str] =
    &["what", "what's", "which", "how", "who", "who's", "whose", "where", "when"];
/// Two words that begin one: alone the first begins statements too.
const FIRST_TWO: &[&str] = &[
    "can i",
    "can you",
    "can we",
    "could i",
    "could you",
    "may i",
    "may we",
    "do you",
    "does",
    "did you",
    "is it",
    "is that",
    "is this",
    "is there",
    "is anyone",
    "is he",
    "is she",
    "are you",
    "are there",
    "would you",
    "would that",
    "will you",
    "will that",
    "have you",
    "any",
];
/// What looks like one and is none.
const NONE: &[&str] =
    &["when you", "which is", "which works", "and you're", "and i", "and we", "and see"];
/// Words before a question that are no part of it.
const LEAD: &[&str] = &["and", "so", "but", "okay", "then", "sorry"];
/// Asked for in mid-sentence.
const INSIDE: &[&str] =
    &["how many", "what time", "what day", "which day", "what date", "what name"];

/// Whether anything in the text wants an answer.
pub(super) fn asks(text: &str) -> bool {
    let clauses = clauses(text);
    let last = clauses.len().saturating_sub(1);
    says(&words(text), INSIDE)
        || clauses.iter().enumerate().any(|(at, (clause, marked))| {
            // "Hello? Yes, you are booked." asks nothing.
            (*marked && (at == last || clause.len() > 1)) || begins_a_question(clause, at == 0)
        })
}

/// Compared word for word: "that's" is no misheard "what's".
fn begins_a_question(clause: &[String], is_first: bool) -> bool {
    let lead = clause.iter().take_while(|word| LEAD.contains(&word.as_str())).count();
    let begins = |phrase: &&str| {
        let from = if is_first { clause } else { &clause[lead..] };
        let mut rest = from.iter();
        phrase.split(' ').all(|word| rest.next().is_some_and(|said| said == word))
            && rest.next().is_some()
    };
    let bare = ["can", "could", "may", "do", "is", "would", "and"];
    !NONE.iter().any(begins)
        && (FIRST.iter().any(begins)
            || FIRST_TWO.iter().any(begins)
            || is_first && clause.first().is_some_and(|word| bare.contains(&word.as_str())))
}

/// The text's clauses, and whether a question mark ends them. A full stop inside a number ends none.
fn clauses(text: &str) -> Vec<(Vec<String>, bool)> {
    let mut clauses = Vec::new();
    let mut from = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let followed = chars.peek().is_some_and(|(_, next)| !next.is_whitespace());
        if matches!(c, '?' | '!' | ',' | ';') || (c == '.' && !followed) {
            clauses.push((words(&text[from..at]), c == '?'));
            from = at + c.len_utf8();
        }
    }
    clauses.push((words(&text[from..]), false));
    clauses.retain(|(clause, _)| !clause.is_empty());
    clauses
}

#[cfg(test)]
mod tests {
    use super::asks;

    #[test]
    fn questions_are_found_with_and_without_their_mark() {
        for question in [
            "What name is it under?",
            "what name is it under",
            "You're all set. What name is it under",
            "Great, that's booked, can I get a number",
            "May I ask who is calling? I have it open here.",
            "Any allergies?",
            "For how many people",
            "Okay?",
        ] {
            assert!(asks(question), "{question}");
        }
        for statement in [
            "",
            "Hello? Yes, you're all set.",
            "You're booked, and we look forward to it.",
            "All done. Just ask for Tony when you arrive.",
            "We close at 9.30 on Sundays, which is early.",
        ] {
            assert!(!asks(statement), "{statement}");
        }
    }
}
