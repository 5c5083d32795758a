//! A stand-in for tests: it "hears" a list of texts, one per segment, whatever the sound is.

use std::{collections::VecDeque, time::Duration};

use media::Mono;

use super::{Capabilities, Dialect, Event, Input, Output, SegmentId};

const SAMPLES_PER_MS: u64 = 8;

/// How the stand-in behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Sound after which one more word is told in a partial, in ms; 0: no partials.
    pub word_ms: u32,
    /// From `Finalise` to `Final`, in ms.
    pub final_ms: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { word_ms: 300, final_ms: 80 }
    }
}

/// Hears what the script says: the first segment opened gets the first text, and so on; when the
/// script is over, nothing.
pub struct Scripted {
    script: VecDeque<String>,
    config: Config,
    /// Position just after the sound so far.
    end: u64,
    segment: Option<Segment>,
    /// Finals under way: when, which, what.
    finals: VecDeque<(Mono, SegmentId, String)>,
    out: VecDeque<Output>,
}

struct Segment {
    id: SegmentId,
    from: u64,
    text: String,
    open: bool,
    told_words: usize,
}

impl Scripted {
    /// One text for each segment to come.
    pub fn new(texts: impl IntoIterator<Item = impl Into<String>>, config: Config) -> Self {
        Self {
            script: texts.into_iter().map(Into::into).collect(),
            config,
            end: 0,
            segment: None,
            finals: VecDeque::new(),
            out: VecDeque::new(),
        }
    }

    /// Texts not yet heard.
    pub fn remaining(&self) -> usize {
        self.script.len()
    }

    fn partial(&mut self) {
        let Some(segment) = self.segment.as_mut().filter(|segment| segment.open) else { return };
        let heard_ms = self.end.saturating_sub(segment.from) / SAMPLES_PER_MS;
        let Some(words) = heard_ms.checked_div(u64::from(self.config.word_ms)) else { return };
        let words = usize::try_from(words).unwrap_or(usize::MAX);
        let all = segment.text.split_whitespace().count();
        if words.min(all) > segment.told_words {
            segment.told_words = words.min(all);
            let so_far: Vec<_> = segment.text.split_whitespace().take(words).collect();
            let event = Event::Partial { segment: segment.id, text: so_far.join(" ") };
            self.out.push_back(Output::Event(event));
        }
    }

    fn finals_due(&mut self, now: Mono) {
        while self.finals.front().is_some_and(|(at, ..)| *at <= now) {
            if let Some((_, segment, text)) = self.finals.pop_front() {
                self.out.push_back(Output::Event(Event::Final { segment, text }));
            }
        }
    }
}

impl Dialect for Scripted {
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
                self.end += samples.len() as u64;
                self.partial();
            }
            Input::Open { segment: id, from_sample: from } => {
                let text = self.script.pop_front().unwrap_or_default();
                self.segment = Some(Segment { id, from, text, open: true, told_words: 0 });
            }
            Input::Finalise { segment: id, .. } => {
                let asked = self.segment.as_ref().filter(|segment| segment.id == id);
                let text = asked.map(|segment| segment.text.clone()).unwrap_or_default();
                let at = now + Duration::from_millis(u64::from(self.config.final_ms));
                self.finals.push_back((at, id, text));
            }
            Input::Close(id) => {
                if let Some(segment) = self.segment.as_mut().filter(|segment| segment.id == id) {
                    segment.open = false;
                }
            }
            Input::Tick | Input::Wire(_) => {}
        }
        self.finals_due(now);
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        self.finals.front().map(|(at, ..)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(scripted: &mut Scripted) -> Vec<Event> {
        std::iter::from_fn(|| scripted.poll())
            .map(|output| match output {
                Output::Event(event) => event,
                Output::Wire(wire) => panic!("{wire:?}"),
            })
            .collect()
    }

    #[test]
    fn words_grow_and_the_final_takes_its_time() {
        let mut ear = Scripted::new(["press one now"], Config { word_ms: 100, final_ms: 50 });
        let id = SegmentId(4);
        ear.handle(Mono::ZERO, Input::Open { segment: id, from_sample: 0 });
        ear.handle(Mono::from_millis(100), Input::Audio(&[0; 800]));
        ear.handle(Mono::from_millis(250), Input::Audio(&[0; 1200]));
        let partial = |text: &str| Event::Partial { segment: id, text: text.to_owned() };
        assert_eq!(drain(&mut ear), [partial("press"), partial("press one")]);

        let now = Mono::from_millis(300);
        ear.handle(now, Input::Finalise { segment: id, to_sample: 2000 });
        assert_eq!((drain(&mut ear), ear.deadline()), (vec![], Some(Mono::from_millis(350))));
        ear.handle(Mono::from_millis(350), Input::Tick);
        let whole = Event::Final { segment: id, text: "press one now".to_owned() };
        assert_eq!((drain(&mut ear), ear.deadline()), (vec![whole], None));
    }

    #[test]
    fn each_segment_has_its_text_and_every_question_an_answer() {
        let mut ear = Scripted::new(["one", "two"], Config { word_ms: 0, final_ms: 0 });
        for (id, text) in [(1, "one"), (2, "two"), (3, "")] {
            let segment = SegmentId(id);
            ear.handle(Mono::ZERO, Input::Open { segment, from_sample: 0 });
            ear.handle(Mono::ZERO, Input::Audio(&[0; 8000]));
            ear.handle(Mono::ZERO, Input::Finalise { segment, to_sample: 8000 });
            ear.handle(Mono::ZERO, Input::Close(segment));
            assert_eq!(drain(&mut ear), [Event::Final { segment, text: text.to_owned() }]);
        }
        let segment = SegmentId(99);
        ear.handle(Mono::ZERO, Input::Finalise { segment, to_sample: 0 });
        assert_eq!(drain(&mut ear), [Event::Final { segment, text: String::new() }]);
    }
}
