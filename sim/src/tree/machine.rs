//! The machine that plays a tree: node after node.

use std::{collections::VecDeque, sync::Arc};

use dtmf::Digit;
use fastrand::Rng;

use super::{
    account::{Account, Key, Kind, Message, Visit},
    keys::{KeyEar, KeyHeard},
    plan::{Node, Tree},
    speaker::Speaker,
};
use crate::{
    callee::{Listening, RECOGNITION_MS_MAX, Score, Sound, Step},
    ear::words,
    mailbox::{Mailbox, Recording},
    queue::{Does, Waiting},
    sound::FRAME_SAMPLES,
};

/// A frame in ms.
pub(super) const FRAME_MS: u32 = 20;
/// Silence after the caller's words that ends them, in ms.
const WORDS_SILENCE_MS: u32 = 700;
/// Less speech than this is no word, in ms.
const WORDS_MS_MIN: u32 = 200;
/// Most nodes passed without a sound between them: a tree that turns in itself ends the call.
const TURNS_MAX: u32 = 1_000;

/// What a machine wants besides being heard.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wants {
    /// The words of this clip; answer with [`Machine::recognised`].
    Recognise { samples: Vec<i16> },
    /// A person takes over.
    Person { steps: Vec<Step> },
    /// The call ends.
    HangUp,
}

/// What a node is doing.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// Its prompt is spoken.
    Speaks,
    /// It waits for the caller.
    Waits { ms: u32 },
    /// It waits for the recogniser.
    Recognises { ms: u32 },
    /// Its caller is in a queue.
    Queue(Waiting),
    /// It records.
    Records(Recording),
    /// It rings, for so long so far.
    Rings { ms: u32 },
}

/// A tree on the line.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(super) tree: Arc<Tree>,
    rng: Rng,
    pub(super) node: String,
    pub(super) stage: Stage,
    pub(super) speaker: Speaker,
    ear: KeyEar,
    pub(super) listening: Listening,
    /// Since the prompt of this node began.
    pub(super) spoken_ms: u32,
    /// Keys of the input under way.
    pub(super) typed: String,
    /// How often the prompt of this node was begun.
    pub(super) tries: u32,
    /// The number that is being read back.
    pub(super) to_confirm: Option<String>,
    pub(super) has_misheard: bool,
    turns: u32,
    sample: u64,
    pub(super) account: Account,
    wants: VecDeque<Wants>,
}

impl Machine {
    /// A machine that answers at a sample of the call and goes on with its account.
    pub(crate) fn new(
        tree: &Tree,
        score: &Arc<Score>,
        seed: u64,
        sample: u64,
        account: Account,
    ) -> Self {
        let mut machine = Self {
            tree: Arc::new(tree.clone()),
            rng: Rng::with_seed(seed),
            node: String::new(),
            stage: Stage::Speaks,
            speaker: Speaker::new(Arc::clone(score), sample),
            ear: KeyEar::default(),
            listening: Listening::default(),
            spoken_ms: 0,
            typed: String::new(),
            tries: 0,
            to_confirm: None,
            has_misheard: false,
            turns: 0,
            sample,
            account,
            wants: VecDeque::new(),
        };
        machine.enter(&tree.start);
        machine
    }

    /// Twenty milliseconds.
    pub(crate) fn frame(&mut self, heard: &[i16; FRAME_SAMPLES], said: &mut [i16; FRAME_SAMPLES]) {
        self.ear.frame(heard);
        while let Some(key) = self.ear.next() {
            self.key(key);
        }
        if self.ear.is_busy() {
            self.listening.open();
        } else {
            self.listening.hear(heard);
        }
        self.spoken_ms = self.spoken_ms.saturating_add(FRAME_MS);
        self.advance();
        said.fill(0);
        self.speaker.frame(said, &mut self.account.played);
        self.sample += FRAME_SAMPLES as u64;
    }

    /// What it wants; drain until `None`.
    pub(crate) fn poll(&mut self) -> Option<Wants> {
        self.wants.pop_front()
    }

    /// A key that the carrier reports beside the sound.
    pub(crate) fn press(&mut self, digit: Digit) {
        self.ear.press(digit);
    }

    /// The recogniser's answer.
    pub(crate) fn recognised(&mut self, text: &str) {
        if matches!(self.stage, Stage::Recognises { .. }) {
            self.account.words.push(text.to_owned());
            self.words(text);
        }
    }

    /// Goes on with another account; what it had is given back.
    pub(crate) fn swap_account(&mut self, account: Account) -> Account {
        std::mem::replace(&mut self.account, account)
    }

    /// Goes to a node.
    pub(super) fn enter(&mut self, name: &str) {
        self.turns += 1;
        let tree = Arc::clone(&self.tree);
        let Some(node) = tree.nodes.get(name).filter(|_| self.turns < TURNS_MAX) else {
            return self.wants.push_back(Wants::HangUp);
        };
        name.clone_into(&mut self.node);
        self.account.visits.push(Visit { node: name.to_owned(), at_sample: self.sample });
        self.speaker.stop(&mut self.account.played);
        self.speaker.lift(&mut self.account.played);
        (self.tries, self.to_confirm) = (0, None);
        self.stage = Stage::Speaks;
        self.begin_input();
        match node {
            Node::Menu(menu) => self.prompt(&menu.say),
            Node::Number(number) => self.prompt(&number.say),
            Node::Say { say, .. } | Node::HangUp { say } => self.speaker.say(say),
            Node::Chance(among) => {
                let next = self.rng.usize(0..among.len().max(1));
                if let Some(next) = among.get(next) {
                    self.enter(next);
                }
            }
            Node::Queue(queue) => {
                self.stage = Stage::Queue(Waiting::default());
                if let Some(music) = &queue.music {
                    self.speaker.lay(music, Kind::Music);
                }
            }
            Node::Mailbox(mailbox) => {
                self.speaker.say(&mailbox.greeting);
                if mailbox.beeps && !mailbox.is_full {
                    self.speaker.play(mailbox.beep.clone(), Kind::Beep);
                }
            }
            Node::Ring { tone, .. } => {
                self.stage = Stage::Rings { ms: 0 };
                self.speaker.lay(&Sound::Tone(tone.clone()), Kind::Ringing);
            }
            Node::Person { steps } => {
                self.wants.push_back(Wants::Person { steps: steps.clone() });
            }
        }
    }

    /// New input may come.
    pub(super) fn begin_input(&mut self) {
        self.typed.clear();
        self.listening.open();
        self.spoken_ms = 0;
    }

    fn advance(&mut self) {
        let tree = Arc::clone(&self.tree);
        let Some(node) = tree.nodes.get(&self.node) else { return };
        let is_done = self.speaker.is_done();
        match (node, &mut self.stage) {
            (Node::Menu(_) | Node::Number(_), _) => self.ask(node),
            (Node::Mailbox(mailbox), _) => self.take_message(mailbox),
            (Node::Say { then, .. }, _) if is_done => self.enter(then),
            (Node::HangUp { .. }, _) if is_done => self.hang_up(),
            (Node::Queue(queue), Stage::Queue(waiting)) => match waiting.frame(queue, !is_done) {
                Does::Nothing => {}
                Does::Says(prompts) => self.speaker.say(&prompts),
                Does::PicksUp => self.enter(&queue.then),
            },
            (Node::Ring { ms: rings_ms, then, .. }, Stage::Rings { ms }) => {
                *ms += FRAME_MS;
                if *ms >= *rings_ms {
                    self.enter(then);
                }
            }
            _ => {}
        }
    }

    /// A menu or a number: the prompt, the wait, the recogniser.
    fn ask(&mut self, node: &Node) {
        match &mut self.stage {
            Stage::Recognises { ms } => {
                *ms += FRAME_MS;
                if *ms >= RECOGNITION_MS_MAX {
                    self.words("");
                }
            }
            Stage::Speaks if self.speaker.is_done() => {
                self.stage = Stage::Waits { ms: 0 };
                // What was said under the prompt counts only if it is still being said.
                if self.listening.quiet_ms >= WORDS_SILENCE_MS {
                    self.listening.open();
                }
            }
            Stage::Waits { ms } => {
                *ms += FRAME_MS;
                let waited_ms = *ms;
                let spoke = self.listening.speech_ms >= WORDS_MS_MIN;
                if spoke && self.listening.ended(WORDS_SILENCE_MS) {
                    let samples = self.listening.clip().to_vec();
                    self.listening.open();
                    self.stage = Stage::Recognises { ms: 0 };
                    self.wants.push_back(Wants::Recognise { samples });
                } else if !self.ear.is_busy() && !spoke {
                    self.waited(node, waited_ms);
                }
            }
            _ => {}
        }
    }

    /// A mailbox: the greeting, the message, the end.
    fn take_message(&mut self, mailbox: &Mailbox) {
        let is_done = self.speaker.is_done();
        match &mut self.stage {
            Stage::Speaks if is_done && mailbox.is_full => self.hang_up(),
            Stage::Speaks if is_done => {
                let (from_sample, to_sample) = (self.sample, self.sample);
                self.account.messages.push(Message { from_sample, to_sample, speech_ms: 0 });
                self.stage = Stage::Records(Recording::default());
            }
            Stage::Records(recording) => {
                let is_speech = self.listening.quiet_ms == 0 && self.listening.began;
                let is_over = recording.frame(mailbox, is_speech);
                let speech_ms = recording.speech_ms;
                if let Some(message) = self.account.messages.last_mut() {
                    (message.to_sample, message.speech_ms) = (self.sample, speech_ms);
                }
                if is_over {
                    self.stage = Stage::Waits { ms: 0 };
                    self.speaker.say(&mailbox.thanks);
                }
            }
            Stage::Waits { .. } if is_done => self.hang_up(),
            _ => {}
        }
    }

    /// A key has ended.
    fn key(&mut self, key: KeyHeard) {
        let tree = Arc::clone(&self.tree);
        let is_offered = self.offers(key.digit);
        let node = self.node.clone();
        let is_taken = match tree.nodes.get(&self.node) {
            Some(Node::Menu(menu)) => self.takes_key(&menu.keys, key),
            Some(Node::Number(number)) => self.takes_key(&number.keys, key),
            Some(Node::Queue(_)) => is_offered,
            _ => false,
        };
        self.account.keys.push(Key {
            digit: key.digit,
            at_sample: self.sample,
            node,
            is_taken,
            is_offered,
        });
        if !is_taken {
            return;
        }
        self.listening.open();
        if let Some(Node::Queue(queue)) = tree.nodes.get(&self.node) {
            let pressed = key.digit.as_char().to_string();
            let choice = queue.choices.iter().find(|choice| choice.keys == pressed);
            if let Some(choice) = choice {
                self.enter(&choice.to);
            }
            return;
        }
        self.speaker.stop(&mut self.account.played);
        self.stage = Stage::Waits { ms: 0 };
        self.type_key(key.digit);
    }

    /// The call ends, once.
    pub(super) fn hang_up(&mut self) {
        self.stage = Stage::Waits { ms: 0 };
        self.node = String::new();
        self.wants.push_back(Wants::HangUp);
    }

    /// Whether a phrase stands in what was said.
    pub(super) fn says(text: &str, phrases: &[String]) -> bool {
        phrases.iter().any(|phrase| words::contains(text, phrase))
    }
}
