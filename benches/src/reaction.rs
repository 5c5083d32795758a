//! How soon a circuit reacts to a callee who speaks over it, in virtual time: what the policy and
//! the frame's own length cost, and nothing of the machine.

use std::time::Duration;

use crate::{
    sound::{self, CALLEES},
    talk::{FRAME, Talk},
};

/// Speech begins where 10 ms are this loud: the rooms of the recordings hum 10 dB below.
const LOUD_DBFS: f32 = -35.0;
/// Samples of an interruption.
const SPEECH_SAMPLES: usize = 8_000;
/// What the callee says begins at each of this many places in a frame.
const OFFSETS: usize = 16;

/// One callee, who begins to speak somewhere in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    /// From the first sample of speech to the agent standing still; with the callee's frame.
    pub paused: Option<Duration>,
    /// To the agent giving up what it was saying, when the judge agrees at once.
    pub interrupted: Option<Duration>,
}

/// Each of [`CALLEES`] interrupts at 16 places of a frame.
pub fn reactions() -> Vec<Reaction> {
    let spoken = CALLEES.iter().map(|name| beginning(&sound::recording(name)));
    spoken.flat_map(|speech| (0..OFFSETS).map(move |n| react(&speech, n * 160 / OFFSETS))).collect()
}

/// A second of it, from the first sample of speech.
fn beginning(recording: &[i16]) -> Vec<i16> {
    let loud = |hop: &[i16]| media::mix::Level::of(hop).rms_dbfs > LOUD_DBFS;
    let from = recording.chunks(80).position(loud).unwrap_or(0) * 80;
    recording[from..].iter().copied().take(SPEECH_SAMPLES).collect()
}

fn react(speech: &[i16], offset: usize) -> Reaction {
    let quiet = 100 * 160 + offset;
    let mut callee = sound::hiss(quiet);
    callee.extend_from_slice(speech);
    let ticks = callee.len() / 160;
    let mut talk = Talk::new(&callee);
    let mut reaction = Reaction { paused: None, interrupted: None };
    for tick in 1..=ticks as u32 {
        let seen = talk.tick();
        // A frame is in when its last sample is.
        let since = (tick * FRAME).checked_sub(Duration::from_micros(quiet as u64 * 125));
        if seen.paused {
            reaction.paused = reaction.paused.or(since);
        }
        if seen.interrupted {
            reaction.interrupted = since;
            break;
        }
    }
    reaction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_heard_soon() {
        for reaction in reactions() {
            assert!(reaction.paused <= reaction.interrupted, "{reaction:?}");
            assert!(
                reaction.interrupted.is_some_and(|it| it < Duration::from_millis(500)),
                "{reaction:?}"
            );
        }
    }
}
