//! Token ids to text.
//!
//! `tokenizer.bin` holds 32,768 entries, each a length (one byte; from 128 on a second one counts
//! in 128s) and that many bytes. U+2581 is a space; ids 3–258 are raw bytes, written `<0xNN>`.

use media::net::ModelError;

const ENTRIES: usize = 32_768;
/// Ids up to here steer the net and are no text.
const CONTROL_MAX: u32 = 2;
/// The raw bytes.
const BYTE_FIRST: u32 = 3;
const BYTE_LAST: u32 = 258;
const SPACE: &str = "\u{2581}";

/// The words of the net.
pub(super) struct Tokens(Vec<Vec<u8>>);

impl Tokens {
    /// Reads `tokenizer.bin`.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut entries = Vec::with_capacity(ENTRIES);
        let mut rest = bytes;
        while let Some((&first, after)) = rest.split_first() {
            let mut length = usize::from(first);
            rest = after;
            if first >= 128 {
                let (&second, after) = rest.split_first().ok_or_else(|| cut(entries.len()))?;
                length = usize::from(second) * 128 + usize::from(first) - 128;
                rest = after;
            }
            let (entry, after) = rest.split_at_checked(length).ok_or_else(|| cut(entries.len()))?;
            entries.push(entry.to_vec());
            rest = after;
        }
        if entries.len() == ENTRIES {
            Ok(Self(entries))
        } else {
            let reason = format!("the tokenizer has {} entries, not {ENTRIES}", entries.len());
            Err(ModelError::new("moonshine-tiny-en", reason))
        }
    }

    /// The text of a row of tokens, trimmed.
    pub(super) fn text(&self, ids: &[u32]) -> String {
        let mut bytes = Vec::new();
        for &id in ids.iter().filter(|id| **id > CONTROL_MAX) {
            if (BYTE_FIRST..=BYTE_LAST).contains(&id) {
                bytes.push((id - BYTE_FIRST) as u8);
            } else if let Some(entry) = self.0.get(id as usize) {
                bytes.extend_from_slice(entry);
            }
        }
        String::from_utf8_lossy(&bytes).replace(SPACE, " ").trim().to_owned()
    }
}

fn cut(entry: usize) -> ModelError {
    ModelError::new("moonshine-tiny-en", format!("the tokenizer is cut off in entry {entry}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All entries empty but a few, one of them long.
    fn file() -> Vec<u8> {
        let mut bytes = Vec::new();
        for id in 0..ENTRIES {
            let entry = match id {
                300 => "\u{2581}press".as_bytes().to_vec(),
                301 => vec![b'x'; 130],
                _ => Vec::new(),
            };
            if entry.len() < 128 {
                bytes.push(entry.len() as u8);
            } else {
                bytes.extend([(entry.len() % 128 + 128) as u8, (entry.len() / 128) as u8]);
            }
            bytes.extend(entry);
        }
        bytes
    }

    #[test]
    fn reads_words_bytes_and_long_entries() {
        let tokens = Tokens::from_bytes(&file()).unwrap();
        let hash = u32::from(b'#') + BYTE_FIRST;
        assert_eq!(tokens.text(&[1, 300, hash, 2]), "press#");
        assert_eq!(tokens.text(&[301]).len(), 130);
        assert_eq!(tokens.text(&[99_999]), "");
    }

    #[test]
    fn refuses_cut_and_short_files() {
        let whole = file();
        assert!(Tokens::from_bytes(&whole[..whole.len() - 1]).is_err());
        assert!(Tokens::from_bytes(&[5, b'a']).is_err());
        assert!(Tokens::from_bytes(&[200]).is_err());
    }
}
