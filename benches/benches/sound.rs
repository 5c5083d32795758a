//! What one frame (160 samples, 20 ms) costs in signal processing. Expected: G.711 well under 1 µs,
//! resampling 8 ↔ 16 or 24 kHz some µs, the key detector 1–3 µs; Opus 48 kHz some 100 µs.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dtmf::{Detector, Digit, Generator};
use media::codec::{Codec, Decoder, Encoder};
use media::resample::Resampler;

fn codecs(c: &mut Criterion) {
    for codec in [Codec::Mulaw, Codec::Alaw, Codec::G722, Codec::Opus] {
        let rate_hz = codec.rate_hz_default();
        let samples = rate_hz as usize / 50;
        let speech: Vec<i16> = benches::speech()[4_000..].iter().copied().take(samples).collect();
        let mut encoder = Encoder::new(codec, rate_hz).expect("its own rate");
        let mut decoder = Decoder::new(codec, rate_hz).expect("its own rate");
        let mut payload = Vec::new();
        encoder.encode(&speech, &mut payload).expect("one frame");
        let bytes = codec.bytes_of(samples).unwrap_or(payload.len());
        assert!(payload.len() == bytes && bytes > 20, "{codec:?}: {} bytes", payload.len());
        let mut decoded = Vec::new();
        decoder.decode(&payload, &mut decoded).expect("our own payload");
        assert_eq!(decoded.len(), samples, "{codec:?}");
        assert!(decoded.iter().any(|sample| *sample != 0), "{codec:?}: silence");
        c.bench_function(&format!("codec: encode 20 ms, {codec:?}"), |b| {
            let mut out = Vec::new();
            b.iter(|| {
                out.clear();
                encoder.encode(black_box(&speech), &mut out).expect("one frame");
                black_box(out.len())
            });
        });
        c.bench_function(&format!("codec: decode 20 ms, {codec:?}"), |b| {
            let mut pcm = Vec::new();
            b.iter(|| {
                pcm.clear();
                decoder.decode(black_box(&payload), &mut pcm).expect("our own payload");
                black_box(pcm.len())
            });
        });
    }
}

fn resampling(c: &mut Criterion) {
    for (from_hz, to_hz) in [(8_000, 16_000), (16_000, 8_000), (24_000, 8_000), (22_050, 8_000)] {
        let mut resampler = Resampler::new(from_hz, to_hz).expect("a telephone rate");
        let input = benches::hiss(from_hz as usize / 50);
        let mut out = Vec::new();
        for _ in 0..50 {
            resampler.process(&input, &mut out);
        }
        assert!(out.len().abs_diff(to_hz as usize) < 400, "{} samples a second", out.len());
        assert!(out.iter().any(|sample| *sample != 0), "{from_hz} to {to_hz} Hz: silence");
        c.bench_function(&format!("resample: 20 ms, {from_hz} to {to_hz} Hz"), |b| {
            b.iter(|| {
                out.clear();
                resampler.process(black_box(&input), &mut out);
                black_box(out.len())
            });
        });
    }
}

fn keys(c: &mut Criterion) {
    let speech = benches::speech();
    let mut detector = Detector::new();
    let mut frames = speech.chunks_exact(160).cycle();
    c.bench_function("keys: look for tones in 20 ms of speech", |b| {
        b.iter(|| {
            let frame = frames.next().unwrap_or_default();
            detector.feed(black_box(frame), |press| {
                black_box(press);
            });
        });
    });
    let key = Digit::try_from('5').expect("a key");
    let (mut tone, mut found) = ([0; 1600], 0);
    let mut generator = Generator::new(8_000, 100, 100);
    generator.push(key).expect("room for one key");
    assert_eq!(generator.fill(&mut tone), 1600);
    Detector::new().feed(&tone, |press| found += u32::from(press.digit == key));
    assert_eq!(found, 1, "the key that is made is found");
    c.bench_function("keys: make 100 ms of tone", |b| {
        let mut out = [0; 800];
        b.iter(|| {
            let mut generator = Generator::new(8_000, 100, 100);
            generator.push(black_box(key)).expect("room for one key");
            black_box(generator.fill(&mut out))
        });
    });
}

criterion_group!(benches, codecs, resampling, keys);
criterion_main!(benches);
