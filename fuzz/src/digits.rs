//! Keys: written sequences, RFC 4733 events, tones in sound.

use dtmf::event::{Event, EventReceiver};
use dtmf::{Detector, ToneDetector, sequence};

use crate::bytes::Bytes;

/// Key sequences as people write them.
pub fn key_sequence(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(steps) = sequence::parse(&text) {
        assert!(!steps.is_empty() && steps.len() <= sequence::STEPS_MAX);
    }
}

/// RFC 4733 payloads: what parses encodes to the same bytes, and a receiver counts no key twice.
pub fn rfc4733(data: &[u8]) {
    let mut receiver = EventReceiver::new();
    let mut bytes = Bytes::new(data);
    while !bytes.is_empty() {
        let timestamp = bytes.word();
        let length = usize::from(bytes.byte() % 16);
        let payload = bytes.take(length);
        if let Ok(event) = Event::parse(payload) {
            assert_eq!(Event::parse(&event.encode()), Ok(event));
        }
        let _ = receiver.receive(timestamp, payload);
        assert!(!matches!(receiver.receive(timestamp, payload), Ok(Some(_))), "one key, twice");
    }
}

/// The detectors of keys and of tones, with any sound in pieces of any length.
pub fn tones(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let (mut keys, mut tones) = (Detector::new(), ToneDetector::new());
    let mut fed = 0;
    while !bytes.is_empty() {
        let samples = bytes.samples();
        fed += samples.len() as u64;
        keys.feed(&samples, |press| assert!(press.at_sample < press.known_sample));
        tones.feed(&samples, |tone| {
            assert!(tone.from_sample <= fed && tone.to_sample.is_none_or(|to| to <= fed));
        });
    }
}
