//! A call's events for people: lines as they are final, and on a terminal one line below that shows what is going on
//! now.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::remote::harmless;
use crate::client::News;

/// How often the last line moves.
pub(super) const TICK: Duration = Duration::from_millis(120);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// Characters of the moving line, for terminals that do not say how wide they are.
const WIDTH: usize = 80;

/// The words of a call, in order. Our own lines grow and shrink while they are said: one is told when the next begins.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The newest line of the transcript.
    open: Option<(u64, String)>,
    lifecycle: String,
    on_the_line: String,
    hearing: String,
}

impl Words {
    /// What can be told for good now.
    pub(super) fn take(&mut self, news: &News) -> Vec<String> {
        let text = |name: &str| news.data.get(name).and_then(Value::as_str).map(harmless);
        let text = |name| text(name).unwrap_or_default();
        self.hearing.clear();
        let told = match &*news.name {
            "line" => return self.line(news, text("role"), &text("text")),
            "hearing" => {
                self.hearing = text("text");
                return Vec::new();
            }
            "state" => {
                self.lifecycle = text("lifecycle");
                format!("· {}", self.lifecycle)
            }
            "line_state" => {
                self.on_the_line = text("state");
                format!("· on the line: {}", self.on_the_line)
            }
            "keys" => format!("· keys of the {}: {}", text("by"), text("digits")),
            "bridge" => format!("· the user's telephone: {}", text("state")),
            "forgotten" => "· (older events are gone)".to_owned(),
            "end" => ending(&news.data),
            _ => return Vec::new(),
        };
        self.close().into_iter().chain([told]).collect()
    }

    /// The newest line, which may still change.
    fn close(&mut self) -> Option<String> {
        self.open.take().map(|(_, line)| line)
    }

    fn line(&mut self, news: &News, role: String, said: &str) -> Vec<String> {
        let index = news.data["index"].as_u64().unwrap_or(0);
        let who = match &*role {
            "assistant" => "agent".to_owned(),
            "user" => "callee".to_owned(),
            "tool" => format!("[{}]", harmless(news.data["tool"].as_str().unwrap_or("tool"))),
            _ => role,
        };
        let cut = if news.data["interrupted"] == true { " —" } else { "" };
        let line = format!("{who:>8}  {said}{cut}");
        match &mut self.open {
            Some((open, old)) if *open == index => {
                *old = line;
                Vec::new()
            }
            // Told already: only a line that shrank afterwards comes here.
            Some((open, _)) if *open > index => vec![line],
            _ => {
                let closed = self.close();
                self.open = Some((index, line));
                closed.into_iter().collect()
            }
        }
    }

    /// What is going on now.
    fn now(&self) -> String {
        match (&self.open, &*self.hearing, &*self.on_the_line) {
            (_, hearing, _) if !hearing.is_empty() => format!("{:>8}  {hearing} …", "callee"),
            (Some((_, line)), ..) => line.clone(),
            (None, _, "") => self.lifecycle.clone(),
            (None, _, on_the_line) => format!("{}, {on_the_line}", self.lifecycle),
        }
    }
}

fn ending(data: &Value) -> String {
    let outcome = harmless(data["outcome"].as_str().unwrap_or("over"));
    let cause = harmless(data["outcome_detail"]["hangup_cause"].as_str().unwrap_or("unknown"));
    let talked = match data["talk_seconds"].as_u64() {
        Some(seconds) => format!(", {seconds} s of talk"),
        None => String::new(),
    };
    let report = match data["report"]["summary"].as_str() {
        Some(summary) => format!("\n· report: {}", harmless(summary)),
        None => String::new(),
    };
    format!("· over: {outcome} ({cause}{talked}){report}")
}

/// Where the words go: stderr, so that stdout holds results only.
pub(super) struct Screen {
    began: Instant,
    moves: Option<usize>,
}

impl Screen {
    /// With a moving line, if a person looks.
    pub(super) fn new() -> Self {
        let moves = io::stderr().is_terminal().then_some(0);
        Self { began: Instant::now(), moves }
    }

    /// Prints lines for good.
    pub(super) fn print(&self, lines: &[String]) {
        let mut out = io::stderr().lock();
        for line in lines {
            let erased = if self.moves.is_some() { "\r\x1b[K" } else { "" };
            // A closed pipe is no reason to fail.
            let _ = writeln!(out, "{erased}{:>6.1} s  {line}", self.began.elapsed().as_secs_f64());
        }
    }

    /// Draws the moving line anew.
    pub(super) fn tick(&mut self, words: &Words) {
        let Some(moves) = &mut self.moves else { return };
        *moves += 1;
        let spinner = SPINNER[*moves % SPINNER.len()];
        let line =
            format!("{spinner} {:>6.1} s  {}", self.began.elapsed().as_secs_f64(), words.now());
        let line: String = line.chars().take(WIDTH - 1).collect();
        let mut out = io::stderr().lock();
        let _ = write!(out, "\r\x1b[K{line}").and_then(|()| out.flush());
    }

    /// Takes the moving line away.
    pub(super) fn leave(&self) {
        if self.moves.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(events: &[(&str, Value)]) -> (Vec<String>, Words) {
        let mut words = Words::default();
        let lines = events.iter().flat_map(|(name, data)| {
            words.take(&News { name: (*name).to_owned(), data: data.clone() })
        });
        (lines.collect(), words)
    }

    #[test]
    fn a_line_is_told_once_it_is_final() {
        let line = |index, role, text| {
            ("line", serde_json::json!({ "index": index, "role": role, "text": text }))
        };
        let (lines, words) = told(&[
            ("state", serde_json::json!({ "lifecycle": "answered" })),
            line(0, "user", "Hello?"),
            line(1, "assistant", "Good"),
            ("hearing", serde_json::json!({ "text": "uh" })),
            line(1, "assistant", "Good morning."),
            line(2, "user", "Hi."),
            line(1, "assistant", "Good"),
            (
                "end",
                serde_json::json!({
                    "outcome": "answered", "outcome_detail": { "hangup_cause": "normal_clearing" },
                    "talk_seconds": 7, "report": { "summary": "Booked." },
                }),
            ),
        ]);
        assert_eq!(
            lines,
            [
                "· answered",
                "  callee  Hello?",
                "   agent  Good morning.",
                "   agent  Good",
                "  callee  Hi.",
                "· over: answered (normal_clearing, 7 s of talk)\n· report: Booked.",
            ]
        );
        assert_eq!(words.now(), "answered");
    }

    #[test]
    fn what_others_say_does_nothing_to_the_terminal() {
        let evil = "\x1b]0;owned\x07\r\nroot# \u{9b}2J";
        let (lines, _) = told(&[
            ("line", serde_json::json!({ "index": 0, "role": "user", "text": evil })),
            ("end", serde_json::json!({ "outcome": evil, "report": { "summary": evil } })),
        ]);
        for line in lines.iter().flat_map(|line| line.split("\n· ")) {
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}
