//! How well, how soon and at what cost the embedded voice speaks: round trips through the embedded
//! ear, surnames, first sound, levels, and likeness to another run of the same net.
//!
//! ```text
//! cargo run --release -p agent --example measure_mouth -- [--reference DIR] [--voices DIR] [-v]
//! ```
//!
//! `--reference DIR` holds `hibari_00.wav` … in the order of [`SENTENCES`], made by the model's
//! publisher's own program. `--voices DIR` is where one sentence in each voice is written. With
//! `RTEN_NUM_THREADS=1` no thread waits for another.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program, no floor"
)]

mod names;
mod sound;
#[path = "../measure_ear/wav.rs"]
mod wav;
#[path = "../measure_ear/words.rs"]
mod words;

use std::{error::Error, fs, path::Path, sync::Arc, time::Instant};

use agent::{
    stt::moonshine,
    tts::{
        Dialect, Input, Output,
        hibari::{Files, Hibari, Model, Voice},
    },
};
use media::{Mono, circuit::UtteranceId, codec::g711};

type Failure = Box<dyn Error>;

const SENTENCES: [&str; 20] = [
    "Hi, this is Morgan, an automated assistant calling on behalf of Dana Whitfield.",
    "I'd like to book a table for four people on Friday at seven thirty in the evening.",
    "Could you please repeat the confirmation number, slowly?",
    "Thank you for waiting. I am transferring you to the account holder now.",
    "My reference number is four seven one, nine nine zero, two two eight.",
    "Sorry, I didn't catch that. Did you say fifteen or fifty dollars?",
    "No, the appointment should be moved to Tuesday the third of March, please.",
    "Please hold the line while I check that with my client.",
    "I'm calling about an invoice from your company dated last month.",
    "Is there an earlier time available on Wednesday morning?",
    "Goodbye, and have a wonderful afternoon.",
    "You've reached the voicemail of Jordan Ellis. Please leave a message after the tone.",
    "For billing, press one. For technical support, press two. To speak with a representative, press zero.",
    "Your call is important to us. All of our agents are currently assisting other customers.",
    "The cancellation fee will be waived if you return the equipment within thirty days.",
    "Can you tell me what documents I need to bring with me?",
    "The address is twelve forty five North Maple Avenue, apartment six.",
    "I understand. I will pass this message on and call you back tomorrow.",
    "Would it be possible to speak with a manager about this problem?",
    "The total comes to eighty six dollars and forty cents, including tax.",
];

static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

const SHOWN: &str = "Hello, this is a test call about a table for two on Friday at 7:30 pm.";

fn main() -> Result<(), Failure> {
    let (mut reference, mut voices, mut verbose) = (None, None, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--reference" => reference = args.next(),
            "--voices" => voices = args.next(),
            "-v" => verbose = true,
            other => return Err(format!("what is {other}?").into()),
        }
    }
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let started = Instant::now();
    let model = mouth(&models.join("hibari-heart"))?;
    println!("voice loaded in {} ms", started.elapsed().as_millis());
    let ear = ear(&models.join("moonshine-tiny-en"))?;
    shown(&model, voices.as_deref())?;
    first_sound(&model)?;
    if let Some(dir) = reference {
        likeness(&model, Path::new(&dir))?;
    }
    for voice in Voice::ALL {
        round_trip(&model, &ear, voice, verbose)?;
    }
    for voice in Voice::ALL {
        surnames(&model, &ear, voice, verbose)?;
    }
    uncommon(&model, &ear)
}

fn mouth(dir: &Path) -> Result<Arc<Model>, Failure> {
    Ok(Model::from_bytes(Files {
        voice: fs::read(dir.join("hibari.onnx"))?,
        oov: fs::read(dir.join("oov.onnx"))?,
        oov_table: &fs::read_to_string(dir.join("oov.json"))?,
        vocab: &fs::read_to_string(dir.join("vocab.json"))?,
        normalize: &fs::read_to_string(dir.join("normalize.json"))?,
    })?)
}

fn ear(dir: &Path) -> Result<Arc<moonshine::Model>, Failure> {
    let read = |name: &str| fs::read(dir.join(name));
    let tokenizer = read("tokenizer.bin")?;
    Ok(moonshine::Model::from_bytes(read("encoder.onnx")?, read("decoder.onnx")?, &tokenizer)?)
}

/// One sentence in every voice: length, level, peak, offset, and the largest step between samples,
/// at the borders of chunks and anywhere.
fn shown(model: &Arc<Model>, dir: Option<&str>) -> Result<(), Failure> {
    println!("\nvoice    s     dBFS  peak   DC     median Hz  worst step at a border / anywhere");
    for voice in Voice::ALL {
        let (samples, borders) = chunks(model, voice, SHOWN);
        if samples != model.speak(SHOWN, voice).samples_8k {
            return Err("in chunks it sounds otherwise than in one go".into());
        }
        let steps: Vec<i32> =
            samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).collect();
        let border = borders.iter().filter_map(|at| steps.get(at.checked_sub(1)?)).max();
        println!(
            "{:8} {:.2}  {:.1}  {:.2}  {:+.4}  {:5.0}     {} / {}",
            voice.name(),
            samples.len() as f32 / 8000.0,
            sound::speech_dbfs(&samples),
            samples.iter().map(|s| f32::from(*s).abs()).fold(0.0, f32::max) / 32768.0,
            samples.iter().map(|s| f64::from(*s)).sum::<f64>() / samples.len() as f64 / 32768.0,
            sound::median_pitch_hz(&samples),
            border.copied().unwrap_or_default(),
            steps.iter().max().copied().unwrap_or_default(),
        );
        if let Some(dir) = dir {
            fs::create_dir_all(dir)?;
            let path = Path::new(dir).join(format!("{}.wav", voice.name()));
            fs::write(path, sound::wav(&samples))?;
        }
    }
    Ok(())
}

/// What comes out of the dialect, and where its chunks end.
fn chunks(model: &Arc<Model>, voice: Voice, text: &str) -> (Vec<i16>, Vec<usize>) {
    let mut mouth = Hibari::new(Arc::clone(model), voice);
    mouth.handle(Mono::ZERO, Input::Say { utterance: UtteranceId(1), text });
    let (mut all, mut borders) = (Vec::new(), Vec::new());
    while let Some(output) = mouth.poll() {
        if let Output::Audio { samples, .. } = output {
            all.extend(samples);
            borders.push(all.len());
        }
    }
    (all, borders)
}

/// From `Say` to the first chunk, and the whole cost.
fn first_sound(model: &Arc<Model>) -> Result<(), Failure> {
    let (mut first_ms, mut spent_s, mut spoken_s) = (Vec::new(), 0.0, 0.0);
    for text in SENTENCES {
        let mut mouth = Hibari::new(Arc::clone(model), Voice::Jessica);
        let started = cpu_s();
        mouth.handle(Mono::ZERO, Input::Say { utterance: UtteranceId(1), text });
        let mut first = None;
        while let Some(output) = mouth.poll() {
            if let Output::Audio { samples, .. } = output {
                first.get_or_insert_with(|| (cpu_s() - started) * 1000.0);
                spoken_s += samples.len() as f64 / 8000.0;
            }
        }
        spent_s += cpu_s() - started;
        first_ms.push(first.ok_or("nothing was said")?);
    }
    first_ms.sort_by(f64::total_cmp);
    println!(
        "\nfirst sound, CPU time: p50 {:.0} ms, worst {:.0} ms of {}; CPU seconds a second {:.4}",
        first_ms[first_ms.len() / 2],
        first_ms[first_ms.len() - 1],
        first_ms.len(),
        spent_s / spoken_s
    );
    Ok(())
}

/// Seconds of CPU all threads of this process have used (Linux; by the clock elsewhere).
fn cpu_s() -> f64 {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return START.elapsed().as_secs_f64();
    };
    let spent_ns = tasks.flatten().filter_map(|task| {
        let line = fs::read_to_string(task.path().join("schedstat")).ok()?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    });
    spent_ns.sum::<f64>() / 1e9
}

/// Against the same sentences as the publisher's program says them.
fn likeness(model: &Model, dir: &Path) -> Result<(), Failure> {
    let (mut longer, mut apart) = (Vec::new(), Vec::new());
    for (i, text) in SENTENCES.iter().enumerate() {
        let theirs = wav::read(&fs::read(dir.join(format!("hibari_{i:02}.wav")))?)?;
        let ours = model.speak(text, Voice::Jessica).samples_8k;
        let (theirs, ours) = (sound::trim(&theirs), sound::trim(&ours));
        longer.push((ours.len() as f64 / theirs.len() as f64 - 1.0) * 100.0);
        apart.push(sound::distance_db(ours, theirs));
    }
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let worst = longer.iter().fold(0.0_f64, |worst, x| worst.max(x.abs()));
    println!(
        "\nagainst the reference: length {:+.1} % (worst {worst:.1} %), spectra {:.1} dB apart",
        mean(&longer),
        mean(&apart)
    );
    Ok(())
}

/// What the ear makes of it, after µ-law.
fn heard(ear: &moonshine::Model, samples: &[i16]) -> Result<String, Failure> {
    let line: Vec<i16> = samples
        .iter()
        .map(|sample| g711::mulaw_decode(g711::mulaw_encode(*sample)))
        .chain(std::iter::repeat_n(0, 2400))
        .collect();
    Ok(ear.hear_8k(None, &line)?)
}

fn round_trip(
    model: &Model,
    ear: &moonshine::Model,
    voice: Voice,
    verbose: bool,
) -> Result<(), Failure> {
    let (mut wrong, mut total) = (0, 0);
    for text in SENTENCES {
        let transcript = heard(ear, &model.speak(text, voice).samples_8k)?;
        let (said, heard) = (words::words(text), words::words(&transcript));
        let errors = words::errors(&said, &heard);
        wrong += errors;
        total += said.len();
        if verbose && errors > 0 {
            println!("  {errors}: {text}\n     {transcript}");
        }
    }
    let rate = 100.0 * wrong as f64 / total as f64;
    println!("round trip, {}: {wrong} of {total} words wrong, {rate:.1} %", voice.name());
    Ok(())
}

fn surnames(
    model: &Model,
    ear: &moonshine::Model,
    voice: Voice,
    verbose: bool,
) -> Result<(), Failure> {
    let mut right = 0;
    for (name, alike) in names::SURNAMES {
        let text = format!("I am calling for Dana {name}, about the appointment.");
        let transcript = heard(ear, &model.speak(&text, voice).samples_8k)?;
        let plain = |word: &str| word.trim_end_matches("'s").to_lowercase();
        let understood = transcript
            .split(|c: char| !(c.is_alphanumeric() || c == '\''))
            .map(plain)
            .any(|word| word == plain(name) || alike.contains(&word.as_str()));
        right += usize::from(understood);
        if verbose && !understood {
            println!("  {name}: {transcript}");
        }
    }
    println!("surnames, {}: {right} of {}", voice.name(), names::SURNAMES.len());
    Ok(())
}

fn uncommon(model: &Model, ear: &moonshine::Model) -> Result<(), Failure> {
    println!("\nuncommon names, as the ear spells them:");
    for name in names::UNCOMMON {
        let text = format!("I am calling for Dana {name}, about the appointment.");
        println!("  {name}: {}", heard(ear, &model.speak(&text, Voice::Jessica).samples_8k)?);
    }
    Ok(())
}
