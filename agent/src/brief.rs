//! What one call is for: the errand, and how to go about it.

use serde::{Deserialize, Serialize};
use telephony::E164;

/// The complete briefing of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// What to get done, in plain words, with every fact the call may need. Empty on an incoming
    /// call without instructions: then a message is taken.
    pub task: String,
    /// Said before anything else, whoever speaks first: that the call is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<String>,
    /// The first line to say, if the user wants a certain one. After a disclosure of an outbound call it is
    /// not said: it tells the model how the user would begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    /// The manner to speak in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personality: Option<String>,
    /// Name of the voice; the installation's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// The user's own number: the only one this call may ever be joined with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge_number: Option<E164>,
    /// What to do when a mailbox answers.
    #[serde(default, skip_serializing_if = "Voicemail::is_usual")]
    pub voicemail: Voicemail,
}

/// What to do when a mailbox answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voicemail {
    /// Leave a message about the errand, in words of the model's own.
    #[default]
    Leave,
    /// Leave exactly this.
    Say(String),
    /// Leave nothing.
    HangUp,
}

impl Voicemail {
    fn is_usual(&self) -> bool {
        *self == Self::Leave
    }
}
