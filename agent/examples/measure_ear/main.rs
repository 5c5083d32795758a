//! How well and at what cost the embedded ear hears: word error rate, CPU per final, CPU per second.
//!
//! ```text
//! cargo run --release -p agent --example measure_ear -- DIR [--only PREFIX] [--hangover MS] [--no-partials] [-v]
//! ```
//!
//! DIR holds `labels.jsonl` (lines) or `manifest.json` (an array) of `{"file", "text"}`, files relative
//! to DIR. Each clip runs through judge and recogniser the way a call does: 20 ms frames, a segment
//! opened at speech, finalised after a pause, partials in between.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program, no floor"
)]

mod listen;
mod wav;
mod words;

use std::{error::Error, fs, path::Path, time::Duration};

use agent::stt::moonshine;
use media::vad::silero::Silero;

#[derive(serde::Deserialize)]
struct Label {
    file: String,
    #[serde(default)]
    text: Option<String>,
}

/// What the command line asks.
#[derive(Default)]
struct Asked {
    dir: String,
    only: String,
    hangover_ms: u64,
    partials: bool,
    verbose: bool,
}

fn asked() -> Result<Asked, Box<dyn Error>> {
    let mut asked = Asked { hangover_ms: 500, partials: true, ..Asked::default() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => asked.only = args.next().ok_or("--only needs a prefix")?,
            "--hangover" => {
                asked.hangover_ms = args.next().ok_or("--hangover needs ms")?.parse()?
            }
            "--no-partials" => asked.partials = false,
            "-v" => asked.verbose = true,
            _ => asked.dir = arg,
        }
    }
    if asked.dir.is_empty() {
        return Err("which folder? measure_ear DIR [--only PREFIX] [--hangover MS] [-v]".into());
    }
    Ok(asked)
}

fn labels(dir: &Path) -> Result<Vec<Label>, Box<dyn Error>> {
    if let Ok(lines) = fs::read_to_string(dir.join("labels.jsonl")) {
        return Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?);
    }
    Ok(serde_json::from_str(&fs::read_to_string(dir.join("manifest.json"))?)?)
}

fn models() -> Result<(Silero, std::sync::Arc<moonshine::Model>), Box<dyn Error>> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let file = |name: &str| fs::read(models.join(name));
    let silero = Silero::from_onnx(file("silero-vad/silero_vad.onnx")?)?;
    let model = moonshine::Model::from_bytes(
        file("moonshine-tiny-en/encoder.onnx")?,
        file("moonshine-tiny-en/decoder.onnx")?,
        &file("moonshine-tiny-en/tokenizer.bin")?,
    )?;
    Ok((silero, model))
}

/// Value below which this share of the sorted values lies, in ms.
fn quantile_ms(sorted: &[Duration], share: f64) -> f64 {
    let at = ((sorted.len() as f64 - 1.0) * share).round().max(0.0) as usize;
    sorted.get(at).map_or(0.0, |d| d.as_secs_f64() * 1000.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let asked = asked()?;
    let dir = Path::new(&asked.dir);
    let (silero, model) = models()?;
    let mut all = listen::Measured::default();
    let (mut said_words, mut wrong_words, mut clips, mut right_clips) = (0, 0, 0, 0);
    for label in labels(dir)?.iter().filter(|label| label.file.starts_with(&asked.only)) {
        let said = words::words(label.text.as_deref().unwrap_or_default());
        let Ok(bytes) = fs::read(dir.join(&label.file)) else { continue };
        if said.is_empty() {
            continue;
        }
        let samples = wav::read(&bytes).map_err(|e| format!("{}: {e}", label.file))?;
        let heard = listen::clip(&silero, &model, &samples, &asked, &mut all);
        let wrong = words::errors(&said, &words::words(&heard));
        if asked.verbose && wrong > 0 {
            println!("{wrong} {}\n   said  {}\n   heard {heard}", label.file, said.join(" "));
        }
        said_words += said.len();
        wrong_words += wrong;
        clips += 1;
        right_clips += usize::from(wrong == 0);
    }
    all.finals.sort();
    all.finals_wall.sort();
    let seconds = all.sound.as_secs_f64();
    println!("clips {clips}, all words right in {right_clips}; sound {seconds:.0} s");
    let wer = 100.0 * wrong_words as f64 / f64::from(said_words.max(1) as u32);
    println!("WER {wer:.1} % ({wrong_words} of {said_words} words)");
    let (cpu, wall) = (&all.finals, &all.finals_wall);
    println!(
        "finals {}: CPU p50 {:.0} ms, p95 {:.0} ms, max {:.0} ms; wall p50 {:.0} ms, p95 {:.0} ms",
        cpu.len(),
        quantile_ms(cpu, 0.5),
        quantile_ms(cpu, 0.95),
        quantile_ms(cpu, 1.0),
        quantile_ms(wall, 0.5),
        quantile_ms(wall, 0.95),
    );
    println!(
        "partials {}; CPU per second of sound: recogniser {:.3}, judge {:.4}",
        all.partials,
        all.recogniser.as_secs_f64() / seconds,
        all.judge.as_secs_f64() / seconds,
    );
    Ok(())
}
