//! The pipe's two ends against each other and against whatever else may come.

use std::collections::BTreeMap;

use dtmf::Digit;
use media::{circuit::MarkId, codec::Codec};
use proptest::prelude::*;

use super::*;
use crate::{
    cause::Cause,
    conformance::{self, Case, Said, Wire},
    stream::{Format, Started},
};

/// The carrier's end of the pipe.
struct LoopbackCase;

fn encoded(incoming: &Incoming<'_>) -> Wire {
    let mut out = Vec::new();
    encode(incoming, &mut out);
    Wire::Binary(out)
}

fn start_words() -> Started {
    Started {
        stream_id: "line-1".into(),
        carrier_call_id: "call-1".into(),
        format: LoopbackCase.format(),
        parameters: BTreeMap::from([("token".into(), "t".into()), ("é".into(), String::new())]),
    }
}

impl Case for LoopbackCase {
    type Translator = Loopback;

    fn translator(&self) -> Loopback {
        Loopback::new()
    }

    fn format(&self) -> Format {
        Format { codec: Codec::Mulaw, rate_hz: 8_000, channels: 1 }
    }

    fn start(&self) -> Vec<Wire> {
        vec![
            encoded(&Incoming::Ringing),
            encoded(&Incoming::Answered),
            encoded(&Incoming::Started(start_words())),
        ]
    }

    fn audio(&self, _index: u32, payload: &[u8]) -> Wire {
        Wire::Binary([&[2], payload].concat())
    }

    fn digit(&self, digit: Digit) -> Wire {
        Wire::Binary(vec![3, digit.as_char() as u8])
    }

    fn mark(&self, mark: MarkId) -> Wire {
        Wire::Binary([&[4_u8][..], &mark.0.to_le_bytes()].concat())
    }

    fn stop(&self) -> Wire {
        Wire::Binary(vec![6])
    }

    fn garbage(&self) -> Vec<Wire> {
        let mut garbage = vec![Wire::Text("{}".into()), Wire::Binary(Vec::new())];
        let bad: [&[u8]; 8] = [
            &[1],
            &[1, 255, 255, 0],
            &[3],
            &[3, b'x'],
            &[4, 1, 2, 3],
            &[4, 1, 2, 3, 4, 5],
            &[9, 200, 0],
            &[9, 0, 2],
        ];
        garbage.extend(bad.iter().map(|bytes| Wire::Binary(bytes.to_vec())));
        garbage.push(Wire::Binary([&[2][..], &vec![0; PAYLOAD_BYTES_MAX + 1]].concat()));
        garbage
    }

    fn unknown(&self) -> Vec<Wire> {
        vec![Wire::Binary(vec![77, 1, 2]), Wire::Binary(vec![2])]
    }

    fn understand(&self, kind: Kind, bytes: &[u8]) -> Option<Said> {
        if kind != Kind::Binary {
            return None;
        }
        match decode(bytes).ok()? {
            Outgoing::Audio(payload) => Some(Said::Audio(payload.to_vec())),
            Outgoing::Mark(mark) => Some(Said::Mark(mark)),
            Outgoing::Clear => Some(Said::Clear),
        }
    }
}

#[test]
fn passes_the_suite() {
    conformance::run(&LoopbackCase).expect("conformance");
}

#[test]
fn what_the_carrier_encodes_we_read() {
    let causes = [Cause::NormalClearing, Cause::UserBusy, Cause::MediaLost, Cause::Other];
    let mut words = vec![
        Incoming::Ringing,
        Incoming::Answered,
        Incoming::Started(start_words()),
        Incoming::Stopped,
    ];
    words.extend(causes.map(|cause| Incoming::Ended { cause, by_callee: true }));
    words.extend(causes.map(|cause| Incoming::Ended { cause, by_callee: false }));
    let mut loopback = Loopback::new();
    for word in words {
        let Wire::Binary(bytes) = encoded(&word) else { panic!("binary") };
        assert_eq!(loopback.read(Message::Binary(&bytes)), Ok(Some(word)));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0_u8..11) {
        let mut loopback = Loopback::new();
        let _ = loopback.read(Message::Binary(&bytes));
        let kinded = [&[kind][..], &bytes].concat();
        let _ = loopback.read(Message::Binary(&kinded));
        let _ = decode(&bytes);
        let _ = decode(&kinded);
    }

    #[test]
    fn any_start_survives(stream in ".{0,40}", value in ".{0,200}", rate_hz in 1_u32..200_000) {
        let mut started = start_words();
        started.stream_id = stream;
        started.format.rate_hz = rate_hz;
        started.parameters.insert("v".into(), value);
        let Wire::Binary(bytes) = encoded(&Incoming::Started(started.clone())) else { unreachable!() };
        let mut loopback = Loopback::new();
        let got = loopback.read(Message::Binary(&bytes));
        prop_assert_eq!(got, Ok(Some(Incoming::Started(started))));
    }
}
