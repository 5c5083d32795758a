//! The sound that stages are fed with.

use media::codec::g711;

/// Recordings of people who speak, first a sentence that is read.
pub const CALLEES: [&str; 4] =
    ["austen-cold-hearted", "austen-ill-disposed", "cards-five-five", "cards-queen-of-clubs"];

/// Recorded speech of a telephone caller, 8 kHz mono.
pub fn speech() -> Vec<i16> {
    recording(CALLEES[0])
}

/// One of [`CALLEES`].
///
/// # Panics
/// When the fixture is not there or no 16-bit WAV of 8 kHz.
pub fn recording(name: &str) -> Vec<i16> {
    let path = crate::file("fixtures/speech-callee").join(name).with_extension("wav");
    let mut wav =
        hound::WavReader::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!((wav.spec().sample_rate, wav.spec().channels), (8_000, 1));
    wav.samples::<i16>().map(|sample| sample.expect("a sample")).collect()
}

/// Silence with the hiss of a telephone line, at about −60 dBFS, the same every time.
pub fn hiss(samples: usize) -> Vec<i16> {
    let mut state = 1_u32;
    (0..samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 26) as i16 - 32
        })
        .collect()
}

/// As it travels.
pub fn mulaw(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| g711::mulaw_encode(*sample)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_loud_and_hiss_is_not() {
        let loudest = |samples: &[i16]| samples.iter().map(|s| s.unsigned_abs()).max();
        for name in CALLEES {
            assert!(loudest(&recording(name)) > Some(3_000), "{name}");
        }
        assert!(loudest(&hiss(8_000)) <= Some(32));
    }
}
