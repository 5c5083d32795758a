//! The echo gate: our own sound, coming back late and quieter, is not the callee.
//!
//! What we send is kept as an envelope on the axis of when it plays. A hop that comes in is
//! compared with the loudest of that envelope at the delays from which it could stem. Delay and
//! level of the echo are learned while nothing else comes in, from [`EchoConfig::level_db`] on. A
//! line that shows no echo becomes more sensitive. The limit: of an echo that appears later, moves or
//! grows by 12 dB, some 200 ms in all pass for speech before it is learned, and the judge calls them
//! speech, for they are; so it may interrupt us once.

use super::EchoConfig;
use crate::Mono;

/// Envelope kept, in hops of 10 ms.
const HOPS: u64 = 128;
/// Delays looked at, in hops.
const DELAYS: usize = 64;
/// An envelope that nothing was sent at.
const SILENT_DBFS: f32 = -96.0;
/// Below this our own sound makes no echo worth a thought.
const AUDIBLE_DBFS: f32 = -50.0;
/// Loudest echo that is believed, in dB.
const LEVEL_DB_MAX: f32 = -3.0;
/// However quiet the echo, speech this far below ours may be it, in dB.
const LEVEL_DB_MIN: f32 = -30.0;
/// Levels below this count as this when envelopes are compared.
const FAINTEST_DBFS: f32 = -70.0;
/// How fast the learned level follows, in dB per hop: up, and down.
const UP_DB: f32 = 0.5;
const DOWN_DB: f32 = 0.02;
/// Correlations forget half in about 1.4 s of our own speech.
const KEEP: f32 = 0.995;
/// From this correlation of the envelopes on, the delay is believed.
const SURE: f32 = 0.6;
/// Hops of evidence before that.
const EVIDENCE: f32 = 60.0;
/// Around a believed delay the echo may spread this far, in hops: before, after.
const SPREAD: (usize, usize) = (2, 5);

/// The gate of one line.
pub struct Echo {
    config: EchoConfig,
    delays: usize,
    /// Level of what plays, per hop of the clock, for the last [`HOPS`] up to `newest`; each in the
    /// slot before that of the hop before it, so that later delays stand further on.
    sent: [f32; HOPS as usize],
    newest: u64,
    level_db: f32,
    correlation: Correlation,
    delay: Option<usize>,
}

/// Our level at each delay, newest first.
type Window = [f32; DELAYS];

impl Echo {
    /// Nothing was sent yet.
    pub fn new(config: &EchoConfig) -> Self {
        Self {
            config: *config,
            delays: usize::from(config.delay_ms_max / 10).clamp(1, DELAYS - 2) + 1,
            sent: [SILENT_DBFS; HOPS as usize],
            newest: 0,
            level_db: config.level_db,
            correlation: Correlation::default(),
            delay: None,
        }
    }

    /// 10 ms of ours begin to play at `at`.
    pub fn sent(&mut self, at: Mono, level_dbfs: f32) {
        let hop = at.as_micros() / 10_000;
        if hop + HOPS <= self.newest {
            return;
        }
        for gap in (self.newest + 1).max(hop.saturating_sub(HOPS))..hop {
            self.sent[slot(gap)] = SILENT_DBFS;
        }
        self.newest = self.newest.max(hop);
        self.sent[slot(hop)] = level_dbfs;
    }

    /// What was sent is dropped from `now` on.
    pub(crate) fn cleared(&mut self, now: Mono) {
        let from = now.as_micros() / 10_000;
        for hop in (from + 1).max(self.oldest())..=self.newest {
            self.sent[slot(hop)] = SILENT_DBFS;
        }
    }

    fn oldest(&self) -> u64 {
        (self.newest + 1).saturating_sub(HOPS)
    }

    /// What we sent that plays in the hop `now` and those before it; `None` when all is silence.
    fn window(&self, now: u64) -> Option<Window> {
        let first = now.saturating_sub(self.newest);
        let last = now.checked_sub(self.oldest())?.min(self.delays as u64);
        if first > last {
            return None;
        }
        let mut window = [SILENT_DBFS; DELAYS];
        let seen = &mut window[first as usize..=last as usize];
        let (start, onward) = self.sent.split_at(slot(now - first));
        let (begin, end) = seen.split_at_mut(onward.len().min(seen.len()));
        begin.copy_from_slice(&onward[..begin.len()]);
        end.copy_from_slice(&start[..end.len()]);
        Some(window)
    }

    /// A hop came in whose last sample came `at`. `true` when it may be nothing but our echo.
    pub fn covers(&mut self, at: Mono, level_dbfs: f32) -> bool {
        if !self.config.enabled {
            return false;
        }
        let Some(window) = self.window(at.as_micros() / 10_000) else { return false };
        let (from, to) = match self.delay {
            Some(delay) => (delay.saturating_sub(SPREAD.0), (delay + SPREAD.1).min(self.delays)),
            None => (0, self.delays),
        };
        let loudest = highest(&window[from..=to], SILENT_DBFS);
        if loudest < AUDIBLE_DBFS {
            return false;
        }
        let against = level_dbfs - loudest;
        let covered = against <= self.level_db + self.config.margin_db;
        if covered {
            self.correlation.add(&window, level_dbfs);
            self.delay = self.correlation.delay(self.delays);
            let step = if against > self.level_db { UP_DB } else { -DOWN_DB };
            self.level_db = (self.level_db + step).clamp(LEVEL_DB_MIN, LEVEL_DB_MAX);
        }
        covered
    }
}

fn slot(hop: u64) -> usize {
    (HOPS - 1 - hop % HOPS) as usize
}

/// The highest of them and of `least`, four at a time.
fn highest(levels: &[f32], least: f32) -> f32 {
    let higher = |a: f32, b: f32| if a > b { a } else { b };
    let mut lanes = [least; 4];
    let (fours, rest) = levels.as_chunks::<4>();
    for four in fours {
        for (lane, level) in lanes.iter_mut().zip(four) {
            *lane = higher(*level, *lane);
        }
    }
    lanes.iter().chain(rest).fold(least, |highest, level| higher(*level, highest))
}

/// Which delay makes our envelope look most like what comes in? Sums that forget, delay by delay.
struct Correlation {
    seen: f32,
    heard: f32,
    heard_square: f32,
    sent: Window,
    sent_square: Window,
    product: Window,
}

impl Default for Correlation {
    fn default() -> Self {
        let zero = [0.0; DELAYS];
        Self {
            seen: 0.0,
            heard: 0.0,
            heard_square: 0.0,
            sent: zero,
            sent_square: zero,
            product: zero,
        }
    }
}

impl Correlation {
    fn add(&mut self, window: &Window, level_dbfs: f32) {
        let heard = level_dbfs.max(FAINTEST_DBFS);
        self.seen = self.seen * KEEP + 1.0;
        self.heard = self.heard * KEEP + heard;
        self.heard_square = self.heard_square * KEEP + heard * heard;
        for (delay, sent) in window.iter().enumerate() {
            let sent = sent.max(FAINTEST_DBFS);
            self.sent[delay] = self.sent[delay] * KEEP + sent;
            self.sent_square[delay] = self.sent_square[delay] * KEEP + sent * sent;
            self.product[delay] = self.product[delay] * KEEP + sent * heard;
        }
    }

    /// The delay that is believed, of the first `delays`.
    fn delay(&self, delays: usize) -> Option<usize> {
        if self.seen < EVIDENCE {
            return None;
        }
        let per = 1.0 / self.seen;
        let mean = self.heard * per;
        let variance = (self.heard_square * per - mean * mean).max(0.0);
        // The square of the correlation with its sign: no root, and no branch to stand in the way of
        // four delays at a time.
        let mut likeness = [0.0; DELAYS];
        for (delay, likeness) in likeness.iter_mut().enumerate() {
            let sent_mean = self.sent[delay] * per;
            let sent_variance = self.sent_square[delay] * per - sent_mean * sent_mean;
            let spread = variance * sent_variance;
            let covariance = self.product[delay] * per - mean * sent_mean;
            let square = covariance * covariance.abs() / spread.max(1.0);
            *likeness = if spread > 1.0 { square } else { 0.0 };
        }
        let likeness = &likeness[..delays];
        let best = highest(likeness, SURE * SURE);
        if best > SURE * SURE { likeness.iter().position(|it| *it == best) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A speech-like envelope in dBFS.
    fn envelope(n: u64) -> f32 {
        let syllable = (n as f32 * 0.35).sin() + 0.5 * (n as f32 * 0.11).sin();
        if n / 40 % 4 == 3 { -90.0 } else { -22.0 + 9.0 * syllable }
    }

    fn at(hop: u64) -> Mono {
        Mono::from_millis(1000 + 10 * hop)
    }

    /// Plays `hops` of our speech with an echo; returns how many hops were let through as speech.
    fn echoed(echo: &mut Echo, hops: std::ops::Range<u64>, delay: u64, level_db: f32) -> usize {
        hops.filter(|&n| {
            echo.sent(at(n), envelope(n));
            let back = n.checked_sub(delay).map_or(-90.0, |n| envelope(n) + level_db);
            !echo.covers(at(n), back.max(-65.0)) && back > -48.0
        })
        .count()
    }

    #[test]
    fn an_echo_at_minus_20_db_is_never_speech() {
        for delay in [0, 3, 11, 25, 40] {
            let mut echo = Echo::new(&EchoConfig::default());
            assert_eq!(echoed(&mut echo, 0..2000, delay, -20.0), 0, "delay of {delay} hops");
        }
    }

    #[test]
    fn the_delay_is_learned() {
        for delay in [3, 11, 25] {
            let mut echo = Echo::new(&EchoConfig::default());
            echoed(&mut echo, 0..1000, delay, -20.0);
            let learned = echo.delay.unwrap() as u64;
            assert!(learned.abs_diff(delay) <= 1, "{learned} for {delay}");
        }
    }

    #[test]
    fn a_louder_echo_is_learned_when_it_grows() {
        let mut echo = Echo::new(&EchoConfig::default());
        echoed(&mut echo, 0..300, 11, -18.0);
        echoed(&mut echo, 300..600, 11, -13.0);
        assert_eq!(echoed(&mut echo, 600..1000, 11, -11.0), 0);
    }

    #[test]
    fn an_echo_that_appears_or_moves_later_is_learned() {
        for (before, after) in
            [((0, -90.0), (11, -20.0)), ((11, -20.0), (30, -20.0)), ((11, -26.0), (11, -14.0))]
        {
            let mut echo = Echo::new(&EchoConfig::default());
            echoed(&mut echo, 0..2000, before.0, before.1);
            let first = echoed(&mut echo, 2000..3000, after.0, after.1);
            let then = echoed(&mut echo, 3000..4000, after.0, after.1);
            println!("{before:?} to {after:?}: {first} hops, then {then}");
            assert!(first <= 30 && then == 0, "{before:?} to {after:?}: {first} hops, then {then}");
        }
    }

    #[test]
    fn the_callee_at_our_own_level_is_heard_at_once() {
        let mut echo = Echo::new(&EchoConfig::default());
        echoed(&mut echo, 0..500, 11, -20.0);
        for n in 500..520 {
            echo.sent(at(n), -20.0);
            assert!(!echo.covers(at(n), -24.0));
        }
    }

    #[test]
    fn nothing_sent_covers_nothing() {
        let mut echo = Echo::new(&EchoConfig::default());
        assert!(!echo.covers(Mono::ZERO, -60.0));
        echo.sent(at(5), -10.0);
        echo.cleared(at(3));
        assert!(!echo.covers(at(6), -40.0));
    }
}
