use proptest::prelude::*;

use super::*;

fn normaliser() -> Normaliser {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/hibari-heart/normalize.json");
    Normaliser::new(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn spoken(text: &str) -> String {
    let pieces = normaliser().pieces(text);
    pieces.iter().map(|piece| piece.spoken.as_str()).collect::<Vec<_>>().join(" ")
}

const READ_AS: &[(&str, &str)] = &[
    // Times and dates.
    ("at 7:30 pm.", "at seven thirty PM."),
    ("7:05PM", "seven oh five PM"),
    ("7 p.m. tomorrow", "seven PM tomorrow"),
    ("at 7 p.m. Thank you", "at seven PM. Thank you"),
    ("at 19:45, please", "at nineteen forty five, please"),
    ("at 9:00", "at nine o'clock"),
    ("9:00 am", "nine AM"),
    ("March 3", "March third"),
    ("Mar. 3rd, 2026", "March third, twenty twenty six"),
    ("on 3/14/2026", "on March fourteenth, twenty twenty six"),
    ("2026-03-14", "March fourteenth, twenty twenty six"),
    ("the 3rd of March", "the third of March"),
    ("on 3 March", "on the third of March"),
    ("March 2026", "March twenty twenty six"),
    ("I may 3 times", "I may three times"),
    // Money and quantities.
    ("$86.40", "eighty six dollars and forty cents"),
    ("$1", "one dollar"),
    ("$0.99", "ninety nine cents"),
    ("$1,200.00.", "one thousand two hundred dollars."),
    ("$2.5 million", "two point five million dollars"),
    ("$3k", "three thousand dollars"),
    ("£5", "five pounds"),
    ("50 USD", "fifty dollars"),
    ("15%", "fifteen percent"),
    ("5 km", "five kilometers"),
    ("1 hr", "one hour"),
    ("72°F", "seventy two degrees Fahrenheit"),
    ("3.14", "three point one four"),
    ("the 21st", "the twenty first"),
    ("1/2", "one half"),
    ("24/7", "twenty four seven"),
    ("10-15 people", "ten to fifteen people"),
    ("in 1999", "in nineteen ninety nine"),
    ("1245 North Maple Avenue", "twelve forty five North Maple Avenue"),
    ("221 Baker St.", "two twenty one Baker Street."),
    ("221 people", "two hundred twenty one people"),
    ("a table for 4", "a table for four"),
    // Digit by digit.
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("+1 555 123 4567.", "plus one, five five five, one two three, four five six seven."),
    ("555-1234", "five five five, one two three four"),
    ("5551234567", "five five five, one two three, four five six seven"),
    ("zip 90210", "zip nine zero two one zero"),
    ("code 4471", "code four four seven one"),
    (
        "reference number 471-990-228",
        "reference number four seven one, nine nine zero, two two eight",
    ),
    ("room #5", "room number five"),
    ("007", "zero zero seven"),
    ("AB12", "ay B one two"),
    ("a 7-year-old", "a seven year old"),
    // Addresses, initials, abbreviations.
    ("dana.whitfield@example.com", "dana dot whitfield at example dot com"),
    ("www.example.com.", "W W W dot example dot com."),
    ("J. K. Rowling", "J K Rowling"),
    ("the U.S. office", "the U S office"),
    ("Dr. Lee", "Doctor Lee"),
    ("14 Maple Dr.", "fourteen Maple Drive."),
    ("St. Mary", "Saint Mary"),
    ("Mr. and Mrs. Smith", "Mister and Missus Smith"),
    ("No. 5", "number five"),
    ("No. Thanks.", "No. Thanks."),
    ("Henry VIII", "Henry the eighth"),
    ("Chapter IV", "Chapter four"),
    ("Smith & Sons", "Smith and Sons"),
    ("and/or", "and or"),
    // Mark-up and marks.
    ("**Hello** — \"there\"!", "Hello, there!"),
    ("[link](http)", "link http,"),
    ("It’s O’Brien", "It's O'Brien"),
    ("😀", ""),
    ("Really?!", "Really?"),
    ("wait... what", "wait. what"),
];

#[test]
fn what_is_written_becomes_what_people_say() {
    for (text, expected) in READ_AS {
        assert_eq!(spoken(text), *expected, "{text}");
    }
}

#[test]
fn every_piece_knows_where_it_comes_from() {
    let text = "At  7:30 pm, Dr. Lee";
    let pieces = normaliser().pieces(text);
    let at: Vec<_> = pieces.iter().map(|piece| &text[piece.at as usize..][..1]).collect();
    assert_eq!(at, ["A", "7", "D", "L"]);
}

proptest! {
    /// Nothing panics, offsets rise, and only letters and plain marks reach the dictionary.
    #[test]
    fn any_text_is_plain_afterwards(text in "[ -~é—😀0-9$:/.@#-]{0,60}") {
        let mut last = None;
        for piece in normaliser().pieces(&text) {
            prop_assert!(last < Some(piece.at));
            last = Some(piece.at);
            prop_assert!(!piece.spoken.bytes().any(|b| b.is_ascii_digit()), "{}", piece.spoken);
            let plain = |c: char| c.is_alphanumeric() || " ',-.;:?!".contains(c);
            prop_assert!(piece.spoken.chars().all(plain), "{}", piece.spoken);
        }
    }
}
