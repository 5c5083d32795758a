//! What really happened in a tree: where the caller was, which keys came and what they did, what was
//! played. Positions are samples at 8 kHz since the answer.

use dtmf::Digit;
use serde::{Deserialize, Serialize};

/// The truth of one call to a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Nodes in the order of entering.
    pub visits: Vec<Visit>,
    /// Keys in the order of hearing.
    pub keys: Vec<Key>,
    /// Words of the caller that were taken as input.
    pub words: Vec<String>,
    /// Sounds in the order of beginning.
    pub played: Vec<Played>,
    /// Messages that were left.
    pub messages: Vec<Message>,
}

/// A node was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Its name.
    pub node: String,
    /// When.
    pub at_sample: u64,
}

/// A key was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Which.
    pub digit: Digit,
    /// When it ended.
    pub at_sample: u64,
    /// Where the caller was.
    pub node: String,
    /// It counted.
    pub is_taken: bool,
    /// It is one that this node offers, or part of one.
    pub is_offered: bool,
}

/// What a sound is to the ear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Words.
    Speech,
    /// Hold music.
    Music,
    /// Ring-back.
    Ringing,
    /// A mailbox's beep.
    Beep,
}

/// A sound was played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Played {
    /// First sample.
    pub from_sample: u64,
    /// Just after its last sample: expected while it plays, earlier when it is stopped.
    pub to_sample: u64,
    /// Its length when it is not stopped; of what is played over and over, once.
    pub whole_samples: u64,
    /// What it is to the ear.
    pub kind: Kind,
    /// Its words.
    pub text: String,
}

impl Played {
    /// The words of it that were heard to their end, up to a sample: as many as fit, were they all of
    /// one length.
    pub fn words_until(&self, at_sample: u64) -> String {
        let heard = at_sample.min(self.to_sample).saturating_sub(self.from_sample);
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let count = (words.len() as u64 * heard).checked_div(self.whole_samples).unwrap_or(0);
        words[..words.len().min(count as usize)].join(" ")
    }
}

/// A message that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The end of the beep.
    pub from_sample: u64,
    /// The end of the recording.
    pub to_sample: u64,
    /// Speech in it, in ms.
    pub speech_ms: u32,
}
