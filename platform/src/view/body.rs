//! `GET /call/{id}`: the body that both generations of the API read (ClawCall API §2.3, §2.14).

use agent::{call::Ending, llm::Role};
use serde::Serialize;
use telephony::{Cause, Direction, Outcome};
use utoipa::ToSchema;

use super::{CallView, Entry, Lifecycle, Numbers, Report};

/// What the view does not know itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Where the recording can be played, as long as the link is good.
    pub recording_url: Option<String>,
    /// The key, for clients of the first generation.
    pub api_key: Option<String>,
    /// What the account has left, in s.
    pub balance_seconds: Option<u64>,
}

/// When each lifecycle was reached: ISO 8601, UTC, ms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Timestamps {
    queued_at: Option<String>,
    dialing_at: Option<String>,
    answered_at: Option<String>,
    finalized_at: Option<String>,
}

/// One line of the transcript.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
struct TranscriptLine {
    role: &'static str,
    text: String,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tool: Option<String>,
    #[serde(rename = "toolArgs", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object)]
    arguments: Option<serde_json::Value>,
    /// The other side cut it off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
}

/// Why the call ended, in the telephone network's terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct OutcomeDetail {
    hangup_cause: Option<String>,
    sip_hangup_cause: Option<&'static str>,
    hangup_source: Option<String>,
}

/// What goes with the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Meta {
    balance_seconds: u64,
}

/// One call. The fields from `outcome` on are there once it is over.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CallBody {
    id: String,
    call_id: String,
    #[schema(value_type = String)]
    direction: Direction,
    handling_mode: &'static str,
    task: String,
    voice: Option<String>,
    personality: Option<String>,
    greeting: Option<String>,
    numbers: Numbers,
    #[schema(value_type = Option<String>)]
    to: Option<telephony::E164>,
    lifecycle: Lifecycle,
    /// The lifecycle in the first generation's words: `queued`, `ringing`, `in_progress`, `completed`,
    /// `failed`.
    status: &'static str,
    timestamps: Timestamps,
    transcript: Option<Vec<TranscriptLine>>,
    #[serde(flatten)]
    over: Over,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    api_key: Option<String>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    meta: Option<Meta>,
}

/// What is there only once a call is over; of a call that is not, nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
struct Over {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outcome_detail: Option<OutcomeDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, required = false)]
    talk_seconds: Option<Option<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    recording_url: Option<Option<String>>,
    /// The first generation's name of it.
    #[serde(rename = "recordingUrl", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    recording_url_old: Option<Option<String>>,
    /// Why it failed, in the first generation's words.
    #[serde(rename = "failReason", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    fail_reason: Option<&'static str>,
    /// What became of the errand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    report: Option<Report>,
}

impl CallView {
    /// The call as the API shows it.
    pub fn body(&self, shown: Shown) -> CallBody {
        let [queued_at, dialing_at, answered_at, finalized_at] = self.reached_at.clone();
        let transcript = match self.transcript.as_slice() {
            [] if self.ending.is_none() => None,
            lines => Some(lines.iter().map(line).collect()),
        };
        let Shown { recording_url, api_key, balance_seconds } = shown;
        CallBody {
            id: self.call_id.clone(),
            call_id: self.call_id.clone(),
            direction: self.direction,
            handling_mode: "agent",
            task: self.brief.task.clone(),
            voice: self.brief.voice.clone(),
            personality: self.brief.personality.clone(),
            greeting: self.brief.greeting.clone(),
            numbers: self.numbers.clone(),
            to: self.numbers.to.clone(),
            lifecycle: self.lifecycle,
            status: self.status(),
            timestamps: Timestamps { queued_at, dialing_at, answered_at, finalized_at },
            transcript,
            over: self.ending.as_ref().map(|it| self.over(it, recording_url)).unwrap_or_default(),
            api_key,
            meta: balance_seconds.map(|balance_seconds| Meta { balance_seconds }),
        }
    }

    /// One line of the transcript as it stands in the body.
    pub fn line_body(&self, index: usize) -> Option<serde_json::Value> {
        serde_json::to_value(line(self.transcript.get(index)?)).ok()
    }

    /// How far the call has come, in the first generation's words.
    pub fn status(&self) -> &'static str {
        match (self.lifecycle, self.outcome()) {
            (Lifecycle::Queued, _) => "queued",
            (Lifecycle::Dialing, _) => "ringing",
            (Lifecycle::Answered, _) => "in_progress",
            (Lifecycle::Finalized, Some(Outcome::Answered)) => "completed",
            (Lifecycle::Finalized, _) => "failed",
        }
    }

    fn over(&self, ending: &Ending, recording_url: Option<String>) -> Over {
        let name = |value: serde_json::Value| value.as_str().map(str::to_owned);
        let cause = serde_json::to_value(ending.cause).ok().and_then(name);
        Over {
            outcome: Some(ending.outcome),
            outcome_detail: Some(OutcomeDetail {
                hangup_cause: self.fault.clone().or(cause),
                sip_hangup_cause: sip_code(ending.cause),
                hangup_source: serde_json::to_value(ending.by).ok().and_then(name),
            }),
            talk_seconds: Some(self.was_answered().then_some(ending.talk_ms / 1000)),
            recording_url_old: Some(recording_url.clone()),
            recording_url: Some(recording_url),
            fail_reason: fail_reason(ending.outcome),
            report: self.report.clone(),
        }
    }
}

fn line(entry: &Entry) -> TranscriptLine {
    let Entry { line, timestamp } = entry;
    TranscriptLine {
        role: match line.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        },
        text: line.text.clone(),
        timestamp: timestamp.clone(),
        tool: line.tool.clone(),
        arguments: line.arguments.clone(),
        interrupted: line.interrupted,
    }
}

pub(super) fn fail_reason(outcome: Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Answered => return None,
        Outcome::NoAnswer => "no_answer",
        Outcome::Busy => "busy",
        Outcome::Rejected => "call_rejected",
        Outcome::InvalidNumber => "invalid_number",
        Outcome::Unreachable => "unreachable",
        Outcome::Cancelled => "cancelled",
        Outcome::NetworkError | Outcome::SystemError | Outcome::Failed => "network_error",
    })
}

/// The SIP status that goes with a cause (RFC 3398 §8.2.6.1), as text, where there is one.
fn sip_code(cause: Cause) -> Option<&'static str> {
    Some(match cause {
        Cause::NormalClearing => "200",
        Cause::NoAnswer => "480",
        Cause::UserBusy => "486",
        Cause::CallRejected => "603",
        Cause::UnallocatedNumber => "404",
        Cause::Unreachable => "503",
        Cause::OriginatorCancel => "487",
        Cause::NetworkOutOfOrder | Cause::MediaLost | Cause::SystemError | Cause::Other => {
            return None;
        }
    })
}
