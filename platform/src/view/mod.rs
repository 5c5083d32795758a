//! One call as the API knows it: forward only, from what the call put out (ClawCall API §2.4). Kept as
//! JSON when the call is over; `body` is how it is shown, `text_message` what is told of it.

mod body;
mod text_message;

use std::collections::BTreeMap;

use agent::{
    brief::Brief,
    call::{CallConfig, EndedBy, Ending, Line, Output, Record},
};
use serde::{Deserialize, Serialize};
use telephony::{Cause, Control, Direction, E164, Outcome, Signal};
use utoipa::ToSchema;

pub use body::{CallBody, Shown};
pub use text_message::TextMessage;

/// How far a call has come. Forward only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Numbers {
    /// The called number.
    #[schema(value_type = Option<String>)]
    pub to: Option<E164>,
    /// The calling number.
    #[schema(value_type = Option<String>)]
    pub from: Option<E164>,
    /// The user's number, once their own leg was dialled.
    #[schema(value_type = Option<String>)]
    pub bridge_from: Option<E164>,
}

/// One entry of the transcript as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    line: Line,
    timestamp: String,
}

/// What the model reported of the errand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
struct Report {
    done: bool,
    summary: String,
    facts: BTreeMap<String, String>,
}

/// One call as the API knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Why it ended, when no carrier can tell.
    #[serde(default)]
    fault: Option<String>,
}

/// A call that is over, as it is kept and charged.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Our id.
    pub call_id: String,
    /// When it was over: ISO 8601, UTC, ms.
    pub finalized_at: String,
    /// From answer to end, in whole s; 0 when nobody answered.
    pub talk_seconds: u64,
    /// The view as JSON; [`CallView::restored`] reads it.
    pub view: String,
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
        }
    }

    /// What [`CallView::finished`] kept.
    pub fn restored(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The call as it is kept and charged, once it is over.
    pub fn finished(&self) -> Option<Finished> {
        let ending = self.ending.as_ref()?;
        Some(Finished {
            call_id: self.call_id.clone(),
            finalized_at: self.reached_at[Lifecycle::Finalized as usize].clone()?,
            talk_seconds: ending.talk_ms / 1000,
            view: serde_json::to_string(self).ok()?,
        })
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

    /// Our id.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// When it was over.
    pub fn finalized_at(&self) -> Option<&str> {
        self.reached_at[Lifecycle::Finalized as usize].as_deref()
    }

    /// Whether somebody or something answered.
    pub fn was_answered(&self) -> bool {
        self.reached_at[Lifecycle::Answered as usize].is_some()
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

    /// Whether a number called, was called, or was to be joined.
    pub fn concerns(&self, number: &E164) -> bool {
        let Numbers { to, from, bridge_from } = &self.numbers;
        [to, from, bridge_from, &self.brief.bridge_number]
            .into_iter()
            .any(|other| other.as_ref() == Some(number))
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

    /// Forward only; a lifecycle that was skipped keeps no time.
    fn reach(&mut self, lifecycle: Lifecycle, now_iso: &str) {
        if lifecycle > self.lifecycle {
            self.lifecycle = lifecycle;
            // A wall clock may be set back; what is told stays in order.
            let before = self.reached_at.iter().flatten().max().map_or("", String::as_str);
            self.reached_at[lifecycle as usize] = Some(now_iso.max(before).to_owned());
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

#[cfg(test)]
mod tests {
    use agent::{call::Policy, llm::Role};
    use serde_json::{Value, json};

    use super::*;

    fn shown(view: &CallView) -> Value {
        serde_json::to_value(view.body(Shown::default())).expect("JSON")
    }

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
        assert_eq!(shown(&view)["lifecycle"], "queued");
        assert_eq!(shown(&view)["transcript"], Value::Null);
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
        let body = shown(&view);
        assert_eq!(body["lifecycle"], "answered");
        assert_eq!(body["transcript"][1]["text"], "Hi, I");
        assert_eq!(body["transcript"][1]["timestamp"], "T6");
        for absent in ["outcome", "outcome_detail", "talk_seconds", "recording_url"] {
            assert!(body.get(absent).is_none(), "{absent}");
        }
        view.apply("T8", &ended(Cause::NormalClearing, true));
        view.apply("T9", &said(2, Role::User, "late"));
        let body = shown(&view);
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
        let body = shown(&view);
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
        let body = shown(&view);
        assert_eq!(body["transcript"][0]["tool"], "press_digits");
        assert_eq!(body["transcript"][0]["toolArgs"]["digits"], "1");
        assert_eq!(body["report"]["facts"]["name"], "Keller");
        let link = Shown { recording_url: Some("https://x/r".into()), ..Shown::default() };
        let body = serde_json::to_value(view.body(link)).expect("JSON");
        assert_eq!(
            (&body["recording_url"], &body["recordingUrl"]),
            (&"https://x/r".into(), &"https://x/r".into())
        );
    }

    #[test]
    fn a_line_that_skips_ahead_is_dropped() {
        let mut view = view();
        view.apply("T1", &said(7, Role::User, "?"));
        assert_eq!(shown(&view)["transcript"], Value::Null);
    }

    #[test]
    fn both_generations_read_one_body() {
        let mut view = view();
        let of = |view: &CallView| {
            let body = shown(view);
            (body["status"].clone(), body.get("failReason").cloned())
        };
        assert_eq!(of(&view), (json!("queued"), None));
        view.apply_signal("T1", &Signal::Ringing);
        assert_eq!(of(&view), (json!("ringing"), None));
        view.apply_signal("T2", &Signal::Answered);
        assert_eq!(of(&view), (json!("in_progress"), None));
        view.apply("T3", &ended(Cause::NormalClearing, true));
        assert_eq!(of(&view), (json!("completed"), None));
        for (cause, reason) in [
            (Cause::NoAnswer, "no_answer"),
            (Cause::UserBusy, "busy"),
            (Cause::CallRejected, "call_rejected"),
            (Cause::UnallocatedNumber, "invalid_number"),
            (Cause::Unreachable, "unreachable"),
            (Cause::NetworkOutOfOrder, "network_error"),
            (Cause::OriginatorCancel, "cancelled"),
            (Cause::SystemError, "network_error"),
            (Cause::Other, "network_error"),
        ] {
            let mut view = self::view();
            view.apply("T1", &ended(cause, false));
            assert_eq!(of(&view), (json!("failed"), Some(json!(reason))), "{cause:?}");
            assert_eq!(shown(&view)["to"], "+12125550123");
        }
    }

    #[test]
    fn a_lost_call_says_so_and_is_kept_as_it_was() {
        let mut view = view();
        view.apply_signal("T2", &Signal::Answered);
        view.apply("T3", &said(0, Role::User, "Hello?"));
        assert_eq!(view.finished(), None);
        view.lose("T1", 7_900);
        view.lose("T9", 0);
        let finished = view.finished().expect("over");
        assert_eq!((finished.talk_seconds, finished.finalized_at.as_str()), (7, "T2"), "in order");
        let restored = CallView::restored(&finished.view).expect("readable");
        assert_eq!(restored, view);
        let body = shown(&restored);
        assert_eq!(body["outcome"], "system_error");
        assert_eq!(body["outcome_detail"]["hangup_cause"], "worker_lost");
        assert_eq!(body["transcript"][0]["text"], "Hello?");
    }
}
