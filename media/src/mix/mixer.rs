//! Several streams into one, clipped at full scale only at the very end.

use super::Gain;

/// Adds `addition` onto `onto`, saturating; the longer one's tail is left alone.
pub fn mix_into(onto: &mut [i16], addition: &[i16]) {
    for (sample, other) in onto.iter_mut().zip(addition) {
        *sample = sample.saturating_add(*other);
    }
}

/// Mixes a fixed number of inputs, each with its own [`Gain`], frame by frame. The sum has room for
/// all of them, so a loud one does not clip what a later one would have cancelled.
pub struct Mixer<const INPUTS: usize> {
    gains: [Gain; INPUTS],
    sum: Vec<i32>,
    scaled: Vec<i16>,
}

impl<const INPUTS: usize> Mixer<INPUTS> {
    /// For streams at `rate_hz`, frames up to `frame_samples_max`, each at 0 dB.
    pub fn new(rate_hz: u32, frame_samples_max: usize) -> Self {
        Self {
            gains: std::array::from_fn(|_| Gain::new(rate_hz, 0.0)),
            sum: Vec::with_capacity(frame_samples_max),
            scaled: Vec::with_capacity(frame_samples_max),
        }
    }

    /// Moves one input's gain to `db` within 10 ms of sound; an input that is not there is left out.
    pub fn set_db(&mut self, input: usize, db: f32) {
        if let Some(gain) = self.gains.get_mut(input) {
            gain.set_db(db);
        }
    }

    /// Mixes one frame: `inputs` in order, each as long as `out` (a shorter one is silent at its
    /// end, a missing one altogether; further ones are not heard). `out` is overwritten.
    pub fn mix<'a>(&mut self, inputs: impl IntoIterator<Item = &'a [i16]>, out: &mut [i16]) {
        self.sum.clear();
        self.sum.resize(out.len(), 0);
        for (gain, input) in self.gains.iter_mut().zip(inputs) {
            let length = input.len().min(out.len());
            self.scaled.clear();
            self.scaled.extend_from_slice(&input[..length]);
            gain.apply(&mut self.scaled);
            for (sum, sample) in self.sum.iter_mut().zip(&self.scaled) {
                *sum += i32::from(*sample);
            }
        }
        for (sample, sum) in out.iter_mut().zip(&self.sum) {
            *sample = (*sum).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn adding_saturates_and_keeps_the_longer_tail() {
        let mut onto = [30_000, -30_000, 5, 7];
        mix_into(&mut onto, &[10_000, -10_000, 6]);
        assert_eq!(onto, [i16::MAX, i16::MIN, 11, 7]);
        mix_into(&mut onto, &[0; 9]);
        assert_eq!(onto, [i16::MAX, i16::MIN, 11, 7]);
    }

    #[test]
    fn inputs_that_cancel_do_not_clip() {
        let mut mixer = Mixer::<3>::new(8_000, 4);
        let mut out = [99; 3];
        mixer.mix([&[30_000i16, 1, 2][..], &[30_000, 1], &[-30_000, 1, 1, 1]], &mut out);
        assert_eq!(out, [30_000, 3, 3]);
        mixer.mix([], &mut out);
        assert_eq!(out, [0, 0, 0]);
    }

    #[test]
    fn each_input_has_its_own_gain() {
        let mut mixer = Mixer::<2>::new(8_000, 160);
        mixer.set_db(0, f32::NEG_INFINITY);
        mixer.set_db(1, -6.0206);
        mixer.set_db(7, 3.0);
        let mut out = [0; 160];
        mixer.mix([&[10_000; 160][..], &[10_000; 160]], &mut out);
        assert_eq!(out[159], 5_000);
    }

    proptest! {
        #[test]
        fn two_inputs_are_their_saturated_sum(pairs in prop::collection::vec(any::<(i16, i16)>(), 0..200)) {
            let (a, b): (Vec<i16>, Vec<i16>) = pairs.into_iter().unzip();
            let mut mixer = Mixer::<2>::new(8_000, a.len());
            let mut out = vec![0; a.len()];
            mixer.mix([&a[..], &b], &mut out);
            let mut expected = a;
            mix_into(&mut expected, &b);
            prop_assert_eq!(out, expected);
        }
    }
}
