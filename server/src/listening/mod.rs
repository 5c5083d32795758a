//! The whole ear over recorded sound: tones, classes, words, line state, in the time of the recording.
//!
//! ```text
//!   8 kHz ─▶ ear ───────────────▶ Watch ─▶ Decision
//!     ├───▶ tones ────────────────▲ ▲
//!     ├───▶ judge (Silero) ─▶ ear   │
//!     └───▶ words (Moonshine) ──────┘
//! ```
//!
//! What nets find counts at the moment of the sound they heard last: their own time is not simulated.

pub mod misled;
mod words;

use std::sync::Arc;

use agent::{
    line::{Carrier, Decision, Input, Watch},
    stt::moonshine,
};
use dtmf::{ToneDetector, tone_detector::Kind};
use media::{
    Mono,
    barge_in::{Echo, EchoConfig},
    circuit::JUDGE_SAMPLES,
    ear::{self, Ear},
    net::Lane,
    vad::silero::{Silero, SileroStream},
};

use crate::models::{ModelError, Models};
use misled::{Error, Misled};
use words::Words;

/// Nets that help; none is needed.
#[derive(Clone, Default)]
pub struct Nets {
    judge: Option<Silero>,
    words: Option<Arc<moonshine::Model>>,
    lane: Lane,
}

/// A model that is there and cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetsError {
    /// Its file.
    #[error(transparent)]
    File(#[from] ModelError),
    /// What is in it.
    #[error("{0}")]
    Load(#[from] media::net::ModelError),
}

impl Nets {
    /// The judge, and the recogniser if `words` are wanted.
    ///
    /// # Errors
    /// When a file is missing, damaged or no such model.
    pub fn load(models: &Models, words: bool) -> Result<Self, NetsError> {
        let judge = Silero::from_onnx(models.read("silero-vad/silero_vad.onnx")?)?;
        let words = words.then(|| moonshine_of(models)).transpose()?;
        Ok(Self { judge: Some(judge), words, lane: Lane::new() })
    }

    /// The same nets on a thread of their own.
    #[must_use]
    pub fn apart(&self) -> Self {
        let lane = Lane::new();
        let judge = self.judge.as_ref().map(|judge| judge.on(lane.clone()));
        Self { judge, words: self.words.clone(), lane }
    }
}

fn moonshine_of(models: &Models) -> Result<Arc<moonshine::Model>, NetsError> {
    Ok(moonshine::Model::from_bytes(
        models.read("moonshine-tiny-en/encoder.onnx")?,
        models.read("moonshine-tiny-en/decoder.onnx")?,
        &models.read("moonshine-tiny-en/tokenizer.bin")?,
    )?)
}

/// One recording being listened to.
pub struct Listening {
    ear: Ear,
    echo: Echo,
    /// Our own last sample's place in the hop, when both channels are there.
    ours: Vec<i16>,
    tones: ToneDetector,
    watch: Watch,
    misled: Option<Misled>,
    judge: Option<(Silero, SileroStream)>,
    words: Option<Words>,
    /// Samples of a hop, and of a chunk for the judge, that are not whole yet.
    hop: Vec<i16>,
    chunk: Vec<i16>,
    samples: u64,
    /// Tones of the last hop.
    told: Vec<Kind>,
}

impl Listening {
    /// From the first sample on.
    pub fn new(nets: &Nets) -> Self {
        Self {
            ear: Ear::new(),
            echo: Echo::new(&EchoConfig::default()),
            ours: Vec::with_capacity(ear::HOP),
            tones: ToneDetector::new(),
            watch: Watch::new(),
            misled: None,
            judge: nets.judge.clone().map(|judge| (judge, SileroStream::default())),
            words: nets.words.clone().map(|model| Words::new(model, nets.lane.clone())),
            hop: Vec::with_capacity(ear::HOP),
            chunk: Vec::with_capacity(JUDGE_SAMPLES),
            samples: 0,
            told: Vec::new(),
        }
    }

    /// Copies of the watch are misled on the way.
    #[must_use]
    pub fn misleading(self) -> Self {
        Self { misled: Some(Misled::default()), ..self }
    }

    /// How long copies that were misled stayed so.
    pub fn errors(self) -> Vec<Error> {
        self.misled.map_or_else(Vec::new, Misled::errors)
    }

    /// The carrier says that it was answered.
    pub fn answered(&mut self) {
        let now = Mono::from_micros(self.samples * 125);
        self.watch.handle(now, Input::Carrier(Carrier::Answered));
    }

    /// What sounds at this moment.
    pub fn ear(&self) -> &Ear {
        &self.ear
    }

    /// The next samples, at 8 kHz, and as many of our own, of which they may be the echo; none when only they are known.
    pub fn feed(&mut self, samples: &[i16], ours: &[i16], mut decided: impl FnMut(Decision)) {
        for (at, sample) in samples.iter().enumerate() {
            self.hop.push(*sample);
            self.chunk.push(*sample);
            self.ours.extend(ours.get(at));
            self.samples += 1;
            self.judge_chunk();
            if let Some(hop) = self.hop.first_chunk::<{ ear::HOP }>().copied() {
                let hop = if self.is_echo() { [0; ear::HOP] } else { hop };
                self.ear.hop(&hop, false);
                let told = &mut self.told;
                self.tones.feed(&hop, |tone| told.extend(tone.is_news().then_some(tone.kind)));
                if let Some(words) = &mut self.words {
                    words.push(&hop);
                }
                self.hop.clear();
                self.ours.clear();
                self.turn(&mut decided);
            }
        }
    }

    /// The hop may be nothing but our own voice coming back.
    fn is_echo(&mut self) -> bool {
        if self.ours.is_empty() {
            return false;
        }
        let at = Mono::from_micros(self.samples * 125);
        self.echo.sent(at, level_dbfs(&self.ours));
        self.echo.covers(at, level_dbfs(&self.hop))
    }

    fn judge_chunk(&mut self) {
        let Some(chunk) = self.chunk.first_chunk::<JUDGE_SAMPLES>() else { return };
        if let Some((judge, stream)) = &mut self.judge {
            if self.ear.begins_anew() {
                *stream = SileroStream::default();
            }
            self.ear.judged(judge.judge(stream, chunk));
        }
        self.chunk.clear();
    }

    fn sense(&mut self, now: Mono, input: Input<'_>) {
        if let Some(misled) = &mut self.misled {
            misled.hear(now, input, &self.watch);
        }
        self.watch.handle(now, input);
    }

    /// Everything that follows from the last hop.
    fn turn(&mut self, decided: &mut impl FnMut(Decision)) {
        let now = Mono::from_micros(self.samples * 125);
        while self.watch.deadline().is_some_and(|at| at <= now) {
            self.watch.handle(now, Input::Tick);
        }
        if let Some(misled) = &mut self.misled {
            misled.tick(now);
        }
        while let Some(tone) = self.told.pop() {
            self.sense(now, Input::Tone(tone));
        }
        while let Some(change) = self.ear.poll() {
            self.sense(now, Input::Sound(&change));
        }
        if let Some(words) = &mut self.words
            && let Some((text, from_sample)) = words.hear(self.ear.kind())
        {
            let from = Mono::from_micros(from_sample * 125);
            self.sense(now, Input::Words { text: &text, from });
        }
        while let Some(decision) = self.watch.poll() {
            decided(decision);
        }
    }
}

/// RMS level of a hop; silence is −96.
fn level_dbfs(samples: &[i16]) -> f32 {
    let power: f32 = samples.iter().map(|s| f32::from(*s).powi(2)).sum();
    let rms = (power / samples.len().max(1) as f32).sqrt() / 32_768.0;
    20.0 * rms.max(1.6e-5).log10()
}
