//! TLS of the listener: `certificates` (which files, and whether they are good), `handshake` (who
//! comes in). Of a media stream the media thread takes TLS over (`media_thread::tls`).

mod certificates;
mod handshake;
#[cfg(test)]
mod tests;

pub use certificates::{Certificates, Unusable};
pub(super) use handshake::{Entered, Gate};
