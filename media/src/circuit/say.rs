//! The speaking side: the ledger, what may interrupt it, and the frames that leave.

use std::time::Duration;

use dtmf::Generator;

use super::{
    config::{CircuitConfig, Transport},
    listen::FRAME_MAX,
    outbox::Outbox,
    words::Command,
};
use crate::{
    Mono,
    barge_in::{BargeIn, Decision, Echo},
    mix::{Level, QUIETEST_DBFS},
    playout::{Feeding, Playout},
    vad::{HOP, Speech},
};

/// A key we press: tone and gap, in ms.
const KEY_MS: (u32, u32) = (100, 100);
/// Sound of a key, in samples.
const KEY_SAMPLES: usize = 8 * (KEY_MS.0 + KEY_MS.1) as usize;

pub(super) struct Say {
    pub(super) playout: Playout,
    barge_in: BargeIn,
    frame: [i16; FRAME_MAX],
    frame_samples: usize,
    keys: Generator,
    level_dbfs: f32,
    level_until: Mono,
}

impl Say {
    pub(super) fn new(config: &CircuitConfig) -> Self {
        let frame = Duration::from_millis(u64::from(config.sent_ms()));
        // Packets are not buffered on the other side beyond its jitter: they leave when they are due
        // to be heard, and a late tick must not move the grid.
        let (lead, slack) = match config.transport {
            Transport::InOrder => {
                (Duration::from_millis(u64::from(config.lead_ms)), Duration::ZERO)
            }
            Transport::Rtp { .. } => (frame, frame),
        };
        // A stream of packets that stops looks like a lost call to the other side and to every box
        // in between.
        let continuous = matches!(config.transport, Transport::Rtp { .. });
        let (clear, mark) = (config.clear, config.mark);
        let feeding = Feeding { frame, lead, slack, clear, mark, continuous };
        Self {
            playout: Playout::new(feeding),
            barge_in: BargeIn::new(&config.barge_in),
            frame: [0; FRAME_MAX],
            frame_samples: usize::from(config.sent_ms()) * 8,
            keys: Generator::new(8000, KEY_MS.0, KEY_MS.1),
            level_dbfs: QUIETEST_DBFS,
            level_until: Mono::ZERO,
        }
    }

    pub(super) fn command(
        &mut self,
        now: Mono,
        command: Command,
        echo: &mut Echo,
        out: &mut Outbox,
    ) {
        match command {
            Command::Say { utterance, interruptible } => {
                self.playout.say(utterance, interruptible, out);
            }
            Command::Clear => {
                self.playout.clear(now, 0, out);
                self.barge_in.over();
                echo.cleared(now);
            }
            Command::Words { count, back_channel } => self.barge_in.words(count, back_channel),
            Command::Keys(keys) => {
                for digit in keys.iter() {
                    // The generator holds more keys than fit in `Keys`, and is empty here.
                    let _ = self.keys.push(digit);
                }
                let mut tones = vec![0; keys.len() * KEY_SAMPLES];
                let samples = self.keys.fill(&mut tones);
                self.playout.keys(now, &tones[..samples], out);
                self.barge_in.over();
                echo.cleared(now);
            }
        }
    }

    /// Weighs whether the callee interrupts us, and reports what has been played by now.
    pub(super) fn weigh(
        &mut self,
        now: Mono,
        speech: Option<Speech>,
        echo: &mut Echo,
        out: &mut Outbox,
    ) {
        match self.barge_in.weigh(now, speech, self.playout.playing()) {
            None => {}
            Some(Decision::Pause) => self.playout.pause(now, out),
            Some(Decision::Resume) => self.playout.resume(now, out),
            Some(Decision::Accept { reaction_ms }) => {
                self.playout.clear(now, reaction_ms, out);
                echo.cleared(now);
            }
        }
    }

    /// The next frame, if one is due, and when the carrier will begin to play it.
    pub(super) fn frame(
        &mut self,
        now: Mono,
        echo: &mut Echo,
        out: &mut Outbox,
    ) -> Option<(&[i16], Mono)> {
        let frame = &mut self.frame[..self.frame_samples];
        let plays_at = self.playout.next_frame(now, frame, out)?;
        for (hop, at) in frame.chunks(HOP).zip(0u64..) {
            let level_dbfs = Level::of(hop).rms_dbfs;
            echo.sent(plays_at + Duration::from_millis(10 * at), level_dbfs);
            self.level_dbfs = level_dbfs;
        }
        self.level_until = plays_at + Duration::from_millis(60);
        Some((frame, plays_at))
    }

    pub(super) fn last_frame(&self) -> &[i16] {
        &self.frame[..self.frame_samples]
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.barge_in.deadline()
    }

    pub(super) fn level_dbfs(&self, now: Mono) -> f32 {
        if now <= self.level_until { self.level_dbfs } else { QUIETEST_DBFS }
    }
}
