//! What phrases give away: which machine says them, or that a person does.
//!
//! Words decide between machines that sound alike (a mailbox, a menu, a screening service); that something is music,
//! silence or a tone they never decide.

mod phrases;

use phrases::PHRASES;

/// What a phrase speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cue {
    /// A person who offers help, takes a message or asks who we are.
    Person,
    /// What people say when they pick up, and recordings begin with.
    Greeting,
    /// A person who asks us to wait.
    Wait,
    /// Thanks for having waited: whoever picks up, or an announcement of a queue.
    Thanks,
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

impl Cue {
    /// Says by itself who speaks; the others are also part of what others say.
    pub fn is_sure(self) -> bool {
        !matches!(self, Self::Greeting | Self::Welcome | Self::Wait | Self::Away | Self::Thanks)
    }

    /// People say it, if not only they.
    pub(super) fn is_said_by_people(self) -> bool {
        matches!(self, Self::Person | Self::Greeting | Self::Wait | Self::Welcome | Self::Thanks)
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

/// Most words that a star stands for.
const STAR_MAX: usize = 2;

fn contains(words: &[String], phrase: &str) -> bool {
    (0..words.len()).any(|from| begins(&words[from..], phrase.split(' ')))
}

fn begins(words: &[String], mut wanted: std::str::Split<'_, char>) -> bool {
    match wanted.next() {
        None => true,
        Some("*") => {
            (0..=STAR_MAX.min(words.len())).any(|skip| begins(&words[skip..], wanted.clone()))
        }
        Some(word) => {
            words.split_first().is_some_and(|(first, rest)| first == word && begins(rest, wanted))
        }
    }
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
            ("Thank you for holding.", Some(Cue::Thanks)),
            ("Thanks for waiting, Maria speaking.", Some(Cue::Greeting)),
            ("The quarterly figures", None),
            ("", None),
        ] {
            assert_eq!(cue(text).map(|(cue, _)| cue), expected, "{text}");
        }
    }

    #[test]
    fn every_phrase_is_found_and_written_as_it_is_compared() {
        for phrase in PHRASES.iter().flat_map(|(_, phrases)| *phrases) {
            let said = phrase.replace('*', "the");
            assert_eq!(plain(&said).join(" "), said);
            assert!(cue(&said).is_some());
        }
    }
}
