//! What comes over RTP: packets, reports, and their order in time.

use std::time::Duration;

use media::Mono;
use media::rtp::rtcp::Reports;
use media::rtp::{JitterBuffer, JitterConfig, Packet, Receiver, Sender, Start};

use crate::bytes::Bytes;

/// Most steps of one input.
const STEPS_MAX: usize = 500;

/// RTP packets: what parses, written again, parses to the same.
pub fn rtp(data: &[u8]) {
    if let Ok(packet) = Packet::parse(data) {
        assert!(packet.payload.len() < data.len());
        let mut written = Vec::new();
        packet.write(&mut written);
        assert_eq!(Packet::parse(&written), Ok(packet));
    }
}

/// RTCP compounds, between our own reports.
pub fn rtcp(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut reports = Reports::new();
    let mut receiver = Receiver::new(8_000);
    let sender = Sender::new(Start { ssrc: 7, sequence: 1, timestamp: 1 });
    let mut now = Mono::from_millis(1);
    let mut out = Vec::new();
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        now = now + Duration::from_millis(u64::from(bytes.byte()));
        let packet = bytes.piece();
        if let Ok(told) = reports.read(now, packet, 7)
            && let Some(hears) = told.hears
        {
            assert!((0.0..=1.0).contains(&hears.fraction_lost), "{hears:?}");
            assert!(hears.round_trip_ms.is_none_or(|ms| ms >= 0.0), "{hears:?}");
        }
        if let Ok(packet) = Packet::parse(packet) {
            let _ = receiver.receive(now, &packet);
        }
        out.clear();
        reports.write(now, &sender, &mut receiver, "fuzz@example.org", &mut out);
        assert!(Reports::new().read(now, &out, 9).is_ok(), "our own report");
    }
}

/// The jitter buffer: any packets at any times. Every packet is accounted for, and the delay stays
/// within its bounds.
pub fn jitter(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let frame_ms = [10, 20, 30, 60][usize::from(bytes.byte() % 4)];
    let config = JitterConfig::new(frame_ms, 8_000, 480);
    let Ok(mut buffer) = JitterBuffer::new(config) else { return };
    let mut now = Mono::ZERO;
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        let flags = bytes.byte();
        now = now + Duration::from_millis(u64::from(bytes.byte()));
        if flags.is_multiple_of(3) {
            let _ = buffer.pop(now);
        } else {
            let sequence = bytes.short();
            let timestamp = if flags & 64 == 0 { u32::from(sequence) * 160 } else { bytes.word() };
            let payload = vec![0xff; usize::from(bytes.byte()) * 2];
            let ssrc = u32::from(flags >> 7);
            let packet = Packet {
                payload_type: 0,
                marker: false,
                sequence,
                timestamp,
                ssrc,
                payload: &payload,
            };
            let _ = buffer.push(now, &packet);
        }
        let stats = buffer.stats();
        let settled = stats.played
            + stats.skipped
            + stats.late
            + stats.duplicates
            + stats.bad_size
            + stats.strays;
        assert_eq!(stats.pushed, settled + buffer.waiting() as u64, "{stats:?}");
        assert!(buffer.target_ms() <= u32::from(config.delay_max_ms));
    }
}
