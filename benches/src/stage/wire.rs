//! A carrier's message, in and out: JSON, base64, G.711, RTP.

use std::{collections::BTreeMap, hint::black_box};

use base64_simd::STANDARD as BASE64;
use media::{
    codec::{Codec, Decoder, Encoder},
    rtp::Packet,
};
use telephony::{
    Loopback, Twilio, loopback,
    stream::{Format, Incoming, Message, Outgoing, Started, Translator as _},
    token,
};

use super::{Stage, Work};
use crate::sound;

const STREAM: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";

pub(super) const STAGES: &[Stage] = &[
    Stage { name: "twilio-read", what: "read one media message", set_up: read, counted: 1000 },
    Stage {
        name: "twilio-read-naive",
        what: "the same through serde_json::Value",
        set_up: read_naive,
        counted: 1000,
    },
    Stage { name: "twilio-write", what: "write one media message", set_up: write, counted: 1000 },
    Stage {
        name: "twilio-write-naive",
        what: "the same through serde_json::json!",
        set_up: write_naive,
        counted: 1000,
    },
    Stage {
        name: "base64-decode",
        what: "216 characters to 160 bytes",
        set_up: from_base64,
        counted: 1000,
    },
    Stage {
        name: "base64-encode",
        what: "160 bytes to 216 characters",
        set_up: to_base64,
        counted: 1000,
    },
    Stage { name: "loopback-both", what: "write one frame, read it", set_up: pipe, counted: 1000 },
    Stage { name: "rtp-parse", what: "read one RTP header", set_up: rtp, counted: 1000 },
    Stage { name: "token-verify", what: "check a stream token", set_up: check, counted: 200 },
    Stage {
        name: "mulaw-decode",
        what: "160 samples",
        set_up: || decode(Codec::Mulaw),
        counted: 1000,
    },
    Stage {
        name: "mulaw-encode",
        what: "160 samples",
        set_up: || encode(Codec::Mulaw),
        counted: 1000,
    },
    Stage {
        name: "mulaw-encode-naive",
        what: "160 samples by arithmetic",
        set_up: arithmetic,
        counted: 1000,
    },
    Stage { name: "alaw-decode", what: "160 samples", set_up: || decode(Codec::Alaw), counted: 0 },
    Stage { name: "alaw-encode", what: "160 samples", set_up: || encode(Codec::Alaw), counted: 0 },
    Stage { name: "g722-decode", what: "20 ms", set_up: || decode(Codec::G722), counted: 0 },
    Stage { name: "g722-encode", what: "20 ms", set_up: || encode(Codec::G722), counted: 0 },
    Stage {
        name: "opus-decode",
        what: "20 ms at 48 kHz",
        set_up: || decode(Codec::Opus),
        counted: 0,
    },
    Stage {
        name: "opus-encode",
        what: "20 ms at 48 kHz",
        set_up: || encode(Codec::Opus),
        counted: 0,
    },
];

/// A stream that has started.
pub(super) fn started() -> Twilio {
    let start = format!(
        r#"{{"event":"start","sequenceNumber":"1","streamSid":"{STREAM}","start":{{"accountSid":"AC0","streamSid":"{STREAM}","callSid":"CA0","tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"customParameters":{{"token":"t"}}}}}}"#
    );
    let mut twilio = Twilio::new();
    let read = twilio.read(Message::Text(&start)).expect("a good start");
    assert!(matches!(read, Some(Incoming::Started(_))));
    twilio
}

/// A `media` message as Twilio writes it, the `number`th.
pub(super) fn media(payload: &[u8], number: usize) -> String {
    let (sequence, ms) = (number + 1, number * 20);
    let payload = BASE64.encode_to_string(payload);
    format!(
        r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{number}","timestamp":"{ms}","payload":"{payload}"}},"streamSid":"{STREAM}"}}"#
    )
}

fn frame() -> Vec<u8> {
    sound::mulaw(&sound::speech()[8_000..8_160])
}

fn read() -> Work {
    let (mut translator, frame) = (started(), frame());
    let message = media(&frame, 1);
    let read = translator.read(Message::Text(&message)).expect("a good message");
    assert_eq!(read, Some(Incoming::Audio { payload: &frame }));
    Box::new(move || match translator.read(Message::Text(black_box(&message))) {
        Ok(Some(Incoming::Audio { payload })) => {
            black_box(payload);
        }
        other => unreachable!("{other:?}"),
    })
}

fn read_naive() -> Work {
    let frame = frame();
    let message = media(&frame, 1);
    let read = |message: &str| -> Vec<u8> {
        let json: serde_json::Value = serde_json::from_str(message).expect("JSON");
        assert_eq!(json["event"], "media");
        BASE64.decode_to_vec(json["media"]["payload"].as_str().expect("text")).expect("base64")
    };
    assert_eq!(read(&message), frame);
    Box::new(move || {
        black_box(read(black_box(&message)));
    })
}

fn write() -> Work {
    let (mut translator, frame, mut out) = (started(), frame(), Vec::new());
    translator.write(Outgoing::Audio(&frame), &mut out);
    let json: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(json["media"]["payload"], BASE64.encode_to_string(&frame));
    Box::new(move || {
        out.clear();
        translator.write(Outgoing::Audio(black_box(&frame)), &mut out);
        black_box(&out);
    })
}

fn write_naive() -> Work {
    let frame = frame();
    Box::new(move || {
        let json = serde_json::json!({
            "event": "media", "streamSid": STREAM,
            "media": {"payload": BASE64.encode_to_string(black_box(&frame))}
        });
        black_box(json.to_string());
    })
}

fn from_base64() -> Work {
    let frame = frame();
    let text = BASE64.encode_to_string(&frame);
    let mut out = Vec::new();
    Box::new(move || {
        out.clear();
        assert!(BASE64.decode_append(black_box(text.as_bytes()), &mut out).is_ok());
        assert_eq!(out.len(), frame.len());
    })
}

fn to_base64() -> Work {
    let (frame, mut out) = (frame(), String::new());
    Box::new(move || {
        out.clear();
        BASE64.encode_append(black_box(&frame), &mut out);
        assert_eq!(out.len(), 216);
    })
}

fn pipe() -> Work {
    let (mut translator, mut out) = (Loopback::new(), Vec::new());
    let started = Incoming::Started(Started {
        stream_id: STREAM.to_owned(),
        carrier_call_id: "CA0".to_owned(),
        format: Format { codec: Codec::Mulaw, rate_hz: 8_000, channels: 1 },
        parameters: BTreeMap::new(),
    });
    loopback::encode(&started, &mut out);
    assert!(translator.read(Message::Binary(&out)).is_ok());
    Box::new(move || {
        out.clear();
        loopback::encode(&Incoming::Audio { payload: black_box(&[0x7e; 160]) }, &mut out);
        assert!(black_box(translator.read(Message::Binary(&out))).is_ok());
    })
}

fn rtp() -> Work {
    let payload = frame();
    let packet = Packet {
        payload_type: 0,
        marker: false,
        sequence: 7,
        timestamp: 1120,
        ssrc: 9,
        payload: &payload,
    };
    let mut datagram = Vec::new();
    packet.write(&mut datagram);
    assert_eq!(Packet::parse(&datagram), Ok(packet));
    Box::new(move || {
        assert!(black_box(Packet::parse(black_box(&datagram))).is_ok());
    })
}

fn check() -> Work {
    let token = token::mint(b"secret", "0199c1f2-7f8e-7000-8000-000000000001", 1_000);
    Box::new(move || {
        assert!(token::verify(b"secret", black_box(&token), 0).is_ok());
    })
}

/// A coder and a decoder, 20 ms of speech and the same as bytes.
fn coded(codec: Codec) -> (Encoder, Decoder, Vec<i16>, Vec<u8>) {
    let rate_hz = codec.rate_hz_default();
    let samples = rate_hz as usize / 50;
    let speech: Vec<i16> = sound::speech()[8_000..].iter().copied().take(samples).collect();
    let mut encoder = Encoder::new(codec, rate_hz).expect("its own rate");
    let mut decoder = Decoder::new(codec, rate_hz).expect("its own rate");
    let (mut payload, mut decoded) = (Vec::new(), Vec::new());
    encoder.encode(&speech, &mut payload).expect("one frame");
    decoder.decode(&payload, &mut decoded).expect("our own payload");
    assert_eq!(decoded.len(), samples, "{codec:?}");
    assert!(decoded.iter().any(|sample| *sample != 0), "{codec:?}: silence");
    (encoder, decoder, speech, payload)
}

fn decode(codec: Codec) -> Work {
    let (_, mut decoder, mut pcm, payload) = coded(codec);
    Box::new(move || {
        pcm.clear();
        assert!(black_box(decoder.decode(black_box(&payload), &mut pcm)).is_ok());
    })
}

fn encode(codec: Codec) -> Work {
    let (mut encoder, _, speech, mut payload) = coded(codec);
    Box::new(move || {
        payload.clear();
        assert!(black_box(encoder.encode(black_box(&speech), &mut payload)).is_ok());
    })
}

/// G.711's reference code, sample by sample.
fn arithmetic() -> Work {
    let (_, _, speech, mut payload) = coded(Codec::Mulaw);
    let encode = |sample: i16| {
        let magnitude = (if sample < 0 { !sample } else { sample } >> 2) + 33;
        let magnitude = magnitude.min(0x1FFF);
        let mut segment = 0;
        while magnitude >> (segment + 6) != 0 {
            segment += 1;
        }
        let bits = (segment << 4) as u8 | (magnitude >> (segment + 1)) as u8 & 0x0F;
        !(bits | if sample < 0 { 0x80 } else { 0 })
    };
    assert_eq!(speech.iter().map(|s| encode(*s)).collect::<Vec<u8>>(), payload);
    Box::new(move || {
        payload.clear();
        payload.extend(black_box(&speech).iter().map(|sample| encode(*sample)));
        black_box(&payload);
    })
}
