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
const HOPS: usize = 128;
/// Delays looked at, in hops.
const DELAYS: usize = 60;
/// An envelope that nothing was sent at.
const SILENT_DBFS: f32 = -96.0;
/// Below this our own sound makes no echo worth a thought.
const AUDIBLE_DBFS: f32 = -50.0;
/// Loudest echo that is believed, in dB.
const LEVEL_DB_MAX: f32 = -3.0;
/// However quiet the echo, speech this far below ours may be it, in dB.
const LEVEL_DB_MIN: f32 = -30.0;
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

pub(crate) struct Echo {
    config: EchoConfig,
    delays: usize,
    /// Level of what plays, per hop of the clock, with the hop it belongs to.
    sent: [(u64, f32); HOPS],
    level_db: f32,
    seen: f32,
    heard: Moments,
    at_delay: [Moments; DELAYS],
    product: [f32; DELAYS],
    delay: Option<usize>,
}

/// Sums of a value and its square that forget.
#[derive(Clone, Copy, Default)]
struct Moments {
    sum: f32,
    square: f32,
}

impl Moments {
    fn add(&mut self, value: f32) {
        self.sum = self.sum * KEEP + value;
        self.square = self.square * KEEP + value * value;
    }

    fn variance(&self, count: f32) -> f32 {
        (self.square / count - (self.sum / count) * (self.sum / count)).max(0.0)
    }
}

impl Echo {
    pub(crate) fn new(config: &EchoConfig) -> Self {
        Self {
            config: *config,
            delays: usize::from(config.delay_ms_max / 10).clamp(1, DELAYS - 1) + 1,
            sent: [(0, SILENT_DBFS); HOPS],
            level_db: config.level_db,
            seen: 0.0,
            heard: Moments::default(),
            at_delay: [Moments::default(); DELAYS],
            product: [0.0; DELAYS],
            delay: None,
        }
    }

    /// 10 ms of ours begin to play at `at`.
    pub(crate) fn sent(&mut self, at: Mono, level_dbfs: f32) {
        let hop = at.as_micros() / 10_000;
        self.sent[(hop % HOPS as u64) as usize] = (hop, level_dbfs);
    }

    /// What was sent is dropped from `now` on.
    pub(crate) fn cleared(&mut self, now: Mono) {
        let from = now.as_micros() / 10_000;
        for slot in self.sent.iter_mut().filter(|slot| slot.0 > from) {
            slot.1 = SILENT_DBFS;
        }
    }

    fn sent_at(&self, hop: u64) -> f32 {
        let (of, level) = self.sent[(hop % HOPS as u64) as usize];
        if of == hop { level } else { SILENT_DBFS }
    }

    /// A hop came in whose last sample came `at`. `true` when it may be nothing but our echo.
    pub(crate) fn covers(&mut self, at: Mono, level_dbfs: f32) -> bool {
        if !self.config.enabled {
            return false;
        }
        let now = at.as_micros() / 10_000;
        let (from, to) = match self.delay {
            Some(delay) => (delay.saturating_sub(SPREAD.0), (delay + SPREAD.1).min(self.delays)),
            None => (0, self.delays),
        };
        let loudest = (from..=to)
            .filter_map(|delay| now.checked_sub(delay as u64))
            .map(|hop| self.sent_at(hop))
            .fold(SILENT_DBFS, f32::max);
        if loudest < AUDIBLE_DBFS {
            return false;
        }
        let against = level_dbfs - loudest;
        let covered = against <= self.level_db + self.config.margin_db;
        if covered {
            self.correlate(now, level_dbfs);
            let step = if against > self.level_db { UP_DB } else { -DOWN_DB };
            self.level_db = (self.level_db + step).clamp(LEVEL_DB_MIN, LEVEL_DB_MAX);
        }
        covered
    }

    /// Which delay makes our envelope look most like what comes in?
    fn correlate(&mut self, now: u64, level_dbfs: f32) {
        let heard = level_dbfs.max(-70.0);
        self.seen = self.seen * KEEP + 1.0;
        self.heard.add(heard);
        let variance = self.heard.variance(self.seen);
        let mean = self.heard.sum / self.seen;
        let mut best = (SURE, None);
        for delay in 0..self.delays {
            let Some(hop) = now.checked_sub(delay as u64) else { break };
            let sent = self.sent_at(hop).max(-70.0);
            self.at_delay[delay].add(sent);
            self.product[delay] = self.product[delay] * KEEP + sent * heard;
            let of = &self.at_delay[delay];
            let spread = (variance * of.variance(self.seen)).sqrt();
            let covariance = self.product[delay] / self.seen - mean * of.sum / self.seen;
            if spread > 1.0 && covariance / spread > best.0 {
                best = (covariance / spread, Some(delay));
            }
        }
        self.delay = if self.seen >= EVIDENCE { best.1 } else { None };
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
