//! What comes to an RTP leg: packets and reports on one port, told apart by RFC 5761.

use media::{Mono, circuit, rtp::is_rtcp};

use super::Seat;

/// Bytes of tape between two ticks of a seat before they are handed on: a burst must not grow them.
const RECORD_BYTES_MAX: usize = 8 * 1024;

impl Seat {
    /// One datagram from the leg's address. What it asks for at once is done; what is due later, at the
    /// tick it is due.
    pub(in super::super) fn datagram(&mut self, now: Mono, datagram: &[u8]) {
        let input = if is_rtcp(datagram) {
            circuit::Input::Rtcp(datagram)
        } else {
            self.frames.received.increment(1);
            circuit::Input::Rtp(datagram)
        };
        self.sound(now, input);
        self.wake.due = self.circuit.deadline().map(|(due, _)| due);
        if self.record.len() > RECORD_BYTES_MAX {
            self.push_tape();
        }
    }
}
