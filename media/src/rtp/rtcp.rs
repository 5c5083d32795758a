//! RTCP sender and receiver reports (RFC 3550 §6.4), and a source description that names us.
//!
//! The `rtcp` crate encodes and decodes; each packet of a compound is measured here before it gets
//! there, so that nothing from outside is read past its end. The NTP time is our monotonic clock, as
//! §4 allows: only differences are used. Left out: application packets, extended reports, feedback;
//! they are skipped.

use bytes::Bytes;
use rtcp::goodbye::Goodbye;
use rtcp::packet::Packet;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use webrtc_util::marshal::Unmarshal;

use super::{Receiver, Sender};
use crate::time::Mono;

/// Time between reports, in ms (§6.2: never less than 5 s for a call of two).
pub const INTERVAL_MS: u32 = 5_000;

/// Packet types (§12.1).
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const GOODBYE: u8 = 203;
/// Size of a report block, in bytes.
const BLOCK_BYTES: usize = 24;

/// Why bytes are no RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRtcp {
    /// A packet of the compound is shorter than its header says.
    #[error("an RTCP packet cut short")]
    TooShort,
    /// Not version 2.
    #[error("RTCP version {0}, only 2 exists")]
    Version(u8),
    /// It does not begin with a report (§6.1).
    #[error("an RTCP compound that begins with type {0}, not with a report")]
    NoReport(u8),
}

/// What a compound said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    /// What the other side hears of us.
    pub hears: Option<Hears>,
    /// It leaves.
    pub goodbye: bool,
}

/// What the other side hears of us.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hears {
    /// Share of our packets lost since its last report, 0–1.
    pub fraction_lost: f32,
    /// Packets of ours lost so far.
    pub total_lost: u32,
    /// Jitter of ours, in ticks of the RTP clock.
    pub jitter_ticks: u32,
    /// There and back, in ms, when it has had a report of ours.
    pub round_trip_ms: Option<f32>,
}

/// Reports of one session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reports {
    /// Middle of the NTP time in the last sender report we had, and when it came.
    last_sender_report: Option<(u32, Mono)>,
}

impl Reports {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a compound about both directions: a sender report once we have sent sound, a receiver
    /// report before; then the source description with `name` (a canonical name, cut to 255 bytes).
    pub fn write(
        &self,
        now: Mono,
        sender: &Sender,
        receiver: &mut Receiver,
        name: &str,
        out: &mut Vec<u8>,
    ) {
        let reports: Vec<ReceptionReport> =
            receiver.report().map(|block| self.block(now, block)).into_iter().collect();
        let ssrc = sender.ssrc();
        let report: Box<dyn Packet + Send + Sync> = if sender.packets() > 0 {
            Box::new(SenderReport {
                ssrc,
                ntp_time: ntp_of(now),
                rtp_time: sender.timestamp(),
                packet_count: sender.packets(),
                octet_count: sender.payload_bytes(),
                reports,
                profile_extensions: Bytes::new(),
            })
        } else {
            Box::new(ReceiverReport { ssrc, reports, profile_extensions: Bytes::new() })
        };
        let mut end = name.len().min(255);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let item = SourceDescriptionItem {
            sdes_type: SdesType::SdesCname,
            text: Bytes::copy_from_slice(&name.as_bytes()[..end]),
        };
        let chunk = SourceDescriptionChunk { source: ssrc, items: vec![item] };
        let named = Box::new(SourceDescription { chunks: vec![chunk] });
        if let Ok(bytes) = rtcp::packet::marshal(&[report, named]) {
            out.extend_from_slice(&bytes);
        }
    }

    /// Reads a compound that arrived at `now`; `ours` is the SSRC we send with.
    ///
    /// # Errors
    /// When it is no RTCP compound; what its first packets said is lost with it.
    pub fn read(&mut self, now: Mono, mut datagram: &[u8], ours: u32) -> Result<Told, BadRtcp> {
        let mut told = Told::default();
        let mut first = true;
        while first || !datagram.is_empty() {
            let header = datagram.first_chunk::<4>().ok_or(BadRtcp::TooShort)?;
            let [flags, kind, high, low] = *header;
            if flags >> 6 != 2 {
                return Err(BadRtcp::Version(flags >> 6));
            }
            if first && !matches!(kind, SENDER_REPORT | RECEIVER_REPORT) {
                return Err(BadRtcp::NoReport(kind));
            }
            let bytes = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
            let (packet, rest) = datagram.split_at_checked(bytes).ok_or(BadRtcp::TooShort)?;
            self.read_one(now, packet, ours, &mut told)?;
            datagram = rest;
            first = false;
        }
        Ok(told)
    }

    fn read_one(
        &mut self,
        now: Mono,
        mut packet: &[u8],
        ours: u32,
        told: &mut Told,
    ) -> Result<(), BadRtcp> {
        let count = usize::from(packet[0] & 0x1F);
        let least = match packet[1] {
            SENDER_REPORT => 28 + count * BLOCK_BYTES,
            RECEIVER_REPORT => 8 + count * BLOCK_BYTES,
            GOODBYE => 4 + count * 4,
            _ => return Ok(()),
        };
        if packet.len() < least {
            return Err(BadRtcp::TooShort);
        }
        let blocks = match packet[1] {
            SENDER_REPORT => {
                let report = SenderReport::unmarshal(&mut packet).map_err(|_| BadRtcp::TooShort)?;
                self.last_sender_report = Some(((report.ntp_time >> 16) as u32, now));
                report.reports
            }
            RECEIVER_REPORT => {
                ReceiverReport::unmarshal(&mut packet).map_err(|_| BadRtcp::TooShort)?.reports
            }
            _ => {
                Goodbye::unmarshal(&mut packet).map_err(|_| BadRtcp::TooShort)?;
                told.goodbye = true;
                return Ok(());
            }
        };
        if let Some(block) = blocks.iter().find(|block| block.ssrc == ours) {
            told.hears = Some(hears(now, block));
        }
        Ok(())
    }

    fn block(&self, now: Mono, block: super::ReportBlock) -> ReceptionReport {
        let (last_sender_report, came) = self.last_sender_report.unwrap_or((0, now));
        ReceptionReport {
            ssrc: block.ssrc,
            fraction_lost: block.fraction_lost,
            total_lost: block.total_lost,
            last_sequence_number: block.newest_sequence,
            jitter: block.jitter_ticks,
            last_sender_report,
            delay: (now.since(came).as_micros() * 65_536 / 1_000_000) as u32,
        }
    }
}

fn hears(now: Mono, block: &ReceptionReport) -> Hears {
    // §6.4.1: our time now, minus our time then, minus how long the other side kept it.
    let middle = (ntp_of(now) >> 16) as u32;
    let there_and_back = middle.wrapping_sub(block.last_sender_report).wrapping_sub(block.delay);
    let known = block.last_sender_report != 0 && there_and_back < u32::MAX / 2;
    Hears {
        fraction_lost: f32::from(block.fraction_lost) / 256.0,
        total_lost: block.total_lost,
        jitter_ticks: block.jitter,
        round_trip_ms: known.then_some(there_and_back as f32 * 1_000.0 / 65_536.0),
    }
}

/// 32.32 fixed-point seconds.
fn ntp_of(now: Mono) -> u64 {
    let micros = now.as_micros();
    let fraction = ((micros % 1_000_000) << 32) / 1_000_000;
    ((micros / 1_000_000) << 32) | fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Start;
    use super::*;

    fn sender(ssrc: u32) -> Sender {
        Sender::new(Start { ssrc, sequence: 1, timestamp: 0 })
    }

    /// Sends `packets` of which every tenth is lost.
    fn exchange(from: &mut Sender, to: &mut Receiver, packets: u64) {
        for n in 0..packets {
            let mut bytes = Vec::new();
            from.send(0, &[0xFF; 160], 160, &mut bytes);
            if n % 10 != 9 {
                let packet = super::super::Packet::parse(&bytes).unwrap();
                to.receive(Mono::from_millis(n * 20), &packet);
            }
        }
    }

    #[test]
    fn both_sides_learn_loss_and_round_trip() {
        let (mut a, mut b) = (sender(0xA), sender(0xB));
        let (mut at_a, mut at_b) = (Receiver::new(8_000), Receiver::new(8_000));
        let (mut reports_a, mut reports_b) = (Reports::new(), Reports::new());
        exchange(&mut a, &mut at_b, 101);
        let mut wire = Vec::new();
        let at = Mono::from_millis;
        reports_a.write(at(5_000), &a, &mut at_a, "a@trunkline", &mut wire);
        assert_eq!(reports_b.read(at(5_030), &wire, 0xB), Ok(Told::default()));
        wire.clear();
        exchange(&mut b, &mut at_a, 10);
        reports_b.write(at(7_030), &b, &mut at_b, "b@trunkline", &mut wire);
        let told = reports_a.read(at(7_090), &wire, 0xA).unwrap();
        let hears = told.hears.unwrap();
        assert_eq!(hears.total_lost, 10);
        assert!((hears.fraction_lost - 10.0 / 101.0).abs() < 0.01);
        let round_trip_ms = hears.round_trip_ms.unwrap();
        assert!((round_trip_ms - 90.0).abs() < 1.0, "{round_trip_ms} ms");
    }

    #[test]
    fn a_listener_reports_before_it_speaks_and_names_are_cut_whole() {
        let mut wire = Vec::new();
        let mut heard = Receiver::new(8_000);
        exchange(&mut sender(0xB), &mut heard, 3);
        let name = "é".repeat(200);
        Reports::new().write(Mono::from_millis(9), &sender(0xA), &mut heard, &name, &mut wire);
        assert_eq!(wire[1], RECEIVER_REPORT);
        let told = Reports::new().read(Mono::from_millis(10), &wire, 0xB).unwrap();
        assert_eq!(told.hears.unwrap().round_trip_ms, None);
    }

    #[test]
    fn what_is_no_compound_says_why() {
        let goodbye = [0x81, 203, 0, 1, 0, 0, 0, 7];
        let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
        let both = [&report[..], &goodbye].concat();
        let mut reports = Reports::new();
        let mut read = |bytes: &[u8]| reports.read(Mono::ZERO, bytes, 1);
        assert_eq!(read(&both), Ok(Told { hears: None, goodbye: true }));
        assert_eq!(read(&[]), Err(BadRtcp::TooShort));
        assert_eq!(read(&goodbye), Err(BadRtcp::NoReport(203)));
        assert_eq!(read(&[0x40, 201, 0, 0]), Err(BadRtcp::Version(1)));
        assert_eq!(read(&report[..7]), Err(BadRtcp::TooShort));
        assert_eq!(read(&[0x81, 201, 0, 1, 0, 0, 0, 7]), Err(BadRtcp::TooShort));
        assert_eq!(read(&both[..15]), Err(BadRtcp::TooShort));
        assert_eq!(read(&[0x80, 200, 0, 0]), Err(BadRtcp::TooShort));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_compound_or_an_error(
            kind in 198u8..212, count in 0u8..32, words in 0u8..20,
            rest in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut bytes = vec![0x80 | count, kind, 0, words];
            bytes.extend(&rest);
            let _ = Reports::new().read(Mono::from_millis(5), &bytes, 7);
            let _ = Reports::new().read(Mono::from_millis(5), &rest, 7);
            let padded: Vec<u8> = [&[0x80, 201, 0, 1, 0, 0, 0, 7][..], &bytes].concat();
            let _ = Reports::new().read(Mono::from_millis(5), &padded, 7);
        }
    }
}
