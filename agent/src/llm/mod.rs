//! The language model: one trait for our own deterministic brain, vendors and scripted stand-ins.

pub mod brain;
pub mod openai;
pub mod scripted;

use media::Mono;
use serde::{Deserialize, Serialize};

use crate::{fault::Fault, wire};

/// One exchange with the model, numbered by us, upwards for the life of a call. Late answers to an
/// older one are dropped by number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ThoughtId(pub u32);

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The callee.
    User,
    /// Our agent.
    Assistant,
    /// A tool's result.
    Tool,
}

/// One message of the dialogue, as the model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What was said, and of our own words only what was heard.
    pub text: String,
    /// Tools the assistant called in this message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// For `Role::Tool`: which call this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
}

/// The model asks for a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's id for it, or ours where it gave none.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Arguments by name.
    pub arguments: serde_json::Value,
}

/// A tool the model may call (JSON Schema parameters).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: serde_json::Value,
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// The dialogue so far, system message first.
    pub messages: Vec<Message>,
    /// What it may call.
    pub tools: Vec<ToolSpec>,
}

/// What a model is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Think about this; cancels whatever went before.
    Think {
        /// Our number for it.
        thought: ThoughtId,
        /// The dialogue.
        prompt: &'a Prompt,
    },
    /// Nobody wants this any more.
    Cancel(ThoughtId),
    /// Something on the vendor's connection.
    Wire(wire::Incoming<'a>),
    /// The deadline has come.
    Tick,
}

/// What a model wants or has found.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// For the vendor's connection.
    Wire(wire::Outgoing),
    /// For the mind.
    Event(Event),
}

/// What a model tells the mind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// More text of the answer.
    Text {
        /// Which thought.
        thought: ThoughtId,
        /// The new piece, cut anywhere.
        delta: String,
    },
    /// A complete tool call.
    Tool {
        /// Which thought.
        thought: ThoughtId,
        /// The call.
        call: ToolCall,
    },
    /// The answer is complete.
    Done {
        /// Which thought.
        thought: ThoughtId,
    },
    /// No answer will come, or the rest of it will not.
    Failed {
        /// Which thought.
        thought: ThoughtId,
        /// What went wrong.
        fault: Fault,
    },
}

/// A model for one call.
pub trait Dialect: Send {
    /// Something happened.
    fn handle(&mut self, now: Mono, input: Input<'_>);
    /// Drain until `None`.
    fn poll(&mut self) -> Option<Output>;
    /// When to send [`Input::Tick`].
    fn deadline(&self) -> Option<Mono>;
}
