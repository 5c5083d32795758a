//! What comes from a carrier: stream messages, numbers, tokens.

use media::circuit::MarkId;
use telephony::stream::{Message, Outgoing, Translator};
use telephony::{E164, Loopback, Twilio, loopback, token, twilio};

use crate::bytes::Bytes;

/// E.164 numbers: what parses prints back the same, and is hidden in logs.
pub fn number(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(number) = text.parse::<E164>() {
        assert_eq!(number.as_str(), text);
        assert_ne!(number.redacted(), text);
    }
}

/// Stream tokens: a foreign one is never believed, ours is, and one changed byte is noticed.
pub fn stream_token(data: &[u8]) {
    const SECRET: &[u8] = b"the fuzzer does not know this secret";
    let text = String::from_utf8_lossy(data);
    assert!(token::verify(SECRET, &text, 0).is_err(), "a foreign token was believed");
    let mut bytes = Bytes::new(data);
    let expires = u64::from(bytes.word());
    let at = usize::from(bytes.byte());
    let flip = bytes.byte();
    let call_id = bytes.text();
    let ours = token::mint(SECRET, &call_id, expires);
    if ours.len() > token::TOKEN_BYTES_MAX {
        return;
    }
    assert_eq!(token::verify(SECRET, &ours, expires), Ok(call_id.as_str()));
    assert!(token::verify(SECRET, &ours, expires + 1).is_err());
    let mut changed = ours.into_bytes();
    let at = at % changed.len();
    changed[at] ^= flip;
    if let Ok(changed) = String::from_utf8(changed)
        && flip != 0
    {
        assert_ne!(token::verify(SECRET, &changed, 0), Ok(call_id.as_str()));
    }
}

/// Twilio's messages, in any order: one message a line; a line of `\x01` in front is binary.
/// A second translator gets each with a blank behind its first brace, which means the same but is
/// never cut by hand.
pub fn twilio(data: &[u8]) {
    let (mut translator, mut parser) = (Twilio::new(), Twilio::new());
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(text) = std::str::from_utf8(line)
            && text.len() < twilio::MESSAGE_BYTES_MAX
        {
            let blank = text.strip_prefix('{').map(|rest| ["{ ", rest].concat());
            let cut = translator.read(Message::Text(text));
            let parsed = parser.read(Message::Text(blank.as_deref().unwrap_or(text)));
            match (&cut, &parsed) {
                // The detail names the column.
                (Err(one), Err(other)) if one.code == "malformed" => {
                    assert_eq!((one.code, one.fatal), (other.code, other.fatal), "{text}");
                }
                _ => assert_eq!(cut, parsed, "{text}"),
            }
        }
        assert_eq!(translator.sequence_breaks(), parser.sequence_breaks());
    }
    stream(&mut Twilio::new(), data);
}

/// Messages of the in-process carrier, and of its other end.
pub fn loopback(data: &[u8]) {
    let mut translator = Loopback::new();
    let mut bytes = Bytes::new(data);
    while !bytes.is_empty() {
        let message = bytes.piece();
        let _ = translator.read(Message::Binary(message));
        let _ = loopback::decode(message);
        answer(&mut translator);
    }
}

fn stream(translator: &mut dyn Translator, data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let read = match (line.strip_prefix(&[1]), std::str::from_utf8(line)) {
            (None, Ok(text)) => translator.read(Message::Text(text)),
            (binary, _) => translator.read(Message::Binary(binary.unwrap_or(line))),
        };
        if let Err(misbehaved) = read {
            assert!(!misbehaved.code.is_empty() && misbehaved.detail.len() < 4096);
        }
        answer(translator);
    }
}

/// Whatever came, what we say afterwards is well formed or nothing.
fn answer(translator: &mut dyn Translator) {
    let mut out = Vec::new();
    for said in [Outgoing::Audio(&[0xff; 160]), Outgoing::Mark(MarkId(7)), Outgoing::Clear] {
        out.clear();
        let kind = translator.write(said, &mut out);
        assert_eq!(kind.is_none(), out.is_empty());
        if kind == Some(telephony::stream::Kind::Text) {
            let json: Result<serde_json::Value, _> = serde_json::from_slice(&out);
            assert!(json.is_ok(), "{}", String::from_utf8_lossy(&out));
        }
    }
}
