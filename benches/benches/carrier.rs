//! What one frame (20 ms) costs on the wire. Expected: Twilio's `media` read in under 1 µs and
//! written in under 0.5 µs; a stream token checked in under 3 µs.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use telephony::stream::{Incoming, Message, Outgoing, Translator as _};
use telephony::{Loopback, Twilio, loopback, token};

const STREAM: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";

fn started() -> Twilio {
    let start = format!(
        r#"{{"event":"start","sequenceNumber":"1","streamSid":"{STREAM}","start":{{"accountSid":"AC0","streamSid":"{STREAM}","callSid":"CA0","tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"customParameters":{{"token":"t"}}}}}}"#
    );
    let mut twilio = Twilio::new();
    let read = twilio.read(Message::Text(&start)).expect("a good start");
    assert!(matches!(read, Some(Incoming::Started(_))));
    twilio
}

/// One `media` message as Twilio writes it; 160 bytes of µ-law are 216 of base64.
fn media() -> String {
    let payload = format!("{}=", "//7+".repeat(53) + "//8");
    format!(
        r#"{{"event":"media","sequenceNumber":"2","media":{{"track":"inbound","chunk":"1","timestamp":"20","payload":"{payload}"}},"streamSid":"{STREAM}"}}"#
    )
}

fn twilio(c: &mut Criterion) {
    let mut translator = started();
    let message = media();
    let read = translator.read(Message::Text(&message)).expect("a good message");
    assert!(matches!(read, Some(Incoming::Audio { payload }) if payload.len() == 161));
    c.bench_function("twilio: read one media message", |b| {
        b.iter(|| match translator.read(Message::Text(black_box(&message))) {
            Ok(Some(Incoming::Audio { payload })) => black_box(payload.len()),
            other => unreachable!("{other:?}"),
        });
    });
    let mut out = Vec::new();
    translator.write(Outgoing::Audio(&[0x7e; 160]), &mut out);
    assert!(out.len() > 216 && out.ends_with(b"\"}}"), "{}", String::from_utf8_lossy(&out));
    c.bench_function("twilio: write one media message", |b| {
        b.iter(|| {
            out.clear();
            translator.write(Outgoing::Audio(black_box(&[0x7e; 160])), &mut out);
            black_box(out.len())
        });
    });
}

fn pipe(c: &mut Criterion) {
    let mut message = Vec::new();
    loopback::encode(&Incoming::Audio { payload: &[0x7e; 160] }, &mut message);
    c.bench_function("loopback: write one frame, read it at the other end", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            loopback::encode(&Incoming::Audio { payload: black_box(&[0x7e; 160]) }, &mut out);
            black_box(Loopback::new().read(Message::Binary(&out)).is_err())
        });
    });
}

fn stream_token(c: &mut Criterion) {
    let token = token::mint(b"secret", "0199c1f2-7f8e-7000-8000-000000000001", 1_000);
    c.bench_function("token: verify", |b| {
        b.iter(|| token::verify(b"secret", black_box(&token), 0).expect("ours").len());
    });
}

criterion_group!(benches, twilio, pipe, stream_token);
criterion_main!(benches);
