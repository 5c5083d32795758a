//! Attacks every parser of the house with bytes from outside.

/// E.164 numbers: what parses prints back the same.
pub fn number(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(number) = text.parse::<telephony::E164>() {
        assert_eq!(number.as_str(), text);
        assert!(number.redacted() != text);
    }
}
