//! What keeps a small recogniser from talking nonsense: a cap on tokens, a stop for loops, and no
//! other script than Latin.

/// Tokens people get out in a second, and what short words need beyond that.
const TOKENS_PER_SECOND: f32 = 6.5;
const TOKENS_EXTRA: usize = 8;
const RATE_HZ: f32 = 16_000.0;

/// Longest run of tokens that is looked for as a loop.
const LOOP_TOKENS_MAX: usize = 12;

/// Most tokens for so many samples at 16 kHz.
pub(super) fn tokens_max(samples: usize) -> usize {
    (samples as f32 / RATE_HZ * TOKENS_PER_SECOND) as usize + TOKENS_EXTRA
}

/// Repetitions that are a loop and no longer speech: "no no no no" and "zero zero zero zero" are
/// said by people; a whole clause three times over is not.
fn repeats_max(period: usize) -> usize {
    match period {
        1 => 8,
        2 | 3 => 5,
        _ => 3,
    }
}

/// Whether the tokens end in a loop; if so, how many to keep so that it stands there once.
pub(super) fn looped(tokens: &[u32]) -> Option<usize> {
    (1..=LOOP_TOKENS_MAX).find_map(|period| {
        let whole = period * repeats_max(period);
        let start = tokens.len().checked_sub(whole)?;
        let tail = &tokens[start..];
        let same = tail.iter().zip(&tail[period..]).all(|(a, b)| a == b);
        same.then_some(start + period)
    })
}

/// Whether every letter is Latin, so that it can be English at all.
pub(super) fn is_latin(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).all(|c| matches!(c, '\0'..='\u{24F}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_tokens_by_length() {
        assert_eq!(tokens_max(0), 8);
        assert_eq!(tokens_max(16_000), 14);
        assert_eq!(tokens_max(160_000), 73);
    }

    #[test]
    fn stops_loops_and_lets_people_repeat() {
        let cases: &[(&[u32], Option<usize>)] = &[
            (&[], None),
            (&[5; 7], None),
            (&[5; 8], Some(1)),
            (&[9, 1, 2, 1, 2, 1, 2, 1, 2], None),
            (&[9, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2], Some(3)),
            (&[1, 2, 3, 4, 1, 2, 3, 4], None),
            (&[1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4], Some(4)),
        ];
        for (tokens, expected) in cases {
            assert_eq!(looped(tokens), *expected, "{tokens:?}");
        }
    }

    #[test]
    fn knows_latin() {
        assert!(is_latin("Café, please: 42 — naïve"));
        assert!(!is_latin("Thank you お願い"));
        assert!(!is_latin("привет"));
    }
}
