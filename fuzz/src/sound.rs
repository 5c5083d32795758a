//! What comes as sound: codec payloads, samples, and a whole circuit fed with anything.

use std::time::Duration;

use media::Mono;
use media::circuit::{
    Circuit, CircuitConfig, Command, Input, Keys, MarkId, Transport, UtteranceId, Verdict,
};
use media::codec::{Codec, Decoder, Encoder};

use crate::bytes::Bytes;

/// Most steps of one input: a fuzzer learns nothing from longer ones.
const STEPS_MAX: usize = 400;

/// Longest call.
const CALL_MAX: Mono = Mono::from_millis(24 * 3_600_000);

const CODECS: [Codec; 6] =
    [Codec::Mulaw, Codec::Alaw, Codec::L16, Codec::L16Le, Codec::G722, Codec::Opus];

/// Every codec's decoder with any payloads, losses in between, and its encoder with any samples.
pub fn codec(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let codec = CODECS[usize::from(bytes.byte()) % CODECS.len()];
    let rate_hz = codec.rate_hz_default();
    let (Ok(mut decoder), Ok(mut encoder)) =
        (Decoder::new(codec, rate_hz), Encoder::new(codec, rate_hz))
    else {
        return;
    };
    let mut pcm = Vec::new();
    let mut payload = Vec::new();
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        pcm.clear();
        payload.clear();
        match bytes.byte() % 4 {
            0 | 1 => {
                let _ = decoder.decode(bytes.piece(), &mut pcm);
            }
            2 => decoder.conceal(usize::from(bytes.short() % 2_000), &mut pcm),
            _ => {
                let _ = encoder.encode(&bytes.samples(), &mut payload);
            }
        }
        assert!(pcm.len() <= 200_000, "one payload became {} samples", pcm.len());
    }
}

/// A whole circuit, over a stream or over RTP, fed with anything in any order.
pub fn circuit(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let config = circuit_config(&mut bytes);
    let Ok(mut circuit) = Circuit::new(&config, Mono::ZERO) else { return };
    let mut now = Mono::ZERO;
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        step(&mut circuit, &mut now, &mut bytes);
        drain(&mut circuit);
    }
    // Time alone must not keep it busy for ever.
    for _ in 0..STEPS_MAX {
        let Some((at, _)) = circuit.deadline().filter(|(at, _)| *at < CALL_MAX) else { break };
        now = now.max(at);
        circuit.handle(now, Input::Tick);
        drain(&mut circuit);
    }
}

fn circuit_config(bytes: &mut Bytes<'_>) -> CircuitConfig {
    let codec = CODECS[usize::from(bytes.byte()) % CODECS.len()];
    let flags = bytes.byte();
    let transport = if flags & 1 == 0 {
        Transport::InOrder
    } else {
        Transport::Rtp { payload_type: 0, ssrc: 7, event_payload_type: Some(101) }
    };
    CircuitConfig {
        codec,
        rate_hz: codec.rate_hz_default(),
        frame_ms: [10, 20, 30, 60][usize::from(flags >> 1 & 3)],
        transport,
        clear: flags & 8 == 0,
        mark: flags & 16 == 0,
        lead_ms: 60 + u16::from(bytes.byte()),
        judge: flags & 32 == 0,
        ..CircuitConfig::default()
    }
}

fn drain(circuit: &mut Circuit) {
    let mut outputs = 0;
    while circuit.poll().is_some() {
        outputs += 1;
        assert!(outputs < 100_000, "outputs without end");
    }
}

fn step(circuit: &mut Circuit, now: &mut Mono, bytes: &mut Bytes<'_>) {
    let kind = bytes.byte();
    *now = *now + Duration::from_millis(u64::from(bytes.byte()));
    let id = u32::from(bytes.byte());
    match kind % 13 {
        0 | 1 => circuit.handle(*now, Input::Audio(bytes.piece())),
        2 | 3 => circuit.handle(*now, Input::Rtp(bytes.piece())),
        4 => circuit.handle(*now, Input::Rtcp(bytes.piece())),
        5 => circuit.handle(*now, Input::Mark(MarkId(id))),
        6 => {
            let samples = bytes.samples();
            circuit
                .handle(*now, Input::Speech { utterance: UtteranceId(id % 8), samples: &samples });
        }
        7 => circuit.handle(*now, Input::SpeechEnd(UtteranceId(id % 8))),
        8 => {
            let probability = f32::from_bits(bytes.word());
            circuit.handle(*now, Input::Verdict(Verdict { chunk: id, probability }));
        }
        9 => {
            let say =
                Command::Say { utterance: UtteranceId(id % 8), interruptible: kind & 64 == 0 };
            circuit.handle(*now, Input::Command(say));
        }
        10 => circuit.handle(*now, Input::Command(command(id, bytes))),
        11 => circuit.handle(*now, Input::Relay(&bytes.samples())),
        _ => circuit.handle(*now, Input::Tick),
    }
}

fn command(id: u32, bytes: &mut Bytes<'_>) -> Command {
    match id % 4 {
        0 => Command::Clear,
        3 => Command::Bridge,
        1 => Command::Words { count: bytes.short(), back_channel: id & 4 == 0 },
        _ => {
            let (tone_ms, gap_ms) = (bytes.short(), bytes.short());
            Keys::parse(&bytes.text())
                .map_or(Command::Clear, |keys| Command::Keys(keys.timed(tone_ms, gap_ms)))
        }
    }
}
