//! Measures the house: what each thing a call pays for costs, one file of `benches/` per floor.
//!
//! ```text
//!   cargo bench -p benches                       all, with statistics (minutes)
//!   cargo bench -p benches --bench circuit       one file
//!   cargo bench -p benches --benches -- --test   each once, not measured (what CI does)
//! ```
//!
//! A call has 20 ms of a core for 20 ms of sound: divide. Figures in the files' docs are expectations, for
//! their order of magnitude on one core of a shared virtual machine; what it costs here is what a run
//! prints. Each bench first asserts what it computes. This library holds the sound that several of them are fed with.

use std::path::PathBuf;

/// A file of the repository.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

/// The bytes of a model's file.
///
/// # Panics
/// When it is not there: the repository is not whole.
pub fn model(name: &str) -> Vec<u8> {
    let path = file("models").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Recorded speech of a telephone caller, 8 kHz mono.
///
/// # Panics
/// When the fixture is not there or no 16-bit WAV.
pub fn speech() -> Vec<i16> {
    let path = file("fixtures/speech-callee/austen-cold-hearted.wav");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_loud_and_hiss_is_not() {
        let loudest = |samples: &[i16]| samples.iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest(&speech()) > Some(3_000));
        assert!(loudest(&hiss(8_000)) <= Some(32));
    }
}
