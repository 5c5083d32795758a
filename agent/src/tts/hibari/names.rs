//! Words the dictionary reads as nobody says them, mostly American surnames, in its own notation.

/// Lower-case spelling and phonemes, in order of spelling.
const READINGS: [(&str, &str); 47] = [
    ("aguilar", "ˌæɡɪlˈɑɹ"),
    ("alvarez", "ˈælvəɹˌɛz"),
    // What `normalise` writes for the letter A, which alone would be the article.
    ("ay", "ˈA"),
    ("castillo", "kæstˈijO"),
    ("chavez", "ʧˈɑvɛz"),
    ("cruz", "kɹˈuz"),
    ("dana", "dˈAnə"),
    ("diaz", "dˈiɑz"),
    ("dominguez", "dəmˈɪŋɡɛz"),
    ("estrada", "ɛstɹˈɑdə"),
    ("fernandez", "fəɹnˈændɛz"),
    ("gomez", "ɡˈOmɛz"),
    ("gonzales", "ɡənzˈɑlɛz"),
    ("gonzalez", "ɡənzˈɑlɛz"),
    ("gutierrez", "ɡutiˈɛɹɛz"),
    ("guzman", "ɡˈuzmɑn"),
    ("hernandez", "həɹnˈændɛz"),
    ("herrera", "əɹˈɛɹə"),
    ("huang", "hwˈɑŋ"),
    ("jimenez", "himˈɛnɛz"),
    ("juarez", "wˈɑɹɛz"),
    ("lewis", "lˈuɪs"),
    ("martinez", "mɑɹtˈinɛz"),
    ("medina", "mədˈinə"),
    ("mendez", "mˈɛndɛz"),
    ("moreno", "məɹˈɛnO"),
    ("munoz", "munjˈOz"),
    ("nguyen", "wˈɪn"),
    ("nunez", "nˈunjɛz"),
    ("ortiz", "ɔɹtˈiz"),
    ("patel", "pətˈɛl"),
    ("perez", "pˈɛɹɛz"),
    ("pham", "fˈæm"),
    ("ramirez", "ɹəmˈiɹɛz"),
    ("ramos", "ɹˈɑmOs"),
    ("reyes", "ɹˈAɛs"),
    ("rivera", "ɹɪvˈɛɹə"),
    ("rodriguez", "ɹɑdɹˈiɡɛz"),
    ("ruiz", "ɹuˈiz"),
    ("sanchez", "sˈænʧɛz"),
    ("singh", "sˈɪŋ"),
    ("torres", "tˈɔɹɛs"),
    ("tran", "tɹˈæn"),
    ("vasquez", "vˈæskɛz"),
    ("vazquez", "vˈæskɛz"),
    ("xu", "ʃˈu"),
    ("zhang", "ʒˈɑŋ"),
];

/// How a word is read instead of what the dictionary says.
pub(super) fn reading(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let found = READINGS.binary_search_by(|(spelling, _)| (*spelling).cmp(&lower)).ok()?;
    Some(READINGS[found].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_read_in_any_case() {
        assert!(READINGS.is_sorted());
        assert_eq!(reading("PATEL"), Some("pətˈɛl"));
        assert_eq!(reading("table"), None);
    }
}
