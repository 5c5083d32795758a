//! `POST /call`: the body, checked (ClawCall API §2.2). Left out: keys, balances, quotas.

use agent::brief::{Brief, Voicemail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use telephony::E164;

/// Names of the voices the API knows; the first is the default.
pub const VOICES: [&str; 4] = ["jessica", "sarah", "chris", "eric"];

/// A request that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    /// Whom to call.
    pub to: E164,
    /// What for.
    pub brief: Brief,
}

/// A request that did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// Stable code: `missing_fields`, `invalid_phone`, `invalid_preferences`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Refused {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// The error envelope: `{"error": {"code", "message"}}`. Goes with HTTP status 400.
    pub fn body(&self) -> Value {
        serde_json::json!({ "error": { "code": self.code, "message": self.message } })
    }
}

impl CallRequest {
    /// Longest task, in bytes: a previous transcript may be pasted in.
    pub const TASK_BYTES_MAX: usize = 64 * 1024;
    /// Longest personality or greeting, in bytes.
    pub const STYLE_BYTES_MAX: usize = 4 * 1024;

    /// Reads and checks a JSON body. Unknown fields are ignored, as clients of two generations send
    /// different ones.
    ///
    /// # Errors
    /// `missing_fields` when it is no JSON object or `to` or `task` is absent, empty, too long or of
    /// a wrong type; `invalid_phone` for a number that is not E.164; `invalid_preferences` for an
    /// unknown voice or an unusable style.
    pub fn from_json(body: &[u8]) -> Result<Self, Refused> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|e| Refused::new("missing_fields", format!("the body is not JSON: {e}")))?;
        if !body.is_object() {
            return Err(Refused::new("missing_fields", "the body must be a JSON object"));
        }
        let to = required(&body, "to")?;
        let task = required(&body, "task")?;
        if task.len() > Self::TASK_BYTES_MAX {
            let message = format!("task is longer than {} bytes", Self::TASK_BYTES_MAX);
            return Err(Refused::new("missing_fields", message));
        }
        let to = number(&to, "to")?;
        let bridge_number = match text(&body, "bridge_number", "invalid_phone")? {
            Some(text) => Some(number(&text, "bridge_number")?),
            None => None,
        };
        let brief = Brief {
            task,
            greeting: style(&body, "greeting")?,
            personality: style(&body, "personality")?,
            voice: voice(&body)?,
            bridge_number,
            voicemail: Voicemail::default(),
        };
        Ok(Self { to, brief })
    }
}

fn required(body: &Value, name: &str) -> Result<String, Refused> {
    text(body, name, "missing_fields")?
        .ok_or_else(|| Refused::new("missing_fields", format!("{name} is required")))
}

/// A text field, trimmed; absent, null and empty are the same.
fn text(body: &Value, name: &str, code: &str) -> Result<Option<String>, Refused> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(Refused::new(code, format!("{name} must be text"))),
    }
}

fn number(text: &str, name: &str) -> Result<E164, Refused> {
    text.parse().map_err(|e| Refused::new("invalid_phone", format!("{name}: {e}")))
}

fn style(body: &Value, name: &str) -> Result<Option<String>, Refused> {
    let found = text(body, name, "invalid_preferences")?;
    match &found {
        Some(text) if text.len() > CallRequest::STYLE_BYTES_MAX => Err(Refused::new(
            "invalid_preferences",
            format!("{name} is longer than {} bytes", CallRequest::STYLE_BYTES_MAX),
        )),
        _ => Ok(found),
    }
}

fn voice(body: &Value) -> Result<Option<String>, Refused> {
    let found = text(body, "voice", "invalid_preferences")?;
    match &found {
        Some(name) if !VOICES.contains(&name.as_str()) => Err(Refused::new(
            "invalid_preferences",
            format!("there is no voice {name:?}; there are {}", VOICES.join(", ")),
        )),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_request_becomes_a_brief() {
        let body =
            br#"{"to":"+12125550123","task":" Book a table ","voice":"eric","personality":"warm",
            "greeting":"Hi!","bridge_number":"+12125550199","unknown":1}"#;
        let request = CallRequest::from_json(body).expect("a good request");
        assert_eq!(request.to.as_str(), "+12125550123");
        assert_eq!(request.brief.task, "Book a table");
        assert_eq!(request.brief.voice.as_deref(), Some("eric"));
        assert_eq!(request.brief.personality.as_deref(), Some("warm"));
        assert_eq!(request.brief.greeting.as_deref(), Some("Hi!"));
        let bridge = request.brief.bridge_number.expect("a bridge number");
        assert_eq!(bridge.as_str(), "+12125550199");
    }

    #[test]
    fn optional_fields_may_be_absent_null_or_empty() {
        for extra in ["", r#","voice":null,"greeting":null"#, r#","voice":"","bridge_number":" ""#]
        {
            let body = format!(r#"{{"to":"+12125550123","task":"Ask"{extra}}}"#);
            let request = CallRequest::from_json(body.as_bytes()).expect(&body);
            assert_eq!(request.brief, Brief { task: "Ask".into(), ..Brief::default() });
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let long = format!(r#"{{"to":"+12125550123","task":"{}"}}"#, "x".repeat(70_000));
        let loud =
            format!(r#"{{"to":"+12125550123","task":"x","greeting":"{}"}}"#, "x".repeat(5_000));
        for (body, code) in [
            ("", "missing_fields"),
            ("{", "missing_fields"),
            ("[]", "missing_fields"),
            ("\"+12125550123\"", "missing_fields"),
            ("{}", "missing_fields"),
            (r#"{"to":"+12125550123"}"#, "missing_fields"),
            (r#"{"task":"Ask"}"#, "missing_fields"),
            (r#"{"to":"+12125550123","task":"  "}"#, "missing_fields"),
            (r#"{"to":"+12125550123","task":7}"#, "missing_fields"),
            (&long, "missing_fields"),
            (r#"{"to":"2125550123","task":"Ask"}"#, "invalid_phone"),
            (r#"{"to":"+1 212 555","task":"Ask"}"#, "invalid_phone"),
            (r#"{"to":"+12125550123","task":"Ask","bridge_number":"me"}"#, "invalid_phone"),
            (r#"{"to":"+12125550123","task":"Ask","bridge_number":5}"#, "invalid_phone"),
            (r#"{"to":"+12125550123","task":"Ask","voice":"hal"}"#, "invalid_preferences"),
            (r#"{"to":"+12125550123","task":"Ask","voice":1}"#, "invalid_preferences"),
            (r#"{"to":"+12125550123","task":"Ask","personality":[]}"#, "invalid_preferences"),
            (&loud, "invalid_preferences"),
        ] {
            let refused = CallRequest::from_json(body.as_bytes()).expect_err(body);
            assert_eq!(refused.code, code, "{body}: {refused}");
            assert_eq!(refused.body()["error"]["code"], code);
        }
    }
}
