//! What people type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::criterion::Criterion;

/// Burdens a server that speaks the Twilio media-stream dialect, and measures what its callers hear.
///
/// Each call is a carrier's end of a real WebSocket with a simulated callee behind it; the
/// carrier's playout is the truth. The server must know the secret that tokens are signed with, and
/// take unknown calls as incoming ones.
#[derive(Clone, Debug, Parser)]
#[command(name = "loadtest", version, max_term_width = 100)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) what: What,
}

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum What {
    /// Many calls at a time that listen (or interrupt): pacing, marks, losses, the server's burden
    Calls(Calls),
    /// Interruptions at random moments: from the callee's first sample to silence, and to `clear`
    BargeIn(BargeIn),
}

/// Common to all runs.
#[derive(Clone, Debug, Args)]
pub(crate) struct Target {
    /// The server's media stream
    #[arg(long, default_value = "ws://127.0.0.1:8080/media/twilio")]
    pub(crate) url: String,
    /// Secret the server signs stream tokens with
    #[arg(long, env = "TRUNKLINE_STREAM_SECRET", hide_env_values = true)]
    pub(crate) secret: String,
    /// Seed of everything left to chance
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Process whose CPU and memory are measured
    #[arg(long)]
    pub(crate) pid: Option<u32>,
    /// What must hold, for example underrun20ms<=0.1% or stop_p99<=180ms; exit code 1 if it does not
    #[arg(long, value_name = "FIGURE<=LIMIT")]
    pub(crate) criterion: Vec<Criterion>,
    /// Folder for report.json and report.md
    #[arg(long, default_value = "target/loadtest")]
    pub(crate) out: PathBuf,
    /// Burden a server that is not this machine; give it twice
    #[arg(long, action = clap::ArgAction::Count)]
    pub(crate) yes_not_loopback: u8,
}

/// `loadtest calls`
#[derive(Clone, Debug, Args)]
pub(crate) struct Calls {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Calls at a time
    #[arg(long, default_value_t = 50)]
    pub(crate) calls: usize,
    /// For how long, once all calls stand, in s
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Time in which the calls begin, one by one, in ms
    #[arg(long, default_value_t = 2_000)]
    pub(crate) ramp_ms: u64,
    /// Callees interrupt instead of listening
    #[arg(long)]
    pub(crate) barge_in: bool,
}

/// `loadtest barge-in`
#[derive(Clone, Debug, Args)]
pub(crate) struct BargeIn {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Interruptions to try, one a call
    #[arg(long, default_value_t = 200)]
    pub(crate) tries: usize,
    /// Calls at a time
    #[arg(long, default_value_t = 4)]
    pub(crate) calls: usize,
}
