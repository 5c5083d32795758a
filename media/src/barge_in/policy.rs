//! The decision: pause at a suspicion, then accept, or go on.
//!
//! ```text
//!  free ── speech suspected ─▶ paused ── confirmed long enough, words fit ─▶ accepted
//!    ▲                           │
//!    └── quiet, denied, back-channel, too long (and the same sound pauses us no more) ──┘
//! ```
//!
//! Each false alarm raises the bar for the next suspicion a little, for some seconds, so that a
//! noisy line does not make us stutter.
//!
//! The limit: by sound alone, what the judge calls speech for [`BargeInPolicy::speech_ms_min`] is an
//! interruption, and a loud cough with a vowel in it can be that. Waiting longer would make every
//! interruption slower; where coughs matter more than quickness, [`BargeInPolicy::words_min`] asks for
//! words as well, and plays on when none come to a sound that ended.

use std::time::Duration;

use super::BargeInPolicy;
use crate::{Mono, playout::Playing, vad::Speech};

/// Each false alarm demands so much more gated sound, in ms, up to so many alarms.
const ALARM_MS: u32 = 10;
const ALARMS_MAX: u32 = 4;
/// One alarm is forgotten after this long.
const ALARM_FORGOTTEN: Duration = Duration::from_secs(8);
/// Sound the judge must call speech before a refused one may pause us again, in ms.
const REFUSED_JUDGED_MS: u32 = 64;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decision {
    Pause,
    Resume,
    Accept { reaction_ms: u32 },
}

/// Why the present speech may not pause us.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Refused {
    /// Onset of the speech.
    sample: u64,
    /// What the judge had confirmed of it.
    judged_ms: u32,
    /// The listener only said that they listen.
    back_channel: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Paused {
    since: Mono,
    /// The speech that did it.
    speech: Speech,
}

pub(crate) struct BargeIn {
    policy: BargeInPolicy,
    paused: Option<Paused>,
    refused: Option<Refused>,
    /// Words of the present speech: how many, and whether only back-channel.
    words: Option<(u16, bool)>,
    onset: Option<u64>,
    alarms: u32,
    alarm_at: Mono,
}

impl BargeIn {
    pub(crate) fn new(policy: &BargeInPolicy) -> Self {
        Self {
            policy: *policy,
            paused: None,
            refused: None,
            words: None,
            onset: None,
            alarms: 0,
            alarm_at: Mono::ZERO,
        }
    }

    /// The recogniser's words for the speech that is going on.
    pub(crate) fn words(&mut self, count: u16, back_channel: bool) {
        self.words = Some((count, back_channel));
    }

    /// Playout was cleared or ran out: there is nothing to decide about.
    pub(crate) fn over(&mut self) {
        self.paused = None;
    }

    /// Weighs what is known. Call after every hop, verdict, word and deadline.
    pub(crate) fn weigh(
        &mut self,
        now: Mono,
        speech: Option<Speech>,
        playing: Option<Playing>,
    ) -> Option<Decision> {
        let onset = speech.map(|speech| speech.onset.sample);
        if onset.is_some() && onset != self.onset {
            // A confirmation may move the onset of a speech, but only forwards.
            let moved = self.paused.is_some_and(|paused| {
                speech.is_some_and(|speech| speech.confirmed && !paused.speech.confirmed)
            });
            if !moved {
                self.words = None;
            }
            self.onset = onset;
        }
        let Some(playing) = playing.filter(|playing| playing.interruptible && self.policy.enabled)
        else {
            self.paused = None;
            return None;
        };
        match self.paused {
            None => self.free(now, speech?, playing),
            Some(paused) => self.standing(now, paused, speech),
        }
    }

    fn free(&mut self, now: Mono, speech: Speech, playing: Playing) -> Option<Decision> {
        let guard = Duration::from_millis(u64::from(self.policy.guard_ms));
        if playing.from.is_some_and(|from| from <= now && now.since(from) < guard) {
            return None;
        }
        while self.alarms > 0 && now.since(self.alarm_at) >= ALARM_FORGOTTEN {
            self.alarms -= 1;
            self.alarm_at = self.alarm_at + ALARM_FORGOTTEN;
        }
        let refused = self.refused.is_some_and(|refused| self.still_refused(refused, &speech));
        let fresh = speech.quiet_ms == 0 || speech.confirmed && speech.quiet_ms < 100;
        let enough = speech.confirmed || speech.gated_ms >= 20 + ALARM_MS * self.alarms;
        if refused || speech.denied || !fresh || !enough {
            return None;
        }
        self.refused = None;
        let paused = Paused { since: now, speech };
        if let Some(accepted) = self.accepted(now, &paused, &speech) {
            return Some(accepted);
        }
        self.paused = Some(paused);
        Some(Decision::Pause)
    }

    fn still_refused(&self, refused: Refused, speech: &Speech) -> bool {
        // A speech whose onset was moved forwards by its confirmation is still the refused one.
        let same = speech.onset.sample == refused.sample;
        let confirmed_since = speech.judged_ms >= refused.judged_ms + REFUSED_JUDGED_MS;
        let more_words = self.words.is_some_and(|(_, back_channel)| !back_channel);
        same && !(if refused.back_channel { more_words } else { confirmed_since })
    }

    fn standing(&mut self, now: Mono, paused: Paused, speech: Option<Speech>) -> Option<Decision> {
        // Speech that is over may still wait for its words.
        let speech = speech.unwrap_or(Speech { quiet_ms: u32::MAX, ..paused.speech });
        self.paused = Some(Paused { speech, ..paused });
        if let Some(accepted) = self.accepted(now, &paused, &speech) {
            self.paused = None;
            return Some(accepted);
        }
        let stood_ms = now.since(paused.since).as_millis();
        let long_enough = self.is_long_enough(&speech);
        let only_listening = self.words.is_some_and(|(_, back_channel)| back_channel);
        let quiet = speech.quiet_ms >= u32::from(self.policy.resume_ms);
        let awaits_words = self.policy.words_min > 0
            && long_enough
            && stood_ms < u128::from(self.policy.words_wait_ms);
        let overdue = stood_ms >= u128::from(self.policy.pause_ms_max) && !long_enough;
        if only_listening || speech.denied || overdue || quiet && !awaits_words {
            self.paused = None;
            self.refused = Some(Refused {
                sample: speech.onset.sample,
                judged_ms: speech.judged_ms,
                back_channel: only_listening,
            });
            if !only_listening {
                self.alarms = (self.alarms + 1).min(ALARMS_MAX);
                self.alarm_at = now;
            }
            return Some(Decision::Resume);
        }
        None
    }

    fn is_long_enough(&self, speech: &Speech) -> bool {
        speech.confirmed
            && (speech.alone || speech.judged_ms >= u32::from(self.policy.speech_ms_min))
    }

    fn accepted(&self, now: Mono, paused: &Paused, speech: &Speech) -> Option<Decision> {
        let waited = now.since(paused.since).as_millis() >= u128::from(self.policy.words_wait_ms);
        let words_fit = match self.words {
            Some((_, true)) => false,
            Some((count, false)) if count >= self.policy.words_min => true,
            Some(_) => waited,
            // A sound that is over and brought no word at all was a cough.
            None => {
                let over = speech.quiet_ms >= u32::from(self.policy.resume_ms);
                self.policy.words_min == 0 || waited && !over
            }
        };
        let reaction_ms = now.since(speech.onset.at).as_millis() as u32;
        (self.is_long_enough(speech) && words_fit).then_some(Decision::Accept { reaction_ms })
    }

    /// When a pause must be decided though nothing comes in.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        let paused = self.paused?;
        let ms = if self.is_long_enough(&paused.speech) {
            self.policy.words_wait_ms
        } else {
            self.policy.pause_ms_max
        };
        Some(paused.since + Duration::from_millis(u64::from(ms)))
    }
}

#[cfg(test)]
mod tests;
