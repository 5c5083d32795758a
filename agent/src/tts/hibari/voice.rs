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
