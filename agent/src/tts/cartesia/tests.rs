use super::*;

const ONE: UtteranceId = UtteranceId(1);
const TWO: UtteranceId = UtteranceId(2);

fn config() -> Config {
    Config {
        url: "wss://api.cartesia.ai/tts/websocket".into(),
        api_key: "secret".into(),
        version: "2025-04-16".into(),
        model: "sonic-2".into(),
        voice: "a0e99841".into(),
        language: "en".into(),
    }
}

fn at(ms: u64) -> Mono {
    Mono::from_millis(ms)
}

fn drain(voice: &mut Cartesia) -> Vec<Output> {
    std::iter::from_fn(|| voice.poll()).collect()
}

fn opened() -> Cartesia {
    let mut voice = Cartesia::new(config());
    voice.handle(at(0), Input::Wire(Incoming::Opened));
    drain(&mut voice);
    voice
}

fn say(voice: &mut Cartesia, now: Mono, utterance: UtteranceId, text: &str) {
    voice.handle(now, Input::Say { utterance, text });
}

fn text(voice: &mut Cartesia, now: Mono, message: &str) {
    voice.handle(now, Input::Wire(Incoming::Text(message)));
}

fn wire_texts(outputs: &[Output]) -> Vec<&str> {
    let texts = outputs.iter().filter_map(|output| match output {
        Output::Wire(Outgoing::Text(text)) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// Who failed, and how.
fn failures(outputs: &[Output]) -> Vec<(Option<UtteranceId>, FaultClass)> {
    let failed = outputs.iter().filter_map(|output| match output {
        Output::Event(Event::Failed { utterance, fault }) => Some((*utterance, fault.class)),
        _ => None,
    });
    failed.collect()
}

#[test]
fn the_socket_is_opened_at_once_and_hides_its_key() {
    let mut voice = Cartesia::new(config());
    let outputs = drain(&mut voice);
    let [Output::Wire(Outgoing::Connect(request))] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(request.url, "wss://api.cartesia.ai/tts/websocket?cartesia_version=2025-04-16");
    assert_eq!(request.headers, [("X-API-Key", "secret".to_owned())]);
    assert!(!format!("{outputs:?}{:?}", config()).contains("secret"));
}

#[test]
fn an_utterance_is_one_context_of_mulaw_with_word_times() {
    let mut voice = opened();
    say(&mut voice, at(1), ONE, "Hello there.");
    let expected = concat!(
        r#"{"model_id":"sonic-2","transcript":"Hello there.","#,
        r#""voice":{"mode":"id","id":"a0e99841"},"language":"en","context_id":"u1","#,
        r#""output_format":{"container":"raw","encoding":"pcm_mulaw","sample_rate":8000},"#,
        r#""add_timestamps":true,"continue":false}"#
    );
    assert_eq!(wire_texts(&drain(&mut voice)), [expected]);
    text(
        &mut voice,
        at(90),
        r#"{"type":"chunk","data":"/wCA","done":false,"status_code":206,"step_time":1,"context_id":"u1"}"#,
    );
    text(
        &mut voice,
        at(91),
        r#"{"type":"timestamps","done":false,"context_id":"u1","status_code":206,"word_timestamps":{"words":["Hello","there."],"start":[0.02,0.41],"end":[0.4,0.8]}}"#,
    );
    text(&mut voice, at(99), r#"{"type":"done","done":true,"status_code":200,"context_id":"u1"}"#);
    assert_eq!(
        drain(&mut voice),
        [
            Output::Event(Event::Begun { utterance: ONE }),
            Output::Audio { utterance: ONE, samples: vec![0, -32124, 32124] },
            Output::Event(Event::Words { utterance: ONE, starts: vec![(0, 20), (6, 410)] }),
            Output::Event(Event::Done { utterance: ONE, total_ms: 0 }),
        ]
    );
    assert_eq!(voice.deadline(), None);
}

#[test]
fn what_comes_late_for_a_cancelled_utterance_is_dropped_by_its_id() {
    let mut voice = opened();
    say(&mut voice, at(1), ONE, "Hello.");
    say(&mut voice, at(1), TWO, "Bye.");
    drain(&mut voice);
    text(&mut voice, at(2), r#"{"type":"chunk","data":"/////w==","context_id":"u1"}"#);
    voice.handle(at(3), Input::Cancel(ONE));
    // Even what waited to be polled is gone.
    assert_eq!(wire_texts(&drain(&mut voice)), [r#"{"context_id":"u1","cancel":true}"#]);
    text(&mut voice, at(4), r#"{"type":"chunk","data":"/////w==","context_id":"u1"}"#);
    text(&mut voice, at(4), r#"{"type":"error","status_code":404,"context_id":"u1"}"#);
    text(&mut voice, at(4), r#"{"type":"chunk","data":"/w==","context_id":"u2"}"#);
    let begun = Output::Event(Event::Begun { utterance: TWO });
    let sound = Output::Audio { utterance: TWO, samples: vec![0] };
    assert_eq!(drain(&mut voice), [begun, sound]);
}

#[test]
fn errors_have_a_class_and_name_what_is_lost() {
    for (message, expected) in [
        (
            r#"{"type":"error","done":true,"error":"Invalid model","status_code":400,"context_id":"u1"}"#,
            (Some(ONE), FaultClass::BadRequest),
        ),
        (
            r#"{"type":"error","title":"Too many","message":"m","error_code":"c","status_code":429,"context_id":"u1"}"#,
            (Some(ONE), FaultClass::Quota),
        ),
        (r#"{"type":"error","error":"x","status_code":500}"#, (Some(ONE), FaultClass::Transient)),
        (r#"{"type":"error","error":"x","status_code":401}"#, (Some(ONE), FaultClass::Auth)),
        (r#"{"type":"chunk","data":"%%%","context_id":"u1"}"#, (None, FaultClass::Garbage)),
        (r#"{"type":"#, (None, FaultClass::Garbage)),
    ] {
        let mut voice = opened();
        say(&mut voice, at(1), ONE, "Hello.");
        drain(&mut voice);
        text(&mut voice, at(2), message);
        assert_eq!(failures(&drain(&mut voice)), [expected], "{message}");
    }
}

#[test]
fn a_broken_socket_is_opened_again_and_the_unheard_is_asked_for_again() {
    let mut voice = opened();
    say(&mut voice, at(1), ONE, "Hello.");
    say(&mut voice, at(1), TWO, "Bye.");
    text(&mut voice, at(2), r#"{"type":"chunk","data":"/w==","context_id":"u1"}"#);
    drain(&mut voice);
    voice.handle(at(10), Input::Wire(Incoming::Closed { code: 1006, reason: "" }));
    assert_eq!(failures(&drain(&mut voice)), [(Some(ONE), FaultClass::Transient)]);
    assert_eq!(voice.deadline(), Some(at(260)));
    voice.handle(at(260), Input::Tick);
    assert!(matches!(drain(&mut voice)[..], [Output::Wire(Outgoing::Connect(_))]));
    voice.handle(at(300), Input::Wire(Incoming::Opened));
    let asked = drain(&mut voice);
    assert!(wire_texts(&asked)[0].contains(r#""context_id":"u2""#), "{asked:?}");
}

#[test]
fn attempts_end_and_a_later_utterance_tries_again() {
    let mut voice = Cartesia::new(config());
    say(&mut voice, at(0), ONE, "Hello.");
    let mut now = at(0);
    let mut connects = 0;
    let mut failed = Vec::new();
    while failed.is_empty() {
        let outputs = drain(&mut voice);
        failed = failures(&outputs);
        if matches!(outputs[..], [Output::Wire(Outgoing::Connect(_))]) {
            connects += 1;
            voice.handle(now, Input::Wire(Incoming::Failed { reason: "refused" }));
        }
        if let Some(deadline) = voice.deadline() {
            now = deadline;
            voice.handle(now, Input::Tick);
        }
    }
    assert_eq!((connects, failed), (ATTEMPTS_MAX, vec![(Some(ONE), FaultClass::Transient)]));
    assert!(now <= at(2000), "waits are bounded");
    say(&mut voice, now, TWO, "Hello?");
    assert!(matches!(drain(&mut voice)[..], [Output::Wire(Outgoing::Connect(_))]));
}

#[test]
fn a_refused_key_is_not_tried_again() {
    let mut voice = Cartesia::new(config());
    say(&mut voice, at(0), ONE, "Hello.");
    voice.handle(at(1), Input::Wire(Incoming::Status { code: 401, retry_after_s: None }));
    voice.handle(at(1), Input::Wire(Incoming::Failed { reason: "status 401" }));
    say(&mut voice, at(2), TWO, "Hello?");
    let lost = [(Some(ONE), FaultClass::Auth), (Some(TWO), FaultClass::Auth)];
    assert_eq!(failures(&drain(&mut voice)), lost);
    assert_eq!(voice.deadline(), None);
}

#[test]
fn the_vendors_own_wait_is_kept() {
    let mut voice = Cartesia::new(config());
    voice.handle(at(0), Input::Wire(Incoming::Status { code: 429, retry_after_s: Some(3) }));
    voice.handle(at(0), Input::Wire(Incoming::Failed { reason: "status 429" }));
    assert_eq!(voice.deadline(), Some(at(3000)));
}

#[test]
fn an_idle_close_waits_for_the_next_utterance() {
    let mut voice = opened();
    voice.handle(at(300_000), Input::Wire(Incoming::Closed { code: 1000, reason: "idle" }));
    assert_eq!((drain(&mut voice), voice.deadline()), (vec![], None));
    say(&mut voice, at(300_001), ONE, "Still there?");
    assert!(matches!(drain(&mut voice)[..], [Output::Wire(Outgoing::Connect(_))]));
}

#[test]
fn a_silent_socket_is_replaced_and_the_next_utterance_is_said_there() {
    let mut voice = opened();
    say(&mut voice, at(0), ONE, "Hello.");
    say(&mut voice, at(4000), TWO, "Bye.");
    drain(&mut voice);
    assert_eq!(voice.deadline(), Some(at(6000)));
    voice.handle(at(6000), Input::Tick);
    let outputs = drain(&mut voice);
    assert_eq!(failures(&outputs), [(Some(ONE), FaultClass::Stalled)]);
    assert!(matches!(outputs.last(), Some(Output::Wire(Outgoing::Connect(_)))), "{outputs:?}");
    assert_eq!(voice.deadline(), None, "nothing is asked for on the old socket any more");
    voice.handle(at(6100), Input::Wire(Incoming::Opened));
    let asked = drain(&mut voice);
    assert!(wire_texts(&asked)[0].contains(r#""context_id":"u2""#), "{asked:?}");
    text(&mut voice, at(6200), r#"{"type":"chunk","data":"/w==","context_id":"u2"}"#);
    text(&mut voice, at(6300), r#"{"type":"done","context_id":"u2"}"#);
    let outputs = drain(&mut voice);
    assert!(outputs.contains(&Output::Event(Event::Done { utterance: TWO, total_ms: 0 })));
}

#[test]
fn a_socket_on_which_another_utterance_sounds_is_kept() {
    let mut voice = opened();
    say(&mut voice, at(0), ONE, "Hello.");
    say(&mut voice, at(0), TWO, "A longer one.");
    text(&mut voice, at(5000), r#"{"type":"chunk","data":"/w==","context_id":"u2"}"#);
    drain(&mut voice);
    voice.handle(at(6000), Input::Tick);
    let outputs = drain(&mut voice);
    assert_eq!(wire_texts(&outputs), [r#"{"context_id":"u1","cancel":true}"#]);
    assert_eq!(failures(&outputs), [(Some(ONE), FaultClass::Stalled)]);
    assert!(!outputs.iter().any(|it| matches!(it, Output::Wire(Outgoing::Connect(_)))));
    assert_eq!(voice.deadline(), Some(at(11_000)));
}

#[test]
fn too_many_utterances_are_refused_by_number() {
    let mut voice = opened();
    for n in 0..=QUEUE_MAX {
        say(&mut voice, at(0), UtteranceId(n as u32), "x");
    }
    let last = UtteranceId(QUEUE_MAX as u32);
    assert_eq!(failures(&drain(&mut voice)), [(Some(last), FaultClass::Quota)]);
}

proptest::proptest! {
    /// Nothing from outside panics.
    #[test]
    fn any_message_is_survived(message in r#"[ -~]{0,80}|\{"type":"(chunk|timestamps|done|error)","context_id":"u[0-9]{1,12}"(,"data":"[A-Za-z/+=]{0,9}")?(,"word_timestamps":\{"words":\["H"\],"start":\[(-?1e999|0.5)\]\})?\}"#) {
        let mut voice = opened();
        say(&mut voice, at(0), ONE, "Hé");
        text(&mut voice, at(1), &message);
        drain(&mut voice);
    }
}
