//! What people type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::criterion::Criterion;
use crate::scenario::{Knobs, Span};

/// Burdens a server that speaks the Twilio media-stream dialect, and measures what its callers hear.
///
/// Each call is a carrier's end of a real WebSocket with a simulated callee behind it. The server
/// takes unknown calls as incoming ones; if it wants signed tokens, give it and this program the
/// same secret. A server that only echoes is measured as far as an echo goes.
///
/// On a machine of two cores keep each side on its own: start the server under `taskset -c 0` and
/// give this program `--cpu 1`.
#[derive(Clone, Debug, Parser)]
#[command(name = "loadtest", version, max_term_width = 100)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) what: What,
}

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum What {
    /// Many calls at a time: pacing, marks, losses, set-up, the server's burden
    Calls(Common),
    /// Interruptions at random moments: from the callee's first sample to silence, and to `clear`
    BargeIn(BargeIn),
    /// Many short calls, one after another: whether memory stays flat
    Churn(Churn),
    /// The most calls at a time that keep the criterion in two runs of three; also --find-capacity
    #[command(long_flag = "find-capacity")]
    FindCapacity(FindCapacity),
}

/// Common to all runs.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// The server's media stream
    #[arg(long, default_value = "ws://127.0.0.1:8080/media/twilio")]
    pub(crate) url: String,
    /// PEM file with the certificate of a server that speaks wss://, or of who vouches for it
    #[arg(long, value_name = "PEM")]
    pub(crate) trust: Option<PathBuf>,
    /// Secret the server signs stream tokens with, if it does
    #[arg(long, env = "TRUNKLINE_STREAM_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<String>,
    /// Process whose CPU and memory are measured
    #[arg(long)]
    pub(crate) pid: Option<u32>,
    /// Run on this CPU alone (the server is kept off it with taskset)
    #[arg(long)]
    pub(crate) cpu: Option<usize>,
    /// What must hold, for example underrun20ms<=0.1% or stop_p99<=180ms; exit code 1 if it does not
    #[arg(long, value_name = "FIGURE<=LIMIT")]
    pub(crate) criterion: Vec<Criterion>,
    /// Folder for the report: JSON, Markdown and plots
    #[arg(long, default_value = "target/loadtest")]
    pub(crate) out: PathBuf,
    /// Burden a server that is not this machine; give it twice
    #[arg(long, action = clap::ArgAction::Count)]
    pub(crate) yes_not_loopback: u8,
    /// TOML file of what callers do; its keys are the flags below, with underscores
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) knobs: Knobs,
}

/// `loadtest barge-in`
#[derive(Clone, Debug, Args)]
pub(crate) struct BargeIn {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Interruptions to try, one a call
    #[arg(long, default_value_t = 200)]
    pub(crate) tries: usize,
}

/// `loadtest churn`
#[derive(Clone, Debug, Args)]
pub(crate) struct Churn {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Calls in all; --calls says how many at a time, --call-s how long each is
    #[arg(long, default_value_t = 10_000)]
    pub(crate) total: usize,
}

impl Churn {
    /// How long calls are without `--call-s`, in s.
    pub(crate) const CALL_S: &str = "0.5-1.5";

    /// Length of a call.
    pub(crate) fn call_s(given: Option<Span>) -> Option<Span> {
        given.or_else(|| Self::CALL_S.parse().ok())
    }
}

/// `loadtest find-capacity`
#[derive(Clone, Debug, Args)]
pub(crate) struct FindCapacity {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Calls at a time to begin with
    #[arg(long, default_value_t = 100)]
    pub(crate) from: usize,
    /// Calls at a time to end with
    #[arg(long, default_value_t = 1_600)]
    pub(crate) to: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_has_two_spellings() {
        for spelling in ["find-capacity", "--find-capacity"] {
            let args = ["loadtest", spelling, "--criterion", "underrun20ms<=0.1%", "--to", "400"];
            let command = Command::try_parse_from(args).expect(spelling);
            let What::FindCapacity(find) = command.what else { panic!("{spelling}") };
            assert_eq!((find.from, find.to), (100, 400));
            assert_eq!(find.common.criterion.len(), 1);
        }
    }

    #[test]
    fn flags_are_read_and_short_calls_have_a_length() {
        let args = ["loadtest", "calls", "--calls", "7", "--speech-s", "1-4", "--drops", "0.1"];
        let What::Calls(common) = Command::try_parse_from(args).expect("flags").what else {
            panic!("calls")
        };
        assert_eq!((common.knobs.calls, common.knobs.drops), (Some(7), Some(0.1)));
        assert!(Churn::call_s(None).is_some());
        Command::try_parse_from(["loadtest", "calls", "--speech-s", "4-1"]).expect_err("backwards");
    }
}
