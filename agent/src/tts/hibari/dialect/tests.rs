use std::sync::OnceLock;

use super::*;
use crate::tts::hibari::Files;

const ONE: UtteranceId = UtteranceId(1);
const TWO: UtteranceId = UtteranceId(2);

#[expect(clippy::disallowed_methods, reason = "a test reads the model itself")]
fn model() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    let load = || {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/hibari-heart");
        let read = |name: &str| std::fs::read(format!("{dir}/{name}")).unwrap();
        let text = |name: &str| String::from_utf8(read(name)).unwrap();
        Model::from_bytes(Files {
            voice: read("hibari.onnx"),
            oov: read("oov.onnx"),
            oov_table: &text("oov.json"),
            vocab: &text("vocab.json"),
            normalize: &text("normalize.json"),
        })
        .unwrap()
    };
    Arc::clone(MODEL.get_or_init(load))
}

fn say(mouth: &mut Hibari, utterance: UtteranceId, text: &str) {
    mouth.handle(Mono::ZERO, Input::Say { utterance, text });
}

fn drain(mouth: &mut Hibari) -> Vec<Output> {
    std::iter::from_fn(|| mouth.poll()).collect()
}

fn samples(outputs: &[Output]) -> Vec<i16> {
    let sound = outputs.iter().filter_map(|output| match output {
        Output::Audio { samples, .. } => Some(samples.as_slice()),
        _ => None,
    });
    sound.flatten().copied().collect()
}

fn starts(outputs: &[Output]) -> Vec<(u32, u32)> {
    let words = outputs.iter().filter_map(|output| match output {
        Output::Event(Event::Words { starts, .. }) => Some(starts.as_slice()),
        _ => None,
    });
    words.flatten().copied().collect()
}

fn power(samples: &[i16]) -> f64 {
    samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len().max(1) as f64
}

#[test]
fn in_chunks_it_sounds_as_in_one_go_and_the_words_have_times() {
    let text = "Hello there. At 7:30 pm, please.";
    let mut mouth = Hibari::new(model(), Voice::Jessica);
    say(&mut mouth, ONE, text);
    let outputs = drain(&mut mouth);
    let whole = model().speak(text, Voice::Jessica);
    assert_eq!(samples(&outputs), whole.samples_8k);
    assert_eq!(starts(&outputs), whole.word_starts);
    let at: Vec<u32> = whole.word_starts.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [0, 6, 13, 16, 25]);
    assert!(whole.word_starts.is_sorted_by(|a, b| a.1 < b.1));
    let total_ms = u32::try_from(whole.samples_8k.len() / 8).unwrap();
    assert!((1500..5000).contains(&total_ms), "{total_ms}");
    assert_eq!(outputs.last(), Some(&Output::Event(Event::Done { utterance: ONE, total_ms })));
    // Each word sounds where it is said to.
    for (at, ms) in whole.word_starts {
        let from = ms as usize * 8;
        assert!(power(&whole.samples_8k[from..from + 1600]) > 1e4, "{at} at {ms} ms");
    }
}

#[test]
fn the_first_chunk_is_short_and_a_cancel_is_obeyed_between_chunks() {
    let mut mouth = Hibari::new(model(), Voice::Chris).on(&Lane::new());
    say(&mut mouth, ONE, "This is a sentence that takes a while to say.");
    say(&mut mouth, TWO, "Hello.");
    assert!(matches!(mouth.poll(), Some(Output::Event(Event::Words { utterance: ONE, .. }))));
    assert_eq!(mouth.poll(), Some(Output::Event(Event::Begun { utterance: ONE })));
    let Some(Output::Audio { utterance: ONE, samples }) = mouth.poll() else { panic!("no sound") };
    assert!((800..=2400).contains(&samples.len()), "{}", samples.len());
    mouth.handle(Mono::ZERO, Input::Cancel(ONE));
    let rest = drain(&mut mouth);
    assert!(matches!(rest[0], Output::Event(Event::Words { utterance: TWO, .. })), "{:?}", rest[0]);
    assert!(matches!(rest.last(), Some(Output::Event(Event::Done { utterance: TWO, .. }))));
}

#[test]
fn a_phrase_said_again_comes_from_the_cache_and_sounds_the_same() {
    let mut mouth = Hibari::new(model(), Voice::Sarah);
    say(&mut mouth, ONE, "One moment, please.");
    say(&mut mouth, TWO, "One moment, please.");
    let outputs = drain(&mut mouth);
    let second = outputs
        .iter()
        .position(|output| matches!(output, Output::Event(Event::Words { utterance: TWO, .. })));
    let (first, second) = outputs.split_at(second.unwrap());
    assert_eq!(samples(first), samples(second));
    assert_eq!(starts(first), starts(second));
    let prepared = Phrases::prepare(&model(), Voice::Sarah, &["One moment, please."]);
    let mut mouth = Hibari::new(model(), Voice::Sarah).with_phrases(prepared);
    say(&mut mouth, ONE, "One moment, please.");
    assert_eq!(samples(&drain(&mut mouth)), samples(first));
}

#[test]
fn nothing_to_say_is_done_at_once() {
    let mut mouth = Hibari::new(model(), Voice::Jessica);
    for text in ["", " ... ", "😀", "—"] {
        say(&mut mouth, ONE, text);
        let done = Output::Event(Event::Done { utterance: ONE, total_ms: 0 });
        assert_eq!(drain(&mut mouth), [done], "{text:?}");
    }
}

#[test]
fn too_much_at_once_is_refused_by_number() {
    let mut mouth = Hibari::new(model(), Voice::Jessica);
    say(&mut mouth, ONE, &"word ".repeat(TEXT_BYTES_MAX));
    for n in 0..=QUEUE_MAX {
        say(&mut mouth, UtteranceId(10 + n as u32), "Hi.");
    }
    let refused: Vec<_> = (0..2)
        .filter_map(|_| match mouth.poll() {
            Some(Output::Event(Event::Failed { utterance, fault })) => {
                Some((utterance, fault.class))
            }
            _ => None,
        })
        .collect();
    let last = UtteranceId(10 + QUEUE_MAX as u32);
    let expected = [(Some(ONE), FaultClass::BadRequest), (Some(last), FaultClass::Quota)];
    assert_eq!(refused, expected);
}

#[test]
fn the_four_voices_sound_apart_and_stay_under_full_scale() {
    let mut seen: Vec<Vec<i16>> = Vec::new();
    for voice in Voice::ALL {
        assert_eq!(Voice::named(voice.name()), Some(voice));
        let speech = model().speak("Thank you for waiting.", voice).samples_8k;
        let peak = speech.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((6_000..32_000).contains(&peak), "{voice:?}: {peak}");
        let mean = speech.iter().map(|s| f64::from(*s)).sum::<f64>() / speech.len() as f64;
        assert!(mean.abs() < 20.0, "{voice:?} has an offset of {mean}");
        assert!(!seen.contains(&speech));
        seen.push(speech);
    }
}

#[test]
fn a_sentence_without_end_is_cut_so_that_every_run_is_bounded() {
    let text = "one two three four five six seven eight nine ten ".repeat(12);
    let speech = model().speak(&text, Voice::Jessica);
    assert_eq!(speech.word_starts.len(), 120);
    assert!(speech.samples_8k.len() > 20 * 8000);
}
