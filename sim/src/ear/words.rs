//! Words against words: does a transcript say what was meant, and how far is it off (WER)?

use agent::numerals::{ONES, TENS};

/// The words of a text: lower case, without punctuation, numbers spelt out. Numbers up to 99 are
/// read as such (`7:30` is "seven thirty"), longer ones digit by digit (`555` is "five five five").
pub fn normalised(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let lower = text.to_lowercase().replace(['’', '‘'], "'");
    let joined = lower.replace("o'clock", " ").replace("p.m.", "pm").replace("a.m.", "am");
    for part in joined.split(|c: char| !(c.is_alphanumeric() || c == '\'')) {
        let mut rest = part.trim_matches('\'');
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (piece, left) = rest.split_at(if digits > 0 { digits } else { letters });
            if digits > 0 {
                words.extend(number(piece));
            } else {
                words.push(if piece == "oh" { "zero".to_owned() } else { piece.to_owned() });
            }
            rest = left;
        }
    }
    words
}

fn number(digits: &str) -> Vec<String> {
    let value = digits.parse::<usize>().ok().filter(|_| digits.len() <= 2);
    match value {
        Some(0) if digits.len() == 2 => Vec::new(), // 7:00
        Some(value) if digits.len() == 1 || value >= 10 => {
            if value < 20 {
                vec![ONES[value].to_owned()]
            } else {
                let unit = (value % 10 > 0).then(|| ONES[value % 10].to_owned());
                std::iter::once(TENS[value / 10].to_owned()).chain(unit).collect()
            }
        }
        _ => digits.bytes().map(|digit| ONES[usize::from(digit - b'0')].to_owned()).collect(),
    }
}

/// Whether the phrase's words stand together, in order, in the text.
pub fn contains(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (normalised(text), normalised(phrase));
    !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
}

/// Word error rate of `got` against `meant`, 0 for the same words.
pub fn error_rate(meant: &str, got: &str) -> f32 {
    let (meant, got) = (normalised(meant), normalised(got));
    if meant.is_empty() {
        return if got.is_empty() { 0.0 } else { 1.0 };
    }
    let mut row: Vec<usize> = (0..=got.len()).collect();
    for (i, word) in meant.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in got.iter().enumerate() {
            let substituted = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[got.len()] as f32 / meant.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_spellings_meet() {
        let table = [
            ("A table for 4, please.", "four", true),
            ("At 7:30 tonight", "seven thirty", true),
            ("seven thirty.", "7:30", true),
            ("At 7:00.", "seven", true),
            ("It's 555-0142", "five five five oh one four two", true),
            ("seven o’clock", "7 o'clock", true),
            ("7pm", "seven pm", true),
            ("twenty-one", "21", true),
            ("for fourteen", "four", false),
            ("Anything", "", false),
            ("", "four", false),
        ];
        for (text, phrase, expected) in table {
            assert_eq!(contains(text, phrase), expected, "{text:?} {phrase:?}");
        }
    }

    #[test]
    fn errors_are_counted_in_words() {
        assert_eq!(error_rate("one two three four", "1 2 3 4"), 0.0);
        assert_eq!(error_rate("one two three four", "one too three four"), 0.25);
        assert_eq!(error_rate("one two three four", "one two"), 0.5);
        assert_eq!(error_rate("", "x"), 1.0);
        assert_eq!(error_rate("a", ""), 1.0);
    }
}
