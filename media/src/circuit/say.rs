//! The speaking side: the ledger, what may interrupt it, and the frames that leave.

use std::time::Duration;

use dtmf::Generator;

use super::{
    config::{CircuitConfig, Transport},
    keys::KeyRow,
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

pub(super) struct Say {
    pub(super) playout: Playout,
    barge_in: BargeIn,
    frame: [i16; FRAME_MAX],
    frame_samples: usize,
    relayed_ms: u16,
    /// Keys begin and end with frames, in samples: events do.
    key_grid: u32,
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
        let has_events =
            matches!(config.transport, Transport::Rtp { event_payload_type: Some(_), .. });
        let key_grid = if has_events { 8 * u32::from(config.sent_ms()) } else { 1 };
        let (clear, mark) = (config.clear, config.mark);
        let feeding = Feeding { frame, lead, slack, clear, mark, continuous };
        Self {
            playout: Playout::new(feeding),
            barge_in: BargeIn::new(&config.barge_in),
            frame: [0; FRAME_MAX],
            frame_samples: usize::from(config.sent_ms()) * 8,
            relayed_ms: config.relayed_ms(),
            key_grid,
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
            Command::Bridge => {
                self.barge_in.over();
                self.frame_samples = usize::from(self.relayed_ms) * 8;
                let frame = Duration::from_millis(u64::from(self.relayed_ms));
                self.playout.bridge(now, frame, out);
            }
            Command::Keys(keys) => {
                let row = KeyRow::new(keys, self.key_grid);
                self.playout.keys(now, row, &sound_of(&row), out);
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
        if self.playout.is_bridged() {
            return;
        }
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

/// Keys and pauses as tones and silence. Where the leg sends events, this is what the recording holds.
fn sound_of(row: &KeyRow) -> Vec<i16> {
    let mut sound = Vec::new();
    for (digit, tone_samples, samples) in row.parts() {
        let from = sound.len();
        sound.resize(from + samples as usize, 0);
        let mut generator = Generator::new(8000, tone_samples / 8, 0);
        // An empty generator has room.
        if digit.is_some_and(|digit| generator.push(digit).is_ok()) {
            generator.fill(&mut sound[from..]);
        }
    }
    sound
}
