//! One call's listener: segments, partials, finals.

use std::{collections::VecDeque, sync::Arc};

use media::{Mono, net::Lane};

use super::{Model, sound::Sound};
use crate::{
    fault::{Fault, FaultClass},
    stt::{Capabilities, Dialect, Event, Input, Output, SegmentId},
};

const SAMPLES_PER_MS: u64 = 8;
/// Sound that is settled at the quietest moment when no pause came, in ms.
const UNSETTLED_MS_MAX: u64 = 15_000;
/// How much quieter than its surroundings a moment must be to be a pause, in dB.
const PAUSE_DB_MAX: f32 = -18.0;
/// What lies this near to the end is not settled, in ms: a word may be under way.
const SETTLE_MARGIN_MS: u64 = 320;
/// A partial's period grows to its segment's length divided by this.
const STRETCH: u64 = 8;
/// A partial that heard so much beyond the last speech sample is as good as a final, in ms.
const REUSE_MS: std::ops::RangeInclusive<u64> = 100..=1000;

/// How to listen.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether to make partials; without them a call costs a third.
    pub partials: bool,
    /// Sound between two partials at least, in ms.
    pub partial_ms: u32,
    /// Sound taken in before the first speech sample, in ms.
    pub pre_roll_ms: u32,
    /// Sound taken in after the last speech sample, as far as it is there already, in ms.
    pub tail_ms: u32,
    /// From this length on a segment's text is settled at its next pause, in ms.
    pub settle_ms: u32,
    /// Where to compute: the lane of the worker that owns this call. `None`: the model's own, on
    /// which all such calls wait for each other.
    pub lane: Option<Lane>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            partials: true,
            partial_ms: 480,
            pre_roll_ms: 300,
            tail_ms: 300,
            settle_ms: 8000,
            lane: None,
        }
    }
}

/// A listener for one call.
pub struct Moonshine {
    model: Arc<Model>,
    config: Config,
    sound: Sound,
    segment: Option<Segment>,
    out: VecDeque<Output>,
    /// A partial or settling is due.
    due: Option<Mono>,
}

/// The segment that is open or was open last.
struct Segment {
    id: SegmentId,
    open: bool,
    /// Text whose sound is done with.
    settled: String,
    /// Where the sound begins that is not settled.
    from: u64,
    /// The last text made of the sound since `from`, and how far it heard.
    decoded: Option<(u64, String)>,
    /// The last final and the position it was asked for.
    answered: Option<(u64, String)>,
    /// Position from which the next partial is worth making.
    next: u64,
    /// The last partial that was told.
    told: String,
}

impl Moonshine {
    /// A listener that shares `model` with others.
    pub fn new(model: Arc<Model>, config: Config) -> Self {
        let sound = Sound::default();
        Self { model, config, sound, segment: None, out: VecDeque::new(), due: None }
    }

    fn open(&mut self, id: SegmentId, from_sample: u64) {
        let before = u64::from(self.config.pre_roll_ms) * SAMPLES_PER_MS;
        let from = from_sample.saturating_sub(before);
        self.segment = Some(Segment {
            id,
            open: true,
            settled: String::new(),
            from,
            decoded: None,
            answered: None,
            next: from_sample.saturating_add(u64::from(self.config.partial_ms) * SAMPLES_PER_MS),
            told: String::new(),
        });
    }

    /// Whether the open segment has work for a `Tick`.
    fn has_work(&self) -> bool {
        let end = self.sound.end();
        self.segment.as_ref().filter(|segment| segment.open).is_some_and(|segment| {
            let unsettled = end.saturating_sub(segment.from) / SAMPLES_PER_MS;
            end >= segment.next && (self.config.partials || unsettled >= UNSETTLED_MS_MAX)
        })
    }

    /// Text of a range; a fault is told and counts as nothing understood.
    fn decode(&mut self, from: u64, to: u64) -> String {
        let samples = self.sound.range(from, to);
        match self.model.hear_8k(self.config.lane.as_ref(), &samples) {
            Ok(text) => text,
            Err(error) => {
                let fault = Fault {
                    vendor: "moonshine".to_owned(),
                    class: FaultClass::Transient,
                    retry_after_ms: None,
                    detail: error.to_string(),
                };
                self.out.push_back(Output::Event(Event::Failed { fault, retrying: true }));
                String::new()
            }
        }
    }

    /// Settles what can be settled of the sound up to `to`, so that little remains to decode.
    fn settle(&mut self, segment: &mut Segment, to: u64) {
        let long = u64::from(self.config.settle_ms) * SAMPLES_PER_MS;
        while to.saturating_sub(segment.from) >= long {
            let margin = SETTLE_MARGIN_MS * SAMPLES_PER_MS;
            let first = segment.from + long / 2;
            let last = to.saturating_sub(margin).min(segment.from + 2 * long);
            let Some((at, level_db)) = self.sound.quietest(first, last) else { return };
            let must = to - segment.from >= UNSETTLED_MS_MAX * SAMPLES_PER_MS;
            if level_db > PAUSE_DB_MAX && !must {
                return;
            }
            let text = self.decode(segment.from, at);
            append(&mut segment.settled, &text);
            segment.from = at;
            segment.decoded = None;
        }
    }

    fn partial(&mut self, segment: &mut Segment) {
        let end = self.sound.end();
        self.settle(segment, end);
        if self.config.partials {
            let text = self.decode(segment.from, end);
            let mut whole = segment.settled.clone();
            append(&mut whole, &text);
            segment.decoded = Some((end, text));
            if whole != segment.told {
                segment.told.clone_from(&whole);
                let event = Event::Partial { segment: segment.id, text: whole };
                self.out.push_back(Output::Event(event));
            }
        }
        let period = u64::from(self.config.partial_ms) * SAMPLES_PER_MS;
        segment.next = end + period.max((end - segment.from.min(end)) / STRETCH);
    }

    fn finalise(&mut self, segment: &mut Segment, to_sample: u64) -> String {
        if let Some((_, text)) = segment.answered.as_ref().filter(|(to, _)| *to >= to_sample) {
            return text.clone();
        }
        let beyond_ms = |heard: u64| heard.saturating_sub(to_sample) / SAMPLES_PER_MS;
        let text = match segment.decoded.take() {
            Some((heard, text)) if REUSE_MS.contains(&beyond_ms(heard)) => text,
            _ => {
                self.settle(segment, to_sample);
                let tail = u64::from(self.config.tail_ms) * SAMPLES_PER_MS;
                self.decode(segment.from, to_sample.saturating_add(tail))
            }
        };
        let mut whole = segment.settled.clone();
        append(&mut whole, &text);
        let unsettled_ms = to_sample.saturating_sub(segment.from) / SAMPLES_PER_MS;
        if unsettled_ms >= u64::from(self.config.settle_ms) {
            segment.settled.clone_from(&whole);
            segment.from = to_sample;
        }
        segment.answered = Some((to_sample, whole.clone()));
        segment.told.clone_from(&whole);
        whole
    }
}

/// Joins two texts with a space.
fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

impl Dialect for Moonshine {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            own_turns: false,
            finalise: true,
            mulaw: false,
            keepalive_ms: None,
            word_times: false,
            computes: true,
        }
    }

    fn handle(&mut self, now: Mono, input: Input<'_>) {
        match input {
            Input::Audio(samples) => self.sound.push(samples),
            Input::Open { segment, from_sample } => self.open(segment, from_sample),
            Input::Finalise { segment: id, to_sample } => {
                let text = match self.segment.take() {
                    Some(mut segment) if segment.id == id => {
                        let text = self.finalise(&mut segment, to_sample);
                        self.segment = Some(segment);
                        text
                    }
                    // Nobody opened it: every question gets its answer.
                    other => {
                        self.segment = other;
                        String::new()
                    }
                };
                self.out.push_back(Output::Event(Event::Final { segment: id, text }));
            }
            Input::Close(id) => {
                if let Some(segment) = self.segment.as_mut().filter(|segment| segment.id == id) {
                    segment.open = false;
                }
            }
            Input::Tick => {
                if self.has_work()
                    && let Some(mut segment) = self.segment.take()
                {
                    self.partial(&mut segment);
                    self.segment = Some(segment);
                }
            }
            Input::Wire(_) => {}
        }
        self.due = if self.has_work() { self.due.or(Some(now)) } else { None };
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        self.due
    }
}
