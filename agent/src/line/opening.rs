//! From dialling to knowing who answered.

use std::time::Duration;

use dtmf::tone_detector::Kind as ToneKind;
use media::ear::Kind;

use super::{
    Finding,
    evidence::{Evidence, Reasons},
    facts::Facts,
    state::State,
    tone::Tone,
    words::Cue,
};

/// Ring-back pauses 4 s at most (ITU-T E.180 supplement 2: up to 5 s); longer quiet means that it stopped.
const RING_PAUSE_MAX: Duration = Duration::from_millis(5_000);
/// Talk for so long is no mistake of the ear.
const TALK_MIN: Duration = Duration::from_millis(300);
/// Nothing said for so long after the answer.
const SILENT_MIN: Duration = Duration::from_millis(4_000);
/// Nobody who picks up talks for so long without waiting for an answer.
const PERSON_TALK_MAX: Duration = Duration::from_millis(6_000);
/// Nothing but a failing call's tone for so long: it failed.
pub(super) const ENDED_CONFIRMED: Duration = Duration::from_millis(2_500);
/// Quiet after an announcement that there is no such line.
const ANNOUNCED: Duration = Duration::from_millis(1_500);
/// Music within this time: a tone may have been one of its notes.
const MUSIC_NEAR: Duration = Duration::from_secs(10);
/// Talk of this length in one go is likelier a recording.
const MACHINE_TALK_MIN: Duration = Duration::from_millis(4_500);

/// Tones that end a call or name a machine. That a call is over is hardly taken back: once somebody or something was
/// heard, the tone alone is not enough, and nothing else may sound for a while.
pub(super) fn fatal_tone(facts: &Facts) -> Option<Finding> {
    if let Some((at, tone)) = facts.failing {
        let alone = facts.answered.is_none() && facts.talks == 0 && facts.music_until.is_none();
        let lasted = facts.now.since(at);
        if alone || lasted >= ENDED_CONFIRMED {
            let reasons = Reasons::from(Evidence::Tone(Tone(tone)));
            let reasons = reasons.and(Evidence::NothingSaid(lasted.as_secs_f32()));
            return Some(Finding::of(State::Ended, 0.95, reasons));
        }
    }
    // Notes of music and vowels make short tones too.
    let musical = facts.music_until.is_some_and(|until| facts.now.since(until) < MUSIC_NEAR);
    let tone =
        facts.tone.filter(|_| !musical && !matches!(facts.sound, Kind::Music | Kind::Speech))?;
    matches!(tone, ToneKind::FaxCalling | ToneKind::FaxAnswer | ToneKind::ModemAnswer)
        .then(|| Finding::of(State::Fax, 0.95, Evidence::Tone(Tone(tone))))
}

/// It was not over after all: music plays, or somebody asks.
pub(super) fn revived(facts: &Facts) -> Option<Finding> {
    music(facts).or_else(|| {
        let (_, phrase) = facts.new_cue().filter(|(cue, _)| *cue == Cue::Person)?;
        Some(Finding::of(State::AnsweredUndecided, 0.8, Evidence::Words(phrase)))
    })
}

/// Music, and what it is like.
pub(super) fn music(facts: &Facts) -> Option<Finding> {
    if facts.sound != Kind::Music {
        return None;
    }
    let tune = &facts.tune;
    let mut reasons = Reasons::default();
    if tune.beat >= 0.35 {
        reasons = reasons.and(Evidence::Beat(tune.beat_bpm));
    }
    if tune.no_pause_s >= 1.0 {
        reasons = reasons.and(Evidence::NoPause(tune.no_pause_s));
    }
    reasons = reasons.and(Evidence::HeldNotes(tune.held));
    if let Some(ago) = facts.repeats_s {
        reasons = reasons.and(Evidence::Repeats(ago));
    }
    let confidence = 0.8 + 0.15 * tune.beat.clamp(0.0, 1.0);
    Some(Finding::of(State::HoldMusic, confidence, reasons))
}

/// Dialling or ringing.
pub(super) fn before_answer(facts: &Facts) -> Option<Finding> {
    if facts.tone == Some(ToneKind::Ringback) {
        return Some(Finding::of(State::Ringback, 0.95, Evidence::Tone(Tone(ToneKind::Ringback))));
    }
    if let Some(found) = fatal_tone(facts).or_else(|| music(facts)) {
        return Some(found);
    }
    if facts.talking() && facts.sound_lasted() >= TALK_MIN {
        let talk = Evidence::Talk(facts.talked().as_secs_f32());
        return Some(Finding::of(State::AnsweredUndecided, 0.8, talk));
    }
    None
}

/// Rings no more, and nobody says anything.
pub(super) fn ring_stopped(facts: &Facts) -> Option<Finding> {
    let quiet = facts.sound_lasted();
    (facts.sound.is_pause() && quiet >= RING_PAUSE_MAX).then(|| {
        Finding::of(State::AnsweredUndecided, 0.6, Evidence::NothingSaid(quiet.as_secs_f32()))
    })
}

/// Answered; who it is is not known yet.
pub(super) fn answered(facts: &Facts) -> Option<Finding> {
    if facts.tone == Some(ToneKind::Ringback) {
        return Some(Finding::of(State::Ringback, 0.9, Evidence::Tone(Tone(ToneKind::Ringback))));
    }
    fatal_tone(facts)
        .or_else(|| music(facts))
        .or_else(|| beep(facts))
        .or_else(|| machine_words(facts))
        .or_else(|| person(facts))
        .or_else(|| recording(facts))
        .or_else(|| silence(facts))
}

/// A beep after talk: a mailbox.
pub(super) fn beep(facts: &Facts) -> Option<Finding> {
    let Some(tone @ ToneKind::Beep { .. }) = facts.tone else { return None };
    let talk = facts.talk?;
    let talked = talk.lasted();
    (talked >= Duration::from_millis(700) && facts.now.since(talk.until) < Duration::from_secs(6))
        .then(|| {
            let reasons = Reasons::from(Evidence::Tone(Tone(tone)));
            Finding::of(State::Beep, 0.9, reasons.and(Evidence::Talk(talked.as_secs_f32())))
        })
}

/// What only machines say.
pub(super) fn machine_words(facts: &Facts) -> Option<Finding> {
    let (cue, phrase) = facts.new_cue()?;
    let (state, confidence) = match cue {
        Cue::NoSuchLine if !is_over(facts) => return None,
        Cue::NoSuchLine => (State::Ended, 0.9),
        Cue::Screening => (State::Screening, 0.93),
        Cue::Mailbox => (State::VoicemailGreeting, 0.95),
        Cue::Signal => (State::VoicemailGreeting, 0.85),
        Cue::Menu => (State::Ivr, 0.93),
        Cue::Queue => (State::HoldMessage, 0.9),
        Cue::Away => (State::VoicemailGreeting, 0.7),
        // Nobody thanks for waiting who has not let us wait.
        Cue::Thanks if facts.talk.is_some_and(|talk| talk.first) => (State::HoldMessage, 0.7),
        Cue::Person | Cue::Greeting | Cue::Welcome | Cue::Wait | Cue::Thanks => return None,
    };
    Some(Finding::of(state, confidence, Evidence::Words(phrase)))
}

/// Words alone do not end a call: the network's tones went before, or it was the first that was said, and nothing more is.
fn is_over(facts: &Facts) -> bool {
    let first = facts.talk.is_some_and(|talk| talk.first)
        && facts.quiet_after_talk().is_some_and(|quiet| quiet >= ANNOUNCED);
    facts.special_information() || first
}

/// Somebody who said something and waits for an answer.
pub(super) fn person(facts: &Facts) -> Option<Finding> {
    let quiet = facts.quiet_after_talk()?;
    let talk = facts.talk?;
    let talked = talk.lasted();
    let machine = talk.cue.is_some_and(|(cue, _)| !cue.is_said_by_people());
    if talk.repeats_s.is_some() || machine {
        return None;
    }
    let cue = talk.cue.filter(|(cue, _)| matches!(cue, Cue::Person | Cue::Greeting | Cue::Wait));
    let said = |ms| quiet >= Duration::from_millis(ms);
    let welcome = matches!(talk.cue, Some((Cue::Welcome, _)));
    let confidence = match (cue, talked.as_millis()) {
        // A menu may follow a welcome, after a pause.
        (None, _) if welcome && !said(1_500) => return None,
        (Some((Cue::Person | Cue::Wait, _)), _) if said(400) => 0.93,
        // A recording begins with the same, and goes on after a breath.
        (Some(_), ..=1_200) if said(600) => 0.9,
        (Some(_), ..=3_500) if said(800) => 0.9,
        (_, ..=1_200) if said(700) => 0.85,
        (_, 1_201..=3_200) if said(900) => 0.75,
        (_, 3_201..=6_000) if said(1_300) => 0.6,
        _ => return None,
    };
    let mut reasons = Reasons::default();
    if let Some((_, phrase)) = cue {
        reasons = reasons.and(Evidence::Words(phrase));
    }
    reasons =
        reasons.and(Evidence::Talk(talked.as_secs_f32())).and(Evidence::Quiet(quiet.as_secs_f32()));
    Some(Finding::of(State::Human, confidence, reasons))
}

/// Somebody who talks on and on.
fn recording(facts: &Facts) -> Option<Finding> {
    let talked = facts.talked();
    let long = if facts.talking() { MACHINE_TALK_MIN } else { PERSON_TALK_MAX };
    (talked >= long)
        .then(|| Finding::of(State::VoicemailGreeting, 0.6, Evidence::Talk(talked.as_secs_f32())))
}

fn silence(facts: &Facts) -> Option<Finding> {
    let quiet = facts.sound_lasted();
    if facts.talking() {
        return Some(Finding::of(
            State::AnsweredUndecided,
            0.8,
            Evidence::Talk(facts.talked().as_secs_f32()),
        ));
    }
    (facts.talk.is_none() && facts.sound.is_pause() && quiet >= SILENT_MIN)
        .then(|| Finding::of(State::Silence, 0.8, Evidence::NothingSaid(quiet.as_secs_f32())))
}
