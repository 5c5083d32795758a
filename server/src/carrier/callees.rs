//! Who can be called: scripts from the directory, with a voice and an ear, and what they tell of each
//! call when it is over.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crossbeam_channel::{Sender, bounded};
use sim::{
    callee::{Errand, Mumble, Score, Script, Voice},
    directory,
    line::{BargeIn, Run},
    recording::Shelf,
};
use telephony::{Cause, E164};

/// Calls whose truth is remembered; the oldest is forgotten.
const TRUTHS_MAX: usize = 1000;
/// Clips waiting for the callees' ear; more are not understood.
const CLIPS_MAX: usize = 64;

/// Text to 8 kHz sound.
pub type Speak = Arc<dyn Fn(&str) -> Vec<i16> + Send + Sync>;
/// 8 kHz sound to text.
pub type Listen = Arc<dyn Fn(&[i16]) -> String + Send + Sync>;

/// One callee's own account of a call.
#[derive(Clone, Debug)]
pub struct Truth {
    /// What it wanted to know, and whether it was told.
    pub errand: Errand,
    /// Its interruptions, and when our sound stopped at its ear.
    pub barge_ins: Vec<BargeIn>,
    /// Our sound as it came out of its telephone.
    pub runs: Vec<Run>,
    /// Why the call ended, and whether the callee ended it.
    pub ended: Option<(Cause, bool)>,
    /// What the carrier had to complain about.
    pub complaints: Vec<String>,
}

/// The accounts of all calls that ended, by our call id.
#[derive(Default)]
pub struct Truths(Mutex<(BTreeMap<String, Truth>, VecDeque<String>)>);

impl Truths {
    /// The account of a call that is over.
    pub fn of(&self, call_id: &str) -> Option<Truth> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get(call_id).cloned()
    }

    pub(super) fn put(&self, call_id: &str, truth: Truth) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.0.insert(call_id.to_owned(), truth);
        all.1.push_back(call_id.to_owned());
        if all.1.len() > TRUTHS_MAX
            && let Some(oldest) = all.1.pop_front()
        {
            all.0.remove(&oldest);
        }
    }
}

/// A clip and where its words go.
pub(super) struct Clip {
    pub(super) id: u32,
    pub(super) samples: Vec<i16>,
    pub(super) reply: Sender<(u32, String)>,
}

/// Everybody who can be called.
pub struct Callees {
    speak: Option<Speak>,
    pub(super) ear: Option<Sender<Clip>>,
    scores: Mutex<BTreeMap<String, Arc<Score>>>,
    pub(super) truths: Arc<Truths>,
}

impl Callees {
    /// Callees that speak with `speak` (else they mumble) and understand with `listen` (else any
    /// speech is an answer to them).
    pub fn new(speak: Option<Speak>, listen: Option<Listen>, truths: Arc<Truths>) -> Arc<Self> {
        let ear = listen.and_then(|listen| {
            let (tx, rx) = bounded::<Clip>(CLIPS_MAX);
            let run = move || {
                while let Ok(clip) = rx.recv() {
                    // A line that is over does not wait for it.
                    let _ = clip.reply.try_send((clip.id, listen(&clip.samples)));
                }
            };
            // Without the thread the callees do not understand words; that is all.
            thread::Builder::new().name("callee-ear".to_owned()).spawn(run).ok().map(|_| tx)
        });
        Arc::new(Self { speak, ear, scores: Mutex::default(), truths })
    }

    /// Who answers at a number.
    pub fn find(&self, number: &E164) -> Script {
        directory::script(number)
    }

    /// A script with its sounds; rendered at the first call.
    pub(super) fn score(&self, script: &Script) -> Result<Arc<Score>, String> {
        let mut scores = self.scores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(score) = scores.get(&script.name) {
            return Ok(Arc::clone(score));
        }
        let mut voice: Box<dyn Voice> = match &self.speak {
            Some(speak) => {
                let speak = Arc::clone(speak);
                Box::new(move |text: &str| speak(text))
            }
            None => Box::new(Mumble),
        };
        let score = Score::render(script, voice.as_mut(), &Shelf::shipped());
        let score = Arc::new(score.map_err(|e| e.to_string())?);
        scores.insert(script.name.clone(), Arc::clone(&score));
        Ok(score)
    }
}
