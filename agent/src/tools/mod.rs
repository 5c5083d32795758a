//! What the model may do besides speaking, and the reading of its tool calls.
//!
//! No tool takes a telephone number: whom this call may be joined with stands in the brief alone.

use std::{borrow::Cow, collections::BTreeMap};

use dtmf::sequence::Step;
use media::circuit::Keys;
use serde_json::{Value, json};

use crate::{
    llm::{ToolCall, ToolSpec},
    menu::{Action, Reason},
};

/// A tool call that makes sense.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    /// End the call once everything said so far was heard.
    HangUp,
    /// Press keys, with pauses between them.
    PressDigits(Keys),
    /// Say this.
    Say(String),
    /// Be silent, up to this many s (they asked us to hold).
    Wait {
        /// How long.
        seconds: u32,
    },
    /// Join the call with the user's own telephone.
    BridgeUser,
    /// What only menus understand.
    Menu(Action),
    /// The errand's result.
    Report {
        /// Whether it was done.
        done: bool,
        /// In a sentence.
        summary: String,
        /// What was learnt, by name.
        facts: BTreeMap<String, String>,
    },
}

impl Tool {
    /// The same deed in a phone menu, where what comes of it is watched; nothing for what has no place
    /// there. Keys with pauses between them are pressed as they are.
    pub fn in_menu(&self) -> Option<Action> {
        match self {
            Self::PressDigits(keys) if keys.steps().count() == keys.len() => {
                Some(Action::Press { keys: keys.iter().collect() })
            }
            Self::Say(text) => Some(Action::Say { text: text.clone() }),
            Self::Wait { .. } => Some(Action::Wait),
            Self::Menu(action) => Some(action.clone()),
            _ => None,
        }
    }
}

/// Longest text the model may say or report through a tool, in bytes.
pub const TEXT_BYTES_MAX: usize = 4_096;
/// Most facts in one report.
pub const FACTS_MAX: usize = 64;
/// `wait` without a number means this long, in s.
const WAIT_SECONDS: u32 = 60;

/// The tools offered to the model: `bridge_user` only where it can work, those for menus only in one.
pub fn specs(may_press: bool, may_bridge: bool, in_menu: bool) -> Vec<ToolSpec> {
    let mut specs = vec![
        spec(
            "hang_up",
            "End the call. Say goodbye first; it is heard before the line closes.",
            json!({}),
        ),
        spec("say", "Say this text.", json!({ "text": { "type": "string" } })),
        spec(
            "wait",
            "Stay silent and keep the line: they asked you to hold.",
            json!({ "seconds": { "type": "integer", "minimum": 1 } }),
        ),
        spec(
            "report",
            "Report the result of the errand, once, before hang_up.",
            json!({
                "done": { "type": "boolean", "description": "Whether the errand was done." },
                "summary": { "type": "string" },
                "facts": { "type": "object", "additionalProperties": { "type": "string" } },
            }),
        ),
    ];
    if may_press {
        specs.push(spec(
            "press_digits",
            "Press telephone keys (0-9, *, #), for phone menus.",
            json!({
                "digits": { "type": "string" },
                "sensitive": {
                    "type": "boolean",
                    "description": "A secret (PIN, card, birth date): no record keeps the digits.",
                },
            }),
        ));
    }
    if may_bridge {
        specs.push(spec(
            "bridge_user",
            "Ring the user's own telephone and join it with this call.",
            json!({}),
        ));
    }
    if in_menu {
        specs.extend(menu_specs());
    }
    specs
}

fn menu_specs() -> [ToolSpec; 3] {
    [
        spec("go_back", "Return to the menu before, as this menu offers it.", json!({})),
        spec("ask_for_person", "Ask this menu for a person, in whatever way it takes.", json!({})),
        spec(
            "give_up",
            "Leave the menus for good: nothing leads to the goal.",
            json!({ "reason": { "type": "string", "enum": [
                "no_way", "loop", "closed", "they_hung_up", "no_number", "silence", "too_long",
            ] } }),
        ),
    ]
}

/// Properties a tool can do without.
const OPTIONAL: [&str; 2] = ["facts", "sensitive"];

fn spec(name: &str, description: &str, properties: Value) -> ToolSpec {
    let required: Vec<String> = match name {
        "wait" => Vec::new(),
        _ => properties
            .as_object()
            .map(|properties| {
                properties.keys().filter(|key| !OPTIONAL.contains(&key.as_str())).cloned().collect()
            })
            .unwrap_or_default(),
    };
    let parameters = json!({ "type": "object", "properties": properties, "required": required });
    ToolSpec { name: name.to_owned(), description: description.to_owned(), parameters }
}

/// Reads a call of the model.
///
/// # Errors
/// What to tell the model: no such tool, or what is wrong with its arguments.
pub fn read(call: &ToolCall) -> Result<Tool, String> {
    let text = |name: &str| -> Result<String, String> {
        match call.arguments.get(name) {
            Some(Value::String(text)) if text.len() <= TEXT_BYTES_MAX => Ok(text.clone()),
            Some(Value::String(_)) => Err(format!("{name} is too long")),
            Some(Value::Number(number)) => Ok(number.to_string()),
            _ => Err(format!("{name} is missing")),
        }
    };
    match call.name.as_str() {
        "hang_up" => Ok(Tool::HangUp),
        "bridge_user" => Ok(Tool::BridgeUser),
        "go_back" => Ok(Tool::Menu(Action::GoBack)),
        "ask_for_person" => Ok(Tool::Menu(Action::AskForPerson)),
        "give_up" => {
            let reason = call.arguments.get("reason").cloned().unwrap_or_default();
            let reason = serde_json::from_value(reason).unwrap_or(Reason::NoWay);
            Ok(Tool::Menu(Action::GiveUp { reason }))
        }
        "say" => Ok(Tool::Say(text("text")?)),
        "press_digits" => {
            let keys = Keys::parse(&text("digits")?).map_err(|e| e.to_string())?;
            let keys = if is_sensitive(call) { keys.sensitive() } else { keys };
            Ok(Tool::PressDigits(keys))
        }
        "wait" => {
            let seconds = call.arguments.get("seconds").and_then(Value::as_f64);
            let seconds = seconds.map_or(WAIT_SECONDS, |s| s.clamp(1.0, 3_600.0) as u32);
            Ok(Tool::Wait { seconds })
        }
        "report" => {
            let done = call.arguments.get("done").and_then(Value::as_bool).unwrap_or(false);
            let summary = text("summary").unwrap_or_default();
            Ok(Tool::Report { done, summary, facts: facts(call.arguments.get("facts")) })
        }
        name => Err(format!("there is no tool {}", name.chars().take(64).collect::<String>())),
    }
}

fn is_sensitive(call: &ToolCall) -> bool {
    call.arguments.get("sensitive").and_then(Value::as_bool) == Some(true)
}

/// The call as it may be written down and told again: the digits of a sensitive press are zeros.
pub fn masked(call: &ToolCall) -> Cow<'_, ToolCall> {
    let (true, Some(digits)) = (is_sensitive(call), call.arguments.get("digits")) else {
        return Cow::Borrowed(call);
    };
    // Nothing else changes: what cannot be pressed must still not be when the call is replayed.
    let zero = |c: char| if let Some(Step::Press(_)) = Step::of(c) { '0' } else { c };
    let zeros = |digits: &str| Value::String(digits.chars().map(zero).collect());
    let masked = match digits {
        Value::String(digits) => zeros(digits),
        Value::Number(digits) => zeros(&digits.to_string()),
        _ => Value::Null,
    };
    let mut call = call.clone();
    call.arguments["digits"] = masked;
    Cow::Owned(call)
}

fn facts(value: Option<&Value>) -> BTreeMap<String, String> {
    let Some(Value::Object(facts)) = value else { return BTreeMap::new() };
    let shown = |value: &Value| match value {
        Value::String(text) => text.chars().take(TEXT_BYTES_MAX / 4).collect(),
        other => other.to_string().chars().take(TEXT_BYTES_MAX / 4).collect(),
    };
    facts.iter().take(FACTS_MAX).map(|(name, value)| (name.clone(), shown(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: Value) -> ToolCall {
        ToolCall { id: "c".into(), name: name.into(), arguments }
    }

    #[test]
    fn calls_are_read() {
        let keys = |text: &str| Keys::parse(text).expect("keys");
        for (name, arguments, tool) in [
            ("hang_up", json!({}), Tool::HangUp),
            ("hang_up", json!(null), Tool::HangUp),
            ("bridge_user", json!({"to": "+19005550100"}), Tool::BridgeUser),
            ("say", json!({"text": "Hi"}), Tool::Say("Hi".into())),
            ("press_digits", json!({"digits": "1 2#"}), Tool::PressDigits(keys("12#"))),
            ("press_digits", json!({"digits": 12}), Tool::PressDigits(keys("12"))),
            ("press_digits", json!({"digits": "1w2a"}), Tool::PressDigits(keys("1w2A"))),
            ("wait", json!({}), Tool::Wait { seconds: 60 }),
            ("wait", json!({"seconds": 1e12}), Tool::Wait { seconds: 3_600 }),
            ("wait", json!({"seconds": -5}), Tool::Wait { seconds: 1 }),
        ] {
            assert_eq!(read(&call(name, arguments.clone())), Ok(tool), "{name} {arguments}");
        }
        let report = json!({"done": true, "summary": "Booked.", "facts": {"n": 4, "name": "K"}});
        let facts = BTreeMap::from([("n".into(), "4".into()), ("name".into(), "K".into())]);
        let expected = Tool::Report { done: true, summary: "Booked.".into(), facts };
        assert_eq!(read(&call("report", report)), Ok(expected));
    }

    #[test]
    fn a_sensitive_press_keeps_its_digits_to_itself() {
        let plain = call("press_digits", json!({"digits": "12w3", "sensitive": false}));
        assert_eq!(masked(&plain).as_ref(), &plain);
        for (digits, zeros) in [
            (json!("12w3#"), json!("00w00")),
            (json!(471), json!("000")),
            (json!("4x"), json!("0x")),
            (json!([4, 7]), json!(null)),
        ] {
            let secret = call("press_digits", json!({"digits": digits, "sensitive": true}));
            let shown = masked(&secret).into_owned();
            assert_eq!(shown.arguments, json!({"digits": zeros, "sensitive": true}));
            assert_eq!(masked(&shown).as_ref(), &shown);
            assert_eq!(read(&shown).is_ok(), read(&secret).is_ok());
        }
        let secret = call("press_digits", json!({"digits": "12", "sensitive": true}));
        assert_eq!(read(&secret), Ok(Tool::PressDigits(Keys::parse("12").unwrap().sensitive())));
    }

    #[test]
    fn nonsense_is_told_to_the_model() {
        for (name, arguments, says) in [
            ("dial", json!({"to": "+19005550100"}), "no tool dial"),
            ("say", json!({}), "text is missing"),
            ("say", json!({"text": "x".repeat(5_000)}), "too long"),
            ("press_digits", json!({"digits": "12x"}), "not a telephone key"),
            ("press_digits", json!({"digits": ""}), "without a key"),
            ("press_digits", json!({"digits": "1".repeat(33)}), "at most 32"),
        ] {
            let error = read(&call(name, arguments)).expect_err(name);
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn bridging_and_keys_are_offered_only_where_they_work() {
        let names = |press, bridge| -> Vec<String> {
            specs(press, bridge, false).into_iter().map(|spec| spec.name).collect()
        };
        assert_eq!(names(false, false), ["hang_up", "say", "wait", "report"]);
        assert_eq!(names(true, true).len(), 6);
        let in_menu: Vec<String> = specs(true, false, true).into_iter().map(|s| s.name).collect();
        assert_eq!(in_menu[4..], ["press_digits", "go_back", "ask_for_person", "give_up"]);
    }

    #[test]
    fn deeds_in_a_menu_are_those_of_the_navigator() {
        for (name, arguments, action) in [
            ("press_digits", json!({"digits": "1"}), Some("{\"press\":{\"keys\":[\"1\"]}}")),
            ("press_digits", json!({"digits": "1w2"}), None),
            ("say", json!({"text": "Billing"}), Some("{\"say\":{\"text\":\"Billing\"}}")),
            ("wait", json!({}), Some("\"wait\"")),
            ("go_back", json!({}), Some("\"go_back\"")),
            ("ask_for_person", json!({}), Some("\"ask_for_person\"")),
            ("give_up", json!({"reason": "loop"}), Some("{\"give_up\":{\"reason\":\"loop\"}}")),
            ("give_up", json!({"reason": 1}), Some("{\"give_up\":{\"reason\":\"no_way\"}}")),
            ("hang_up", json!({}), None),
        ] {
            let tool = read(&call(name, arguments)).expect(name);
            let written = tool.in_menu().map(|action| json!(action).to_string());
            assert_eq!(written.as_deref(), action, "{name}");
        }
    }
}
