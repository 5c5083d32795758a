//! What the neural nets cost. Expected: Silero 130–170 µs for 32 ms of one stream and a third of
//! that each in a batch of 16; Moonshine's final text of a 3 s utterance 100 ms; hibari's first
//! sound of a sentence 50–100 ms, all of it a third more.

use std::hint::black_box;
use std::sync::Arc;

use agent::stt::moonshine;
use agent::tts::{Dialect as _, Input, Output, hibari};
use criterion::{Criterion, criterion_group, criterion_main};
use media::Mono;
use media::circuit::{JUDGE_SAMPLES, UtteranceId};
use media::vad::silero::{Silero, SileroStream};

fn judge(c: &mut Criterion) {
    let silero = Silero::from_onnx(benches::model("silero-vad/silero_vad.onnx")).expect("Silero");
    let speech = benches::sound::speech();
    let chunks: Vec<&[i16; JUDGE_SAMPLES]> = speech.as_chunks().0.iter().collect();
    let mut at = 0;
    let mut next = || {
        at = (at + 1) % chunks.len();
        chunks[at]
    };
    let mut stream = SileroStream::default();
    let most = chunks.iter().map(|chunk| silero.judge(&mut stream, chunk)).fold(0.0, f32::max);
    assert!(most > 0.9, "speech is speech: {most}");
    c.bench_function("silero: 32 ms of one stream", |b| {
        b.iter(|| black_box(silero.judge(&mut stream, next())));
    });
    let mut streams: Vec<SileroStream> = (0..16).map(|_| SileroStream::default()).collect();
    let mut batch: Vec<_> = streams.iter_mut().map(|stream| (stream, chunks[0])).collect();
    assert_eq!(silero.judge_many(&mut batch).len(), 16);
    c.bench_function("silero: 32 ms of 16 streams in one batch", |b| {
        b.iter(|| {
            let chunk = next();
            let mut batch: Vec<_> = streams.iter_mut().map(|stream| (stream, chunk)).collect();
            black_box(silero.judge_many(&mut batch))
        });
    });
}

fn ear(c: &mut Criterion) {
    let model = moonshine::Model::from_bytes(
        benches::model("moonshine-tiny-en/encoder.onnx"),
        benches::model("moonshine-tiny-en/decoder.onnx"),
        &benches::model("moonshine-tiny-en/tokenizer.bin"),
    )
    .expect("Moonshine");
    let speech = benches::sound::speech();
    let utterance = &speech[..speech.len().min(3 * 8_000)];
    let text = model.hear_8k(None, utterance).expect("text");
    assert!(text.split_whitespace().count() > 3, "{text:?}");
    let mut group = c.benchmark_group("moonshine");
    group.sample_size(10);
    group.bench_function("final text of 3 s", |b| {
        b.iter(|| black_box(model.hear_8k(None, black_box(utterance))));
    });
    group.finish();
}

fn mouth(c: &mut Criterion) {
    let text = |name: &str| String::from_utf8(benches::model(name)).expect("text");
    let model = hibari::Model::from_bytes(hibari::Files {
        voice: benches::model("hibari-heart/hibari.onnx"),
        oov: benches::model("hibari-heart/oov.onnx"),
        oov_table: &text("hibari-heart/oov.json"),
        vocab: &text("hibari-heart/vocab.json"),
        normalize: &text("hibari-heart/normalize.json"),
    })
    .expect("hibari");
    let sentence = "Hello, I would like to book a table for two on Friday at seven.";
    let voice = hibari::Voice::named("jessica").expect("a voice of the API");
    let first_sound = || {
        let mut mouth = hibari::Hibari::new(Arc::clone(&model), voice);
        let utterance = UtteranceId(1);
        mouth.handle(Mono::ZERO, Input::Say { utterance, text: sentence });
        std::iter::from_fn(|| mouth.poll()).find_map(|output| match output {
            Output::Audio { samples, .. } => Some(samples.len()),
            _ => None,
        })
    };
    assert!(first_sound() > Some(0));
    let whole = model.speak(sentence, voice).samples_8k.len();
    assert!((2 * 8_000..8 * 8_000).contains(&whole), "{whole} samples");
    let mut group = c.benchmark_group("hibari");
    group.sample_size(10);
    group.bench_function("first sound of a sentence", |b| b.iter(|| black_box(first_sound())));
    group.bench_function("all of a sentence", |b| {
        b.iter(|| black_box(model.speak(black_box(sentence), voice).samples_8k.len()));
    });
    group.finish();
}

criterion_group!(benches, judge, ear, mouth);
criterion_main!(benches);
