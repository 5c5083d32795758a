//! Why a state is believed, in words a person can check by ear.

use std::fmt;

use serde::{Serialize, Serializer};

use super::tone::Tone;

/// One reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence {
    /// Music with a beat, in beats a minute.
    Beat(f32),
    /// Notes that stay where they are, 0 to 1.
    HeldNotes(f32),
    /// Sound without a pause, in s.
    NoPause(f32),
    /// Talk in one go, in s.
    Talk(f32),
    /// Quiet after talk, in s.
    Quiet(f32),
    /// Nothing at all was said, in s.
    NothingSaid(f32),
    /// It was heard before, so many s ago.
    Repeats(f32),
    /// The quiet between words became louder or softer, in dB.
    OtherRoom(f32),
    /// Music stopped, so many s ago.
    MusicGone(f32),
    /// The rhythm of speech: share of the level's movement at the rate of syllables, 0 to 1.
    Syllables(f32),
    /// A tone of the network or of a machine.
    Tone(Tone),
    /// What was understood.
    Words(&'static str),
    /// The carrier said so.
    Carrier(&'static str),
    /// We pressed a key.
    Pressed,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beat(bpm) => write!(f, "beat {bpm:.0} bpm"),
            Self::HeldNotes(share) => write!(f, "held notes {share:.2}"),
            Self::NoPause(s) => write!(f, "no pause {s:.1} s"),
            Self::Talk(s) => write!(f, "talk {s:.1} s"),
            Self::Quiet(s) => write!(f, "then quiet {s:.1} s"),
            Self::NothingSaid(s) => write!(f, "nothing said {s:.1} s"),
            Self::Repeats(s) => write!(f, "repeats {s:.1} s ago"),
            Self::OtherRoom(db) => write!(f, "room {db:+.0} dB"),
            Self::MusicGone(s) => write!(f, "music gone {s:.1} s"),
            Self::Syllables(share) => write!(f, "syllables {share:.2}"),
            Self::Pressed => f.write_str("we pressed a key"),
            Self::Tone(tone) => write!(f, "tone: {tone}"),
            Self::Words(words) => write!(f, "words: {words}"),
            Self::Carrier(what) => write!(f, "carrier: {what}"),
        }
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Most reasons for one decision.
pub const REASONS_MAX: usize = 4;

/// The reasons for one decision, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reasons {
    all: [Option<Evidence>; REASONS_MAX],
}

impl Reasons {
    /// Adds one; beyond [`REASONS_MAX`] it is left out.
    #[must_use]
    pub fn and(mut self, evidence: Evidence) -> Self {
        if let Some(place) = self.all.iter_mut().find(|place| place.is_none()) {
            *place = Some(evidence);
        }
        self
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = &Evidence> {
        self.all.iter().flatten()
    }
}

impl From<Evidence> for Reasons {
    fn from(evidence: Evidence) -> Self {
        Self::default().and(evidence)
    }
}

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_people_would_say_them() {
        let reasons = Reasons::from(Evidence::Beat(118.2))
            .and(Evidence::NoPause(2.44))
            .and(Evidence::Repeats(31.0))
            .and(Evidence::Words("leave a message"))
            .and(Evidence::Talk(1.0));
        let text = serde_json::to_string(&reasons).expect("JSON");
        assert_eq!(
            text,
            r#"["beat 118 bpm","no pause 2.4 s","repeats 31.0 s ago","words: leave a message"]"#
        );
    }
}
