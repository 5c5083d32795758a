//! What we are here for, and the numbers that may be typed on the way.

use serde::{Deserialize, Serialize};

use super::read::words;

/// Most numbers kept of a task.
const NUMBERS_MAX: usize = 16;

/// Languages by the names that callers and menus give them.
const LANGUAGES: &[&[&str]] = &[
    &["english"],
    &["spanish", "español", "espanol"],
    &["french", "français", "francais"],
    &["german", "deutsch"],
    &["italian", "italiano"],
    &["portuguese", "português"],
];
/// What a task says when a call-back is as good as waiting.
const CALL_BACK: &[&str] =
    &["call me back", "call back is fine", "call-back is fine", "callback is fine"];

/// The goal of a call, as far as menus matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The errand in plain words.
    pub task: String,
    /// What to choose, in plain words, best first; else it is read from the task.
    #[serde(default)]
    pub wants: Vec<String>,
    /// The language to go on in.
    #[serde(default = "Goal::english")]
    pub language: String,
    /// Numbers that may be typed, besides those of the task: of three digits or more, with the words
    /// that stand before them ("my account number is 4711").
    #[serde(default)]
    pub numbers: Vec<Number>,
    /// A call-back may be accepted instead of waiting.
    #[serde(default)]
    pub takes_call_back: bool,
}

/// A number that a menu may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// What it is: "account number".
    pub name: String,
    /// Its digits; whatever is no digit is passed over.
    pub digits: String,
}

impl Goal {
    /// The goal of a task in plain words: "in Spanish" names the language, "a call-back is fine" takes one.
    pub fn of(task: &str) -> Self {
        let lower = task.to_lowercase();
        let named = |name: &&str| lower.contains(&format!("in {name}"));
        let language = LANGUAGES.iter().find_map(|names| names.iter().find(|name| named(name)));
        Self {
            task: task.to_owned(),
            language: language.map_or_else(Self::english, |name| (*name).to_owned()),
            takes_call_back: CALL_BACK.iter().any(|phrase| lower.contains(phrase)),
            ..Self::default()
        }
    }

    /// Whether a topic names the language to go on in.
    pub(super) fn speaks(&self, topic: &str) -> bool {
        let wanted = self.language.to_lowercase();
        let known = LANGUAGES.iter().find(|names| names.contains(&wanted.as_str()));
        known.map_or_else(
            || topic.contains(&wanted),
            |names| names.iter().any(|name| topic.contains(name)),
        )
    }

    fn english() -> String {
        "english".to_owned()
    }

    /// What may be looked for in a menu, best first.
    pub fn wishes(&self) -> impl Iterator<Item = &str> {
        let task = self.wants.is_empty().then_some(self.task.as_str());
        self.wants.iter().map(String::as_str).chain(task)
    }

    /// The number that this request ("please enter your account number") is about: the one with most
    /// words in common.
    pub(super) fn number_for(&self, request: &[String]) -> Option<String> {
        let shared = |number: &Number| {
            let named = words::content(&number.name);
            named
                .iter()
                .filter(|word| request.iter().any(|asked| words::alike(asked, word)))
                .count()
        };
        let read = numbers_in(&self.task);
        let best = read.iter().chain(&self.numbers).max_by_key(|number| shared(number))?;
        let digits: String = best.digits.chars().filter(char::is_ascii_digit).collect();
        (shared(best) > 0 && !digits.is_empty()).then_some(digits)
    }
}

fn numbers_in(task: &str) -> Vec<Number> {
    let mut numbers = Vec::new();
    let mut name: Vec<&str> = Vec::new();
    for part in task.split_whitespace() {
        let digits: String = part.chars().filter(char::is_ascii_digit).collect();
        let plain = part.chars().all(|c| c.is_ascii_digit() || "-+().,;".contains(c));
        if plain && digits.len() >= 3 {
            if numbers.len() < NUMBERS_MAX {
                numbers.push(Number { name: name.join(" "), digits });
            }
            name.clear();
        } else {
            name.push(part);
            if part.ends_with(['.', ';', '!', '?']) {
                name.clear();
            } else if name.len() > 5 {
                name.remove(0);
            }
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_from_the_task_with_their_names() {
        let goal = Goal::of("Ask for the balance. My account number is 4711-22, my PIN is 0815.");
        let asked = |text: &str| goal.number_for(&words::content(text));
        assert_eq!(asked("Please enter your account number").as_deref(), Some("471122"));
        assert_eq!(asked("Now enter your PIN").as_deref(), Some("0815"));
        assert_eq!(asked("Please enter your date of birth"), None);
    }

    #[test]
    fn language_and_call_back_are_read_from_the_task() {
        let goal = Goal::of("Ask about a payment, in Spanish. A call-back is fine.");
        assert!(goal.takes_call_back && goal.speaks("para español") && !goal.speaks("for english"));
        let goal = Goal::of("Ask about a payment.");
        assert!(
            !goal.takes_call_back && goal.speaks("for english") && !goal.speaks("para español")
        );
    }

    #[test]
    fn wants_come_before_the_task() {
        let goal = Goal { wants: vec!["billing".into()], ..Goal::of("Ask about a bill") };
        assert_eq!(goal.wishes().collect::<Vec<_>>(), ["billing"]);
        assert_eq!(Goal::of("Ask").wishes().collect::<Vec<_>>(), ["Ask"]);
    }
}
