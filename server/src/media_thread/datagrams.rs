//! The UDP socket of a media thread: one port for all its RTP legs, read and written in batches.
//!
//! ```text
//!   recvmmsg, once a tick for every 64 datagrams ─▶ (from, bytes)
//!   (to, bytes) ─▶ waiting, copied ─▶ sendmmsg, once a tick for every 64 datagrams
//! ```
//!
//! Nothing here waits: what the kernel does not take is dropped and counted, as a network would.
//! Memory is set aside at the beginning and bounded. Left out: receive offload (`UDP_GRO`), which joins
//! datagrams of one sender only, and a leg sends one in 20 ms; IPv4 and IPv6 on one socket.

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{SocketAddr, UdpSocket},
    os::fd::AsRawFd,
    rc::Rc,
};

use metrics::{Counter, counter};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use rustix::{
    io::Errno,
    net::{
        MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, addr::SocketAddrArg as _, sendmmsg,
        sockopt,
    },
};
use smallvec::SmallVec;

/// Largest datagram, in bytes: what an Ethernet frame holds. Sound of a telephone is far smaller.
pub const DATAGRAM_BYTES_MAX: usize = 1500;
/// Most datagrams of one system call.
pub const TOGETHER_MAX: usize = 64;
/// Datagrams taken in one tick; the rest wait in the kernel's buffer: ten times what 3,000 legs bring.
const RECEIVED_PER_TICK_MAX: usize = 3072;
/// A list of one system call's datagrams.
type OnStack<T> = SmallVec<[T; TOGETHER_MAX]>;
/// The kernel's buffer, each way, in bytes asked for; the system's own limit may be lower. A thousand
/// legs fill 4 MiB in about 100 ms.
const KERNEL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where a media thread's port is, and how it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address of the first thread's port, the next threads' ports follow; with port 0 each takes a
    /// free one.
    pub address: SocketAddr,
    /// Datagrams of one system call, 1 to [`TOGETHER_MAX`].
    pub together: usize,
}

impl Listen {
    /// As many datagrams in one system call as can be.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, together: TOGETHER_MAX }
    }

    /// The socket of thread `number`.
    ///
    /// # Errors
    /// When the port is taken or there is none of that number.
    pub fn bind(&self, number: usize) -> io::Result<UdpSocket> {
        let mut address = self.address;
        if address.port() > 0 {
            let port = usize::from(address.port()) + number;
            address.set_port(u16::try_from(port).map_err(io::Error::other)?);
        }
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        // Smaller ones only lose more when the thread stands still.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, KERNEL_BYTES_MAX);
        let _ = sockopt::set_socket_send_buffer_size(&socket, KERNEL_BYTES_MAX);
        Ok(socket)
    }
}

/// The reading half.
pub struct Inbound {
    socket: Rc<UdpSocket>,
    headers: MultiHeaders<SockaddrStorage>,
    bytes: Vec<u8>,
    together: usize,
    truncated: Counter,
}

impl Inbound {
    /// Reads from `socket`, `together` datagrams at a time.
    pub fn new(socket: Rc<UdpSocket>, together: usize) -> Self {
        let together = together.clamp(1, TOGETHER_MAX);
        Self {
            socket,
            headers: MultiHeaders::preallocate(together, None),
            bytes: vec![0; together * DATAGRAM_BYTES_MAX],
            together,
            truncated: counter!("trunkline_rtp_truncated_total"),
        }
    }

    /// Hands over what has come, in its order, at most a tick's worth. Datagrams that are too large are
    /// counted and dropped. Returns how many came.
    pub fn receive(&mut self, mut take: impl FnMut(SocketAddr, &[u8])) -> usize {
        let mut received = 0;
        while received < RECEIVED_PER_TICK_MAX {
            let count = self.receive_batch(&mut take);
            received += count;
            if count < self.together {
                break;
            }
        }
        received
    }

    fn receive_batch(&mut self, take: &mut impl FnMut(SocketAddr, &[u8])) -> usize {
        let Self { socket, headers, bytes, together, truncated } = self;
        let mut rooms = bytes.chunks_exact_mut(DATAGRAM_BYTES_MAX);
        let mut rooms: [_; TOGETHER_MAX] =
            std::array::from_fn(|_| [IoSliceMut::new(rooms.next().unwrap_or_default())]);
        let (fd, now) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        let Ok(messages) = recvmmsg(fd, headers, &mut rooms[..*together], now, None) else {
            // Nothing is there, or the kernel was interrupted: the next tick looks again.
            return 0;
        };
        let mut count = 0;
        for message in messages {
            count += 1;
            if message.flags.contains(MsgFlags::MSG_TRUNC) {
                truncated.increment(1);
                continue;
            }
            let Some(from) = message.address.as_ref().and_then(plain) else { continue };
            take(from, message.iovs().next().unwrap_or_default());
        }
        count
    }
}

/// As everybody else writes it.
fn plain(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from(*v4));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from(*v6)))
}

/// The writing half.
pub struct Outbound {
    socket: Rc<UdpSocket>,
    waiting: Waiting,
}

impl Outbound {
    /// Writes to `socket`, `together` datagrams at a time.
    pub fn new(socket: Rc<UdpSocket>, together: usize) -> Self {
        Self { socket, waiting: Waiting::new(together.clamp(1, TOGETHER_MAX)) }
    }

    /// Takes one datagram; it leaves with the next ones, at the end of the tick at the latest. One that
    /// is too large is counted and dropped.
    pub fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.waiting.push(to, datagram);
        if self.waiting.to.len() == self.waiting.together {
            self.flush();
        }
    }

    /// Sends what waits; never waits itself.
    pub fn flush(&mut self) {
        let Self { socket, waiting } = self;
        waiting.send(|messages| sendmmsg(&**socket, messages, SendFlags::DONTWAIT));
    }
}

/// Datagrams to send together, and what becomes of them.
struct Waiting {
    together: usize,
    /// One after the other.
    bytes: Vec<u8>,
    /// Each one's way, and its end in `bytes`.
    to: Vec<(SocketAddrAny, usize)>,
    full: Counter,
    refused: Counter,
    oversized: Counter,
}

impl Waiting {
    fn new(together: usize) -> Self {
        let dropped = |why| counter!("trunkline_rtp_unsent_total", "why" => why);
        Self {
            together,
            bytes: Vec::with_capacity(together * DATAGRAM_BYTES_MAX),
            to: Vec::with_capacity(together),
            full: dropped("full"),
            refused: dropped("refused"),
            oversized: dropped("oversized"),
        }
    }

    fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        if datagram.len() > DATAGRAM_BYTES_MAX {
            return self.oversized.increment(1);
        }
        self.bytes.extend_from_slice(datagram);
        self.to.push((to.as_any(), self.bytes.len()));
    }

    /// Gives all to `send`, which says how many it took, and forgets them.
    fn send(&mut self, send: impl FnMut(&mut [MMsgHdr<'_>]) -> Result<usize, Errno>) {
        self.offer(send);
        self.bytes.clear();
        self.to.clear();
    }

    fn offer(&self, mut send: impl FnMut(&mut [MMsgHdr<'_>]) -> Result<usize, Errno>) {
        let mut from = 0;
        let slices: OnStack<_> = self
            .to
            .iter()
            .map(|&(_, end)| [IoSlice::new(&self.bytes[std::mem::replace(&mut from, end)..end])])
            .collect();
        let mut no_control: OnStack<_> =
            slices.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let mut messages: OnStack<_> = self
            .to
            .iter()
            .zip(&slices)
            .zip(&mut no_control)
            .map(|(((to, _), slice), control)| MMsgHdr::new_with_addr(to, slice, control))
            .collect();
        let mut rest = &mut messages[..];
        while !rest.is_empty() {
            let done = match send(rest) {
                Ok(sent) => sent,
                Err(Errno::INTR) => 0,
                Err(Errno::AGAIN | Errno::NOBUFS) => {
                    self.full.increment(rest.len() as u64);
                    break;
                }
                // The first one's own fault; the others may go.
                Err(_) => {
                    self.refused.increment(1);
                    1
                }
            };
            rest = &mut rest[done..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn waiting(count: usize) -> Waiting {
        let mut waiting = Waiting::new(TOGETHER_MAX);
        for n in 0..count {
            waiting.push(to(n as u16 + 1), &[n as u8; 172]);
        }
        waiting
    }

    #[test]
    fn what_the_kernel_does_not_take_is_dropped_and_nobody_waits() {
        let full = |left| [Ok(4), Err(left)];
        for (answers, offered) in [
            (vec![Ok(10)], vec![10]),
            (vec![Ok(3), Ok(7)], vec![10, 7]),
            (full(Errno::AGAIN).to_vec(), vec![10, 6]),
            (full(Errno::NOBUFS).to_vec(), vec![10, 6]),
            (vec![Err(Errno::PERM), Ok(5), Err(Errno::NETUNREACH), Ok(3)], vec![10, 9, 4, 3]),
            (vec![Err(Errno::INTR), Ok(10)], vec![10, 10]),
        ] {
            let mut waiting = waiting(10);
            let (mut answers, mut seen) = (answers.into_iter(), Vec::new());
            waiting.send(|messages| {
                seen.push(messages.len());
                answers.next().expect("asked too often")
            });
            assert_eq!(seen, offered);
            assert_eq!(answers.next(), None);
            assert!(waiting.to.is_empty() && waiting.bytes.is_empty());
        }
    }

    #[test]
    fn an_oversized_datagram_does_not_leave() {
        let mut waiting = waiting(1);
        waiting.push(to(9), &[0; DATAGRAM_BYTES_MAX + 1]);
        waiting.push(to(9), &[0; DATAGRAM_BYTES_MAX]);
        assert_eq!(waiting.to.len(), 2);
    }

    /// A socket, both its halves, and a peer that waits for what it reads.
    fn ends(together: usize) -> (SocketAddr, Inbound, Outbound, UdpSocket) {
        let listen = Listen { address: to(0), together };
        let socket = Rc::new(listen.bind(0).expect("bound"));
        let at = socket.local_addr().expect("an address");
        let peer = UdpSocket::bind(to(0)).expect("bound");
        let inbound = Inbound::new(Rc::clone(&socket), together);
        (at, inbound, Outbound::new(socket, together), peer)
    }

    #[test]
    fn every_datagram_comes_out_once_in_order_and_whole() {
        for together in [1, 7, TOGETHER_MAX] {
            let (at, mut inbound, mut outbound, peer) = ends(together);
            let from = peer.local_addr().expect("an address");
            assert_eq!(inbound.receive(|_, _| panic!("nothing came")), 0);
            for n in 0..150_u8 {
                let length = usize::from(n) * 3;
                peer.send_to(&vec![n; length], at).expect("sent");
                outbound.push(from, &vec![n; length]);
            }
            peer.send_to(&[7; DATAGRAM_BYTES_MAX + 1], at).expect("sent");
            peer.send_to(&[8; DATAGRAM_BYTES_MAX], at).expect("sent");
            outbound.flush();
            let mut heard = Vec::new();
            // Loopback delivers before `send_to` returns.
            assert_eq!(inbound.receive(|who, bytes| heard.push((who, bytes.to_vec()))), 152);
            assert_eq!(heard.len(), 151, "the oversized one is missing");
            for (n, (who, bytes)) in heard[..150].iter().enumerate() {
                assert_eq!((*who, bytes), (from, &vec![n as u8; n * 3]));
            }
            assert_eq!(heard[150].1, [8; DATAGRAM_BYTES_MAX]);
            let mut room = [0; 2000];
            for n in 0..150 {
                let (count, who) = peer.recv_from(&mut room).expect("received");
                assert_eq!((who, &room[..count]), (at, &vec![n as u8; n * 3][..]));
            }
        }
    }

    #[test]
    fn datagrams_allocate_nothing() {
        let (at, mut inbound, mut outbound, peer) = ends(TOGETHER_MAX);
        let from = peer.local_addr().expect("an address");
        let mut round = || {
            for n in 0..100 {
                peer.send_to(&[n; 172], at).expect("sent");
                outbound.push(from, &[n; 172]);
            }
            outbound.flush();
            let mut room = [0; 200];
            for _ in 0..100 {
                peer.recv(&mut room).expect("received");
            }
            inbound.receive(|_, bytes| assert_eq!(bytes.len(), 172))
        };
        assert_eq!(round(), 100);
        let mut received = 0;
        let used = allocation_counter::measure(|| received = round());
        assert_eq!((received, used.count_total), (100, 0), "{used:?}");
    }
}
