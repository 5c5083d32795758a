//! What Twilio's stream brings and takes fifty times a second allocates nothing once it runs.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use media::circuit::MarkId;
use telephony::{
    Twilio,
    stream::{Incoming, Kind, Message, Outgoing, Translator as _},
};

const STREAM: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";

fn started() -> Twilio {
    let start = format!(
        r#"{{"event":"start","sequenceNumber":"1","start":{{"streamSid":"{STREAM}","callSid":"CA0","mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}}},"streamSid":"{STREAM}"}}"#
    );
    let mut twilio = Twilio::new();
    let read = twilio.read(Message::Text(&start)).unwrap();
    assert!(matches!(read, Some(Incoming::Started(_))));
    twilio
}

/// Messages from Twilio, numbered from `from`: a second of `media`, with a mark and a key in between.
fn messages(from: u64) -> Vec<String> {
    let payload = format!("{}/w==", "//7+".repeat(53));
    let head = |event: &str, n: u64| {
        format!(r#"{{"event":"{event}","sequenceNumber":"{n}","streamSid":"{STREAM}""#)
    };
    (from..from + 50)
        .map(|n| match n % 25 {
            7 => format!(r#"{},"mark":{{"name":"{n}"}}}}"#, head("mark", n)),
            19 => {
                format!(r#"{},"dtmf":{{"track":"inbound_track","digit":"5"}}}}"#, head("dtmf", n))
            }
            _ => format!(
                r#"{},"media":{{"track":"inbound","chunk":"{n}","timestamp":"{}","payload":"{payload}"}}}}"#,
                head("media", n),
                n * 20
            ),
        })
        .collect()
}

/// Reads all and answers each with a frame, now and then with a mark or a clear.
fn run(twilio: &mut Twilio, messages: &[String], wire: &mut Vec<u8>) -> (usize, usize, usize) {
    let (mut heard_bytes, mut signals, mut written_bytes) = (0, 0, 0);
    for (message, n) in messages.iter().zip(0u32..) {
        match twilio.read(Message::Text(message)).unwrap().unwrap() {
            Incoming::Audio { payload } => heard_bytes += payload.len(),
            Incoming::Digit(_) | Incoming::Mark(_) => signals += 1,
            other => panic!("{other:?}"),
        }
        for outgoing in [Outgoing::Audio(&[0x7e; 160]), Outgoing::Mark(MarkId(n)), Outgoing::Clear]
        {
            wire.clear();
            assert_eq!(twilio.write(outgoing, wire), Some(Kind::Text));
            written_bytes += wire.len();
        }
    }
    (heard_bytes, signals, written_bytes)
}

#[test]
fn a_running_twilio_stream_does_not_allocate() {
    let mut twilio = started();
    let mut wire = Vec::with_capacity(1024);
    let (before, after) = (messages(2), messages(52));
    run(&mut twilio, &before, &mut wire);
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(String::from("one"))));
    assert_eq!(counted.count_total, 1, "the counter counts");
    let mut done = (0, 0, 0);
    let used = allocation_counter::measure(|| done = run(&mut twilio, &after, &mut wire));
    assert_eq!((done.0, done.1), (46 * 160, 4));
    assert!(done.2 > 50 * (216 + 100), "{done:?}");
    assert_eq!(twilio.sequence_breaks(), 0);
    assert_eq!((used.count_total, used.bytes_total), (0, 0), "{used:?}");
}
