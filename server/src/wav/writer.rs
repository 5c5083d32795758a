//! Sound at 8 kHz into a file.

use std::{fs::File, io::BufWriter, path::Path};

use hound::{SampleFormat, WavSpec};

use super::{RATE_HZ, WavError};

/// A file being written: 16-bit PCM at 8 kHz. Whole once [`Self::finish`] was called.
pub struct WavWriter {
    to: hound::WavWriter<BufWriter<File>>,
}

impl WavWriter {
    /// Makes the file, or empties it; 1 or 2 `channels`.
    ///
    /// # Errors
    /// When it cannot be made, or `channels` is another number.
    pub fn create(path: &Path, channels: u16) -> Result<Self, WavError> {
        if !(1..=2).contains(&channels) {
            return Err(WavError::Channels(channels));
        }
        let spec = WavSpec {
            channels,
            sample_rate: RATE_HZ,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        Ok(Self { to: hound::WavWriter::create(path, spec).map_err(of_hound)? })
    }

    /// Appends samples; of two channels left and right in turn.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn write(&mut self, samples: &[i16]) -> Result<(), WavError> {
        samples.iter().try_for_each(|&sample| self.to.write_sample(sample)).map_err(of_hound)
    }

    /// Completes the header.
    ///
    /// # Errors
    /// When the disk does not take it, or a channel has a sample less than the other.
    pub fn finish(self) -> Result<(), WavError> {
        self.to.finalize().map_err(of_hound)
    }
}

fn of_hound(error: hound::Error) -> WavError {
    match error {
        hound::Error::IoError(error) => WavError::Io(error),
        other => WavError::Io(std::io::Error::other(other)),
    }
}
