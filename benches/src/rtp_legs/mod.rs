//! A media thread under a burden of RTP legs: what a call costs it, and how late its packets are.
//!
//! ```text
//!   CPU 0: the media thread, as the server runs it     CPU 1: callees, minds, voices, journal, judge
//! ```
//!
//! Both sides speak recorded speech all the time; once barge-in has silenced the agent, it begins again when
//! the callee takes a breath.
//! Judge, recogniser and journal are stand-ins that take what they are given.

pub mod machine;
pub mod voices;

mod call;

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use crossbeam_channel::{Receiver, bounded};
use media::circuit::Verdict;
use rustix::event::{Timespec, poll};
use server::{
    clock::Clock,
    media_thread::{
        MediaThreads, RtpDoor, Shared,
        datagrams::Listen,
        words::{Order, Switchboard},
    },
    workers::judge::Ask,
};

use call::{Call, Rooms};
use voices::{Coding, FRAME, Voices};

/// One frame.
const TURN: Duration = Duration::from_millis(20);
/// Time between two looks of the generator.
const LOOK: Duration = Duration::from_millis(1);
/// Between two calls that begin; no multiple of a tick, so that calls spread over the grid.
const RAMP: Duration = Duration::from_micros(1_730);
/// From the last call's beginning until it counts: the jitter buffers have settled.
const SETTLE: Duration = Duration::from_secs(2);
/// Longest the calls may take to end.
const FAREWELL: Duration = Duration::from_secs(5);
/// The player's buffer a frame may be late for.
const BUFFER_US: i64 = 20_000;
/// Share of the callees' sound that must reach the calls: some of it is still on its way.
const HEARD_MIN: f64 = 0.9;
/// Questions to the judge that wait.
const ASKS_MAX: usize = 16 * 1024;
/// Root of the mean square from which the judge calls it speech.
const SPEECH_RMS: f64 = 328.0;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Calls at a time.
    pub calls: u32,
    /// Their codec.
    pub coding: Coding,
    /// How long they are measured.
    pub time: Duration,
    /// Datagrams of one system call.
    pub together: usize,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// CPU time of the media thread for one call and 20 ms, in µs.
    pub call_us: f64,
    /// Its share of its CPU.
    pub load: f64,
    /// Share of frames later than a buffer of 20 ms allows.
    pub late: f64,
    /// Lateness that 99 of 100 frames do not exceed, in ms.
    pub late_p99_ms: f64,
    /// Share of packets lost: what the kernel dropped before the media thread read it, and what callees
    /// missed.
    pub lost: f64,
    /// Share of the callees' sound that reached the calls.
    pub heard: f64,
    /// Share of the agents' packets in which somebody speaks.
    pub sounding: f64,
    /// Times a call was interrupted in a minute.
    pub interruptions: f64,
    /// Turns of callees that came over 10 ms late, of all.
    pub generator_late: f64,
}

impl Figures {
    /// It holds: no larger share than this is late or lost, and the calls hear their callees.
    pub fn holds(&self, share_max: f64) -> bool {
        self.late <= share_max && self.lost <= share_max && self.heard >= HEARD_MIN
    }
}

/// Calls under way, and what serves them.
struct Burden {
    door: RtpDoor,
    asks: Receiver<Ask>,
    calls: Vec<(Instant, Call)>,
    rooms: Rooms,
    turns: u64,
    late_turns: u64,
}

/// Measures once.
///
/// # Errors
/// When the machine does not give what is needed, or a leg broke.
pub fn measure(plan: &Plan, voices: &Voices) -> Result<Figures> {
    let (judge, asks) = bounded(ASKS_MAX);
    let (switchboard, _) = Switchboard::new();
    let shared = Shared::new(Clock::start(), switchboard, Vec::new(), 1, judge);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen = Listen { together: plan.together, ..Listen::new(address) };
    machine::keep_to(0).context("CPU 0 for the media thread")?;
    let media = MediaThreads::spawn_with_rtp(1, Some(listen), &shared)?;
    machine::keep_to(1).context("CPU 1 for the generator")?;
    let door = media.rtp_door().context("a port")?.clone();
    let mut burden =
        Burden { door, asks, calls: Vec::new(), rooms: Rooms::default(), turns: 0, late_turns: 0 };
    burden.begin(plan, voices)?;
    burden.run(SETTLE)?;
    let figures = burden.measure(plan)?;
    drop(media);
    burden.end()?;
    Ok(figures)
}

impl Burden {
    fn begin(&mut self, plan: &Plan, voices: &Voices) -> Result<()> {
        let start = Instant::now();
        for number in 0..plan.calls {
            self.run((start + RAMP * number).saturating_duration_since(Instant::now()))?;
            let (call, leg) = Call::new(number, self.door.address(), plan.coding, voices)?;
            let mut at_door = self.door.admit(leg);
            while let Err(leg) = at_door {
                self.run(TURN)?;
                at_door = self.door.admit(*leg);
            }
            self.calls.push((Instant::now(), call));
        }
        Ok(())
    }

    /// Lets the calls live for so long.
    fn run(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        let look = Timespec::try_from(LOOK)?;
        while Instant::now() < end {
            let now = Instant::now();
            for (due, call) in &mut self.calls {
                if *due <= now {
                    self.turns += 1;
                    self.late_turns += u64::from(now - *due > TURN / 2);
                    // After a stall a callee does not run after what it missed.
                    *due = (*due + TURN).max(now - TURN);
                    call.turn(&mut self.rooms)?;
                }
            }
            while let Ok(ask) = self.asks.try_recv() {
                judge(ask);
            }
            poll(&mut [], Some(&look))?;
        }
        Ok(())
    }

    fn measure(&mut self, plan: &Plan) -> Result<Figures> {
        let address = self.door.address();
        (self.turns, self.late_turns) = (0, 0);
        for (_, call) in &mut self.calls {
            call.measured = true;
        }
        let dropped = machine::dropped_at(address)?;
        let (began, cpu) = (Instant::now(), machine::cpu_of("media-0")?);
        self.run(plan.time)?;
        let (time, cpu) = (began.elapsed(), machine::cpu_of("media-0")? - cpu);
        let dropped = machine::dropped_at(address)? - dropped;
        Ok(self.figures(time, cpu, dropped))
    }

    fn figures(&mut self, time: Duration, cpu: Duration, dropped: u64) -> Figures {
        let frames = time.as_secs_f64() / TURN.as_secs_f64() * self.calls.len() as f64;
        let (mut lateness, mut lost, mut heard) = (Vec::new(), dropped, 0);
        let (mut sounding, mut interruptions) = (0, 0);
        for (_, call) in &mut self.calls {
            let noticed = std::mem::take(&mut call.noticed);
            lost += noticed.skipped;
            heard += noticed.heard;
            sounding += noticed.sounding;
            interruptions += noticed.interruptions;
            lateness.extend(late_us(noticed.transit_us));
        }
        lateness.sort_unstable();
        let packets = lateness.len().max(1);
        let late = lateness.iter().rev().take_while(|us| **us > BUFFER_US).count();
        let p99 = lateness.get(packets * 99 / 100).copied().unwrap_or(0);
        Figures {
            call_us: cpu.as_secs_f64() * 1e6 / frames,
            load: cpu.as_secs_f64() / time.as_secs_f64(),
            late: late as f64 / packets as f64,
            late_p99_ms: p99 as f64 / 1e3,
            lost: lost as f64 / (2.0 * frames),
            heard: heard as f64 / (frames * FRAME as f64),
            sounding: sounding as f64 / packets as f64,
            interruptions: interruptions as f64
                / self.calls.len() as f64
                / (time.as_secs_f64() / 60.0),
            generator_late: self.late_turns as f64 / self.turns.max(1) as f64,
        }
    }

    /// Every call leaves; the media thread ends when all have.
    fn end(self) -> Result<()> {
        let Self { door, calls, .. } = self;
        drop(door);
        for (_, call) in &calls {
            call.leave();
        }
        let (look, began) = (Timespec::try_from(LOOK)?, Instant::now());
        while machine::cpu_of("media-0").is_ok() {
            anyhow::ensure!(began.elapsed() < FAREWELL, "the media thread does not end");
            poll(&mut [], Some(&look))?;
        }
        Ok(())
    }
}

/// How late each packet of a call was on the grid they usually come on: an early one in ten sets it.
fn late_us(mut transit_us: Vec<i64>) -> impl Iterator<Item = i64> {
    let tenth = transit_us.len() / 10;
    let grid_us = match transit_us.is_empty() {
        true => 0,
        false => *transit_us.select_nth_unstable(tenth).1,
    };
    transit_us.into_iter().map(move |us| us - grid_us)
}

fn judge(ask: Ask) {
    let Ask::Chunk(chunk) = ask else { return };
    let energy: f64 = chunk.samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    let speaks = energy / chunk.samples.len() as f64 > SPEECH_RMS * SPEECH_RMS;
    let probability = if speaks { 0.95 } else { 0.05 };
    // A circuit that is gone needs no verdict.
    let _ = chunk.reply.give(Order::Verdict(Verdict { chunk: chunk.chunk, probability }));
}
