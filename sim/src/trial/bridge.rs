//! Calls into which the user is called: who hears whom, and how late.

use std::sync::Arc;

use agent::{
    brief::Brief,
    call::{CallConfig, Output, Policy},
    llm::brain::Brain,
    stt, tts,
};
use media::{
    Mono,
    circuit::{CircuitConfig, Command},
};
use telephony::Direction;

use crate::{
    callee::{Answer, NoSound, Score, Script, Sound, Step},
    line::{Dialect, Line, LineConfig},
    world::{Minds, World, WorldConfig, plain_judge},
};

/// Delay that is not the bridge's, in ms: the frame that is filled at one end, and what the other holds back.
const OTHERS_MS: f64 = 40.0;
/// One frame and 5 ms.
const ADDED_MS_MAX: f64 = 25.0;
/// From being joined until both are heard, in µs: the user has been told who waits.
const LISTENED_US: u64 = 12_000_000;
/// What is compared, in samples: 1.5 s; and the longest delay looked for.
const COMPARED: usize = 12_000;
const LAG_MAX: usize = 1_600;

/// What makes the call ask for its user.
pub const TASK: &str = "When a person answers, connect me.";

/// Two who were joined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Joined {
    /// How much what the user and the callee hear is what the other says, 0 to 1.
    pub likeness: [f64; 2],
    /// How much it is what they say themselves.
    pub own: [f64; 2],
    /// How late the other is heard because of the bridge, in ms.
    pub added_ms: [f64; 2],
}

impl Joined {
    /// Each hears the other, and nobody hears themselves.
    pub fn hear_each_other(&self) -> bool {
        self.likeness.iter().all(|likeness| *likeness > 0.98)
            && self.own.iter().all(|own| *own < 0.3)
    }

    /// They hear each other, and in time.
    pub fn is_right(&self) -> bool {
        self.hear_each_other() && self.added_ms.iter().all(|ms| *ms <= ADDED_MS_MAX)
    }
}

/// A call whose user is called in, over wires without delay; the seed gives both wires and how far their frames are
/// apart. `None`: they were not joined.
///
/// # Errors
/// When a sound cannot be made.
pub fn bridge(seed: u64) -> Result<Option<Joined>, NoSound> {
    joined(seed, 0)
}

/// The same over wires with a delay.
fn joined(seed: u64, wire_ms: u32) -> Result<Option<Joined>, NoSound> {
    let hello = vec![Step::Say(Sound::Burst(900)), Step::Pause { ms: 14_000 }];
    let callee = script("callee", 500, [hello, talks()].concat());
    let phase_ms = (seed / 4 % 20) as u32;
    let quiet = vec![Step::Pause { ms: 11_000 }];
    let user = script("user", 3_000, [quiet, talks()].concat());
    let mut user_line = line(&user, 2 + seed / 2 % 2)?;
    // Frames come from the start of a stream on.
    user_line.attach_ms += phase_ms;
    let heard = ["Hello, this is Ann.", "Okay."];
    let mut world = world(TASK, &heard, [line(&callee, seed % 2)?, user_line], wire_ms);
    world.run(Mono::from_millis(60_000));
    let bridges = |output: &Output| matches!(output, Output::UserSound(Command::Bridge));
    let joined = world.log().call.iter().find(|(_, output)| bridges(output)).map(|(at, _)| *at);
    let (Some(at), Some(callee), Some(user)) = (joined, world.line(), world.user_line()) else {
        return Ok(None);
    };
    let at = Mono::from_micros(at.as_micros() + LISTENED_US);
    let both = [(user, callee), (callee, user)].map(|(ear, mouth)| hears(ear, mouth, at));
    Ok(Some(Joined {
        likeness: both.map(|(likeness, _)| likeness),
        own: [user, callee].map(|line| hears(line, line, at).0),
        added_ms: both.map(|(_, late_ms)| late_ms - OTHERS_MS),
    }))
}

/// How well, and how much later, in ms, one hears what the other says in 1.5 s from `at`.
///
/// # Panics
/// When either line is shorter than that, or keeps no sound.
pub fn hears(ear: &Line, mouth: &Line, at: Mono) -> (f64, f64) {
    let from = mouth.position_at(at) as usize;
    let spoken = &mouth.said()[from..from + COMPARED];
    let start = ear.position_at(at) as usize;
    let energy = |samples: &[i16]| samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    let of_lag = |lag: usize| {
        let heard = &ear.heard()[start + lag..start + lag + spoken.len()];
        let both: f64 = heard.iter().zip(spoken).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        (both / (energy(heard) * energy(spoken)).sqrt().max(1.0), lag as f64 / 8.0)
    };
    (0..LAG_MAX).step_by(2).map(of_lag).fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
}

fn script(name: &str, ring_ms: u32, steps: Vec<Step>) -> Script {
    let answer = Answer::After { ring_ms };
    Script { name: name.into(), answer, jitter_ms: 0, background: None, steps }
}

/// Talks for as long as the call lasts.
pub fn talks() -> Vec<Step> {
    let words = [Step::Say(Sound::Burst(1_300)), Step::Pause { ms: 900 }];
    words.into_iter().cycle().take(40).collect()
}

/// Somebody's line, in Twilio's dialect when the seed is even.
///
/// # Errors
/// When a sound cannot be made.
pub fn line(script: &Script, seed: u64) -> Result<LineConfig, NoSound> {
    let score = Arc::new(Score::mumbled(script)?);
    let dialect = if seed.is_multiple_of(2) { Dialect::Twilio } else { Dialect::Loopback };
    Ok(LineConfig { seed, dialect, ..LineConfig::new(score) })
}

/// A call with this task: the lines of the callee and of a user, and what the recogniser makes of the callee's words.
pub fn world(task: &str, heard: &[&str], lines: [LineConfig; 2], wire_ms: u32) -> World {
    let brief =
        Brief { task: task.into(), bridge_number: "+12125550145".parse().ok(), ..Brief::default() };
    let heard: Vec<_> = heard.iter().map(|&text| text.to_owned()).collect();
    let minds = Minds {
        stt: Box::new(stt::scripted::Scripted::new(heard, stt::scripted::Config::default())),
        llm: Box::new(Brain::new(&brief)),
        tts: Box::new(tts::scripted::Scripted::new(tts::scripted::Script::default())),
        judge: Box::new(plain_judge),
        callee: None,
    };
    let call = CallConfig {
        direction: Direction::Outbound,
        to: "+12125550142".parse().ok(),
        from: None,
        brief,
        policy: Policy { duration_ms_max: 120_000, ..Policy::default() },
    };
    let [line, user] = lines;
    let circuit = CircuitConfig { senses: true, ..CircuitConfig::default() };
    World::new(WorldConfig { line, call, circuit, wire_ms, judge_ms: 5 }, minds).with_user(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hears_the_other_in_time_at_any_phase_over_either_wire() {
        for seed in [0, 1, 2, 3, 29, 62] {
            let joined = bridge(seed).expect("sounds").expect("joined");
            assert!(joined.is_right(), "seed {seed}: {joined:?}");
        }
    }

    #[test]
    fn what_comes_late_is_measured_as_late() {
        let late = joined(5, 9).expect("sounds").expect("joined");
        // Two wires each way, and no more than a frame until the next is due.
        println!("{late:?}");
        assert!(late.added_ms.iter().all(|ms| (17.0..=38.0).contains(ms)), "{late:?}");
        assert!(!joined(5, 40).expect("sounds").expect("joined").is_right());
    }
}
