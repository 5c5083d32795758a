//! What an RTP call costs a media thread, and how many calls one core holds. Loopback only; it ends by
//! itself.

use std::time::Duration;

use anyhow::{Result, ensure};
use benches::rtp_legs::{
    Figures, Plan, machine, measure,
    voices::{Coding, Voices},
};
use clap::{Parser, ValueEnum};
use media::codec::Codec;
use server::media_thread::datagrams::TOGETHER_MAX;

/// Most calls of one run.
const CALLS_MAX: u32 = 5_000;
/// Longest measurement, in s.
const SECONDS_MAX: u64 = 60;

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// G.711 µ-law
    Pcmu,
    /// G.711 A-law
    Pcma,
    /// G.722, 16 kHz
    G722,
    /// Opus, 16 kHz
    Opus,
}

#[derive(Parser)]
struct Args {
    /// Codec of all legs, in frames of 20 ms
    #[arg(long, value_enum, default_value = "pcmu")]
    codec: Name,
    /// Calls at a time
    #[arg(long, default_value_t = 500)]
    calls: u32,
    /// Find the most calls that hold, beginning with --calls
    #[arg(long)]
    find: bool,
    /// Length of one measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Datagrams of one system call; 1 measures what batches save
    #[arg(long, default_value_t = TOGETHER_MAX)]
    together: usize,
    /// Calls hold when at most so many frames of a hundred come later than 20 ms or are lost
    #[arg(long, default_value_t = 0.1)]
    percent_max: f64,
    /// Fail when they do not hold
    #[arg(long)]
    must_hold: bool,
}

#[expect(clippy::print_stdout, reason = "it is asked for")]
fn main() -> Result<()> {
    let args = Args::parse();
    ensure!((1..=CALLS_MAX).contains(&args.calls), "1 to {CALLS_MAX} calls");
    ensure!((1..=SECONDS_MAX).contains(&args.seconds), "1 to {SECONDS_MAX} seconds");
    machine::open_many_files()?;
    server::http::metrics_handle();
    let (codec, rate_hz) = match args.codec {
        Name::Pcmu => (Codec::Mulaw, 8_000),
        Name::Pcma => (Codec::Alaw, 8_000),
        Name::G722 => (Codec::G722, 16_000),
        Name::Opus => (Codec::Opus, 16_000),
    };
    let coding = Coding { codec, rate_hz };
    let voices = Voices::new(coding);
    let together = args.together.clamp(1, TOGETHER_MAX);
    let time = Duration::from_secs(args.seconds);
    let share_max = args.percent_max / 100.0;
    println!("{HEAD}");
    let try_calls = |calls| -> Result<Figures> {
        let figures = measure(&Plan { calls, coding, time, together }, &voices)?;
        println!("{}", row(codec, calls, together, &figures));
        Ok(figures)
    };
    if args.find {
        let most = find(args.calls, |calls| Ok(try_calls(calls)?.holds(share_max)))?;
        println!("\nmost calls that hold: {most}");
        return Ok(());
    }
    let holds = try_calls(args.calls)?.holds(share_max);
    ensure!(holds || !args.must_hold, "{} calls do not hold", args.calls);
    Ok(())
}

/// Doubles until it breaks, then halves the difference down to a sixteenth.
fn find(start: u32, mut holds: impl FnMut(u32) -> Result<bool>) -> Result<u32> {
    let (mut good, mut bad) = (0, CALLS_MAX + 1);
    let mut calls = start;
    while bad - good > (good / 16).max(1) {
        if holds(calls)? {
            good = calls;
        } else {
            bad = calls;
        }
        calls = if bad > CALLS_MAX { (good * 2).min(CALLS_MAX) } else { good.midpoint(bad) };
    }
    Ok(good)
}

const HEAD: &str = "\
| codec | calls | datagrams together | µs, one call and 20 ms | load | later than 20 ms | p99 late, ms | lost | heard | agent sounds | interruptions a minute | generator late |
|---|---|---|---|---|---|---|---|---|---|---|---|";

fn row(codec: Codec, calls: u32, together: usize, figures: &Figures) -> String {
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    format!(
        "| {codec:?} | {calls} | {together} | {:.2} | {} | {} | {:.1} | {} | {} | {} | {:.1} | {} |",
        figures.call_us,
        percent(figures.load),
        percent(figures.late),
        figures.late_p99_ms,
        percent(figures.lost),
        percent(figures.heard),
        percent(figures.sounding),
        figures.interruptions,
        percent(figures.generator_late),
    )
}
