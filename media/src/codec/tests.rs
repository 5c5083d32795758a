use std::f64::consts::TAU;

use proptest::prelude::*;

use super::*;

const ALL: [Codec; 6] =
    [Codec::Mulaw, Codec::Alaw, Codec::L16, Codec::L16Le, Codec::G722, Codec::Opus];

fn speechlike(rate_hz: u32, ms: usize) -> Vec<i16> {
    (0..rate_hz as usize * ms / 1_000)
        .map(|n| {
            let t = n as f64 / f64::from(rate_hz);
            let voice = (TAU * 220.0 * t).sin() + 0.5 * (TAU * 660.0 * t).sin();
            (voice * 6_000.0 * (0.6 + 0.4 * (TAU * 4.0 * t).sin())) as i16
        })
        .collect()
}

/// Encodes and decodes in 20 ms frames.
fn round_trip(codec: Codec, rate_hz: u32, pcm: &[i16]) -> Vec<i16> {
    let mut encoder = Encoder::new(codec, rate_hz).unwrap();
    let mut decoder = Decoder::new(codec, rate_hz).unwrap();
    let mut out = Vec::new();
    for frame in pcm.chunks_exact(rate_hz as usize / 50) {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload).unwrap();
        if let Some(bytes) = codec.bytes_of(frame.len()) {
            assert_eq!(payload.len(), bytes);
        }
        decoder.decode(&payload, &mut out).unwrap();
    }
    out
}

/// Best signal-to-noise ratio over the delays a codec may have, in dB.
fn snr_db(sent: &[i16], got: &[i16], delay_max: usize) -> f64 {
    (0..=delay_max)
        .map(|delay| {
            let (mut signal, mut noise) = (0.0, 1.0);
            for (&x, &y) in sent.iter().zip(&got[delay..]).skip(2_000) {
                signal += f64::from(x).powi(2);
                noise += (f64::from(x) - f64::from(y)).powi(2);
            }
            10.0 * (signal / noise).log10()
        })
        .fold(f64::MIN, f64::max)
}

#[test]
fn sound_survives_every_codec() {
    for (codec, rate_hz, least_db) in [
        (Codec::Mulaw, 8_000, 35.0),
        (Codec::Alaw, 8_000, 35.0),
        (Codec::L16, 16_000, 90.0),
        (Codec::L16Le, 24_000, 90.0),
        (Codec::G722, 16_000, 20.0),
        (Codec::Opus, 8_000, 8.0),
        (Codec::Opus, 16_000, 8.0),
        (Codec::Opus, 48_000, 8.0),
    ] {
        let sent = speechlike(rate_hz, 1_000);
        let got = round_trip(codec, rate_hz, &sent);
        assert_eq!(got.len(), sent.len());
        let db = snr_db(&sent, &got, rate_hz as usize / 80);
        assert!(db >= least_db, "{codec:?} at {rate_hz}: {db:.1} dB");
    }
}

#[test]
fn byte_orders_are_what_they_say() {
    let mut payload = Vec::new();
    Encoder::new(Codec::L16, 8_000).unwrap().encode(&[0x1234], &mut payload).unwrap();
    Encoder::new(Codec::L16Le, 8_000).unwrap().encode(&[0x1234], &mut payload).unwrap();
    assert_eq!(payload, [0x12, 0x34, 0x34, 0x12]);
}

#[test]
fn rates_that_do_not_exist_are_refused() {
    for (codec, rate_hz) in [
        (Codec::Mulaw, 16_000),
        (Codec::Alaw, 0),
        (Codec::G722, 8_000),
        (Codec::Opus, 44_100),
        (Codec::L16, 96_000),
    ] {
        assert_eq!(Decoder::new(codec, rate_hz).err(), Some(BadRate { codec, rate_hz }));
        assert_eq!(Encoder::new(codec, rate_hz).err(), Some(BadRate { codec, rate_hz }));
    }
}

#[test]
fn a_bad_payload_costs_only_itself() {
    for codec in ALL {
        let rate_hz = codec.rate_hz_default();
        let sound = speechlike(rate_hz, 200);
        let frame = rate_hz as usize / 50;
        let mut encoder = Encoder::new(codec, rate_hz).unwrap();
        let mut clean = Decoder::new(codec, rate_hz).unwrap();
        let mut disturbed = Decoder::new(codec, rate_hz).unwrap();
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        for frame in sound.chunks_exact(frame) {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload).unwrap();
            clean.decode(&payload, &mut expected).unwrap();
            let before = got.len();
            assert_eq!(disturbed.decode(&[], &mut got), Err(BadPayload::Empty));
            let huge = vec![0; 40_000];
            let too_long = Err(BadPayload::TooLong { bytes: 40_000 });
            assert_eq!(disturbed.decode(&huge, &mut got), too_long);
            match codec {
                Codec::L16 | Codec::L16Le => {
                    let odd = Err(BadPayload::OddLength { bytes: 321 });
                    assert_eq!(disturbed.decode(&[1; 321], &mut got), odd);
                }
                // A code-3 packet that promises frames it does not hold.
                Codec::Opus => {
                    let bad = disturbed.decode(&[0xFF, 0xFF, 0xFF], &mut got);
                    assert_eq!(bad, Err(BadPayload::NotOpus));
                }
                Codec::Mulaw | Codec::Alaw | Codec::G722 => {}
            }
            assert_eq!(got.len(), before);
            disturbed.decode(&payload, &mut got).unwrap();
        }
        assert_eq!(expected, got, "{codec:?}");
    }
}

#[test]
fn frames_a_codec_cannot_take_are_refused() {
    let mut payload = vec![7];
    let mut g722 = Encoder::new(Codec::G722, 16_000).unwrap();
    assert_eq!(g722.encode(&[0; 321], &mut payload), Err(BadFrame::OddLength { samples: 321 }));
    let mut opus = Encoder::new(Codec::Opus, 48_000).unwrap();
    let refused = Err(BadFrame::NotAnOpusFrame { samples: 959 });
    assert_eq!(opus.encode(&[0; 959], &mut payload), refused);
    assert_eq!(payload, [7]);
}

#[test]
fn losses_are_filled_exactly_and_not_with_silence() {
    for codec in ALL {
        let rate_hz = codec.rate_hz_default();
        let frame = rate_hz as usize / 50;
        let sound = speechlike(rate_hz, 600);
        let mut encoder = Encoder::new(codec, rate_hz).unwrap();
        let mut decoder = Decoder::new(codec, rate_hz).unwrap();
        let mut out = Vec::new();
        for (n, samples) in sound.chunks_exact(frame).enumerate() {
            let mut payload = Vec::new();
            encoder.encode(samples, &mut payload).unwrap();
            if n % 5 == 4 {
                decoder.conceal(frame, &mut out);
                let made_up = &out[out.len() - frame..];
                let peak = made_up.iter().map(|s| s.unsigned_abs()).max().unwrap();
                assert!(peak > 500, "{codec:?}: frame {n} peaks at {peak}");
            } else {
                decoder.decode(&payload, &mut out).unwrap();
            }
        }
        assert_eq!(out.len(), sound.len(), "{codec:?}");
    }
}

#[test]
fn the_next_opus_packet_recovers_a_lost_one() {
    let (rate_hz, frame) = (16_000, 320);
    let sound = speechlike(rate_hz, 1_000);
    let mut encoder = Encoder::new(Codec::Opus, rate_hz).unwrap();
    let payloads: Vec<Vec<u8>> = sound
        .chunks_exact(frame)
        .map(|samples| {
            let mut payload = Vec::new();
            encoder.encode(samples, &mut payload).unwrap();
            payload
        })
        .collect();
    let heard = |lose: fn(&mut Decoder, &[u8], &mut Vec<i16>)| {
        let mut decoder = Decoder::new(Codec::Opus, rate_hz).unwrap();
        let mut out = Vec::new();
        for (n, payload) in payloads.iter().enumerate() {
            if n % 4 == 3 && n + 1 < payloads.len() {
                lose(&mut decoder, &payloads[n + 1], &mut out);
            } else {
                decoder.decode(payload, &mut out).unwrap();
            }
        }
        assert_eq!(out.len(), sound.len());
        snr_db(&sound, &out, 200)
    };
    let recovered_db = heard(|decoder, next, out| decoder.recover(next, 320, out));
    let concealed_db = heard(|decoder, _, out| decoder.conceal(320, out));
    assert!(recovered_db > concealed_db + 1.0, "{recovered_db:.1} against {concealed_db:.1} dB");
    let (mut decoder, mut out) = (Decoder::new(Codec::Opus, rate_hz).unwrap(), vec![0; 16_000]);
    // A size the packet does not have, and codecs without FEC, fall back to concealment.
    decoder.recover(&payloads[3], 77, &mut out);
    assert_eq!(out.len(), sound.len() + 77);
    Decoder::new(Codec::Mulaw, 8_000).unwrap().recover(&[1, 2], 160, &mut out);
    assert_eq!(out.len(), sound.len() + 77 + 160);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn anything_from_outside_is_sound_or_an_error(
        codec in 0..ALL.len(),
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..12),
        conceal in 0usize..3_000,
    ) {
        let codec = ALL[codec];
        let mut decoder = Decoder::new(codec, codec.rate_hz_default()).unwrap();
        let mut pcm = Vec::new();
        for payload in &payloads {
            let before = pcm.len();
            if decoder.decode(payload, &mut pcm).is_err() {
                prop_assert_eq!(pcm.len(), before);
            }
            let before = pcm.len();
            decoder.conceal(conceal, &mut pcm);
            prop_assert_eq!(pcm.len(), before + conceal);
        }
    }

    #[test]
    fn lossless_codecs_lose_nothing(pcm in prop::collection::vec(any::<i16>(), 1..500)) {
        for codec in [Codec::L16, Codec::L16Le] {
            let (mut payload, mut back) = (Vec::new(), Vec::new());
            Encoder::new(codec, 16_000).unwrap().encode(&pcm, &mut payload).unwrap();
            Decoder::new(codec, 16_000).unwrap().decode(&payload, &mut back).unwrap();
            prop_assert_eq!(&back, &pcm);
        }
    }
}
