//! `/me/call-preferences`: how an account's calls sound, and how its incoming calls are answered
//! (ClawCall API §2.8). Replacing, not merging: what is absent is reset.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use telephony::E164;
use utoipa::ToSchema;

use crate::{
    fault::{Code, Fault},
    request::{CallRequest, style, voice},
    rules::Destinations,
    text,
};

/// Of all calls that say nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preferences {
    /// Who speaks.
    pub voice: Option<String>,
    /// The manner.
    pub personality: Option<String>,
    /// How the person would begin.
    pub greeting: Option<String>,
}

/// Whose incoming calls are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboundPolicy {
    /// Nobody's.
    Disabled,
    /// Those of listed numbers.
    Allowlist,
    /// Everybody's.
    #[default]
    Open,
}

/// How incoming calls are answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Whether they are.
    pub enabled: bool,
    /// What the agent is to do.
    pub instructions: String,
    /// What it says first.
    pub greeting: String,
    /// Who may be joined with the caller.
    pub handoff_number: Option<E164>,
    /// Whose calls.
    #[serde(default)]
    pub policy: InboundPolicy,
    /// The listed numbers.
    #[serde(default)]
    pub allowlist: Vec<E164>,
}

impl Profile {
    /// Longest list of numbers.
    pub const ALLOWLIST_MAX: usize = 1_000;

    /// Whether a call from this number is answered. Digits are compared whole; a caller who hides the
    /// number is on no list.
    pub fn admits(&self, from: Option<&E164>) -> bool {
        self.enabled
            && match self.policy {
                InboundPolicy::Disabled => false,
                InboundPolicy::Open => true,
                InboundPolicy::Allowlist => from.is_some_and(|it| self.allowlist.contains(it)),
            }
    }

    fn read(body: &Value, destinations: &Destinations) -> Result<Self, Fault> {
        let profile = Code::InvalidProfile;
        if !body.is_object() {
            return Err(profile.because("inbound must be an object or null"));
        }
        let instructions = text::required(body, "instructions", profile)?;
        let greeting = text::required(body, "greeting", profile)?;
        let too_long = [
            ("instructions", &instructions, CallRequest::TASK_BYTES_MAX),
            ("greeting", &greeting, CallRequest::STYLE_BYTES_MAX),
        ];
        for (name, text, max) in too_long {
            if text.len() > max {
                return Err(profile.because(format!("{name} is longer than {max} bytes")));
            }
        }
        let handoff = Code::InvalidHandoffNumber;
        let handoff_number = match text::optional(body, "handoff_number", handoff)? {
            None => None,
            Some(text) => {
                let read = destinations.admit(&text, "handoff_number");
                Some(read.map_err(|fault| handoff.because(fault.message))?)
            }
        };
        let enabled = match body.get("enabled") {
            None | Some(Value::Null) => true,
            Some(Value::Bool(enabled)) => *enabled,
            Some(_) => return Err(profile.because("enabled must be true or false")),
        };
        let policy = match body.get("policy") {
            None | Some(Value::Null) => InboundPolicy::default(),
            Some(policy) => InboundPolicy::deserialize(policy)
                .map_err(|_| profile.because("policy must be disabled, allowlist or open"))?,
        };
        let allowlist = match body.get("allowlist") {
            None | Some(Value::Null) => Vec::new(),
            Some(list) => Vec::<E164>::deserialize(list).map_err(|e| {
                profile.because(format!("allowlist must be a list of numbers: {e}"))
            })?,
        };
        if allowlist.len() > Self::ALLOWLIST_MAX {
            let message = format!("allowlist has more than {} numbers", Self::ALLOWLIST_MAX);
            return Err(profile.because(message));
        }
        Ok(Self { enabled, instructions, greeting, handoff_number, policy, allowlist })
    }
}

/// What a `PUT` does to the profile of incoming calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileChange {
    /// Nothing: the field is absent.
    Keep,
    /// There is none any more.
    Clear,
    /// There is this one.
    Set(Profile),
}

/// Reads a `PUT` body.
///
/// # Errors
/// `missing_fields` for no JSON object, `invalid_preferences`, `invalid_profile`,
/// `invalid_handoff_number`.
pub fn read_preferences(
    body: &[u8],
    destinations: &Destinations,
) -> Result<(Preferences, ProfileChange), Fault> {
    let body = text::object(body, Code::MissingFields)?;
    let preferences = Preferences {
        voice: voice(&body)?,
        personality: style(&body, "personality")?,
        greeting: style(&body, "greeting")?,
    };
    let change = match body.get("inbound") {
        None => ProfileChange::Keep,
        Some(Value::Null) => ProfileChange::Clear,
        Some(inbound) => ProfileChange::Set(Profile::read(inbound, destinations)?),
    };
    Ok((preferences, change))
}

/// The number that rings for an account's incoming calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReservedNumber {
    /// Stable.
    pub id: i64,
    /// The number.
    #[schema(value_type = String)]
    pub phone_number: E164,
    /// As people write it.
    pub display: String,
}

impl ReservedNumber {
    /// With its display form: `(212) 555-0123` in North America.
    pub fn new(id: i64, phone_number: E164) -> Self {
        let display = match phone_number.as_str().strip_prefix("+1") {
            Some(ten) if ten.len() == 10 => format!("({}) {}-{}", &ten[..3], &ten[3..6], &ten[6..]),
            _ => phone_number.as_str().to_owned(),
        };
        Self { id, phone_number, display }
    }
}

/// How incoming calls are answered, as the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct InboundBody {
    enabled: bool,
    configured: bool,
    instructions: Option<String>,
    greeting: Option<String>,
    #[schema(value_type = Option<String>)]
    handoff_number: Option<E164>,
    policy: InboundPolicy,
    #[schema(value_type = Vec<String>)]
    allowlist: Vec<E164>,
    active_reserved_number: Option<ReservedNumber>,
}

/// The body of `GET /me/call-preferences`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PreferencesBody {
    configured: bool,
    #[serde(flatten)]
    preferences: Preferences,
    inbound: Option<InboundBody>,
}

impl PreferencesBody {
    /// `entitled`: whether the plan has incoming calls.
    pub fn new(
        preferences: Preferences,
        profile: Option<Profile>,
        entitled: bool,
        number: Option<ReservedNumber>,
    ) -> Self {
        let inbound = entitled.then(|| match profile {
            Some(profile) => InboundBody {
                enabled: profile.enabled,
                configured: true,
                instructions: Some(profile.instructions),
                greeting: Some(profile.greeting),
                handoff_number: profile.handoff_number,
                policy: profile.policy,
                allowlist: profile.allowlist,
                active_reserved_number: number,
            },
            None => InboundBody {
                enabled: false,
                configured: false,
                instructions: None,
                greeting: None,
                handoff_number: None,
                policy: InboundPolicy::default(),
                allowlist: Vec::new(),
                active_reserved_number: number,
            },
        });
        Self { configured: preferences != Preferences::default(), preferences, inbound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Preferences, ProfileChange), Fault> {
        read_preferences(body.as_bytes(), &Destinations::default())
    }

    #[test]
    fn what_is_absent_is_reset_and_inbound_is_kept_cleared_or_set() {
        let (preferences, change) = read(r#"{"voice":"eric"}"#).expect("good");
        let eric = Preferences { voice: Some("eric".into()), ..Preferences::default() };
        assert_eq!((preferences, change), (eric, ProfileChange::Keep));
        assert_eq!(read(r#"{"inbound":null}"#).expect("good").1, ProfileChange::Clear);
        let (_, change) = read(
            r#"{"inbound":{"instructions":"Take a message","greeting":"Hi","configured":true,
                "handoff_number":"+12125550123","policy":"allowlist","allowlist":["+12125550100"],
                "active_reserved_number":{"id":1}}}"#,
        )
        .expect("good");
        let ProfileChange::Set(profile) = change else { panic!("{change:?}") };
        assert!(profile.enabled && profile.policy == InboundPolicy::Allowlist);
    }

    #[test]
    fn each_fault_has_its_code() {
        for (body, code) in [
            ("[]", Code::MissingFields),
            ("{", Code::MissingFields),
            (r#"{"voice":"hal"}"#, Code::InvalidPreferences),
            (r#"{"greeting":7}"#, Code::InvalidPreferences),
            (r#"{"inbound":7}"#, Code::InvalidProfile),
            (r#"{"inbound":{}}"#, Code::InvalidProfile),
            (r#"{"inbound":{"instructions":"x"}}"#, Code::InvalidProfile),
            (r#"{"inbound":{"instructions":"x","greeting":" "}}"#, Code::InvalidProfile),
            (
                r#"{"inbound":{"instructions":"x","greeting":"y","enabled":1}}"#,
                Code::InvalidProfile,
            ),
            (
                r#"{"inbound":{"instructions":"x","greeting":"y","policy":"all"}}"#,
                Code::InvalidProfile,
            ),
            (
                r#"{"inbound":{"instructions":"x","greeting":"y","allowlist":["1"]}}"#,
                Code::InvalidProfile,
            ),
            (
                r#"{"inbound":{"instructions":"x","greeting":"y","handoff_number":"911"}}"#,
                Code::InvalidHandoffNumber,
            ),
        ] {
            assert_eq!(read(body).expect_err(body).code, code, "{body}");
        }
    }

    #[test]
    fn callers_are_compared_by_all_their_digits() {
        let number = |text: &str| text.parse::<E164>().expect("a number");
        let mut profile = Profile {
            enabled: true,
            instructions: "x".into(),
            greeting: "y".into(),
            handoff_number: None,
            policy: InboundPolicy::Allowlist,
            allowlist: vec![number("+12125550100")],
        };
        assert!(profile.admits(Some(&number("+12125550100"))));
        for stranger in ["+442125550100", "+12125550101", "+2125550100"] {
            assert!(!profile.admits(Some(&number(stranger))), "{stranger}");
        }
        assert!(!profile.admits(None), "nobody knows who that is");
        profile.policy = InboundPolicy::Open;
        assert!(profile.admits(None));
        profile.policy = InboundPolicy::Disabled;
        assert!(!profile.admits(Some(&number("+12125550100"))));
        let off = Profile { enabled: false, policy: InboundPolicy::Open, ..profile };
        assert!(!off.admits(None));
    }

    #[test]
    fn inbound_is_shown_to_the_entitled_alone() {
        let body = |entitled| {
            let number = ReservedNumber::new(7, "+12125550100".parse().expect("a number"));
            let body = PreferencesBody::new(Preferences::default(), None, entitled, Some(number));
            serde_json::to_value(body).expect("JSON")
        };
        assert_eq!(body(false)["inbound"], Value::Null);
        assert_eq!(body(true)["inbound"]["configured"], false);
        assert_eq!(body(true)["inbound"]["active_reserved_number"]["display"], "(212) 555-0100");
        assert_eq!(body(true)["configured"], false);
    }
}
