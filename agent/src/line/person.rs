//! A person is there; or it was a mistake, or they put us on hold.

use std::time::Duration;

use media::ear::Kind;

use super::{
    Finding,
    evidence::{Evidence, Reasons},
    facts::Facts,
    machine::passed_on,
    opening::{beep, machine_words, music},
    state::State,
};

/// Within this time of finding a person it is likely to have been a mistake.
const FRESH: Duration = Duration::from_secs(12);
/// A recording goes on for so long.
const RECORDING_TALK_MIN: Duration = Duration::from_millis(4_500);
/// Whoever asked us to wait is away after so much quiet.
const AWAY_MIN: Duration = Duration::from_millis(4_000);
/// For how long the request to wait counts.
const WAIT_ASKED_MAX: Duration = Duration::from_secs(20);

/// A person.
pub(super) fn present(facts: &Facts) -> Option<Finding> {
    let fresh = facts.now.since(facts.since) < FRESH;
    passed_on(facts)
        .or_else(|| music(facts))
        .or_else(|| beep(facts).filter(|_| fresh))
        // People say some of what machines say; hardly the surest of it, and not so soon.
        .or_else(|| {
            let machine = machine_words(facts).filter(|found| found.state != State::Ended);
            machine.filter(|found| fresh || found.state == State::Ivr)
        })
        .or_else(|| recorded(facts, fresh))
        .or_else(|| away(facts))
}

/// It was a recording after all.
fn recorded(facts: &Facts, fresh: bool) -> Option<Finding> {
    let talk = facts.talk.filter(|_| facts.talking())?;
    if let Some(ago) = talk.repeats_s {
        return Some(Finding::of(State::HoldMessage, 0.8, Evidence::Repeats(ago)));
    }
    let talked = facts.talked();
    let went_on = talk.quiet_before < Duration::from_millis(1_600);
    (fresh && went_on && talk.cue.is_none() && talked >= RECORDING_TALK_MIN)
        .then(|| Finding::of(State::VoicemailGreeting, 0.6, Evidence::Talk(talked.as_secs_f32())))
}

/// They asked us to wait, and it is quiet.
fn away(facts: &Facts) -> Option<Finding> {
    let asked = facts.wait_asked?;
    let quiet = facts.sound_lasted();
    let away = facts.sound == Kind::Silence && quiet >= AWAY_MIN;
    (away && facts.now.since(asked) < WAIT_ASKED_MAX).then(|| {
        let reasons = Reasons::from(Evidence::Words("wait"));
        Finding::of(State::HoldSilence, 0.7, reasons.and(Evidence::Quiet(quiet.as_secs_f32())))
    })
}
