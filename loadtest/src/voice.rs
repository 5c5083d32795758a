//! What callees sound like, rendered once: frames of base64, ready to be sent.

use base64_simd::STANDARD as BASE64;
use media::codec::g711::mulaw_encode;
use sim::recording::Shelf;
use sim::sound::{FRAME_SAMPLES, line_noise};

use crate::callees::RECORDINGS;

/// 160 bytes in base64.
const PAYLOAD_BYTES: usize = 216;
/// The quiet room behind a callee, in ms; it repeats.
const ROOM_MS: u32 = 4_000;
/// The room is this many times quieter than the noise of a bad line (−38 dBFS).
const ROOM_DIVISOR: i16 = 10;

/// One frame's payload.
pub(crate) type Payload = [u8; PAYLOAD_BYTES];

/// Everything callees may say.
#[derive(Debug)]
pub(crate) struct Voice {
    room: Vec<Payload>,
    speech: Vec<Vec<Payload>>,
}

impl Voice {
    /// Renders it from the recordings that ship with `sim`.
    pub(crate) fn shipped() -> Self {
        let shelf = Shelf::shipped();
        let noise: Vec<i16> =
            line_noise(ROOM_MS, 1).into_iter().map(|sample| sample / ROOM_DIVISOR).collect();
        let recordings = RECORDINGS.iter().filter_map(|name| shelf.get(name));
        Self { room: payloads(&noise), speech: recordings.map(payloads).collect() }
    }

    /// A frame of an empty room; any number will do.
    pub(crate) fn room(&self, number: u64) -> &Payload {
        &self.room[number as usize % self.room.len()]
    }

    /// A frame of recording `which`; any numbers will do.
    pub(crate) fn speech(&self, which: usize, number: u64) -> &Payload {
        match self.speech.get(which % self.speech.len().max(1)) {
            Some(frames) if !frames.is_empty() => &frames[number as usize % frames.len()],
            _ => self.room(number),
        }
    }
}

fn payloads(samples: &[i16]) -> Vec<Payload> {
    let frames = samples.chunks_exact(FRAME_SAMPLES).map(|frame| {
        let mulaw: Vec<u8> = frame.iter().map(|sample| mulaw_encode(*sample)).collect();
        let mut payload = [b'='; PAYLOAD_BYTES];
        let text = BASE64.encode_to_string(mulaw);
        let length = text.len().min(PAYLOAD_BYTES);
        payload[..length].copy_from_slice(&text.as_bytes()[..length]);
        payload
    });
    frames.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_whole_and_people_differ_from_rooms() {
        let voice = Voice::shipped();
        assert_eq!(voice.room.len(), 200);
        assert_eq!(voice.speech.len(), RECORDINGS.len());
        for (which, name) in RECORDINGS.iter().enumerate() {
            assert!(voice.speech[which].len() > 50, "{name} is short");
            let mulaw = BASE64.decode_to_vec(voice.speech(which, 7)).expect("base64");
            assert_eq!(mulaw.len(), FRAME_SAMPLES);
            assert_ne!(voice.speech(which, 7), voice.room(7));
        }
        assert_eq!(voice.room(0), voice.room(200));
    }
}
