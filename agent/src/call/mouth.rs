//! What we are saying: every utterance from the order to the last word heard.

use std::collections::VecDeque;
use std::time::Duration;

use media::{
    Mono,
    circuit::{Heard, UtteranceId},
};

use super::config::Policy;
use crate::dialogue::{Times, heard_bytes};

/// One utterance under way.
#[derive(Clone, Debug)]
struct Utterance {
    id: UtteranceId,
    text: String,
    interruptible: bool,
    /// Byte offset and start of each word, as far as the voice told.
    starts: Vec<(u32, u32)>,
    /// Length, once the voice is done.
    total_ms: Option<u32>,
    started: Option<Mono>,
    paused: Option<Mono>,
    stood_still: Duration,
}

/// What is left when speech is cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// How many bytes of each utterance were heard, in order.
    pub(super) heard: Vec<(UtteranceId, usize)>,
    /// The voice still works on these.
    pub(super) unfinished: Vec<UtteranceId>,
    /// What was not heard, in order.
    pub(super) rest: Vec<String>,
}

/// All utterances under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Mouth {
    last: u32,
    queue: VecDeque<Utterance>,
    /// When the first of the queue became the first.
    front_since: Mono,
}

/// Most utterances under way; more are refused.
const UTTERANCES_MAX: usize = 32;
/// Most word times kept per utterance; more are dropped.
const STARTS_MAX: usize = 1_024;
/// An utterance that should long be heard is taken for heard after this much more, in ms.
const NEVER_FINISHED_MS: u64 = 5_000;
/// The longest an utterance may stand still, in ms.
const PAUSE_MS_MAX: u64 = 20_000;
/// A generous guess of the length of a character, in ms, while the voice has not told the length.
const CHAR_MS_MAX: u64 = 150;

impl Mouth {
    /// A new utterance; nothing when too many are under way.
    pub(super) fn add(
        &mut self,
        now: Mono,
        text: &str,
        interruptible: bool,
    ) -> Option<UtteranceId> {
        if self.queue.len() >= UTTERANCES_MAX {
            return None;
        }
        if self.queue.is_empty() {
            self.front_since = now;
        }
        let id = self.number();
        self.queue.push_back(Utterance {
            id,
            text: text.to_owned(),
            interruptible,
            starts: Vec::new(),
            total_ms: None,
            started: None,
            paused: None,
            stood_still: Duration::ZERO,
        });
        Some(id)
    }

    /// A number of its own, for something the callee does not hear.
    pub(super) fn number(&mut self) -> UtteranceId {
        self.last += 1;
        UtteranceId(self.last)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Something was ordered, the callee has heard nothing of it, and all of it may be dropped.
    pub(super) fn is_unheard(&self) -> bool {
        !self.is_idle() && self.queue.iter().all(|u| u.started.is_none() && u.interruptible)
    }

    /// What is being said ends in a question.
    pub(super) fn asks(&self) -> bool {
        self.queue.back().is_some_and(|utterance| utterance.text.trim_end().ends_with('?'))
    }

    /// The first frame left. Gives the text; `None` for unknown ones and repeats.
    pub(super) fn started(&mut self, now: Mono, id: UtteranceId) -> Option<usize> {
        let utterance = self.get(id)?;
        if utterance.started.is_some() {
            return None;
        }
        utterance.started = Some(now);
        Some(utterance.text.len())
    }

    pub(super) fn paused(&mut self, now: Mono, id: UtteranceId) -> bool {
        self.get(id).map(|utterance| utterance.paused.get_or_insert(now)).is_some()
    }

    pub(super) fn resumed(&mut self, now: Mono, id: UtteranceId) -> bool {
        let Some(utterance) = self.get(id) else { return false };
        if let Some(paused) = utterance.paused.take() {
            utterance.stood_still += now.since(paused);
        }
        true
    }

    /// The whole of it was heard, and so was everything before it.
    pub(super) fn finished(
        &mut self,
        now: Mono,
        id: UtteranceId,
    ) -> Option<Vec<(UtteranceId, usize)>> {
        let index = self.queue.iter().position(|utterance| utterance.id == id)?;
        self.front_since = now;
        Some(self.queue.drain(..=index).map(|u| (u.id, u.text.len())).collect())
    }

    pub(super) fn words(&mut self, id: UtteranceId, starts: &[(u32, u32)]) -> bool {
        let Some(utterance) = self.get(id) else { return false };
        let room = STARTS_MAX.saturating_sub(utterance.starts.len());
        utterance.starts.extend(starts.iter().take(room));
        utterance.starts.sort_unstable();
        true
    }

    pub(super) fn made(&mut self, id: UtteranceId, total_ms: u32) -> bool {
        self.get(id).map(|utterance| utterance.total_ms = Some(total_ms)).is_some()
    }

    pub(super) fn knows(&self, id: UtteranceId) -> bool {
        self.queue.iter().any(|utterance| utterance.id == id)
    }

    /// Cut off while this one played: what came before was heard, what comes after was not.
    pub(super) fn interrupted(&mut self, id: UtteranceId, heard: Heard) -> Option<Cut> {
        let index = self.queue.iter().position(|utterance| utterance.id == id)?;
        let queue = std::mem::take(&mut self.queue);
        let mut cut = Cut::default();
        for (at, utterance) in queue.into_iter().enumerate() {
            let bytes = match at.cmp(&index) {
                std::cmp::Ordering::Less => utterance.text.len(),
                std::cmp::Ordering::Equal => utterance.bytes_at(heard.ms, heard.of_ms),
                std::cmp::Ordering::Greater => 0,
            };
            cut.add(&utterance, bytes);
        }
        Some(cut)
    }

    /// Cut off by us: positions are estimates from pacing.
    pub(super) fn silence(&mut self, now: Mono) -> Cut {
        let mut cut = Cut::default();
        for utterance in std::mem::take(&mut self.queue) {
            let bytes = match utterance.started {
                None => 0,
                Some(started) => {
                    let until = utterance.paused.unwrap_or(now);
                    let played = until.since(started).saturating_sub(utterance.stood_still);
                    let played_ms = u32::try_from(played.as_millis()).unwrap_or(u32::MAX);
                    utterance.bytes_at(played_ms, 0)
                }
            };
            cut.add(&utterance, bytes);
        }
        cut
    }

    /// When the first utterance is late, and whether it has started.
    pub(super) fn deadline(&self, policy: &Policy) -> Option<(Mono, bool)> {
        let front = self.queue.front()?;
        let Some(started) = front.started else {
            let wait = Duration::from_millis(u64::from(policy.speak_ms_max));
            return Some((self.front_since + wait, false));
        };
        if let Some(paused) = front.paused {
            return Some((paused + Duration::from_millis(PAUSE_MS_MAX), true));
        }
        let guess_ms = CHAR_MS_MAX.saturating_mul(front.text.len() as u64);
        let length_ms = front.total_ms.map_or(guess_ms, u64::from);
        let long = Duration::from_millis(length_ms.saturating_add(NEVER_FINISHED_MS));
        Some((started + long + front.stood_still, true))
    }

    /// The first utterance under way.
    pub(super) fn front(&self) -> Option<UtteranceId> {
        self.queue.front().map(|utterance| utterance.id)
    }

    fn get(&mut self, id: UtteranceId) -> Option<&mut Utterance> {
        self.queue.iter_mut().find(|utterance| utterance.id == id)
    }
}

impl Utterance {
    fn bytes_at(&self, heard_ms: u32, made_ms: u32) -> usize {
        let times = Times { starts: &self.starts, total_ms: self.total_ms, made_ms };
        heard_bytes(&self.text, times, heard_ms)
    }
}

impl Cut {
    fn add(&mut self, utterance: &Utterance, bytes: usize) {
        self.heard.push((utterance.id, bytes));
        if utterance.total_ms.is_none() {
            self.unfinished.push(utterance.id);
        }
        let rest = utterance.text[bytes..].trim();
        if rest.chars().any(char::is_alphanumeric) {
            self.rest.push(rest.to_owned());
        }
    }
}
