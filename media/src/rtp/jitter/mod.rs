//! Adaptive jitter buffer: packets in as they come, one slot out per frame time.
//!
//! Frames stand in fixed-size slots by their timestamp, so gaps of silence, doubles, reordering and
//! telephone events in between do no harm. A missing frame is waited for while the delay is under
//! its target, and given up after that. Too long a delay shrinks by leaving out missing frames at
//! once and present ones rarely; too short a one grows only where something is missing anyway. Clock
//! skew is the same thing, slowly. Nothing is allocated after construction.
//!
//! When it is full the oldest frames give way to the newest. Left out: stretching of sound in time.
//!
//! Here: the buffer and what is known of it. In [`arrive`]: where a packet belongs. In [`choose`]: what
//! is played.

mod arrive;
mod choose;
mod config;
mod delay;

use choose::Choice;
pub use config::{BadJitterConfig, JitterConfig};
use delay::Delay;

use super::Packet;
use crate::time::Mono;

/// Target before anything is known of the network, in ms.
const START_MS: u16 = 40;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits for its time.
    Stored,
    /// The first of a stream: decoders should begin afresh.
    Started,
    /// Its time has passed.
    Late,
    /// It is here already, or was played.
    Duplicate,
    /// Empty, or larger than a slot.
    BadSize,
    /// Another stream or a wild timestamp; believed when a second one agrees.
    Stray,
}

/// What to play for one frame time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot<'a> {
    /// The payload.
    Packet(&'a [u8]),
    /// Something should be here: conceal one frame.
    Lost,
    /// Nothing is being sent: silence.
    Empty,
}

/// Every packet pushed is in exactly one of `played`, `skipped`, `late`, `duplicates`, `bad_size`,
/// `strays`, or still waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Packets pushed.
    pub pushed: u64,
    /// Frames handed out.
    pub played: u64,
    /// Frames that were here and left out: to shorten the delay, for want of room, at a restart.
    pub skipped: u64,
    /// Packets that came after their time.
    pub late: u64,
    /// Packets that were here before.
    pub duplicates: u64,
    /// Packets without payload or too large.
    pub bad_size: u64,
    /// Packets of another stream or far out of time.
    pub strays: u64,
    /// Frame times filled with concealment.
    pub concealed: u64,
    /// Frames given up.
    pub missing: u64,
    /// Times a stream began.
    pub starts: u64,
}

/// What stands in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    /// Number of the frame that stands or stood here.
    frame: i64,
    bytes: usize,
    waits: bool,
}

const NEVER: Cell = Cell { frame: i64::MIN, bytes: 0, waits: false };

/// The buffer.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    config: JitterConfig,
    frame_ms: u16,
    cells: Vec<Cell>,
    payloads: Vec<u8>,
    stream: Option<Stream>,
    delay: Delay,
    hurries: bool,
    suspect: Option<(u32, i64)>,
    waiting: usize,
    stats: JitterStats,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    /// Newest timestamp, and how many ticks after the stream's first it is.
    newest_timestamp: u32,
    newest_ticks: i64,
    /// The frame to play next, and the newest stored.
    next: i64,
    newest: i64,
    /// Frame numbers count from this tick.
    origin_ticks: i64,
    playing: bool,
    late_row: u32,
    /// Frames since one that was here was left out.
    rested: u32,
    /// The last packet's number and ticks, and how many packets in a row had another length.
    last: (u16, i64),
    other_length: (u16, u32),
}

impl JitterBuffer {
    /// An empty buffer.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn new(config: JitterConfig) -> Result<Self, BadJitterConfig> {
        config.check()?;
        let cells = 2 * usize::from(config.delay_max_ms / config.frame_ms) + 8;
        Ok(Self {
            config,
            frame_ms: config.frame_ms,
            cells: vec![NEVER; cells],
            payloads: vec![0; cells * config.payload_bytes_max],
            stream: None,
            delay: fresh_delay(&config),
            hurries: false,
            suspect: None,
            waiting: 0,
            stats: JitterStats::default(),
        })
    }

    /// Takes a packet that arrived at `now`.
    pub fn push(&mut self, now: Mono, packet: &Packet<'_>) -> Pushed {
        self.stats.pushed += 1;
        let pushed = self.take(now, packet);
        match pushed {
            Pushed::Stored | Pushed::Started => {}
            Pushed::Late => self.stats.late += 1,
            Pushed::Duplicate => self.stats.duplicates += 1,
            Pushed::BadSize => self.stats.bad_size += 1,
            Pushed::Stray => self.stats.strays += 1,
        }
        pushed
    }

    /// What to play for the frame time that begins `now`; call once per [`Self::frame_ms`].
    pub fn pop(&mut self, now: Mono) -> Slot<'_> {
        match self.choose(now) {
            Choice::Play(cell) => {
                self.cells[cell].waits = false;
                self.waiting -= 1;
                self.stats.played += 1;
                let from = cell * self.config.payload_bytes_max;
                Slot::Packet(&self.payloads[from..from + self.cells[cell].bytes])
            }
            Choice::Conceal => {
                self.stats.concealed += 1;
                Slot::Lost
            }
            Choice::Silence => Slot::Empty,
        }
    }

    /// The payload that the next pop would play, when it is here: after [`Slot::Lost`] it may hold
    /// a copy of what was lost (Opus FEC).
    pub fn peek(&self) -> Option<&[u8]> {
        let cell = self.cell_of(self.stream.as_ref()?.next);
        let from = cell * self.config.payload_bytes_max;
        self.waits(self.stream.as_ref()?.next)
            .then(|| &self.payloads[from..from + self.cells[cell].bytes])
    }

    /// Sound waiting, gaps included, in ms.
    pub fn depth_ms(&self) -> u32 {
        let frames = self.stream.as_ref().map_or(0, |s| (s.newest - s.next + 1).max(0));
        frames as u32 * u32::from(self.frame_ms)
    }

    /// The delay aimed at, in ms.
    pub fn target_ms(&self) -> u32 {
        (self.delay.target_us() / 1_000) as u32
    }

    /// How long after its earliest possible arrival the next frame would be played `now`, in ms.
    pub fn delay_ms(&self, now: Mono) -> Option<i64> {
        let stream = self.stream.as_ref()?;
        Some(self.delay_us(now, stream, stream.next)? / 1_000)
    }

    /// From now on a frame too much is left out as soon as that is known; before, one and a half: two people who
    /// talk with each other feel every delay.
    pub fn hurry(&mut self) {
        self.hurries = true;
    }

    /// Length of the sender's frames, in ms.
    pub fn frame_ms(&self) -> u16 {
        self.frame_ms
    }

    /// Packets waiting.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// What became of everything.
    pub fn stats(&self) -> JitterStats {
        self.stats
    }

    /// A frame's time has passed unplayed.
    fn give_up(&mut self, frame: i64) {
        let cell = self.cell_of(frame);
        if self.waits(frame) {
            self.cells[cell].waits = false;
            self.waiting -= 1;
            self.stats.skipped += 1;
        } else {
            self.stats.missing += 1;
        }
    }

    fn waits(&self, frame: i64) -> bool {
        let cell = &self.cells[self.cell_of(frame)];
        cell.waits && cell.frame == frame
    }

    fn cell_of(&self, frame: i64) -> usize {
        frame.rem_euclid(self.cells.len() as i64) as usize
    }

    fn frame_ticks(&self) -> i64 {
        (i64::from(self.config.clock_hz) * i64::from(self.frame_ms) / 1_000).max(1)
    }

    fn us_of(&self, ticks: i64) -> i64 {
        ticks * 1_000_000 / i64::from(self.config.clock_hz)
    }

    fn delay_us(&self, now: Mono, stream: &Stream, frame: i64) -> Option<i64> {
        let ticks = stream.origin_ticks + frame * self.frame_ticks();
        Some(now.as_micros() as i64 - self.us_of(ticks) - self.delay.floor_us()?)
    }
}

fn fresh_delay(config: &JitterConfig) -> Delay {
    let us = |ms: u16| i64::from(ms) * 1_000;
    Delay::new(us(START_MS), (us(config.delay_min_ms), us(config.delay_max_ms)))
}

#[cfg(test)]
mod tests;
