//! A whole call tries a phone tree, in virtual time: the mind, its offline brain and its navigator, the sound
//! of the circuit, keys as tones on the wire. Nobody tells it what plays: it hears it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use agent::{
    brief::Brief,
    call::{CallConfig, EndedBy, Ending, Line, Output, Policy, Record},
    line,
    llm::{self, Role, brain::Brain},
    menu::{End, Goal, Reason},
    tts,
};
use media::{
    Mono,
    circuit::{CircuitConfig, Event},
};
use telephony::Direction;

use crate::{
    callee::{self, NoSound, Recogniser, Score, Script},
    ear::{Known, known_judge},
    line::{LineConfig, Run},
    tree::{Errand, Tree},
    world::{Log, Minds, World, WorldConfig},
};

/// A person who is not answered for so long after their first words hangs up, in ms.
const ANSWERED_MS_MAX: u32 = 3_000;

/// How a call is tried.
#[derive(Clone, Debug)]
pub struct CallTrial {
    /// Seed of everything left to chance.
    pub seed: u64,
    /// The line state is judged, by sound and words; else words alone tell menus from people.
    pub senses: bool,
    /// Longest call, in s.
    pub seconds_max: u32,
    /// The mind's patience. Whoever says nothing more is left soon: a trial is about how they are reached.
    pub policy: Policy,
}

impl Default for CallTrial {
    fn default() -> Self {
        let policy = Policy { silence_ms_max: 4_000, silence_prompts_max: 0, ..Policy::default() };
        Self { seed: 1, senses: true, seconds_max: 900, policy }
    }
}

/// What came of a call.
#[derive(Debug)]
pub struct CallReport {
    /// How the call ended; nothing when it never did.
    pub ending: Option<Ending>,
    /// The node where the caller was then.
    pub node: String,
    /// How long it took, in s.
    pub seconds: f32,
    /// The callee's own account.
    pub errand: callee::Errand,
    /// The transcript.
    pub lines: Vec<Line>,
    /// Each change of the line state.
    pub states: Vec<(Mono, line::State)>,
    /// When the callee's account begins.
    pub began: Mono,
    /// Each utterance of ours: its first sound.
    pub spoke: Vec<Mono>,
    /// Our sound as they heard it, keys included, by positions of their account.
    pub runs: Vec<Run>,
    /// The errand's result, and in a sentence.
    pub report: Option<(bool, String)>,
}

impl CallReport {
    /// Whether it ended as the errand wants: the person reached was spoken to, the mailbox has a message, or
    /// the reason is told.
    pub fn succeeds(&self, errand: &Errand) -> bool {
        let arrived = errand.reaches.as_ref().is_none_or(|node| *node == self.node);
        let ended = match errand.ends {
            End::Person => self.speaks_to_person(),
            End::Mailbox => matches!(&self.errand.tree.messages[..], [one] if one.speech_ms > 500),
            End::GaveUp(Reason::TheyHungUp) => {
                self.ending.as_ref().is_some_and(|ending| ending.by == EndedBy::Callee)
            }
            End::GaveUp(reason) => {
                let told =
                    |(done, text): &(bool, String)| !done && text.contains(&reason.to_string());
                self.report.as_ref().is_some_and(told)
            }
        };
        self.ending.is_some() && arrived && ended
    }

    fn speaks_to_person(&self) -> bool {
        self.answered_after_ms().is_some_and(|ms| ms <= ANSWERED_MS_MAX)
    }

    /// From the end of a person's first words to our own, in ms; nothing before the person spoke.
    pub fn answered_after_ms(&self) -> Option<u32> {
        let first = self.errand.spoken.first()?;
        let (from, to) = (self.time_of(first.from_sample), self.time_of(first.to_sample));
        let at = self.spoke.iter().find(|at| **at > from)?;
        u32::try_from(at.since(to).as_millis()).ok()
    }

    /// The keys that the machines heard, in order.
    pub fn keys(&self) -> String {
        self.errand.tree.keys.iter().map(|key| key.digit.as_char()).collect()
    }

    /// How many keys were pressed where nobody offered them.
    pub fn unoffered(&self) -> usize {
        self.errand.tree.keys.iter().filter(|key| !key.is_offered).count()
    }

    /// When a position of the callee's account was heard by us, as good as at once.
    pub fn time_of(&self, sample: u64) -> Mono {
        Mono::from_micros(self.began.as_micros() + sample * 125)
    }
}

impl fmt::Display for CallReport {
    /// The story of the call, in the order of time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visits = self
            .errand
            .tree
            .visits
            .iter()
            .map(|visit| (self.time_of(visit.at_sample), format!("    at {}", visit.node)));
        let lines =
            self.lines.iter().map(|line| (line.at, format!("{:?}: {}", line.role, line.text)));
        let states =
            self.states.iter().map(|(at, state)| (*at, format!("  line {}", state.name())));
        let mut story: Vec<(Mono, String)> = visits.chain(lines).chain(states).collect();
        story.sort_by_key(|(at, _)| *at);
        writeln!(f, "{:?}, report {:?}, {} s", self.ending, self.report, self.seconds)?;
        for (at, text) in story {
            writeln!(f, "{:>8.2} {text}", at.as_millis() as f32 / 1_000.0)?;
        }
        Ok(())
    }
}

/// The task of an errand in plain words: all that whoever places a call can say.
pub fn task(goal: &Goal) -> String {
    let mut task = goal.task.trim_end_matches('.').to_owned();
    if !goal.wants.is_empty() {
        task += &format!(", {}", goal.wants.join(", "));
    }
    if goal.language != Goal::default().language && goal.language != "english" {
        task += &format!(", in {}", goal.language);
    }
    task += ".";
    for number in &goal.numbers {
        task += &format!(" My {} is {}.", number.name, number.digits);
    }
    if goal.takes_call_back {
        task += " A call-back is fine.";
    }
    task
}

/// Lets a call try an errand in a tree.
///
/// # Errors
/// When a sound of the tree cannot be made.
pub fn call(tree: &Tree, errand: &Errand, config: &CallTrial) -> Result<CallReport, NoSound> {
    let brief = Brief { task: task(&errand.goal), ..Brief::default() };
    call_to(&tree.script(), brief, errand.deaf_ms, config)
}

/// Lets a call with this brief try whoever answers; it understands nothing in the first `deaf_ms`.
///
/// # Errors
/// When a sound of the script cannot be made.
pub fn call_to(
    script: &Script,
    brief: Brief,
    deaf_ms: u32,
    config: &CallTrial,
) -> Result<CallReport, NoSound> {
    let score = Arc::new(Score::mumbled(script)?);
    let said = Arc::new(Mutex::new(String::new()));
    let minds = Minds {
        stt: Box::new(Known::new(&score, deaf_ms)),
        llm: Box::new(Brain::new(&brief)) as Box<dyn llm::Dialect>,
        tts: Box::new(Overheard {
            voice: tts::scripted::Scripted::new(tts::scripted::Script::default()),
            said: Arc::clone(&said),
        }),
        judge: known_judge(&score),
        callee: Some(Box::new(LastSaid(said))),
    };
    let call = CallConfig {
        direction: Direction::Outbound,
        to: "+12125550142".parse().ok(),
        from: None,
        brief,
        policy: config.policy,
    };
    let line = LineConfig {
        seed: config.seed,
        hears_words: true,
        keep_sound: false,
        ..LineConfig::new(score)
    };
    let circuit = CircuitConfig { senses: config.senses, ..CircuitConfig::default() };
    let world = WorldConfig { line, call, circuit, wire_ms: 10, judge_ms: 5 };
    let mut world = World::new(world, minds);
    world.run(Mono::from_millis(u64::from(config.seconds_max) * 1_000));
    Ok(report(&world))
}

fn report(world: &World) -> CallReport {
    let log = world.log();
    let errand = world.line().map(|line| line.errand().clone()).unwrap_or_default();
    let spoke = |(at, event): &(Mono, Event)| matches!(event, Event::Started { .. }).then_some(*at);
    CallReport {
        ending: log.ended().cloned(),
        node: errand.tree.visits.last().map(|visit| visit.node.clone()).unwrap_or_default(),
        seconds: world.now().as_millis() as f32 / 1_000.0,
        errand,
        lines: log.lines(),
        states: records(log, |record| match record {
            Record::LineState { state, .. } => Some(*state),
            _ => None,
        }),
        began: world.line().map_or(Mono::ZERO, |line| line.started_at()),
        runs: world.line().map(|line| line.runs().to_vec()).unwrap_or_default(),
        spoke: log.sounds.iter().filter_map(spoke).collect(),
        report: records(log, |record| match record {
            Record::Report { done, summary, .. } => Some((*done, summary.clone())),
            _ => None,
        })
        .pop()
        .map(|(_, report)| report),
    }
}

fn records<T>(log: &Log, wanted: impl Fn(&Record) -> Option<T>) -> Vec<(Mono, T)> {
    let found = log.call.iter().filter_map(|(at, output)| match output {
        Output::Record(record) => wanted(record).map(|it| (*at, it)),
        _ => None,
    });
    found.collect()
}

/// What the transcript says of the menus, in order.
pub fn menu_lines(lines: &[Line]) -> Vec<&str> {
    let in_menu = |line: &&Line| line.role == Role::Tool && line.tool.as_deref() == Some("menu");
    lines.iter().filter(in_menu).map(|line| line.text.as_str()).collect()
}

/// A voice whose last words somebody else knows.
struct Overheard {
    voice: tts::scripted::Scripted,
    said: Arc<Mutex<String>>,
}

impl tts::Dialect for Overheard {
    fn capabilities(&self) -> tts::Capabilities {
        self.voice.capabilities()
    }

    fn handle(&mut self, now: Mono, input: tts::Input<'_>) {
        if let tts::Input::Say { text, .. } = input {
            text.clone_into(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner));
        }
        self.voice.handle(now, input);
    }

    fn poll(&mut self) -> Option<tts::Output> {
        self.voice.poll()
    }

    fn deadline(&self) -> Option<Mono> {
        self.voice.deadline()
    }
}

/// Whoever is asked for words: what was said last.
struct LastSaid(Arc<Mutex<String>>);

impl Recogniser for LastSaid {
    fn text_of(&mut self, _samples: &[i16]) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
