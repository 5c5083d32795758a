//! From the leg's bytes to hops of 10 ms at 8 kHz.
//!
//! A carrier that delivers in order is decoded as it comes, whatever the size of its messages. What
//! is more than a second ahead of real time is refused: a sender that claims 8 kHz and sends 16.
//! Packets come through the [session](super::session), one frame at a time.

use std::{collections::VecDeque, time::Duration};

use super::{
    config::{CircuitConfig, ConfigError, Transport},
    outbox::Outbox,
    words::Ignored,
};
use crate::{Mono, codec::Decoder, resample::Resampler, vad::HOP};

/// Inbound audio may be this far ahead of real time; the excess is refused.
const AHEAD_US_MAX: i64 = 1_000_000;
/// After silence this much may be caught up, in µs.
const BEHIND_US_MAX: i64 = 60_000_000;
/// A sender's clock may run fast by 1 in this many.
const CLOCK_SLACK: i64 = 1000;
/// Decoded sound that waits for its hop, in samples: 2 s. More is refused.
const WAITING_MAX: usize = 16_000;
/// Room from the beginning: the longest frame that is usual, 20 ms at 48 kHz.
const USUAL_SAMPLES: usize = 960;

pub(super) struct LegIn {
    decoder: Decoder,
    resampler: Option<Resampler>,
    /// At the leg's rate, then at 8 kHz.
    pcm: Vec<i16>,
    narrow: Vec<i16>,
    waiting: VecDeque<i16>,
    came_at: Mono,
    ahead_us: i64,
}

impl LegIn {
    pub(super) fn new(config: &CircuitConfig, now: Mono) -> Result<Self, ConfigError> {
        let impossible = ConfigError::Rate(config.codec, config.rate_hz);
        let decoder = match config.transport {
            Transport::InOrder => Decoder::in_order(config.codec, config.rate_hz),
            Transport::Rtp { .. } => Decoder::new(config.codec, config.rate_hz),
        }
        .map_err(|_| impossible)?;
        let resampler = (config.rate_hz != 8000)
            .then(|| Resampler::new(config.rate_hz, 8000))
            .transpose()
            .map_err(|_| impossible)?;
        Ok(Self {
            pcm: Vec::with_capacity(USUAL_SAMPLES),
            narrow: Vec::with_capacity(if resampler.is_some() { USUAL_SAMPLES } else { 0 }),
            waiting: VecDeque::with_capacity(USUAL_SAMPLES),
            came_at: now,
            ahead_us: 0,
            decoder,
            resampler,
        })
    }

    /// Audio that came in order.
    pub(super) fn audio(&mut self, now: Mono, payload: &[u8], out: &mut Outbox) {
        self.pcm.clear();
        if self.decoder.decode(payload, &mut self.pcm).is_err() {
            return out.ignored(Ignored::BadPayload);
        }
        let sound_us = self.pcm.len() as i64 * 1_000_000 / i64::from(self.decoder.rate_hz());
        let passed_us = now.since(self.came_at).as_micros() as i64;
        self.came_at = self.came_at.max(now);
        let ahead_us = self.ahead_us - passed_us - passed_us / CLOCK_SLACK;
        self.ahead_us = ahead_us.max(-BEHIND_US_MAX);
        if self.ahead_us + sound_us > AHEAD_US_MAX {
            return out.ignored(Ignored::TooMuchAudio);
        }
        self.ahead_us += sound_us;
        self.keep(out);
    }

    /// Sound of so many ms, in samples at the leg's rate.
    pub(super) fn samples_of(&self, ms: u16) -> usize {
        (self.decoder.rate_hz() * u32::from(ms) / 1000) as usize
    }

    /// Another stream begins: what the decoder remembers is not its past.
    pub(super) fn restart(&mut self) {
        // The codec ran at this rate before.
        if let Ok(decoder) = Decoder::new(self.decoder.codec(), self.decoder.rate_hz()) {
            self.decoder = decoder;
        }
    }

    /// One packet, to be heard at `at`. What does not decode is concealed.
    pub(super) fn packet(&mut self, at: Mono, payload: &[u8], samples: usize, out: &mut Outbox) {
        self.pcm.clear();
        if self.decoder.decode(payload, &mut self.pcm).is_err() {
            out.ignored(Ignored::BadPayload);
            self.decoder.conceal(samples, &mut self.pcm);
        }
        self.came_at = at;
        self.keep(out);
    }

    /// A packet is missing; `next` is the one after it, if it is here.
    pub(super) fn lost(&mut self, at: Mono, next: Option<&[u8]>, samples: usize, out: &mut Outbox) {
        self.pcm.clear();
        match next {
            Some(next) => self.decoder.recover(next, samples, &mut self.pcm),
            None => self.decoder.conceal(samples, &mut self.pcm),
        }
        self.came_at = at;
        self.keep(out);
    }

    /// Nothing is being sent.
    pub(super) fn silence(&mut self, at: Mono, samples: usize, out: &mut Outbox) {
        self.pcm.clear();
        self.pcm.resize(samples, 0);
        self.came_at = at;
        self.keep(out);
    }

    /// Moves what was decoded to the waiting hops.
    fn keep(&mut self, out: &mut Outbox) {
        let narrow = match &mut self.resampler {
            None => &self.pcm,
            Some(resampler) => {
                self.narrow.clear();
                resampler.process(&self.pcm, &mut self.narrow);
                &self.narrow
            }
        };
        let room = WAITING_MAX - self.waiting.len();
        if narrow.len() > room {
            out.ignored(Ignored::TooMuchAudio);
        }
        self.waiting.extend(&narrow[..narrow.len().min(room)]);
    }

    /// The next hop, and when its last sample came.
    pub(super) fn hop(&mut self) -> Option<([i16; HOP], Mono)> {
        if self.waiting.len() < HOP {
            return None;
        }
        let mut hop = [0; HOP];
        let (first, second) = self.waiting.as_slices();
        let (begin, end) = hop.split_at_mut(first.len().min(HOP));
        begin.copy_from_slice(&first[..begin.len()]);
        end.copy_from_slice(&second[..end.len()]);
        self.waiting.drain(..HOP);
        if self.waiting.is_empty() {
            // Back to the beginning of its memory, which is in the cache.
            self.waiting.clear();
        }
        let behind = Duration::from_micros(self.waiting.len() as u64 * 125);
        Some((hop, self.came_at - behind))
    }
}
