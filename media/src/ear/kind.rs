//! Which kind of sound it is, with hysteresis.

use super::{Kind, frame::Frame, window::Traits};

/// Nothing sounded for so long, in steps of 20 ms: it is silent. Speech pauses, and music rests longer.
const SILENT_STEPS: u32 = 10;
const SILENT_AFTER_MUSIC_STEPS: u32 = 15;
const REST_STEPS: u32 = 8;
/// Something sounded for so long: it is worth a name.
const NAMED_STEPS: u32 = 8;
/// Share of a step's power in one or two lines that makes a tone, and how long it must hold.
const TONE_LINES_MIN: f32 = 0.9;
/// after silence, within speech (some vowels are nearly one line), and within music (some notes are).
const TONE_STEPS: u32 = 5;
const TONE_IN_SPEECH_STEPS: u32 = 12;
const TONE_IN_MUSIC_STEPS: u32 = 40;
/// Lines of a tone stay within so much, in Hz.
const TONE_DRIFT_HZ: f32 = 9.0;
/// So much of a score counts as an opinion.
const OPINION: f32 = 0.5;
/// Sound that proves to be music so soon was music from its beginning, in steps.
const MUSIC_ALL_ALONG_STEPS: u32 = 75;
/// Steps for which the score must say so before music, speech or noise is called by another name.
const MUSIC_STEPS: u32 = 20;
const SPEECH_STEPS: u32 = 10;
const NOISE_STEPS: u32 = 15;
/// Noise began before the window could tell, in steps.
const NOISE_LATE_STEPS: u32 = 25;
/// Of noise of any colour, peaks stand out as far as chance makes them (octaves of power) and stay as much as chance
/// lets them; it has no pitch, and moves little (dB). Of music, 1 % has so small peaks.
const NOISE_PEAKS_MAX: f32 = 0.69;
const NOISE_HELD_MAX: f32 = 0.47;
const NOISE_VOICED_MAX: f32 = 0.15;
const NOISE_SWING_DB_MAX: f32 = 4.0;
/// Where the judge hears no speech, so many steps of such sound are enough: a room behind somebody who has spoken.
const HUM_STEPS: u32 = 10;
const HUM_AFTER_MUSIC_STEPS: u32 = 12;
const HUM_PEAKS_MAX: f32 = 0.78;
const HUM_JUDGED_MAX: f32 = 0.2;
/// Without a judge, and after music, it is so much softer than what sounded lately, in dB.
const HUM_SOFTER_DB: f32 = 12.0;

/// One step's facts.
pub(super) struct Facts<'a> {
    pub(super) sounds: bool,
    pub(super) level_dbfs: f32,
    pub(super) frame: &'a Frame,
    /// The judge's last verdict, if there is a judge.
    pub(super) judged: Option<f32>,
    /// Of the last second and of the last three.
    pub(super) short: &'a Traits,
    pub(super) long: &'a Traits,
}

/// Another kind than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) was: Kind,
    /// It began so many steps ago.
    pub(super) since_steps: u32,
    /// It began after a silence or instead of something else: what was before it says nothing about it.
    pub(super) fresh: bool,
}

/// Decides, one step at a time.
pub(super) struct Decider {
    pub(super) kind: Kind,
    silent: u32,
    sounding: u32,
    tone: u32,
    tone_hz: [f32; 2],
    /// Steps for which the sound has been like each.
    music: u32,
    speech: u32,
    noise: u32,
    /// Steps without speech or notes, by the judge and by the peaks.
    hum: u32,
    judged: Option<f32>,
    sure: u32,
}

impl Decider {
    pub(super) fn new() -> Self {
        Self {
            kind: Kind::Silence,
            silent: 0,
            sounding: 0,
            tone: 0,
            tone_hz: [0.0; 2],
            music: 0,
            speech: 0,
            noise: 0,
            hum: 0,
            judged: None,
            sure: 0,
        }
    }

    /// Music has just been quiet for long enough that something else may follow.
    pub(super) fn rests(&self) -> bool {
        self.kind == Kind::Music && self.silent == REST_STEPS
    }

    /// What sounds is the room itself.
    pub(super) fn hums(&self) -> bool {
        self.kind == Kind::Noise && self.sounding == 0
    }

    pub(super) fn step(&mut self, facts: &Facts<'_>) -> Option<Found> {
        self.count(facts);
        let (kind, since_steps, fresh) = self.now()?;
        let was = std::mem::replace(&mut self.kind, kind);
        if kind == was {
            return None;
        }
        (self.music, self.speech, self.noise) = (0, 0, 0);
        Some(Found { kind, was, since_steps, fresh })
    }

    fn count(&mut self, facts: &Facts<'_>) {
        self.silent = if facts.sounds { 0 } else { self.silent + 1 };
        // Short pauses do not end a sound.
        self.sounding =
            if self.silent >= SILENT_STEPS { 0 } else { self.sounding + u32::from(facts.sounds) };
        let tone =
            facts.sounds && facts.frame.lines >= TONE_LINES_MIN && self.same_lines(facts.frame);
        self.tone = if tone { self.tone + 1 } else { 0 };
        self.tone_hz = facts.frame.lines_hz;
        if self.kind == Kind::Tone && self.tone > 0
            || self.kind == Kind::Noise && (is_noise(facts.short) || self.hum > 0)
        {
            // Whatever comes after it begins then.
            self.sounding = 0;
        }
        if let Some(judged) = facts.judged {
            let opinion = self.judged.get_or_insert(judged);
            *opinion += (judged - *opinion) * JUDGED_FOLLOWS;
        }
        let sure = facts.sounds && self.judged.is_some_and(|opinion| opinion > SPEECH_SURE);
        self.sure = if sure { self.sure + 1 } else { 0 };
        // A room as loud as the softest sound is heard now and then.
        self.hum = match (facts.sounds, self.kind) {
            (false, Kind::Music) => self.hum,
            (true, _) if !hums(facts, self.kind) => 0,
            _ => self.hum + 1,
        };
        let noise = is_noise(facts.short);
        let score = if noise { 0.0 } else { score(facts.short, facts.long) };
        let more = |count: u32, yes: bool| if yes { count + 1 } else { count.saturating_sub(2) };
        self.music = more(self.music, facts.sounds && self.tone == 0 && score > OPINION);
        self.speech = more(self.speech, facts.sounds && score < -OPINION);
        self.noise = more(self.noise, facts.sounds && noise);
    }

    /// The judge is sure of it.
    fn is_no_speech(&self) -> bool {
        self.judged.is_some_and(|opinion| opinion < NO_SPEECH_SURE)
    }

    fn same_lines(&self, frame: &Frame) -> bool {
        let near = |a: f32, b: f32| (a - b).abs() < TONE_DRIFT_HZ;
        let [a, b] = frame.lines_hz;
        let [c, d] = self.tone_hz;
        near(a, c) || near(a, d) && near(b, c)
    }

    /// Kind, steps since it began, and whether it is fresh; `None`: as before.
    fn now(&self) -> Option<(Kind, u32, bool)> {
        let patience =
            if self.kind == Kind::Music { SILENT_AFTER_MUSIC_STEPS } else { SILENT_STEPS };
        if self.silent >= patience {
            return Some((Kind::Silence, self.silent, false));
        }
        let tone_steps = match self.kind {
            Kind::Speech => TONE_IN_SPEECH_STEPS,
            Kind::Music => TONE_IN_MUSIC_STEPS,
            Kind::Silence | Kind::Noise | Kind::Tone | Kind::Unknown => TONE_STEPS,
        };
        if self.tone >= tone_steps {
            return Some((Kind::Tone, self.tone, false));
        }
        if self.noise >= NOISE_STEPS {
            let all_along = self.sounding < MUSIC_ALL_ALONG_STEPS;
            let since = if all_along { self.sounding } else { self.noise + NOISE_LATE_STEPS };
            return Some((Kind::Noise, since, true));
        }
        let hum_steps = match self.kind {
            Kind::Speech => HUM_STEPS,
            Kind::Music => HUM_AFTER_MUSIC_STEPS,
            _ => u32::MAX,
        };
        if self.hum >= hum_steps {
            return Some((Kind::Noise, self.hum, true));
        }
        match self.kind {
            Kind::Silence | Kind::Tone | Kind::Noise if self.sounding >= NAMED_STEPS => {
                let kind = if self.is_no_speech() { Kind::Unknown } else { Kind::Speech };
                Some((kind, self.sounding, true))
            }
            Kind::Unknown if self.music >= MUSIC_STEPS => Some((Kind::Music, self.sounding, false)),
            Kind::Unknown if self.sure >= SPEECH_SURE_SOON_STEPS => {
                Some((Kind::Speech, self.sure + SPEECH_SURE_STEPS, true))
            }
            Kind::Unknown if self.speech >= SPEECH_STEPS && !self.is_no_speech() => {
                Some((Kind::Speech, self.speech, false))
            }
            Kind::Speech if self.music >= MUSIC_STEPS => {
                let all_along = self.sounding < MUSIC_ALL_ALONG_STEPS;
                Some((Kind::Music, if all_along { self.sounding } else { self.music }, false))
            }
            Kind::Music if self.sure >= SPEECH_SURE_STEPS => {
                Some((Kind::Speech, self.sure + SPEECH_SURE_STEPS, true))
            }
            Kind::Music if self.speech >= SPEECH_STEPS => Some((Kind::Speech, self.speech, true)),
            _ => None,
        }
    }
}

/// What tells music from speech: weights of level swing, held notes, onsets, voicing and pauses, and what they add up
/// to when either is as likely. Fitted by logistic regression to 46 minutes of windows of music and of speech in four
/// languages, clean and at 10 to 25 dB of noise; of a part held back 0.1 to 1.0 % of speech and 1.7 to 2.1 % of music
/// are wrong.
struct Weights {
    swing: f32,
    held: f32,
    rise: f32,
    voiced: f32,
    pauses: f32,
    even: f32,
}

const SHORT: Weights =
    Weights { swing: -0.64, held: 17.6, rise: 2.6, voiced: -7.1, pauses: 6.1, even: 2.7 };
const LONG: Weights =
    Weights { swing: -0.83, held: 20.1, rise: 3.8, voiced: -8.4, pauses: 3.2, even: 2.2 };
/// The windows say nothing before they are so full, in s.
const SHORT_S_MIN: f32 = 0.5;
const LONG_S_MIN: f32 = 1.4;
/// With a neural judge, how much the sound counts, how much the judge, and where it says nothing.
const SOUND_JUDGED: f32 = 0.4;
const JUDGED: f32 = 16.0;
const JUDGED_EVEN: f32 = 0.3;
/// What sounds like this is not music, whatever the judge says.
const UNLIKE_MUSIC: f32 = -7.0;
/// How fast its opinion follows its verdicts, per step.
const JUDGED_FOLLOWS: f32 = 0.15;
/// From here on it is sure of speech, for so many steps; below the other it is sure of none.
const SPEECH_SURE: f32 = 0.6;
const SPEECH_SURE_STEPS: u32 = 8;
/// Where nothing was sure yet, fewer: a short hello in a loud room.
const SPEECH_SURE_SOON_STEPS: u32 = 4;
const NO_SPEECH_SURE: f32 = 0.1;

impl Weights {
    fn score(&self, traits: &Traits) -> f32 {
        self.swing * traits.swing_db
            + self.held * traits.held
            + self.rise * traits.rise
            + self.voiced * traits.voiced
            + self.pauses * traits.pauses
            - self.even
    }
}

/// Nothing but a room, behind somebody who has spoken or music that has ended.
fn hums(facts: &Facts<'_>, kind: Kind) -> bool {
    let softer =
        facts.frame.pitch == 0.0 && facts.level_dbfs < facts.short.level_dbfs - HUM_SOFTER_DB;
    let nobody = match facts.judged {
        Some(judged) => judged < HUM_JUDGED_MAX && (softer || kind != Kind::Music),
        None => softer,
    };
    nobody && facts.frame.peaks < HUM_PEAKS_MAX
}

fn is_noise(short: &Traits) -> bool {
    short.seconds >= SHORT_S_MIN
        && short.peaks < NOISE_PEAKS_MAX
        && short.held < NOISE_HELD_MAX
        && short.voiced < NOISE_VOICED_MAX
        && short.swing_db < NOISE_SWING_DB_MAX
}

/// Above 0 for music, below for speech; 0 when it is too early to say.
fn score(short: &Traits, long: &Traits) -> f32 {
    if short.seconds < SHORT_S_MIN {
        return 0.0;
    }
    let sound = if long.seconds < LONG_S_MIN {
        SHORT.score(short)
    } else {
        0.5 * (SHORT.score(short) + LONG.score(long))
    };
    let Some(judged) = short.judged else { return sound };
    let score = SOUND_JUDGED * sound + JUDGED * (JUDGED_EVEN - judged);
    // What is neither speech nor like music is a cough, a click, a door.
    if sound < UNLIKE_MUSIC { score.min(0.0) } else { score }
}
