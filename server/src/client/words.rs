//! The bodies of the call API, as far as a client uses them. Fields nobody here knows are kept.

use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A call to be placed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Wanted {
    /// Whom to call, E.164.
    pub to: String,
    /// What for.
    pub task: String,
    /// One of the server's voices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// How to behave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personality: Option<String>,
    /// What to say about ourselves at the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    /// The user's own number, to be joined with the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge_number: Option<String>,
}

/// A call that was accepted.
#[derive(Clone, Debug, Deserialize)]
pub struct Placed {
    /// Its id.
    #[serde(alias = "id")]
    pub call_id: String,
    /// `queued`.
    pub status: String,
    /// A key, when the server has just made one.
    pub api_key: Option<String>,
    /// For people.
    pub message: Option<String>,
}

/// One call.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CallBody {
    /// Its id.
    pub id: String,
    /// `queued`, `dialing`, `answered`, `finalized`.
    pub lifecycle: String,
    /// The lines so far.
    pub transcript: Option<Vec<Entry>>,
    /// The phone-network result, once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl CallBody {
    /// Whether nothing follows.
    pub fn is_over(&self) -> bool {
        self.lifecycle == "finalized"
    }

    /// From answer to end, in s; nothing when nobody answered or it is not over.
    pub fn talk_seconds(&self) -> Option<u64> {
        self.rest.get("talk_seconds").and_then(Value::as_u64)
    }
}

/// One line of a transcript.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entry {
    /// `assistant`, `user`, `tool`, `system`.
    pub role: String,
    /// What was said or done.
    pub text: String,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `GET /me/calls`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct History {
    /// Finished calls.
    pub calls: Vec<CallBody>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What is left to talk, as far as the server says.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Balance {
    /// In s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_seconds: Option<i64>,
    /// In whole minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance_minutes: Option<i64>,
    /// The plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Balance {
    /// What the headers of any answer tell.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &str| text(name).and_then(|text| text.trim().parse().ok());
        Self {
            balance_seconds: number("x-clawcall-balance-seconds"),
            balance_minutes: number("x-clawcall-balance-minutes"),
            tier: text("x-clawcall-tier").map(str::to_owned),
            rest: Map::new(),
        }
    }

    /// Merged with what the body says, which wins.
    pub(super) fn with(mut self, body: Value) -> Self {
        if let Ok(said) = serde_json::from_value::<Self>(body) {
            self.balance_seconds = said.balance_seconds.or(self.balance_seconds);
            self.balance_minutes = said.balance_minutes.or(self.balance_minutes);
            self.tier = said.tier.or(self.tier);
            self.rest = said.rest;
        }
        self
    }
}
