//! What a menu says besides its offers: that it did not understand, that it wants a number, that all
//! agents are busy.

use dtmf::Digit;

use super::words::{self, Break, Token};

/// What was said besides offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::menu) struct Cues {
    /// It did not take what was pressed or said.
    pub(in crate::menu) is_invalid: bool,
    /// It heard nothing.
    pub(in crate::menu) heard_nothing: bool,
    /// Wait: a queue or a transfer.
    pub(in crate::menu) holds: bool,
    /// They are closed.
    pub(in crate::menu) is_closed: bool,
    /// It takes a message.
    pub(in crate::menu) is_mailbox: bool,
    /// It wants an opinion about the call.
    pub(in crate::menu) is_survey: bool,
    /// It asks in the open: "how can I help you?"
    pub(in crate::menu) asks_openly: bool,
    /// It asks something that yes or no answers.
    pub(in crate::menu) asks_yes_or_no: bool,
    /// It takes words.
    pub(in crate::menu) takes_words: bool,
    /// It says goodbye.
    pub(in crate::menu) says_goodbye: bool,
    /// It wants a number: the words of the request.
    pub(in crate::menu) wants_number: Option<Vec<String>>,
    /// The number, or the choice, ends with this key.
    pub(in crate::menu) ends_with: Option<Digit>,
    /// It reads back digits: "you entered 4 7 1 1".
    pub(in crate::menu) read_back: Option<String>,
}

const INVALID: &[&str] = &[
    "invalid",
    "not a valid",
    "isn't a valid",
    "not valid",
    "not recognized",
    "not recognised",
    "did not understand",
    "didn't understand",
    "didn't get that",
    "did not get that",
    "didn't catch",
    "not an option",
    "not a correct",
    "incorrect entry",
    "don't recognize",
    "do not recognize",
    "try again",
    "not correct",
    "unrecognized",
];
const NOTHING: &[&str] = &[
    "no input",
    "didn't hear",
    "did not hear",
    "haven't heard",
    "did not receive",
    "didn't receive",
    "no response",
];
const HOLD: &[&str] = &[
    "please hold",
    "hold on",
    "hold the line",
    "please wait",
    "one moment",
    "stay on the line",
    "remain on the line",
    "all of our agents",
    "all agents",
    "all our agents",
    "all of our representatives",
    "all representatives",
    "currently busy",
    "currently assisting",
    "next available",
    "in the queue",
    "in line",
    "call is important",
    "for your patience",
    "for holding",
    "for waiting",
    "transferring",
    "connecting you",
    "connect you",
    "transfer your call",
    "locate the person",
    "caller number",
    "your position",
];
const CLOSED: &[&str] = &[
    "are closed",
    "is closed",
    "currently closed",
    "now closed",
    "call again during",
    "call back during",
    "business hours are",
    "outside our",
    "outside of our",
    "office hours are",
    "closed for",
];
const MAILBOX: &[&str] = &[
    "leave a message",
    "leave your message",
    "leave the message",
    "after the tone",
    "after the beep",
    "at the tone",
    "record your message",
    "leave us a message",
    "voicemail of",
    "voice mail of",
    "mailbox",
];
const SURVEY: &[&str] =
    &["survey", "how satisfied", "rate your", "rate the", "your feedback", "scale of"];
const OPEN: &[&str] = &[
    "how can i help",
    "how may i help",
    "what are you calling about",
    "tell me what",
    "tell me why",
    "in a few words",
    "what can i help",
    "how can we help",
    "reason for your call",
    "reason for calling",
    "briefly",
    "what would you like to do",
    "how may i direct",
];
const YES_NO: &[&str] = &[
    "is that correct",
    "is that right",
    "is this correct",
    "yes or no",
    "did you say",
    "correct?",
    "did i get that",
];
const GOODBYE: &[&str] = &["goodbye", "good bye", "have a nice day", "have a great day"];
/// What a number is called.
const NUMBER: &[&str] = &[
    "number",
    "pin",
    "code",
    "date",
    "digits",
    "extension",
    "password",
    "id",
    "zip",
    "postcode",
    "account",
    "birth",
];

impl Cues {
    pub(super) fn of(tokens: &[Token]) -> Self {
        let words: Vec<&str> = tokens.iter().map(|token| token.word.as_str()).collect();
        let text = format!(" {} ", words.join(" "));
        let says =
            |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(&format!(" {phrase} ")));
        let ends_with = ends_with(&words);
        Self {
            is_invalid: says(INVALID),
            heard_nothing: says(NOTHING),
            holds: says(HOLD),
            is_closed: says(CLOSED),
            is_mailbox: says(MAILBOX),
            is_survey: says(SURVEY),
            asks_openly: says(OPEN),
            asks_yes_or_no: says(YES_NO),
            takes_words: words.contains(&"say"),
            says_goodbye: says(GOODBYE),
            wants_number: wanted(tokens),
            ends_with,
            read_back: read_back(&words),
        }
    }
}

/// "followed by the pound key", "then press hash".
fn ends_with(words: &[&str]) -> Option<Digit> {
    let at = words.windows(2).position(|pair| {
        matches!(pair, ["followed", "by"] | ["then", "press" | "the"] | ["and", "press"])
            || matches!(pair, ["finished" | "done", "press"])
    })?;
    let near = words[at + 2..].iter().take(3);
    let key = near.copied().find_map(|word| words::key(word).or_else(|| misheard(word)))?;
    matches!(key.as_char(), '#' | '*').then_some(key)
}

fn misheard(word: &str) -> Option<Digit> {
    words::misheard_key(word).filter(|key| key.as_char() == '#')
}

/// "please enter (or say) your account number": the words up to the end of the clause.
fn wanted(tokens: &[Token]) -> Option<Vec<String>> {
    let asks = |i: usize| {
        let word = tokens[i].word.as_str();
        matches!(word, "enter" | "type" | "key" | "input" | "dial" | "re-enter" | "reenter")
            || word == "say" && tokens.get(i + 1).is_some_and(|next| next.word == "your")
    };
    // "press 1 to enter an extension" is an offer.
    let offered = |i: usize| i > 0 && tokens[i - 1].word == "to";
    let mut wanted = None;
    for at in (0..tokens.len()).filter(|&i| asks(i) && !offered(i)) {
        let clause = tokens[at + 1..].iter();
        let clause =
            clause.take_while(|token| token.before < Break::Stop && token.word != "followed");
        let clause: Vec<String> = clause.take(12).map(|token| words::stem(&token.word)).collect();
        if clause.iter().any(|word| NUMBER.contains(&word.as_str()))
            && clause.first().is_some_and(|word| words::key(word).is_none())
        {
            wanted = Some(clause);
        }
    }
    wanted.or_else(|| before_the_end(tokens))
}

/// Whatever became of "enter": "your account number, followed by …".
fn before_the_end(tokens: &[Token]) -> Option<Vec<String>> {
    let end = tokens.iter().position(|token| token.word == "followed")?;
    let start = (0..=end).rev().find(|&i| tokens[i].before == Break::Stop).unwrap_or(0);
    let clause = tokens[start..end].iter().map(|token| words::stem(&token.word));
    let clause: Vec<String> = clause.collect();
    clause.iter().any(|word| NUMBER.contains(&word.as_str())).then_some(clause)
}

/// The digits after "you entered".
fn read_back(words: &[&str]) -> Option<String> {
    let at = words.windows(2).rposition(|pair| {
        matches!(
            pair,
            ["you", "entered" | "typed" | "dialed"]
                | ["i", "heard"]
                | ["i", "have"]
                | ["number", "is"]
                | ["is", "that"]
        )
    })?;
    let mut digits = String::new();
    for word in &words[at + 2..] {
        let bare: String = word.chars().filter(char::is_ascii_digit).collect();
        let whole = bare.len() == word.chars().filter(|c| *c != '-').count();
        if !bare.is_empty() && whole {
            digits += &bare;
        } else if let Some(key) = words::key(word)
            .or_else(|| words::misheard_key(word))
            .filter(|key| key.as_char().is_ascii_digit())
        {
            digits.push(key.as_char());
        } else if !digits.is_empty() {
            break;
        }
    }
    (digits.len() >= 2).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(text: &str) -> Cues {
        Cues::of(&words::tokens(std::iter::once(text)))
    }

    #[test]
    fn what_menus_say() {
        assert!(cues("I'm sorry, that's not a valid extension. Please try again.").is_invalid);
        assert!(cues("No input received.").heard_nothing);
        assert!(cues("Your call is now first in line and will be answered by the next available representative.").holds);
        assert!(cues("Our office is closed. Our business hours are nine to five.").is_closed);
        assert!(
            cues("You've reached the voicemail of Jordan. Please leave a message after the tone.")
                .is_mailbox
        );
        assert!(cues("In a few words, tell me what you're calling about.").asks_openly);
        assert_eq!(cues("For billing, press 1. For support, press 2."), Cues::default());
    }

    #[test]
    fn numbers_asked_for_and_read_back() {
        let asked = cues("Please enter your account number followed by the pound key.");
        assert_eq!(asked.ends_with.map(Digit::as_char), Some('#'));
        assert!(asked.wants_number.expect("a number").contains(&"account".to_owned()));
        let misheard = cues("Please add to your account number followed by the found key.");
        assert!(misheard.wants_number.is_some() && misheard.ends_with == asked.ends_with);
        assert_eq!(cues("Press 1 to enter an extension.").wants_number, None);
        assert_eq!(cues("For billing, enter 1.").wants_number, None);
        for (text, digits) in [
            ("You entered four seven one one. If this is correct, press 1.", Some("4711")),
            ("You entered 4711.", Some("4711")),
            ("You entered for seven won one, if that is right press one", Some("4711")),
            ("You entered an invalid number.", None),
        ] {
            assert_eq!(cues(text).read_back.as_deref(), digits, "{text}");
        }
    }
}
