//! The RTP legs of one media thread: whose datagrams are whose, and the way out.
//!
//! Legs are told apart by the address they were announced with and by nothing else. What comes from
//! anywhere else is counted and dropped: no leg ever follows a packet to another address. A stranger
//! who forges a leg's address and its stream's number is not kept out; that takes SRTP (RFC 3711), which
//! is left out.
//!
//! A new synchronisation source (SSRC) from a leg's address is the same leg that begins anew, once a
//! second packet confirms it (RFC 3550 appendix A.1): transfers and announcements behind a carrier's
//! media gateway look like that. Receiver and jitter buffer of the circuit see to it.

use std::{
    cell::RefCell,
    collections::HashMap,
    net::{SocketAddr, UdpSocket},
    rc::Rc,
};

use crossbeam_channel::{Sender, TrySendError};
use media::{
    Mono,
    circuit::{CircuitConfig, Transport},
};
use metrics::{Counter, counter};

use super::{
    Arrival,
    datagrams::{Inbound, Outbound},
    rows::Rows,
    seat::{Seat, SeatId},
    words::RtpLeg,
};

/// The way to one media thread for RTP legs.
#[derive(Clone)]
pub struct RtpDoor {
    address: SocketAddr,
    door: Sender<Arrival>,
}

impl RtpDoor {
    pub(super) fn new(address: SocketAddr, door: Sender<Arrival>) -> Self {
        Self { address, door }
    }

    /// Where this thread's legs are sent to, RTP and RTCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands a leg over; what comes from its address from then on is its sound. A leg that cannot be
    /// seated (its address is another leg's, its circuit is not for packets) is reported to its call.
    ///
    /// # Errors
    /// When too many wait at the door: the leg is given back.
    pub fn admit(&self, leg: RtpLeg) -> Result<(), Box<RtpLeg>> {
        match self.door.try_send(Arrival::Packets(Box::new(leg))) {
            Err(TrySendError::Full(Arrival::Packets(leg)))
            | Err(TrySendError::Disconnected(Arrival::Packets(leg))) => Err(leg),
            _ => Ok(()),
        }
    }
}

/// All RTP legs of a thread.
pub(super) struct Packets {
    inbound: Inbound,
    outbound: Rc<RefCell<Outbound>>,
    local: Option<SocketAddr>,
    legs: HashMap<SocketAddr, SeatId>,
    strangers: Counter,
}

/// One leg's way out. What it sends leaves at the end of the tick, with what the others send.
pub(super) struct WayOut {
    remote: SocketAddr,
    outbound: Rc<RefCell<Outbound>>,
}

impl WayOut {
    /// Sends one datagram, or drops it and counts that.
    pub(super) fn send(&self, datagram: &[u8]) {
        self.outbound.borrow_mut().push(self.remote, datagram);
    }

    /// Whose leg it is.
    pub(super) fn remote(&self) -> SocketAddr {
        self.remote
    }
}

impl Packets {
    pub(super) fn new(socket: UdpSocket, together: usize) -> Self {
        let local = socket.local_addr().ok();
        let socket = Rc::new(socket);
        Self {
            inbound: Inbound::new(Rc::clone(&socket), together),
            outbound: Rc::new(RefCell::new(Outbound::new(socket, together))),
            local,
            legs: HashMap::new(),
            strangers: counter!("trunkline_rtp_strangers_total"),
        }
    }

    /// A leg begins. What its address has sent already and nobody has read yet is its sound.
    pub(super) fn announce(
        &mut self,
        remote: SocketAddr,
        seat: SeatId,
        circuit: &CircuitConfig,
    ) -> Result<WayOut, String> {
        if !matches!(circuit.transport, Transport::Rtp { .. }) {
            return Err("an RTP leg with a circuit for a stream".to_owned());
        }
        if self.local.is_none_or(|local| local.is_ipv4() != remote.is_ipv4()) {
            return Err(format!("{remote} cannot be reached from this port"));
        }
        if self.legs.contains_key(&remote) {
            return Err(format!("another leg has the address {remote} already"));
        }
        self.legs.insert(remote, seat);
        Ok(WayOut { remote, outbound: Rc::clone(&self.outbound) })
    }

    /// The leg of `seat` is over, or was never begun.
    pub(super) fn withdraw(&mut self, remote: SocketAddr, seat: SeatId) {
        if self.legs.get(&remote) == Some(&seat) {
            self.legs.remove(&remote);
        }
    }

    /// A seat goes.
    pub(super) fn forget(&mut self, seat: &Seat) {
        if let Some(remote) = seat.remote() {
            self.withdraw(remote, seat.id());
        }
    }

    /// Hands everything that has come to its seat.
    pub(super) fn receive(&mut self, now: Mono, seats: &mut Rows) {
        let Self { inbound, legs, strangers, .. } = self;
        inbound.receive(|from, datagram| {
            let Some(&id) = legs.get(&from) else { return strangers.increment(1) };
            if seats.datagram(now, id, datagram).is_none() {
                legs.remove(&from);
            }
        });
    }

    /// Sends what the seats have to send.
    pub(super) fn flush(&self) {
        self.outbound.borrow_mut().flush();
    }
}
