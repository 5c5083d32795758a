//! From "how many ms were heard" to "which words were heard".

/// Speech lasts about this long per character when nothing better is known, in ms.
const CHAR_MS: u32 = 65;

/// What is known of an utterance's times.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times<'a> {
    /// Byte offset and start in ms of each word, in order; empty when the voice gives none.
    pub starts: &'a [(u32, u32)],
    /// Whole length in ms, once the voice is done.
    pub total_ms: Option<u32>,
    /// At least this much was synthesised, in ms.
    pub made_ms: u32,
}

/// Byte length of the part of `text` that was heard when `heard_ms` of it was played: whole words,
/// a word counting when half of it was played.
pub fn heard_bytes(text: &str, times: Times<'_>, heard_ms: u32) -> usize {
    let guess_ms = u32::try_from(text.chars().count()).unwrap_or(u32::MAX).saturating_mul(CHAR_MS);
    let total_ms = times.total_ms.unwrap_or(times.made_ms.max(guess_ms)).max(1);
    let words = words_of(text);
    let mut end = 0;
    for (index, (from, to)) in words.iter().enumerate() {
        let start_ms = start_of(*from, text, times.starts, total_ms);
        let next_ms = match words.get(index + 1) {
            Some((next, _)) => start_of(*next, text, times.starts, total_ms),
            None => total_ms,
        };
        let middle_ms = start_ms + next_ms.saturating_sub(start_ms) / 2;
        if heard_ms < middle_ms.max(1) {
            break;
        }
        end = *to;
    }
    end
}

/// Start of the word at byte `at`: from the voice where it says so, else in proportion.
fn start_of(at: usize, text: &str, starts: &[(u32, u32)], total_ms: u32) -> u32 {
    let known = starts.iter().take_while(|(byte, _)| *byte as usize <= at).last();
    let next = starts.iter().find(|(byte, _)| *byte as usize > at);
    let (from_byte, from_ms) = known.map_or((0, 0), |(b, ms)| (*b as usize, *ms));
    let (to_byte, to_ms) = next.map_or((text.len(), total_ms), |(b, ms)| (*b as usize, *ms));
    let span = to_byte.saturating_sub(from_byte).max(1) as u64;
    let part = at.saturating_sub(from_byte) as u64;
    let ms = u64::from(to_ms.saturating_sub(from_ms)) * part / span;
    from_ms.saturating_add(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// Byte ranges of the words.
fn words_of(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut from = None;
    for (at, c) in text.char_indices() {
        match (c.is_whitespace(), from) {
            (false, None) => from = Some(at),
            (true, Some(start)) => {
                words.push((start, at));
                from = None;
            }
            _ => {}
        }
    }
    words.extend(from.map(|start| (start, text.len())));
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_words_by_the_voices_times_or_in_proportion() {
        let text = "one two three four";
        let starts: &[(u32, u32)] = &[(0, 0), (4, 300), (8, 600), (14, 1_100)];
        for (starts, total_ms, heard_ms, words) in [
            (starts, Some(1_500), 0, ""),
            (starts, Some(1_500), 100, ""),
            (starts, Some(1_500), 160, "one"),
            (starts, Some(1_500), 600, "one two"),
            (starts, Some(1_500), 900, "one two three"),
            (starts, Some(1_500), 1_500, "one two three four"),
            (starts, None, 700, "one two"),
            (&[], Some(1_800), 0, ""),
            (&[], Some(1_800), 450, "one"),
            (&[], Some(1_800), 900, "one two"),
            (&[], Some(1_800), 1_800, "one two three four"),
            (&[], Some(1_800), u32::MAX, "one two three four"),
        ] {
            let times = Times { starts, total_ms, made_ms: 0 };
            let heard = heard_bytes(text, times, heard_ms);
            assert_eq!(
                &text[..heard],
                words,
                "{heard_ms} ms of {total_ms:?}, {} starts",
                starts.len()
            );
        }
    }

    proptest! {
        #[test]
        fn more_time_is_never_fewer_words(
            text in "\\PC{0,80}", starts in prop::collection::vec((0u32..200, 0u32..20_000), 0..8),
            total in prop::option::of(0u32..30_000), a in 0u32..40_000, b in 0u32..40_000,
        ) {
            let mut starts = starts;
            starts.sort_unstable();
            let times = Times { starts: &starts, total_ms: total, made_ms: 0 };
            let (low, high) = (a.min(b), a.max(b));
            let (few, many) = (heard_bytes(&text, times, low), heard_bytes(&text, times, high));
            prop_assert!(few <= many);
            prop_assert!(text.is_char_boundary(few) && text.is_char_boundary(many));
        }
    }
}
