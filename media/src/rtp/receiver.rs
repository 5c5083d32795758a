//! The receiving side of one RTP stream: what came, what is missing, how unevenly (RFC 3550 §6.4.1,
//! appendices A.1, A.3, A.8).

use super::Packet;
use crate::time::Mono;

/// A jump of sequence numbers larger than this is another stream, not a loss (A.1).
const DROPOUT_MAX: u16 = 3_000;
/// A packet this much older than the newest may still be a late one (A.1).
const MISORDER_MAX: u16 = 100;
/// Newest sequence numbers remembered, to tell doubles from late packets.
const WINDOW: u64 = 128;

/// What a packet is to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The first of its stream, or the stream begins anew (SSRC changed, numbers jumped): forget
    /// what was, decoders included.
    First,
    /// Newer than all before; `lost` numbers were skipped.
    Next {
        /// Numbers missing just before it, for now.
        lost: u16,
    },
    /// Older than the newest, and not seen before.
    Late,
    /// Seen before.
    Duplicate,
    /// Of another stream, or far out of place. The stream changes when a second one follows it.
    Stray,
}

/// What came of one stream so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reception {
    /// Packets, duplicates not counted.
    pub received: u64,
    /// Packets that never came, as of now.
    pub lost: u64,
    /// Packets seen twice or more.
    pub duplicates: u64,
    /// Packets that came after a newer one.
    pub reordered: u64,
    /// Packets of other streams or far out of place.
    pub strays: u64,
    /// Times the stream began anew.
    pub restarts: u64,
    /// Interarrival jitter of RFC 3550 A.8, in ms.
    pub jitter_ms: f32,
}

/// Follows one stream.
#[derive(Clone, Debug)]
pub struct Receiver {
    clock_hz: u32,
    stream: Option<Stream>,
    /// The last stray: its SSRC and the number that would follow it.
    suspect: Option<(u32, u16)>,
    total: Reception,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    first: u64,
    newest: u64,
    /// Bit n: number `newest - n` came.
    seen: u128,
    received: u64,
    transit_ticks: f64,
    jitter_ticks: f64,
    /// At the last report (A.3).
    expected_before: u64,
    received_before: u64,
}

/// Facts for a reception report block (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose stream.
    pub ssrc: u32,
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning, at most 0x7F_FFFF.
    pub total_lost: u32,
    /// Newest sequence number with its wraps above it.
    pub newest_sequence: u32,
    /// Jitter in clock ticks.
    pub jitter_ticks: u32,
}

impl Receiver {
    /// For a stream whose RTP clock runs at `clock_hz`.
    pub fn new(clock_hz: u32) -> Self {
        let clock_hz = clock_hz.max(1);
        Self { clock_hz, stream: None, suspect: None, total: Reception::default() }
    }

    /// Takes note of a packet that arrived at `now`.
    pub fn receive(&mut self, now: Mono, packet: &Packet<'_>) -> Arrival {
        let transit_ticks =
            now.as_micros() as f64 * f64::from(self.clock_hz) / 1e6 - f64::from(packet.timestamp);
        let Some(stream) = &mut self.stream else {
            self.begin(packet, transit_ticks);
            return Arrival::First;
        };
        let ahead = packet.sequence.wrapping_sub(stream.newest as u16);
        let behind = ahead.wrapping_neg();
        if packet.ssrc != stream.ssrc || (ahead >= DROPOUT_MAX && behind > MISORDER_MAX) {
            return self.stray(packet, transit_ticks);
        }
        self.suspect = None;
        let arrival = if ahead == 0 || ahead >= DROPOUT_MAX {
            stream.late(u64::from(behind))
        } else {
            stream.newest += u64::from(ahead);
            stream.seen = stream.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            Arrival::Next { lost: ahead - 1 }
        };
        match arrival {
            Arrival::Duplicate => self.total.duplicates += 1,
            Arrival::Late => self.total.reordered += 1,
            _ => {}
        }
        if arrival != Arrival::Duplicate {
            stream.received += 1;
            self.total.received += 1;
            stream.hear_jitter(transit_ticks);
        }
        arrival
    }

    /// What came so far, over all streams.
    pub fn reception(&self) -> Reception {
        let Some(stream) = &self.stream else { return self.total };
        let jitter_ms = (stream.jitter_ticks * 1_000.0 / f64::from(self.clock_hz)) as f32;
        Reception { lost: self.total.lost + stream.lost(), jitter_ms, ..self.total }
    }

    /// The stream's SSRC.
    pub fn ssrc(&self) -> Option<u32> {
        self.stream.as_ref().map(|stream| stream.ssrc)
    }

    /// Facts for the next report about this stream; begins a new interval.
    pub fn report(&mut self) -> Option<ReportBlock> {
        let stream = self.stream.as_mut()?;
        let expected = stream.expected();
        let expected_now = expected - stream.expected_before;
        let received_now = stream.received - stream.received_before;
        stream.expected_before = expected;
        stream.received_before = stream.received;
        let lost_now = expected_now.saturating_sub(received_now);
        Some(ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255) as u8,
            total_lost: stream.lost().min(0x7F_FFFF) as u32,
            newest_sequence: stream.newest as u32,
            jitter_ticks: stream.jitter_ticks as u32,
        })
    }

    fn begin(&mut self, packet: &Packet<'_>, transit_ticks: f64) {
        if let Some(old) = self.stream.take() {
            self.total.lost += old.lost();
            self.total.restarts += 1;
        }
        self.suspect = None;
        self.total.received += 1;
        self.stream = Some(Stream {
            ssrc: packet.ssrc,
            first: u64::from(packet.sequence),
            newest: u64::from(packet.sequence),
            seen: 1,
            received: 1,
            transit_ticks,
            jitter_ticks: 0.0,
            expected_before: 0,
            received_before: 0,
        });
    }

    fn stray(&mut self, packet: &Packet<'_>, transit_ticks: f64) -> Arrival {
        if self.suspect == Some((packet.ssrc, packet.sequence)) {
            self.begin(packet, transit_ticks);
            return Arrival::First;
        }
        self.suspect = Some((packet.ssrc, packet.sequence.wrapping_add(1)));
        self.total.strays += 1;
        Arrival::Stray
    }
}

impl Stream {
    fn expected(&self) -> u64 {
        self.newest - self.first + 1
    }

    fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// A number `behind` the newest.
    fn late(&mut self, behind: u64) -> Arrival {
        if behind > self.newest - self.first || behind >= WINDOW {
            // Sent before the first we saw: nobody waits for it.
            return Arrival::Duplicate;
        }
        let bit = 1u128 << behind;
        if self.seen & bit != 0 {
            return Arrival::Duplicate;
        }
        self.seen |= bit;
        Arrival::Late
    }

    fn hear_jitter(&mut self, transit_ticks: f64) {
        let mut difference = (transit_ticks - self.transit_ticks).abs();
        // The timestamp wrapped between the two.
        if difference > 2_147_483_648.0 {
            difference = (difference - 4_294_967_296.0).abs();
        }
        self.transit_ticks = transit_ticks;
        self.jitter_ticks += (difference - self.jitter_ticks) / 16.0;
    }
}

#[cfg(test)]
mod tests;
