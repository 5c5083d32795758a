//! `GET /v1/calls/{id}/events`: what happens in one call, as numbered events.
//!
//! ```text
//!   call::Output, Signal, circuit::Event ─▶ Events (bounded) ─▶ after(the last one seen) ─▶ one reader
//! ```
//!
//! A reader holds a number and nothing else: it asks for what follows when it is ready for it, so a slow one costs
//! itself alone. `log` keeps the events; this file tells which there are.

mod log;

use agent::call::{Input, Output, Record, Request};
use dtmf::Digit;
use media::circuit::{self, Command};
use serde_json::{Value, json};
use telephony::{Control, Signal};

use crate::{CallView, Lifecycle, Shown};
use log::Log;
pub use log::{Event, Next};

/// Events of one call.
#[derive(Debug)]
pub struct Events {
    log: Log,
    lifecycle: Lifecycle,
}

impl Events {
    /// Of a call that was just accepted, or of one of which no more is known than how it ended.
    pub fn new(view: &CallView, now_iso: &str) -> Self {
        let mut me = Self { log: Log::default(), lifecycle: view.lifecycle() };
        me.put(now_iso, "state", json!({ "lifecycle": me.lifecycle }));
        if me.lifecycle == Lifecycle::Finalized {
            me.end(now_iso, view);
        }
        me
    }

    /// What follows the event of this number; 0 stands before the first.
    pub fn after(&self, id: u64) -> Next {
        self.log.after(id)
    }

    /// Takes in what the call put out, after `view` has.
    pub fn output(&mut self, now_iso: &str, view: &CallView, output: &Output) {
        self.state(now_iso, view);
        match output {
            Output::Control(Control::SendDigits { digits })
            | Output::Sound(Command::Keys(digits)) => {
                let digits = digits.masked();
                self.put(now_iso, "keys", json!({ "by": "agent", "digits": digits.written() }));
            }
            Output::Control(Control::DialBridge { .. }) => self.bridge(now_iso, "ringing"),
            Output::Control(Control::Bridge) => self.bridge(now_iso, "joined"),
            Output::Record(record) => self.record(now_iso, view, record),
            Output::Ended(_) => self.end(now_iso, view),
            Output::Ignored { state, input } => self.refused(now_iso, state, input),
            _ => {}
        }
    }

    /// Takes in what the carrier said, after `view` has.
    pub fn signal(&mut self, now_iso: &str, view: &CallView, signal: &Signal) {
        self.state(now_iso, view);
        match signal {
            Signal::Digit(digit) => self.key(now_iso, *digit),
            Signal::BridgeEnded { .. } => self.bridge(now_iso, "ended"),
            _ => {}
        }
    }

    /// Takes in what the circuit heard.
    pub fn sound(&mut self, now_iso: &str, event: &circuit::Event) {
        if let circuit::Event::Digit { digit, .. } = event {
            self.key(now_iso, *digit);
        }
    }

    fn state(&mut self, now_iso: &str, view: &CallView) {
        if view.lifecycle() != self.lifecycle {
            self.lifecycle = view.lifecycle();
            self.put(now_iso, "state", json!({ "lifecycle": self.lifecycle }));
        }
    }

    fn record(&mut self, now_iso: &str, view: &CallView, record: &Record) {
        match record {
            Record::Line { index, .. } => {
                // A line beyond what the view keeps is shown nowhere.
                if let Some(mut line) = view.line_body(*index) {
                    line["index"] = json!(index);
                    self.put(now_iso, "line", line);
                }
            }
            Record::Hearing { text } => self.put(now_iso, "hearing", json!({ "text": text })),
            Record::LineState { state, was, confidence, evidence } => {
                let data = json!({
                    "state": state, "was": was, "confidence": confidence, "evidence": evidence,
                });
                self.put(now_iso, "line_state", data);
            }
            _ => {}
        }
    }

    /// Somebody asked for something at a moment when it could not be done.
    fn refused(&mut self, now_iso: &str, state: &str, input: &Input) {
        let request = match input {
            Input::Request(Request::Say { .. }) => "say",
            Input::Request(Request::Use(call)) => &call.name,
            _ => return,
        };
        self.put(now_iso, "refused", json!({ "request": request, "state": state }));
    }

    fn key(&mut self, now_iso: &str, digit: Digit) {
        self.put(now_iso, "keys", json!({ "by": "callee", "digits": digit.to_string() }));
    }

    fn bridge(&mut self, now_iso: &str, state: &str) {
        self.put(now_iso, "bridge", json!({ "state": state }));
    }

    fn end(&mut self, now_iso: &str, view: &CallView) {
        // Made of texts and numbers alone.
        let mut body = serde_json::to_value(view.body(Shown::default())).unwrap_or_default();
        let mut data = json!({});
        for field in ["outcome", "outcome_detail", "talk_seconds", "report"] {
            if let Some(value) = body.get_mut(field) {
                data[field] = value.take();
            }
        }
        self.put(now_iso, "end", data);
    }

    fn put(&mut self, now_iso: &str, name: &'static str, mut data: Value) {
        data["at"] = json!(now_iso);
        self.log.put(name, data.to_string());
    }
}

#[cfg(test)]
mod tests;
