//! One RTP packet (RFC 3550 §5.1), borrowed.
//!
//! Reading is our own and allocates nothing, since every packet of every call passes here and the
//! `rtp` crate's reader panics on some short header extensions (they are skipped here, not read).
//! Writing is the `rtp` crate's. Left out: contributing sources and header extensions of our own.

use webrtc_util::marshal::Marshal;

/// Size of a header without contributing sources and extensions, in bytes.
pub const HEADER_BYTES: usize = 12;

/// An RTP packet: what matters of its header, and its payload without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What the payload is, 0–127.
    pub payload_type: u8,
    /// First packet after a silence, or of a telephone event.
    pub marker: bool,
    /// Rises by one per packet, wraps.
    pub sequence: u16,
    /// Time of the first sample in clock ticks, wraps.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// The encoded sound.
    pub payload: &'a [u8],
}

/// Whether a datagram of a port that carries both is RTCP and not RTP (RFC 5761 §4): the second byte of
/// RTP is never between 192 and 223 when payload types 64 to 95 are not used.
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// Why bytes are no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// Shorter than its header says.
    #[error("{bytes} bytes are too short for an RTP packet")]
    TooShort {
        /// Size of it all.
        bytes: usize,
    },
    /// Not version 2.
    #[error("RTP version {0}, only 2 exists")]
    Version(u8),
    /// RTCP on the RTP port (RFC 5761 §4).
    #[error("an RTCP packet among RTP")]
    Rtcp,
    /// More padding than payload, or none where some is announced.
    #[error("padding that does not fit the packet")]
    Padding,
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// When it is no RTP packet.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, BadPacket> {
        let too_short = BadPacket::TooShort { bytes: datagram.len() };
        let (header, rest) = datagram.split_first_chunk::<HEADER_BYTES>().ok_or(too_short)?;
        let [first, second, seq_high, seq_low, t0, t1, t2, t3, s0, s1, s2, s3] = *header;
        if first >> 6 != 2 {
            return Err(BadPacket::Version(first >> 6));
        }
        if is_rtcp(datagram) {
            return Err(BadPacket::Rtcp);
        }
        let mut payload = rest.get(usize::from(first & 0x0F) * 4..).ok_or(too_short)?;
        if first & 0x10 != 0 {
            let (extension, after) = payload.split_first_chunk::<4>().ok_or(too_short)?;
            let words = u16::from_be_bytes([extension[2], extension[3]]);
            payload = after.get(usize::from(words) * 4..).ok_or(too_short)?;
        }
        if first & 0x20 != 0 {
            let padding = payload.last().map_or(0, |&last| usize::from(last));
            let kept = payload.len().checked_sub(padding).filter(|_| padding > 0);
            payload = &payload[..kept.ok_or(BadPacket::Padding)?];
        }
        Ok(Self {
            payload_type: second & 0x7F,
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([seq_high, seq_low]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            payload,
        })
    }

    /// Appends the packet to `out`; allocates nothing when `out` has room.
    pub fn write(&self, out: &mut Vec<u8>) {
        let header = rtp::header::Header {
            version: 2,
            marker: self.marker,
            payload_type: self.payload_type & 0x7F,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Default::default()
        };
        let start = out.len();
        out.resize(start + HEADER_BYTES, 0);
        // A plain header always fits its twelve bytes.
        if header.marshal_to(&mut out[start..]).is_ok() {
            out.extend_from_slice(self.payload);
        } else {
            out.truncate(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use webrtc_util::marshal::Unmarshal;

    use super::*;

    #[test]
    fn a_packet_of_the_field_is_read() {
        let bytes = [0x80, 0x80, 0x12, 0x34, 0, 0, 0, 160, 0xDE, 0xAD, 0xBE, 0xEF, 0xFF, 0x7F];
        let packet = Packet::parse(&bytes).unwrap();
        let expected = Packet {
            payload_type: 0,
            marker: true,
            sequence: 0x1234,
            timestamp: 160,
            ssrc: 0xDEAD_BEEF,
            payload: &[0xFF, 0x7F],
        };
        assert_eq!(packet, expected);
    }

    #[test]
    fn sources_extensions_and_padding_are_skipped() {
        let mut bytes = vec![0x80 | 0x20 | 0x10 | 2, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend([9; 8]);
        bytes.extend([0xBE, 0xDE, 0, 1, 0x1F, 0, 0, 0]);
        bytes.extend([1, 2, 3, 0, 0, 3]);
        assert_eq!(Packet::parse(&bytes).unwrap().payload, [1, 2, 3]);
    }

    #[test]
    fn what_is_no_packet_says_why() {
        let plain = [0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let with = |first: u8, second: u8, rest: &[u8]| {
            let mut bytes = plain.to_vec();
            (bytes[0], bytes[1]) = (first, second);
            bytes.extend(rest);
            bytes
        };
        for (bytes, why) in [
            (vec![], BadPacket::TooShort { bytes: 0 }),
            (plain[..11].to_vec(), BadPacket::TooShort { bytes: 11 }),
            (with(0x40, 0, &[]), BadPacket::Version(1)),
            (with(0x80, 200, &[]), BadPacket::Rtcp),
            (with(0x81, 0, &[1, 2, 3]), BadPacket::TooShort { bytes: 15 }),
            (with(0x90, 0, &[0, 0, 0, 9]), BadPacket::TooShort { bytes: 16 }),
            (with(0xA0, 0, &[]), BadPacket::Padding),
            (with(0xA0, 0, &[1, 0]), BadPacket::Padding),
            (with(0xA0, 0, &[1, 9]), BadPacket::Padding),
        ] {
            assert_eq!(Packet::parse(&bytes), Err(why), "{bytes:?}");
        }
        assert!(Packet::parse(&plain).unwrap().payload.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            payload_type in 0u8..64, marker: bool, sequence: u16, timestamp: u32, ssrc: u32,
            payload in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let packet =
                Packet { payload_type, marker, sequence, timestamp, ssrc, payload: &payload };
            let mut bytes = vec![7];
            packet.write(&mut bytes);
            prop_assert_eq!(Packet::parse(&bytes[1..]), Ok(packet));
        }

        #[test]
        fn any_bytes_are_a_packet_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
        }

        /// The `rtp` crate as the oracle, without header extensions (it panics on some).
        #[test]
        fn the_rtp_crate_reads_the_same(mut bytes in prop::collection::vec(any::<u8>(), 1..80)) {
            bytes[0] = 0x80 | bytes[0] & 0x2F;
            let theirs = rtp::packet::Packet::unmarshal(&mut Bytes::from(bytes.clone()));
            match (Packet::parse(&bytes), theirs) {
                (Ok(ours), Ok(theirs)) => {
                    prop_assert_eq!(ours.payload, &theirs.payload[..]);
                    prop_assert_eq!(ours.sequence, theirs.header.sequence_number);
                    prop_assert_eq!(ours.timestamp, theirs.header.timestamp);
                    prop_assert_eq!(ours.ssrc, theirs.header.ssrc);
                    prop_assert_eq!(ours.marker, theirs.header.marker);
                    prop_assert_eq!(ours.payload_type, theirs.header.payload_type);
                }
                (Err(BadPacket::Rtcp), _) => {}
                // Padding of no bytes is accepted there, against §5.1.
                (Err(BadPacket::Padding), Ok(theirs)) => prop_assert!(theirs.header.padding),
                (ours, theirs) => prop_assert_eq!(ours.is_ok(), theirs.is_ok()),
            }
        }
    }
}
