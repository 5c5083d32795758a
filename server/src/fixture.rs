//! Cuts a recorded call and makes it nobody's: the inputs that are kept are fed to fresh machines,
//! whose outputs are recorded anew, so that what is written replays identically.

use std::{fs, io::Write, path::Path};

use agent::{
    brief::{Brief, Voicemail},
    call::{Call, Input, Request},
    llm, stt,
};
use anyhow::{Context, ensure};
use dtmf::Digit;
use media::{
    Mono,
    circuit::{self, Circuit},
    tape,
};
use serde_json::Value;
use telephony::{E164, Signal};

use crate::journal::{self, First, JOURNAL, Line, TAPE, USER_TAPE};

/// Which part, and whether to hide who it was.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Leave out what happened before, in s; the call's set-up stays.
    pub from: f64,
    /// Leave out what happened after, in s.
    pub to: f64,
    /// Hide numbers and words, leave out the sound.
    pub redact: bool,
}

/// Writes a fixture; returns how many inputs of the mind it has.
pub fn cut(dir: &Path, out: &Path, plan: Plan) -> anyhow::Result<usize> {
    ensure!(!out.exists(), "{} exists already", out.display());
    let (mut first, lines) = journal::read(&dir.join(JOURNAL))?;
    let origin = lines.first().map_or(Mono::ZERO, |line| line.at);
    let keeps = |at: Mono, set_up: bool| {
        let second = at.since(origin).as_secs_f64();
        second <= plan.to && (second >= plan.from || set_up)
    };
    let mut inputs: Vec<(Mono, Input)> = lines
        .into_iter()
        .filter_map(|line: Line| Some((line.at, line.input?)))
        .filter(|(at, input)| keeps(*at, matches!(input, Input::Start | Input::Signal(_))))
        .collect();
    if plan.redact {
        redact_first(&mut first);
        for (_, input) in &mut inputs {
            redact(input);
        }
    }
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    record_mind(&out.join(JOURNAL), &first, &inputs)?;
    for name in [TAPE, USER_TAPE] {
        let sound = fs::read(dir.join(name)).unwrap_or_default();
        if !plan.redact && !sound.is_empty() {
            fs::write(out.join(name), record_sound(&sound, keeps)?)?;
        }
    }
    Ok(inputs.len())
}

fn record_mind(path: &Path, first: &First, inputs: &[(Mono, Input)]) -> anyhow::Result<()> {
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    writeln!(file, "{}", serde_json::to_string(first)?)?;
    let mut call = Call::new(first.config.clone());
    for (at, input) in inputs {
        let line = Line { at: *at, input: Some(input.clone()), output: None, note: None };
        writeln!(file, "{}", serde_json::to_string(&line)?)?;
        call.handle(*at, input.clone());
        while let Some(output) = call.poll() {
            let line = Line { at: *at, input: None, output: Some(output), note: None };
            writeln!(file, "{}", serde_json::to_string(&line)?)?;
        }
    }
    file.flush()?;
    Ok(())
}

/// The kept inputs through a fresh circuit. Announcements of speech stay, so that it has an owner.
fn record_sound(bytes: &[u8], keeps: impl Fn(Mono, bool) -> bool) -> anyhow::Result<Vec<u8>> {
    let mut reader = tape::Reader::new(bytes)?;
    let config = reader.config()?;
    let mut circuit = Circuit::new(&config, reader.birth())?;
    let mut out = Vec::new();
    tape::write_header(&mut out, &config, reader.birth());
    while let Some(entry) = reader.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(tape::TapeError::Torn { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        if let tape::Item::Input(input) = entry.item
            && keeps(entry.at, matches!(input, circuit::Input::Command(_)))
        {
            tape::write_input(&mut out, entry.at, &input);
            circuit.handle(entry.at, input);
            while let Some(output) = circuit.poll() {
                tape::write_output(&mut out, entry.at, &output);
            }
        }
    }
    Ok(out)
}

/// Letters become `x`, digits `0`; what remains is the shape.
fn hide(text: &mut String) {
    *text = text
        .chars()
        .map(|c| match c {
            c if c.is_ascii_digit() => '0',
            c if c.is_alphabetic() => 'x',
            c => c,
        })
        .collect();
}

fn hide_number(number: &mut Option<E164>) {
    if let Some(found) = number {
        let zeros = "0".repeat(found.as_str().len().saturating_sub(2));
        *number = format!("+1{zeros}").parse().ok();
    }
}

/// A key somebody pressed may be part of their number or their code.
fn hide_key(key: &mut Digit) {
    *key = Digit::try_from('0').unwrap_or(*key);
}

/// Numbers become text of the same length: the tools read either.
fn hide_value(value: &mut Value) {
    match value {
        Value::String(text) => hide(text),
        Value::Number(number) => {
            let mut text = number.to_string();
            hide(&mut text);
            *value = Value::String(text);
        }
        Value::Array(all) => all.iter_mut().for_each(hide_value),
        Value::Object(map) => map.values_mut().for_each(hide_value),
        Value::Null | Value::Bool(_) => {}
    }
}

fn redact_first(first: &mut First) {
    "redacted".clone_into(&mut first.call_id);
    first.started.clear();
    let config = &mut first.config;
    hide_number(&mut config.to);
    hide_number(&mut config.from);
    let Brief { task, disclosure, greeting, personality, voice: _, bridge_number, voicemail } =
        &mut config.brief;
    hide(task);
    let rest = [disclosure, greeting, personality];
    rest.into_iter().flatten().for_each(hide);
    hide_number(bridge_number);
    if let Voicemail::Say(text) = voicemail {
        hide(text);
    }
}

fn redact(input: &mut Input) {
    match input {
        Input::Stt(stt::Event::Partial { text, .. } | stt::Event::Final { text, .. }) => hide(text),
        Input::Llm(llm::Event::Text { delta, .. }) => hide(delta),
        // How long to wait is nobody's secret.
        Input::Llm(llm::Event::Tool { call, .. }) if call.name == "wait" => {}
        Input::Llm(llm::Event::Tool { call, .. }) => hide_value(&mut call.arguments),
        Input::Signal(Signal::Digit(digit))
        | Input::Sound(circuit::Event::Digit { digit, .. })
        | Input::UserSound(circuit::Event::Digit { digit, .. }) => hide_key(digit),
        Input::Request(Request::Say { text }) => hide(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hidden_text_keeps_its_shape() {
        let mut text = "Table 4 for Keller, at 7:30?".to_owned();
        hide(&mut text);
        assert_eq!(text, "xxxxx 0 xxx xxxxxx, xx 0:00?");
        let mut number = Some("+442071838750".parse().expect("a number"));
        hide_number(&mut number);
        assert_eq!(number.expect("still one").as_str(), "+100000000000");
    }

    #[test]
    fn keys_and_what_tools_are_told_are_hidden() {
        let tool = |name: &str, arguments| {
            let call = llm::ToolCall { id: "1".into(), name: name.into(), arguments };
            Input::Llm(llm::Event::Tool { thought: llm::ThoughtId(1), call })
        };
        let key = |key| Digit::try_from(key).expect("a key");
        let sound = |digit| {
            let source = circuit::DigitSource::InBand;
            Input::Sound(circuit::Event::Digit { digit, source })
        };
        for (mut told, hidden) in [
            (Input::Signal(Signal::Digit(key('7'))), Input::Signal(Signal::Digit(key('0')))),
            (sound(key('#')), sound(key('0'))),
            (
                tool("press_digits", json!({"digits": "12#"})),
                tool("press_digits", json!({"digits": "00#"})),
            ),
            (
                tool("press_digits", json!({"digits": 4711})),
                tool("press_digits", json!({"digits": "0000"})),
            ),
            (
                tool("report", json!({"done": true, "facts": {"phone": "555 17", "people": 4}})),
                tool("report", json!({"done": true, "facts": {"phone": "000 00", "people": "0"}})),
            ),
            (tool("wait", json!({"seconds": 20})), tool("wait", json!({"seconds": 20}))),
        ] {
            redact(&mut told);
            assert_eq!(told, hidden);
        }
    }
}
