//! Calls by chance to queues, people and mailboxes, judged by their own account: nothing is said on hold, whoever
//! picks up is answered, a mailbox gets one whole message after its beep.

use std::{collections::BTreeMap, time::Duration};

use agent::{
    brief::{Brief, Voicemail},
    line::State,
    llm::Role,
};
use fastrand::Rng;
use media::Mono;
use sim::{
    callee::{Answer, Patience, Sound, Step},
    mailbox::Mailbox,
    queue::Queue,
    tree::{Choice, Keys, Menu, Node, Prompt, Tree, Wait},
    trial::{self, CallReport, CallTrial},
};

const ANNOUNCEMENTS: &[&str] = &[
    "All of our agents are busy. Please stay on the line.",
    "Your call is important to us. It will be answered in the order in which it was received.",
    "Thank you for your patience. Please continue to hold.",
    "Did you know? You can find many answers on our website.",
];
const PICKUPS: &[&str] = &[
    "Hello, this is Brian, how can I help you?",
    "Thanks for waiting, Maria speaking.",
    "Good morning, customer service, my name is Ann.",
    "Hello, are you still there?",
];
const GREETINGS: &[&str] = &[
    "Hi, you have reached Bob. Please leave a message after the tone.",
    "We are sorry that nobody is available to take your call. Please leave your name and number after the beep.",
    "This is the voicemail of Doctor Weber. Leave a message and I will call you back.",
];
const MESSAGE: &str = "This is a message for you. Please call us back tomorrow.";

/// How the call must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Answered,
    MessageLeft,
}

fn text(text: &str) -> Prompt {
    Prompt::Text(text.to_owned())
}

fn one<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(0..of.len())]
}

fn person(rng: &mut Rng, says: &str) -> Node {
    let steps = vec![
        // Nobody speaks at the moment in which they are put through.
        Step::Pause { ms: rng.u32(900..1_600) },
        Step::Say(Sound::Text(says.to_owned())),
        Step::Until { words: vec!["invoice".to_owned()], patience: Patience::default() },
        Step::HangUp,
    ];
    Node::Person { steps }
}

fn mailbox(rng: &mut Rng) -> Node {
    Node::Mailbox(Mailbox {
        greeting: vec![text(one(rng, GREETINGS))],
        beeps: rng.u8(0..4) > 0,
        beep: Sound::Tone("beep".to_owned()),
        is_full: false,
        silence_ms: 4_000,
        message_ms_max: 60_000,
        thanks: Vec::new(),
    })
}

fn queue(rng: &mut Rng) -> Node {
    let music = rng.u8(0..4) > 0;
    // Silence without a word before it is a key that did not take, to anybody.
    let count = rng.usize(usize::from(!music)..3);
    Node::Queue(Queue {
        music: music.then(|| Sound::Wav("hold-music".to_owned())),
        say: (0..count).map(|_| text(one(rng, ANNOUNCEMENTS))).collect(),
        every_ms: rng.u32(12_000..25_000),
        position: rng.bool().then(|| rng.u32(1..4)),
        choices: Vec::new(),
        pickup_ms: rng.u32(15_000..90_000),
        then: "end".to_owned(),
    })
}

/// A menu, maybe; a queue or ringing, maybe; then somebody, or a mailbox.
fn scene(seed: u64) -> (Tree, Wanted) {
    let mut rng = Rng::with_seed(seed);
    let mut nodes = BTreeMap::new();
    let (end, wanted) = if rng.u8(0..3) > 0 {
        let says = one(&mut rng, PICKUPS);
        (person(&mut rng, says), Wanted::Answered)
    } else {
        (mailbox(&mut rng), Wanted::MessageLeft)
    };
    nodes.insert("end".to_owned(), end);
    let mut start = "end".to_owned();
    if wanted == Wanted::Answered {
        nodes.insert("wait".to_owned(), queue(&mut rng));
        start = "wait".to_owned();
    } else if rng.bool() {
        let ring = Node::Ring { tone: "ringback_us".to_owned(), ms: 7_000, then: start };
        nodes.insert("wait".to_owned(), ring);
        start = "wait".to_owned();
    }
    if start == "wait" {
        let choices = vec![
            Choice { keys: "1".to_owned(), words: Vec::new(), to: start },
            Choice { keys: "2".to_owned(), words: Vec::new(), to: "end".to_owned() },
        ];
        let say =
            vec![text("Welcome."), text("For billing, press 1."), text("For careers, press 2.")];
        let menu = Menu { say, choices, keys: Keys::default(), wait: Wait::default() };
        nodes.insert("menu".to_owned(), Node::Menu(menu));
        start = "menu".to_owned();
    }
    let name = format!("seed {seed}");
    let tree = Tree {
        name,
        about: String::new(),
        answer: Answer::default(),
        start,
        errands: Vec::new(),
        nodes,
    };
    tree.check().expect("a tree");
    (tree, wanted)
}

/// Where the caller was, from and to which sample; the last for good.
fn stay(report: &CallReport, node: &str) -> Option<(u64, u64)> {
    let visits = &report.errand.tree.visits;
    let at = visits.iter().position(|visit| visit.node == node)?;
    let to = visits.get(at + 1).map_or(u64::MAX, |next| next.at_sample);
    Some((visits[at].at_sample, to))
}

/// What is wrong with a call to a person, whoever kept us waiting.
fn wrong_with_answer(report: &CallReport) -> Option<String> {
    let first = report.errand.spoken.first()?;
    let understood = report
        .lines
        .iter()
        .any(|line| line.role == Role::User && line.text.ends_with(first.what.as_str()));
    if !understood {
        return Some(format!("{:?} was lost", first.what));
    }
    match report.answered_after_ms() {
        None => Some("the pickup was not answered".to_owned()),
        Some(ms) if ms > 2_000 => Some(format!("the pickup was answered after {ms} ms")),
        Some(_) => None,
    }
}

/// A queue whose advert says what people say when they pick up, and waits as they do, before the music plays again.
fn trap(seed: u64) -> Tree {
    let mut rng = Rng::with_seed(seed);
    let at = rng.usize(..PICKUPS.len());
    // What was heard before is a recording.
    let (advert, says) = (PICKUPS[at], PICKUPS[(at + 1) % PICKUPS.len()]);
    let music = Sound::Wav("hold-music".to_owned());
    let queue = |music, say, pickup_ms, then: &str| {
        Node::Queue(Queue {
            music,
            say,
            every_ms: 1_000,
            position: None,
            choices: Vec::new(),
            pickup_ms,
            then: then.to_owned(),
        })
    };
    let say = vec![
        text(ANNOUNCEMENTS[0]),
        Prompt::Sound(music.clone()),
        text(advert),
        Prompt::Sound(Sound::Silence(2_000)),
    ];
    let nodes = [
        // It ends with that silence.
        ("trap".to_owned(), queue(None, say, 12_500, "music")),
        ("music".to_owned(), queue(Some(music), Vec::new(), 20_000, "end")),
        ("end".to_owned(), person(&mut rng, says)),
    ];
    let tree = Tree {
        name: format!("trap {seed}"),
        about: String::new(),
        answer: Answer::default(),
        start: "trap".to_owned(),
        errands: Vec::new(),
        nodes: nodes.into(),
    };
    tree.check().expect("a tree");
    tree
}

/// Calls: `LINE_CALLS` of the environment, else enough for every day.
fn calls() -> u64 {
    std::env::var("LINE_CALLS").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

#[test]
fn calls_by_chance_agree_with_the_reference() {
    let (mut failed, mut answered_ms) = (String::new(), Vec::new());
    for seed in 0..calls() {
        let (tree, wanted) = scene(seed);
        let brief = Brief {
            task: "Ask when my invoice is due.".to_owned(),
            voicemail: Voicemail::Say(MESSAGE.to_owned()),
            ..Brief::default()
        };
        let config = CallTrial { seed, seconds_max: 300, ..CallTrial::default() };
        let report = trial::call_to(&tree.script(), brief, 0, &config).expect("sounds");
        let spoke_on_hold = stay(&report, "wait").is_some_and(|(from, to)| {
            // A key's own sound began before.
            report.runs.iter().any(|run| from < run.from_sample && run.from_sample < to)
        });
        let wrong = match wanted {
            _ if spoke_on_hold => Some("something was said on hold".to_owned()),
            Wanted::Answered => wrong_with_answer(&report),
            Wanted::MessageLeft => report.wrong_with_message(MESSAGE, false),
        };
        answered_ms.extend(report.answered_after_ms());
        if let Some(wrong) = wrong {
            failed += &format!("seed {seed}: {wrong}: {report}\n");
        }
    }
    assert!(failed.is_empty(), "{failed}");
    answered_ms.sort_unstable();
    let p95 = answered_ms[answered_ms.len() * 95 / 100];
    println!("{} pickups answered, p95 {p95} ms after the first words", answered_ms.len());
    assert!(p95 <= 1_000, "{answered_ms:?}");
}

#[test]
fn a_pickup_wrongly_believed_is_taken_back_within_2_s_and_the_call_goes_on() {
    for seed in 0..20 {
        let brief = Brief { task: "Ask when my invoice is due.".to_owned(), ..Brief::default() };
        let config = CallTrial { seed, seconds_max: 300, ..CallTrial::default() };
        let report = trial::call_to(&trap(seed).script(), brief, 0, &config).expect("sounds");
        let (from, to) = stay(&report, "music").expect("played");
        let (from, to) = (report.time_of(from), report.time_of(to));
        let believed = |at| report.states.iter().rfind(|(since, _)| *since <= at).map(|(_, s)| *s);
        assert_eq!(believed(from), Some(State::Human), "nobody was deceived: {report}");
        let back = from + Duration::from_secs(2);
        assert_eq!(believed(back), Some(State::HoldMusic), "{report}");
        let spoke = |at: &&Mono| back < **at && **at < to;
        assert_eq!(report.spoke.iter().find(spoke), None, "spoken to music: {report}");
        assert_eq!(wrong_with_answer(&report), None, "{report}");
    }
}
