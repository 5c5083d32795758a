//! RIFF/WAVE files as people have them, read and written piece by piece: a file of ten hours takes no more
//! memory than one of a second.
//!
//! ```text
//!   bytes ─▶ header (what is in the file) ─▶ samples (its encoding → 16 bit) ─▶ resampler, one a channel ─▶ 8 kHz
//!   8 kHz ─▶ WavWriter ─▶ 16-bit PCM
//! ```
//!
//! Read: PCM of 8 to 32 bit, float of 32 and 64 bit, µ-law and A-law, 4–192 kHz, 1–8 channels; plain, extensible,
//! RF64 (EBU Tech 3306) and streamed headers whose length was never filled in. Left out: compressed sound, whose
//! error says how to convert it.

mod header;
mod reader;
mod samples;
mod writer;

pub use reader::{CHANNELS_MAX, Wav};
pub use writer::WavWriter;

use std::io;

/// The rate everything is handed over at, in Hz: the telephone's.
pub const RATE_HZ: u32 = 8_000;

/// Why a file cannot be read, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// The file cannot be opened, or reading failed on the way.
    #[error("cannot read it: {0}")]
    Io(#[from] io::Error),
    /// Nothing in it.
    #[error("it is empty (0 bytes): record or copy it again")]
    Empty,
    /// Other bytes than RIFF/WAVE.
    #[error("it is not a RIFF/WAVE file; convert it: ffmpeg -i FILE OUT.wav")]
    NotWave,
    /// It ends before its sound begins.
    #[error("it ends within its header, before any sound: copy it again")]
    NoSound,
    /// A header that contradicts itself.
    #[error("its header is broken ({0}); convert it: ffmpeg -i FILE OUT.wav")]
    Broken(&'static str),
    /// An encoding that is not read.
    #[error(
        "its sound is encoded as format {format:#06x} of {bits} bit, which is not read; convert it: \
         ffmpeg -i FILE -c:a pcm_s16le OUT.wav"
    )]
    Encoding {
        /// WAVE format tag, of an extensible header the one within.
        format: u16,
        /// Bits a sample.
        bits: u16,
    },
    /// A number of channels that is not read.
    #[error("it has {0} channels, 1 to {max} are read; convert it: ffmpeg -i FILE -ac 2 OUT.wav", max = CHANNELS_MAX)]
    Channels(u16),
    /// A rate that is not read.
    #[error(
        "it runs at {0} Hz, {low} to {high} Hz are read; convert it: ffmpeg -i FILE -ar 8000 OUT.wav",
        low = media::resample::RATE_HZ.start(), high = media::resample::RATE_HZ.end()
    )]
    Rate(u32),
}

#[cfg(test)]
mod tests;
