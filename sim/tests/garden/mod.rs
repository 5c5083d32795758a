//! Phone trees by chance, with an errand in each and the fewest choices that it takes: the reference is a
//! breadth first search over the tree.

#![allow(unreachable_pub)] // each test file is a crate of its own

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use agent::menu::{End, Goal};
use fastrand::Rng;
use sim::{
    callee::{Answer, Sound, Step},
    queue::Queue,
    tree::{Choice, DuringPrompt, Errand, Keys, Menu, Node, Prompt, Tree, Wait},
};

/// What menus call a thing, and what a caller wants of it. No two have a word or a theme in common.
const TOPICS: &[(&str, &str)] = &[
    ("billing", "Ask when my invoice is due"),
    ("technical support", "My router is broken"),
    ("reservations", "Book a table for four"),
    ("the pharmacy", "Refill my prescription"),
    ("insurance claims", "Report an accident"),
    ("lost or stolen cards", "My debit card was stolen"),
    ("careers", "Ask about a job"),
    ("baggage", "Find my luggage"),
    ("mortgages", "Ask about a mortgage"),
    ("membership", "Renew my membership"),
    ("parcel tracking", "Where is my parcel"),
    ("laboratory results", "Get the results of my blood test"),
];

fn text(text: String) -> Prompt {
    Prompt::Text(text)
}

/// Grows a tree.
struct Garden {
    rng: Rng,
    nodes: BTreeMap<String, Node>,
    is_tricky: bool,
}

impl Garden {
    fn name(&self, what: &str) -> String {
        format!("{what}{}", self.nodes.len())
    }

    /// A way to a person who deals with this topic.
    fn leaf(&mut self, topic: usize) -> String {
        let name = format!("topic{topic}");
        let steps = vec![Step::Say(Sound::Text("Hello, how can I help you?".into()))];
        self.nodes.insert(name.clone(), Node::Person { steps });
        match self.rng.u8(0..4) {
            0 => {
                let ring = self.name("ring");
                let (tone, ms) = ("ringback_us".to_owned(), self.rng.u32(3_000..12_000));
                self.nodes.insert(ring.clone(), Node::Ring { tone, ms, then: name });
                ring
            }
            1 => {
                let queue = self.name("queue");
                let node = Node::Queue(Queue {
                    music: Some(Sound::Wav("hold-music".into())),
                    say: vec![text("All agents are busy. Please stay on the line.".into())],
                    every_ms: 15_000,
                    position: Some(2),
                    choices: Vec::new(),
                    pickup_ms: self.rng.u32(5_000..50_000),
                    then: name,
                });
                self.nodes.insert(queue.clone(), node);
                queue
            }
            _ => name,
        }
    }

    /// A menu over these topics.
    fn menu(&mut self, topics: &[usize], above: Option<&str>) -> String {
        let name = self.name("menu");
        self.nodes.insert(name.clone(), Node::Chance(Vec::new())); // keeps the name
        let count = topics.len().min(self.rng.usize(2..=4));
        let mut labelled: Vec<(String, String)> = Vec::new();
        for (index, &topic) in topics[..count].iter().enumerate() {
            // The last choice may be all that is left.
            if index + 1 == count && topics.len() > count {
                let to = self.menu(&topics[index..], Some(&name));
                labelled.push(("all other questions".into(), to));
            } else {
                let to = self.leaf(topic);
                labelled.push((TOPICS[topic].0.to_owned(), to));
            }
        }
        let key_first = self.rng.bool();
        let mut say = Vec::new();
        let mut choices = Vec::new();
        for (index, (label, to)) in labelled.into_iter().enumerate() {
            let (key, spoken) = (index + 1, agent::numerals::ONES[index + 1]);
            let shown = if self.rng.bool() { spoken.to_owned() } else { key.to_string() };
            say.push(text(if key_first {
                format!("Press {shown} for {label}.")
            } else {
                format!("For {label}, press {shown}.")
            }));
            choices.push(Choice { keys: key.to_string(), words: vec![spoken.into()], to });
        }
        if let Some(above) = above {
            say.push(text("To return to the previous menu, press star.".into()));
            choices.push(Choice { keys: "*".into(), words: Vec::new(), to: above.to_owned() });
        }
        let (keys, wait) = (self.keys(), self.wait());
        self.nodes.insert(name.clone(), Node::Menu(Menu { say, choices, keys, wait }));
        name
    }

    fn keys(&mut self) -> Keys {
        if !self.is_tricky {
            return Keys::default();
        }
        let during = [DuringPrompt::Taken, DuringPrompt::Lost, DuringPrompt::Clipped];
        Keys {
            during_prompt: during[self.rng.usize(0..3)],
            deaf_ms: self.rng.u32(0..2_000),
            tone_ms_min: if self.rng.bool() { 180 } else { 0 },
            ends_with: None,
        }
    }

    fn wait(&mut self) -> Wait {
        let ms = if self.is_tricky { self.rng.u32(1_500..9_000) } else { 8_000 };
        Wait { ms, tries_max: 20, ..Wait::default() }
    }
}

/// A tree, one errand in it, and the fewest choices that it takes.
pub fn grown(seed: u64, is_tricky: bool) -> (Tree, Errand, usize) {
    let mut garden = Garden { rng: Rng::with_seed(seed), nodes: BTreeMap::new(), is_tricky };
    let mut topics: Vec<usize> = (0..TOPICS.len()).collect();
    garden.rng.shuffle(&mut topics);
    topics.truncate(garden.rng.usize(2..=TOPICS.len()));
    let wanted = topics[garden.rng.usize(0..topics.len())];
    let mut start = garden.menu(&topics, None);
    if garden.rng.bool() {
        let say = vec![text("Welcome.".into()), text("This call may be recorded.".into())];
        garden.nodes.insert("welcome".into(), Node::Say { say, then: start });
        start = "welcome".into();
    }
    let errand = Errand {
        goal: Goal::of(TOPICS[wanted].1),
        ends: End::Person,
        reaches: Some(format!("topic{wanted}")),
        deaf_ms: 0,
    };
    let tree = Tree {
        name: format!("seed {seed}"),
        about: String::new(),
        answer: Answer::default(),
        start,
        errands: Vec::new(),
        nodes: garden.nodes,
    };
    let fewest = fewest(&tree, errand.reaches.as_deref().expect("a node")).expect("a way");
    (tree, errand, fewest)
}

/// The reference: choices on the shortest way.
fn fewest(tree: &Tree, to: &str) -> Option<usize> {
    let mut queue = VecDeque::from([(tree.start.as_str(), 0)]);
    let mut seen = BTreeSet::new();
    while let Some((name, choices)) = queue.pop_front() {
        if name == to {
            return Some(choices);
        }
        if !seen.insert(name) {
            continue;
        }
        let node = &tree.nodes[name];
        let step = usize::from(matches!(node, Node::Menu(_)));
        for next in node.leads_to() {
            // What costs nothing goes first.
            if step == 0 {
                queue.push_front((next, choices));
            } else {
                queue.push_back((next, choices + step));
            }
        }
    }
    None
}
