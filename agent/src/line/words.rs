//! What phrases give away: which machine says them, or that a person does.
//!
//! Words decide between machines that sound alike (a mailbox, a menu, a screening service); that something is music,
//! silence or a tone they never decide.

/// What a phrase speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cue {
    /// A person who offers help, takes a message or asks who we are.
    Person,
    /// What people say when they pick up, and recordings begin with.
    Greeting,
    /// A person who asks us to wait.
    Wait,
    /// A mailbox, surely.
    Mailbox,
    /// A business, by a person or a machine.
    Welcome,
    /// A machine that will give a signal: a mailbox, or a screening service.
    Signal,
    /// A mailbox, or somebody who says that another is away.
    Away,
    /// A machine that asks who calls.
    Screening,
    /// A menu.
    Menu,
    /// An announcement of a queue.
    Queue,
    /// An announcement that there is no such line.
    NoSuchLine,
}

/// Phrases by what they speak for. Words are matched whole and in lower case. The first
/// that is found counts, so what others say too stands behind.
const PHRASES: &[(Cue, &[&str])] = &[
    (
        Cue::NoSuchLine,
        &[
            "not in service",
            "been disconnected",
            "is disconnected",
            "as dialed",
            "as dialled",
            "no longer in service",
            "number you have dialed",
            "number you dialed",
            "check the number",
            "no service at this number",
        ],
    ),
    (
        Cue::Screening,
        &[
            "state your name",
            "say your name",
            "record your name",
            "tell us your name",
            "your name and the reason",
            "your name and why",
            "name and reason",
            "why you are calling",
            "why you re calling",
            "reason for your call",
            "reason for calling",
            "reason you are calling",
            "using a screening",
            "screening service",
            "call screening",
            "call assist",
            "get this person on the phone",
            "see if this person is available",
            "see if they re available",
            "see if they are available",
        ],
    ),
    (
        // Before the mailbox: a person may take a message.
        Cue::Person,
        &[
            "can i take a message",
            "may i take a message",
            "could i take a message",
            "take a message",
            "like to leave a message",
            "want to leave a message",
            "want me to leave",
            "like me to",
            "how can i help",
            "how may i help",
            "how can i assist",
            "how may i assist",
            "how can we help",
            "what can i do for you",
            "what can i help",
            "can i help you",
            "help you today",
            "speaking how",
            "who is this",
            "who s this",
            "who am i speaking",
            "whom am i speaking",
            "can you hear me",
            "is anyone there",
            "is anybody there",
            "anybody there",
            "are you there",
            "are you still there",
            "sorry about the wait",
            "sorry for the wait",
            "sorry to keep you",
            "thanks for waiting",
        ],
    ),
    (
        Cue::Mailbox,
        &[
            "leave a message",
            "leave your message",
            "leave us a message",
            "leave me a message",
            "leave a brief message",
            "leave a detailed message",
            "leave a short message",
            "leave your name",
            "leave a name",
            "leave your number",
            "leave a voicemail",
            "leave me a voicemail",
            "leave a voice mail",
            "leave a voice message",
            "record your message",
            "record a message",
            "voicemail",
            "voice mail",
            "voice mailbox",
            "mailbox",
            "mail box",
            "reached the voice",
            "get back to you",
            "call you back",
            "return your call",
            "call you right back",
            "finished recording",
            "accept more messages",
            "you know what to do",
        ],
    ),
    // After the mailbox, which wants a name too.
    (Cue::Screening, &["your name and", "your name after"]),
    (
        Cue::Signal,
        &[
            "after the tone",
            "after the beep",
            "after the signal",
            "at the tone",
            "at the beep",
            "at the signal",
            "at the sound of",
            "hear the beep",
            "hear the tone",
            "wait for the beep",
            "wait for the tone",
            "when done hang up",
        ],
    ),
    (
        Cue::Queue,
        &[
            "next available",
            "call is important",
            "all of our representatives",
            "all our representatives",
            "all of our agents",
            "all our agents",
            "all agents are",
            "all of our operators",
            "all representatives are",
            "representatives are currently",
            "agents are currently",
            "other callers",
            "other customers",
            "stay on the line",
            "remain on the line",
            "continue to hold",
            "continue holding",
            "keep holding",
            "for your patience",
            "in line",
            "in the queue",
            "in queue",
            "caller number",
            "position in",
            "wait time",
            "waiting time",
            "hold time",
            "minutes remaining",
            "will be answered",
            "order it was received",
            "order in which",
            "answered in the order",
            "please hold while",
            "hold while i try",
            "hold while we",
            "while i try to connect",
            "while we try to connect",
            "while i try to locate",
            "connect you to",
            "transferring your call",
            "transferring you",
            "your call is being",
            "being transferred",
            "call will be",
            "did you know",
            "visit our website",
            "visit us at",
            "online at",
            "www",
            "dot com",
            "thank you for holding please",
            "please hold for",
            "experiencing higher",
            "higher than normal",
            "high call volume",
            "unusually high",
            "unable to locate the person",
        ],
    ),
    (
        Cue::Menu,
        &[
            "press one",
            "press two",
            "press three",
            "press four",
            "press five",
            "press six",
            "press seven",
            "press eight",
            "press nine",
            "press zero",
            "press star",
            "press pound",
            "press the",
            "press hash",
            "press any",
            "say or press",
            "press or say",
            "you can say",
            "please say",
            "say yes or no",
            "main menu",
            "following options",
            "options have changed",
            "listen carefully",
            "menu options",
            "followed by the pound",
            "followed by pound",
            "then press pound",
            "enter your",
            "please enter",
            "enter the",
            "dial your party",
            "know your party",
            "dial the extension",
            "know the extension",
            "extension of the person",
            "for english",
            "para espanol",
            "oprima",
            "marque",
            "to repeat these",
            "to hear these",
            "invalid option",
            "option is invalid",
            "not a valid",
            "invalid entry",
            "no input",
            "did not receive",
            "didn t get",
            "didn t understand",
            "please try again",
            "in a few words",
            "tell me what",
            "call may be recorded",
            "calls may be recorded",
            "call may be monitored",
            "calls are recorded",
            "being recorded",
            "automated",
            "virtual assistant",
            "office hours",
            "business hours",
            "currently closed",
            "office is closed",
            "we are closed",
            "re now closed",
            "hours are",
            "survey",
            "for sales",
            "for billing",
            "for support",
        ],
    ),
    (
        Cue::Wait,
        &[
            "one moment",
            "just a moment",
            "one second",
            "just a second",
            "hold on",
            "hang on",
            "bear with me",
            "let me check",
            "let me see",
            "let me look",
            "let me find",
            "let me get",
            "let me transfer",
            "i ll transfer",
            "i ll put you",
            "put you on hold",
            "put you through",
            "give me a",
            "can you hold",
            "could you hold",
            "can i put you",
            "please hold",
            "a minute please",
        ],
    ),
    (
        Cue::Away,
        &[
            "not available",
            "isn t available",
            "is unavailable",
            "is not here",
            "unavailable",
            "can t take your call",
            "cannot take your call",
            "can t come to the phone",
            "can t get to the phone",
            "can t answer",
            "cannot answer",
            "unable to take",
            "unable to answer",
            "unable to come",
            "is on the phone",
            "you ve reached",
            "you have reached",
            "away from my",
            "sorry i missed",
            "missed your call",
            "person you are trying",
            "person you re trying",
            "person at extension",
            "not able to take",
        ],
    ),
    (
        Cue::Welcome,
        &["thank you for calling", "thanks for calling", "welcome to", "you for calling"],
    ),
    (
        Cue::Greeting,
        &[
            "hello",
            "hi",
            "hey",
            "yes",
            "yeah",
            "yep",
            "speaking",
            "this is",
            "good morning",
            "good afternoon",
            "good evening",
            "my name is",
            "who s calling",
            "who is calling",
            "may i ask",
            "what s up",
            "sorry",
            "thanks for holding",
            "thank you for holding",
        ],
    ),
];

impl Cue {
    /// Says by itself who speaks; the others are also part of what others say.
    pub fn is_sure(self) -> bool {
        !matches!(self, Self::Greeting | Self::Welcome | Self::Wait | Self::Away)
    }

    /// People say it, if not only they.
    pub(super) fn is_said_by_people(self) -> bool {
        matches!(self, Self::Person | Self::Greeting | Self::Wait | Self::Welcome)
    }
}

/// Words compared, of a long text the last.
const WORDS_MAX: usize = 60;

/// What a text speaks for most surely, with the phrase; `None` when it gives nothing away.
pub fn cue(text: &str) -> Option<(Cue, &'static str)> {
    let words = plain(text);
    let found = |phrase: &str| contains(&words, phrase);
    PHRASES.iter().find_map(|(cue, phrases)| {
        phrases.iter().find(|phrase| found(phrase)).map(|phrase| (*cue, *phrase))
    })
}

/// Lower case, digits as words, apostrophes as gaps; the last [`WORDS_MAX`] words.
fn plain(text: &str) -> Vec<String> {
    let digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let mut words: Vec<String> = text
        .to_lowercase()
        .replace("ñ", "n")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| match word.parse::<usize>() {
            Ok(digit) if digit < digits.len() => digits[digit].to_owned(),
            // As it is often understood.
            _ if word == "pressed" => "press".to_owned(),
            _ => word.to_owned(),
        })
        .collect();
    words.drain(..words.len().saturating_sub(WORDS_MAX));
    words
}

fn contains(words: &[String], phrase: &str) -> bool {
    let wanted = || phrase.split(' ');
    let count = wanted().count();
    words.windows(count).any(|part| part.iter().zip(wanted()).all(|(word, wanted)| word == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_speak_for_who_says_them() {
        for (text, expected) in [
            ("Hello?", Some(Cue::Greeting)),
            ("Golden Dragon, how may I help you?", Some(Cue::Person)),
            ("He's not available right now. Can I take a message?", Some(Cue::Person)),
            ("Hi, you've reached Tom. Please leave a message after the beep.", Some(Cue::Mailbox)),
            ("Hi, this is Tom. I can't come to the phone right now", Some(Cue::Away)),
            ("The person you are trying to reach is not available.", Some(Cue::Away)),
            ("At the tone, please say your name.", Some(Cue::Screening)),
            ("Please state your name and why you're calling.", Some(Cue::Screening)),
            ("For sales, press 1. For support, press 2.", Some(Cue::Menu)),
            ("Para español, oprima dos.", Some(Cue::Menu)),
            ("Your call is important to us.", Some(Cue::Queue)),
            ("You are number 3 in line.", Some(Cue::Queue)),
            ("The number you have dialed is not in service.", Some(Cue::NoSuchLine)),
            ("One moment please.", Some(Cue::Wait)),
            ("The quarterly figures", None),
            ("", None),
        ] {
            assert_eq!(cue(text).map(|(cue, _)| cue), expected, "{text}");
        }
    }

    #[test]
    fn every_phrase_is_found_and_written_as_it_is_compared() {
        for phrase in PHRASES.iter().flat_map(|(_, phrases)| *phrases) {
            assert_eq!(plain(phrase).join(" "), *phrase);
            assert!(cue(phrase).is_some());
        }
    }
}
