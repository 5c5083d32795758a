//! A navigator tries a phone tree, in virtual time: no call, no carrier, but the real sound of keys.
//!
//! ```text
//!   Navigator ─Press▶ dtmf::Generator ─frames▶ Callee (Machine: dtmf::Detector)
//!       ▲     ─Say──▶ mumbling        ─frames▶   │ asks for the words: told what was said
//!       └──── words, line ◀── ear ◀── truth of what is played (recogniser's delay and errors by seed)
//! ```
//!
//! The ear stands in for recogniser and line state. It knows what plays, says it late, in pieces and,
//! if asked to, wrongly. `call` is the same with nothing standing in: a whole Call, which hears for itself; `voicemail` and
//! `bridge` are such calls to mailboxes, and with a user who is called in.

pub mod bridge;
mod call;
mod ear;
mod mouth;
mod voicemail;

use std::{fmt, sync::Arc, time::Duration};

use agent::menu::{End, Input, Keywords, Line, Matcher, Navigator, Output, Policy};
use fastrand::Rng;
use media::Mono;
use serde::Serialize;

use crate::{
    callee::{self, Callee, NoSound, Score},
    sound::FRAME_SAMPLES,
    tree::{Account, Errand, Key, Tree},
};
pub use bridge::{Joined, bridge, hears};
pub use call::{CallReport, CallTrial, call, call_to, menu_lines, task};
use ear::Ear;
use mouth::Mouth;
pub use voicemail::Sort;

/// A frame in ms.
const FRAME_MS: u64 = 20;

/// How a trial is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialConfig {
    /// Seed of everything left to chance.
    pub seed: u64,
    /// From the end of a piece of speech to its words, in ms.
    pub recogniser_ms: u32,
    /// Words misheard of a thousand.
    pub errors_per_mille: u16,
    /// Longest trial, in s.
    pub seconds_max: u32,
    /// The navigator's patience.
    pub policy: Policy,
}

impl Default for TrialConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            recogniser_ms: 300,
            errors_per_mille: 0,
            seconds_max: 1_200,
            policy: Policy::default(),
        }
    }
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How the navigator ended; nothing when it never did.
    pub end: Option<End>,
    /// The node where the caller was then.
    pub node: String,
    /// How long it took, in s.
    pub seconds: f32,
    /// Everything the navigator put out, with times in ms.
    pub outputs: Vec<(u64, Output)>,
    /// The tree's own account.
    pub account: Account,
}

impl Report {
    /// Whether it ended as the errand wants.
    pub fn succeeds(&self, errand: &Errand) -> bool {
        self.end == Some(errand.ends)
            && errand.reaches.as_ref().is_none_or(|node| *node == self.node)
    }

    /// The keys that the machines heard, in order.
    pub fn keys(&self) -> String {
        self.account.keys.iter().map(|key| key.digit.as_char()).collect()
    }

    /// Keys that were pressed where nobody offered them.
    pub fn unoffered(&self) -> Vec<&Key> {
        self.account.keys.iter().filter(|key| !key.is_offered).collect()
    }

    /// Choices made: presses and answers, each retry counted.
    pub fn choices(&self) -> usize {
        let made = |output: &Output| matches!(output, Output::Press { .. } | Output::Say { .. });
        self.outputs.iter().filter(|(_, output)| made(output)).count()
    }
}

impl fmt::Display for Report {
    /// The story of the trial, a line an output.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visits: Vec<&str> =
            self.account.visits.iter().map(|visit| visit.node.as_str()).collect();
        writeln!(
            f,
            "{:?} after {} s by {:?}, keys {:?}",
            self.end,
            self.seconds,
            visits,
            self.keys()
        )?;
        for (ms, output) in &self.outputs {
            writeln!(f, "{:>8.2} {output:?}", *ms as f32 / 1_000.0)?;
        }
        Ok(())
    }
}

/// Lets a navigator that goes by key words try an errand.
///
/// # Errors
/// When a sound of the tree cannot be made.
pub fn run(tree: &Tree, errand: &Errand, config: &TrialConfig) -> Result<Report, NoSound> {
    run_with(tree, errand, config, Keywords)
}

/// Lets a navigator with this matcher try an errand.
///
/// # Errors
/// When a sound of the tree cannot be made.
pub fn run_with(
    tree: &Tree,
    errand: &Errand,
    config: &TrialConfig,
    matcher: impl Matcher,
) -> Result<Report, NoSound> {
    let score = Arc::new(Score::mumbled(&tree.script())?);
    Ok(Trial::new(score, errand, config, matcher).run())
}

/// A navigator and a tree.
struct Trial<M> {
    config: TrialConfig,
    deaf_until: Mono,
    navigator: Navigator<M>,
    callee: Callee,
    mouth: Mouth,
    ear: Ear,
    outputs: Vec<(u64, Output)>,
    end: Option<End>,
}

impl<M: Matcher> Trial<M> {
    fn new(score: Arc<Score>, errand: &Errand, config: &TrialConfig, matcher: M) -> Self {
        Self {
            config: *config,
            deaf_until: Mono::from_millis(u64::from(errand.deaf_ms)),
            navigator: Navigator::with_matcher(errand.goal.clone(), config.policy, matcher),
            callee: Callee::new(score, true, config.seed),
            mouth: Mouth::default(),
            ear: Ear::new(
                config.recogniser_ms,
                config.errors_per_mille,
                Rng::with_seed(config.seed),
            ),
            outputs: Vec::new(),
            end: None,
        }
    }

    fn run(mut self) -> Report {
        let mut now = Mono::ZERO;
        let frames_max = u64::from(self.config.seconds_max) * 1_000 / FRAME_MS;
        for _ in 0..frames_max {
            now = now + Duration::from_millis(FRAME_MS);
            self.frame(now);
            if self.end.is_some() {
                break;
            }
        }
        let account = self.callee.errand().tree.clone();
        Report {
            end: self.end,
            node: account.visits.last().map(|visit| visit.node.clone()).unwrap_or_default(),
            seconds: now.as_millis() as f32 / 1_000.0,
            outputs: self.outputs,
            account,
        }
    }

    /// Twenty milliseconds, then everything that follows from them.
    fn frame(&mut self, now: Mono) {
        let (mut ours, mut theirs) = ([0; FRAME_SAMPLES], [0; FRAME_SAMPLES]);
        let is_played = self.mouth.frame(&mut ours);
        self.callee.frame(&ours, &mut theirs);
        let mut is_over = false;
        while let Some(output) = self.callee.poll() {
            match output {
                callee::Output::Recognise { id, .. } => {
                    self.callee.recognised(id, self.mouth.last_words());
                }
                callee::Output::HangUp => is_over = true,
                callee::Output::Press(_) => {}
            }
        }
        if is_played {
            self.tell(now, Input::Played);
        }
        self.ear.frame(now, self.callee.errand());
        if let Some(line) = self.ear.line_change().filter(|_| now >= self.deaf_until) {
            self.tell(now, Input::Line(line));
        }
        while let Some(piece) = self.ear.words(now) {
            if piece.began >= self.deaf_until {
                let (text, is_repeat) = (piece.text.as_str(), piece.is_repeat);
                self.tell(now, Input::Heard { text, began: piece.began, is_repeat });
            }
        }
        if is_over {
            self.tell(now, Input::Line(Line::Over));
        }
        if self.navigator.deadline().is_some_and(|(at, _)| at <= now) {
            self.tell(now, Input::Tick);
        }
    }

    fn tell(&mut self, now: Mono, input: Input<'_>) {
        self.navigator.handle(now, input);
        while let Some(output) = self.navigator.poll() {
            match &output {
                Output::Press { keys, tone_ms, gap_ms } => {
                    self.mouth.press(keys, *tone_ms, *gap_ms)
                }
                Output::Say { text } => self.mouth.say(text),
                Output::Over(end) => self.end = Some(*end),
                Output::Hush => self.mouth.hush(),
                Output::Note(_) | Output::Asks | Output::Ignored { .. } => {}
            }
            self.outputs.push((now.as_millis(), output));
        }
    }
}
