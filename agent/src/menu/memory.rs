//! The menus met on this call: which is this one, and what was tried there.

use super::read::{Reading, words};

/// Most menus remembered; of more, the newest are taken for the last one.
const PLACES_MAX: usize = 64;
/// Share of words in common that makes two hearings the same menu.
const SAME: f32 = 0.6;
/// The same, when the sound was heard before.
const SAME_BY_SOUND: f32 = 0.3;
/// Share of the words of a piece of a menu that the whole menu has too.
const PART: f32 = 0.8;
/// Fewest words that are enough for a part.
const PART_WORDS_MIN: usize = 3;

/// One menu.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Its words, sorted.
    content: Vec<String>,
    /// What its keys are for, in telling words.
    labels: Vec<(String, Vec<String>)>,
    /// How often we came here.
    pub(super) visits: u32,
    /// Keys and words that were tried here, whatever came of it.
    tried: Vec<String>,
    /// It was heard to its end twice, or nothing more came: there is no more to it.
    pub(super) is_whole: bool,
}

/// Every menu met.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    places: Vec<Place>,
}

impl Memory {
    /// The menu that was read: a known one, or a new one.
    pub(super) fn find(&mut self, reading: &Reading, by_sound: bool) -> usize {
        let enough = if by_sound { SAME_BY_SOUND } else { SAME };
        let known = self.places.iter().enumerate().filter(|(_, place)| place.agrees(reading));
        let known = known.map(|(index, place)| (index, likeness(&place.content, &reading.content)));
        let best =
            known.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, likeness)| *likeness >= enough);
        if let Some((index, _)) = best {
            return index;
        }
        if self.places.len() < PLACES_MAX {
            self.places.push(Place::default());
        }
        let index = self.places.len() - 1;
        self.learn(index, reading);
        index
    }

    /// Whether this hearing is of the same menu, whole or in part.
    pub(super) fn is_same(&self, place: usize, reading: &Reading, by_sound: bool) -> bool {
        let (place, content) = (&self.places[place], &reading.content);
        let enough = if by_sound { SAME_BY_SOUND } else { SAME };
        let shared = shared(&place.content, content);
        let is_part =
            content.len() >= PART_WORDS_MIN && shared as f32 >= PART * content.len() as f32;
        place.agrees(reading) && (likeness(&place.content, content) >= enough || is_part)
    }

    /// How many words were heard that the menu does not have.
    pub(super) fn strangers(&self, place: usize, reading: &Reading) -> usize {
        reading.content.len() - shared(&self.places[place].content, &reading.content)
    }

    /// More of the menu was heard.
    pub(super) fn learn(&mut self, place: usize, reading: &Reading) {
        let known = &mut self.places[place];
        known.content.extend(reading.content.iter().cloned());
        known.content.sort_unstable();
        known.content.dedup();
        for label in reading.labels() {
            if !known.labels.contains(&label) {
                known.labels.push(label);
            }
        }
    }

    pub(super) fn place(&self, place: usize) -> &Place {
        &self.places[place]
    }

    pub(super) fn place_mut(&mut self, place: usize) -> &mut Place {
        &mut self.places[place]
    }

    /// This was tried here.
    pub(super) fn tried(&mut self, place: usize, what: &str) {
        let tried = &mut self.places[place].tried;
        if !tried.iter().any(|known| known == what) {
            tried.push(what.to_owned());
        }
    }

    /// This may be tried again, wherever it was.
    pub(super) fn forget(&mut self, what: &str) {
        for place in &mut self.places {
            place.tried.retain(|known| known != what);
        }
    }

    pub(super) fn was_tried(&self, place: usize, what: &str) -> bool {
        self.places[place].tried.iter().any(|known| known == what)
    }
}

impl Place {
    /// The keys that both name are for the same things, by and large.
    fn agrees(&self, reading: &Reading) -> bool {
        let (mut for_it, mut against) = (0, 0);
        for (key, topic) in reading.labels().filter(|(_, topic)| !topic.is_empty()) {
            let mut known =
                self.labels.iter().filter(|(named, words)| *named == key && !words.is_empty());
            let alike = |known: &[String]| {
                known.iter().any(|word| topic.iter().any(|heard| words::alike(word, heard)))
            };
            match known.clone().next() {
                None => {}
                Some(_) if known.any(|(_, words)| alike(words)) => for_it += 1,
                Some(_) => against += 1,
            }
        }
        against <= for_it
    }
}

fn shared(a: &[String], b: &[String]) -> usize {
    b.iter().filter(|word| a.binary_search(word).is_ok()).count()
}

/// Words in common over words in all.
fn likeness(a: &[String], b: &[String]) -> f32 {
    let shared = shared(a, b);
    shared as f32 / (a.len() + b.len() - shared).max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Reading {
        crate::menu::read::read(std::iter::once(text))
    }

    #[test]
    fn a_menu_is_known_again_in_spite_of_errors() {
        const MAIN: &str =
            "For billing press 1, for support press 2, for sales press 3, for directions press 4.";
        let mut memory = Memory::default();
        let main = memory.find(&heard(MAIN), false);
        assert_eq!(memory.find(&heard(&MAIN.replace("sales", "sails")), false), main);
        let garbled = heard(
            "For pulling press 1, for support press 2, for sails press 3, for directions press 4.",
        );
        assert_eq!(memory.find(&garbled, true), main);
        assert!(memory.is_same(
            main,
            &heard("for sales press 3, for support press 2, for directions press 4"),
            false
        ));
        assert_eq!(memory.strangers(main, &heard("For sales press 3. See our website.")), 2);
        assert_ne!(memory.find(&heard("For invoices press 1, for payments press 2."), false), main);
    }

    #[test]
    fn the_same_words_on_other_keys_are_another_menu() {
        let mut memory = Memory::default();
        let first = memory.find(&heard("For sales press 1, for support press 2."), false);
        assert_ne!(memory.find(&heard("For support press 1, for sales press 2."), true), first);
    }

    #[test]
    fn what_was_tried_is_known_by_menu() {
        let mut memory = Memory::default();
        let main = memory.find(&heard("For billing press 1."), false);
        memory.tried(main, "1");
        assert!(memory.was_tried(main, "1") && !memory.was_tried(main, "2"));
        memory.forget("1");
        assert!(!memory.was_tried(main, "1"));
    }

    #[test]
    fn more_menus_than_the_memory_holds() {
        let mut memory = Memory::default();
        let last =
            (0..100).map(|i| memory.find(&heard(&format!("Room a{i} b{i} c{i} d{i}")), false));
        assert_eq!(last.max(), Some(PLACES_MAX - 1));
    }
}
