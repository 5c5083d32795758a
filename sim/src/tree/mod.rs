//! Phone trees: machines that answer, as data and as a player in frames of 20 ms.
//!
//! ```text
//!   trees/*.toml ── parse, check ──▶ Tree ── rendered with a voice ──▶ Machine
//!   Machine::frame(heard, said): keys by `dtmf::Detector` and words in, prompts out
//!     ├ asking: menus and numbers       ├ queue, mailbox: rooms of their own
//!     └ speaker: what is played         └ account: the truth of all of it
//! ```
//!
//! A tree is a step of a [`Script`](crate::callee::Script): whoever answers may be a machine first and
//! a person later. Nodes name each other; where a person answers, the callee goes on with that
//! person's steps.

mod account;
pub(crate) mod asking;
mod keys;
mod machine;
mod plan;
mod speaker;

#[cfg(test)]
mod tests;

pub use account::{Account, Key, Kind, Message, Played, Visit};
pub(crate) use machine::{Machine, Wants};
pub use plan::{
    BadTree, Choice, DuringPrompt, Errand, Keys, Menu, Node, Number, Prompt, Tree, Wait,
};

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../trees/", $name, ".toml")))),*]
    };
}

/// The trees that the repository ships, by name: one for each thing that menus do to callers.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "during_prompt",
    "after_prompt",
    "too_fast",
    "first_digit_clipped",
    "pound_needed",
    "repeats",
    "changes",
    "speech_only",
    "say_or_press",
    "language",
    "legal_preamble",
    "loop",
    "invalid_option",
    "queue_position",
    "call_back",
    "survey",
    "read_back",
    "ring_back",
    "mailbox",
    "closed",
    "transfer",
];
