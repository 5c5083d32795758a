//! Numbers and strings of bytes, small.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{TapeError, check_of};

/// Unsigned LEB128.
pub(super) fn put_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Samples hashed at once.
const TOGETHER: usize = 480;

/// XXH3, 64 bits: the fingerprint of sound that can be made again from the inputs.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// The same of samples as little-endian bytes; of more than 480, each piece seeds the next.
pub(super) fn fingerprint_of_samples(samples: &[i16]) -> u64 {
    samples.chunks(TOGETHER).fold(0, |seed, samples| {
        let mut bytes = [0; 2 * TOGETHER];
        for (bytes, sample) in bytes.chunks_exact_mut(2).zip(samples) {
            bytes.copy_from_slice(&sample.to_le_bytes());
        }
        xxh3_64_with_seed(&bytes[..2 * samples.len()], seed)
    })
}

/// Reads from the front.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.all.len()
    }

    fn torn(&self) -> TapeError {
        TapeError::Torn { at_byte: self.at }
    }

    pub(super) fn byte(&mut self) -> Result<u8, TapeError> {
        let byte = *self.all.get(self.at).ok_or(self.torn())?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], TapeError> {
        let bytes = self.all[self.at..].first_chunk::<N>().ok_or(self.torn())?;
        self.at += N;
        Ok(*bytes)
    }

    pub(super) fn number(&mut self) -> Result<u64, TapeError> {
        let start = self.at;
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(TapeError::Nonsense { at_byte: start, what: "a number of more than 64 bits" })
    }

    pub(super) fn small<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, TapeError> {
        let at_byte = self.at;
        T::try_from(self.number()?).map_err(|_| TapeError::Nonsense { at_byte, what })
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], TapeError> {
        let len: usize = self.small("a length")?;
        let end = self.at.checked_add(len).ok_or(self.torn())?;
        let bytes = self.all.get(self.at..end).ok_or(self.torn())?;
        self.at += len;
        Ok(bytes)
    }

    /// The check of everything since `start`.
    pub(super) fn check(&mut self, start: usize) -> Result<(), TapeError> {
        let expected = check_of(&self.all[start..self.at]);
        let what = "a record that does not fit its check";
        if self.array()? == expected {
            Ok(())
        } else {
            Err(TapeError::Nonsense { at_byte: start, what })
        }
    }
}
