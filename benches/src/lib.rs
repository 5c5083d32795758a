//! Measures the house: what each thing a call pays for costs.
//!
//! ```text
//!   cargo bench -p benches --bench stages        CPU time of every stage, with spread (minutes)
//!   cargo bench -p benches --bench nets          the neural nets
//!   cargo bench -p benches --benches -- --test   each once, not measured (what CI does)
//!   .ci/instructions                             instructions of every stage against instructions.txt
//!   cargo run --release -p benches --bin stages -- reaction
//!   cargo run --release -p benches --bin rtp-legs -- --calls 500   a media thread and its RTP legs
//!   cargo run --release -p benches --bin echo-epoll | echo-tungstenite
//! ```
//!
//! A [`stage`] is defined once and measured by both clocks: CPU time (criterion) and instructions
//! (valgrind). Each first asserts what it computes. A call has 20 ms of a core for 20 ms of sound:
//! divide. Figures, and what they mean, stand in `docs/performance.md`.

pub mod echo;
pub mod reaction;
pub mod rtp_legs;
pub mod sound;
pub mod stage;
pub mod talk;

use std::path::PathBuf;

/// A file of the repository.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

/// The bytes of a model's file.
///
/// # Panics
/// When it is not there: the repository is not whole.
pub fn model(name: &str) -> Vec<u8> {
    let path = file("models").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
