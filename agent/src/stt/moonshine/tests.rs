//! The ear on recorded telephone speech.
#![allow(clippy::disallowed_methods, reason = "the model is read from its file")]

use std::sync::OnceLock;

use media::{Mono, codec::g711};

use super::*;
use crate::stt::{Dialect, Event, Input, Output, SegmentId};

const ID: SegmentId = SegmentId(3);
/// "I am sorry, that's not a valid extension. Please try again."
const SORRY: &[u8] = include_bytes!("../../../../fixtures/dtmf/invalid.wav");

fn model() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    let file = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/moonshine-tiny-en/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    };
    let load = || {
        let (encoder, decoder) = (file("encoder.onnx"), file("decoder.onnx"));
        Model::from_bytes(encoder, decoder, &file("tokenizer.bin")).unwrap()
    };
    Arc::clone(MODEL.get_or_init(load))
}

fn samples(wav: &[u8]) -> Vec<i16> {
    let data = wav.windows(4).position(|name| name == b"data").unwrap() + 8;
    wav[data..].iter().map(|b| g711::mulaw_decode(*b)).collect()
}

fn drain(ear: &mut Moonshine) -> Vec<Event> {
    std::iter::from_fn(|| ear.poll())
        .map(|output| match output {
            Output::Event(event) => event,
            Output::Wire(wire) => panic!("{wire:?}"),
        })
        .collect()
}

fn final_text(events: &[Event]) -> &str {
    match events {
        [Event::Final { segment: ID, text }] => text,
        other => panic!("{other:?}"),
    }
}

fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect()
}

/// Sound in frames of 20 ms, with a tick wherever one is due.
fn hear(ear: &mut Moonshine, samples: &[i16]) {
    for frame in samples.chunks(160) {
        ear.handle(Mono::ZERO, Input::Audio(frame));
        if ear.deadline().is_some() {
            ear.handle(Mono::ZERO, Input::Tick);
        }
    }
}

#[test]
fn transcribes_a_prompt_and_no_words_in_silence() {
    let model = model();
    let text = plain(&model.hear_8k(None, &samples(SORRY)).unwrap());
    assert!(text.contains("not a valid extension please try again"), "{text}");
    assert_eq!(model.hear_8k(None, &[0; 16_000]).unwrap(), "");
    assert_eq!(model.hear_8k(None, &[]).unwrap(), "");
    assert_eq!(model.transcribe(&[0.0001; 20_000]), "");
}

#[test]
fn partials_lead_to_the_final_and_an_answer_is_kept() {
    let mut ear = Moonshine::new(model(), Config { partial_ms: 1000, ..Config::default() });
    let sound = samples(SORRY);
    // The segment is opened after its first samples came: they are taken from the ring.
    hear(&mut ear, &sound[..4000]);
    ear.handle(Mono::ZERO, Input::Open { segment: ID, from_sample: 1000 });
    hear(&mut ear, &sound[4000..]);
    let to_sample = sound.len() as u64;
    hear(&mut ear, &[0; 1600]);
    let partials = drain(&mut ear);
    assert!((2..=5).contains(&partials.len()), "{partials:?}");
    ear.handle(Mono::ZERO, Input::Finalise { segment: ID, to_sample });
    let events = drain(&mut ear);
    assert!(plain(final_text(&events)).ends_with("please try again"), "{events:?}");
    ear.handle(Mono::ZERO, Input::Finalise { segment: ID, to_sample });
    assert_eq!(drain(&mut ear), events);
    ear.handle(Mono::ZERO, Input::Close(ID));
    hear(&mut ear, &sound[..16_000]);
    assert_eq!(drain(&mut ear), [], "a closed segment has no partials");
}

#[test]
fn speech_may_go_on_after_a_final_and_long_speech_is_settled() {
    let config = Config { partials: false, settle_ms: 3000, ..Config::default() };
    let mut ear = Moonshine::new(model(), config);
    let mut sound = samples(SORRY);
    sound.extend([0; 4000]);
    ear.handle(Mono::ZERO, Input::Open { segment: ID, from_sample: 0 });
    hear(&mut ear, &sound);
    let first = (sound.len() - 4000) as u64;
    ear.handle(Mono::ZERO, Input::Finalise { segment: ID, to_sample: first });
    assert_eq!(plain(final_text(&drain(&mut ear))).matches("try again").count(), 1);
    hear(&mut ear, &sound);
    let second = first + sound.len() as u64;
    ear.handle(Mono::ZERO, Input::Finalise { segment: ID, to_sample: second });
    let events = drain(&mut ear);
    assert_eq!(plain(final_text(&events)).matches("valid extension").count(), 2, "{events:?}");
}

#[test]
fn every_question_is_answered_even_without_a_segment() {
    let mut ear = Moonshine::new(model(), Config::default());
    ear.handle(Mono::ZERO, Input::Finalise { segment: ID, to_sample: 10 });
    assert_eq!(final_text(&drain(&mut ear)), "");
    ear.handle(Mono::ZERO, Input::Open { segment: ID, from_sample: u64::MAX / 16 });
    ear.handle(Mono::ZERO, Input::Finalise { segment: ID, to_sample: 5 });
    assert_eq!(final_text(&drain(&mut ear)), "");
    ear.handle(Mono::ZERO, Input::Close(SegmentId(9)));
    ear.handle(Mono::ZERO, Input::Tick);
    assert_eq!(drain(&mut ear), []);
}

#[test]
fn refuses_what_is_not_the_model() {
    assert!(Model::from_bytes(vec![1, 2, 3], vec![], &[]).is_err());
}
