use agent::{
    brief::Brief,
    call::{CallConfig, EndedBy, Ending, Policy},
};
use telephony::{Cause, Direction};

use super::*;

/// A call and its events, told the same.
struct Told {
    view: CallView,
    events: Events,
}

impl Told {
    fn new() -> Self {
        let config = CallConfig {
            direction: Direction::Outbound,
            to: Some("+12125550123".parse().expect("a number")),
            from: None,
            brief: Brief { task: "Book".into(), ..Brief::default() },
            policy: Policy::default(),
        };
        let view = CallView::new("c1", &config, "T0");
        let events = Events::new(&view, "T0");
        Self { view, events }
    }

    fn output(&mut self, output: &Output) {
        self.view.apply("T", output);
        self.events.output("T", &self.view, output);
    }

    fn signal(&mut self, signal: &Signal) {
        self.view.apply_signal("T", signal);
        self.events.signal("T", &self.view, signal);
    }

    fn hearing(&mut self, text: &str) {
        self.output(&Output::Record(Record::Hearing { text: text.to_owned() }));
    }

    fn said(&mut self, index: usize, text: &str) {
        let line = json!({ "role": "user", "text": text, "at": 0 });
        let line = serde_json::from_value(line).expect("a line");
        self.output(&Output::Record(Record::Line { index, line }));
    }

    fn end(&mut self) {
        self.output(&Output::Ended(Ending {
            outcome: Cause::NormalClearing.outcome(true),
            cause: Cause::NormalClearing,
            by: EndedBy::Callee,
            talk_ms: 2_000,
            digits: Vec::new(),
        }));
    }

    /// Everything a reader gets that begins after `id`, as name and data.
    fn read(&self, mut id: u64) -> Vec<(String, Value)> {
        let mut got = Vec::new();
        loop {
            match self.events.after(id) {
                Next::Event(event) => {
                    assert!(event.id > id, "{event:?} after {id}");
                    assert!(!event.data.contains('\n'));
                    id = event.id;
                    got.push((
                        event.name.to_owned(),
                        serde_json::from_str(&event.data).expect("JSON"),
                    ));
                }
                Next::Forgotten { through } => {
                    assert!(through > id);
                    id = through;
                    got.push(("forgotten".to_owned(), json!(through)));
                }
                Next::Nothing => return got,
                Next::Over => {
                    got.push(("over".to_owned(), Value::Null));
                    return got;
                }
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.read(0).into_iter().map(|(name, _)| name).collect()
    }
}

#[test]
fn a_call_is_told_from_its_acceptance_to_its_end() {
    let mut told = Told::new();
    told.signal(&Signal::Ringing);
    told.signal(&Signal::Ringing);
    told.signal(&Signal::Answered);
    told.said(0, "Hello?");
    told.said(0, "Hello, Keller?");
    told.output(&Output::Control(Control::SendDigits {
        digits: media::circuit::Keys::parse("1w2").expect("keys"),
    }));
    told.signal(&Signal::Digit(Digit::try_from('5').expect("a key")));
    told.output(&Output::Control(Control::DialBridge {
        to: "+12125550199".parse().expect("a number"),
    }));
    told.output(&Output::Control(Control::Bridge));
    told.end();
    told.said(1, "late");
    let got = told.read(0);
    let names: Vec<_> = got.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "state", "state", "state", "line", "line", "keys", "keys", "bridge", "bridge", "state",
            "end", "over"
        ]
    );
    let lifecycles: Vec<_> = got
        .iter()
        .filter(|(name, _)| name == "state")
        .map(|(_, data)| &data["lifecycle"])
        .collect();
    assert_eq!(lifecycles, ["queued", "dialing", "answered", "finalized"]);
    assert_eq!((&got[4].1["index"], &got[4].1["text"]), (&json!(0), &json!("Hello, Keller?")));
    assert_eq!(got[5].1, json!({ "by": "agent", "digits": "1w2", "at": "T" }));
    assert_eq!(got[6].1, json!({ "by": "callee", "digits": "5", "at": "T" }));
    assert_eq!(got[7].1["state"], "ringing");
    assert_eq!(got[8].1["state"], "joined");
    let end = &got[10].1;
    assert_eq!((&end["outcome"], &end["talk_seconds"]), (&json!("answered"), &json!(2)));
    assert_eq!(end["outcome_detail"]["hangup_source"], "callee");
}

#[test]
fn what_was_asked_too_early_is_refused() {
    let mut told = Told::new();
    let ignored = |input| Output::Ignored { state: "connecting".into(), input: Box::new(input) };
    told.output(&ignored(Input::Tick));
    told.output(&ignored(Input::Request(Request::Say { text: "Hello".into() })));
    let got = told.read(1);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].1, json!({ "request": "say", "state": "connecting", "at": "T" }));
}

#[test]
fn of_a_call_that_is_long_over_its_end_is_told() {
    let mut told = Told::new();
    told.end();
    told.events = Events::new(&told.view, "T9");
    assert_eq!(told.names(), ["state", "end", "over"]);
    assert_eq!(told.read(0)[1].1["outcome"], "answered");
}

#[test]
fn a_reader_goes_on_where_it_was() {
    let mut told = Told::new();
    told.said(0, "one");
    let seen = 2;
    assert_eq!(told.read(seen), []);
    told.said(1, "two");
    assert_eq!(told.read(seen)[0].1["text"], "two");
    assert_eq!(told.events.after(u64::MAX), Next::Nothing);
    told.end();
    assert_eq!(told.events.after(u64::MAX), Next::Over);
}

#[test]
fn half_heard_words_give_way_to_what_follows() {
    let mut told = Told::new();
    told.hearing("Good");
    told.hearing("Good morning");
    assert_eq!(told.names(), ["state", "hearing"]);
    assert_eq!(told.read(0)[1].1["text"], "Good morning");
    told.said(0, "Good morning.");
    assert_eq!(told.names(), ["state", "line"]);
}

#[test]
fn who_was_away_for_too_long_is_told_so() {
    let mut told = Told::new();
    for index in 0..Log::EVENTS_MAX {
        told.said(index, "x");
    }
    let got = told.read(0);
    assert_eq!(got[0], ("forgotten".to_owned(), json!(1)), "the first state is gone");
    assert_eq!(got.len(), 1 + Log::EVENTS_MAX);
    assert_eq!(told.read(1).len(), Log::EVENTS_MAX, "nothing was missed after it");
}

#[test]
fn bytes_are_bounded_too() {
    let mut told = Told::new();
    let long = "x".repeat(Log::BYTES_MAX / 4);
    for index in 0..8 {
        told.said(index, &long);
    }
    let kept = told.read(0).len() - 1;
    assert!((2..=4).contains(&kept), "{kept}");
    told.said(8, &"x".repeat(2 * Log::BYTES_MAX));
    assert_eq!(told.read(0).len(), 2, "what is too large stands alone");
}

#[test]
fn keys_of_a_secret_are_zeros() {
    let mut told = Told::new();
    let keys = media::circuit::Keys::parse("47w1").expect("keys");
    told.output(&Output::Sound(Command::Keys(keys.sensitive())));
    told.output(&Output::Control(Control::SendDigits { digits: keys.sensitive() }));
    told.output(&Output::Sound(Command::Keys(keys)));
    let keys: Vec<_> = told.read(0).into_iter().filter(|(name, _)| name == "keys").collect();
    let digits: Vec<_> = keys.iter().map(|(_, data)| &data["digits"]).collect();
    assert_eq!(digits, ["00w0", "00w0", "47w1"]);
}
