//! Bursts and pauses to the tones of exchanges: ring-back, busy, reorder, dial tone, call waiting.
//!
//! Frequencies and cadences of North America (Telcordia GR-506), Britain (BT SIN 350) and the larger countries of the
//! European Union (ITU-T E.180 supplement 2). Left out: Spanish busy (200 ms on, 200 ms off, which others use for
//! reorder) and number-unobtainable tones without a cadence.

use super::{Kind, Tone, burst::Burst};

/// Two bursts are of one length when they differ by less than this, in ms.
const ALIKE_MS: u32 = 60;
/// A ring is followed by the next one within this, in ms; longest pause is 5 s.
const RING_MS_MAX: u32 = 5_600;
/// Busy and reorder go on within this, in ms; longest pause is 750 ms.
const BUSY_MS_MAX: u32 = 1_000;
/// A dial tone of a pair of lines is one after this, in ms; no other tone has them.
const DIAL_PAIR_MS: u32 = 1_000;
/// A dial tone of one line is one after this, in ms; no ring lasts so long.
const DIAL_SINGLE_MS: u32 = 2_200;
/// The mean square distance of the lines of a pair from their middle, in Hz²: 440 and 480, 400 and 450, 350 and 440.
const PAIR_40: f32 = 480.0;
const PAIR_50: f32 = 560.0;
const PAIR_90: f32 = 1_000.0;

/// Lines that exchanges use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// 440 and 480 Hz.
    RingAmerican,
    /// 400 and 450 Hz.
    RingBritish,
    /// 350 and 440 or 450 Hz.
    Dial,
    /// 480 and 620 Hz.
    BusyAmerican,
    /// 400 Hz.
    British,
    /// 425 Hz.
    European,
    /// 440 Hz.
    FrenchOrWaiting,
    /// 1,100 Hz.
    FaxCalling,
}

impl Sort {
    /// What a burst's lines are, if exchanges use them.
    pub(super) fn of(burst: &Burst) -> Option<Self> {
        let (hz, spread) = (burst.low.hz, burst.low.spread);
        let near = |of_hz: f32, off_hz: f32| (hz - of_hz).abs() <= off_hz;
        if let Some(high_hz) = burst.high_hz {
            let is_busy = near(480.0, 15.0) && (high_hz - 620.0).abs() <= 18.0;
            return is_busy.then_some(Self::BusyAmerican);
        }
        if spread > PAIR_90 && near(396.0, 18.0) {
            Some(Self::Dial)
        } else if spread > PAIR_50 && near(425.0, 10.0) {
            Some(Self::RingBritish)
        } else if spread > PAIR_40 && near(460.0, 12.0) {
            Some(Self::RingAmerican)
        } else if spread > PAIR_50 {
            None
        } else if near(400.0, 7.0) {
            Some(Self::British)
        } else if near(425.0, 9.0) {
            Some(Self::European)
        } else if near(440.0, 6.0) {
            Some(Self::FrenchOrWaiting)
        } else {
            near(1_100.0, 38.0).then_some(Self::FaxCalling)
        }
    }

    /// Whether one burst of this length says that it comes from an exchange or a fax machine.
    pub(super) fn is_known_by(self, ms: u32) -> bool {
        match self {
            Self::RingAmerican
            | Self::RingBritish
            | Self::Dial
            | Self::BusyAmerican
            | Self::European => true,
            Self::British => (335..=415).contains(&ms),
            Self::FrenchOrWaiting => waiting(ms) || (1_350..=1_650).contains(&ms),
            Self::FaxCalling => (425..=575).contains(&ms),
        }
    }
}

/// Length of the call waiting tone, 300 ms.
fn waiting(ms: u32) -> bool {
    (265..=345).contains(&ms)
}

/// A burst of an exchange.
#[derive(Clone, Copy, Debug)]
struct Part {
    sort: Sort,
    from_sample: u64,
    to_sample: u64,
    ms: u32,
    /// Steady, and nothing sounds before or after it.
    alone: bool,
    /// Pause since the burst of the same sort before, in ms.
    pause_ms: Option<u32>,
}

/// A tone that goes on.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    sort: Sort,
    kind: Kind,
    from_sample: u64,
    to_sample: u64,
}

/// Follows the bursts of exchanges.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cadences {
    /// The last burst and the one before it.
    last: Option<Part>,
    before: Option<Part>,
    lasting: Option<Lasting>,
}

impl Cadences {
    /// Takes a burst that is over.
    pub(super) fn take(&mut self, burst: &Burst, on_tone: &mut impl FnMut(Tone)) {
        let Some(sort) = Sort::of(burst) else { return };
        let (from_sample, to_sample) = (burst.begins_at(), burst.ends_at());
        let before = self.last.filter(|last| last.sort == sort);
        let pause_ms = before.map(|last| (from_sample.saturating_sub(last.to_sample) / 8) as u32);
        let alone = burst.is_steady() && burst.is_quiet_before() && burst.is_quiet_after();
        let part = Part { sort, from_sample, to_sample, ms: burst.ms(), alone, pause_ms };
        (self.before, self.last) = (before, Some(part));
        let Some(kind) = kind(&part, before.as_ref()) else {
            if let Some(lasting) = &mut self.lasting
                && lasting.sort == sort
            {
                lasting.to_sample = to_sample;
            }
            return;
        };
        match kind {
            Kind::CallWaiting | Kind::FaxCalling => {
                on_tone(Tone { kind, from_sample, to_sample: Some(to_sample) });
            }
            _ => {
                let known_by_two = pause_ms.is_some_and(|pause| pause < RING_MS_MAX);
                let from_sample =
                    before.filter(|_| known_by_two).map_or(from_sample, |part| part.from_sample);
                self.goes_on(sort, kind, from_sample, to_sample, on_tone);
            }
        }
    }

    /// Time passes; `now` is the burst that sounds.
    pub(super) fn tick(
        &mut self,
        at_sample: u64,
        now: Option<&Burst>,
        on_tone: &mut impl FnMut(Tone),
    ) {
        let sounding = now.and_then(|burst| Some((Sort::of(burst)?, burst)));
        if let Some((sort, burst)) = sounding {
            let dial_ms = match sort {
                Sort::Dial => DIAL_PAIR_MS,
                Sort::European | Sort::FrenchOrWaiting => DIAL_SINGLE_MS,
                _ => u32::MAX,
            };
            if burst.ms() >= dial_ms && burst.is_steady() {
                let to_sample = burst.ends_at();
                return self.goes_on(sort, Kind::Dial, burst.begins_at(), to_sample, on_tone);
            }
        }
        let Some(lasting) = &mut self.lasting else { return };
        if let Some((_, burst)) = sounding.filter(|(sort, _)| *sort == lasting.sort) {
            lasting.to_sample = burst.ends_at();
            return;
        }
        let wait_ms = match lasting.kind {
            Kind::Ringback => RING_MS_MAX,
            Kind::Dial => 0,
            _ => BUSY_MS_MAX,
        };
        if at_sample > lasting.to_sample + u64::from(8 * wait_ms) {
            self.over(on_tone);
        }
    }

    fn goes_on(
        &mut self,
        sort: Sort,
        kind: Kind,
        from_sample: u64,
        to_sample: u64,
        on_tone: &mut impl FnMut(Tone),
    ) {
        match &mut self.lasting {
            Some(lasting) if (lasting.sort, lasting.kind) == (sort, kind) => {
                lasting.to_sample = to_sample;
            }
            _ => {
                self.over(on_tone);
                self.lasting = Some(Lasting { sort, kind, from_sample, to_sample });
                on_tone(Tone { kind, from_sample, to_sample: None });
            }
        }
    }

    fn over(&mut self, on_tone: &mut impl FnMut(Tone)) {
        if let Some(Lasting { kind, from_sample, to_sample, .. }) = self.lasting.take() {
            on_tone(Tone { kind, from_sample, to_sample: Some(to_sample) });
        }
    }
}

/// What a burst and the one before it of the same sort make.
fn kind(part: &Part, before: Option<&Part>) -> Option<Kind> {
    let ms = part.ms;
    let pause_ms = part.pause_ms.unwrap_or(u32::MAX);
    let alike = before.is_some_and(|before| before.ms.abs_diff(ms) < ALIKE_MS);
    let busy = || match ms {
        // As long a pause as a tone, or nearly.
        330..=650 if alike && pause_ms.abs_diff(ms) < ALIKE_MS + 60 => Some(Kind::Busy),
        130..330 if alike && (100..=850).contains(&pause_ms) => Some(Kind::Reorder),
        _ => None,
    };
    match part.sort {
        Sort::RingAmerican => (700..=2_700).contains(&ms).then_some(Kind::Ringback),
        Sort::RingBritish => {
            let rings = alike && (270..=560).contains(&ms);
            let paused = (120..=340).contains(&pause_ms) || (1_500..=2_700).contains(&pause_ms);
            (rings && paused).then_some(Kind::Ringback)
        }
        Sort::BusyAmerican => busy(),
        Sort::European if (750..=1_900).contains(&ms) => Some(Kind::Ringback),
        Sort::FrenchOrWaiting if (1_350..=1_650).contains(&ms) => Some(Kind::Ringback),
        Sort::FrenchOrWaiting if waiting(ms) && pause_ms > 1_500 => {
            part.alone.then_some(Kind::CallWaiting)
        }
        Sort::European | Sort::FrenchOrWaiting => busy(),
        Sort::British => {
            // Congestion: 400 on, 350 off, 225 on, 525 off.
            let congested = before.is_some_and(|before| (340..=460).contains(&before.ms))
                && (180..=280).contains(&ms)
                && (250..=450).contains(&pause_ms);
            if congested { Some(Kind::Reorder) } else { busy() }
        }
        Sort::FaxCalling => (part.alone && (425..=575).contains(&ms)).then_some(Kind::FaxCalling),
        Sort::Dial => None,
    }
}
