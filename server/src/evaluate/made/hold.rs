//! Hold of every kind, and somebody who picks up in the end.

use super::{
    line::{carry, pick, samples, within},
    music,
    studio::Making,
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

    pub(super) fn make(self, mut making: Making<'_>) -> (Label, Vec<i16>) {
        let tune = making.rng.u64(..);
        making.pause(0.3, 1.0);
        self.announce(&mut making, 0);
        making.pause(0.2, 0.6);
        let mut round = 0;
        while making.seconds() < f64::from(self.seconds) {
            self.round(&mut making, tune, round);
            round += 1;
        }
        making.pause(0.2, 0.9);
        let (from, picked_up) = (making.seconds(), making.sound.len());
        let text = pick(making.rng, &making.book.phrases.pickups);
        making.say(self.turn + 1, text);
        let phrase_end = Some(making.seconds());
        making.silence(4.0);
        let to = making.seconds();
        let Making { sound, mut label, rng, .. } = making;
        (label.kind, label.answered) = (self.name().to_owned(), Some(0.0));
        label.spans = vec![
            Span { from: 0.0, to: from, is: Is::Hold, phrase_end: None },
            Span { from, to, is: Is::Human, phrase_end },
        ];
        // Another room, a moment before they speak.
        let noise_dbfs = [within(rng, -75.0, -62.0), within(rng, -58.0, -46.0)];
        let line = carry(&sound, noise_dbfs, picked_up.saturating_sub(1_500), rng);
        (label, line)
    }

    fn announce(self, making: &mut Making<'_>, number: usize) {
        let announcements = &making.book.phrases.announcements;
        making.say(self.turn, &announcements[number % announcements.len()]);
    }

    /// Once through what this kind of hold is made of.
    fn round(self, making: &mut Making<'_>, tune: u64, round: usize) {
        match self.kind {
            Kind::Music => making.sound.extend(music::play(self.seconds, tune)),
            Kind::Announcements => {
                self.play(making, tune, 15.0, 25.0);
                making.pause(0.1, 0.5);
                let number = making.rng.usize(..);
                self.announce(making, number);
                making.pause(0.1, 0.5);
            }
            Kind::VoiceOver => {
                let mut under = music::play(24.0, tune);
                let (number, begun) = (making.rng.usize(..), making.sound.len());
                self.announce(making, number);
                let over = making.sound.split_off(begun);
                let from = samples(within(making.rng, 8.0, 14.0));
                for (place, voice) in under[from..].iter_mut().zip(over) {
                    *place = 0.35 * *place + voice;
                }
                making.sound.extend(under);
            }
            Kind::Silence => making.silence(self.seconds),
            Kind::Loop => {
                making.pause(6.0, 20.0);
                self.announce(making, round % 2);
            }
            Kind::Beeps => {
                making.silence(14.6);
                making.tone(&[1_400.0], 0.4, 3_000.0);
            }
            Kind::Position => {
                self.play(making, tune, 18.0, 30.0);
                making.pause(0.1, 0.4);
                let places = &making.book.phrases.positions;
                making.say(self.turn, &places[round.min(places.len() - 1)]);
                making.pause(0.1, 0.4);
            }
            Kind::Adverts => {
                let speaker = making.rng.usize(..8);
                let text = pick(making.rng, &making.book.phrases.adverts);
                making.say(speaker, text);
                making.pause(0.1, 0.6);
                self.play(making, tune ^ (round as u64 % 3), 4.0, 9.0);
            }
            Kind::RingBack => {
                self.play(making, tune, 12.0, 30.0);
                making.silence(0.5);
                for _ in 0..2 {
                    making.tone(&[440.0, 480.0], 2.0, 3_000.0);
                    making.silence(4.0);
                }
            }
        }
    }

    /// Music for some time in between.
    fn play(self, making: &mut Making<'_>, tune: u64, from_s: f32, to_s: f32) {
        let seconds = within(making.rng, from_s, to_s);
        making.sound.extend(music::play(seconds, tune));
    }
}
