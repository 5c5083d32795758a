//! What a [`Call`](super::Call) is told and what it answers. Both are the journal's lines.

use dtmf::Digit;
use media::{Mono, circuit};
use serde::{Deserialize, Serialize};
use telephony::{Cause, Control, Outcome, Signal};

use crate::{
    line,
    llm::{self, ThoughtId, ToolCall},
    stt::{self, SegmentId},
    tts,
};

/// Something happened to the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Begin: dial (outbound) or wait for the stream (inbound).
    Start,
    /// The carrier told us.
    Signal(Signal),
    /// The circuit told us.
    Sound(circuit::Event),
    /// The circuit of the user's own leg told us.
    UserSound(circuit::Event),
    /// The recogniser told us.
    Stt(stt::Event),
    /// The model told us.
    Llm(llm::Event),
    /// The voice told us.
    Tts(tts::Event),
    /// Somebody outside asks for something.
    Request(Request),
    /// The deadline has come.
    Tick,
}

/// What may be asked of a running call from outside (API, drain).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// End it now.
    Hangup,
    /// End it because of a fault of our own.
    Abort {
        /// What happened.
        detail: String,
    },
    /// Say this now.
    Say {
        /// The words.
        text: String,
    },
    /// Use one of the model's tools now: press keys, join the user's telephone.
    Use(ToolCall),
}

/// What the call wants done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// For the carrier.
    Control(Control),
    /// For the circuit.
    Sound(circuit::Command),
    /// For the circuit of the user's own leg.
    UserSound(circuit::Command),
    /// For the recogniser.
    Listen(Listen),
    /// For the model.
    Think {
        /// Our number for it.
        thought: ThoughtId,
        /// The dialogue.
        prompt: llm::Prompt,
    },
    /// For the model: no longer wanted.
    Forget(ThoughtId),
    /// For the voice. Follows the circuit's `Say` for the same utterance.
    Speak {
        /// Our number for it.
        utterance: circuit::UtteranceId,
        /// A speakable piece.
        text: String,
    },
    /// For the user's ear alone. Follows the user's circuit's `Say` for the same utterance; the voice's events
    /// come like those of any other.
    Whisper {
        /// Our number for it.
        utterance: circuit::UtteranceId,
        /// What is said.
        text: String,
    },
    /// For the voice: no longer wanted.
    Hush(circuit::UtteranceId),
    /// For the record, the API and people who watch.
    Record(Record),
    /// The call is over; nothing follows.
    Ended(Ending),
    /// An input that makes no sense in this state; kept for the journal.
    Ignored {
        /// Name of the state.
        state: String,
        /// What came.
        input: Box<Input>,
    },
}

/// What the recogniser is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listen {
    /// See [`stt::Input::Open`].
    Open {
        /// Our number for it.
        segment: SegmentId,
        /// Position of its first sample.
        from_sample: u64,
    },
    /// See [`stt::Input::Finalise`].
    Finalise {
        /// Which segment.
        segment: SegmentId,
        /// Position just after its last sample so far.
        to_sample: u64,
    },
    /// See [`stt::Input::Close`].
    Close(SegmentId),
}

/// What goes on the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The call entered a state.
    State {
        /// Its name.
        state: String,
    },
    /// Something else is on the other end, as far as can be heard and understood.
    LineState {
        /// What is there.
        state: line::State,
        /// What was believed before.
        was: line::State,
        /// 0 to 1.
        confidence: f32,
        /// Why, the best reason first.
        evidence: Vec<String>,
    },
    /// A line of the transcript was added or, with an `index` that stands already, corrected (our
    /// own words shrink to what was heard).
    Line {
        /// Position in the transcript.
        index: usize,
        /// The line.
        line: Line,
    },
    /// What the callee seems to be saying; not yet a line.
    Hearing {
        /// The partial text.
        text: String,
    },
    /// Latencies of one turn.
    Turn(Waterfall),
    /// A vendor failed, a limit was reached: something people should know.
    Notice {
        /// Stable code.
        code: String,
        /// For people.
        detail: String,
    },
    /// The errand's result as the model reported it.
    Report {
        /// Whether the errand was done.
        done: bool,
        /// In a sentence.
        summary: String,
        /// What was learnt, by name.
        facts: std::collections::BTreeMap<String, String>,
    },
}

/// One line of the transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub role: llm::Role,
    /// What; of our own words only what was heard.
    pub text: String,
    /// When it began.
    pub at: Mono,
    /// It was cut off by the other side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// For tools: the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// For tools: the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<serde_json::Value>,
}

/// When each stage of answering one turn was reached. Absent where the turn did not get so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waterfall {
    /// Number of the turn, from 1.
    pub turn: u32,
    /// The callee's last speech sample.
    pub heard: Option<Mono>,
    /// We decided the turn was over.
    pub endpoint: Option<Mono>,
    /// The final text came.
    pub stt_final: Option<Mono>,
    /// The model's first token came.
    pub llm_first: Option<Mono>,
    /// The voice's first sound came.
    pub tts_first: Option<Mono>,
    /// The first frame left for the carrier.
    pub spoken: Option<Mono>,
}

/// How the call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The phone-network result.
    pub outcome: Outcome,
    /// In the carrier's terms.
    pub cause: Cause,
    /// Who hung up.
    pub by: EndedBy,
    /// From answer to end, in ms.
    pub talk_ms: u64,
    /// Keys the callee pressed.
    pub digits: Vec<Digit>,
}

/// Who ended the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Our agent.
    Us,
    /// The other side.
    Callee,
    /// The user, who had joined.
    User,
    /// The API.
    Request,
    /// The network or a limit.
    Network,
}
