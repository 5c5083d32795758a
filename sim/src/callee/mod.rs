//! The person (or machine) who is called: a script played in frames of 20 ms at 8 kHz.
//!
//! ```text
//!   Script (data) ── render with a Voice and a Shelf ──▶ Score (with sounds) ──▶ Callee
//!   Callee::frame(heard, said): one frame in, one frame out; poll: keys, recognition, hang-up
//! ```
//!
//! The recogniser is outside: [`Output::Recognise`] asks, [`Callee::recognised`] answers. A callee
//! that hears no words takes any speech for an answer.

mod errand;
mod listening;
mod score;
mod script;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc};

use dtmf::Digit;
use fastrand::Rng;

pub use errand::{Answered, Errand, Stretch, Turn};
pub use score::{Mumble, NoSound, Score, Voice};
pub use script::{Answer, Background, Patience, Question, Script, Sound, Step};

use crate::{
    ear::words,
    sound::FRAME_SAMPLES,
    tree::{Account, Machine, Tree, Wants},
};
pub(crate) use listening::Listening;

/// A frame in ms.
const FRAME_MS: u32 = 20;
/// How long the callee waits for the recogniser, in ms; then it has understood nothing.
pub const RECOGNITION_MS_MAX: u32 = 5_000;

/// Silence of the agent at the end of our own words that makes what it said before nothing, in ms.
const TALKED_OVER_MS: u32 = 200;

/// Whatever turns sound into words, for callees in virtual time.
pub trait Recogniser {
    /// The words of a clip (8 kHz mono).
    fn text_of(&mut self, samples: &[i16]) -> String;
}

/// What a callee wants besides being heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// It pressed a key.
    Press(Digit),
    /// It wants the words of this clip; answer with [`Callee::recognised`].
    Recognise {
        /// Number of the question.
        id: u32,
        /// 8 kHz mono.
        samples: Vec<i16>,
    },
    /// It hung up.
    HangUp,
}

/// What the step under way waits for.
#[derive(Clone, Debug, PartialEq)]
enum Doing {
    /// The step has not begun.
    Begin,
    /// Silence of so many more frames, then its sound.
    Wait { frames: u32 },
    /// Its own sound is playing.
    Speaking,
    /// The agent's turn.
    Listening { waited_ms: u32, coughed: bool },
    /// The recogniser's answer.
    Recognising { id: u32, waited_ms: u32 },
}

/// A sound on its way out.
#[derive(Clone, Debug)]
struct Playing {
    samples: Arc<[i16]>,
    at: usize,
}

/// A callee on the line.
#[derive(Clone, Debug)]
pub struct Callee {
    score: Arc<Score>,
    hears_words: bool,
    rng: Rng,
    step: usize,
    doing: Doing,
    tries: u32,
    listening: Listening,
    machine: Option<Box<Machine>>,
    voice: Option<Playing>,
    noise: Option<Playing>,
    background: Option<Playing>,
    agent_spoke: bool,
    last_text: String,
    asked: u32,
    sample: u64,
    out: VecDeque<Output>,
    errand: Errand,
}

impl Callee {
    /// A callee who has just answered. With `hears_words` somebody must answer
    /// [`Output::Recognise`].
    pub fn new(score: Arc<Score>, hears_words: bool, seed: u64) -> Self {
        let background = score.script().background.as_ref();
        let background = background.and_then(|b| score.sound(&b.sound));
        Self {
            background: background.map(|samples| Playing { samples, at: 0 }),
            score,
            hears_words,
            rng: Rng::with_seed(seed),
            step: 0,
            doing: Doing::Begin,
            tries: 0,
            listening: Listening::default(),
            machine: None,
            voice: None,
            noise: None,
            agent_spoke: false,
            last_text: String::new(),
            asked: 0,
            sample: 0,
            out: VecDeque::new(),
            errand: Errand::default(),
        }
    }

    /// Twenty milliseconds: `heard` is what came out of the callee's telephone, `said` what goes in.
    pub fn frame(&mut self, heard: &[i16; FRAME_SAMPLES], said: &mut [i16; FRAME_SAMPLES]) {
        self.listening.hear(heard);
        // A finished step hands over to the next one within the frame; steps that take no time are
        // bounded by the script's length.
        for _ in 0..=self.score.script().steps.len() {
            if !self.advance() {
                break;
            }
        }
        said.fill(0);
        let speaking = self.voice.is_some();
        mix(&mut self.voice, said, false);
        // What the agent said under our own words is no answer, unless it is still at it.
        if speaking && self.voice.is_none() && self.listening.quiet_ms >= TALKED_OVER_MS {
            self.listening.open();
        }
        self.with_machine(|machine| machine.frame(heard, said));
        mix(&mut self.noise, said, false);
        mix(&mut self.background, said, true);
        self.sample += FRAME_SAMPLES as u64;
    }

    /// What the callee wants; drain until `None`.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The recogniser's answer. Late ones are ignored.
    pub fn recognised(&mut self, id: u32, text: &str) {
        if self.machine.is_some() && id == self.asked {
            self.with_machine(|machine| machine.recognised(text));
        } else if matches!(self.doing, Doing::Recognising { id: open, .. } if open == id) {
            self.turn_heard(text);
        }
    }

    /// The agent pressed a key beside the sound, as carriers can. People do not hear it.
    pub fn press(&mut self, digit: Digit) {
        if let Some(machine) = &mut self.machine {
            machine.press(digit);
        }
    }

    /// The callee's account so far.
    pub fn errand(&self) -> &Errand {
        &self.errand
    }

    /// Does what is due; `true` when a step was finished and the next may begin in this frame.
    fn advance(&mut self) -> bool {
        let score = Arc::clone(&self.score);
        let Some(step) = score.script().steps.get(self.step) else {
            self.errand.complete = true;
            return false;
        };
        match (step, &mut self.doing) {
            (_, Doing::Recognising { waited_ms, .. }) => {
                *waited_ms += FRAME_MS;
                if *waited_ms >= RECOGNITION_MS_MAX {
                    self.errand.timeouts += 1;
                    self.turn_heard("");
                }
                false
            }
            (_, Doing::Wait { frames }) if *frames > 0 => {
                *frames -= 1;
                false
            }
            (Step::Say(_), Doing::Begin) => {
                self.wait_by_chance();
                true
            }
            (Step::Say(sound), Doing::Wait { .. }) => self.speak(sound),
            (Step::Say(_), _) => self.voice.is_none() && self.next(),
            (Step::Pause { ms }, Doing::Begin) => {
                self.doing = Doing::Wait { frames: ms.div_ceil(FRAME_MS) };
                true
            }
            (Step::Pause { .. }, _) => self.next(),
            (Step::Listen(patience), _) => self.listen(*patience, None),
            (Step::Until { patience, .. }, _) => self.listen(*patience, None),
            (Step::Ask(question), _) => self.ask(question),
            (Step::Interrupt { after_ms, with, timeout_ms }, _) => {
                self.interrupt(*after_ms, with, *timeout_ms)
            }
            (Step::Noise { after_ms, sound }, _) => self.disturb(*after_ms, sound),
            (Step::Expect { name, words }, _) => {
                let answered = self.fits(words);
                self.settle(name, answered, 1);
                self.next()
            }
            (Step::Press { digits }, _) => {
                let keys = digits.chars().filter_map(|key| Digit::try_from(key).ok());
                self.out.extend(keys.map(Output::Press));
                self.next()
            }
            (Step::HangUp, _) => {
                self.hang_up();
                false
            }
            (Step::Tree(tree), _) => self.start_machine(tree),
        }
    }

    fn hang_up(&mut self) {
        self.errand.complete = true;
        self.out.push_back(Output::HangUp);
        self.step = usize::MAX;
    }

    /// A machine takes the line.
    fn start_machine(&mut self, tree: &Tree) -> bool {
        if self.machine.is_none() {
            let account = std::mem::take(&mut self.errand.tree);
            let seed = self.rng.u64(..);
            let mut machine = Machine::new(tree, &self.score, seed, self.sample, account);
            self.errand.tree = machine.swap_account(Account::default());
            self.machine = Some(Box::new(machine));
        }
        false
    }

    /// Lets the machine do something, and does what it wants. The account lives in the errand.
    fn with_machine(&mut self, does: impl FnOnce(&mut Machine)) {
        let Some(mut machine) = self.machine.take() else { return };
        machine.swap_account(std::mem::take(&mut self.errand.tree));
        does(&mut machine);
        let mut person = None;
        while let Some(wants) = machine.poll() {
            match wants {
                Wants::Recognise { samples } if self.hears_words => {
                    self.asked += 1;
                    self.out.push_back(Output::Recognise { id: self.asked, samples });
                }
                Wants::Recognise { .. } => machine.recognised(""),
                Wants::Person { steps } => person = Some(steps),
                Wants::HangUp => self.hang_up(),
            }
        }
        self.errand.tree = machine.swap_account(Account::default());
        let Some(steps) = person else {
            self.machine = Some(machine);
            return;
        };
        self.score = Arc::new(self.score.with_steps(steps));
        (self.step, self.doing) = (0, Doing::Begin);
        self.listening.open();
    }

    fn next(&mut self) -> bool {
        self.step += 1;
        self.tries = 0;
        self.doing = Doing::Begin;
        true
    }

    fn wait_by_chance(&mut self) {
        let jitter_ms = self.score.script().jitter_ms;
        self.doing = Doing::Wait { frames: self.rng.u32(0..=jitter_ms) / FRAME_MS };
    }

    fn speak(&mut self, sound: &Sound) -> bool {
        self.doing = Doing::Speaking;
        self.listening.open();
        let Some(samples) = self.score.sound(sound).filter(|samples| !samples.is_empty()) else {
            return true;
        };
        self.errand.spoken.push(self.stretch(sound, samples.len()));
        self.voice = Some(Playing { samples, at: 0 });
        false
    }

    fn listen(&mut self, patience: Patience, cough_after_ms: Option<u32>) -> bool {
        let Doing::Listening { waited_ms, coughed } = &mut self.doing else {
            self.doing = Doing::Listening { waited_ms: 0, coughed: false };
            return false;
        };
        *waited_ms += FRAME_MS;
        let (waited_ms, coughed) = (*waited_ms, *coughed);
        if let Some(after_ms) = cough_after_ms
            && !coughed
            && self.listening.speech_ms >= after_ms
        {
            self.doing = Doing::Listening { waited_ms, coughed: true };
            self.make_noise(&Sound::Cough);
        }
        if self.listening.ended(patience.silence_ms) {
            self.turn_ended();
        } else if waited_ms >= patience.timeout_ms {
            self.errand.timeouts += 1;
            self.turn_ended();
        }
        false
    }

    fn ask(&mut self, question: &Question) -> bool {
        match self.doing {
            Doing::Begin => {
                self.tries += 1;
                self.wait_by_chance();
                true
            }
            Doing::Wait { .. } => {
                let again = question.again.as_ref().filter(|_| self.tries > 1);
                self.speak(again.unwrap_or(&question.say))
            }
            Doing::Speaking if self.voice.is_some() => false,
            _ => {
                let cough_after_ms = question.cough_after_ms.filter(|_| self.tries == 1);
                self.listen(question.patience, cough_after_ms)
            }
        }
    }

    fn interrupt(&mut self, after_ms: u32, with: &Sound, timeout_ms: u32) -> bool {
        match &mut self.doing {
            Doing::Speaking => self.voice.is_none() && self.next(),
            Doing::Listening { waited_ms, .. } => {
                *waited_ms += FRAME_MS;
                let waited_ms = *waited_ms;
                if self.listening.speech_ms >= after_ms && self.listening.quiet_ms == 0 {
                    self.speak(with);
                    self.errand.interruptions.extend(self.errand.spoken.last().cloned());
                } else if waited_ms >= timeout_ms {
                    self.errand.timeouts += 1;
                    return self.next();
                }
                false
            }
            _ => {
                self.listening.open();
                self.doing = Doing::Listening { waited_ms: 0, coughed: false };
                false
            }
        }
    }

    fn disturb(&mut self, after_ms: u32, sound: &Sound) -> bool {
        if self.doing == Doing::Begin && after_ms > 0 {
            self.listening.open();
            self.doing = Doing::Listening { waited_ms: 0, coughed: false };
            return false;
        }
        if let Doing::Listening { waited_ms, .. } = &mut self.doing {
            *waited_ms += FRAME_MS;
            if *waited_ms >= Patience::default().timeout_ms {
                self.errand.timeouts += 1;
                return self.next();
            }
            if self.listening.speech_ms < after_ms {
                return false;
            }
        }
        self.make_noise(sound);
        self.next()
    }

    fn make_noise(&mut self, sound: &Sound) {
        if let Some(samples) = self.score.sound(sound) {
            self.errand.noises.push(self.stretch(sound, samples.len()));
            self.noise = Some(Playing { samples, at: 0 });
        }
    }

    fn stretch(&self, sound: &Sound, length: usize) -> Stretch {
        let what = match sound {
            Sound::Text(text) | Sound::Wav(text) => text.clone(),
            other => format!("{other:?}"),
        };
        Stretch { from_sample: self.sample, to_sample: self.sample + length as u64, what }
    }

    /// The agent's turn is over: have it recognised, or take it as it is.
    fn turn_ended(&mut self) {
        self.agent_spoke = self.listening.began;
        if self.hears_words && self.agent_spoke {
            self.asked += 1;
            let samples = self.listening.clip().to_vec();
            self.out.push_back(Output::Recognise { id: self.asked, samples });
            self.doing = Doing::Recognising { id: self.asked, waited_ms: 0 };
            self.listening.open();
        } else {
            self.listening.open();
            self.turn_heard("");
        }
    }

    fn turn_heard(&mut self, text: &str) {
        text.clone_into(&mut self.last_text);
        if self.agent_spoke {
            self.errand.turns.push(Turn { to_sample: self.sample, text: text.to_owned() });
        }
        self.doing = Doing::Begin;
        let score = Arc::clone(&self.score);
        match score.script().steps.get(self.step) {
            Some(Step::Ask(question)) => {
                let answered = self.fits(&question.expect);
                if answered || self.tries >= question.tries_max {
                    self.settle(&question.name, answered, self.tries);
                    self.next();
                }
            }
            // Silence to the end of the patience ends the wait, other words do not.
            Some(Step::Until { words, .. }) if self.agent_spoke && !self.fits(words) => {}
            _ => {
                self.next();
            }
        }
    }

    fn fits(&self, expected: &[String]) -> bool {
        if self.hears_words {
            expected.iter().any(|phrase| words::contains(&self.last_text, phrase))
        } else {
            self.agent_spoke
        }
    }

    fn settle(&mut self, question: &str, answered: bool, tries: u32) {
        let (question, text) = (question.to_owned(), self.last_text.clone());
        self.errand.answers.push(Answered { question, answered, tries, text });
    }
}

/// Adds what is due of a sound; drops it at its end, or begins again.
fn mix(playing: &mut Option<Playing>, said: &mut [i16; FRAME_SAMPLES], again: bool) {
    let Some(sound) = playing else { return };
    let mut filled = 0;
    while filled < FRAME_SAMPLES && !sound.samples.is_empty() {
        let part = &sound.samples[sound.at..];
        let count = part.len().min(FRAME_SAMPLES - filled);
        for (out, sample) in said[filled..].iter_mut().zip(&part[..count]) {
            *out = out.saturating_add(*sample);
        }
        filled += count;
        sound.at += count;
        if sound.at < sound.samples.len() {
            continue;
        }
        if !again {
            *playing = None;
            return;
        }
        sound.at = 0;
    }
}
