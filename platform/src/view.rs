//! `GET /call/{id}`: one call as the API shows it (ClawCall API §2.3, lifecycle §2.4). Left out: the
//! body of the first API generation, balances.

use std::collections::BTreeMap;

use agent::{
    brief::Brief,
    call::{CallConfig, EndedBy, Ending, Line, Output, Record},
    llm::Role,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use telephony::{Cause, Control, Direction, E164, Outcome, Signal};

/// How far a call has come. Forward only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Accepted, not dialled.
    Queued,
    /// It rings.
    Dialing,
    /// Somebody or something answered.
    Answered,
    /// Over, for good.
    Finalized,
}

/// Who talks with whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// The called number.
    pub to: Option<E164>,
    /// The calling number.
    pub from: Option<E164>,
    /// The user's number, once their own leg was dialled.
    pub bridge_from: Option<E164>,
}

/// One entry of the transcript as the API shows it.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    line: Line,
    timestamp: String,
}

/// What the model reported of the errand.
#[derive(Clone, Debug, PartialEq)]
struct Report {
    done: bool,
    summary: String,
    facts: BTreeMap<String, String>,
}

/// One call as the API shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallView {
    call_id: String,
    direction: Direction,
    brief: Brief,
    numbers: Numbers,
    lifecycle: Lifecycle,
    /// When each lifecycle was reached; index by `Lifecycle as usize`.
    reached_at: [Option<String>; 4],
    transcript: Vec<Entry>,
    report: Option<Report>,
    ending: Option<Ending>,
    /// A fault of our own, which no carrier has a word for.
    fault: Option<String>,
    recording_url: Option<String>,
}

impl CallView {
    /// Most lines kept; later new ones are dropped, corrections of kept ones still count.
    pub const LINES_MAX: usize = 4_096;

    /// A call that was just accepted, at this wall-clock time (ISO 8601, UTC, ms).
    pub fn new(call_id: &str, config: &CallConfig, now_iso: &str) -> Self {
        Self {
            call_id: call_id.to_owned(),
            direction: config.direction,
            brief: config.brief.clone(),
            numbers: Numbers {
                to: config.to.clone(),
                from: config.from.clone(),
                bridge_from: None,
            },
            lifecycle: Lifecycle::Queued,
            reached_at: [Some(now_iso.to_owned()), None, None, None],
            transcript: Vec::new(),
            report: None,
            ending: None,
            fault: None,
            recording_url: None,
        }
    }

    /// The process that held the call is gone: it ended then, by a fault of our own.
    pub fn lose(&mut self, then_iso: &str, talk_ms: u64) {
        if self.lifecycle == Lifecycle::Finalized {
            return;
        }
        let (outcome, cause) = (Outcome::SystemError, Cause::SystemError);
        let by = EndedBy::Network;
        self.ending = Some(Ending { outcome, cause, by, talk_ms, digits: Vec::new() });
        self.fault = Some("worker_lost".to_owned());
        self.reach(Lifecycle::Finalized, then_iso);
    }

    /// How far the call has come.
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }

    /// How it ended, once it has.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// The outcome once the call is over.
    pub fn outcome(&self) -> Option<Outcome> {
        self.ending.as_ref().map(|ending| ending.outcome)
    }

    /// Whether the user gave a number of their own to be joined at.
    pub fn may_bridge(&self) -> bool {
        self.brief.bridge_number.is_some()
    }

    /// Takes in what the call put out. Anything after the end changes nothing.
    pub fn apply(&mut self, now_iso: &str, output: &Output) {
        if self.lifecycle == Lifecycle::Finalized {
            return;
        }
        match output {
            Output::Control(Control::Dial { .. }) => self.reach(Lifecycle::Dialing, now_iso),
            Output::Control(Control::DialBridge { to }) => {
                self.numbers.bridge_from = Some(to.clone());
            }
            Output::Record(Record::Line { index, line }) => self.line(now_iso, *index, line),
            Output::Record(Record::Report { done, summary, facts }) => {
                let (summary, facts) = (summary.clone(), facts.clone());
                self.report = Some(Report { done: *done, summary, facts });
            }
            Output::Ended(ending) => {
                self.ending = Some(ending.clone());
                self.reach(Lifecycle::Finalized, now_iso);
            }
            _ => {}
        }
    }

    /// Takes in what the carrier said to the call.
    pub fn apply_signal(&mut self, now_iso: &str, signal: &Signal) {
        match signal {
            Signal::Ringing => self.reach(Lifecycle::Dialing, now_iso),
            Signal::Answered | Signal::MediaStarted { .. } => {
                self.reach(Lifecycle::Answered, now_iso);
            }
            _ => {}
        }
    }

    /// Where the recording can be played.
    pub fn set_recording_url(&mut self, url: &str) {
        self.recording_url = Some(url.to_owned());
    }

    /// The body of `GET /call/{id}`.
    pub fn body(&self) -> Value {
        let [queued_at, dialing_at, answered_at, finalized_at] = &self.reached_at;
        let transcript = match self.transcript.as_slice() {
            [] if self.ending.is_none() => Value::Null,
            lines => lines.iter().map(entry).collect(),
        };
        let mut body = json!({
            "id": self.call_id,
            "call_id": self.call_id,
            "direction": self.direction,
            "handling_mode": "agent",
            "task": self.brief.task,
            "voice": self.brief.voice,
            "personality": self.brief.personality,
            "greeting": self.brief.greeting,
            "numbers": self.numbers,
            "lifecycle": self.lifecycle,
            "timestamps": {
                "queued_at": queued_at,
                "dialing_at": dialing_at,
                "answered_at": answered_at,
                "finalized_at": finalized_at,
            },
            "transcript": transcript,
        });
        if let (Some(ending), Some(body)) = (&self.ending, body.as_object_mut()) {
            body.extend(self.finalized(ending));
        }
        body
    }

    /// One line of the transcript as it stands in the body.
    pub fn line_body(&self, index: usize) -> Option<Value> {
        self.transcript.get(index).map(entry)
    }

    fn finalized(&self, ending: &Ending) -> serde_json::Map<String, Value> {
        let answered = self.reached_at[Lifecycle::Answered as usize].is_some();
        let mut fields = serde_json::Map::new();
        fields.insert("outcome".into(), json!(ending.outcome));
        fields.insert(
            "outcome_detail".into(),
            json!({
                "hangup_cause": self.fault.clone().map_or(json!(ending.cause), Value::String),
                "sip_hangup_cause": sip_code(ending.cause),
                "hangup_source": ending.by,
            }),
        );
        let talk_seconds = answered.then_some(ending.talk_ms / 1000);
        fields.insert("talk_seconds".into(), json!(talk_seconds));
        fields.insert("recording_url".into(), json!(self.recording_url));
        if let Some(Report { done, summary, facts }) = &self.report {
            let report = json!({ "done": done, "summary": summary, "facts": facts });
            fields.insert("report".into(), report);
        }
        fields
    }

    /// Forward only; a lifecycle that was skipped keeps no time.
    fn reach(&mut self, lifecycle: Lifecycle, now_iso: &str) {
        if lifecycle > self.lifecycle {
            self.lifecycle = lifecycle;
            self.reached_at[lifecycle as usize] = Some(now_iso.to_owned());
        }
    }

    fn line(&mut self, now_iso: &str, index: usize, line: &Line) {
        if let Some(entry) = self.transcript.get_mut(index) {
            entry.line = line.clone();
        } else if index == self.transcript.len() && index < Self::LINES_MAX {
            self.transcript.push(Entry { line: line.clone(), timestamp: now_iso.to_owned() });
        }
    }
}

fn entry(entry: &Entry) -> Value {
    let Entry { line, timestamp } = entry;
    let role = match line.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut shown = json!({ "role": role, "text": line.text, "timestamp": timestamp });
    if let Some(tool) = &line.tool {
        shown["tool"] = json!(tool);
    }
    if let Some(arguments) = &line.arguments {
        shown["toolArgs"] = arguments.clone();
    }
    if line.interrupted {
        shown["interrupted"] = json!(true);
    }
    shown
}

/// The SIP status that goes with a cause (RFC 3398 §8.2.6.1), as text, where there is one.
fn sip_code(cause: Cause) -> Option<&'static str> {
    Some(match cause {
        Cause::NormalClearing => "200",
        Cause::NoAnswer => "480",
        Cause::UserBusy => "486",
        Cause::CallRejected => "603",
        Cause::UnallocatedNumber => "404",
        Cause::Unreachable => "503",
        Cause::OriginatorCancel => "487",
        Cause::NetworkOutOfOrder | Cause::MediaLost | Cause::SystemError | Cause::Other => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent::call::Policy;

    fn view() -> CallView {
        let config = CallConfig {
            direction: Direction::Outbound,
            to: Some("+12125550123".parse().expect("a number")),
            from: None,
            brief: Brief { task: "Book".into(), ..Brief::default() },
            policy: Policy::default(),
        };
        CallView::new("c1", &config, "T0")
    }

    fn said(index: usize, role: Role, text: &str) -> Output {
        let line = json!({ "role": role, "text": text, "at": 0 });
        let line = serde_json::from_value(line).expect("a line");
        Output::Record(Record::Line { index, line })
    }

    fn ended(cause: Cause, answered: bool) -> Output {
        Output::Ended(Ending {
            outcome: cause.outcome(answered),
            cause,
            by: EndedBy::Callee,
            talk_ms: 214_900,
            digits: Vec::new(),
        })
    }

    #[test]
    fn a_call_goes_forward_and_shows_its_outcome_only_at_the_end() {
        let mut view = view();
        assert_eq!(view.body()["lifecycle"], "queued");
        assert_eq!(view.body()["transcript"], Value::Null);
        let dial = Control::Dial {
            to: "+12125550123".parse().expect("a number"),
            from: None,
            ring_seconds_max: 45,
        };
        view.apply("T1", &Output::Control(dial));
        view.apply_signal("T2", &Signal::Ringing);
        view.apply_signal("T3", &Signal::Answered);
        view.apply_signal("T4", &Signal::Ringing);
        view.apply("T5", &said(0, Role::User, "Hello?"));
        view.apply("T6", &said(1, Role::Assistant, "Hi, I would like"));
        view.apply("T7", &said(1, Role::Assistant, "Hi, I"));
        let body = view.body();
        assert_eq!(body["lifecycle"], "answered");
        assert_eq!(body["transcript"][1]["text"], "Hi, I");
        assert_eq!(body["transcript"][1]["timestamp"], "T6");
        for absent in ["outcome", "outcome_detail", "talk_seconds", "recording_url"] {
            assert!(body.get(absent).is_none(), "{absent}");
        }
        view.apply("T8", &ended(Cause::NormalClearing, true));
        view.apply("T9", &said(2, Role::User, "late"));
        let body = view.body();
        assert_eq!(body["id"], "c1");
        assert_eq!(body["call_id"], "c1");
        assert_eq!(body["lifecycle"], "finalized");
        assert_eq!(body["outcome"], "answered");
        assert_eq!(body["outcome_detail"]["hangup_cause"], "normal_clearing");
        assert_eq!(body["outcome_detail"]["sip_hangup_cause"], "200");
        assert_eq!(body["outcome_detail"]["hangup_source"], "callee");
        assert_eq!(body["talk_seconds"], 214);
        assert_eq!(body["transcript"].as_array().expect("an array").len(), 2);
        assert_eq!(
            body["timestamps"],
            json!({"queued_at":"T0","dialing_at":"T1","answered_at":"T3","finalized_at":"T8"})
        );
    }

    #[test]
    fn nobody_answers() {
        let mut view = view();
        view.apply("T1", &ended(Cause::NoAnswer, false));
        let body = view.body();
        assert_eq!(body["outcome"], "no_answer");
        assert_eq!(body["talk_seconds"], Value::Null);
        assert_eq!(body["transcript"], json!([]));
        assert_eq!(body["timestamps"]["answered_at"], Value::Null);
        assert_eq!(view.outcome(), Some(Outcome::NoAnswer));
    }

    #[test]
    fn tools_and_the_report_are_shown() {
        let mut view = view();
        let line = json!({
            "role": "tool", "text": "pressed", "at": 0, "interrupted": true,
            "tool": "press_digits", "arguments": {"digits": "1"},
        });
        let line = serde_json::from_value(line).expect("a line");
        view.apply("T1", &Output::Record(Record::Line { index: 0, line }));
        let facts = BTreeMap::from([("name".to_owned(), "Keller".to_owned())]);
        view.apply(
            "T2",
            &Output::Record(Record::Report { done: true, summary: "Booked.".into(), facts }),
        );
        view.apply("T3", &ended(Cause::NormalClearing, true));
        view.set_recording_url("/call/c1/recording");
        let body = view.body();
        assert_eq!(body["transcript"][0]["tool"], "press_digits");
        assert_eq!(body["transcript"][0]["toolArgs"]["digits"], "1");
        assert_eq!(body["report"]["facts"]["name"], "Keller");
        assert_eq!(body["recording_url"], "/call/c1/recording");
    }

    #[test]
    fn a_line_that_skips_ahead_is_dropped() {
        let mut view = view();
        view.apply("T1", &said(7, Role::User, "?"));
        assert_eq!(view.body()["transcript"], Value::Null);
    }
}
