//! The 2,100 Hz of a machine that answers: a fax machine's is plain (T.30 CED), a modem's turns its phase every 450 ms
//! (V.25 ANS) or wavers 15 times a second as well (V.8 ANSam).

use super::{Kind, Tone, burst::Burst};

/// Where it lies, in Hz (2,100 ± 15, and ± 1 % for old machines).
const HZ: std::ops::RangeInclusive<f32> = 2_079.0..=2_121.0;
/// It is told after this, in ms: two turns of phase are over then.
const KNOWN_MS: u32 = 1_050;
/// Turns of phase within that time.
const TURNS_MIN: u32 = 2;
/// Energy of a tone that wavers as V.8's does (±20 % of its amplitude), against that of a plain one in noise.
const FLUTTER_MIN: f32 = 0.12;

/// Listens for a machine that answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    lasting: Option<(Kind, u64)>,
}

impl Answers {
    /// Time passes; `now` is the burst that sounds, `over` one that is over.
    pub(super) fn take(
        &mut self,
        now: Option<&Burst>,
        over: Option<&Burst>,
        on_tone: &mut impl FnMut(Tone),
    ) {
        let is_answer = |burst: &Burst| burst.high_hz.is_none() && HZ.contains(&burst.low.hz);
        if let Some(burst) = over.filter(|burst| is_answer(burst))
            && let Some((kind, from_sample)) = self.lasting.take()
        {
            on_tone(Tone { kind, from_sample, to_sample: Some(burst.ends_at()) });
        }
        if let Some(burst) = now.filter(|burst| is_answer(burst) && burst.ms() >= KNOWN_MS)
            && self.lasting.is_none()
        {
            let is_modem = burst.turns >= TURNS_MIN || burst.flutter() > FLUTTER_MIN;
            let kind = if is_modem { Kind::ModemAnswer } else { Kind::FaxAnswer };
            let from_sample = burst.begins_at();
            self.lasting = Some((kind, from_sample));
            on_tone(Tone { kind, from_sample, to_sample: None });
        }
    }
}
