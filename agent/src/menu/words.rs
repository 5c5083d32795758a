//! The words of the navigator: what it is told, what it may do, what it writes down.

use std::fmt;

use dtmf::Digit;
use media::Mono;
use serde::{Deserialize, Serialize};

/// Something happened on the line.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<'a> {
    /// A piece of what they said, as the recogniser gave it. One that began at the same moment as the
    /// last is that one, better or further understood.
    Heard {
        /// The words.
        text: &'a str,
        /// When its first sound came.
        began: Mono,
        /// The same sound was heard before on this call (by fingerprint).
        is_repeat: bool,
    },
    /// The line sounds different from before.
    Line(Line),
    /// The last key or word asked for has sounded to its end.
    Played,
    /// Do this: the choice of somebody who decides instead of the navigator.
    Act(Action),
    /// It was no person and no mailbox after all, or there is another menu behind: what was learnt is
    /// still known.
    GoOn,
    /// The deadline has come.
    Tick,
}

/// What the line sounds like: as much of the line state as a menu needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Nothing.
    Quiet,
    /// Speech, of a machine as far as anybody knows.
    Speaking,
    /// Hold music.
    Music,
    /// Ring-back.
    Ringing,
    /// A mailbox's beep.
    Beep,
    /// A person.
    Person,
    /// The call is over.
    Over,
}

/// What can be done in a menu; a model may be offered the same as tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Press keys.
    Press {
        /// In order.
        keys: Vec<Digit>,
    },
    /// Say words.
    Say {
        /// The words.
        text: String,
    },
    /// Listen on.
    Wait,
    /// Return to the menu before, as this menu offers it.
    GoBack,
    /// Ask for a person, as this menu offers it; else by "0", then by "representative".
    AskForPerson,
    /// Leave the menu for good.
    GiveUp {
        /// Why.
        reason: Reason,
    },
}

/// Why the navigator gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing on offer leads to the goal, and no person can be had.
    NoWay,
    /// Round and round.
    Loop,
    /// They are closed.
    Closed,
    /// They hung up.
    TheyHungUp,
    /// The menu wants a number that the brief does not have.
    NoNumber,
    /// Nothing was heard for long.
    Silence,
    /// It took too many presses or too long.
    TooLong,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A person is there.
    Person,
    /// A mailbox takes messages.
    Mailbox,
    /// Given up.
    GaveUp(Reason),
}

/// What the navigator wants done, or written down.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Drop speech of ours that has not been heard: keys or words follow.
    Hush,
    /// Press keys by the leg's best method; answer with [`Input::Played`].
    Press {
        /// In order.
        keys: Vec<Digit>,
        /// Length of each tone.
        tone_ms: u32,
        /// Silence after each.
        gap_ms: u32,
    },
    /// Say this to its end; answer with [`Input::Played`].
    Say {
        /// The words.
        text: String,
    },
    /// For the transcript.
    Note(Note),
    /// A menu has been heard and somebody else decides: answer with [`Input::Act`].
    Asks,
    /// The navigator is done; it says nothing more, unless told to go on.
    Over(End),
    /// An input that made no sense.
    Ignored {
        /// Its name.
        input: &'static str,
    },
}

/// A line of the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A menu was heard to its end.
    Menu {
        /// Its number on this call, in the order of hearing.
        place: usize,
        /// How often we have been there.
        visits: u32,
        /// What it offers, in plain words.
        offers: Vec<String>,
    },
    /// Keys were pressed or words said.
    Chose {
        /// The keys or the words.
        what: String,
        /// What for.
        topic: String,
        /// 1 for the first try.
        attempt: u32,
    },
    /// What came of it.
    Effect {
        /// The keys or the words.
        what: String,
        /// What was noticed.
        effect: Effect,
        /// From the end of the press until it was certain.
        after_ms: u32,
    },
    /// We were here before.
    Loop {
        /// The menu.
        place: usize,
        /// How often we have been there.
        visits: u32,
        /// Noticed by sound; else by words.
        by_sound: bool,
    },
    /// In a queue or a transfer: nothing to do but wait.
    Holding,
    /// They say that they are closed.
    Closed,
}

/// What a press or an answer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Something new is heard.
    Changed,
    /// Music, ringing, a person: we are passed on.
    PassedOn,
    /// The menu goes on as if nothing had happened.
    Unnoticed,
    /// The menu begins again.
    Repeated,
    /// The menu says that it did not understand.
    Invalid,
    /// Nothing at all is heard.
    Silence,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Menu { place, visits, offers } => {
                let again = if *visits > 1 { ", again" } else { "" };
                write!(f, "menu {}{again}: {}", place + 1, offers.join("; "))
            }
            Self::Chose { what, topic, attempt } => {
                write!(f, "chose {what}")?;
                if !topic.is_empty() {
                    write!(f, " ({topic})")?;
                }
                if *attempt > 1 { write!(f, ", try {attempt}") } else { Ok(()) }
            }
            Self::Effect { what, effect, after_ms } => {
                write!(f, "effect of {what}: {effect}, after {:.1} s", *after_ms as f32 / 1_000.0)
            }
            Self::Loop { place, visits, by_sound } => {
                let by = if *by_sound { "sound" } else { "words" };
                write!(f, "back in menu {}, for the {visits}. time, known by its {by}", place + 1)
            }
            Self::Holding => f.write_str("passed on: waiting"),
            Self::Closed => f.write_str("they say that they are closed"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "something new is heard",
            Self::PassedOn => "passed on",
            Self::Unnoticed => "none, the menu goes on",
            Self::Repeated => "none, the menu begins again",
            Self::Invalid => "not understood",
            Self::Silence => "none, silence",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoWay => "nothing on offer leads to the goal, and no person can be had",
            Self::Loop => "the menus go round and round",
            Self::Closed => "they are closed",
            Self::TheyHungUp => "they hung up",
            Self::NoNumber => "the menu wants a number that the brief does not have",
            Self::Silence => "nothing was heard for long",
            Self::TooLong => "it took too long",
        })
    }
}

/// Why the navigator wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Keys or words should have been played by now.
    Played,
    /// The menu has been silent long enough to be over.
    Settled,
    /// It has been silent so long that it will not go on by itself.
    Stale,
    /// The prompt is so long that we press into it.
    Impatient,
    /// Enough is enough.
    Patience,
}

/// How long everything may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The navigator decides by itself; else it waits for [`Input::Act`].
    pub decides: bool,
    /// Silence after which a prompt is over.
    pub settled_ms: u32,
    /// Keys and words that nobody reports as played have been played after this long.
    pub played_ms_max: u32,
    /// Silence after which a press has had no effect.
    pub stale_ms: u32,
    /// Silence after which a menu that offered nothing we want will not say it all again.
    pub again_ms_max: u32,
    /// A prompt longer than this is pressed into, when it has offered what we want.
    pub prompt_ms_max: u32,
    /// Length of a first try's tones and gaps.
    pub tone_ms: u32,
    /// Length of a second try's tones and gaps.
    pub slow_tone_ms: u32,
    /// How often a menu may come back before a person is asked for.
    pub visits_max: u32,
    /// Presses and answers in all.
    pub choices_max: u32,
    /// Silence after which we give up.
    pub silence_ms_max: u32,
    /// Time in menus in all; waiting in queues is not counted.
    pub menus_ms_max: u32,
    /// Time in one queue.
    pub hold_ms_max: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            decides: true,
            settled_ms: 900,
            played_ms_max: 20_000,
            stale_ms: 5_000,
            again_ms_max: 12_000,
            prompt_ms_max: 20_000,
            tone_ms: 100,
            slow_tone_ms: 250,
            visits_max: 4,
            choices_max: 40,
            silence_ms_max: 45_000,
            menus_ms_max: 600_000,
            hold_ms_max: 3_600_000,
        }
    }
}
