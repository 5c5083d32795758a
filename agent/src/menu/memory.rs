//! The menus met on this call: which is this one, and what was tried there.

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
    /// The menu with these words: a known one, or a new one.
    pub(super) fn find(&mut self, content: &[String], by_sound: bool) -> usize {
        let enough = if by_sound { SAME_BY_SOUND } else { SAME };
        let known = self.places.iter().enumerate().map(|(index, place)| (index, likeness(&place.content, content)));
        let best = known.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, likeness)| *likeness >= enough);
        if let Some((index, _)) = best {
            return index;
        }
        if self.places.len() < PLACES_MAX {
            self.places.push(Place { content: content.to_vec(), ..Place::default() });
        }
        self.places.len() - 1
    }

    /// Whether this hearing is of the same menu, whole or in part.
    pub(super) fn is_same(&self, place: usize, content: &[String], by_sound: bool) -> bool {
        let known = &self.places[place].content;
        let enough = if by_sound { SAME_BY_SOUND } else { SAME };
        let shared = shared(known, content);
        let is_part = content.len() >= PART_WORDS_MIN && shared as f32 >= PART * content.len() as f32;
        likeness(known, content) >= enough || is_part
    }

    /// Whether nothing but the menu, and nothing before it, was heard: no word that it does not have.
    pub(super) fn strangers(&self, place: usize, content: &[String]) -> usize {
        content.len() - shared(&self.places[place].content, content)
    }

    /// More of the menu was heard.
    pub(super) fn learn(&mut self, place: usize, content: &[String]) {
        let known = &mut self.places[place].content;
        known.extend(content.iter().cloned());
        known.sort_unstable();
        known.dedup();
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

    fn content(text: &str) -> Vec<String> {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn a_menu_is_known_again_in_spite_of_errors() {
        let mut memory = Memory::default();
        let main = memory.find(&content("bill support sale hour direction"), false);
        assert_eq!(memory.find(&content("bill support sail hour direction"), false), main);
        let other = memory.find(&content("invoice payment bill"), false);
        assert_ne!(other, main);
        assert_eq!(memory.find(&content("pill support sale our direction"), true), main);
        assert!(memory.is_same(main, &content("hour direction sale"), false));
        assert_eq!(memory.strangers(main, &content("hour direction website")), 1);
    }

    #[test]
    fn what_was_tried_is_known_by_menu() {
        let mut memory = Memory::default();
        let main = memory.find(&content("bill support"), false);
        memory.tried(main, "1");
        assert!(memory.was_tried(main, "1") && !memory.was_tried(main, "2"));
        memory.forget("1");
        assert!(!memory.was_tried(main, "1"));
    }

    #[test]
    fn more_menus_than_the_memory_holds() {
        let mut memory = Memory::default();
        let last = (0..100).map(|i| memory.find(&content(&format!("a{i} b{i} c{i}")), false)).max();
        assert_eq!(last, Some(PLACES_MAX - 1));
    }
}
