//! Makes the calls, shows how it goes, adds up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use telephony::token;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, sleep_until};

use crate::args::{BargeIn, Calls, Target};
use crate::callees;
use crate::caller::{Plan, call};
use crate::figures::{Figures, Measured};
use crate::process::{Usage, usage};
use crate::report::{Report, Run, Server};
use crate::say;

/// How long tokens are good, in s.
const TOKEN_SECONDS: u64 = 600;
/// Longest call with an interruption.
const TRY_MAX: Duration = Duration::from_secs(30);
/// A call with an interruption ends this long after it.
const TRY_LINGER: Duration = Duration::from_millis(300);

/// Many calls at a time.
pub(crate) async fn calls(args: &Calls) -> Result<Report> {
    let mut rng = Rng::with_seed(args.target.seed);
    let begin = Instant::now();
    let ramp = Duration::from_millis(args.ramp_ms);
    let until = begin + ramp + Duration::from_secs(args.seconds);
    let listener = callees::listener()?;
    let mut running = FuturesUnordered::new();
    let standing = Arc::new(AtomicUsize::new(0));
    for number in 0..args.calls {
        let score = if args.barge_in {
            callees::interrupter(1 + args.seconds as usize / 5, &mut rng)?
        } else {
            Arc::clone(&listener)
        };
        let mut plan = plan(&args.target, number as u32, score, &mut rng)?;
        plan.until = until;
        let starts = begin + ramp.mul_f64(number as f64 / args.calls.max(1) as f64);
        let standing = Arc::clone(&standing);
        running.push(tokio::spawn(async move {
            sleep_until(starts).await;
            standing.fetch_add(1, Ordering::Relaxed);
            let measured = call(plan).await;
            standing.fetch_sub(1, Ordering::Relaxed);
            measured
        }));
    }
    let watcher = Watcher::start(args.target.pid, args.calls, standing);
    let mut measured = Vec::with_capacity(args.calls);
    while let Some(one) = running.next().await {
        measured.push(one.context("a call panicked")?);
    }
    let run = Run {
        url: args.target.url.clone(),
        calls: args.calls,
        seconds: args.seconds,
        seed: args.target.seed,
        callees: if args.barge_in { "interrupt" } else { "listen" },
        cores: cores(),
    };
    let server = watcher.stop(&measured).await;
    Ok(Report::new(run, Figures::of(&measured), server, &args.target.criterion))
}

/// One interruption a call, a few calls at a time.
pub(crate) async fn barge_in(args: &BargeIn) -> Result<Report> {
    let mut rng = Rng::with_seed(args.target.seed);
    let begin = Instant::now();
    let mut plans = Vec::with_capacity(args.tries);
    for number in 0..args.tries {
        let score = callees::interrupter(1, &mut rng)?;
        plans.push(plan(&args.target, number as u32, score, &mut rng)?);
    }
    let standing = Arc::new(AtomicUsize::new(0));
    let watcher = Watcher::start(args.target.pid, args.calls, Arc::clone(&standing));
    let measured: Vec<Measured> = stream::iter(plans)
        .map(|mut plan| {
            let standing = Arc::clone(&standing);
            async move {
                standing.fetch_add(1, Ordering::Relaxed);
                plan.until = Instant::now() + TRY_MAX;
                plan.linger = Some(TRY_LINGER);
                let measured = call(plan).await;
                standing.fetch_sub(1, Ordering::Relaxed);
                measured
            }
        })
        .buffer_unordered(args.calls.max(1))
        .collect()
        .await;
    let run = Run {
        url: args.target.url.clone(),
        calls: args.calls,
        seconds: begin.elapsed().as_secs(),
        seed: args.target.seed,
        callees: "interrupt once",
        cores: cores(),
    };
    let server = watcher.stop(&measured).await;
    Ok(Report::new(run, Figures::of(&measured), server, &args.target.criterion))
}

fn plan(
    target: &Target,
    number: u32,
    score: Arc<sim::callee::Score>,
    rng: &mut Rng,
) -> Result<Plan> {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?;
    let call_id = format!("load-{}-{number}-{:08x}", target.seed, rng.u32(..));
    Ok(Plan {
        url: target.url.clone(),
        token: token::mint(target.secret.as_bytes(), &call_id, now_s.as_secs() + TOKEN_SECONDS),
        number,
        score,
        until: Instant::now(),
        linger: None,
        seed: rng.u64(..),
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Shows how it goes once a second, and watches the server's process meanwhile.
struct Watcher {
    pid: Option<u32>,
    first: Option<Usage>,
    began: Instant,
    most: watch::Receiver<Option<Usage>>,
    task: tokio::task::JoinHandle<()>,
}

impl Watcher {
    fn start(pid: Option<u32>, calls: usize, standing: Arc<AtomicUsize>) -> Self {
        let began = Instant::now();
        let (seen, most) = watch::channel(None::<Usage>);
        let task = tokio::spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                let now = pid.and_then(usage);
                seen.send_modify(|most| *most = max(*most, now));
                let rss = now.map_or(String::new(), |now| {
                    format!(", server {:.1} s CPU, {:.0} MiB", now.cpu_s, now.rss_mib)
                });
                let standing = standing.load(Ordering::Relaxed);
                say(&format!(
                    "{:4} s: {standing} of {calls} calls{rss}",
                    began.elapsed().as_secs()
                ));
            }
        });
        Self { pid, first: pid.and_then(usage), began, most, task }
    }

    async fn stop(self, measured: &[Measured]) -> Option<Server> {
        // The last calls' work may be under way still.
        sleep(Duration::from_millis(50)).await;
        self.task.abort();
        let last = self.pid.and_then(usage)?;
        let most = max(*self.most.borrow(), Some(last))?;
        let seconds = self.began.elapsed().as_secs_f64();
        let cpu_s = last.cpu_s - self.first?.cpu_s;
        let call_s: f64 = measured.iter().map(|call| call.lasted_ms as f64 / 1000.0).sum();
        Some(Server {
            cores: cpu_s / seconds,
            cpu_ms_per_call_s: if call_s > 0.0 { cpu_s * 1000.0 / call_s } else { 0.0 },
            rss_mib_max: most.rss_mib,
            threads_max: most.threads,
        })
    }
}

/// The larger of each.
fn max(one: Option<Usage>, other: Option<Usage>) -> Option<Usage> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    Some(Usage {
        cpu_s: a.cpu_s.max(b.cpu_s),
        rss_mib: a.rss_mib.max(b.rss_mib),
        threads: a.threads.max(b.threads),
    })
}
