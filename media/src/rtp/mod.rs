//! RTP in and out (RFC 3550, profile RFC 3551): packets, both ends of a stream, reports, jitter.
//!
//! ```text
//!   datagram ─▶ Packet ─▶ Receiver (what is missing, jitter) ─▶ JitterBuffer ─▶ one Slot per frame
//!   frame ─▶ Sender ─▶ datagram            rtcp: reports both ways
//! ```
//!
//! Left out: encryption (SRTP), several sources in one session, feedback profiles (RFC 4585).

mod jitter;
mod packet;
mod receiver;
pub mod rtcp;
mod sender;

pub use jitter::{BadJitterConfig, JitterBuffer, JitterConfig, JitterStats, Pushed, Slot};
pub use packet::{BadPacket, HEADER_BYTES, Packet, is_rtcp};
pub use receiver::{Arrival, Receiver, Reception, ReportBlock};
pub use sender::{Sender, Start};
