//! A stand-in voice for tests: every word is a short tone, the same for the same word, with exact
//! word times. It can be told to be late, to stall in the middle, or to fail.

use std::{collections::VecDeque, time::Duration};

use media::{Mono, circuit::UtteranceId};

use super::{Capabilities, Dialect, Event, Input, Output};
use crate::{
    fault::{Fault, FaultClass},
    tts::words,
};

/// Utterances that may wait; beyond that they fail with [`FaultClass::Quota`].
const QUEUE_MAX: usize = 64;
/// Samples of one [`Output::Audio`]: 20 ms.
const CHUNK_SAMPLES: usize = 160;
/// The pause after a word, as part of its length: a quarter.
const PAUSE_PART: usize = 4;

/// How the stand-in behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Length of a word with the pause after it, in ms.
    pub word_ms: u32,
    /// From `Say` to the first sound, in ms.
    pub delay_ms: u32,
    /// After this many words of each utterance nothing more comes, ever.
    pub stall_after_words: Option<u32>,
    /// The n-th utterance (from 0) fails with this instead of being said.
    pub fail: Option<(u32, FaultClass)>,
    /// Whether it gives word times.
    pub word_times: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self { word_ms: 300, delay_ms: 0, stall_after_words: None, fail: None, word_times: true }
    }
}

struct Job {
    utterance: UtteranceId,
    text: String,
    due: Mono,
}

/// The stand-in. Its `poll` gives all the sound that is due, 20 ms at a time.
pub struct Scripted {
    script: Script,
    now: Mono,
    said: u32,
    queue: VecDeque<Job>,
    out: VecDeque<Output>,
}

impl Scripted {
    /// A voice that behaves as `script` says.
    pub fn new(script: Script) -> Self {
        Self { script, now: Mono::ZERO, said: 0, queue: VecDeque::new(), out: VecDeque::new() }
    }

    fn say(&mut self, now: Mono, utterance: UtteranceId, text: &str) {
        let index = self.said;
        self.said += 1;
        let class = match self.script.fail {
            Some((at, class)) if at == index => Some(class),
            _ if self.queue.len() >= QUEUE_MAX => Some(FaultClass::Quota),
            _ => None,
        };
        if let Some(class) = class {
            let fault = Fault {
                vendor: "scripted".into(),
                class,
                retry_after_ms: None,
                detail: format!("utterance {index} is lost"),
            };
            let event = Event::Failed { utterance: Some(utterance), fault };
            self.out.push_back(Output::Event(event));
            return;
        }
        let due = now + Duration::from_millis(u64::from(self.script.delay_ms));
        self.queue.push_back(Job { utterance, text: text.to_owned(), due });
    }

    /// Turns the next utterance that is due into outputs.
    fn render(&mut self) {
        let Some(job) = self.queue.pop_front_if(|job| job.due <= self.now) else { return };
        let word_samples = self.script.word_ms as usize * 8;
        let all: Vec<(u32, &str)> = words(&job.text).collect();
        let spoken = match self.script.stall_after_words {
            Some(max) => all.len().min(max as usize),
            None => all.len(),
        };
        if self.script.word_times && !all.is_empty() {
            let starts = (0..).zip(&all).map(|(i, (at, _))| (*at, i * self.script.word_ms));
            let event = Event::Words { utterance: job.utterance, starts: starts.collect() };
            self.out.push_back(Output::Event(event));
        }
        let mut samples = Vec::with_capacity(spoken * word_samples);
        for (_, word) in &all[..spoken] {
            tone(word, word_samples, &mut samples);
        }
        if !samples.is_empty() {
            self.out.push_back(Output::Event(Event::Begun { utterance: job.utterance }));
        }
        for chunk in samples.chunks(CHUNK_SAMPLES) {
            let samples = chunk.to_vec();
            self.out.push_back(Output::Audio { utterance: job.utterance, samples });
        }
        if spoken == all.len() {
            let total_ms = u32::try_from(samples.len() / 8).unwrap_or(u32::MAX);
            let event = Event::Done { utterance: job.utterance, total_ms };
            self.out.push_back(Output::Event(event));
        }
    }
}

/// A tone of the word's own pitch (150–400 Hz) with two overtones and soft edges, then a pause.
fn tone(word: &str, samples: usize, into: &mut Vec<i16>) {
    let hash = word.bytes().fold(0_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
    let step = (150.0 + (hash % 250) as f32) * std::f32::consts::TAU / 8000.0;
    let sounding = samples - samples / PAUSE_PART;
    let edge = (sounding / 4).clamp(1, 80) as f32;
    for i in 0..samples {
        let to_edge = i.min(sounding.saturating_sub(i)) as f32;
        let level = if i < sounding { (to_edge / edge).min(1.0) * 3000.0 } else { 0.0 };
        let x = i as f32 * step;
        into.push((level * (x.sin() + 0.5 * (2.0 * x).sin() + 0.3 * (5.0 * x).sin())) as i16);
    }
}

impl Dialect for Scripted {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mulaw: false,
            word_times: self.script.word_times,
            server_clear: false,
            keepalive_ms: None,
            computes: false,
        }
    }

    fn handle(&mut self, now: Mono, input: Input<'_>) {
        self.now = now;
        match input {
            Input::Say { utterance, text } => self.say(now, utterance, text),
            Input::Cancel(id) => {
                self.queue.retain(|job| job.utterance != id);
                self.out.retain(|output| utterance_of(output) != Some(id));
            }
            Input::Wire(_) | Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output> {
        while self.out.is_empty() && self.queue.front().is_some_and(|job| job.due <= self.now) {
            self.render();
        }
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        self.queue.front().map(|job| job.due)
    }
}

fn utterance_of(output: &Output) -> Option<UtteranceId> {
    match output {
        Output::Audio { utterance, .. }
        | Output::Event(
            Event::Begun { utterance }
            | Event::Words { utterance, .. }
            | Event::Done { utterance, .. },
        ) => Some(*utterance),
        Output::Event(Event::Failed { utterance, .. }) => *utterance,
        Output::Wire(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: UtteranceId = UtteranceId(1);

    fn drain(voice: &mut Scripted) -> Vec<Output> {
        std::iter::from_fn(|| voice.poll()).collect()
    }

    fn samples(outputs: &[Output]) -> usize {
        outputs
            .iter()
            .map(|o| if let Output::Audio { samples, .. } = o { samples.len() } else { 0 })
            .sum()
    }

    #[test]
    fn words_are_as_long_and_where_they_are_said_to_be() {
        let mut voice = Scripted::new(Script::default());
        voice.handle(Mono::ZERO, Input::Say { utterance: ONE, text: "one  two three" });
        let outputs = drain(&mut voice);
        let starts = vec![(0, 0), (5, 300), (9, 600)];
        assert_eq!(outputs[0], Output::Event(Event::Words { utterance: ONE, starts }));
        assert_eq!(outputs[1], Output::Event(Event::Begun { utterance: ONE }));
        assert!(matches!(outputs[2], Output::Audio { utterance: ONE, .. }));
        assert_eq!(samples(&outputs), 3 * 2400);
        let done = Output::Event(Event::Done { utterance: ONE, total_ms: 900 });
        assert_eq!(outputs.last(), Some(&done));
    }

    #[test]
    fn sound_comes_only_after_the_delay() {
        let mut voice = Scripted::new(Script { delay_ms: 80, ..Script::default() });
        voice.handle(Mono::ZERO, Input::Say { utterance: ONE, text: "hello" });
        assert!(drain(&mut voice).is_empty());
        assert_eq!(voice.deadline(), Some(Mono::from_millis(80)));
        voice.handle(Mono::from_millis(80), Input::Tick);
        assert_eq!(samples(&drain(&mut voice)), 2400);
        assert_eq!(voice.deadline(), None);
    }

    #[test]
    fn nothing_comes_out_after_a_cancel() {
        let mut voice = Scripted::new(Script::default());
        voice.handle(Mono::ZERO, Input::Say { utterance: ONE, text: "one two three" });
        assert!(voice.poll().is_some());
        voice.handle(Mono::ZERO, Input::Cancel(ONE));
        assert!(drain(&mut voice).is_empty());
    }

    #[test]
    fn a_stall_stops_in_the_middle_and_is_never_done() {
        let mut voice = Scripted::new(Script { stall_after_words: Some(1), ..Script::default() });
        voice.handle(Mono::ZERO, Input::Say { utterance: ONE, text: "one two three" });
        let outputs = drain(&mut voice);
        assert_eq!(samples(&outputs), 2400);
        assert!(!outputs.iter().any(|o| matches!(o, Output::Event(Event::Done { .. }))));
    }

    #[test]
    fn a_failure_names_the_utterance_that_is_lost() {
        let fail = Some((0, FaultClass::Transient));
        let mut voice = Scripted::new(Script { fail, ..Script::default() });
        voice.handle(Mono::ZERO, Input::Say { utterance: ONE, text: "hello" });
        let outputs = drain(&mut voice);
        let [Output::Event(Event::Failed { utterance, fault })] = &outputs[..] else {
            panic!("{outputs:?}")
        };
        assert_eq!((*utterance, fault.class), (Some(ONE), FaultClass::Transient));
    }
}
