//! A recogniser that knows a script's sounds, for calls in virtual time without models: it finds in what is
//! heard, frame by frame, the sounds that the callee has, and tells their words as recognisers do, in part,
//! late, and only of what was asked for.
//!
//! It hears what the call hears and nothing else: a prompt that was cut off has only the words that came.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::Duration,
};

use agent::stt::{Capabilities, Dialect, Event, Input, Output, SegmentId};
use media::{
    Mono,
    codec::g711::{mulaw_decode, mulaw_encode},
};

use crate::{
    callee::Score,
    sound::FRAME_SAMPLES,
    world::{Judge, plain_judge},
};

/// From a question to its answer, in ms.
const FINAL_MS: u64 = 150;
/// Sound from one partial text to the next, in samples: 500 ms.
const PARTIAL_SAMPLES: u64 = 4_000;
/// Words that are so much outside of what was asked for are heard all the same, in samples: 200 ms.
const EDGE_SAMPLES: u64 = 1_600;

/// Twenty milliseconds as they come from a telephone line.
type Frame = [i16; FRAME_SAMPLES];

/// A text and what it sounds like.
#[derive(Clone, Debug)]
struct Text {
    words: Vec<String>,
    frames: Vec<Frame>,
}

/// A text that was heard, or the beginning of one.
#[derive(Clone, Copy, Debug)]
struct Said {
    text: usize,
    from_sample: u64,
    frames: usize,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    id: SegmentId,
    from_sample: u64,
    told_sample: u64,
}

/// Knows a script's sounds.
#[derive(Clone, Debug)]
pub struct Known {
    texts: Vec<Text>,
    /// By their first frame.
    begins: BTreeMap<Frame, usize>,
    pending: Vec<i16>,
    sample: u64,
    said: Vec<Said>,
    /// The last of `said` is still being said.
    is_saying: bool,
    segment: Option<Segment>,
    finals: VecDeque<(Mono, SegmentId, String)>,
    out: VecDeque<Output>,
    deaf_samples: u64,
}

impl Known {
    /// An ear for a script; it understands nothing that began in the first `deaf_ms`.
    pub fn new(score: &Score, deaf_ms: u32) -> Self {
        let (mut texts, mut begins) = (Vec::new(), BTreeMap::new());
        for (text, samples) in score.texts() {
            let frames: Vec<Frame> = samples.chunks(FRAME_SAMPLES).map(on_the_line).collect();
            begins.insert(frames[0], texts.len());
            let words = text.split_whitespace().map(str::to_owned).collect();
            texts.push(Text { words, frames });
        }
        Self {
            texts,
            begins,
            pending: Vec::new(),
            sample: 0,
            said: Vec::new(),
            is_saying: false,
            segment: None,
            finals: VecDeque::new(),
            out: VecDeque::new(),
            deaf_samples: u64::from(deaf_ms) * 8,
        }
    }

    fn frame(&mut self, frame: &Frame) {
        if self.is_saying
            && let Some(said) = self.said.last_mut()
        {
            let frames = &self.texts[said.text].frames;
            if frames.get(said.frames) == Some(frame) {
                said.frames += 1;
                return;
            }
        }
        self.is_saying = false;
        if let Some(&text) = self.begins.get(frame) {
            self.said.push(Said { text, from_sample: self.sample, frames: 1 });
            self.is_saying = true;
        }
    }

    /// The words between two positions.
    fn words(&self, from_sample: u64, to_sample: u64) -> String {
        let mut words = Vec::new();
        for said in self.said.iter().filter(|said| said.from_sample >= self.deaf_samples) {
            let Text { words: all, frames } = &self.texts[said.text];
            let word_samples = (frames.len() * FRAME_SAMPLES / all.len().max(1)) as u64;
            let heard_to = said.from_sample + (said.frames * FRAME_SAMPLES) as u64;
            for (index, word) in all.iter().enumerate() {
                let begins = said.from_sample + index as u64 * word_samples;
                let ends = begins + word_samples;
                // The last word may be shorter than the rest.
                let is_heard = ends <= heard_to || said.frames == frames.len();
                if is_heard
                    && begins + EDGE_SAMPLES >= from_sample
                    && ends <= to_sample + EDGE_SAMPLES
                {
                    words.push(word.as_str());
                }
            }
        }
        words.join(" ")
    }

    fn partial(&mut self) {
        let here = self.sample;
        let Some(segment) =
            self.segment.as_mut().filter(|s| here >= s.told_sample + PARTIAL_SAMPLES)
        else {
            return;
        };
        segment.told_sample = here;
        let (id, from_sample) = (segment.id, segment.from_sample);
        let text = self.words(from_sample, here);
        if !text.is_empty() {
            self.out.push_back(Output::Event(Event::Partial { segment: id, text }));
        }
    }
}

/// Samples that tell one place in a sound from all others.
type Window = [i16; 8];

/// A judge that knows a script's music, tones and noises, wherever in them it listens; of everything else it
/// judges as [`plain_judge`] does.
pub fn known_judge(score: &Score) -> Judge {
    let mut noises: HashSet<Window> = HashSet::new();
    for samples in score.noises() {
        let coded: Vec<i16> = samples.iter().map(|&s| mulaw_decode(mulaw_encode(s))).collect();
        noises.extend(coded.windows(8).filter_map(|window| {
            let window: Window = window.try_into().ok()?;
            window.iter().any(|&sample| sample != 0).then_some(window)
        }));
    }
    Box::new(move |samples, fresh| {
        let windows = samples.as_chunks::<8>().0;
        let known = windows.iter().filter(|window| noises.contains(*window)).count();
        if 2 * known >= windows.len() { 0.02 } else { plain_judge(samples, fresh) }
    })
}

/// As it arrives: filled up with silence, and coded once.
fn on_the_line(samples: &[i16]) -> Frame {
    let mut frame = [0; FRAME_SAMPLES];
    frame[..samples.len()].copy_from_slice(samples);
    frame.map(|sample| mulaw_decode(mulaw_encode(sample)))
}

impl Dialect for Known {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            own_turns: false,
            finalise: true,
            mulaw: false,
            keepalive_ms: None,
            word_times: false,
            computes: false,
        }
    }

    fn handle(&mut self, now: Mono, input: Input<'_>) {
        match input {
            Input::Audio(samples) => {
                self.pending.extend_from_slice(samples);
                while let Some((frame, rest)) = self.pending.split_first_chunk::<FRAME_SAMPLES>() {
                    let (frame, rest) = (*frame, rest.to_vec());
                    self.pending = rest;
                    self.frame(&frame);
                    self.sample += FRAME_SAMPLES as u64;
                }
                self.partial();
            }
            Input::Open { segment: id, from_sample } => {
                self.segment = Some(Segment { id, from_sample, told_sample: from_sample });
            }
            Input::Finalise { segment: id, to_sample } => {
                let from_sample = self.segment.filter(|s| s.id == id).map(|s| s.from_sample);
                let text = from_sample.map(|from| self.words(from, to_sample)).unwrap_or_default();
                self.finals.push_back((now + Duration::from_millis(FINAL_MS), id, text));
            }
            Input::Close(id) => {
                self.segment = self.segment.filter(|segment| segment.id != id);
            }
            Input::Tick | Input::Wire(_) => {}
        }
        while let Some((_, segment, text)) = self.finals.pop_front_if(|(at, ..)| *at <= now) {
            self.out.push_back(Output::Event(Event::Final { segment, text }));
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        self.finals.front().map(|(at, ..)| *at)
    }
}
