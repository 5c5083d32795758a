//! A bridge: what the other leg hears goes out here, as it comes, over what we say ourselves.
//!
//! Nothing is kept back to smooth it: the far end has a buffer for that. What would be heard later than a
//! frame from now is dropped, so that neither a burst nor a clock that runs fast stays as delay. Of a
//! carrier's buffer its marks tell: one that plays slowly fills up unseen.

use std::{collections::VecDeque, time::Duration};

use super::Playout;
use crate::{
    Mono,
    circuit::{Ignored, Out, Outbox},
    mix::Mixer,
};

/// The first sound may be so early, and the first after a piece that was dropped.
const ON_TIME: Duration = Duration::from_millis(1);
/// Most sound taken that comes at one moment, in samples: 100 ms. Carriers send no longer messages.
const BATCH_MAX: usize = 800;
/// So long after the other leg fell silent we keep time by ourselves.
const PATIENCE: Duration = Duration::from_millis(40);
/// What both of us get less while both sound, in dB: two at full scale do not clip.
const TOGETHER_DB: f32 = -6.02;
/// A mark after so many frames.
const MARK_EVERY: u32 = 25;
/// Marks that set their usual delay.
const BASELINE_MARKS: i64 = 8;

/// Position of a mark in relayed sound.
pub(super) const RELAYED: u64 = u64::MAX;

pub(super) struct Relay {
    waiting: VecDeque<i16>,
    /// When the last of it came, and how much more is taken of what comes at that moment.
    came_at: Mono,
    room: usize,
    in_step: bool,
    ours: Vec<i16>,
    theirs: Vec<i16>,
    mixer: Mixer<2>,
    together: bool,
    frames: u32,
    marks: i64,
    /// Usual and recent delay of a mark, in µs.
    usual_us: i64,
    recent_us: i64,
    /// The carrier has a frame more than it should.
    over: bool,
}

impl Relay {
    fn new(now: Mono, frame_samples: usize) -> Self {
        Self {
            waiting: VecDeque::with_capacity(BATCH_MAX + frame_samples),
            came_at: now,
            room: 0,
            in_step: false,
            ours: vec![0; frame_samples],
            theirs: vec![0; frame_samples],
            mixer: Mixer::new(8_000, frame_samples),
            together: false,
            frames: 0,
            marks: 0,
            usual_us: 0,
            recent_us: 0,
            over: false,
        }
    }

    /// Takes what comes now and would be heard so much later; `false` when it is dropped.
    fn take(&mut self, now: Mono, ahead: Duration, frame: Duration, samples: &[i16]) -> bool {
        if now > self.came_at {
            let most = if self.in_step { frame } else { ON_TIME };
            let fits = ahead <= most && !std::mem::take(&mut self.over);
            self.room = if fits { BATCH_MAX } else { 0 };
        }
        self.came_at = now;
        let taken = samples.len().min(self.room);
        self.in_step = taken == samples.len();
        self.room -= taken;
        self.waiting.extend(&samples[..taken]);
        self.in_step
    }

    pub(super) fn has(&self, samples: usize) -> bool {
        self.waiting.len() >= samples
    }

    /// When we keep time by ourselves.
    pub(super) fn falls_silent_at(&self) -> Mono {
        self.came_at + PATIENCE
    }

    /// Adds theirs to a frame of ours; `we_speak` when there is anything in it.
    fn mix_onto(&mut self, frame: &mut [i16], we_speak: bool) {
        let they_speak = self.has(frame.len());
        if self.together != (we_speak && they_speak) {
            self.together = !self.together;
            let db = if self.together { TOGETHER_DB } else { 0.0 };
            self.mixer.set_db(0, db);
            self.mixer.set_db(1, db);
        }
        let samples = if they_speak { frame.len() } else { 0 };
        let (ours, theirs) = (&mut self.ours[..frame.len()], &mut self.theirs[..samples]);
        ours.copy_from_slice(frame);
        for (sample, came) in theirs.iter_mut().zip(self.waiting.drain(..samples)) {
            *sample = came;
        }
        self.mixer.mix([&*ours, &*theirs], frame);
    }

    /// A mark behind relayed sound came back so late. Each frame too many in the carrier's buffer costs one
    /// of what comes.
    pub(super) fn mark(&mut self, delay_us: i64, frame: Duration) {
        self.marks += 1;
        if self.marks <= BASELINE_MARKS {
            self.usual_us += (delay_us - self.usual_us) / self.marks;
            self.recent_us = self.usual_us;
            return;
        }
        self.recent_us += (delay_us - self.recent_us) / 4;
        let frame_us = frame.as_micros() as i64;
        if self.recent_us - self.usual_us > frame_us {
            self.recent_us -= frame_us;
            self.over = true;
        }
    }
}

impl Playout {
    /// From now on what another leg hears goes out here, in frames of this length.
    pub(crate) fn bridge(&mut self, now: Mono, frame: Duration, out: &mut Outbox) {
        self.resume(now, out);
        if self.relay.is_none() {
            self.feeding.frame = frame;
            self.pacer.set_frame(frame);
            self.relay = Some(Box::new(Relay::new(now, frame.as_micros() as usize / 125)));
        }
    }

    pub(crate) fn is_bridged(&self) -> bool {
        self.relay.is_some()
    }

    /// The other leg heard this.
    pub(crate) fn relay(&mut self, now: Mono, samples: &[i16], out: &mut Outbox) {
        let Some(relay) = &mut self.relay else { return out.ignored(Ignored::NotBridged) };
        let waiting = Duration::from_micros(relay.waiting.len() as u64 * 125);
        let ahead = self.pacer.dry_at().since(now) + waiting;
        if !relay.take(now, ahead, self.feeding.frame, samples) {
            out.ignored(Ignored::TooMuchAudio);
        }
    }

    /// The other leg's part of a frame that is about to leave.
    pub(super) fn join(&mut self, frame: &mut [i16], we_speak: bool, out: &mut Outbox) {
        let Some(relay) = &mut self.relay else { return };
        relay.mix_onto(frame, we_speak);
        relay.frames += 1;
        if self.feeding.mark && relay.frames.is_multiple_of(MARK_EVERY) {
            let id = self.marks.send(self.epoch, None, RELAYED, self.pacer.dry_at());
            out.push(Out::Mark(id));
        }
    }
}
