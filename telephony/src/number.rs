//! Telephone numbers in the international form (ITU-T E.164): `+` and up to 15 digits.

use serde::{Deserialize, Serialize};

/// A number in E.164 form. Its `Debug` hides the middle: it may identify a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct E164(String);

/// Text that is not an E.164 number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a telephone number in international form: write + and 7 to 15 digits, for example +12125550123"
)]
pub struct NotE164;

impl E164 {
    /// The number with its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// First digits and last two, for logs: `+1212•••23`.
    pub fn redacted(&self) -> String {
        let shown = self.0.len().min(5);
        format!("{}•••{}", &self.0[..shown], &self.0[self.0.len().saturating_sub(2)..])
    }
}

impl TryFrom<String> for E164 {
    type Error = NotE164;

    fn try_from(text: String) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(Self(text)) } else { Err(NotE164) }
    }
}

impl std::str::FromStr for E164 {
    type Err = NotE164;

    fn from_str(text: &str) -> Result<Self, NotE164> {
        Self::try_from(text.to_owned())
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0
    }
}

impl std::fmt::Debug for E164 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "E164({})", self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_international_form_passes() {
        for good in ["+12125550123", "+442071838750", "+8613800138000"] {
            assert_eq!(good.parse::<E164>().expect("a number").as_str(), good);
        }
        for bad in
            ["", "+", "12125550123", "+0123456789", "+1 212 555 0123", "+1234567890123456", "+12a"]
        {
            assert_eq!(bad.parse::<E164>(), Err(NotE164), "{bad:?}");
        }
    }

    #[test]
    fn debug_does_not_show_whose_number_it_is() {
        let number: E164 = "+12125550123".parse().expect("a number");
        assert_eq!(format!("{number:?}"), "E164(+1212•••23)");
    }
}
