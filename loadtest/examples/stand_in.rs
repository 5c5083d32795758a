//! A server to measure the engine with: speech models are stand-ins that cost nothing.
//!
//! `stand_in [CALLS_MAX] [CALLS_DIR] [CERTIFICATE] [--journal-only]`, that is
//! `cargo run --release -p loadtest --example stand_in -- …`
//!
//! With a third argument it speaks TLS, and writes there the certificate for
//! `loadtest --trust CERTIFICATE`. With `--journal-only` it keeps no tapes and no recordings.

#[path = "../tests/house/mod.rs"]
mod house;

use std::io::Write as _;
use std::path::PathBuf;

use mimalloc::MiMalloc;
use server::config::Records;

/// As in the server proper.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() {
    let (flags, args): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let keep = !flags.iter().any(|flag| flag == "--journal-only");
    let records = Records { tape: keep, recording: keep };
    let mut args = args.into_iter();
    let calls_max = args.next().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let calls_dir = args.next().map_or_else(|| PathBuf::from("target/stand-in"), PathBuf::from);
    let certificate = args.next().map(PathBuf::from);
    let s = if certificate.is_some() { "s" } else { "" };
    let (address, serving) =
        house::open(calls_max, &calls_dir, records, certificate.as_deref()).await;
    // A closed pipe is no reason to fail.
    let _ = writeln!(
        std::io::stdout(),
        "pid {}, secret {:?}, ws{s}://{address}/media/twilio",
        std::process::id(),
        house::SECRET
    );
    let _ = serving.await;
}
