//! Shapes of the messages Twilio sends, borrowed from the message where JSON allows it.
//!
//! Unknown fields are skipped. Numbers are accepted where Twilio writes them as strings.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, de};

/// A string, or a number read as its decimal text. Borrowed unless the string holds escapes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The decimal number it names.
    pub(super) fn number(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> de::Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// What every message has; read first when the message is not plainly a `media`.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) event: Text<'a>,
}

/// The head of a message after the start.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place<'a> {
    #[serde(borrow, default)]
    pub(super) sequence_number: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) stream_sid: Option<Text<'a>>,
}

/// `media`.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) struct MediaMessage<'a> {
    #[serde(borrow)]
    pub(super) event: Text<'a>,
    #[serde(borrow, default)]
    pub(super) sequence_number: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) stream_sid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) media: Media<'a>,
}

/// The body of `media`.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Media<'a> {
    #[serde(borrow, default)]
    pub(super) track: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) payload: Text<'a>,
}

/// `start`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartMessage<'a> {
    #[serde(borrow, default)]
    pub(super) sequence_number: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) stream_sid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) start: Start<'a>,
}

/// The body of `start`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start<'a> {
    #[serde(borrow, default)]
    pub(super) stream_sid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) call_sid: Text<'a>,
    #[serde(borrow, default)]
    pub(super) custom_parameters: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(borrow)]
    pub(super) media_format: MediaFormat<'a>,
}

/// Encoding of the stream, parsed generically: newer SDKs hint at wideband streams.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MediaFormat<'a> {
    #[serde(borrow)]
    pub(super) encoding: Text<'a>,
    #[serde(borrow)]
    pub(super) sample_rate: Text<'a>,
    #[serde(borrow, default)]
    pub(super) channels: Option<Text<'a>>,
}

/// `dtmf`.
#[derive(Deserialize)]
pub(super) struct DtmfMessage<'a> {
    #[serde(borrow)]
    pub(super) dtmf: Dtmf<'a>,
}

/// The body of `dtmf`.
#[derive(Deserialize)]
pub(super) struct Dtmf<'a> {
    #[serde(borrow)]
    pub(super) digit: Text<'a>,
}

/// `mark`.
#[derive(Deserialize)]
pub(super) struct MarkMessage<'a> {
    #[serde(borrow)]
    pub(super) mark: Mark<'a>,
}

/// The body of `mark`.
#[derive(Deserialize)]
pub(super) struct Mark<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}
