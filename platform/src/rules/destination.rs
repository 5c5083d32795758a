//! Who may be called. North American numbers (`+1`) by country and by what an area code is for; other
//! countries only where the configuration names their prefix. Emergency numbers never.
//!
//! Area codes as the North American Numbering Plan Administrator lists them in 2026; one that is not
//! listed here is taken for the United States'.

use serde::{Deserialize, Serialize};
use telephony::E164;

use crate::fault::{Code, Fault};

/// Who may be called.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Destinations {
    /// Countries of the numbering plan by their two letters, and prefixes of other countries like `+44`.
    pub allowed: Vec<String>,
    /// Prefixes that are not called, whatever is allowed.
    pub blocked: Vec<String>,
}

impl Default for Destinations {
    fn default() -> Self {
        Self { allowed: vec!["US".to_owned(), "CA".to_owned()], blocked: Vec::new() }
    }
}

/// What may stand for help in danger of life: never called, however it is written.
const EMERGENCY: [&str; 5] = ["911", "988", "112", "999", "000"];

const CANADA: &[u16] = &[
    204, 226, 236, 249, 250, 257, 263, 289, 306, 343, 354, 365, 367, 368, 382, 387, 403, 416, 418,
    428, 431, 437, 438, 450, 460, 468, 474, 506, 514, 519, 548, 579, 581, 584, 587, 600, 604, 613,
    622, 639, 647, 672, 683, 705, 709, 742, 753, 778, 780, 782, 807, 819, 825, 867, 873, 879, 902,
    905, 942,
];

/// Countries that are neither; the territories of the United States count as these.
const ELSEWHERE: &[(u16, &str)] = &[
    (242, "BS"),
    (246, "BB"),
    (264, "AI"),
    (268, "AG"),
    (284, "VG"),
    (345, "KY"),
    (441, "BM"),
    (473, "GD"),
    (649, "TC"),
    (658, "JM"),
    (664, "MS"),
    (721, "SX"),
    (758, "LC"),
    (767, "DM"),
    (784, "VC"),
    (809, "DO"),
    (829, "DO"),
    (849, "DO"),
    (868, "TT"),
    (869, "KN"),
    (876, "JM"),
];

/// Area, exchange of a North American number.
fn parts(number: &E164) -> Option<(u16, u16)> {
    let digits = number.as_str().strip_prefix("+1").filter(|digits| digits.len() == 10)?;
    Some((digits.get(..3)?.parse().ok()?, digits.get(3..6)?.parse().ok()?))
}

/// The country of a North American number, by its two letters.
pub fn country_of(number: &E164) -> Option<&'static str> {
    let (area, _) = parts(number)?;
    let island = ELSEWHERE.iter().find(|(code, _)| *code == area).map(|(_, country)| *country);
    Some(island.unwrap_or(if CANADA.contains(&area) { "CA" } else { "US" }))
}

/// `N11`: codes for services, never part of a subscriber's number.
fn is_service(code: u16) -> bool {
    code % 100 == 11
}

impl Destinations {
    /// Reads a number that is to be called, or joined with a call.
    ///
    /// # Errors
    /// `invalid_phone` for what is no number of a country that can be called; `forbidden` for one that
    /// may not be.
    pub fn admit(&self, text: &str, name: &str) -> Result<E164, Fault> {
        let bare: String = text.chars().filter(char::is_ascii_digit).collect();
        if EMERGENCY.contains(&bare.trim_start_matches('1')) || EMERGENCY.contains(&bare.as_str()) {
            let message = format!("{name}: emergency numbers are never called; dial them yourself");
            return Err(Code::InvalidPhone.because(message));
        }
        let number: E164 =
            text.parse().map_err(|e| Code::InvalidPhone.because(format!("{name}: {e}")))?;
        if let Some(rest) = self.blocked.iter().find(|prefix| is_prefix(prefix, &number)) {
            return Err(Code::Forbidden.because(format!("{name}: {rest}… is not called from here")));
        }
        if number.as_str().starts_with("+1") {
            self.north_american(&number, name)?;
        } else if !self.allowed.iter().any(|prefix| is_prefix(prefix, &number)) {
            let message = format!("{name}: only numbers that begin with +1 are called from here");
            return Err(Code::InvalidPhone.because(message));
        }
        Ok(number)
    }

    fn north_american(&self, number: &E164, name: &str) -> Result<(), Fault> {
        let parts = parts(number).filter(|(area, _)| *area >= 200);
        let Some((area, exchange)) = parts else {
            let message = format!("{name}: write +1 and ten digits, for example +12125550123");
            return Err(Code::InvalidPhone.because(message));
        };
        let why = if is_service(area) || is_service(exchange) || area == 988 {
            "belongs to emergency and other services"
        } else if area == 900 || exchange == 976 {
            "costs whoever calls it extra"
        } else {
            let country = country_of(number).unwrap_or_default();
            if self.allowed.iter().any(|it| it.eq_ignore_ascii_case(country)) {
                return Ok(());
            }
            "is in a country that is not called from here"
        };
        Err(Code::Forbidden.because(format!("{name}: this number {why}")))
    }
}

fn is_prefix(prefix: &str, number: &E164) -> bool {
    prefix.starts_with('+') && prefix.len() > 1 && number.as_str().starts_with(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_be_called_by_default() {
        let rules = Destinations::default();
        for good in ["+12125550123", "+14165550123", "+17875550123", "+12129885555", "+19995550000"]
        {
            assert_eq!(rules.admit(good, "to").expect(good).as_str(), good);
        }
        for (bad, code) in [
            ("911", Code::InvalidPhone),
            ("+1911", Code::InvalidPhone),
            ("9-1-1", Code::InvalidPhone),
            ("988", Code::InvalidPhone),
            ("+1988", Code::InvalidPhone),
            ("112", Code::InvalidPhone),
            ("", Code::InvalidPhone),
            ("2125550123", Code::InvalidPhone),
            ("+12125550", Code::InvalidPhone),
            ("+11125550123", Code::InvalidPhone),
            ("+121255501234", Code::InvalidPhone),
            ("+442071838750", Code::InvalidPhone),
            ("+19115550123", Code::Forbidden),
            ("+12129110123", Code::Forbidden),
            ("+19885550123", Code::Forbidden),
            ("+19005550123", Code::Forbidden),
            ("+12129765555", Code::Forbidden),
            ("+18765550123", Code::Forbidden),
            ("+18095550123", Code::Forbidden),
        ] {
            let fault = rules.admit(bad, "to").expect_err(bad);
            assert_eq!(fault.code, code, "{bad}: {fault}");
        }
    }

    #[test]
    fn the_configuration_widens_and_narrows() {
        let rules = Destinations {
            allowed: vec!["us".into(), "+44".into()],
            blocked: vec!["+1212".into(), "+449".into()],
        };
        assert!(rules.admit("+13125550123", "to").is_ok());
        assert!(rules.admit("+442071838750", "to").is_ok());
        for bad in ["+14165550123", "+12125550123", "+449012345678"] {
            assert_eq!(rules.admit(bad, "to").expect_err(bad).code, Code::Forbidden, "{bad}");
        }
        let code = rules.admit("+33123456789", "to").expect_err("France").code;
        assert_eq!(code, Code::InvalidPhone);
    }

    #[test]
    fn an_emergency_number_stays_refused_whatever_is_allowed() {
        let all = Destinations { allowed: vec!["US".into(), "+9".into()], blocked: Vec::new() };
        assert!(all.admit("911", "to").is_err() && all.admit("+1911", "to").is_err());
    }
}
