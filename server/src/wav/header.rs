//! What a file says of its sound, before the sound begins.
//!
//! Chunks are RIFF's (Microsoft/IBM 1991), `ds64` is EBU Tech 3306's, the extensible header Microsoft's
//! `WAVEFORMATEXTENSIBLE`. Read once, forwards: pipes cannot be searched.

use std::io::{self, Read};

use super::{CHANNELS_MAX, WavError, samples::Encoding};

/// Bytes of a `fmt ` chunk that mean something here.
const FORMAT_BYTES: usize = 26;
/// From here on a length means "not known": programs that write to a pipe put the largest number they have, which is
/// this one for some, 0xFFFF_FFFF for most.
const OPEN_ENDED: u32 = 0x7FFF_F000;
/// Points from the extensible header to the tag within.
const EXTENSIBLE: u16 = 0xFFFE;

/// What is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) encoding: Encoding,
    pub(super) channels: u16,
    pub(super) rate_hz: u32,
    /// Length of the sound; `None` reaches to the end of the file.
    pub(super) data_bytes: Option<u64>,
}

/// Reads up to the first byte of sound.
pub(super) fn read(from: &mut dyn Read) -> Result<Header, WavError> {
    let mut start = [0; 12];
    let there = fill(from, &mut start)?;
    let (riff, length, wave) = (&start[..4], word(&start[4..]), &start[8..]);
    match there {
        0 => return Err(WavError::Empty),
        _ if !b"RIFF".starts_with(&riff[..there.min(4)])
            && !b"RF64".starts_with(&riff[..there.min(4)]) =>
        {
            return Err(WavError::NotWave);
        }
        12 if wave != b"WAVE" => return Err(WavError::NotWave),
        12 => {}
        _ => return Err(WavError::NoSound),
    }
    let mut chunks = Chunks { from, passed_bytes: 12, data64_bytes: None };
    let mut format = None;
    loop {
        let (name, bytes) = chunks.next()?;
        match &name {
            b"ds64" => chunks.long_lengths(bytes)?,
            b"fmt " if format.is_none() => format = Some(chunks.format(bytes)?),
            b"data" => {
                let (encoding, channels, rate_hz) =
                    format.ok_or(WavError::Broken("sound before its format"))?;
                let data_bytes = chunks.sound_bytes(length, bytes);
                return Ok(Header { encoding, channels, rate_hz, data_bytes });
            }
            _ => chunks.skip(u64::from(bytes))?,
        }
    }
}

struct Chunks<'a> {
    from: &'a mut dyn Read,
    passed_bytes: u64,
    /// The sound's length by `ds64`.
    data64_bytes: Option<u64>,
}

impl Chunks<'_> {
    /// Name and length of the next chunk.
    fn next(&mut self) -> Result<([u8; 4], u32), WavError> {
        let mut head = [0; 8];
        self.take(&mut head)?;
        Ok(([head[0], head[1], head[2], head[3]], word(&head[4..])))
    }

    fn take(&mut self, into: &mut [u8]) -> Result<(), WavError> {
        let there = fill(self.from, into)?;
        self.passed_bytes += there as u64;
        if there < into.len() { Err(WavError::NoSound) } else { Ok(()) }
    }

    /// Passes over a chunk, or the rest of one, and the byte that makes it even.
    fn skip(&mut self, bytes: u64) -> Result<(), WavError> {
        let bytes = bytes + bytes % 2;
        let passed = io::copy(&mut (&mut *self.from).take(bytes), &mut io::sink())?;
        self.passed_bytes += passed;
        if passed < bytes { Err(WavError::NoSound) } else { Ok(()) }
    }

    /// `ds64`: lengths that do not fit 32 bits; the second is the sound's.
    fn long_lengths(&mut self, bytes: u32) -> Result<(), WavError> {
        let mut lengths = [0; 16];
        let known = lengths.len().min(bytes as usize);
        self.take(&mut lengths[..known])?;
        self.skip(u64::from(bytes) - known as u64)?;
        let data = lengths.last_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
        self.data64_bytes = data.filter(|&bytes| bytes > 0);
        Ok(())
    }

    /// `fmt `: encoding, channels, rate in Hz.
    fn format(&mut self, bytes: u32) -> Result<(Encoding, u16, u32), WavError> {
        let mut chunk = [0; FORMAT_BYTES];
        let known = chunk.len().min(bytes as usize);
        self.take(&mut chunk[..known])?;
        self.skip(u64::from(bytes) - known as u64)?;
        if known < 16 {
            return Err(WavError::Broken("its format is cut short"));
        }
        let [mut format, channels, block_bytes, bits] =
            [0, 2, 12, 14].map(|at| u16::from_le_bytes([chunk[at], chunk[at + 1]]));
        let rate_hz = word(&chunk[4..]);
        if format == EXTENSIBLE {
            if known < FORMAT_BYTES {
                return Err(WavError::Broken("its extensible format is cut short"));
            }
            // The first two bytes of the GUID are the tag; the others are the same for all of them.
            format = u16::from_le_bytes([chunk[24], chunk[25]]);
        }
        if !(1..=CHANNELS_MAX).contains(&channels) {
            return Err(WavError::Channels(channels));
        }
        if !media::resample::RATE_HZ.contains(&rate_hz) {
            return Err(WavError::Rate(rate_hz));
        }
        // 20 bits lie in three bytes, or in four: the block says which.
        let bytes = if block_bytes % channels == 0 && block_bytes > 0 {
            block_bytes / channels
        } else {
            bits.div_ceil(8)
        };
        let encoding = Encoding::of(format, bytes).ok_or(WavError::Encoding { format, bits })?;
        Ok((encoding, channels, rate_hz))
    }

    /// Length of the sound that begins here. A writer that streamed or died left the lengths open.
    fn sound_bytes(&self, riff_bytes: u32, bytes: u32) -> Option<u64> {
        if let Some(long) = self.data64_bytes {
            return Some(long);
        }
        // Zero is true where the file says that more follows, and was never filled in where it does not.
        let more_follows = riff_bytes < OPEN_ENDED && u64::from(riff_bytes) + 8 > self.passed_bytes;
        match bytes {
            0 => more_follows.then_some(0),
            OPEN_ENDED.. => None,
            _ => Some(u64::from(bytes)),
        }
    }
}

/// Reads until `into` is full or the file ends; how many bytes that were.
pub(super) fn fill(from: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut there = 0;
    while there < into.len() {
        match from.read(&mut into[there..]) {
            Ok(0) => break,
            Ok(more) => there += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(there)
}

fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
