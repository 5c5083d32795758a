//! What comes to an RTP leg: packets and reports on one port, told apart by RFC 5761.

use media::{Mono, circuit, rtp::is_rtcp};

use super::{Fate, Seat};

impl Seat {
    /// One datagram from the leg's address, and what is due: packets come when the ones before them are
    /// to be heard, and once is enough to fetch a circuit from memory.
    pub(in super::super) fn datagram(&mut self, now: Mono, datagram: &[u8]) -> Fate {
        let input = if is_rtcp(datagram) {
            circuit::Input::Rtcp(datagram)
        } else {
            self.frames.received.increment(1);
            circuit::Input::Rtp(datagram)
        };
        self.sound(now, input);
        self.wake.due = self.circuit.deadline().map(|(due, _)| due);
        if self.wake.is_due(now) {
            return self.tick(now);
        }
        self.turn(now);
        if self.over { Fate::Goes } else { Fate::Stays }
    }
}
