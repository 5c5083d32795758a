//! A circuit's inputs and outputs as bytes, for exact replay.
//!
//! ```text
//!  "TLTAPE" version │ birth │ configuration (JSON) │ record │ record │ …
//!  record: at, in µs │ tag │ fields │ check     numbers: LEB128
//! ```
//!
//! Inputs are kept whole. Of outputs that are sound a fingerprint is kept: the sound follows from the
//! inputs, by [`replay`](fn@replay). The writer appends to the caller's buffer and allocates nothing else. A
//! tape whose end is missing (the process died) reads up to its last whole record, and says so.

mod bytes;
mod input;
mod replay;
mod trace;

pub use replay::{Difference, Report, replay};
pub use trace::{Sound, Trace};

use crate::{
    Mono,
    circuit::{CircuitConfig, Input, Output},
};
use bytes::{Bytes, fingerprint, put_bytes, put_number};

const MAGIC: &[u8; 6] = b"TLTAPE";
/// Version written and read.
pub const VERSION: u8 = 2;

/// A tape that cannot be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TapeError {
    /// It does not begin like one.
    #[error("not a circuit tape")]
    NotATape,
    /// Written by another version.
    #[error("the tape is of version {0}, this program reads version {VERSION}")]
    Version(u8),
    /// The configuration in its header.
    #[error("the configuration on the tape is unusable: {0}")]
    Config(String),
    /// It stops within a record.
    #[error("the tape ends within a record at byte {at_byte}; everything before it is whole")]
    Torn {
        /// Where the missing byte would be.
        at_byte: usize,
    },
    /// Bytes that no writer wrote.
    #[error("the tape is damaged at byte {at_byte}: {what}")]
    Nonsense {
        /// Where.
        at_byte: usize,
        /// What was found.
        what: &'static str,
    },
}

/// Appends the header of a circuit born at `birth`.
pub fn write_header(out: &mut Vec<u8>, config: &CircuitConfig, birth: Mono) {
    let start = out.len();
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    put_number(birth.as_micros(), out);
    // A configuration is numbers and names: it always becomes JSON.
    put_bytes(&serde_json::to_vec(config).unwrap_or_default(), out);
    put_check(start, out);
}

/// Appends what the circuit was told.
pub fn write_input(out: &mut Vec<u8>, at: Mono, input: &Input<'_>) {
    let start = out.len();
    put_number(at.as_micros(), out);
    input::put(input, out);
    put_check(start, out);
}

/// Appends what the circuit answered to the input before it.
pub fn write_output(out: &mut Vec<u8>, at: Mono, output: &Output<'_>) {
    let start = out.len();
    put_number(at.as_micros(), out);
    Trace::of(output).put(out);
    put_check(start, out);
}

/// Two bytes that show whether what was written since `start` is still the same.
fn put_check(start: usize, out: &mut Vec<u8>) {
    let check = check_of(&out[start..]);
    out.extend(check);
}

fn check_of(record: &[u8]) -> [u8; 2] {
    let hash = fingerprint(record);
    [(hash ^ hash >> 32) as u8, (hash >> 16 ^ hash >> 48) as u8]
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// When.
    pub at: Mono,
    /// What.
    pub item: Item<'a>,
}

/// What a record holds.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// The circuit was told this.
    Input(Input<'a>),
    /// It answered this.
    Output(Trace),
}

/// Reads a tape.
pub struct Reader<'a> {
    bytes: Bytes<'a>,
    birth: Mono,
    config_json: &'a [u8],
    samples: Vec<i16>,
    over: bool,
}

impl<'a> Reader<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is no tape of this version.
    pub fn new(tape: &'a [u8]) -> Result<Self, TapeError> {
        let mut bytes = Bytes::new(tape);
        if bytes.array() != Ok(*MAGIC) {
            return Err(TapeError::NotATape);
        }
        let version = bytes.byte()?;
        if version != VERSION {
            return Err(TapeError::Version(version));
        }
        let birth = Mono::from_micros(bytes.number()?);
        let config_json = bytes.bytes()?;
        bytes.check(0)?;
        Ok(Self { bytes, birth, config_json, samples: Vec::new(), over: false })
    }

    /// When the circuit was born.
    pub fn birth(&self) -> Mono {
        self.birth
    }

    /// Its configuration as it was written.
    pub fn config_json(&self) -> &'a [u8] {
        self.config_json
    }

    /// Its configuration.
    ///
    /// # Errors
    /// When the JSON is not one.
    pub fn config(&self) -> Result<CircuitConfig, TapeError> {
        serde_json::from_slice(self.config_json).map_err(|e| TapeError::Config(e.to_string()))
    }

    /// The next record; `None` at the end. After an error nothing follows.
    #[expect(clippy::should_implement_trait, reason = "the record borrows from the reader")]
    pub fn next(&mut self) -> Option<Result<Entry<'_>, TapeError>> {
        if self.over || self.bytes.is_empty() {
            return None;
        }
        // Nothing is known of the rest after an error; set back when the record was whole.
        self.over = true;
        let mut bytes = self.bytes;
        let stamp = bytes.number().and_then(|us| Ok((us, bytes.byte()?)));
        let (us, tag) = match stamp {
            Ok(stamp) => stamp,
            Err(error) => return Some(Err(error)),
        };
        let at = Mono::from_micros(us);
        let item = if tag < 128 {
            input::take(tag, &mut bytes, &mut self.samples).map(Item::Input)
        } else {
            Trace::take(tag, &mut bytes).map(Item::Output)
        };
        let start = self.bytes.at();
        let item = item.and_then(|item| bytes.check(start).map(|()| item));
        if item.is_ok() {
            self.over = false;
            self.bytes = bytes;
        }
        Some(item.map(|item| Entry { at, item }))
    }
}

#[cfg(test)]
mod tests;
