//! The sending side of one RTP stream: sequence, timestamp, marker, counts.

use super::Packet;

/// Numbers the packets of one stream.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    packets: u32,
    payload_bytes: u32,
}

/// How a stream begins; RFC 3550 §5.1 wants all three random, so the caller draws them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Names the stream.
    pub ssrc: u32,
    /// Sequence number of the first packet.
    pub sequence: u16,
    /// Timestamp of the first sample.
    pub timestamp: u32,
}

impl Sender {
    /// A stream that has sent nothing.
    pub fn new(start: Start) -> Self {
        let Start { ssrc, sequence, timestamp } = start;
        Self { ssrc, sequence, timestamp, marker: true, packets: 0, payload_bytes: 0 }
    }

    /// Appends the next packet to `out` and moves on by `ticks` of the RTP clock (the frame's
    /// length). The first packet, and the first after [`Self::pause`], carries the marker.
    pub fn send(&mut self, payload_type: u8, payload: &[u8], ticks: u32, out: &mut Vec<u8>) {
        let (marker, timestamp) = (self.marker, self.timestamp);
        self.write(payload_type, marker, timestamp, payload, out);
        self.marker = false;
        self.timestamp = timestamp.wrapping_add(ticks);
    }

    /// Appends a telephone-event packet: it takes a sequence number, states its own time, and does
    /// not move the stream's.
    pub fn send_event(
        &mut self,
        payload_type: u8,
        event: dtmf::event::EventPacket,
        out: &mut Vec<u8>,
    ) {
        self.write(payload_type, event.marker, event.timestamp, &event.payload, out);
    }

    /// Time passes without sound; what comes next begins a talk spurt.
    pub fn pause(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.marker = true;
    }

    /// Who we are.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Timestamp of the next packet.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Packets sent so far, wrapping.
    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Payload bytes sent so far, wrapping.
    pub fn payload_bytes(&self) -> u32 {
        self.payload_bytes
    }

    fn write(
        &mut self,
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let (sequence, ssrc) = (self.sequence, self.ssrc);
        Packet { payload_type, marker, sequence, timestamp, ssrc, payload }.write(out);
        self.sequence = sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.payload_bytes = self.payload_bytes.wrapping_add(payload.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_wrap_and_marks_begin_spurts() {
        let mut sender =
            Sender::new(Start { ssrc: 9, sequence: 0xFFFE, timestamp: u32::MAX - 200 });
        let mut seen = Vec::new();
        for n in 0..4 {
            if n == 3 {
                sender.pause(800);
            }
            let mut out = Vec::new();
            sender.send(8, &[0xD5; 160], 160, &mut out);
            let packet = Packet::parse(&out).unwrap();
            seen.push((
                packet.sequence,
                packet.timestamp.wrapping_sub(u32::MAX - 200),
                packet.marker,
            ));
        }
        assert_eq!(
            seen,
            [(0xFFFE, 0, true), (0xFFFF, 160, false), (0, 320, false), (1, 1_280, true)]
        );
        assert_eq!((sender.packets(), sender.payload_bytes()), (4, 640));
    }

    #[test]
    fn an_event_takes_a_number_but_no_time() {
        let mut sender = Sender::new(Start { ssrc: 9, sequence: 5, timestamp: 1_000 });
        let mut keys = dtmf::event::EventSender::new();
        keys.press(dtmf::Digit::try_from('7').unwrap(), sender.timestamp(), 800);
        let mut out = Vec::new();
        sender.send_event(101, keys.next(160).unwrap(), &mut out);
        let packet = Packet::parse(&out).unwrap();
        let read = (packet.payload_type, packet.sequence, packet.timestamp, packet.marker);
        assert_eq!(read, (101, 5, 1_000, true));
        assert_eq!(sender.timestamp(), 1_000);
    }
}
