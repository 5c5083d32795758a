//! Keys of the other side, each reported once, however many ways it comes.
//!
//! A carrier may report a key and leave its tones in the sound. Whoever was first is believed; once
//! any key came out of band, tones are no longer listened to.

use std::time::Duration;

use dtmf::{Detector, Digit};

use super::{
    outbox::Outbox,
    words::{DigitSource, Event},
};
use crate::Mono;

/// A report this late still means the key whose tones were heard.
const SAME_KEY: Duration = Duration::from_millis(1000);

pub(super) struct Digits {
    detector: Detector,
    out_of_band: bool,
    heard: Option<(Digit, Mono)>,
}

impl Digits {
    pub(super) fn new() -> Self {
        Self { detector: Detector::new(), out_of_band: false, heard: None }
    }

    pub(super) fn hop(&mut self, at: Mono, samples: &[i16], out: &mut Outbox) {
        if self.out_of_band {
            return;
        }
        let heard = &mut self.heard;
        self.detector.feed(samples, |press| {
            *heard = Some((press.digit, at));
            out.event(Event::Digit { digit: press.digit, source: DigitSource::InBand });
        });
    }

    pub(super) fn told(&mut self, now: Mono, digit: Digit, source: DigitSource, out: &mut Outbox) {
        self.out_of_band = true;
        let known = self.heard.take();
        if known.is_none_or(|(heard, at)| heard != digit || now.since(at) > SAME_KEY) {
            out.event(Event::Digit { digit, source });
        }
    }
}

#[cfg(test)]
mod tests {
    use dtmf::Generator;

    use super::*;
    use crate::circuit::outbox::Out;

    fn tone(key: char) -> Vec<i16> {
        let mut generator = Generator::new(8000, 100, 100);
        generator.push(Digit::try_from(key).unwrap()).unwrap();
        let mut samples = vec![0; 1600];
        generator.fill(&mut samples);
        samples
    }

    #[test]
    fn a_key_that_comes_twice_counts_once() {
        let key = Digit::try_from('5').unwrap();
        let ms = Mono::from_millis;
        for (tone_first, told_at, expected) in [(true, 1300, 1), (true, 9000, 2), (false, 900, 1)] {
            let mut digits = Digits::new();
            let mut out = Outbox::new();
            if !tone_first {
                digits.told(ms(told_at), key, DigitSource::Carrier, &mut out);
            }
            digits.hop(ms(1000), &tone('5'), &mut out);
            if tone_first {
                digits.told(ms(told_at), key, DigitSource::Carrier, &mut out);
            }
            let mut count = 0;
            while let Some(Out::Event(Event::Digit { digit, .. })) = out.pop() {
                assert_eq!(digit, key);
                count += 1;
            }
            assert_eq!(count, expected, "tone first: {tone_first}, told at {told_at}");
        }
    }
}
