//! The model's own word lists, from `normalize.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::tts::hibari::ModelError;

/// Abbreviations, units, currencies, months, titles.
#[derive(Deserialize)]
pub(super) struct Tables {
    /// `jan` → January.
    months: BTreeMap<String, String>,
    /// `Dr` → Doctor and the like, before a name.
    titles: BTreeMap<String, String>,
    /// `Ave.` → Avenue, with the dot.
    abbreviations: BTreeMap<String, String>,
    /// `km` → kilometer, kilometers.
    units: BTreeMap<String, [String; 2]>,
    /// `$` → dollar, dollars.
    currency: BTreeMap<String, [String; 2]>,
    /// Words a Roman numeral counts: Chapter IV.
    roman_cardinal: Vec<String>,
    /// Names a Roman numeral orders: Henry VIII.
    roman_ordinal: Vec<String>,
}

/// Where the tables do not say what is spoken, or say it for writing.
const SPOKEN: [(&str, &str); 14] = [
    ("Mr", "Mister"),
    ("Mrs", "Missus"),
    ("Dr", "Doctor"),
    ("Mr.", "Mister"),
    ("Mrs.", "Missus"),
    ("Dr.", "Doctor"),
    ("Ext.", "extension"),
    ("ext.", "extension"),
    ("e.g.", "for example"),
    ("i.e.", "that is"),
    ("etc.", "et cetera"),
    ("No.", "number"),
    ("w/", "with"),
    ("Ct.", "Court"),
];

impl Tables {
    pub(super) fn parse(json: &str) -> Result<Self, ModelError> {
        serde_json::from_str(json).map_err(|error| ModelError::Table {
            table: "normalize.json",
            detail: error.to_string(),
        })
    }

    /// "Jan", "Sept", "january" → January.
    pub(super) fn month(&self, word: &str) -> Option<&str> {
        let key: String = word.chars().take(3).collect::<String>().to_lowercase();
        let full = self.months.get(&key)?;
        let short = word.len() == 3 || word.eq_ignore_ascii_case("sept");
        // "May" and "may", "March" and "march" differ: only as written with a capital.
        let written = word.starts_with(char::is_uppercase);
        (written && (short || word.eq_ignore_ascii_case(full))).then_some(full)
    }

    /// The n-th month, from 1.
    pub(super) fn month_number(&self, n: u64) -> Option<&str> {
        const ORDER: [&str; 12] =
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let key = ORDER.get(usize::try_from(n).ok()?.checked_sub(1)?)?;
        self.months.get(*key).map(String::as_str)
    }

    pub(super) fn title(&self, word: &str) -> Option<&str> {
        let spoken = SPOKEN.iter().find(|(key, _)| *key == word).map(|(_, spoken)| *spoken);
        self.titles.get(word).map(|title| spoken.unwrap_or(title))
    }

    /// `dotted` ends with its dot.
    pub(super) fn abbreviation(&self, dotted: &str) -> Option<&str> {
        let spoken = SPOKEN.iter().find(|(key, _)| *key == dotted).map(|(_, spoken)| *spoken);
        spoken.or_else(|| self.abbreviations.get(dotted).map(String::as_str))
    }

    /// The unit of one, and of many.
    pub(super) fn unit(&self, unit: &str) -> Option<&[String; 2]> {
        self.units.get(unit)
    }

    /// The currency of one, and of many.
    pub(super) fn currency(&self, sign: &str) -> Option<&[String; 2]> {
        self.currency.get(sign)
    }

    pub(super) fn counts_in_roman(&self, word: &str) -> bool {
        self.roman_cardinal.iter().any(|known| known == word)
    }

    pub(super) fn orders_in_roman(&self, word: &str) -> bool {
        self.roman_ordinal.iter().any(|known| known == word)
    }
}
