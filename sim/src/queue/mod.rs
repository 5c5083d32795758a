//! A hold queue: music, announcements every so often, the place in line, and somebody who picks up.

use serde::{Deserialize, Serialize};

use crate::{
    callee::Sound,
    tree::{Choice, Prompt},
};

/// A frame in ms.
const FRAME_MS: u32 = 20;

/// A queue as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Played over and over; without, silence.
    #[serde(default)]
    pub music: Option<Sound>,
    /// Announcements, in turn.
    #[serde(default)]
    pub say: Vec<Prompt>,
    /// From one announcement to the next, in ms.
    #[serde(default = "Queue::every_ms_default")]
    pub every_ms: u32,
    /// Callers before this one; told with each announcement, one less each time.
    #[serde(default)]
    pub position: Option<u32>,
    /// Keys that are taken while waiting.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// From the beginning to the pickup, in ms.
    pub pickup_ms: u32,
    /// Who picks up.
    pub then: String,
}

/// What a queue does in a frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Does {
    /// Nothing new.
    Nothing,
    /// Announces.
    Says(Vec<Prompt>),
    /// Lets the caller out.
    PicksUp,
}

impl Queue {
    fn every_ms_default() -> u32 {
        20_000
    }

    /// Everything it may play.
    pub(crate) fn sounds(&self) -> Vec<Sound> {
        let positions = (0..=self.position.unwrap_or(0)).map(|place| position(place).sound());
        let positions = positions.filter(|_| self.position.is_some());
        let said = self.say.iter().map(Prompt::sound);
        said.chain(self.music.clone()).chain(positions).collect()
    }
}

fn position(before: u32) -> Prompt {
    Prompt::Text(match before {
        0 => "You are next in line.".to_owned(),
        before => format!("You are caller number {} in line.", before + 1),
    })
}

/// A caller in a queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    waited_ms: u32,
    announced: u32,
}

impl Waiting {
    /// Twenty milliseconds pass.
    pub(crate) fn frame(&mut self, queue: &Queue, is_speaking: bool) -> Does {
        self.waited_ms += FRAME_MS;
        if self.waited_ms >= queue.pickup_ms && !is_speaking {
            return Does::PicksUp;
        }
        let has_something = !queue.say.is_empty() || queue.position.is_some();
        // The first announcement greets; the others come by the clock.
        let due = self.announced * queue.every_ms.max(1_000) + FRAME_MS;
        if !has_something || is_speaking || self.waited_ms < due {
            return Does::Nothing;
        }
        let mut says: Vec<Prompt> = Vec::new();
        let count = queue.say.len();
        says.extend(queue.say.get(self.announced as usize % count.max(1)).cloned());
        says.extend(queue.position.map(|before| position(before.saturating_sub(self.announced))));
        self.announced += 1;
        Does::Says(says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_announces_counts_down_and_picks_up() {
        let queue = Queue {
            music: None,
            say: vec![Prompt::Text("Please hold.".into()), Prompt::Text("Thank you.".into())],
            every_ms: 2_000,
            position: Some(1),
            choices: Vec::new(),
            pickup_ms: 5_000,
            then: "clerk".into(),
        };
        let mut waiting = Waiting::default();
        let mut said = Vec::new();
        let mut ms = 0;
        loop {
            ms += FRAME_MS;
            match waiting.frame(&queue, false) {
                Does::Nothing => {}
                Does::Says(prompts) => said.push((
                    ms,
                    prompts.iter().map(|p| p.text().to_owned()).collect::<Vec<_>>().join(" "),
                )),
                Does::PicksUp => break,
            }
        }
        assert_eq!(ms, 5_000);
        let expected = [
            (20, "Please hold. You are caller number 2 in line."),
            (2_020, "Thank you. You are next in line."),
            (4_020, "Please hold. You are next in line."),
        ];
        assert_eq!(said, expected.map(|(ms, text)| (ms, text.to_owned())));
    }
}
