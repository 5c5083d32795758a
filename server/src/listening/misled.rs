//! A person wrongly believed: in every pause of hold a copy of the watch is told that somebody is there, to see how
//! soon after the next sound it knows better.

use std::time::Duration;

use agent::line::{Input, State, Watch};
use media::{
    Mono,
    ear::{Change, Kind},
};

/// Copies that may be in error at once.
const COPIES_MAX: usize = 16;
/// Who knows no better so long after a sound never will.
pub const NEVER: Duration = Duration::from_secs(15);

/// An error, and how it was found out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    /// The next music or talk after the pause in which a person was believed to be there: when.
    pub sounded: Mono,
    /// And which.
    pub kind: Kind,
    /// From then until nobody is believed to be there; [`NEVER`] when that took longer.
    pub lasted: Duration,
}

/// Copies that err, and what became of others.
#[derive(Default)]
pub struct Misled {
    copies: Vec<(Watch, Option<(Mono, Kind)>)>,
    errors: Vec<Error>,
}

impl Misled {
    /// The watch is about to be told this, at `now`.
    pub fn hear(&mut self, now: Mono, input: Input<'_>, watch: &Watch) {
        let (mut sounds, mut pauses) = (None, false);
        if let Input::Sound(Change::Sounds { kind, was, since_ms, .. }) = input {
            let from = now - Duration::from_millis(u64::from(*since_ms));
            sounds = matches!(kind, Kind::Music | Kind::Speech).then_some((from, *kind));
            pauses = kind.is_pause() && !was.is_pause();
        }
        for (copy, sounded) in &mut self.copies {
            *sounded = sounded.or(sounds);
            copy.handle(now, input);
        }
        self.sort_out(now);
        let waits = watch.state().is_hold() || watch.state() == State::PickupSuspected;
        if pauses && waits && self.copies.len() < COPIES_MAX {
            let mut copy = watch.clone();
            copy.handle(now, input);
            copy.handle(now, Input::Person);
            self.copies.push((copy, None));
        }
    }

    /// Time passes.
    pub fn tick(&mut self, now: Mono) {
        for (copy, _) in &mut self.copies {
            while copy.deadline().is_some_and(|at| at <= now) {
                copy.handle(now, Input::Tick);
            }
        }
        self.sort_out(now);
    }

    /// Errors that are over, oldest first.
    pub fn errors(self) -> Vec<Error> {
        self.errors
    }

    fn sort_out(&mut self, now: Mono) {
        let errors = &mut self.errors;
        self.copies.retain(|(copy, sounded)| {
            let errs = copy.state() == State::Human;
            let Some((sounded, kind)) = *sounded else { return errs };
            let lasted = now.since(sounded);
            let over = !errs || lasted >= NEVER;
            if over {
                errors.push(Error { sounded, kind, lasted: lasted.min(NEVER) });
            }
            !over
        });
    }
}

#[cfg(test)]
mod tests {
    use media::ear::Tune;

    use super::*;

    fn ms(ms: u64) -> Mono {
        Mono::from_millis(ms)
    }

    fn change(kind: Kind, was: Kind) -> Change {
        Change::Sounds { kind, was, since_ms: 100, tune: Tune::default() }
    }

    #[test]
    fn an_error_lasts_from_the_next_sound_until_it_is_taken_back() {
        let (mut misled, mut watch) = (Misled::default(), Watch::new());
        let mut hear = |misled: &mut Misled, at, kind, was| {
            let change = change(kind, was);
            misled.hear(ms(at), Input::Sound(&change), &watch);
            watch.handle(ms(at), Input::Sound(&change));
        };
        hear(&mut misled, 1_000, Kind::Music, Kind::Silence);
        hear(&mut misled, 9_000, Kind::Silence, Kind::Music);
        assert_eq!(misled.copies[0].0.state(), State::Human);
        // A voice alone proves nothing.
        hear(&mut misled, 12_100, Kind::Speech, Kind::Silence);
        misled.tick(ms(12_500));
        assert!(misled.errors.is_empty());
        hear(&mut misled, 13_000, Kind::Music, Kind::Speech);
        assert_eq!(
            misled.errors(),
            [Error {
                sounded: ms(12_000),
                kind: Kind::Speech,
                lasted: Duration::from_millis(1_000)
            }]
        );
    }
}
