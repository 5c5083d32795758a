//! `POST /call`: the body, checked (ClawCall API §2.2). Who asks, and whether they may, is decided
//! elsewhere.

use agent::brief::{Brief, Voicemail};
use serde_json::Value;
use telephony::E164;

use crate::{
    fault::{Code, Fault},
    rules::Destinations,
    text::{self, optional},
};

/// Names of the voices the API knows; the first is the default.
pub const VOICES: [&str; 4] = ["jessica", "sarah", "chris", "eric"];
/// Names of the first generation, and who speaks for them now.
const OLD_VOICES: [(&str, &str); 4] =
    [("rachel", "jessica"), ("bella", "sarah"), ("josh", "chris"), ("adam", "eric")];

/// A request that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    /// Whom to call.
    pub to: E164,
    /// What for.
    pub brief: Brief,
}

impl CallRequest {
    /// Longest task, in bytes: a previous transcript may be pasted in.
    pub const TASK_BYTES_MAX: usize = 256 * 1024;
    /// Longest personality or greeting, in bytes.
    pub const STYLE_BYTES_MAX: usize = 4 * 1024;

    /// Reads and checks a JSON body. Unknown fields are ignored, as clients of two generations send
    /// different ones.
    ///
    /// # Errors
    /// `missing_fields` when it is no JSON object or `to` or `task` is absent, empty, too long or of
    /// a wrong type; `invalid_phone` and `forbidden` for numbers as [`Destinations`] has it;
    /// `invalid_preferences` for an unknown voice or an unusable style.
    pub fn from_json(body: &[u8], destinations: &Destinations) -> Result<Self, Fault> {
        let body = text::object(body, Code::MissingFields)?;
        let to = text::required(&body, "to", Code::MissingFields)?;
        let task = text::required(&body, "task", Code::MissingFields)?;
        if task.len() > Self::TASK_BYTES_MAX {
            let message = format!("task is longer than {} bytes", Self::TASK_BYTES_MAX);
            return Err(Code::MissingFields.because(message));
        }
        let to = destinations.admit(&to, "to")?;
        let bridge_number = match optional(&body, "bridge_number", Code::InvalidPhone)? {
            Some(text) => Some(destinations.admit(&text, "bridge_number")?),
            None => None,
        };
        let brief = Brief {
            task,
            disclosure: None,
            greeting: style(&body, "greeting")?,
            personality: style(&body, "personality")?,
            voice: voice(&body)?,
            bridge_number,
            voicemail: Voicemail::default(),
        };
        Ok(Self { to, brief })
    }
}

/// A manner of speaking, or words to begin with.
pub(crate) fn style(body: &Value, name: &str) -> Result<Option<String>, Fault> {
    let found = optional(body, name, Code::InvalidPreferences)?;
    match &found {
        Some(text) if text.len() > CallRequest::STYLE_BYTES_MAX => {
            let message = format!("{name} is longer than {} bytes", CallRequest::STYLE_BYTES_MAX);
            Err(Code::InvalidPreferences.because(message))
        }
        _ => Ok(found),
    }
}

/// Who speaks.
pub(crate) fn voice(body: &Value) -> Result<Option<String>, Fault> {
    let Some(name) = optional(body, "voice", Code::InvalidPreferences)? else { return Ok(None) };
    let old = OLD_VOICES.iter().find(|(old, _)| *old == name).map(|(_, now)| *now);
    let now = old.or_else(|| VOICES.into_iter().find(|voice| *voice == name));
    now.map(|now| Some(now.to_owned())).ok_or_else(|| {
        let message = format!("there is no voice {name:?}; there are {}", VOICES.join(", "));
        Code::InvalidPreferences.because(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<CallRequest, Fault> {
        CallRequest::from_json(body, &Destinations::default())
    }

    #[test]
    fn a_full_request_becomes_a_brief() {
        let body =
            br#"{"to":"+12125550123","task":" Book a table ","voice":"eric","personality":"warm",
            "greeting":"Hi!","bridge_number":"+12125550199","unknown":1}"#;
        let request = read(body).expect("a good request");
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
            let request = read(body.as_bytes()).expect(&body);
            assert_eq!(request.brief, Brief { task: "Ask".into(), ..Brief::default() });
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let long = format!(
            r#"{{"to":"+12125550123","task":"{}"}}"#,
            "x".repeat(CallRequest::TASK_BYTES_MAX + 1)
        );
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
            let fault = read(body.as_bytes()).expect_err(body);
            assert_eq!(fault.code.row(), (code, 400), "{body}: {fault}");
        }
    }

    #[test]
    fn voices_of_the_first_generation_have_a_successor() {
        let body = br#"{"to":"+12125550123","task":"Ask","voice":"rachel"}"#;
        assert_eq!(read(body).expect("good").brief.voice.as_deref(), Some("jessica"));
    }
}
