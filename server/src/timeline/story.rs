//! A call's folder, read into spans and moments with times in seconds from its beginning.

use std::{collections::BTreeMap, path::Path};

use agent::call::{Ending, Input, Line, Output, Record, Waterfall};
use media::{
    Mono,
    circuit::{Command, Event, UtteranceId},
};

use crate::{
    journal::{self, First, JOURNAL},
    recordings,
};

/// A stretch of one side's speech.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Seconds.
    pub from: f64,
    /// Seconds.
    pub to: f64,
    /// It was cut off by the other side.
    pub interrupted: bool,
}

/// Something at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Seconds.
    pub at: f64,
    /// What.
    pub what: What,
    /// For people.
    pub text: String,
}

/// Kinds of moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The call entered a state.
    State,
    /// Something else is on the line.
    Line,
    /// The carrier said something.
    Carrier,
    /// The callee said something.
    Callee,
    /// The agent said something.
    Agent,
    /// The agent used a tool.
    Tool,
    /// The agent's sound paused.
    Pause,
    /// It went on.
    Resume,
    /// The callee interrupted for good.
    Interruption,
    /// An utterance was heard to its end, confirmed by the carrier's mark or estimated.
    Mark,
    /// A key.
    Key,
    /// Something people should know.
    Notice,
    /// The errand's result.
    Report,
    /// The end.
    End,
}

/// A whole call.
#[derive(Clone, Debug)]
pub struct Story {
    /// The journal's first line.
    pub first: First,
    /// Length in seconds.
    pub seconds: f64,
    /// The callee's speech.
    pub callee: Vec<Span>,
    /// The agent's speech.
    pub agent: Vec<Span>,
    /// Everything else, in order.
    pub moments: Vec<Happened>,
    /// Latencies by turn, with the origin of their times.
    pub turns: Vec<Waterfall>,
    /// Zero of all times.
    pub origin: Mono,
    /// How it ended.
    pub ending: Option<Ending>,
    /// From the callee's first speech sample to each accepted interruption, in ms.
    pub reactions_ms: Vec<u32>,
    /// 8 kHz, callee and agent, and the second their first sample stands at.
    pub sound: Option<(f64, Vec<i16>, Vec<i16>)>,
}

impl Story {
    /// Reads a call's folder; the recording may be missing.
    pub fn read(dir: &Path) -> anyhow::Result<Self> {
        let (first, lines) = journal::read(&dir.join(JOURNAL))?;
        let origin = lines.first().map_or(Mono::ZERO, |line| line.at);
        let mut story = Self {
            first,
            seconds: 0.0,
            callee: Vec::new(),
            agent: Vec::new(),
            moments: Vec::new(),
            turns: Vec::new(),
            origin,
            ending: None,
            reactions_ms: Vec::new(),
            sound: None,
        };
        let mut open = Open::default();
        for line in &lines {
            story.seconds = story.second(line.at);
            if let Some(input) = &line.input {
                story.input(line.at, input, &mut open);
            }
            if let Some(output) = &line.output {
                story.output(line.at, output, &mut open);
            }
            if let Some(note) = &line.note {
                story.record(line.at, note, &mut open);
            }
        }
        story.close(open);
        story.sound = recordings::sound(dir).map(|(left, right)| {
            (open_media(&lines).map_or(0.0, |at| story.second(at)), left, right)
        });
        story.moments.sort_by(|a, b| a.at.total_cmp(&b.at));
        Ok(story)
    }

    /// Seconds from the beginning.
    pub fn second(&self, at: Mono) -> f64 {
        at.since(self.origin).as_secs_f64()
    }

    fn add(&mut self, at: Mono, what: What, text: impl Into<String>) {
        self.moments.push(Happened { at: self.second(at), what, text: text.into() });
    }

    fn input(&mut self, at: Mono, input: &Input, open: &mut Open) {
        match input {
            Input::Signal(signal) => {
                let text = match serde_json::to_value(signal) {
                    Ok(serde_json::Value::String(name)) => name,
                    Ok(serde_json::Value::Object(map)) => map
                        .keys()
                        .next()
                        .map(|name| match name.as_str() {
                            "misbehaved" | "ended" => format!("{name} {}", map[name]),
                            _ => name.clone(),
                        })
                        .unwrap_or_default(),
                    _ => String::new(),
                };
                self.add(at, What::Carrier, text);
            }
            Input::Sound(event) => self.sound_event(at, event, open),
            Input::Request(request) => {
                self.add(at, What::Notice, format!("asked from outside: {request:?}"))
            }
            _ => {}
        }
    }

    fn sound_event(&mut self, now: Mono, event: &Event, open: &mut Open) {
        match event {
            Event::SpeechStarted { at, .. } => open.callee = Some(self.second(*at)),
            Event::SpeechEnded { at, .. } => {
                if let Some(from) = open.callee.take() {
                    let to = self.second(*at);
                    self.callee.push(Span { from, to, interrupted: false });
                }
            }
            Event::Started { utterance } => {
                open.agent.insert(*utterance, self.second(now));
            }
            Event::Finished { utterance, heard } => {
                self.end_agent(now, *utterance, false, open);
                let how = if heard.confirmed { "confirmed by mark" } else { "estimated" };
                self.add(
                    now,
                    What::Mark,
                    format!("utterance {} heard, {} ms, {how}", utterance.0, heard.ms),
                );
            }
            Event::Paused { utterance } => {
                self.add(now, What::Pause, format!("utterance {}", utterance.0))
            }
            Event::Resumed { utterance, paused_ms } => {
                self.add(
                    now,
                    What::Resume,
                    format!("utterance {} after {paused_ms} ms", utterance.0),
                );
            }
            Event::Interrupted { utterance, heard, reaction_ms } => {
                self.end_agent(now, *utterance, true, open);
                self.reactions_ms.push(*reaction_ms);
                let text = format!(
                    "utterance {} after {} ms, {reaction_ms} ms after their first sound",
                    utterance.0, heard.ms
                );
                self.add(now, What::Interruption, text);
            }
            Event::Digit { digit, .. } => {
                self.add(now, What::Key, format!("they pressed {}", digit.as_char()))
            }
            // What follows from them is on the record.
            Event::Tone(_) | Event::Sounds(_) => {}
            Event::KeysPlayed => self.add(now, What::Key, "our keys were played"),
            Event::KeysCancelled => self.add(now, What::Key, "our keys were cut off"),
            Event::Deaf { for_ms } => {
                self.add(now, What::Notice, format!("no sound for {for_ms} ms"))
            }
        }
    }

    fn end_agent(&mut self, now: Mono, utterance: UtteranceId, interrupted: bool, open: &mut Open) {
        if let Some(from) = open.agent.remove(&utterance) {
            let to = self.second(now);
            self.agent.push(Span { from, to, interrupted });
        }
    }

    fn output(&mut self, at: Mono, output: &Output, open: &mut Open) {
        match output {
            Output::Record(record) => self.record(at, record, open),
            Output::Sound(Command::Keys(keys)) => {
                self.add(at, What::Key, format!("we press {}", keys.written()));
            }
            Output::Ended(ending) => {
                let text =
                    format!("{:?} ({:?}), ended by {:?}", ending.outcome, ending.cause, ending.by);
                self.add(at, What::End, text);
                self.ending = Some(ending.clone());
            }
            _ => {}
        }
    }

    fn record(&mut self, at: Mono, record: &Record, open: &mut Open) {
        match record {
            Record::State { state } => self.add(at, What::State, state.clone()),
            Record::LineState { state, confidence, evidence, .. } => {
                let why = evidence.join(", ");
                self.add(at, What::Line, format!("{} ({confidence:.2}: {why})", state.name()));
            }
            Record::Line { index, line } => {
                open.lines.insert(*index, line.clone());
            }
            Record::Turn(turn) => self.turns.push(*turn),
            Record::Notice { code, detail } => {
                self.add(at, What::Notice, format!("{code}: {detail}"))
            }
            Record::Report { done, summary, .. } => {
                let result = if *done { "done" } else { "not done" };
                self.add(at, What::Report, format!("{result}: {summary}"));
            }
            Record::Hearing { .. } => {}
        }
    }

    fn close(&mut self, open: Open) {
        if let Some(from) = open.callee {
            self.callee.push(Span { from, to: self.seconds, interrupted: false });
        }
        for from in open.agent.into_values() {
            self.agent.push(Span { from, to: self.seconds, interrupted: false });
        }
        for line in open.lines.into_values() {
            let what = match line.role {
                agent::llm::Role::User => What::Callee,
                agent::llm::Role::Tool => What::Tool,
                _ => What::Agent,
            };
            let cut = if line.interrupted { " —" } else { "" };
            let tool = line.tool.map(|tool| format!("[{tool}] ")).unwrap_or_default();
            let words = match (line.text.as_str(), line.interrupted) {
                ("", true) => "(nothing was heard)",
                (words, _) => words,
            };
            self.add(line.at, what, format!("{tool}{words}{cut}"));
        }
    }
}

/// What has begun and not ended yet.
#[derive(Default)]
struct Open {
    callee: Option<f64>,
    agent: BTreeMap<UtteranceId, f64>,
    lines: BTreeMap<usize, Line>,
}

/// When the stream began: the recording's first sample.
fn open_media(lines: &[journal::Line]) -> Option<Mono> {
    lines
        .iter()
        .find(|line| {
            matches!(line.input, Some(Input::Signal(telephony::Signal::MediaStarted { .. })))
        })
        .map(|line| line.at)
}
