//! What is known at a moment: what sounds, since when, who talked how long.

use std::time::Duration;

use dtmf::tone_detector::Kind as ToneKind;
use media::{
    Mono,
    ear::{Change, Kind, Tune},
};

use super::words::{self, Cue};

/// Pauses shorter than this belong to the talk around them.
const BREATH: Duration = Duration::from_millis(800);
/// What lasted so much longer than the music that followed was talk, not music taken for it.
const FALSE_START: Duration = Duration::from_millis(300);
/// A pause of so long may be one between two who speak.
const BETWEEN_TWO: Duration = Duration::from_millis(350);
/// Words that began so much before the talk still belong to it.
const WORDS_BEFORE: Duration = Duration::from_millis(500);

/// Talk with no more than breaths in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Talk {
    pub(super) from: Mono,
    /// End of its last sound so far.
    pub(super) until: Mono,
    /// Its last part: where that began, and the quiet before it.
    pub(super) part_from: Mono,
    pub(super) part_quiet: Duration,
    /// Quiet before it.
    pub(super) quiet_before: Duration,
    pub(super) cue: Option<(Cue, &'static str)>,
    /// When that was said.
    pub(super) cue_at: Mono,
    /// The recogniser understood something.
    pub(super) understood: bool,
    /// When the same was heard before, in s ago.
    pub(super) repeats_s: Option<f32>,
    /// It is the first since the call was answered.
    pub(super) first: bool,
}

impl Talk {
    fn from(from: Mono, quiet_before: Duration, first: bool) -> Self {
        Self {
            from,
            until: from,
            part_from: from,
            part_quiet: quiet_before,
            quiet_before,
            cue: None,
            cue_at: Mono::ZERO,
            understood: false,
            repeats_s: None,
            first,
        }
    }

    pub(super) fn lasted(&self) -> Duration {
        self.until.since(self.from)
    }

    /// It is known to be a recording.
    pub(super) fn is_recorded(&self) -> bool {
        self.repeats_s.is_some() || self.cue.is_some_and(|(cue, _)| !cue.is_said_by_people())
    }
}

/// Everything rules may look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) now: Mono,
    pub(super) sound: Kind,
    pub(super) sound_from: Mono,
    pub(super) tune: Tune,
    pub(super) talk: Option<Talk>,
    /// What sounds was heard before, in s ago.
    pub(super) repeats_s: Option<f32>,
    pub(super) music_until: Option<Mono>,
    /// Since when nothing but a room is heard; of the last such time, if it is over.
    pub(super) pause_from: Mono,
    /// The last change of the room, in dB.
    pub(super) room: Option<(Mono, f32)>,
    /// The tone that is told at this very moment.
    pub(super) tone: Option<ToneKind>,
    /// A tone that says that the call failed, and nothing that contradicts it since.
    pub(super) failing: Option<(Mono, ToneKind)>,
    /// Somebody understands words: a recogniser is there.
    pub(super) recogniser: bool,
    pub(super) answered: Option<Mono>,
    /// Somebody asked us to wait, and when.
    pub(super) wait_asked: Option<Mono>,
    /// Talks that were recordings, by their words or because they were heard before, since a person was last there.
    pub(super) recordings: u32,
    /// What only mailboxes say was said since the call was answered.
    pub(super) mailbox: bool,
    /// When the present state was entered.
    pub(super) since: Mono,
    /// Talks since the call was answered.
    pub(super) talks: u32,
}

impl Facts {
    pub(super) fn new() -> Self {
        Self {
            now: Mono::ZERO,
            sound: Kind::Silence,
            sound_from: Mono::ZERO,
            tune: Tune::default(),
            talk: None,
            repeats_s: None,
            music_until: None,
            pause_from: Mono::ZERO,
            room: None,
            tone: None,
            failing: None,
            recogniser: false,
            answered: None,
            wait_asked: None,
            recordings: 0,
            mailbox: false,
            since: Mono::ZERO,
            talks: 0,
        }
    }

    /// A new answering: what was said before says nothing about who answers now.
    pub(super) fn answered_now(&mut self) {
        self.answered = Some(self.now);
        self.talk = None;
        self.talks = 0;
        self.mailbox = false;
        self.tone = None;
        self.failing = None;
    }

    pub(super) fn hear_tone(&mut self, tone: ToneKind) {
        self.tone = Some(tone);
        let fails = match tone {
            ToneKind::Busy | ToneKind::Reorder | ToneKind::SpecialInformation(_) => true,
            ToneKind::Dial => self.answered.is_some(),
            _ => false,
        };
        // Notes of music and vowels make short tones too.
        if fails && !matches!(self.sound, Kind::Music | Kind::Speech) && self.failing.is_none() {
            self.failing = Some((self.now, tone));
        }
    }

    /// The network itself said that the call failed: three rising tones.
    pub(super) fn special_information(&self) -> bool {
        matches!(self.failing, Some((_, ToneKind::SpecialInformation(_))))
    }

    pub(super) fn hear(&mut self, change: &Change) {
        match *change {
            Change::Sounds { kind, was, since_ms, tune } => {
                let from = self.now - Duration::from_millis(u64::from(since_ms));
                self.sounds(kind, was, from);
                self.tune = tune;
            }
            Change::Repeats { ago_ms } => {
                self.repeats_s = Some(ago_ms as f32 / 1_000.0);
                if let Some(talk) = &mut self.talk {
                    self.recordings += u32::from(!talk.is_recorded());
                    talk.repeats_s = self.repeats_s;
                }
            }
            Change::New => self.repeats_s = None,
            Change::Room { from_dbfs, to_dbfs } => {
                self.room = Some((self.now, to_dbfs - from_dbfs))
            }
        }
    }

    fn sounds(&mut self, kind: Kind, was: Kind, from: Mono) {
        if was == Kind::Speech
            && let Some(talk) = &mut self.talk
        {
            talk.until = talk.until.max(from);
        }
        match (was, kind) {
            // It was music or noise all along, so there was no talk.
            (Kind::Speech, Kind::Music | Kind::Noise) => {
                self.talk = self.talk.filter(|talk| talk.from + FALSE_START < from);
            }
            (Kind::Music, _) => self.music_until = Some(from),
            _ => {}
        }
        // No exchange plays music over its tones, and only after one of them does it speak.
        if kind == Kind::Music || kind == Kind::Speech && !self.special_information() {
            self.failing = None;
        }
        if kind == Kind::Speech {
            let quiet = self.talk.map_or(Duration::MAX, |talk| from.since(talk.until));
            // What follows something repeated without being repeated is somebody else.
            let other =
                self.repeats_s.is_none() && self.talk.is_some_and(|talk| talk.repeats_s.is_some());
            if quiet >= BREATH || was == Kind::Music || other {
                self.talk = Some(Talk::from(from, quiet, self.talks == 0));
                self.talks += 1;
            } else if let Some(talk) = &mut self.talk {
                (talk.part_from, talk.part_quiet) = (from, quiet);
            }
        }
        if kind.is_pause() && !was.is_pause() {
            self.pause_from = from;
        }
        (self.sound, self.sound_from) = (kind, from);
    }

    /// Words spoken from `from` on.
    pub(super) fn understand(&mut self, text: &str, from: Mono) {
        let Some(talk) = &mut self.talk else { return };
        if from + WORDS_BEFORE < talk.from || text.trim().is_empty() {
            return;
        }
        self.recogniser = true;
        let found = words::cue(text);
        let somebody = matches!(found, Some((Cue::Person | Cue::Greeting, _)));
        let machine = talk.cue.is_some_and(|(cue, _)| !cue.is_said_by_people());
        let apart = talk.part_quiet >= BETWEEN_TWO && from + WORDS_BEFORE >= talk.part_from;
        if somebody && machine && apart {
            // A person speaks after the machine, with hardly a pause in between.
            *talk =
                Talk { until: talk.until, ..Talk::from(talk.part_from, talk.part_quiet, false) };
            self.talks += 1;
        }
        talk.understood = true;
        let Some((cue, phrase)) = found else { return };
        if cue.is_sure() || !talk.cue.is_some_and(|(known, _)| known.is_sure()) {
            self.recordings += u32::from(!talk.is_recorded() && !cue.is_said_by_people());
            if talk.cue != Some((cue, phrase)) {
                talk.cue_at = self.now;
            }
            talk.cue = Some((cue, phrase));
        }
        self.mailbox |= matches!(cue, Cue::Mailbox | Cue::Signal);
        if cue == Cue::Wait {
            self.wait_asked = Some(self.now);
        }
    }

    /// How long the present sound has lasted.
    pub(super) fn sound_lasted(&self) -> Duration {
        self.now.since(self.sound_from)
    }

    /// Somebody talks at this moment.
    pub(super) fn talking(&self) -> bool {
        self.sound == Kind::Speech
    }

    /// The talk so far, up to now if it goes on.
    pub(super) fn talked(&self) -> Duration {
        self.talk.map_or(Duration::ZERO, |talk| {
            if self.talking() { self.now.since(talk.from) } else { talk.lasted() }
        })
    }

    /// Quiet since the talk ended, or since anything else was heard after it; none while anything but quiet is heard.
    pub(super) fn quiet_after_talk(&self) -> Option<Duration> {
        let talk = self.talk?;
        self.sound.is_pause().then(|| self.now.since(talk.until.max(self.pause_from)))
    }

    /// Since the talk ended, whatever was heard after it.
    pub(super) fn since_talk(&self) -> Option<Duration> {
        self.talk.map(|talk| self.now.since(talk.until))
    }

    pub(super) fn cue(&self) -> Option<(Cue, &'static str)> {
        self.talk?.cue
    }

    /// What was said since the present state was entered.
    pub(super) fn new_cue(&self) -> Option<(Cue, &'static str)> {
        self.talk.filter(|talk| talk.cue_at >= self.since)?.cue
    }

    /// A change of the room since the talk began, or shortly before.
    pub(super) fn other_room_db(&self) -> Option<f32> {
        let (at, db) = self.room?;
        let from = self.talk?.from;
        (at + Duration::from_secs(2) > from).then_some(db)
    }
}
