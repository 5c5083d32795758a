//! `labels.jsonl`: what is on each recording, one line a file.
//!
//! ```json
//! {"file":"a.wav","is":"voicemail","answered":0.0,"turn":6.2}
//! {"file":"b.wav","is":"human","split":"test","phrase_end":3.1}
//! {"file":"c.wav","kind":"music","spans":[{"from":0.0,"to":152.3,"is":"hold"},
//!                                         {"from":152.3,"to":158.0,"is":"human","phrase_end":154.1}]}
//! ```

use std::{fs, path::Path};

use agent::line::State;
use anyhow::Context;
use serde::{Deserialize, Serialize};

/// What is on the other end, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Is {
    /// A person.
    Human,
    /// A mailbox: its greeting, or recording.
    Voicemail,
    /// A screening service.
    Screening,
    /// A menu.
    Menu,
    /// On hold, whatever is heard.
    Hold,
    /// A fax machine or a modem.
    Fax,
    /// Answered, and nothing is said.
    Silence,
    /// Busy, no such number, over.
    Ended,
    /// It rings.
    Ringing,
    /// Not known; only answers are, labels never.
    #[serde(skip_deserializing)]
    Undecided,
}

impl Is {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Human,
        Self::Voicemail,
        Self::Screening,
        Self::Menu,
        Self::Hold,
        Self::Fax,
        Self::Silence,
        Self::Ended,
        Self::Ringing,
        Self::Undecided,
    ];

    /// As in labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Voicemail => "voicemail",
            Self::Screening => "screening",
            Self::Menu => "menu",
            Self::Hold => "hold",
            Self::Fax => "fax",
            Self::Silence => "silence",
            Self::Ended => "ended",
            Self::Ringing => "ringing",
            Self::Undecided => "undecided",
        }
    }

    /// What a state of the line says.
    pub fn of(state: State) -> Self {
        match state {
            State::Human | State::Bridged => Self::Human,
            State::VoicemailGreeting | State::Beep => Self::Voicemail,
            State::Screening => Self::Screening,
            State::Ivr => Self::Menu,
            State::HoldMusic | State::HoldMessage | State::HoldSilence => Self::Hold,
            State::Fax => Self::Fax,
            State::Silence => Self::Silence,
            State::Ended => Self::Ended,
            State::Ringback | State::TransferPending => Self::Ringing,
            State::Dialing | State::AnsweredUndecided | State::PickupSuspected => Self::Undecided,
        }
    }
}

/// Part of a recording, in s from its start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// From here.
    pub from: f64,
    /// To here.
    pub to: f64,
    /// What is there.
    pub is: Is,
    /// Of a person: where their first phrase ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase_end: Option<f64>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The recording, from the folder of the labels on.
    pub file: String,
    /// Figures are given for each split apart.
    #[serde(default = "unsplit")]
    pub split: String,
    /// Which sort of the same it is, for the report.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Who answered, as it is at the end of the recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Is>,
    /// Of a person: where their first phrase ends, in s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase_end: Option<f64>,
    /// When the carrier says that it was answered, in s; without, it is judged by ear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<f64>,
    /// Of a mailbox: when it is our turn, in s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<f64>,
    /// What is where, instead of `is`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

fn unsplit() -> String {
    "all".to_owned()
}

/// Reads the labels of a folder.
///
/// # Errors
/// When there are none, or a line is not one; the text says which and why.
pub fn read(dir: &Path) -> anyhow::Result<Vec<Label>> {
    let path = dir.join("labels.jsonl");
    let text = fs::read_to_string(&path).with_context(|| {
        format!("no labels: write {}, one line a file, as docs/ear.md says", path.display())
    })?;
    let mut labels = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let label: Label = serde_json::from_str(line)
            .with_context(|| format!("{}, line {}", path.display(), at + 1))?;
        anyhow::ensure!(
            label.is.is_some() == label.spans.is_empty(),
            "{}, line {}: give either \"is\" or \"spans\"",
            path.display(),
            at + 1
        );
        labels.push(label);
    }
    anyhow::ensure!(!labels.is_empty(), "{} is empty", path.display());
    Ok(labels)
}
