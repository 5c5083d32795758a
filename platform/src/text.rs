//! Fields of JSON bodies that are text.

use serde_json::Value;

use crate::fault::{Code, Fault};

/// A body that must be a JSON object.
pub(crate) fn object(body: &[u8], code: Code) -> Result<Value, Fault> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|e| code.because(format!("the body is not JSON: {e}")))?;
    if value.is_object() { Ok(value) } else { Err(code.because("the body must be a JSON object")) }
}

/// A text field, trimmed; absent, null and empty are the same.
pub(crate) fn optional(body: &Value, name: &str, code: Code) -> Result<Option<String>, Fault> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        // What a data base cannot hold, nobody says either.
        Some(Value::String(text)) if text.contains('\0') => {
            Err(code.because(format!("{name} must not contain the character U+0000")))
        }
        Some(Value::String(text)) => {
            let text = text.trim();
            Ok((!text.is_empty()).then(|| text.to_owned()))
        }
        Some(_) => Err(code.because(format!("{name} must be text"))),
    }
}

/// A text field that must be there.
pub(crate) fn required(body: &Value, name: &str, code: Code) -> Result<String, Fault> {
    optional(body, name, code)?.ok_or_else(|| code.because(format!("{name} is required")))
}
