//! The `media` message, cut by hand where it looks as Twilio writes it.
//!
//! It comes fifty times a second, and always in one shape: no white space, the keys in one order,
//! numbers as strings, nothing escaped. Whatever looks otherwise, in a single byte, is not cut here
//! but parsed as JSON: [`media()`] either says exactly what the parser would say, or nothing.

use std::borrow::Cow;

use super::wire::{Media, MediaMessage, Text};

/// Most digits of a number: what fits 64 bits, whatever they are.
const DIGITS_MAX: usize = 19;

/// The parts of a `media` message of this stream; `None` when it has any other shape.
pub(super) fn media<'a>(text: &'a str, stream_id: &str) -> Option<MediaMessage<'a>> {
    let rest = text.strip_prefix(r#"{"event":"media","sequenceNumber":""#)?;
    let (sequence, rest) = digits(rest)?;
    // `streamSid` stands before or behind `media`: the carrier's documentation shows both.
    let (stream, rest) = match rest.strip_prefix(r#"","streamSid":""#) {
        Some(rest) => {
            let (id, rest) = rest.split_at_checked(stream_id.len())?;
            (id, rest.strip_suffix(r#""}}"#)?)
        }
        None => {
            let rest = rest.strip_suffix(r#""}"#)?;
            let (rest, id) = rest.split_at_checked(rest.len().checked_sub(stream_id.len())?)?;
            (id, rest.strip_suffix(r#""},"streamSid":""#)?)
        }
    };
    let rest = rest.strip_prefix(r#"","media":{"track":"inbound","chunk":""#)?;
    let (_, rest) = digits(rest)?;
    let (timestamp, rest) = digits(rest.strip_prefix(r#"","timestamp":""#)?)?;
    let payload = rest.strip_prefix(r#"","payload":""#)?;
    // An id that has started a stream holds nothing a JSON string would have to escape.
    if stream != stream_id || !is_plain(payload) {
        return None;
    }
    Some(MediaMessage {
        event: borrowed("media"),
        sequence_number: Some(borrowed(sequence)),
        stream_sid: Some(borrowed(stream)),
        media: Media {
            track: Some(borrowed("inbound")),
            timestamp: Some(borrowed(timestamp)),
            payload: borrowed(payload),
        },
    })
}

/// The digits in front, one at least, and what follows them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let count = text.bytes().take(DIGITS_MAX).take_while(u8::is_ascii_digit).count();
    if count == 0 { None } else { text.split_at_checked(count) }
}

/// Does it stand in a JSON string as it is? Asked of all bytes at once, without a way out in between.
fn is_plain(text: &str) -> bool {
    let odd = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    !text.bytes().fold(false, |any, byte| any | odd(byte))
}

fn borrowed(text: &str) -> Text<'_> {
    Text(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";
    /// `media` as the documentation orders its keys, and with `streamSid` where other events have it.
    const MESSAGES: [&str; 2] = [
        r#"{"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"no+JhoaJjpz/"},"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}"#,
        r#"{"event":"media","sequenceNumber":"12","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"track":"inbound","chunk":"11","timestamp":"200","payload":"fn5+fg=="}}"#,
    ];
    /// What JSON or this file gives a meaning to, and what neither does.
    const PIECES: [&str; 22] = [
        "", "\"", "\\", "/", "{", "}", "[", "]", ":", ",", " ", "0", "9", "-", "+", ".", "a", "\n",
        "\u{0}", "\u{7f}", "é", "\\u0030",
    ];

    fn parsed(text: &str) -> Option<MediaMessage<'_>> {
        serde_json::from_str(text).ok()
    }

    /// What is cut is what is parsed; whether it was cut.
    fn agrees(text: &str) -> bool {
        let cut = media(text, STREAM);
        assert!(cut.is_none() || cut == parsed(text), "{text:?}");
        cut.is_some()
    }

    #[test]
    fn what_the_carrier_sends_is_cut() {
        for message in MESSAGES {
            assert!(agrees(message), "{message}");
        }
    }

    #[test]
    fn what_looks_otherwise_is_left_to_the_parser() {
        let changes = [
            (r#""inbound""#, r#""outbound""#),
            (r#""track":"inbound","#, ""),
            (r#","timestamp""#, r#", "timestamp""#),
            ("{\"event", "{ \"event"),
            (r#""media","sequenceNumber":""#, r#""media","event":"media","sequenceNumber":""#),
            (r#""chunk":""#, r#""chunk":"-"#),
            (r#"payload":""#, r#"payload":"\u0041"#),
            (r#"payload":""#, r#"payload":"","payload":""#),
            ("MZ18", "MZ19"),
        ];
        for message in MESSAGES {
            for (from, to) in changes {
                let changed = message.replacen(from, to, 1);
                assert_ne!(changed, message, "{from}");
                assert!(!agrees(&changed), "{changed}");
            }
            assert!(!agrees(&format!("{message} ")));
            assert!(!agrees(&message.replace("\"4\"", "4").replace("\"12\"", "12")));
            assert_eq!(media(message, "MZ0"), None);
        }
    }

    #[test]
    fn one_change_anywhere_means_the_same() {
        let mut cut = 0;
        for message in MESSAGES {
            for at in 0..=message.len() {
                for piece in PIECES {
                    for removed in 0..=(message.len() - at).min(2) {
                        let changed = [&message[..at], piece, &message[at + removed..]].concat();
                        cut += usize::from(agrees(&changed));
                    }
                }
            }
        }
        assert!(cut > 1_000, "only {cut} were cut");
    }

    proptest! {
        /// Stretches of one message set into another.
        #[test]
        fn any_splice_means_the_same(
            splices in prop::collection::vec(
                (0..2usize, 0..200usize, 0..40usize, 0..200usize, 0..40usize), 1..4,
            ),
        ) {
            let mut text = MESSAGES[0].as_bytes().to_vec();
            for (from, at, removed, source, taken) in splices {
                let donor = MESSAGES[from].as_bytes();
                let at = at.min(text.len());
                let end = (at + removed).min(text.len());
                let source = source.min(donor.len());
                let taken = &donor[source..(source + taken).min(donor.len())];
                text.splice(at..end, taken.iter().copied());
            }
            agrees(&String::from_utf8(text).expect("ASCII"));
        }

        /// Every message in the carrier's shape, whatever its payload, is cut.
        #[test]
        fn any_text_is_a_payload_or_left_to_the_parser(payload in "[\\PC\\x00-\\x7f]{0,40}") {
            let plain = payload.chars().all(|c| c >= ' ' && c != '"' && c != '\\');
            for message in MESSAGES {
                let (head, tail) = message.split_once("payload\":\"").expect("a payload");
                let (_, tail) = tail.split_once('"').expect("its end");
                let text = format!("{head}payload\":\"{payload}\"{tail}");
                if plain {
                    prop_assert!(agrees(&text), "{}", text);
                } else {
                    agrees(&text);
                }
            }
        }
    }
}
