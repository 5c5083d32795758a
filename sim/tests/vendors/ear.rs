//! Deepgram.

use agent::{
    FaultClass,
    stt::{
        Dialect, Event, Input, Output, SegmentId,
        deepgram::{Config, Deepgram, Encoding},
    },
    wire::Request,
};
use serde_json::Value;
use sim::vendor::{self, deepgram, deepgram::spoken};

use super::*;

const ID: SegmentId = SegmentId(1);

impl Client for Deepgram {
    type News = Event;

    fn wire(&mut self, now: Mono, incoming: Incoming<'_>) {
        self.handle(now, Input::Wire(incoming));
    }

    fn tick(&mut self, now: Mono) {
        self.handle(now, Input::Tick);
    }

    fn deadline(&self) -> Option<Mono> {
        Dialect::deadline(self)
    }

    fn poll(&mut self) -> Option<Given<Event>> {
        Some(match Dialect::poll(self)? {
            Output::Wire(outgoing) => Given::Wire(outgoing),
            Output::Event(event) => Given::News(event),
        })
    }
}

fn emulator(text: &'static str) -> deepgram::Deepgram {
    let words = spoken(0.5, text);
    deepgram::Deepgram::new(deepgram::Config { key: KEY.into(), words, latency_ms: 80 })
}

fn bench(key: &str, troubles: Vec<Trouble>) -> Bench<Deepgram> {
    let ear = Deepgram::new(Config { key: key.to_owned(), ..Config::default() });
    Bench::new(ear, troubled(troubles, |_| emulator("Hello, this is Rosa.")))
}

/// Sound as it comes from a call, 20 ms at a time.
fn hear(bench: &mut Bench<Deepgram>, to_ms: u64) {
    while bench.now < at(to_ms) {
        bench.act(|ear, now| ear.handle(now, Input::Audio(&[0; 160])));
        let next = bench.now.as_millis() + 20;
        bench.run_to(next);
    }
}

/// A segment over the whole sentence, asked for when it is over (1.68 s).
fn sentence(bench: &mut Bench<Deepgram>) {
    hear(bench, 520);
    bench.act(|ear, now| ear.handle(now, Input::Open { segment: ID, from_sample: 4000 }));
    hear(bench, 1720);
    bench.act(|ear, now| ear.handle(now, Input::Finalise { segment: ID, to_sample: 13_440 }));
    hear(bench, 6000);
}

fn finals(bench: &Bench<Deepgram>) -> Vec<(u64, &str)> {
    let finals = bench.news.iter().filter_map(|(ms, event)| match event {
        Event::Final { text, .. } => Some((*ms, text.as_str())),
        _ => None,
    });
    finals.collect()
}

fn faults(bench: &Bench<Deepgram>) -> Vec<(FaultClass, bool)> {
    let faults = bench.news.iter().filter_map(|(_, event)| match event {
        Event::Failed { fault, retrying } => Some((fault.class, *retrying)),
        _ => None,
    });
    faults.collect()
}

#[test]
fn a_sentence_is_heard_and_settled_by_finalize() {
    let mut bench = bench(KEY, vec![]);
    sentence(&mut bench);
    assert_eq!(faults(&bench), []);
    assert_eq!(finals(&bench), [(1800, "Hello, this is Rosa.")], "asked at 1720, 80 ms of thought");
    let partial = |event: &Event| matches!(event, Event::Partial { text, .. } if text == "Hello,");
    assert!(bench.news.iter().any(|(_, event)| partial(event)), "{:?}", bench.news);
    assert_eq!(bench.connections, 1);
}

#[test]
fn refusals_have_their_class_and_are_retried_where_they_may() {
    for (trouble, class, connections) in [
        (refuse(400, None), FaultClass::BadRequest, 1),
        (refuse(401, None), FaultClass::Auth, 1),
        (refuse(402, None), FaultClass::Quota, 2),
        (refuse(429, Some(1)), FaultClass::Quota, 2),
        (refuse(503, None), FaultClass::Transient, 2),
        (Trouble::Vanish { after: 0 }, FaultClass::Transient, 2),
        (Trouble::Close { after: 0, code: 1008, reason: "DATA-0000" }, FaultClass::BadRequest, 1),
        (Trouble::Close { after: 0, code: 1011, reason: "NET-0000" }, FaultClass::Transient, 2),
    ] {
        let mut bench = bench(KEY, vec![trouble.clone()]);
        sentence(&mut bench);
        assert_eq!(faults(&bench), [(class, connections == 2)], "{trouble:?}");
        assert_eq!(bench.connections, connections, "{trouble:?}");
        assert_eq!(finals(&bench).len(), 1, "the question is answered: {trouble:?}");
    }
}

#[test]
fn a_wrong_key_is_refused_by_the_vendor_itself() {
    let mut bench = bench("stolen", vec![]);
    sentence(&mut bench);
    assert_eq!(faults(&bench), [(FaultClass::Auth, false)]);
    assert_eq!((bench.connections, finals(&bench).len()), (1, 1));
}

#[test]
fn retry_after_is_waited_for() {
    let mut bench = bench(KEY, vec![refuse(429, Some(3))]);
    bench.act(|ear, now| ear.handle(now, Input::Audio(&[0; 160])));
    bench.run_to(2999);
    assert_eq!(bench.connections, 1);
    bench.run_to(3000);
    assert_eq!(bench.connections, 2);
}

#[test]
fn both_encodings_and_no_other() {
    for encoding in [Encoding::Mulaw, Encoding::Linear16] {
        let ear = Deepgram::new(Config { key: KEY.into(), encoding, ..Config::default() });
        let mut bench = Bench::new(ear, troubled(vec![], |_| emulator("Hello, this is Rosa.")));
        sentence(&mut bench);
        assert_eq!(finals(&bench), [(1800, "Hello, this is Rosa.")], "{encoding:?}");
    }
}

#[test]
fn keepalive_holds_the_line_and_without_it_deepgram_hangs_up() {
    for (keepalive_ms, expected) in [(4000, vec![]), (60_000, vec![(FaultClass::IdleClose, true)])]
    {
        let config = Config { key: KEY.into(), keepalive_ms, ..Config::default() };
        let mut bench = Bench::new(Deepgram::new(config), troubled(vec![], |_| emulator("")));
        hear(&mut bench, 200);
        bench.run_to(19_000);
        assert_eq!(faults(&bench), expected);
        let said = bench.texts.iter().filter(|(_, text)| text.contains("KeepAlive")).count();
        assert_eq!(said, if expected.is_empty() { 4 } else { 0 });
    }
}

#[test]
fn a_vendor_that_never_answers_costs_patience_and_then_a_new_connection() {
    let mut bench = bench(KEY, vec![Trouble::Stall { after: 0 }]);
    sentence(&mut bench);
    let text = finals(&bench);
    assert_eq!(text, [(3220, "")], "1.5 s of patience");
    bench.act(|ear, now| ear.handle(now, Input::Finalise { segment: ID, to_sample: 47_000 }));
    hear(&mut bench, 9000);
    assert_eq!(faults(&bench), [(FaultClass::Stalled, true)]);
    assert_eq!((bench.connections, finals(&bench).len()), (2, 2));
}

#[test]
fn garbage_is_told_and_what_follows_is_heard() {
    let mut bench = bench(KEY, vec![Trouble::Garbage { after: 1 }]);
    sentence(&mut bench);
    assert_eq!(faults(&bench), [(FaultClass::Garbage, true)]);
    assert_eq!(finals(&bench), [(1800, "Hello, this is Rosa.")]);
    assert_eq!(bench.connections, 1);
}

/// The emulator by hand: what it says in a stream with everything switched on.
#[test]
fn the_emulator_speaks_every_message() {
    let mut vendor = emulator("Hello, this is Rosa.");
    let url = "wss://api.deepgram.com/v1/listen?encoding=mulaw&sample_rate=8000&interim_results=true\
               &vad_events=true&utterance_end_ms=1000&endpointing=300&punctuate=true";
    let headers = vec![("Authorization", format!("Token {KEY}"))];
    let connect = Outgoing::Connect(Request { url: url.into(), headers });
    vendor.handle(at(0), vendor::Input::Client(&connect));
    assert_eq!(all(&mut vendor), [Sent::Opened]);
    for n in 0..200 {
        vendor.handle(at(n * 20), vendor::Input::Client(&Outgoing::Binary(vec![0xFF; 160])));
    }
    let close = Outgoing::Text(r#"{"type":"CloseStream"}"#.into());
    vendor.handle(at(4000), vendor::Input::Client(&close));
    vendor.handle(at(5000), vendor::Input::Tick);
    let sent = all(&mut vendor);
    assert_eq!(sent.last(), Some(&Sent::Closed { code: 1000, reason: String::new() }));
    let brief = sent.iter().filter_map(|sent| {
        let Sent::Text(text) = sent else { return None };
        let message: Value = serde_json::from_str(text).unwrap();
        let flag = |name: &'static str| if message[name] == true { name } else { "" };
        let kind = message["type"].as_str().unwrap();
        Some(format!("{kind} {}{}", flag("is_final"), flag("speech_final")).trim().to_owned())
    });
    assert_eq!(
        brief.collect::<Vec<_>>(),
        [
            "SpeechStarted",
            "Results",
            "Results is_finalspeech_final",
            "UtteranceEnd",
            "Results",
            "Results",
            "Metadata",
        ]
    );
}
