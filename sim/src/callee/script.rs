//! What a callee does, as data: written in Rust or read from TOML.

use serde::{Deserialize, Serialize};

use crate::tree::Tree;

/// A whole callee: how the call is taken, and what happens then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// What it is called in reports.
    pub name: String,
    /// What happens before an answer.
    #[serde(default)]
    pub answer: Answer,
    /// Up to this much is waited, by chance, before each [`Step::Say`], in ms.
    #[serde(default)]
    pub jitter_ms: u32,
    /// What is heard behind the callee all the time.
    #[serde(default)]
    pub background: Option<Background>,
    /// In order. After the last one the callee stays on the line and is silent.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// What happens before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It rings, then somebody answers.
    After {
        /// How long it rings.
        ring_ms: u32,
    },
    /// The line is in use.
    Busy,
    /// It rings until the caller gives up, or the network does.
    Never {
        /// The network's patience.
        ring_ms_max: u32,
    },
    /// It rings, then the callee declines.
    Reject {
        /// How long it rings.
        ring_ms: u32,
    },
    /// No such number.
    Unallocated,
    /// There is such a number, and no way to it now.
    Unreachable,
}

impl Default for Answer {
    fn default() -> Self {
        Self::After { ring_ms: 2_000 }
    }
}

/// A steady sound behind the callee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// Played over and over.
    pub sound: Sound,
    /// Level of its loudest second, in dBFS.
    pub level_dbfs: f32,
}

/// Something that can be heard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// Words, said by the [`Voice`](super::Voice) the caller gives.
    Text(String),
    /// A recording, by its name in the caller's [`Shelf`](crate::recording::Shelf).
    Wav(String),
    /// Something like speech, of this length, in ms: for tests without models.
    Burst(u32),
    /// A cough.
    Cough,
    /// A click on the line.
    Click,
    /// Noise of the line, of this length, in ms.
    LineNoise(u32),
    /// A tone of the telephone once through, by its name in [`dtmf::tone::ALL`].
    Tone(String),
    /// Nothing, of this length, in ms.
    Silence(u32),
}

/// One thing a callee does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Speaks, to the end, whatever the agent does.
    Say(Sound),
    /// Is silent.
    Pause {
        /// How long.
        ms: u32,
    },
    /// Listens until the agent has spoken and stopped.
    Listen(Patience),
    /// Asks, listens, checks the answer, asks again.
    Ask(Question),
    /// Waits until the agent has spoken for a while, and speaks over it.
    Interrupt {
        /// Agent's speech before the interruption, in ms.
        after_ms: u32,
        /// What with.
        with: Sound,
        /// Gives up when the agent does not speak so much, in ms.
        #[serde(default = "Patience::timeout_ms_default")]
        timeout_ms: u32,
    },
    /// Makes a noise that is no speech, over the agent's speech.
    Noise {
        /// Agent's speech before it, in ms; 0 for at once.
        after_ms: u32,
        /// What is heard.
        sound: Sound,
    },
    /// Checks the last turn that was heard.
    Expect {
        /// Name of the question this answers.
        name: String,
        /// Any of these will do.
        words: Vec<String>,
    },
    /// Listens, turn after turn, for one of these words.
    Until {
        /// Any of these will do.
        words: Vec<String>,
        /// How long.
        #[serde(default)]
        patience: Patience,
    },
    /// Presses keys.
    Press {
        /// In order; characters that are no key are skipped.
        digits: String,
    },
    /// Hangs up.
    HangUp,
    /// A machine has the line, until one of its nodes hands over to a person: then that person's
    /// steps follow, and these steps are forgotten.
    Tree(Box<Tree>),
}

/// How long a callee listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Patience {
    /// Silence after speech that ends the agent's turn, in ms.
    pub silence_ms: u32,
    /// Goes on when no turn ended in this time, in ms.
    pub timeout_ms: u32,
}

impl Patience {
    fn timeout_ms_default() -> u32 {
        15_000
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence_ms: 900, timeout_ms: Self::timeout_ms_default() }
    }
}

/// Something the callee wants to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// What it is called in the report.
    pub name: String,
    /// How it is asked.
    pub say: Sound,
    /// How it is asked again.
    #[serde(default)]
    pub again: Option<Sound>,
    /// Any of these in the answer will do.
    pub expect: Vec<String>,
    /// How often it is asked at most.
    #[serde(default = "Question::tries_max_default")]
    pub tries_max: u32,
    /// A cough after so much of the answer, in ms.
    #[serde(default)]
    pub cough_after_ms: Option<u32>,
    /// How long it listens.
    #[serde(default)]
    pub patience: Patience,
}

impl Question {
    fn tries_max_default() -> u32 {
        2
    }
}

impl Script {
    /// Every sound the script plays.
    pub fn sounds(&self) -> Vec<Sound> {
        let background = self.background.iter().map(|background| background.sound.clone());
        background.chain(self.steps.iter().flat_map(Step::sounds)).collect()
    }
}

impl Step {
    /// Every sound the step may play.
    pub(crate) fn sounds(&self) -> Vec<Sound> {
        match self {
            Self::Say(sound) | Self::Interrupt { with: sound, .. } | Self::Noise { sound, .. } => {
                vec![sound.clone()]
            }
            Self::Ask(question) => {
                let cough = question.cough_after_ms.map(|_| Sound::Cough);
                let said = std::iter::once(question.say.clone());
                said.chain(question.again.clone()).chain(cough).collect()
            }
            Self::Tree(tree) => tree.nodes.values().flat_map(crate::tree::Node::sounds).collect(),
            Self::Pause { .. }
            | Self::Listen(_)
            | Self::Expect { .. }
            | Self::Until { .. }
            | Self::Press { .. }
            | Self::HangUp => Vec::new(),
        }
    }
}
