//! Makes the calls of one run, watches both ends meanwhile, adds up.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use media::Mono;
use sim::callee::Score;
use telephony::token;

use crate::callees;
use crate::caller::{Callee, Plan};
use crate::figures::Figures;
use crate::generator::{Generator, Pace};
use crate::interrupter::Interrupter;
use crate::listener::{Fault, Listener};
use crate::own::Own;
use crate::process::{Server, Watch};
use crate::progress::Progress;
use crate::scenario::{Lot, Scenario};
use crate::target::Target;
use crate::voice::Voice;

/// How long tokens are good, in s.
const TOKEN_SECONDS: u64 = 600;
/// Longest call with a single interruption.
const TRY_MAX: Duration = Duration::from_secs(30);
/// A call with a single interruption ends this long after it.
const TRY_LINGER: Duration = Duration::from_millis(300);
/// Different people who interrupt.
const INTERRUPTERS_MAX: usize = 200;
/// Longest run of short calls, as a multiple of what it should take.
const CHURN_PATIENCE: f64 = 3.0;

/// Which calls a run makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As many as the scenario says, for as long as it says.
    Steady,
    /// So many, each interrupted once.
    Tries(usize),
    /// So many, each short.
    Churn(usize),
}

/// Where calls go, and who is behind them.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The server.
    pub(crate) target: Target,
    /// Its secret.
    pub(crate) secret: Option<String>,
    /// Its process.
    pub(crate) pid: Option<u32>,
    /// What callees say.
    pub(crate) voice: Arc<Voice>,
}

/// What a run measured.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The callers' side.
    pub(crate) figures: Figures,
    /// The server's process.
    pub(crate) server: Option<Server>,
    /// The generator's.
    pub(crate) generator: Own,
    /// Once a second.
    pub(crate) history: Vec<crate::process::Sample>,
    /// Seconds of calls, for shares of it.
    pub(crate) call_s: f64,
}

impl Stage {
    /// Makes the calls.
    pub(crate) fn run(
        &self,
        scenario: &Scenario,
        kind: Kind,
        progress: &mut Progress,
    ) -> Result<Outcome> {
        let mut rng = Rng::with_seed(scenario.seed);
        let (pace, steady) = timing(scenario, kind);
        let mut cast = Cast::new(self, scenario, kind, pace.until, &mut rng)?;
        let mut generator = Generator::new(&self.target)?;
        let mut watch = Watch::start(self.pid, scenario.calls, pace.total, steady);
        let measured = generator.run(
            pace,
            &mut |number, now| cast.plan(number as u64, now, &mut rng),
            &mut |status| {
                if let Some(line) = watch.look(status) {
                    progress.show(&line);
                }
            },
        )?;
        let figures = Figures::of(&measured);
        let burden = watch.stop();
        let call_s: f64 = measured.iter().map(|call| call.lasted_ms as f64 / 1000.0).sum();
        Ok(Outcome {
            figures,
            server: burden.server,
            generator: Own::new(burden.own_cpu, burden.wall, burden.call_s, &generator.late_us),
            history: burden.history,
            call_s,
        })
    }
}

/// When calls begin, and which part of the run is steady.
fn timing(scenario: &Scenario, kind: Kind) -> (Pace, (Mono, Mono)) {
    let at = |seconds: f64| Mono::ZERO + Duration::from_secs_f64(seconds);
    let (at_once, per_s) = (scenario.calls, scenario.ramp_per_s);
    let (total, end_s) = match kind {
        Kind::Steady => {
            let total = if scenario.call_s.is_some() { usize::MAX } else { scenario.calls };
            (total, scenario.ramp_s() + scenario.seconds)
        }
        Kind::Tries(total) => (total, (1 + total / at_once) as f64 * TRY_MAX.as_secs_f64()),
        Kind::Churn(total) => {
            let longest = scenario.call_s.map_or(1.0, |span| *span.range().end());
            let rounds = 1.0 + total as f64 / at_once as f64;
            (total, CHURN_PATIENCE * (rounds * longest + total as f64 / per_s))
        }
    };
    let until = at(end_s);
    let steady =
        if kind == Kind::Steady { (at(scenario.ramp_s()), until) } else { (at(0.0), until) };
    (Pace { total, at_once, per_s, until }, steady)
}

/// Makes callees.
struct Cast<'a> {
    stage: &'a Stage,
    scenario: &'a Scenario,
    kind: Kind,
    until: Mono,
    expires_unix_s: u64,
    /// Tokens of two runs differ.
    run: u32,
    scores: Vec<Arc<Score>>,
}

impl<'a> Cast<'a> {
    fn new(
        stage: &'a Stage,
        scenario: &'a Scenario,
        kind: Kind,
        until: Mono,
        rng: &mut Rng,
    ) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?;
        let (count, times) = match kind {
            Kind::Tries(tries) => (tries, 1),
            _ if scenario.interrupters > 0.0 => (scenario.calls, callees::times(scenario.seconds)),
            _ => (0, 1),
        };
        Ok(Self {
            stage,
            scenario,
            kind,
            until,
            expires_unix_s: now.as_secs() + until.as_millis() / 1000 + TOKEN_SECONDS,
            run: now.subsec_nanos(),
            scores: callees::interrupters(count.min(INTERRUPTERS_MAX), times, rng)?,
        })
    }

    fn plan(&mut self, number: u64, now: Mono, rng: &mut Rng) -> Result<Plan> {
        let lot = if matches!(self.kind, Kind::Tries(_)) {
            Lot::Interrupts
        } else {
            self.scenario.lot(rng.f64())
        };
        let call_id =
            format!("load-{}-{number}-{:08x}-{:08x}", self.scenario.seed, self.run, rng.u32(..));
        let token = self.stage.secret.as_ref().map_or_else(String::new, |secret| {
            token::mint(secret.as_bytes(), &call_id, self.expires_unix_s)
        });
        let until = match (self.kind, self.scenario.call_s) {
            (Kind::Tries(_), _) => now + TRY_MAX,
            (_, Some(span)) => {
                let (from, to) = (*span.range().start(), *span.range().end());
                let length = Duration::from_secs_f64(from + rng.f64() * (to - from));
                (now + length).min(self.until)
            }
            (_, None) => self.until,
        };
        let linger = matches!(self.kind, Kind::Tries(_)).then_some(TRY_LINGER);
        let (callee, fault) = match lot {
            Lot::Interrupts => {
                let score = Arc::clone(&self.scores[number as usize % self.scores.len().max(1)]);
                let interrupter = Interrupter::new(number, &token, score, linger, rng.u64(..));
                (Callee::Interrupts(Box::new(interrupter)), Fault::None)
            }
            Lot::Listens(fault) => {
                let voice = Arc::clone(&self.stage.voice);
                let manner = self.scenario.manner();
                let listener = Listener::new(number, voice, manner, fault, rng.fork());
                (Callee::Listens(Box::new(listener)), fault)
            }
        };
        Ok(Plan { token, callee, fault, until, seed: rng.u64(..) })
    }
}
