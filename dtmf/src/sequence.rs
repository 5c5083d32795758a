//! Key sequences as people write them: `"1w2#"`.
//!
//! The union of what products take: keys are `0-9 * # A-D a-d`; `w`, `p` or `P` waits half a second, `W` one second, `,`
//! two seconds, as in the dial strings of modems and carriers' `sendDigits`. Blanks and hyphens only group.

use crate::{Digit, NotADigit};

/// Most steps in one sequence.
pub const STEPS_MAX: usize = 128;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Press a key.
    Press(Digit),
    /// Do nothing for this long.
    Pause {
        /// Length in ms.
        ms: u32,
    },
}

impl Step {
    /// What a character stands for.
    pub fn of(character: char) -> Option<Self> {
        match character {
            'w' | 'p' | 'P' => Some(Self::Pause { ms: 500 }),
            'W' => Some(Self::Pause { ms: 1_000 }),
            ',' => Some(Self::Pause { ms: 2_000 }),
            _ => Digit::try_from(character).ok().map(Self::Press),
        }
    }

    /// The character that stands for it; of a pause no character has, the nearest.
    pub fn as_char(self) -> char {
        match self {
            Self::Press(digit) => digit.as_char(),
            Self::Pause { ms: ..750 } => 'w',
            Self::Pause { ms: 750..1_500 } => 'W',
            Self::Pause { .. } => ',',
        }
    }
}

/// Why a sequence cannot be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSequence {
    /// A character that is neither key nor pause.
    NotAKey {
        /// The character.
        key: char,
        /// Its place, counted in characters from 0.
        at: usize,
    },
    /// More than [`STEPS_MAX`] steps.
    TooLong,
    /// No key in it.
    NoKey,
}

impl std::fmt::Display for BadSequence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAKey { key, at } => {
                let why = NotADigit(*key);
                write!(
                    f,
                    "character {} of the key sequence: {why}, nor a pause (w, W, p, P or ,)",
                    at + 1
                )
            }
            Self::TooLong => write!(f, "more than {STEPS_MAX} keys and pauses"),
            Self::NoKey => write!(f, "a key sequence without a key"),
        }
    }
}

impl std::error::Error for BadSequence {}

/// Reads a sequence.
///
/// # Errors
/// When a character is unknown, when it is too long, and when it presses no key.
pub fn parse(text: &str) -> Result<Vec<Step>, BadSequence> {
    let mut steps = Vec::new();
    for (at, key) in text.chars().enumerate() {
        if matches!(key, ' ' | '-') {
            continue;
        }
        let step = Step::of(key).ok_or(BadSequence::NotAKey { key, at })?;
        if steps.len() == STEPS_MAX {
            return Err(BadSequence::TooLong);
        }
        steps.push(step);
    }
    if steps.iter().any(|step| matches!(step, Step::Press(_))) {
        Ok(steps)
    } else {
        Err(BadSequence::NoKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_pauses_are_read() {
        let press = |key| Step::Press(Digit::try_from(key).unwrap());
        let pause = |ms| Step::Pause { ms };
        for (text, steps) in [
            ("1w2#", vec![press('1'), pause(500), press('2'), press('#')]),
            ("pPW,*", vec![pause(500), pause(500), pause(1_000), pause(2_000), press('*')]),
            ("12-3 a", vec![press('1'), press('2'), press('3'), press('A')]),
        ] {
            assert_eq!(parse(text).unwrap(), steps, "{text}");
            let written: String = steps.iter().map(|step| step.as_char()).collect();
            assert_eq!(parse(&written).unwrap(), steps, "{written}");
        }
    }

    #[test]
    fn what_cannot_be_dialled_says_why() {
        for (text, why) in [
            ("12x", BadSequence::NotAKey { key: 'x', at: 2 }),
            ("é", BadSequence::NotAKey { key: 'é', at: 0 }),
            ("", BadSequence::NoKey),
            ("w,W", BadSequence::NoKey),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        assert_eq!(parse(&"1".repeat(STEPS_MAX + 1)), Err(BadSequence::TooLong));
        assert_eq!(parse(&"1".repeat(STEPS_MAX)).unwrap().len(), STEPS_MAX);
        let said = parse("1x").unwrap_err().to_string();
        assert!(said.contains("character 2") && said.contains("'x'"), "{said}");
    }
}
