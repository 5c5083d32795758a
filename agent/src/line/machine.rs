//! Machines that talk: a screening service, a mailbox, a menu.

use std::time::Duration;

use dtmf::tone_detector::Kind as ToneKind;
use media::ear::Kind;

use super::{
    Finding,
    evidence::{Evidence, Reasons},
    facts::Facts,
    opening::{beep, fatal_tone, machine_words, music, person},
    state::State,
    tone::Tone,
    words::Cue,
};

/// Quiet that ends a greeting without a beep.
const NO_BEEP: Duration = Duration::from_millis(1_500);
/// A greeting this long was no person.
const PERSON_TALK_MAX: Duration = Duration::from_millis(6_000);
/// Talk this long without a beep is rather a menu.
const GREETING_MAX: Duration = Duration::from_millis(14_000);
/// Whoever says so little after so much quiet picked up.
const PICKED_UP_TALK_MAX: Duration = Duration::from_millis(2_500);
const PICKED_UP_QUIET_BEFORE: Duration = Duration::from_millis(1_300);

/// A screening service asked who calls.
pub(super) fn screening(facts: &Facts) -> Option<Finding> {
    passed_on(facts)
        .or_else(|| music(facts))
        // A screening service speaks of tones too.
        .or_else(|| machine_words(facts).filter(|_| matches!(facts.cue(), Some((Cue::Mailbox, _)))))
        .or_else(|| picked_up(facts))
}

/// A mailbox greets.
pub(super) fn greeting(facts: &Facts) -> Option<Finding> {
    let mailbox = facts.mailbox;
    passed_on(facts)
        .or_else(|| music(facts))
        .or_else(|| beep(facts))
        .or_else(|| {
            let screens = matches!(facts.cue(), Some((Cue::Screening, _)));
            machine_words(facts).filter(|_| screens || !mailbox)
        })
        .or_else(|| was_a_person(facts))
        .or_else(|| picked_up(facts))
        .or_else(|| no_beep(facts).filter(|_| mailbox))
        .or_else(|| was_a_menu(facts).filter(|_| !mailbox))
}

/// A mailbox records, or waits to.
pub(super) fn recording(facts: &Facts) -> Option<Finding> {
    // What it said before the beep has been judged.
    let spoken = facts.talk.is_some_and(|talk| talk.from >= facts.since);
    let words = || machine_words(facts).filter(|_| spoken);
    passed_on(facts).or_else(|| music(facts)).or_else(words).or_else(|| {
        let talked = facts.talked();
        if facts.talking() && talked >= Duration::from_millis(2_500) {
            let talk = Evidence::Talk(talked.as_secs_f32());
            return Some(Finding::of(State::VoicemailGreeting, 0.6, talk));
        }
        picked_up(facts)
    })
}

/// A menu talks, or waits for a key.
pub(super) fn menu(facts: &Facts) -> Option<Finding> {
    let sure = |found: &Finding| found.confidence > 0.85;
    passed_on(facts)
        .or_else(|| music(facts))
        .or_else(|| machine_words(facts).filter(sure))
        .or_else(|| beep(facts).filter(|_| facts.talked() < GREETING_MAX))
        .or_else(|| {
            let helpful = matches!(facts.cue(), Some((Cue::Person, _)));
            let greets = matches!(facts.cue(), Some((Cue::Greeting, _)))
                && facts.talked() <= PICKED_UP_TALK_MAX;
            person(facts).filter(|_| helpful || greets)
        })
}

/// It rings again, or is over.
pub(super) fn passed_on(facts: &Facts) -> Option<Finding> {
    let ringing = (facts.tone == Some(ToneKind::Ringback)).then(|| {
        Finding::of(State::TransferPending, 0.95, Evidence::Tone(Tone(ToneKind::Ringback)))
    });
    ringing.or_else(|| fatal_tone(facts))
}

/// A person with a long greeting, who waits now.
fn was_a_person(facts: &Facts) -> Option<Finding> {
    let talk = facts.talk?;
    let plain =
        talk.cue.is_none_or(|(cue, _)| matches!(cue, Cue::Person | Cue::Greeting | Cue::Wait));
    (talk.first && plain && talk.lasted() <= PERSON_TALK_MAX).then(|| person(facts)).flatten()
}

/// Somebody takes the call while a machine has it.
fn picked_up(facts: &Facts) -> Option<Finding> {
    let talk = facts.talk?;
    let known = matches!(talk.cue, Some((Cue::Person | Cue::Greeting, _)));
    let apart = known || talk.quiet_before >= PICKED_UP_QUIET_BEFORE;
    if talk.first || !apart || talk.lasted() > PICKED_UP_TALK_MAX {
        return None;
    }
    let quiet = facts.quiet_after_talk()?;
    let other_room = facts.other_room_db();
    let enough = Duration::from_millis(if known { 500 } else { 1_000 });
    if quiet < enough || !known && other_room.is_none() {
        return None;
    }
    let mut reasons = Reasons::from(Evidence::Talk(talk.lasted().as_secs_f32()))
        .and(Evidence::Quiet(quiet.as_secs_f32()));
    if let Some((_, phrase)) = talk.cue {
        reasons = reasons.and(Evidence::Words(phrase));
    }
    if let Some(db) = other_room {
        reasons = reasons.and(Evidence::OtherRoom(db));
    }
    Some(Finding::of(State::Human, if known { 0.85 } else { 0.6 }, reasons))
}

/// The greeting is over, and no beep came.
fn no_beep(facts: &Facts) -> Option<Finding> {
    let quiet = facts.quiet_after_talk().filter(|quiet| *quiet >= NO_BEEP)?;
    let talked = Evidence::Talk(facts.talked().as_secs_f32());
    let reasons = Reasons::from(talked).and(Evidence::Quiet(quiet.as_secs_f32()));
    Some(Finding::of(State::Beep, 0.6, reasons))
}

/// No mailbox talks for so long, and none says the same twice.
fn was_a_menu(facts: &Facts) -> Option<Finding> {
    if facts.sound != Kind::Speech {
        return None;
    }
    if let Some(ago) = facts.repeats_s {
        return Some(Finding::of(State::Ivr, 0.8, Evidence::Repeats(ago)));
    }
    let talked = facts.talked();
    (talked >= GREETING_MAX)
        .then(|| Finding::of(State::Ivr, 0.5, Evidence::Talk(talked.as_secs_f32())))
}
