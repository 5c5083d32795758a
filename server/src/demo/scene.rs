//! What goes on in the call, as far as people want to see it.

use std::collections::BTreeMap;

use agent::{
    call::{Input, Output, Record, Waterfall},
    llm::Role,
};
use media::{
    Mono,
    circuit::{Event, UtteranceId},
};
use telephony::Signal;

use crate::call_task::Happening;

/// One finished line for the log.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) at: f64,
    pub(super) who: &'static str,
    pub(super) text: String,
}

/// The errand's result as our brain sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Done.
    pub done: bool,
    /// In a sentence.
    pub summary: String,
}

/// The picture of the moment.
#[derive(Default)]
pub(super) struct Scene {
    origin: Option<Mono>,
    pub(super) second: f64,
    pub(super) state: String,
    pub(super) callee_speaks: bool,
    pub(super) agent_speaks: bool,
    /// What the callee seems to be saying.
    pub(super) hearing: String,
    /// What we are saying.
    pub(super) saying: String,
    pub(super) levels: (f32, f32),
    pub(super) log: Vec<Said>,
    pub(super) turns: Vec<Waterfall>,
    pub(super) interruptions: u32,
    pub(super) report: Option<Report>,
    pub(super) ended: bool,
    lines: BTreeMap<usize, usize>,
    texts: BTreeMap<UtteranceId, String>,
}

impl Scene {
    fn at(&mut self, at: Mono) -> f64 {
        let origin = *self.origin.get_or_insert(at);
        self.second = at.since(origin).as_secs_f64();
        self.second
    }

    fn log(&mut self, at: f64, who: &'static str, text: impl Into<String>) {
        self.log.push(Said { at, who, text: text.into() });
    }

    /// Something happened.
    pub(super) fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Signal(at, signal) => {
                let at = self.at(*at);
                match &**signal {
                    Signal::Ringing => self.log(at, "line", "ringing"),
                    Signal::Answered => self.log(at, "line", "answered"),
                    Signal::Ended { .. } => self.log(at, "line", "hung up"),
                    Signal::Misbehaved { code, .. } => {
                        self.log(at, "line", format!("carrier: {code}"))
                    }
                    _ => {}
                }
            }
            Happening::Sound(at, event) => {
                let at = self.at(*at);
                self.sound(at, event);
            }
            Happening::Output(at, output) => {
                let at = self.at(*at);
                self.output(at, output);
            }
        }
    }

    fn sound(&mut self, at: f64, event: &Event) {
        match event {
            Event::SpeechStarted { .. } => self.callee_speaks = true,
            Event::SpeechEnded { .. } => self.callee_speaks = false,
            Event::Started { utterance } => {
                self.agent_speaks = true;
                self.saying = self.texts.get(utterance).cloned().unwrap_or_default();
            }
            Event::Finished { utterance, .. } => {
                self.agent_speaks = false;
                self.texts.remove(utterance);
                self.saying.clear();
            }
            Event::Interrupted { reaction_ms, heard, .. } => {
                self.agent_speaks = false;
                self.saying.clear();
                self.interruptions += 1;
                let text = format!(
                    "interrupted us: silent {reaction_ms} ms after their first sound, {:.1} s heard",
                    f64::from(heard.ms) / 1000.0,
                );
                self.log(at, "!", text);
            }
            Event::Resumed { paused_ms, .. } => {
                self.log(
                    at,
                    "·",
                    format!("no words, only a noise: paused {paused_ms} ms and went on"),
                );
            }
            _ => {}
        }
    }

    fn output(&mut self, at: f64, output: &Output) {
        match output {
            Output::Speak { utterance, text } => {
                self.texts.insert(*utterance, text.clone());
            }
            Output::Record(Record::State { state }) => {
                self.state.clone_from(state);
                self.log(at, "state", state.clone());
            }
            Output::Record(Record::LineState { state, evidence, .. }) => {
                self.log(at, "line", format!("{} ({})", state.name(), evidence.join(", ")));
            }
            Output::Record(Record::Hearing { text }) => self.hearing.clone_from(text),
            Output::Record(Record::Turn(turn)) => self.turns.push(*turn),
            Output::Record(Record::Notice { code, detail }) => {
                self.log(at, "!", format!("{code}: {detail}"));
            }
            Output::Record(Record::Report { done, summary, .. }) => {
                self.report = Some(Report { done: *done, summary: summary.clone() });
            }
            Output::Record(Record::Line { index, line }) => {
                let who = match line.role {
                    Role::User => "they",
                    Role::Tool => "tool",
                    _ => "we",
                };
                if line.role == Role::User {
                    self.hearing.clear();
                }
                let cut = if line.interrupted { " —" } else { "" };
                let tool = line.tool.as_ref().map(|t| format!("[{t}] ")).unwrap_or_default();
                let words = match (line.text.as_str(), line.interrupted) {
                    ("", true) => "(nothing was heard)",
                    (words, _) => words,
                };
                let text = format!("{tool}{words}{cut}");
                match self.lines.get(index).copied() {
                    Some(place) => self.log[place].text = text,
                    None => {
                        self.lines.insert(*index, self.log.len());
                        self.log(at, who, text);
                    }
                }
            }
            Output::Ended(_) => {
                self.ended = true;
                self.agent_speaks = false;
                self.callee_speaks = false;
            }
            Output::Ignored { input, .. } if matches!(**input, Input::Start) => {}
            _ => {}
        }
    }
}
