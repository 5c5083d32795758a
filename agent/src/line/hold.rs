//! On hold: wait, and hear when somebody picks up.

use std::time::Duration;

use media::ear::Kind;

use super::{
    Finding,
    evidence::{Evidence, Reasons},
    facts::{Facts, Talk},
    machine::passed_on,
    opening::{machine_words, music},
    state::State,
    words::Cue,
};

/// Talk for so long may be somebody.
const SUSPECT: Duration = Duration::from_millis(250);
/// Longer talk in one go is an announcement.
const ANNOUNCEMENT_MIN: Duration = Duration::from_millis(6_000);
/// Hold that was music is never quiet for so long.
const MUSIC_NEVER_RESTS: Duration = Duration::from_millis(1_300);
/// Nothing follows what was said, for so long; the first words after a long silence are somebody's sooner.
const NOTHING_FOLLOWS: Duration = Duration::from_millis(2_500);
const LONG_SILENT: Duration = Duration::from_secs(60);
const SPOKEN: Duration = Duration::from_millis(900);
/// After so much quiet hold is silent hold.
const SILENT_MIN: Duration = Duration::from_millis(4_000);
/// Words take so long; recognisers find some in a note too.
const WORDS_MIN: Duration = Duration::from_millis(700);
/// Talk so long ago is no news.
const STALE: Duration = Duration::from_millis(4_500);
/// Music heard within this time: the hold is one with music.
const MUSICAL: Duration = Duration::from_secs(45);

/// Waiting, in one of the states of hold.
pub(super) fn waiting(state: State, facts: &Facts) -> Option<Finding> {
    let found = passed_on(facts)
        .or_else(|| music(facts))
        .or_else(|| announcement(facts))
        .or_else(|| suspicion(state, facts))
        .or_else(|| silent(facts).filter(|_| state != State::TransferPending));
    found.filter(|found| found.state != state)
}

/// Somebody seems to be there.
pub(super) fn suspected(facts: &Facts) -> Option<Finding> {
    passed_on(facts)
        .or_else(|| music(facts))
        .or_else(|| announcement(facts))
        .or_else(|| pickup(facts))
        .or_else(|| silent(facts))
}

/// Talk that is known to be recorded.
fn announcement(facts: &Facts) -> Option<Finding> {
    let talk = facts.talk?;
    if let Some(ago) = talk.repeats_s.filter(|_| facts.talking()) {
        return Some(Finding::of(State::HoldMessage, 0.95, Evidence::Repeats(ago)));
    }
    if let Some(found) = machine_words(facts).filter(|_| facts.talking()) {
        return Some(found);
    }
    let talked = facts.talked();
    let person =
        matches!(talk.cue, Some((Cue::Person | Cue::Greeting | Cue::Wait | Cue::Thanks, _)));
    (facts.talking() && talked >= ANNOUNCEMENT_MIN && !person)
        .then(|| Finding::of(State::HoldMessage, 0.6, Evidence::Talk(talked.as_secs_f32())))
}

/// New talk, and the music gone.
fn suspicion(state: State, facts: &Facts) -> Option<Finding> {
    let talk = facts.talk?;
    let new = talk.repeats_s.is_none() && talk.from >= facts.music_until.unwrap_or_default();
    let long_enough = facts.talked() >= SUSPECT && facts.talked() < ANNOUNCEMENT_MIN;
    // What is known to be a message stays one, unless it is heard that somebody else spoke last.
    let person = matches!(talk.cue, Some((Cue::Person, _))) || facts.other_room_db().is_some();
    let same_talk = state == State::HoldMessage && talk.from < facts.since && !person;
    let recent = facts.talking() || facts.since_talk().is_some_and(|since| since < SILENT_MIN);
    if !(new && long_enough && recent) || same_talk {
        return None;
    }
    let mut reasons = Reasons::from(Evidence::Talk(facts.talked().as_secs_f32()));
    if let Some(until) = facts.music_until {
        reasons = reasons.and(Evidence::MusicGone(facts.now.since(until).as_secs_f32()));
    }
    Some(Finding::of(State::PickupSuspected, 0.5, reasons))
}

/// Somebody who said something and waits.
fn pickup(facts: &Facts) -> Option<Finding> {
    let talk = facts.talk?;
    let quiet = facts.quiet_after_talk()?;
    if talk.repeats_s.is_some() || facts.since_talk()? > STALE {
        return None;
    }
    let other_room = facts.other_room_db();
    let known = talk
        .cue
        .filter(|(cue, _)| matches!(cue, Cue::Person | Cue::Greeting | Cue::Wait | Cue::Thanks));
    let thanks = known.is_some_and(|(cue, _)| cue == Cue::Thanks);
    let musical = facts.music_until.is_some_and(|until| facts.now.since(until) < MUSICAL);
    let lasts = talk.lasted() >= WORDS_MIN;
    let quiet_for = |ms| quiet >= Duration::from_millis(ms);
    let confidence = match talk.lasted().as_millis() {
        _ if known.is_some_and(|(cue, _)| cue == Cue::Person) && quiet_for(400) => 0.95,
        // An announcement that thanks for waiting goes on after a breath.
        _ if thanks && quiet_for(if other_room.is_some() { 700 } else { 900 }) => 0.75,
        _ if known.is_some() && !thanks && quiet_for(500) => 0.9,
        _ if known.is_some() => return None,
        // What is understood and nothing that people say when they pick up is an advert or news of the queue: then
        // only another room speaks for a person, or that nothing follows.
        _ if facts.recogniser => match other_room {
            Some(_) if quiet_for(800) => 0.75,
            None if facts.wait_asked.is_some() && quiet_for(900) => 0.75,
            None if !musical
                && lasts
                && talk.understood
                && nothing_follows(facts, &talk, quiet) =>
            {
                0.6
            }
            _ => return None,
        },
        // Whoever asked us to wait comes back.
        _ if facts.wait_asked.is_some() && quiet_for(700) => 0.8,
        ..=3_200 if other_room.is_some() && quiet_for(600) => 0.8,
        ..=3_200 if musical && quiet_for(800) => 0.75,
        _ if musical && quiet >= MUSIC_NEVER_RESTS => 0.6,
        _ => return None,
    };
    let mut reasons = Reasons::default();
    if let Some((_, phrase)) = known {
        reasons = reasons.and(Evidence::Words(phrase));
    }
    reasons = reasons
        .and(Evidence::Talk(talk.lasted().as_secs_f32()))
        .and(Evidence::Quiet(quiet.as_secs_f32()));
    if let Some(db) = other_room {
        reasons = reasons.and(Evidence::OtherRoom(db));
    }
    Some(Finding::of(State::Human, confidence, reasons))
}

/// Whoever said something that gives nothing away waits for an answer, and this is no hold that speaks into silence now and
/// then. Where music played, soft music may pass for quiet: there that is not enough.
fn nothing_follows(facts: &Facts, talk: &Talk, quiet: Duration) -> bool {
    let enough = if talk.quiet_before >= LONG_SILENT { SPOKEN } else { NOTHING_FOLLOWS };
    facts.recordings < 2 && quiet >= enough
}

fn silent(facts: &Facts) -> Option<Finding> {
    let quiet = facts.sound_lasted();
    (facts.sound.is_pause() && facts.sound != Kind::Music && quiet >= SILENT_MIN)
        .then(|| Finding::of(State::HoldSilence, 0.7, Evidence::Quiet(quiet.as_secs_f32())))
}
