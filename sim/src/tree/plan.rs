//! A phone tree as data. The format is described in `docs/menus.md`.

use std::collections::BTreeMap;

use agent::menu::{End, Goal};
use dtmf::Digit;
use serde::{Deserialize, Serialize};

use crate::{
    callee::{Answer, Script, Sound, Step},
    mailbox::Mailbox,
    queue::Queue,
};

/// A whole phone tree: what machines say at a number, and what they make of keys and words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// What it is called in reports.
    pub name: String,
    /// What is difficult about it, for people.
    #[serde(default)]
    pub about: String,
    /// What happens before an answer.
    #[serde(default)]
    pub answer: Answer,
    /// The node that answers.
    pub start: String,
    /// What can be tried here, and how it must end.
    #[serde(default)]
    pub errands: Vec<Errand>,
    /// The nodes by name.
    pub nodes: BTreeMap<String, Node>,
}

/// Something to be reached in a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errand {
    /// What the caller wants.
    pub goal: Goal,
    /// How the way through the menus must end.
    pub ends: End,
    /// The node where it must end, where that matters.
    #[serde(default)]
    pub reaches: Option<String>,
    /// The caller is on the line, but hears nothing for so long, in ms.
    #[serde(default)]
    pub deaf_ms: u32,
}

/// One place of a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// Offers choices.
    Menu(Menu),
    /// Wants a number.
    Number(Number),
    /// Says something and goes on.
    Say {
        /// What.
        say: Vec<Prompt>,
        /// Where to.
        then: String,
    },
    /// Goes on at one of these, by chance: a menu that is not the same on every call.
    Chance(Vec<String>),
    /// Makes the caller wait.
    Queue(Queue),
    /// Takes a message, or does not.
    Mailbox(Mailbox),
    /// Rings somewhere.
    Ring {
        /// Name of the tone in [`dtmf::tone::ALL`].
        #[serde(default = "Node::ring_tone")]
        tone: String,
        /// How long, in ms.
        ms: u32,
        /// Where to.
        then: String,
    },
    /// A person answers: the machine lets go of the line.
    Person {
        /// What the person does.
        #[serde(default)]
        steps: Vec<Step>,
    },
    /// Ends the call.
    HangUp {
        /// What is said before.
        #[serde(default)]
        say: Vec<Prompt>,
    },
}

/// Offers choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// The prompt.
    pub say: Vec<Prompt>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// How keys are taken.
    #[serde(default)]
    pub keys: Keys,
    /// How input is awaited, and what becomes of none or of a wrong one.
    #[serde(default)]
    pub wait: Wait,
}

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The keys; empty when it must be said.
    #[serde(default)]
    pub keys: String,
    /// Any of these words chooses it.
    #[serde(default)]
    pub words: Vec<String>,
    /// Where to.
    pub to: String,
}

/// Wants a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// The prompt.
    pub say: Vec<Prompt>,
    /// The right number; any other is invalid.
    pub number: String,
    /// Reads it back and asks whether it is right (1) or not (2).
    #[serde(default)]
    pub read_back: bool,
    /// Takes the first digit for another one at the first try.
    #[serde(default)]
    pub mishears_once: bool,
    /// How keys are taken.
    #[serde(default)]
    pub keys: Keys,
    /// How input is awaited.
    #[serde(default)]
    pub wait: Wait,
    /// Where the right number leads.
    pub then: String,
}

/// How keys are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// What a key does while the prompt is spoken.
    pub during_prompt: DuringPrompt,
    /// Keys in the first so many ms of a prompt are lost.
    pub deaf_ms: u32,
    /// Shorter tones are lost, in ms.
    pub tone_ms_min: u32,
    /// The key that ends the input; without, it ends by itself.
    pub ends_with: Option<Digit>,
}

/// What a key does while the prompt is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuringPrompt {
    /// It stops the prompt and counts.
    #[default]
    Taken,
    /// It stops the prompt and is lost.
    Clipped,
    /// It is lost.
    Lost,
}

/// How input is awaited, and what becomes of none or of a wrong one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wait {
    /// Silence after the prompt until it is said again, in ms.
    pub ms: u32,
    /// Said before the prompt is said again because nothing came.
    pub silent: Vec<Prompt>,
    /// Said after input that is none of the choices.
    pub invalid: Vec<Prompt>,
    /// How often the prompt is said at most.
    pub tries_max: u32,
    /// Where it goes on after the last try; without, the call ends.
    pub then: Option<String>,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            ms: 5_000,
            silent: Vec::new(),
            invalid: vec![Prompt::Text("Sorry, that is not a valid option.".to_owned())],
            tries_max: 4,
            then: None,
        }
    }
}

/// Something a machine plays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Prompt {
    /// Words for the voice.
    Text(String),
    /// A recording of words.
    Recorded {
        /// Its name on the shelf.
        recording: String,
        /// Its words.
        text: String,
    },
    /// Any other sound.
    Sound(Sound),
}

impl Prompt {
    /// What is played.
    pub fn sound(&self) -> Sound {
        match self {
            Self::Text(text) => Sound::Text(text.clone()),
            Self::Recorded { recording, .. } => Sound::Wav(recording.clone()),
            Self::Sound(sound) => sound.clone(),
        }
    }

    /// The words in it.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Recorded { text, .. } => text,
            Self::Sound(Sound::Text(text)) => text,
            Self::Sound(_) => "",
        }
    }
}

impl Node {
    fn ring_tone() -> String {
        "ringback_us".to_owned()
    }

    /// Where it may lead.
    pub fn leads_to(&self) -> Vec<&str> {
        let mut to: Vec<&str> = Vec::new();
        match self {
            Self::Menu(menu) => {
                to.extend(menu.choices.iter().map(|choice| choice.to.as_str()));
                to.extend(menu.wait.then.as_deref());
            }
            Self::Number(number) => {
                to.push(&number.then);
                to.extend(number.wait.then.as_deref());
            }
            Self::Say { then, .. } | Self::Ring { then, .. } => to.push(then),
            Self::Chance(among) => to.extend(among.iter().map(String::as_str)),
            Self::Queue(queue) => {
                to.push(&queue.then);
                to.extend(queue.choices.iter().map(|choice| choice.to.as_str()));
            }
            Self::Mailbox(_) | Self::Person { .. } | Self::HangUp { .. } => {}
        }
        to
    }

    /// Everything it may play.
    pub(crate) fn sounds(&self) -> Vec<Sound> {
        let all = |prompts: &[Prompt]| prompts.iter().map(Prompt::sound).collect::<Vec<_>>();
        match self {
            Self::Menu(menu) => {
                [all(&menu.say), all(&menu.wait.silent), all(&menu.wait.invalid)].concat()
            }
            Self::Number(number) => {
                let own = [all(&number.say), all(&number.wait.silent), all(&number.wait.invalid)];
                let digits = super::asking::read_back_sounds();
                own.into_iter().flatten().chain(digits).collect()
            }
            Self::Say { say, .. } | Self::HangUp { say } => all(say),
            Self::Queue(queue) => queue.sounds(),
            Self::Mailbox(mailbox) => mailbox.sounds(),
            Self::Ring { tone, .. } => vec![Sound::Tone(tone.clone())],
            Self::Person { steps } => steps.iter().flat_map(Step::sounds).collect(),
            Self::Chance(_) => Vec::new(),
        }
    }
}

/// A tree that cannot be walked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTree {
    /// Not TOML of this shape.
    #[error("{0}")]
    Unreadable(String),
    /// A node that does not exist is named.
    #[error("{from:?} leads to {to:?}, which is not among the nodes")]
    NoSuchNode {
        /// Where it is named.
        from: String,
        /// The name.
        to: String,
    },
    /// Keys that are none.
    #[error("{node:?} offers {keys:?}, which are no telephone keys")]
    NotKeys {
        /// The menu.
        node: String,
        /// The keys.
        keys: String,
    },
    /// A choice without keys and words.
    #[error("{0:?} has a choice without keys and without words")]
    EmptyChoice(String),
    /// Chance among nothing.
    #[error("{0:?} leaves nothing to chance")]
    NoChance(String),
}

impl Tree {
    /// Reads a tree and checks that it can be walked.
    ///
    /// # Errors
    /// When it is no TOML of this shape, or names nodes or keys that do not exist.
    pub fn parse(toml: &str) -> Result<Self, BadTree> {
        let tree: Self =
            toml::from_str(toml).map_err(|error| BadTree::Unreadable(error.to_string()))?;
        tree.check()?;
        Ok(tree)
    }

    /// A callee who answers with this tree.
    pub fn script(&self) -> Script {
        Script {
            name: self.name.clone(),
            answer: self.answer,
            jitter_ms: 0,
            background: None,
            steps: vec![Step::Tree(Box::new(self.clone()))],
        }
    }

    /// Whether it can be walked.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), BadTree> {
        let known = |from: &str, to: &str| {
            let (from, to) = (from.to_owned(), to.to_owned());
            if self.nodes.contains_key(&to) {
                Ok(())
            } else {
                Err(BadTree::NoSuchNode { from, to })
            }
        };
        known("start", &self.start)?;
        for errand in &self.errands {
            errand.reaches.iter().try_for_each(|node| known("errands", node))?;
        }
        for (name, node) in &self.nodes {
            node.leads_to().into_iter().try_for_each(|to| known(name, to))?;
            let choices = match node {
                Node::Menu(menu) => &menu.choices,
                Node::Queue(queue) => &queue.choices,
                Node::Chance(among) if among.is_empty() => {
                    return Err(BadTree::NoChance(name.clone()));
                }
                _ => continue,
            };
            for choice in choices {
                if choice.keys.chars().any(|key| Digit::try_from(key).is_err()) {
                    return Err(BadTree::NotKeys { node: name.clone(), keys: choice.keys.clone() });
                }
                if choice.keys.is_empty() && choice.words.is_empty() {
                    return Err(BadTree::EmptyChoice(name.clone()));
                }
            }
        }
        Ok(())
    }
}
