//! The dialect against samples of Twilio's documentation, and against whatever else may come.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::conformance::{self, Case, Said, Wire};

const STREAM: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";

/// Twilio's end of the wire.
struct TwilioCase;

fn text(value: &Value) -> Wire {
    Wire::Text(value.to_string())
}

fn start_json() -> Value {
    json!({
        "event": "start", "sequenceNumber": "1", "streamSid": STREAM,
        "start": {
            "accountSid": "AC00000000000000000000000000000000", "streamSid": STREAM,
            "callSid": "CA00000000000000000000000000000000", "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": "t", "RemoteParty": "Bob"}
        }
    })
}

fn media_json(sequence: u32, timestamp_ms: u32, payload: &[u8]) -> Value {
    json!({
        "event": "media", "sequenceNumber": sequence.to_string(), "streamSid": STREAM,
        "media": {
            "track": "inbound", "chunk": sequence.to_string(),
            "timestamp": timestamp_ms.to_string(), "payload": BASE64.encode_to_string(payload)
        }
    })
}

/// `media` in the order of keys Twilio's documentation shows, where `event` comes first.
fn media_text(sequence: u32, timestamp_ms: u32, payload: &[u8]) -> String {
    format!(
        r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{sequence}","timestamp":"{timestamp_ms}","payload":"{}"}},"streamSid":"{STREAM}"}}"#,
        BASE64.encode_to_string(payload)
    )
}

impl Case for TwilioCase {
    type Translator = Twilio;

    fn translator(&self) -> Twilio {
        Twilio::new()
    }

    fn format(&self) -> Format {
        Format { codec: Codec::Mulaw, rate_hz: 8_000, channels: 1 }
    }

    fn start(&self) -> Vec<Wire> {
        let connected = json!({"event": "connected", "protocol": "Call", "version": "1.0.0"});
        vec![text(&connected), text(&start_json())]
    }

    fn audio(&self, index: u32, payload: &[u8]) -> Wire {
        if index.is_multiple_of(2) {
            Wire::Text(media_text(index + 2, index * 20, payload))
        } else {
            text(&media_json(index + 2, index * 20, payload))
        }
    }

    fn digit(&self, digit: Digit) -> Wire {
        let digit = digit.to_string();
        text(&json!({"event": "dtmf", "sequenceNumber": "5", "streamSid": STREAM,
            "dtmf": {"track": "inbound_track", "digit": digit}}))
    }

    fn mark(&self, mark: MarkId) -> Wire {
        text(&json!({"event": "mark", "sequenceNumber": "4", "streamSid": STREAM,
            "mark": {"name": mark.0.to_string()}}))
    }

    fn stop(&self) -> Wire {
        text(&json!({"event": "stop", "sequenceNumber": "5", "streamSid": STREAM,
            "stop": {"accountSid": "AC0", "callSid": "CA0"}}))
    }

    fn garbage(&self) -> Vec<Wire> {
        let long = "x".repeat(MESSAGE_BYTES_MAX);
        let mut garbage = vec![
            Wire::Binary(vec![0; 160]),
            Wire::Text(String::new()),
            Wire::Text("{".into()),
            Wire::Text("[]".into()),
            Wire::Text("null".into()),
            Wire::Text(r#"{"event":"media"}"#.into()),
            Wire::Text(r#"{"event":"media","media":{"payload":"%%%%"}}"#.into()),
            Wire::Text(r#"{"event":"media","media":{"payload":"AAA"}}"#.into()),
            Wire::Text(r#"{"event":"media","media":{"payload":[1]}}"#.into()),
            Wire::Text(format!(r#"{{"event":"{long}"}}"#)),
            Wire::Text("[".repeat(1000)),
            Wire::Text(r#"{"event":"mark","mark":{"name":"theirs"}}"#.into()),
            Wire::Text(r#"{"event":"mark","mark":{"name":"4294967296"}}"#.into()),
            Wire::Text(r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#.into()),
            Wire::Text(r#"{"event":"dtmf","dtmf":{"digit":""}}"#.into()),
            Wire::Text(r#"{"event":"dtmf"}"#.into()),
            text(&media_json(1, 0, &vec![1; PAYLOAD_BYTES_MAX + 3])),
        ];
        let mut other = media_json(2, 0, &[1; 160]);
        other["streamSid"] = json!("MZother");
        garbage.push(text(&other));
        garbage
    }

    fn unknown(&self) -> Vec<Wire> {
        let mut outbound = media_json(2, 0, &[1; 160]);
        outbound["media"]["track"] = json!("outbound");
        vec![
            Wire::Text(r#"{"event":"future","media":7,"start":[]}"#.into()),
            text(&outbound),
            text(&media_json(3, 0, &[])),
        ]
    }

    fn understand(&self, kind: Kind, bytes: &[u8]) -> Option<Said> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        if kind != Kind::Text || value["streamSid"] != STREAM {
            return None;
        }
        match value["event"].as_str()? {
            "media" => {
                let payload = value["media"]["payload"].as_str()?;
                BASE64.decode_to_vec(payload.as_bytes()).ok().map(Said::Audio)
            }
            "mark" => {
                value["mark"]["name"].as_str()?.parse().ok().map(|name| Said::Mark(MarkId(name)))
            }
            "clear" => Some(Said::Clear),
            _ => None,
        }
    }
}

fn started() -> Twilio {
    let mut twilio = Twilio::new();
    let start = start_json().to_string();
    assert!(matches!(twilio.read(Message::Text(&start)), Ok(Some(Incoming::Started(_)))));
    twilio
}

fn code(answer: Result<Option<Incoming<'_>>, Misbehaved>) -> (&'static str, bool) {
    answer.map_or_else(|fault| (fault.code, fault.fatal), |_| ("fine", false))
}

#[test]
fn passes_the_suite() {
    conformance::run(&TwilioCase).expect("conformance");
}

#[test]
fn a_start_is_read_whole() {
    let mut twilio = Twilio::new();
    let start = start_json().to_string();
    let Ok(Some(Incoming::Started(started))) = twilio.read(Message::Text(&start)) else {
        panic!("no start");
    };
    assert_eq!(started.stream_id, STREAM);
    assert_eq!(started.carrier_call_id, "CA00000000000000000000000000000000");
    assert_eq!(started.parameters["RemoteParty"], "Bob");
}

#[test]
fn formats_are_parsed_not_assumed() {
    let table = [
        ("audio/x-mulaw", json!(8000), json!(1), Some((Codec::Mulaw, 8000))),
        ("audio/x-mulaw", json!("8000"), json!("1"), Some((Codec::Mulaw, 8000))),
        ("audio/PCMA", json!(8000), json!(1), Some((Codec::Alaw, 8000))),
        ("audio/x-l16", json!(16000), json!(1), Some((Codec::L16Le, 16000))),
        ("audio/opus", json!(48000), json!(1), None),
        ("audio/x-mulaw", json!(11025), json!(1), None),
        ("audio/x-mulaw", json!(8000), json!(2), None),
    ];
    for (encoding, rate, channels, expected) in table {
        let mut start = start_json();
        start["start"]["mediaFormat"] =
            json!({"encoding": encoding, "sampleRate": rate, "channels": channels});
        let start = start.to_string();
        let mut twilio = Twilio::new();
        match (twilio.read(Message::Text(&start)), expected) {
            (Ok(Some(Incoming::Started(started))), Some((codec, rate_hz))) => {
                assert_eq!(started.format, Format { codec, rate_hz, channels: 1 });
            }
            (Err(fault), None) => {
                assert_eq!((fault.code, fault.fatal), ("unsupported_format", true))
            }
            (other, _) => panic!("{encoding}: {other:?}"),
        }
    }
}

#[test]
fn faults_have_their_codes() {
    let mut hostile = start_json();
    hostile["start"]["streamSid"] = json!("MZ\"},{");
    assert_eq!(code(Twilio::new().read(Message::Text(&hostile.to_string()))), ("bad_start", true));
    let mut many = start_json();
    many["start"]["customParameters"] =
        (0..65).map(|i| (i.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(code(Twilio::new().read(Message::Text(&many.to_string()))), ("bad_start", true));

    let start = start_json().to_string();
    let stop = r#"{"event":"stop"}"#;
    let media = media_text(2, 0, &[1; 160]);
    let mut twilio = Twilio::new();
    let steps = [
        (media.as_str(), "before_start"),
        (stop, "before_start"),
        (&start, "fine"),
        (&start, "second_start"),
        (&media, "fine"),
        (r#"{"event":"media","media":{"payload":"A"}}"#, "bad_base64"),
        (r#"{"event":"dtmf","dtmf":{"digit":"x"}}"#, "bad_digit"),
        (stop, "fine"),
        (&media, "after_stop"),
        (&start, "after_stop"),
    ];
    for (message, expected) in steps {
        assert_eq!(code(twilio.read(Message::Text(message))), (expected, false), "{message}");
    }
}

#[test]
fn half_a_sample_is_refused() {
    let mut start = start_json();
    start["start"]["mediaFormat"]["encoding"] = json!("audio/x-l16");
    let mut twilio = Twilio::new();
    twilio.read(Message::Text(&start.to_string())).expect("a start");
    let odd = media_text(2, 0, &[1; 161]);
    assert_eq!(code(twilio.read(Message::Text(&odd))), ("odd_payload", false));
}

#[test]
fn a_stream_at_twice_its_rate_is_reported_once() {
    let mut twilio = started();
    let mut reports = 0;
    for index in 0..200 {
        let media = media_text(index + 2, index * 20, &[1; 320]);
        match code(twilio.read(Message::Text(&media))) {
            ("rate_mismatch", false) => reports += 1,
            other => assert_eq!(other, ("fine", false)),
        }
    }
    assert_eq!(reports, 1);
    let mut honest = started();
    for index in 0..200 {
        let media = media_text(index + 2, index * 20, &[1; 160]);
        assert_eq!(code(honest.read(Message::Text(&media))), ("fine", false));
    }
    assert_eq!(honest.sequence_breaks(), 0);
}

#[test]
fn a_break_in_the_sequence_is_counted() {
    let mut twilio = started();
    for sequence in [2, 3, 5, 4, 5, 6] {
        let media = media_text(sequence, 0, &[1; 160]);
        twilio.read(Message::Text(&media)).expect("audio");
    }
    assert_eq!(twilio.sequence_breaks(), 2);
}

#[test]
fn escaped_slashes_are_still_base64() {
    let mut twilio = started();
    let media = media_text(2, 0, &[0xFF; 160]).replace('/', r"\/");
    match twilio.read(Message::Text(&media)) {
        Ok(Some(Incoming::Audio { payload })) => assert_eq!(payload, [0xFF; 160]),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,400}") {
        let mut twilio = started();
        let _ = twilio.read(Message::Text(&text));
        let _ = Twilio::new().read(Message::Text(&text));
    }

    /// A regular message with one stretch replaced: closer to what a broken peer sends.
    #[test]
    fn no_mutation_panics(
        which in 0_usize..4, at in 0_usize..300, cut in 0_usize..20, put in "[\\PC\"{}\\[\\]:,0-9]{0,8}",
    ) {
        let original = match which {
            0 => start_json().to_string(),
            1 => media_text(7, 40, &[9; 160]),
            2 => json!({"event": "mark", "mark": {"name": "3"}}).to_string(),
            _ => json!({"event": "dtmf", "dtmf": {"digit": "3"}}).to_string(),
        };
        let mut bytes = original.into_bytes();
        let at = at.min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        if let Ok(text) = String::from_utf8(bytes) {
            let mut twilio = started();
            let _ = twilio.read(Message::Text(&text));
            let _ = Twilio::new().read(Message::Text(&text));
        }
    }

    #[test]
    fn any_audio_crosses_both_ways(payload in prop::collection::vec(any::<u8>(), 1..2000)) {
        let mut twilio = started();
        let mut out = Vec::new();
        let kind = twilio.write(Outgoing::Audio(&payload), &mut out).expect("in the stream");
        prop_assert_eq!(TwilioCase.understand(kind, &out), Some(Said::Audio(payload.clone())));
        let media = media_text(2, 0, &payload);
        match twilio.read(Message::Text(&media)) {
            Ok(Some(Incoming::Audio { payload: got })) => prop_assert_eq!(got, &payload[..]),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
