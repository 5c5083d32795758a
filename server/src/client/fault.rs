//! What can go wrong between a client and the API, and what to do about it.

use serde_json::{Map, Value, json};

use super::KeyFileError;

/// Why there is no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The server said no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nobody answered.
    #[error("{server}: {detail}")]
    Unreachable {
        /// Where.
        server: String,
        /// What happened.
        detail: String,
    },
    /// Something answered that is no call API.
    #[error("the answer makes no sense: {0}")]
    Garbled(String),
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(KeyFileError),
    /// A key cannot be set where one is given by hand.
    #[error("the key is set by client.key; change it there")]
    KeyGiven,
    /// There is no key yet.
    #[error("there is no key")]
    NoKey,
    /// The key cannot be sent.
    #[error("the key holds characters that no key has")]
    KeyMalformed,
}

/// A no, in the API's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// For people.
    pub message: String,
    /// The whole `error` object, unchanged: links in it hold the key.
    pub error: Map<String, Value>,
}

impl Refused {
    /// Reads the envelope; an answer without one is `http_<status>`.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut error = match body.get("error") {
            Some(Value::Object(error)) => error.clone(),
            _ => Map::new(),
        };
        let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
        let code = text("code").unwrap_or_else(|| format!("http_{status}"));
        let message =
            text("message").unwrap_or_else(|| format!("the server answered with {status}"));
        error.entry("code").or_insert_with(|| json!(code));
        error.entry("message").or_insert_with(|| json!(message));
        Self { status, code, message, error }
    }

    /// The link the server wants people to open.
    pub fn link(&self) -> Option<&str> {
        let action = self.error.get("action")?;
        action.get("url").or_else(|| action.get("sign_in_url")).and_then(Value::as_str)
    }
}

impl Fault {
    /// Whether the same request may succeed in a moment.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.status == 429 || refused.status >= 500,
            Self::Unreachable { .. } => true,
            _ => false,
        }
    }

    /// Whether the server says that it is so already.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused(refused)
            if refused.status == 409 || matches!(&*refused.code, "conflict" | "already_terminal"))
    }

    /// As an agent reads it: `{"error": {"code", "message", "retryable", ...}}`.
    pub fn body(&self) -> Value {
        let mut error = match self {
            Self::Refused(refused) => refused.error.clone(),
            fault => Map::from_iter([
                ("code".to_owned(), json!(fault.code())),
                ("message".to_owned(), json!(fault.to_string())),
            ]),
        };
        error.insert("retryable".to_owned(), json!(self.is_retryable()));
        error.insert("next_step".to_owned(), json!(self.next_step()));
        json!({ "error": error })
    }

    /// Stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refused) => &refused.code,
            Self::Unreachable { .. } => "unreachable_server",
            Self::Garbled(_) => "garbled",
            Self::KeyFile(_) => "key_file",
            Self::KeyGiven => "key_given",
            Self::NoKey => "auth_required",
            Self::KeyMalformed => "invalid_api_key",
        }
    }

    /// What to do about it.
    pub fn next_step(&self) -> String {
        let refused = match self {
            Self::Refused(refused) => refused,
            Self::Unreachable { .. } => {
                return "start one with `trunkline serve`, or name another with --server"
                    .to_owned();
            }
            Self::Garbled(_) => {
                return "look whether --server names a trunkline, and how new it is".to_owned();
            }
            Self::KeyFile(error) => return error.next_step(),
            Self::NoKey => {
                return "place a first call, which brings a key; over HTTP send one in X-Api-Key"
                    .to_owned();
            }
            Self::KeyGiven | Self::KeyMalformed => {
                return "correct client.key (or TRUNKLINE_CLIENT__KEY, or --key)".to_owned();
            }
        };
        if let Some(link) = refused.link() {
            return format!("open {link}");
        }
        match &*refused.code {
            "invalid_api_key" => {
                "call again without a key to get a new one: a key that came from the \
                                  key file was removed from it, one that was set by hand must be \
                                  corrected there"
            }
            "auth_required" => {
                "place a first call, which brings a key, then link it to an account: \
                                sign in at <server>/sign-in?token=<key>"
            }
            "invalid_phone" => "write the number as +1 and ten digits, like +12125550142",
            "missing_fields" | "invalid_digits" | "invalid_query" | "invalid_preferences" => {
                "correct the request"
            }
            "not_found" | "call_not_found" => "look at the ids that `trunkline list` prints",
            "recording_not_available" => {
                "a recording is there once the call is over, if one was made"
            }
            "no_bridge_number" => "place the call with --bridge and your own number",
            "conflict" => "look at the call's state first",
            _ if self.is_retryable() => "try again in a few seconds",
            _ => "nothing helps but another request",
        }
        .to_owned()
    }
}
