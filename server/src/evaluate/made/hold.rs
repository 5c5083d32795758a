//! Hold of every kind, and somebody who picks up in the end.

use fastrand::Rng;

use super::{
    line::{carry, pick, samples, tone, within},
    music,
    phrases::Book,
    studio::{Speaker, Studio},
};
use crate::evaluate::label::{Is, Label, Span};

/// What is heard while waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Music,
    /// Music that stops for announcements.
    Announcements,
    /// Music that goes on under announcements.
    VoiceOver,
    Silence,
    /// The same announcement again and again, with nothing in between.
    Loop,
    /// A beep every 15 s.
    Beeps,
    /// The place in the queue.
    Position,
    /// Adverts, jingles.
    Adverts,
    /// Music, ring-back, music.
    RingBack,
}

const KINDS: [Kind; 9] = [
    Kind::Music,
    Kind::Announcements,
    Kind::VoiceOver,
    Kind::Silence,
    Kind::Loop,
    Kind::Beeps,
    Kind::Position,
    Kind::Adverts,
    Kind::RingBack,
];

/// A wait of at least so many s.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    kind: Kind,
    turn: usize,
    seconds: f32,
}

pub(super) fn plans(each: usize, seconds: f32) -> Vec<Hold> {
    let of = |kind| (0..each).map(move |turn| Hold { kind, turn, seconds });
    KINDS.into_iter().flat_map(of).collect()
}

impl Hold {
    fn name(self) -> &'static str {
        match self.kind {
            Kind::Music => "music",
            Kind::Announcements => "announcements",
            Kind::VoiceOver => "voice-over",
            Kind::Silence => "silent hold",
            Kind::Loop => "looped announcement",
            Kind::Beeps => "beeps",
            Kind::Position => "queue position",
            Kind::Adverts => "adverts",
            Kind::RingBack => "ring-back",
        }
    }

    pub(super) fn make(
        self,
        studio: &Studio,
        book: &Book,
        speakers: &[Speaker<'_>],
        rng: &mut Rng,
    ) -> (Label, Vec<i16>) {
        let phrases = &book.phrases;
        let say = |from: usize, text: &String| {
            let mut order = (0..speakers.len()).map(|by| speakers[(from + by) % speakers.len()]);
            order.find_map(|speaker| studio.say(speaker, text)).unwrap_or_default()
        };
        let announced = |number: usize| {
            say(self.turn, &phrases.announcements[number % phrases.announcements.len()])
        };
        let tune = rng.u64(..);
        let played = |seconds| music::play(seconds, tune);
        let mut sound = silence(within(rng, 0.3, 1.0));
        sound.extend(announced(0));
        sound.extend(silence(within(rng, 0.2, 0.6)));
        let mut round = 0;
        while sound.len() < samples(self.seconds) {
            round += 1;
            match self.kind {
                Kind::Music => sound.extend(played(self.seconds)),
                Kind::Announcements => {
                    sound.extend(played(within(rng, 15.0, 25.0)));
                    sound.extend(silence(within(rng, 0.1, 0.5)));
                    sound.extend(announced(rng.usize(..)));
                    sound.extend(silence(within(rng, 0.1, 0.5)));
                }
                Kind::VoiceOver => {
                    let mut under = played(24.0);
                    let over = announced(rng.usize(..));
                    let from = samples(within(rng, 8.0, 14.0));
                    for (place, voice) in under[from..].iter_mut().zip(over) {
                        *place = 0.35 * *place + voice;
                    }
                    sound.extend(under);
                }
                Kind::Silence => sound.extend(silence(self.seconds)),
                Kind::Loop => {
                    sound.extend(silence(within(rng, 6.0, 20.0)));
                    sound.extend(announced(round % 2));
                }
                Kind::Beeps => {
                    sound.extend(silence(14.6));
                    sound.extend(tone(&[1_400.0], 0.4, 3_000.0));
                }
                Kind::Position => {
                    sound.extend(played(within(rng, 18.0, 30.0)));
                    sound.extend(silence(within(rng, 0.1, 0.4)));
                    let places = &phrases.positions;
                    sound.extend(say(self.turn, &places[(round - 1).min(places.len() - 1)]));
                    sound.extend(silence(within(rng, 0.1, 0.4)));
                }
                Kind::Adverts => {
                    sound.extend(say(rng.usize(..8), pick(rng, &phrases.adverts)));
                    sound.extend(silence(within(rng, 0.1, 0.6)));
                    sound.extend(music::play(within(rng, 4.0, 9.0), tune ^ (round as u64 % 3)));
                }
                Kind::RingBack => {
                    sound.extend(played(within(rng, 12.0, 30.0)));
                    sound.extend(silence(0.5));
                    for _ in 0..2 {
                        sound.extend(tone(&[440.0, 480.0], 2.0, 3_000.0));
                        sound.extend(silence(4.0));
                    }
                }
            }
        }
        sound.extend(silence(within(rng, 0.2, 0.9)));
        let picked_up = sound.len();
        sound.extend(say(self.turn + 1, &phrases.pickups[rng.usize(..phrases.pickups.len())]));
        let phrase_end = sound.len();
        sound.extend(silence(4.0));
        let seconds = |at: usize| at as f64 / 8_000.0;
        let spans = vec![
            Span { from: 0.0, to: seconds(picked_up), is: Is::Hold, phrase_end: None },
            Span {
                from: seconds(picked_up),
                to: seconds(sound.len()),
                is: Is::Human,
                phrase_end: Some(seconds(phrase_end)),
            },
        ];
        let noise_dbfs = [within(rng, -75.0, -62.0), within(rng, -58.0, -46.0)];
        let line = carry(&sound, noise_dbfs, picked_up.saturating_sub(1_500), rng);
        let (kind, answered) = (self.name().to_owned(), Some(0.0));
        (Label { kind, answered, spans, ..Label::default() }, line)
    }
}

fn silence(seconds: f32) -> Vec<f32> {
    vec![0.0; samples(seconds)]
}
