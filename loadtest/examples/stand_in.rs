//! A server to measure the engine with: speech models are stand-ins that cost nothing.
//!
//! `cargo run --release -p loadtest --example stand_in -- --help`

#[path = "../tests/house/mod.rs"]
mod house;

use std::io::Write as _;
use std::path::PathBuf;

use clap::Parser;
use mimalloc::MiMalloc;
use server::config::Records;

use house::Wishes;

/// As in the server proper.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Serves on a free port of this machine with speech models that cost nothing, and prints its pid,
/// its secret and its address.
#[derive(Parser)]
struct Args {
    /// Calls at a time; more are refused
    #[arg(default_value_t = 2_000)]
    calls_max: usize,
    /// Where calls leave their folders
    #[arg(default_value = "target/stand-in")]
    calls_dir: PathBuf,
    /// Speak TLS, and write there the certificate for `loadtest --trust`
    #[arg(long, value_name = "PEM")]
    certificate: Option<PathBuf>,
    /// Keep no tapes and no recordings
    #[arg(long)]
    journal_only: bool,
    /// Stream all that is heard there, at 16 kHz (see the example `recogniser`)
    #[arg(long, value_name = "URL")]
    recogniser: Option<String>,
    /// Let Silero judge; its model
    #[arg(long, value_name = "ONNX")]
    judge: Option<PathBuf>,
}

#[tokio::main]
async fn main() {
    let Args { calls_max, calls_dir, certificate, journal_only, recogniser, judge } = Args::parse();
    let s = if certificate.is_some() { "s" } else { "" };
    let records = Records { tape: !journal_only, recording: !journal_only, ..Records::default() };
    let wishes = Wishes { records, certificate, recogniser, judge };
    let (address, serving) = house::open(calls_max, &calls_dir, wishes).await;
    // A closed pipe is no reason to fail.
    let _ = writeln!(
        std::io::stdout(),
        "pid {}, secret {:?}, ws{s}://{address}/media/twilio",
        std::process::id(),
        house::SECRET
    );
    let _ = serving.await;
}
