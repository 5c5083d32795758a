//! What a machine plays: prompts one after the other, over music or ringing or silence.

use std::{collections::VecDeque, sync::Arc};

use super::{
    account::{Kind, Played},
    plan::Prompt,
};
use crate::{
    callee::{Score, Sound},
    sound::{FRAME_SAMPLES, samples_in},
};

/// Silence between two prompts, in samples.
const GAP_SAMPLES: usize = samples_in(300);

/// A sound on its way out.
#[derive(Clone, Debug)]
struct Playing {
    samples: Arc<[i16]>,
    at: usize,
    /// Its line in the account.
    played: usize,
}

/// Plays.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    score: Arc<Score>,
    queue: VecDeque<(Sound, Kind, String)>,
    playing: Option<Playing>,
    gap_samples: usize,
    bed: Option<(Playing, Kind)>,
    sample: u64,
}

impl Speaker {
    pub(crate) fn new(score: Arc<Score>, sample: u64) -> Self {
        Self { score, queue: VecDeque::new(), playing: None, gap_samples: 0, bed: None, sample }
    }

    /// Says these after what is being said.
    pub(crate) fn say(&mut self, prompts: &[Prompt]) {
        let queued = prompts.iter().map(|p| (p.sound(), Kind::Speech, p.text().to_owned()));
        self.queue.extend(queued);
    }

    /// Plays a sound after what is being said.
    pub(crate) fn play(&mut self, sound: Sound, kind: Kind) {
        self.queue.push_back((sound, kind, String::new()));
    }

    /// Plays this over and over while nothing is said.
    pub(crate) fn lay(&mut self, sound: &Sound, kind: Kind) {
        let samples = self.score.sound(sound).filter(|samples| !samples.is_empty());
        self.bed = samples.map(|samples| (Playing { samples, at: 0, played: usize::MAX }, kind));
    }

    /// Nothing under what is said.
    pub(crate) fn lift(&mut self, played: &mut [Played]) {
        if let Some((bed, _)) = self.bed.take() {
            cut(played, bed.played, self.sample);
        }
    }

    /// Nothing is left to say.
    pub(crate) fn is_done(&self) -> bool {
        self.playing.is_none() && self.queue.is_empty()
    }

    /// Stops speaking in the middle of a word.
    pub(crate) fn stop(&mut self, played: &mut [Played]) {
        self.queue.clear();
        self.gap_samples = 0;
        if let Some(playing) = self.playing.take() {
            cut(played, playing.played, self.sample);
        }
    }

    /// The next frame.
    pub(crate) fn frame(&mut self, said: &mut [i16; FRAME_SAMPLES], played: &mut Vec<Played>) {
        if self.playing.is_none() && self.gap_samples == 0 && !self.queue.is_empty() {
            self.begin(played);
        }
        if self.playing.is_some() {
            if let Some((bed, _)) = &mut self.bed
                && bed.played != usize::MAX
            {
                cut(played, bed.played, self.sample);
                bed.played = usize::MAX;
            }
            self.speak(said);
        } else if self.gap_samples > 0 {
            self.gap_samples = self.gap_samples.saturating_sub(FRAME_SAMPLES);
        } else if let Some((bed, kind)) = &mut self.bed {
            if bed.played == usize::MAX {
                bed.played = played.len();
                let (from_sample, kind, text) = (self.sample, *kind, String::new());
                let whole_samples = bed.samples.len() as u64;
                let to_sample = u64::MAX;
                played.push(Played { from_sample, to_sample, whole_samples, kind, text });
            }
            for slot in said.iter_mut() {
                *slot = bed.samples[bed.at];
                bed.at = (bed.at + 1) % bed.samples.len();
            }
        }
        self.sample += FRAME_SAMPLES as u64;
    }

    fn begin(&mut self, played: &mut Vec<Played>) {
        let Some((sound, kind, text)) = self.queue.pop_front() else { return };
        let Some(samples) = self.score.sound(&sound).filter(|s| !s.is_empty()) else { return };
        let (from_sample, to_sample) = (self.sample, self.sample + samples.len() as u64);
        self.playing = Some(Playing { samples, at: 0, played: played.len() });
        let whole_samples = to_sample - from_sample;
        played.push(Played { from_sample, to_sample, whole_samples, kind, text });
    }

    fn speak(&mut self, said: &mut [i16; FRAME_SAMPLES]) {
        let Some(playing) = &mut self.playing else { return };
        let rest = &playing.samples[playing.at..];
        let count = rest.len().min(FRAME_SAMPLES);
        said[..count].copy_from_slice(&rest[..count]);
        playing.at += count;
        if playing.at == playing.samples.len() {
            self.playing = None;
            self.gap_samples = GAP_SAMPLES;
        }
    }
}

/// The sound ends here.
fn cut(played: &mut [Played], index: usize, at_sample: u64) {
    if let Some(played) = played.get_mut(index)
        && at_sample < played.to_sample
    {
        played.to_sample = at_sample;
    }
}
