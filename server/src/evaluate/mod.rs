//! How good the ear is: labelled recordings, heard faster than real time, counted, written down.
//!
//! ```text
//!   DIR/labels.jsonl + WAVs ─▶ ┐
//!   made (seeds, voices) ────▶ ├▶ hear (Listening) ─▶ score, by split ─▶ report (Markdown, PNG)
//!                                                           trials ──────▲
//! ```
//!
//! Rooms: `label` (what is on a recording), `made` (the built-in set), `hear`, `score`, `trials` (whole calls in virtual
//! time), `report`.

pub mod hear;
pub mod label;
pub mod made;
pub mod report;
pub mod score;
pub mod trials;

use std::{
    collections::BTreeMap,
    num::NonZero,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use crate::{listening::Nets, wav::WavWriter};
use hear::Heard;
use label::Label;
use made::{Made, Scene};
use score::Score;

/// What is listened to.
pub enum Set {
    /// Recordings of a folder.
    Folder(PathBuf, Vec<Label>),
    /// What can be made; written to a folder too, if there is one.
    Made(Box<Made>, Vec<Scene>, Option<PathBuf>),
}

impl Set {
    /// How many recordings.
    pub fn len(&self) -> usize {
        match self {
            Self::Folder(_, labels) => labels.len(),
            Self::Made(_, scenes, _) => scenes.len(),
        }
    }

    /// Whether there is nothing to listen to.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn hear(&self, number: usize, nets: &Nets) -> anyhow::Result<Heard> {
        match self {
            Self::Folder(dir, labels) => Heard::of_file(dir, labels[number].clone(), nets),
            Self::Made(made, scenes, save) => {
                let (label, sound) = made.make(&scenes[number]);
                if let Some(dir) = save {
                    keep(dir, &label, &sound)?;
                }
                Ok(Heard::of(label, &sound, nets))
            }
        }
    }
}

fn keep(dir: &Path, label: &Label, sound: &[i16]) -> anyhow::Result<()> {
    let mut wav = WavWriter::create(&dir.join(&label.file), 1)?;
    wav.write(sound)?;
    Ok(wav.finish()?)
}

/// Listens to all of it on all cores; `progress` hears how many are done.
///
/// # Errors
/// The first recording that cannot be heard.
pub fn run(set: &Set, nets: &Nets, progress: impl Fn(usize) + Sync) -> anyhow::Result<Vec<Heard>> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let next = Mutex::new(0);
    let take = || {
        let mut next = next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *next += 1;
        *next - 1
    };
    let work = || {
        let mut heard = Vec::new();
        let nets = nets.apart();
        loop {
            let number = take();
            if number >= set.len() {
                return Ok(heard);
            }
            heard.push((number, set.hear(number, &nets)?));
            progress(number);
        }
    };
    let all: Vec<anyhow::Result<Vec<_>>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a recording broke the ear")))
        });
        joined.collect()
    });
    let mut heard = Vec::new();
    for part in all {
        heard.extend(part?);
    }
    heard.sort_by_key(|(number, _)| *number);
    Ok(heard.into_iter().map(|(_, heard)| heard).collect())
}

/// Figures by split.
pub fn scores(heard: &[Heard]) -> BTreeMap<String, Score> {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for heard in heard {
        scores.entry(heard.label.split.clone()).or_default().add(heard);
    }
    scores
}
