//! Where a packet belongs: in its slot, or nowhere; and when a stream begins, or begins anew.

use super::{Cell, JitterBuffer, NEVER, Pushed, Stream, config::FRAMES_MS, fresh_delay};
use crate::{rtp::Packet, time::Mono};

/// A transit this far from the floor is another clock, not jitter, in µs.
const JUMP_US: i64 = 2_000_000;
/// So many packets in a row too late or played already: the sender set its clock back.
const LATE_ROW_MAX: u32 = 10;
/// So many packets in a row of another length: the sender's frame is not ours.
const LENGTH_ROW: u32 = 3;

impl JitterBuffer {
    pub(super) fn take(&mut self, now: Mono, packet: &Packet<'_>) -> Pushed {
        if packet.payload.is_empty() || packet.payload.len() > self.config.payload_bytes_max {
            return Pushed::BadSize;
        }
        let Some(stream) = self.stream else { return self.begin(now, packet) };
        let ahead = packet.timestamp.wrapping_sub(stream.newest_timestamp) as i32;
        let ticks = stream.newest_ticks + i64::from(ahead);
        let transit_us = now.as_micros() as i64 - self.us_of(ticks);
        let floor_us = self.delay.floor_us().unwrap_or(transit_us);
        if packet.ssrc != stream.ssrc || (transit_us - floor_us).abs() > JUMP_US {
            let agrees = self.suspect.is_some_and(|(ssrc, transit)| {
                ssrc == packet.ssrc && (transit - transit_us).abs() < JUMP_US / 2
            });
            self.suspect = Some((packet.ssrc, transit_us));
            return if agrees { self.begin(now, packet) } else { Pushed::Stray };
        }
        self.suspect = None;
        if self.other_length(packet.sequence, ticks) {
            return self.begin(now, packet);
        }
        self.delay.hear(now, transit_us);
        self.place(now, packet, ticks)
    }

    /// Puts a packet of the running stream where it belongs.
    fn place(&mut self, now: Mono, packet: &Packet<'_>, ticks: i64) -> Pushed {
        let frame_ticks = self.frame_ticks();
        let Some(stream) = &mut self.stream else { return Pushed::Stray };
        if ticks > stream.newest_ticks {
            stream.newest_ticks = ticks;
            stream.newest_timestamp = packet.timestamp;
        }
        let frame = (ticks - stream.origin_ticks + frame_ticks / 2).div_euclid(frame_ticks);
        // Before anything was played, an older one that overtook the first is welcome.
        let room = self.cells.len() as i64;
        if !stream.playing && frame < stream.next && stream.newest - frame < room {
            stream.next = frame;
        }
        if frame < stream.next {
            stream.late_row += 1;
            if stream.late_row > LATE_ROW_MAX {
                // What looked like lateness taught nothing of the network.
                self.delay = fresh_delay(&self.config);
                return self.begin(now, packet);
            }
            let seen = self.cells[self.cell_of(frame)].frame == frame;
            return if seen { Pushed::Duplicate } else { Pushed::Late };
        }
        if self.waits(frame) {
            return Pushed::Duplicate;
        }
        while let Some(stream) = &mut self.stream
            && frame - stream.next >= room
        {
            let oldest = stream.next;
            stream.next += 1;
            self.give_up(oldest);
        }
        self.store(frame, packet.payload);
        Pushed::Stored
    }

    fn store(&mut self, frame: i64, payload: &[u8]) {
        let cell = self.cell_of(frame);
        let from = cell * self.config.payload_bytes_max;
        self.payloads[from..from + payload.len()].copy_from_slice(payload);
        self.cells[cell] = Cell { frame, bytes: payload.len(), waits: true };
        self.waiting += 1;
        if let Some(stream) = &mut self.stream {
            stream.newest = stream.newest.max(frame);
            stream.late_row = 0;
        }
    }

    /// A stream begins, or begins anew.
    fn begin(&mut self, now: Mono, packet: &Packet<'_>) -> Pushed {
        self.stats.skipped += self.waiting as u64;
        self.stats.starts += 1;
        self.waiting = 0;
        self.cells.fill(NEVER);
        self.suspect = None;
        self.delay.forget_floor();
        self.delay.hear(now, now.as_micros() as i64);
        self.stream = Some(Stream {
            ssrc: packet.ssrc,
            newest_timestamp: packet.timestamp,
            newest_ticks: 0,
            next: 0,
            newest: 0,
            origin_ticks: 0,
            playing: false,
            late_row: 0,
            rested: 0,
            last: (packet.sequence, 0),
            other_length: (self.frame_ms, 0),
        });
        self.store(0, packet.payload);
        Pushed::Started
    }

    /// Follows how far apart neighbouring packets are; `true` when the frame's length was corrected.
    fn other_length(&mut self, sequence: u16, ticks: i64) -> bool {
        let (frame_ms, clock_hz) = (self.frame_ms, i64::from(self.config.clock_hz));
        let Some(stream) = &mut self.stream else { return false };
        let (last_sequence, last_ticks) = std::mem::replace(&mut stream.last, (sequence, ticks));
        if sequence != last_sequence.wrapping_add(1) {
            return false;
        }
        let apart_ms = (ticks - last_ticks) * 1_000 / clock_hz;
        let length = FRAMES_MS.into_iter().find(|&ms| i64::from(ms) == apart_ms);
        let (before, row) = stream.other_length;
        stream.other_length = match length {
            Some(ms) if ms == frame_ms => (ms, 0),
            Some(ms) if ms == before => (ms, row + 1),
            Some(ms) => (ms, 1),
            None => (before, 0),
        };
        let (ms, row) = stream.other_length;
        if row < LENGTH_ROW {
            return false;
        }
        self.frame_ms = ms;
        true
    }
}
