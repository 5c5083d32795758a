//! The leg over RTP: jitter buffer, concealment, events, reports.
//!
//! One frame is taken from the jitter buffer per frame time on a grid of its own, so what is heard
//! has no gaps: losses are concealed, silence is filled. Packets leave all the time: while we say
//! nothing they hold silence. A key of ours leaves as events in place of the frames it would sound in, its end three
//! times (RFC 4733 §2.5.1). Left out: comfort noise from us (RFC 3389).

use std::time::Duration;

use dtmf::event::{EventReceiver, EventSender};

use super::{
    config::{CircuitConfig, ConfigError, Transport},
    keys::Sounding,
    leg_in::LegIn,
    outbox::{Out, Outbox},
    words::Ignored,
};
use crate::{
    Mono,
    rtp::{
        JitterBuffer, JitterConfig, Packet, Pushed, Receiver, Sender, Slot, Start,
        rtcp::{INTERVAL_MS, Reports},
    },
};

/// Comfort noise (RFC 3389): silence to us.
const COMFORT_NOISE: u8 = 13;
/// Largest packet, in bytes: 60 ms of L16 at 48 kHz and a header.
const PACKET_BYTES_MAX: usize = 6000;
/// Room for one Opus packet.
const OPUS_BYTES_MAX: usize = 1500;
/// Our canonical name in reports.
const NAME: &str = "trunkline";
/// Frames taken late at once, at most: 1 s. What is older is not made up for.
const CATCH_UP: Duration = Duration::from_secs(1);

pub(super) struct Session {
    payload_type: u8,
    event_payload_type: Option<u8>,
    clock_hz: u32,
    receiver: Receiver,
    jitter: JitterBuffer,
    events: EventReceiver,
    keys: EventSender,
    pull_at: Option<Mono>,
    sender: Sender,
    /// When the next frame would play without a gap.
    unbroken_at: Option<Mono>,
    packet: Vec<u8>,
    reports: Reports,
    report_at: Mono,
    report: Vec<u8>,
}

impl Session {
    /// `None` for a leg in order.
    pub(super) fn new(config: &CircuitConfig, now: Mono) -> Result<Option<Self>, ConfigError> {
        let Transport::Rtp { payload_type, ssrc, event_payload_type } = config.transport else {
            return Ok(None);
        };
        let impossible = ConfigError::Codec(config.codec, config.rate_hz, config.frame_ms);
        let clock_hz = config.codec.rtp_clock_hz(config.rate_hz);
        let longest = (config.rate_hz * 60 / 1000) as usize;
        let room = config.codec.bytes_of(longest).unwrap_or(OPUS_BYTES_MAX);
        let jitter = JitterBuffer::new(JitterConfig::new(config.frame_ms, clock_hz, room))
            .map_err(|_| impossible)?;
        // Drawn by whoever drew the source's number (RFC 3550 §5.1 wants no constants).
        let start =
            Start { ssrc, sequence: (ssrc >> 7) as u16, timestamp: ssrc.wrapping_mul(0x9e37_79b1) };
        Ok(Some(Self {
            payload_type,
            event_payload_type,
            clock_hz,
            receiver: Receiver::new(clock_hz),
            jitter,
            events: EventReceiver::new(),
            keys: EventSender::new(),
            pull_at: None,
            sender: Sender::new(start),
            unbroken_at: None,
            packet: Vec::with_capacity(PACKET_BYTES_MAX),
            reports: Reports::new(),
            report_at: now + Duration::from_millis(u64::from(INTERVAL_MS)),
            report: Vec::with_capacity(256),
        }))
    }

    /// A packet from the network; a key if one was pressed.
    pub(super) fn packet(
        &mut self,
        now: Mono,
        datagram: &[u8],
        leg: &mut LegIn,
        out: &mut Outbox,
    ) -> Option<dtmf::Digit> {
        let Ok(packet) = Packet::parse(datagram) else {
            out.ignored(Ignored::BadPacket);
            return None;
        };
        self.receiver.receive(now, &packet);
        if Some(packet.payload_type) == self.event_payload_type {
            return self.events.receive(packet.timestamp, packet.payload).unwrap_or_else(|_| {
                out.ignored(Ignored::BadPayload);
                None
            });
        }
        if packet.payload_type != self.payload_type {
            if packet.payload_type != COMFORT_NOISE {
                out.ignored(Ignored::BadPayload);
            }
            return None;
        }
        match self.jitter.push(now, &packet) {
            Pushed::Started if self.pull_at.is_some() => leg.restart(),
            Pushed::BadSize => out.ignored(Ignored::BadPayload),
            _ => {}
        }
        self.pull_at = self.pull_at.or(Some(now));
        None
    }

    /// The leg is joined with another.
    pub(super) fn bridge(&mut self) {
        self.jitter.hurry();
    }

    /// A report from the network.
    pub(super) fn reported(&mut self, now: Mono, datagram: &[u8], out: &mut Outbox) {
        if self.reports.read(now, datagram, self.sender.ssrc()).is_err() {
            out.ignored(Ignored::BadPacket);
        }
    }

    /// Takes the frame that is due, if one is.
    pub(super) fn pull(&mut self, now: Mono, leg: &mut LegIn, out: &mut Outbox) -> bool {
        let Some(at) = self.pull_at.filter(|&at| at <= now) else { return false };
        let at = at.max(now - CATCH_UP);
        let frame_ms = self.jitter.frame_ms();
        let samples = leg.samples_of(frame_ms);
        match self.jitter.pop(at) {
            Slot::Packet(payload) => leg.packet(at, payload, samples, out),
            Slot::Lost => leg.lost(at, self.jitter.peek(), samples, out),
            Slot::Empty => leg.silence(at, samples, out),
        }
        self.pull_at = Some(at + Duration::from_millis(u64::from(frame_ms)));
        true
    }

    /// Wraps a frame that plays `plays_at`, or what there is to tell of a key instead.
    pub(super) fn send(
        &mut self,
        plays_at: Mono,
        frame: Duration,
        payload: &[u8],
        key: Option<Sounding>,
    ) {
        let ticks = |time: Duration| {
            (time.as_micros() as u64 * u64::from(self.clock_hz) / 1_000_000) as u32
        };
        let (gap, length) = (self.unbroken_at.map(|at| ticks(plays_at.since(at))), ticks(frame));
        if let Some(gap) = gap.filter(|&gap| gap > 0) {
            self.sender.pause(gap);
        }
        self.unbroken_at = Some(plays_at + frame);
        self.packet.clear();
        if let Some(event_payload_type) = self.event_payload_type {
            match key {
                Some(key) if key.begins => {
                    let tone = Duration::from_micros(u64::from(key.tone_samples) * 125);
                    self.keys.press(key.digit, self.sender.timestamp(), ticks(tone));
                }
                Some(_) => {}
                None => self.keys.release(),
            }
            if let Some(event) = self.keys.next(length) {
                self.sender.send_event(event_payload_type, event, &mut self.packet);
                return self.sender.pause(length);
            }
        }
        self.sender.send(self.payload_type, payload, length, &mut self.packet);
    }

    /// The last packet.
    pub(super) fn last_packet(&self) -> &[u8] {
        &self.packet
    }

    /// Writes the report that is due, if one is.
    pub(super) fn report(&mut self, now: Mono, out: &mut Outbox) -> bool {
        if now < self.report_at {
            return false;
        }
        let interval = Duration::from_millis(u64::from(INTERVAL_MS));
        self.report_at = (self.report_at + interval).max(now);
        self.report.clear();
        self.reports.write(now, &self.sender, &mut self.receiver, NAME, &mut self.report);
        out.push(Out::Rtcp);
        true
    }

    /// The last report.
    pub(super) fn last_report(&self) -> &[u8] {
        &self.report
    }

    /// When a frame is to be pulled, when a report is due.
    pub(super) fn deadlines(&self) -> (Option<Mono>, Mono) {
        (self.pull_at, self.report_at)
    }
}
