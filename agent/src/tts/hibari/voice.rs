//! The four names of the public API, as ways to run the one voice that is shipped.

use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// The shipped voice as it is: a woman, lively.
    #[default]
    Jessica,
    /// A woman, lower and calmer.
    Sarah,
    /// A man.
    Chris,
    /// A man, deeper and slower.
    Eric,
}

impl Voice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jessica, Self::Sarah, Self::Chris, Self::Eric];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jessica => "jessica",
            Self::Sarah => "sarah",
            Self::Chris => "chris",
            Self::Eric => "eric",
        }
    }

    /// The voice of that name, upper and lower case alike.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|voice| voice.name().eq_ignore_ascii_case(name))
    }
}

/// How the one net is run to sound like a voice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Timbre {
    /// Pace; 1 is the net's own.
    pub(super) speed: f32,
    /// Factor of the pitch, beside what the throat does to it.
    pub(super) pitch: f32,
    /// Samples a frame lasts: 100 is natural, more is a longer throat (all frequencies lower).
    pub(super) hop: usize,
    /// Factor of the level, so that all voices speak at about −20 dBFS.
    pub(super) gain: f32,
}

impl Voice {
    /// Its way to run the net.
    pub(super) const fn timbre(self) -> Timbre {
        match self {
            Self::Jessica => Timbre { speed: 1.0, pitch: 1.0, hop: 100, gain: 1.75 },
            Self::Sarah => Timbre { speed: 0.97, pitch: 0.92, hop: 105, gain: 1.63 },
            Self::Chris => Timbre { speed: 1.1, pitch: 0.68, hop: 116, gain: 1.38 },
            Self::Eric => Timbre { speed: 1.0, pitch: 0.6, hop: 122, gain: 1.31 },
        }
    }
}
