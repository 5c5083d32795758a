//! The voice of one call: a bounded queue of utterances, one chunk of sound per poll.

use std::{collections::VecDeque, sync::Arc};

use media::{Mono, circuit::UtteranceId, net::Lane};

use super::{Model, ModelError, Saying, Speech, Voice, ms, phrases::Phrases, sentences::Sentence};
use crate::{
    fault::{Fault, FaultClass},
    tts::{Capabilities, Dialect, Event, Input, Output},
};

/// Utterances that may wait; beyond that they fail with [`FaultClass::Quota`].
const QUEUE_MAX: usize = 32;
/// Bytes of an utterance's text; longer ones fail with [`FaultClass::BadRequest`].
const TEXT_BYTES_MAX: usize = 4096;
/// Blocks (12.5 ms) of an utterance's first chunks: little, so that the first sound leaves at once.
const FIRST_BLOCKS: usize = 16;
/// Blocks of its later chunks.
const LATER_BLOCKS: usize = 40;
/// Samples of a chunk taken from the phrase cache.
const CACHED_SAMPLES: usize = 3200;

/// The embedded voice for one call.
pub struct Hibari {
    model: Arc<Model>,
    voice: Voice,
    lane: Option<Lane>,
    queue: VecDeque<(UtteranceId, String)>,
    current: Option<Speaking>,
    out: VecDeque<Output>,
    phrases: Phrases,
}

/// The utterance that is being said.
struct Speaking {
    utterance: UtteranceId,
    source: Source,
    /// Samples that came out.
    samples: usize,
}

enum Source {
    /// From the cache.
    Phrase(Arc<Speech>),
    /// Sentences still to be run through the net, and the one whose sound is being taken.
    Net {
        rest: VecDeque<Sentence>,
        saying: Option<Box<Saying>>,
        /// What came out, to be kept under its text if it turns out short.
        kept: Option<(String, Speech)>,
    },
}

/// What came of one step.
enum Step {
    Out(Output),
    /// The first sound of the utterance.
    First(Output),
    /// Nothing to give out yet.
    More,
    Done,
}

impl Hibari {
    /// A voice that shares `model`.
    pub fn new(model: Arc<Model>, voice: Voice) -> Self {
        Self {
            model,
            voice,
            lane: None,
            queue: VecDeque::new(),
            current: None,
            out: VecDeque::new(),
            phrases: Phrases::default(),
        }
    }

    /// The same, with phrases that are ready at once (see [`Phrases::prepare`]). They must have been
    /// prepared for the same voice.
    #[must_use]
    pub fn with_phrases(mut self, phrases: Phrases) -> Self {
        self.phrases = phrases;
        self
    }

    /// The same, its net on this lane: the one thread of the worker that runs it. Without one the
    /// runtime spreads it over all cores.
    #[must_use]
    pub fn on(mut self, lane: &Lane) -> Self {
        self.lane = Some(lane.clone());
        self
    }

    fn say(&mut self, utterance: UtteranceId, text: &str) {
        let refused = if text.len() > TEXT_BYTES_MAX {
            Some((
                FaultClass::BadRequest,
                format!("more than {TEXT_BYTES_MAX} bytes to say at once"),
            ))
        } else if self.queue.len() >= QUEUE_MAX {
            Some((FaultClass::Quota, format!("more than {QUEUE_MAX} utterances wait")))
        } else {
            None
        };
        match refused {
            Some((class, detail)) => self.fail(utterance, class, detail),
            None => self.queue.push_back((utterance, text.to_owned())),
        }
    }

    fn fail(&mut self, utterance: UtteranceId, class: FaultClass, detail: String) {
        let fault = Fault { vendor: "hibari".into(), class, retry_after_ms: None, detail };
        self.out.push_back(Output::Event(Event::Failed { utterance: Some(utterance), fault }));
    }

    fn cancel(&mut self, utterance: UtteranceId) {
        self.queue.retain(|(waiting, _)| *waiting != utterance);
        self.current.take_if(|speaking| speaking.utterance == utterance);
        self.out.retain(|output| match output {
            Output::Audio { utterance: of, .. }
            | Output::Event(
                Event::Begun { utterance: of }
                | Event::Words { utterance: of, .. }
                | Event::Done { utterance: of, .. },
            ) => *of != utterance,
            Output::Event(Event::Failed { utterance: of, .. }) => *of != Some(utterance),
            Output::Wire(_) => true,
        });
    }

    /// Takes up the next utterance.
    fn begin(&mut self) -> Option<Speaking> {
        let (utterance, text) = self.queue.pop_front()?;
        let source = if let Some(phrase) = self.phrases.get(&text) {
            if !phrase.word_starts.is_empty() {
                let starts = phrase.word_starts.clone();
                self.out.push_back(Output::Event(Event::Words { utterance, starts }));
            }
            Source::Phrase(phrase)
        } else {
            let rest = self.model.sentences(&text).into();
            let kept = self.phrases.wants(&text).then(|| (text, Speech::default()));
            Source::Net { rest, saying: None, kept }
        };
        Some(Speaking { utterance, source, samples: 0 })
    }
}

impl Speaking {
    fn step(
        &mut self,
        model: &Model,
        voice: Voice,
        lane: Option<&Lane>,
    ) -> Result<Step, ModelError> {
        let utterance = self.utterance;
        let mut samples = Vec::new();
        match &mut self.source {
            Source::Phrase(phrase) => {
                let rest = phrase.samples_8k.get(self.samples..).unwrap_or_default();
                samples.extend_from_slice(&rest[..rest.len().min(CACHED_SAMPLES)]);
                if samples.is_empty() {
                    return Ok(Step::Done);
                }
            }
            Source::Net { rest, saying, kept } => {
                let Some(current) = saying else {
                    let Some(sentence) = rest.pop_front() else { return Ok(Step::Done) };
                    let next = saying.insert(Box::new(model.say(&sentence, voice, lane)?));
                    let from_ms = ms(self.samples);
                    let starts: Vec<_> =
                        next.word_starts.iter().map(|(at, start)| (*at, from_ms + start)).collect();
                    if let Some((_, speech)) = kept {
                        speech.word_starts.extend_from_slice(&starts);
                    }
                    let words = Event::Words { utterance, starts };
                    return Ok(Step::Out(Output::Event(words)));
                };
                let blocks = if self.samples == 0 { FIRST_BLOCKS } else { LATER_BLOCKS };
                current.vocoder.render(blocks, &mut samples);
                if current.vocoder.is_done() {
                    *saying = None;
                }
                if let Some((_, speech)) = kept {
                    speech.samples_8k.extend_from_slice(&samples);
                }
                if samples.is_empty() {
                    return Ok(Step::More);
                }
            }
        }
        let is_first = self.samples == 0;
        self.samples += samples.len();
        let sound = Output::Audio { utterance, samples };
        Ok(if is_first { Step::First(sound) } else { Step::Out(sound) })
    }
}

impl Dialect for Hibari {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mulaw: false,
            word_times: true,
            server_clear: false,
            keepalive_ms: None,
            computes: true,
        }
    }

    fn handle(&mut self, _now: Mono, input: Input<'_>) {
        match input {
            Input::Say { utterance, text } => self.say(utterance, text),
            Input::Cancel(utterance) => self.cancel(utterance),
            Input::Wire(_) | Input::Tick => {}
        }
    }

    fn poll(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.out.pop_front() {
                return Some(output);
            }
            if self.current.is_none() {
                self.current = Some(self.begin()?);
                continue;
            }
            let speaking = self.current.as_mut()?;
            match speaking.step(&self.model, self.voice, self.lane.as_ref()) {
                Ok(Step::Out(output)) => return Some(output),
                Ok(Step::First(sound)) => {
                    let utterance = speaking.utterance;
                    self.out.push_back(sound);
                    return Some(Output::Event(Event::Begun { utterance }));
                }
                Ok(Step::More) => {}
                Ok(Step::Done) => {
                    let Speaking { utterance, source, samples } = self.current.take()?;
                    if let Source::Net { kept: Some((text, speech)), .. } = source {
                        self.phrases.keep(text, speech);
                    }
                    return Some(Output::Event(Event::Done { utterance, total_ms: ms(samples) }));
                }
                Err(error) => {
                    let utterance = speaking.utterance;
                    self.current = None;
                    self.fail(utterance, FaultClass::Garbage, error.to_string());
                }
            }
        }
    }

    /// Sound is made whenever it is polled for.
    fn deadline(&self) -> Option<Mono> {
        None
    }
}

#[cfg(test)]
mod tests;
