//! The sixteen keys of a telephone (ITU-T Q.23).

use serde::{Deserialize, Serialize};

/// The low group of Q.23, one frequency per row, in Hz.
pub const ROWS_HZ: [u16; 4] = [697, 770, 852, 941];
/// The high group of Q.23, one frequency per column, in Hz.
pub const COLUMNS_HZ: [u16; 4] = [1209, 1336, 1477, 1633];

/// Key characters by row and column.
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// One key: `0-9`, `*`, `#`, `A-D`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Digit {
    row: u8,
    column: u8,
}

/// A character that names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADigit(pub char);

impl std::fmt::Display for NotADigit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is not a telephone key (0-9, *, #, A-D)", self.0)
    }
}

impl std::error::Error for NotADigit {}

impl Digit {
    /// The key at a row and column of the pad, each 0–3.
    pub fn at(row: usize, column: usize) -> Option<Self> {
        (row < 4 && column < 4).then_some(Self { row: row as u8, column: column as u8 })
    }

    /// The key as people write it.
    pub fn as_char(self) -> char {
        KEYS[usize::from(self.row)][usize::from(self.column)]
    }

    /// The key's two frequencies, low group first, in Hz.
    pub fn frequencies_hz(self) -> (u16, u16) {
        (ROWS_HZ[usize::from(self.row)], COLUMNS_HZ[usize::from(self.column)])
    }
}

impl TryFrom<char> for Digit {
    type Error = NotADigit;

    fn try_from(key: char) -> Result<Self, NotADigit> {
        let key = key.to_ascii_uppercase();
        (0..16)
            .find(|&i| KEYS[i / 4][i % 4] == key)
            .and_then(|i| Self::at(i / 4, i % 4))
            .ok_or(NotADigit(key))
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> char {
        digit.as_char()
    }
}

impl std::fmt::Debug for Digit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digit({})", self.as_char())
    }
}

impl std::fmt::Display for Digit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_and_two_tones() {
        for key in "0123456789*#ABCD".chars() {
            let digit = Digit::try_from(key).expect("a key");
            assert_eq!(digit.as_char(), key);
        }
        assert_eq!(Digit::try_from('5').expect("a key").frequencies_hz(), (770, 1336));
        assert_eq!(Digit::try_from('a').expect("a key").as_char(), 'A');
        assert_eq!(Digit::try_from('x'), Err(NotADigit('X')));
    }
}
