//! Keys to press: which ones, what pauses between them, how long each sounds.

use std::fmt;

use dtmf::{
    Digit,
    sequence::{self, BadSequence, Step},
};
use serde::{Deserialize, Serialize};

/// Up to 32 keys and pauses, by value.
///
/// Written down as a list of keys (`["1","#"]`), and where there are pauses or other lengths than usual as
/// `{"sequence":"1w#","tone_ms":100,"gap_ms":100}`. Of [sensitive](Self::sensitive) keys only zeros are ever written
/// down or printed: `{"sequence":"0000",…,"sensitive":true}`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Keys {
    sensitive: bool,
    len: u8,
    /// Characters of [`dtmf::sequence`].
    steps: [u8; Keys::MAX],
    tone_ms: u16,
    gap_ms: u16,
}

/// More keys than fit in one [`Keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {} keys and pauses can be pressed at once", Keys::MAX)]
pub struct TooManyKeys;

/// Why a text is no [`Keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// It is no sequence.
    #[error(transparent)]
    Sequence(#[from] BadSequence),
    /// It is too long.
    #[error(transparent)]
    TooMany(#[from] TooManyKeys),
}

impl Keys {
    /// Most keys and pauses in one press.
    pub const MAX: usize = 32;
    /// Tone and gap of a key unless [`Self::timed`] says otherwise, in ms.
    pub const USUAL_MS: (u16, u16) = (100, 100);
    /// Shortest and longest tone or gap, in ms: receivers must take 40 (ITU-T Q.24), and no menu needs a second.
    pub const MS: std::ops::RangeInclusive<u16> = 40..=1_000;

    /// Keys and pauses as people write them: `"1w2#"`.
    ///
    /// # Errors
    /// When the text is no sequence, or too long.
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        Ok(Self::of(sequence::parse(text)?.into_iter().map(Step::as_char))?)
    }

    /// The same keys with other lengths, in ms, each clamped to [`Self::MS`].
    #[must_use]
    pub fn timed(self, tone_ms: u16, gap_ms: u16) -> Self {
        let clamp = |ms: u16| ms.clamp(*Self::MS.start(), *Self::MS.end());
        Self { tone_ms: clamp(tone_ms), gap_ms: clamp(gap_ms), ..self }
    }

    /// The same keys, as a secret: pressed like any others, and nobody reads afterwards which they were.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// Whether they are a secret.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// What may be written down of them: sensitive keys become zeros, pauses stay.
    #[must_use]
    pub fn masked(mut self) -> Self {
        let is_key = |step: u8| Step::of(step.into()).is_some_and(|s| matches!(s, Step::Press(_)));
        if self.sensitive {
            self.steps.iter_mut().filter(|step| is_key(**step)).for_each(|step| *step = b'0');
        }
        self
    }

    /// Length of a key's tone, in ms.
    pub fn tone_ms(&self) -> u16 {
        self.tone_ms
    }

    /// Length of the silence after it, in ms.
    pub fn gap_ms(&self) -> u16 {
        self.gap_ms
    }

    /// How many keys, pauses not counted.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keys and pauses in order.
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.written().chars().filter_map(Step::of)
    }

    /// The keys in order, without the pauses.
    pub fn iter(&self) -> impl Iterator<Item = Digit> + '_ {
        self.steps().filter_map(|step| match step {
            Step::Press(digit) => Some(digit),
            Step::Pause { .. } => None,
        })
    }

    /// Whether it has neither pauses nor other lengths than usual, and is no secret.
    pub(crate) fn is_plain(&self) -> bool {
        !self.sensitive
            && (self.tone_ms, self.gap_ms) == Self::USUAL_MS
            && self.len() == usize::from(self.len)
    }

    /// The sequence as people write it; a secret's, too: [`Self::masked`] first where it is kept.
    pub fn written(&self) -> &str {
        str::from_utf8(&self.steps[..usize::from(self.len)]).unwrap_or_default()
    }

    fn of(written: impl Iterator<Item = char>) -> Result<Self, TooManyKeys> {
        let (tone_ms, gap_ms) = Self::USUAL_MS;
        let mut keys = Self { sensitive: false, len: 0, steps: [0; Self::MAX], tone_ms, gap_ms };
        for character in written {
            let slot = keys.steps.get_mut(usize::from(keys.len)).ok_or(TooManyKeys)?;
            *slot = character as u8;
            keys.len += 1;
        }
        Ok(keys)
    }
}

impl TryFrom<Vec<Digit>> for Keys {
    type Error = TooManyKeys;

    fn try_from(digits: Vec<Digit>) -> Result<Self, TooManyKeys> {
        Self::of(digits.into_iter().map(Digit::as_char))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = if self.sensitive { ", sensitive" } else { "" };
        write!(
            f,
            "Keys({:?}, {}/{} ms{secret})",
            self.masked().written(),
            self.tone_ms,
            self.gap_ms
        )
    }
}

/// How keys are written down.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(Vec<Digit>),
    Timed {
        sequence: String,
        tone_ms: u16,
        gap_ms: u16,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sensitive: bool,
    },
}

impl TryFrom<Written> for Keys {
    type Error = BadKeys;

    fn try_from(written: Written) -> Result<Self, BadKeys> {
        Ok(match written {
            Written::Plain(digits) => Self::try_from(digits)?,
            Written::Timed { sequence, tone_ms, gap_ms, sensitive } => {
                Self { sensitive, ..Self::parse(&sequence)?.timed(tone_ms, gap_ms) }
            }
        })
    }
}

impl From<Keys> for Written {
    fn from(keys: Keys) -> Self {
        if keys.is_plain() {
            return Self::Plain(keys.iter().collect());
        }
        let Keys { sensitive, tone_ms, gap_ms, .. } = keys;
        Self::Timed { sequence: keys.masked().written().to_owned(), tone_ms, gap_ms, sensitive }
    }
}

/// Keys on their way out: where each of them lies in their sound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRow {
    keys: Keys,
    /// Sound that leaves at once, in samples; lengths are whole multiples of it.
    frame_samples: u32,
}

/// A key that sounds in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sounding {
    pub(crate) digit: Digit,
    /// It begins with the frame.
    pub(crate) begins: bool,
    /// Length of its tone, in samples at 8 kHz.
    pub(crate) tone_samples: u32,
}

impl KeyRow {
    /// Lengths are rounded up to whole frames of `frame_samples`; 1 leaves them as they are.
    pub(crate) fn new(keys: Keys, frame_samples: u32) -> Self {
        Self { keys, frame_samples: frame_samples.max(1) }
    }

    /// Each key and pause: the key, its tone and all of it, in samples.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Option<Digit>, u32, u32)> + '_ {
        let whole = |ms: u32| (8 * ms).next_multiple_of(self.frame_samples);
        let (tone_ms, gap_ms) = (u32::from(self.keys.tone_ms), u32::from(self.keys.gap_ms));
        self.keys.steps().map(move |step| match step {
            Step::Press(digit) => (Some(digit), whole(tone_ms), whole(tone_ms) + whole(gap_ms)),
            Step::Pause { ms } => (None, 0, whole(ms)),
        })
    }

    /// The key that sounds `at` so many samples from the start.
    pub(crate) fn sounding(&self, at: u64) -> Option<Sounding> {
        let mut from = 0;
        for (digit, tone_samples, samples) in self.parts() {
            if (from..from + u64::from(samples)).contains(&at) {
                let digit = digit.filter(|_| at < from + u64::from(tone_samples))?;
                return Some(Sounding { digit, begins: at == from, tone_samples });
            }
            from += u64::from(samples);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_ever_and_more_only_when_there_is_more() {
        for (keys, text) in [
            (Keys::parse("1#").unwrap(), r##"["1","#"]"##),
            (Keys::parse("1w,W2").unwrap(), r#"{"sequence":"1w,W2","tone_ms":100,"gap_ms":100}"#),
            (
                Keys::parse("p5").unwrap().timed(250, 20),
                r#"{"sequence":"w5","tone_ms":250,"gap_ms":40}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&keys).unwrap(), text);
            assert_eq!(serde_json::from_str::<Keys>(text).unwrap(), keys);
        }
        for text in [r#"["x"]"#, r#"{"sequence":"w","tone_ms":1,"gap_ms":1}"#] {
            assert!(serde_json::from_str::<Keys>(text).is_err(), "{text}");
        }
        assert!(Keys::parse(&"1".repeat(32)).is_ok());
        assert_eq!(Keys::parse(&"1".repeat(33)), Err(BadKeys::TooMany(TooManyKeys)));
    }

    #[test]
    fn of_a_secret_nobody_reads_the_keys() {
        let secret = Keys::parse("47w1#").unwrap().sensitive();
        let text = r#"{"sequence":"00w00","tone_ms":100,"gap_ms":100,"sensitive":true}"#;
        assert_eq!(serde_json::to_string(&secret).unwrap(), text);
        assert_eq!(serde_json::from_str::<Keys>(text).unwrap(), secret.masked());
        assert_eq!(format!("{secret:?}"), r#"Keys("00w00", 100/100 ms, sensitive)"#);
        let pressed: String = secret.iter().map(Digit::as_char).collect();
        assert_eq!((pressed.as_str(), secret.written()), ("471#", "47w1#"));
    }

    #[test]
    fn each_key_has_its_place() {
        let keys = Keys::parse("1w2").unwrap().timed(90, 50);
        let row = KeyRow::new(keys, 160);
        let digit = |key| Digit::try_from(key).unwrap();
        let lengths: Vec<_> = row.parts().collect();
        let (one, two) = (Some(digit('1')), Some(digit('2')));
        assert_eq!(lengths, [(one, 800, 1_280), (None, 0, 4_000), (two, 800, 1_280)]);
        for (at, expected) in [
            (0, Some(('1', true))),
            (160, Some(('1', false))),
            (799, Some(('1', false))),
            (800, None),
            (2_000, None),
            (5_280, Some(('2', true))),
            (6_560, None),
        ] {
            let found = row.sounding(at).map(|key| (key.digit.as_char(), key.begins));
            assert_eq!(found, expected, "at {at}");
        }
        assert_eq!(KeyRow::new(keys, 1).parts().next(), Some((one, 720, 1_120)));
    }
}
