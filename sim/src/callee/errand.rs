//! What the callee knows at the end: which of its questions were answered, and what was heard.

use serde::{Deserialize, Serialize};

use crate::tree::Account;

/// The callee's account of the call. Positions are samples (8 kHz) since the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Questions in the order they were settled.
    pub answers: Vec<Answered>,
    /// Turns of the agent that were listened to, with the recognised words.
    pub turns: Vec<Turn>,
    /// Where the callee spoke, interruptions included.
    pub spoken: Vec<Stretch>,
    /// Where the callee interrupted for real.
    pub interruptions: Vec<Stretch>,
    /// Noises that are no speech.
    pub noises: Vec<Stretch>,
    /// Steps that gave up waiting.
    pub timeouts: u32,
    /// Every step was performed.
    pub complete: bool,
    /// What happened while a machine had the line.
    #[serde(default)]
    pub tree: Account,
}

/// One question's fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The question's name.
    pub question: String,
    /// A word that was expected came.
    pub answered: bool,
    /// How often it was asked.
    pub tries: u32,
    /// The recognised words of the last answer.
    pub text: String,
}

/// One turn of the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Where the callee had made up its mind that the turn was over.
    pub to_sample: u64,
    /// The recognised words; empty without a recogniser.
    pub text: String,
}

/// A stretch of the callee's sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// First sample.
    pub from_sample: u64,
    /// Just after the last sample.
    pub to_sample: u64,
    /// What it was.
    pub what: String,
}

impl Errand {
    /// Every question was answered, and there was one.
    pub fn done(&self) -> bool {
        !self.answers.is_empty() && self.answers.iter().all(|answer| answer.answered)
    }

    /// All recognised words in order.
    pub fn heard_text(&self) -> String {
        let texts: Vec<&str> = self.turns.iter().map(|turn| turn.text.as_str()).collect();
        texts.join(" ")
    }
}
