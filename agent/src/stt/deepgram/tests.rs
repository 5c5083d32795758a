//! The exact frames, and what is made of every kind of answer.

use proptest::prelude::*;

use super::*;

const ID: SegmentId = SegmentId(7);

fn config() -> Config {
    Config { key: "secret".to_owned(), ..Config::default() }
}

fn at(ms: u64) -> Mono {
    Mono::from_millis(ms)
}

fn drain(ear: &mut Deepgram) -> Vec<Output> {
    std::iter::from_fn(|| ear.poll()).collect()
}

fn wire(ear: &mut Deepgram, ms: u64, incoming: Incoming<'_>) -> Vec<Output> {
    ear.handle(at(ms), Input::Wire(incoming));
    drain(ear)
}

fn text(message: &str) -> Output {
    Output::Wire(Outgoing::Text(message.to_owned()))
}

fn event_final(text: &str) -> Output {
    Output::Event(Event::Final { segment: ID, text: text.to_owned() })
}

fn partial(text: &str) -> Output {
    Output::Event(Event::Partial { segment: ID, text: text.to_owned() })
}

fn class(outputs: &[Output]) -> Option<(FaultClass, bool)> {
    outputs.iter().find_map(|output| match output {
        Output::Event(Event::Failed { fault, retrying }) => Some((fault.class, *retrying)),
        _ => None,
    })
}

fn dials(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Wire(Outgoing::Connect(_))))
}

/// Connected, nothing said yet.
fn open() -> Deepgram {
    let mut ear = Deepgram::new(config());
    ear.handle(at(0), Input::Tick);
    assert!(dials(&drain(&mut ear)));
    assert_eq!(wire(&mut ear, 0, Incoming::Opened), []);
    ear
}

/// One second of sound and an open segment from 0.2 s.
fn listening() -> Deepgram {
    let mut ear = open();
    ear.handle(at(1000), Input::Audio(&[0; 8000]));
    ear.handle(at(1000), Input::Open { segment: ID, from_sample: 1600 });
    drain(&mut ear);
    ear
}

/// A `Results` message as Deepgram sends it.
fn results(start: f64, words: &[(&str, f64, f64)], is_final: bool, from_finalize: bool) -> String {
    let transcript: Vec<_> = words.iter().map(|(word, ..)| *word).collect();
    let words: Vec<_> = words
        .iter()
        .map(|(word, start, end)| {
            serde_json::json!({"word": word.to_lowercase(), "punctuated_word": word,
                "start": start, "end": end, "confidence": 0.9})
        })
        .collect();
    serde_json::json!({
        "type": "Results", "channel_index": [0, 1], "start": start, "duration": 1.0 - start,
        "is_final": is_final, "speech_final": false, "from_finalize": from_finalize,
        "channel": {"alternatives": [
            {"transcript": transcript.join(" "), "confidence": 0.9, "words": words}]},
        "metadata": {"request_id": "r"},
    })
    .to_string()
}

#[test]
fn asks_for_the_stream_with_key_and_query() {
    let mut ear = Deepgram::new(Config { keyterms: vec!["Dr. Wu".to_owned()], ..config() });
    ear.handle(at(0), Input::Tick);
    let Some(Output::Wire(Outgoing::Connect(request))) = ear.poll() else { panic!("no connect") };
    assert_eq!(
        request.url,
        "wss://api.deepgram.com/v1/listen?model=nova-3&language=en-US&encoding=mulaw\
         &sample_rate=8000&channels=1&interim_results=true&punctuate=true&endpointing=300\
         &utterance_end_ms=1000&vad_events=false&keyterm=Dr.%20Wu"
    );
    assert_eq!(request.headers, [("Authorization", "Token secret".to_owned())]);
    assert!(!format!("{request:?}").contains("secret"));
}

#[test]
fn sound_waits_for_the_connection_and_then_flows() {
    for (encoding, bytes) in [(Encoding::Mulaw, 1), (Encoding::Linear16, 2)] {
        let mut ear = Deepgram::new(Config { encoding, ..config() });
        ear.handle(at(0), Input::Audio(&[0; 12_000]));
        assert!(dials(&drain(&mut ear)));
        let lengths: Vec<_> = wire(&mut ear, 100, Incoming::Opened)
            .iter()
            .map(|output| match output {
                Output::Wire(Outgoing::Binary(sound)) => sound.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(lengths, [8000 * bytes, 4000 * bytes]);
        ear.handle(at(120), Input::Audio(&[0; 160]));
        let [Output::Wire(Outgoing::Binary(sound))] = &drain(&mut ear)[..] else { panic!() };
        let silence = if encoding == Encoding::Mulaw { 0xFF } else { 0 };
        assert_eq!(*sound, vec![silence; 160 * bytes]);
    }
}

#[test]
fn keeps_alive_only_when_nothing_else_was_sent() {
    let mut ear = open();
    assert_eq!(ear.deadline(), Some(at(4000)));
    ear.handle(at(3000), Input::Audio(&[0; 160]));
    drain(&mut ear);
    ear.handle(at(4000), Input::Tick);
    assert_eq!(drain(&mut ear), []);
    assert_eq!(ear.deadline(), Some(at(7000)));
    ear.handle(at(7000), Input::Tick);
    assert_eq!(drain(&mut ear), [text(r#"{"type":"KeepAlive"}"#)]);
    ear.hang_up();
    assert_eq!(drain(&mut ear), [text(r#"{"type":"CloseStream"}"#), Output::Wire(Outgoing::Close)]);
    assert_eq!(ear.deadline(), None);
}

#[test]
fn partials_grow_and_finalize_brings_the_final() {
    let mut ear = listening();
    let interim = results(0.0, &[("Hello,", 0.25, 0.5)], false, false);
    assert_eq!(wire(&mut ear, 1000, Incoming::Text(&interim)), [partial("Hello,")]);
    assert_eq!(wire(&mut ear, 1000, Incoming::Text(&interim)), []);

    ear.handle(at(1010), Input::Finalise { segment: ID, to_sample: 7200 });
    assert_eq!(drain(&mut ear), [text(r#"{"type":"Finalize"}"#)]);
    let settled = results(0.0, &[("Hello,", 0.25, 0.5), ("world.", 0.5, 0.9)], true, true);
    assert_eq!(
        wire(&mut ear, 1200, Incoming::Text(&settled)),
        [partial("Hello, world."), event_final("Hello, world.")]
    );
    // Settled already: the same question again is answered at once, and nothing is sent.
    ear.handle(at(1300), Input::Finalise { segment: ID, to_sample: 7200 });
    assert_eq!(drain(&mut ear), [event_final("Hello, world.")]);
}

#[test]
fn words_belong_to_segments_by_time() {
    let mut ear = open();
    ear.handle(at(1000), Input::Audio(&[0; 8000]));
    drain(&mut ear);
    // Words come before the segment is opened; the first is of something older.
    let settled = results(0.0, &[("Old", 0.0, 0.1), ("new.", 0.5, 0.7)], true, false);
    assert_eq!(wire(&mut ear, 1000, Incoming::Text(&settled)), []);
    ear.handle(at(1000), Input::Open { segment: ID, from_sample: 4000 });
    assert_eq!(drain(&mut ear), [partial("new.")]);
    ear.handle(at(1010), Input::Finalise { segment: ID, to_sample: 5600 });
    ear.handle(at(1010), Input::Close(ID));
    assert_eq!(drain(&mut ear), [event_final("new.")]);
    // The next segment does not get them again, though it begins close behind.
    let next = SegmentId(8);
    ear.handle(at(1020), Input::Open { segment: next, from_sample: 6000 });
    ear.handle(at(1030), Input::Finalise { segment: next, to_sample: 7000 });
    let empty = Output::Event(Event::Final { segment: next, text: String::new() });
    assert_eq!(drain(&mut ear), [empty]);
}

#[test]
fn utterance_end_and_patience_answer_too() {
    let interim = results(0.0, &[("Yes.", 0.3, 0.6)], false, false);
    let end = r#"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":0.6}"#;
    let mut ear = listening();
    wire(&mut ear, 1000, Incoming::Text(&interim));
    ear.handle(at(1000), Input::Finalise { segment: ID, to_sample: 7200 });
    drain(&mut ear);
    assert_eq!(ear.deadline(), Some(at(2500)));
    assert_eq!(wire(&mut ear, 1900, Incoming::Text(end)), [event_final("Yes.")]);

    let mut ear = listening();
    wire(&mut ear, 1000, Incoming::Text(&interim));
    ear.handle(at(1000), Input::Finalise { segment: ID, to_sample: 7200 });
    drain(&mut ear);
    ear.handle(at(2500), Input::Tick);
    assert_eq!(drain(&mut ear), [event_final("Yes.")]);
    // A second question without any sign of life: the connection is given up for a new one.
    ear.handle(at(3000), Input::Finalise { segment: ID, to_sample: 7900 });
    drain(&mut ear);
    ear.handle(at(4500), Input::Tick);
    let outputs = drain(&mut ear);
    assert_eq!(class(&outputs), Some((FaultClass::Stalled, true)));
    assert!(outputs.contains(&Output::Wire(Outgoing::Close)));
}

#[test]
fn reconnects_with_growing_patience_and_gives_up_in_the_end() {
    let mut ear = listening();
    let mut now = 2000;
    let mut waits = Vec::new();
    for _ in 0..6 {
        let outputs = wire(&mut ear, now, Incoming::Closed { code: 1006, reason: "" });
        assert_eq!(class(&outputs), Some((FaultClass::Transient, true)));
        let due = ear.deadline().unwrap().as_millis();
        waits.push(due - now);
        now = due;
        ear.handle(at(now), Input::Tick);
        assert!(dials(&drain(&mut ear)));
    }
    assert_eq!(waits, [250, 500, 1000, 2000, 4000, 5000]);
    ear.handle(at(now), Input::Finalise { segment: ID, to_sample: 7200 });
    let outputs = wire(&mut ear, now, Incoming::Failed { reason: "refused" });
    assert_eq!(class(&outputs), Some((FaultClass::Transient, false)));
    assert_eq!(outputs.last(), Some(&event_final("")), "the question is answered");
    ear.handle(at(now), Input::Finalise { segment: ID, to_sample: 7300 });
    assert_eq!(drain(&mut ear), [event_final("")]);
    assert_eq!(ear.deadline(), None);
}

#[test]
fn a_new_connection_counts_its_own_seconds() {
    let mut ear = listening();
    wire(&mut ear, 1000, Incoming::Closed { code: 1011, reason: "NET-0001" });
    ear.handle(at(1100), Input::Audio(&[0; 800]));
    ear.handle(at(1100), Input::Finalise { segment: ID, to_sample: 8700 });
    ear.handle(at(1250), Input::Tick);
    assert!(dials(&drain(&mut ear)));
    let outputs = wire(&mut ear, 1300, Incoming::Opened);
    let [Output::Wire(Outgoing::Binary(sound)), finalize] = &outputs[..] else { panic!() };
    assert_eq!((sound.len(), finalize), (800, &text(r#"{"type":"Finalize"}"#)));
    let settled = results(0.0, &[("Back.", 0.01, 0.09)], true, true);
    assert_eq!(
        wire(&mut ear, 1400, Incoming::Text(&settled)),
        [partial("Back."), event_final("Back.")]
    );
}

#[test]
fn refusals_have_their_class_and_are_told_once() {
    let cases = [
        (401, None, FaultClass::Auth, false),
        (402, None, FaultClass::Quota, true),
        (429, Some(2), FaultClass::Quota, true),
        (429, Some(3600), FaultClass::Quota, false),
        (400, None, FaultClass::BadRequest, false),
        (503, None, FaultClass::Transient, true),
    ];
    for (code, retry_after_s, expected, retrying) in cases {
        let mut ear = Deepgram::new(config());
        ear.handle(at(0), Input::Tick);
        drain(&mut ear);
        let outputs = wire(&mut ear, 10, Incoming::Status { code, retry_after_s });
        assert_eq!(class(&outputs), Some((expected, retrying)), "{code}");
        assert_eq!(wire(&mut ear, 10, Incoming::Failed { reason: "upgrade refused" }), []);
        let wait = retry_after_s.filter(|_| retrying).map_or(260, |s| 10 + u64::from(s) * 1000);
        assert_eq!(ear.deadline(), retrying.then(|| at(wait)), "{code}");
    }
}

#[test]
fn garbage_is_told_of_a_few_times_and_the_stream_goes_on() {
    let mut ear = listening();
    let broken = ["{", "[]", "{}", r#"{"type":"Results"}"#, r#"{"type":"Results","start":"x"}"#];
    let told = broken
        .iter()
        .filter(|text| {
            let outputs = wire(&mut ear, 1000, Incoming::Text(text));
            class(&outputs) == Some((FaultClass::Garbage, true))
        })
        .count();
    assert_eq!(told, 3);
    for fine in [r#"{"type":"Metadata","request_id":"r"}"#, r#"{"type":"NewThing","a":[1]}"#] {
        assert_eq!(wire(&mut ear, 1000, Incoming::Text(fine)), []);
    }
    let interim = results(0.0, &[("Still", 0.3, 0.4)], false, false);
    assert_eq!(wire(&mut ear, 1000, Incoming::Text(&interim)), [partial("Still")]);
}

#[test]
fn sound_without_a_connection_is_bounded() {
    let mut ear = Deepgram::new(config());
    for second in 0..60 {
        ear.handle(at(second * 1000), Input::Audio(&[0; 8000]));
    }
    drain(&mut ear);
    let sent: usize = wire(&mut ear, 60_000, Incoming::Opened)
        .iter()
        .map(|output| match output {
            Output::Wire(Outgoing::Binary(sound)) => sound.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(sent, 80_000);
    // Deepgram's second 0 is our second 50.
    ear.handle(at(60_000), Input::Open { segment: ID, from_sample: 50 * 8000 });
    let settled = results(0.0, &[("Late.", 0.1, 0.4)], false, false);
    assert_eq!(wire(&mut ear, 60_000, Incoming::Text(&settled)), [partial("Late.")]);
}

/// One thing that may happen, in any order.
fn step() -> impl Strategy<Value = (u8, u16, String)> {
    (0_u8..13, any::<u16>(), ".{0,20}")
}

proptest! {
    /// Whatever happens in whatever order: no panic, every question is answered, the queues are
    /// bounded.
    #[test]
    fn every_question_is_answered(steps in proptest::collection::vec(step(), 0..80)) {
        let mut ear = Deepgram::new(config());
        let (mut asked, mut answered, mut now) = (0, 0, 0);
        for (kind, number, junk) in steps {
            now += u64::from(number % 700);
            let settled = results(0.2, &[("a", 0.3, 0.4)], number % 2 == 0, number % 3 == 0);
            let input = match kind {
                0 | 1 => Input::Audio(&[1; 160]),
                2 => Input::Open { segment: ID, from_sample: u64::from(number) },
                3 => Input::Finalise { segment: ID, to_sample: u64::from(number) },
                4 => Input::Close(ID),
                5 | 6 => Input::Wire(Incoming::Opened),
                7 => Input::Wire(Incoming::Text(&settled)),
                8 => Input::Wire(Incoming::Text(&junk)),
                9 => Input::Wire(Incoming::Closed { code: number, reason: &junk }),
                10 => Input::Wire(Incoming::Status { code: number, retry_after_s: None }),
                11 => Input::Wire(Incoming::Failed { reason: &junk }),
                _ => Input::Tick,
            };
            asked += u32::from(kind == 3);
            ear.handle(at(now), input);
            for output in drain(&mut ear) {
                answered += u32::from(matches!(output, Output::Event(Event::Final { .. })));
            }
            prop_assert!(ear.questions.len() <= QUESTIONS_MAX);
        }
        ear.handle(at(now + 10_000), Input::Tick);
        for output in drain(&mut ear) {
            answered += u32::from(matches!(output, Output::Event(Event::Final { .. })));
        }
        prop_assert_eq!(asked, answered);
    }
}
