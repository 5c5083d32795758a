//! Menus and numbers: what keys, words and silence do to them.

use std::sync::Arc;

use dtmf::Digit;

use super::{
    keys::KeyHeard,
    machine::{Machine, Stage},
    plan::{DuringPrompt, Keys, Node, Number, Prompt, Wait},
};
use crate::callee::Sound;

/// After this long without another key the input is over, in ms.
const BETWEEN_KEYS_MS: u32 = 2_000;
/// Most keys of one input.
const TYPED_MAX: usize = 64;
/// Said before and after a number is read back.
const YOU_ENTERED: &str = "You entered";
const IS_IT_RIGHT: &str = "If this is correct, press 1. Otherwise, press 2.";

/// Everything that may be played when a number is read back.
pub(crate) fn read_back_sounds() -> Vec<Sound> {
    let digits = agent::numerals::ONES[..10].iter();
    [YOU_ENTERED, IS_IT_RIGHT]
        .iter()
        .chain(digits)
        .map(|text| Sound::Text((*text).to_owned()))
        .collect()
}

fn text(text: &str) -> Prompt {
    Prompt::Text(text.to_owned())
}

impl Machine {
    /// Begins to say a prompt.
    pub(super) fn prompt(&mut self, say: &[Prompt]) {
        self.tries += 1;
        self.stage = Stage::Speaks;
        self.begin_input();
        self.speaker.say(say);
    }

    /// Whether a key is one that this node offers, or the next of one.
    pub(super) fn offers(&self, digit: Digit) -> bool {
        let typed = format!("{}{}", self.typed, digit.as_char());
        match self.tree.nodes.get(&self.node) {
            Some(Node::Menu(menu)) => {
                let ends = menu.keys.ends_with == Some(digit) && !self.typed.is_empty();
                ends || menu.choices.iter().any(|choice| choice.keys.starts_with(&typed))
            }
            Some(Node::Number(_)) if self.to_confirm.is_some() => {
                matches!(digit.as_char(), '1' | '2')
            }
            Some(Node::Number(number)) => {
                digit.as_char().is_ascii_digit() || number.keys.ends_with == Some(digit)
            }
            Some(Node::Queue(queue)) => queue.choices.iter().any(|choice| choice.keys == typed),
            _ => false,
        }
    }

    /// Whether a key counts now.
    pub(super) fn takes_key(&mut self, keys: &Keys, key: KeyHeard) -> bool {
        if key.tone_ms < keys.tone_ms_min {
            return false;
        }
        if matches!(self.stage, Stage::Recognises { .. }) {
            return false;
        }
        let is_speaking = !self.speaker.is_done();
        if !is_speaking {
            return true;
        }
        if self.spoken_ms < keys.deaf_ms {
            return false;
        }
        match keys.during_prompt {
            DuringPrompt::Taken => true,
            DuringPrompt::Lost => false,
            DuringPrompt::Clipped => {
                self.speaker.stop(&mut self.account.played);
                self.stage = Stage::Waits { ms: 0 };
                false
            }
        }
    }

    /// One key more.
    pub(super) fn type_key(&mut self, digit: Digit) {
        let tree = Arc::clone(&self.tree);
        let keys = match tree.nodes.get(&self.node) {
            Some(Node::Menu(menu)) => menu.keys,
            Some(Node::Number(number)) => number.keys,
            _ => return,
        };
        let confirms = self.to_confirm.is_some();
        if keys.ends_with == Some(digit) && !confirms && !self.typed.is_empty() {
            return self.input_done();
        }
        if self.typed.len() < TYPED_MAX {
            self.typed.push(digit.as_char());
        }
        let is_enough = match tree.nodes.get(&self.node) {
            _ if confirms => true,
            Some(_) if keys.ends_with.is_some() => false,
            Some(Node::Menu(menu)) => {
                let longer = |keys: &str| keys.starts_with(&self.typed) && keys != self.typed;
                !menu.choices.iter().any(|choice| longer(&choice.keys))
            }
            Some(Node::Number(number)) => self.typed.len() >= number.number.len(),
            _ => false,
        };
        if is_enough {
            self.input_done();
        }
    }

    /// Nothing came for so long.
    pub(super) fn waited(&mut self, node: &Node, waited_ms: u32) {
        let (wait, say) = match node {
            Node::Menu(menu) => (&menu.wait, &menu.say),
            Node::Number(number) => (&number.wait, &number.say),
            _ => return,
        };
        let ends_with = match node {
            Node::Menu(menu) => menu.keys.ends_with,
            Node::Number(number) => number.keys.ends_with,
            _ => None,
        };
        if self.typed.is_empty() {
            if waited_ms >= wait.ms {
                self.again(wait, &wait.silent, say);
            }
        } else if ends_with.is_some() && self.to_confirm.is_none() {
            // What is not ended is no input.
            if waited_ms >= wait.ms.max(BETWEEN_KEYS_MS) {
                self.again(wait, &wait.invalid, say);
            }
        } else if waited_ms >= BETWEEN_KEYS_MS {
            self.input_done();
        }
    }

    /// The input is whole.
    fn input_done(&mut self) {
        let typed = std::mem::take(&mut self.typed);
        let tree = Arc::clone(&self.tree);
        match tree.nodes.get(&self.node) {
            Some(Node::Menu(menu)) => {
                let chosen = menu.choices.iter().find(|choice| choice.keys == typed);
                match chosen {
                    Some(choice) => self.enter(&choice.to),
                    None => self.again(&menu.wait, &menu.wait.invalid, &menu.say),
                }
            }
            Some(Node::Number(number)) if self.to_confirm.is_some() => {
                self.confirmed(number, typed == "1");
            }
            Some(Node::Number(number)) => self.number(number, typed),
            _ => {}
        }
    }

    /// The words of the caller.
    pub(super) fn words(&mut self, text: &str) {
        let tree = Arc::clone(&self.tree);
        match tree.nodes.get(&self.node) {
            Some(Node::Menu(menu)) => {
                let chosen = menu.choices.iter().find(|choice| Self::says(text, &choice.words));
                match chosen {
                    Some(choice) => self.enter(&choice.to),
                    None => self.again(&menu.wait, &menu.wait.invalid, &menu.say),
                }
            }
            Some(Node::Number(number)) => {
                self.again(&number.wait, &number.wait.invalid, &number.say)
            }
            _ => {}
        }
    }

    fn number(&mut self, number: &Number, mut typed: String) {
        if number.mishears_once && !self.has_misheard && !typed.is_empty() {
            self.has_misheard = true;
            let first = if typed.starts_with('7') { "1" } else { "7" };
            typed.replace_range(..1, first);
        }
        if !number.read_back {
            return self.settle(number, &typed);
        }
        let digits = typed.chars().filter_map(|c| c.to_digit(10));
        let named = digits.map(|digit| text(agent::numerals::ONES[digit as usize]));
        let says: Vec<Prompt> =
            std::iter::once(text(YOU_ENTERED)).chain(named).chain([text(IS_IT_RIGHT)]).collect();
        self.to_confirm = Some(typed);
        self.stage = Stage::Speaks;
        self.begin_input();
        self.speaker.say(&says);
    }

    fn confirmed(&mut self, number: &Number, is_right: bool) {
        let typed = self.to_confirm.take().unwrap_or_default();
        if is_right {
            self.settle(number, &typed);
        } else {
            self.again(&number.wait, &[], &number.say);
        }
    }

    fn settle(&mut self, number: &Number, typed: &str) {
        if typed == number.number {
            self.enter(&number.then);
        } else {
            self.again(&number.wait, &number.wait.invalid, &number.say);
        }
    }

    /// The prompt once more, or the end of patience.
    fn again(&mut self, wait: &Wait, before: &[Prompt], say: &[Prompt]) {
        self.to_confirm = None;
        if self.tries < wait.tries_max {
            let said: Vec<Prompt> = before.iter().chain(say).cloned().collect();
            return self.prompt(&said);
        }
        match &wait.then {
            Some(then) => self.enter(then),
            None => self.hang_up(),
        }
    }
}
