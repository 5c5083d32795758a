//! A labelled set made from seeds: the embedded voice, recorded voices of `fixtures/ear`, tones, made music, and what
//! lines do to all of it. The two splits share no voice and no words.

mod answer;
mod hold;
mod line;
mod music;
mod phrases;
mod studio;

use std::sync::Arc;

use agent::tts::hibari;
use fastrand::Rng;

use super::label::Label;
use answer::Answer;
use hold::Hold;
use phrases::Book;
use studio::{Making, Studio};

/// Everything that scenes are made from.
pub struct Made {
    books: [(&'static str, Book); 2],
    studio: Studio,
}

/// One recording that can be made.
#[derive(Clone, Debug)]
pub struct Scene {
    split: usize,
    number: usize,
    plan: Plan,
}

#[derive(Clone, Debug)]
enum Plan {
    Answer(Answer),
    Hold(Hold),
}

impl Made {
    /// With the embedded voice, or without: then only the recorded ones speak.
    ///
    /// # Errors
    /// When `fixtures/ear` is not there.
    pub fn new(voice: Option<Arc<hibari::Model>>) -> anyhow::Result<Self> {
        Ok(Self { books: phrases::read()?, studio: Studio::new(voice) })
    }

    /// Everything there is to make; of hold, so many scenes of each kind and as many seconds.
    pub fn scenes(&self, holds: usize, hold_s: f32) -> Vec<Scene> {
        let mut scenes = Vec::new();
        for (split, (name, book)) in self.books.iter().enumerate() {
            let speakers = self.studio.speakers(name, book);
            let answers = answer::plans(book, &speakers).into_iter().map(Plan::Answer);
            let holds = hold::plans(holds, hold_s).into_iter().map(Plan::Hold);
            let plans = answers.chain(holds).enumerate();
            scenes.extend(plans.map(|(number, plan)| Scene { split, number, plan }));
        }
        scenes
    }

    /// Its sound at 8 kHz, and what is on it. The same scene is always the same.
    pub fn make(&self, scene: &Scene) -> (Label, Vec<i16>) {
        let Scene { split, number, plan } = scene;
        let (name, book) = &self.books[*split];
        let mut rng = Rng::with_seed(0x0EA2 + (*split * 10_000 + number) as u64);
        let speakers = self.studio.speakers(name, book);
        let making = Making {
            studio: &self.studio,
            book,
            speakers: &speakers,
            rng: &mut rng,
            sound: Vec::new(),
            label: Label::default(),
        };
        let (mut label, sound) = match plan {
            Plan::Answer(answer) => answer.make(making),
            Plan::Hold(hold) => hold.make(making),
        };
        label.file = format!("{name}-{number:03}-{}.wav", label.kind.replace(' ', "-"));
        label.split = (*name).to_owned();
        (label, sound)
    }
}
