//! What is played for one frame time: the next frame, concealment or silence.

use super::JitterBuffer;
use crate::time::Mono;

/// Frames between two that are left out though present.
const REST_FRAMES: u32 = 10;

/// What is played.
pub(super) enum Choice {
    Play(usize),
    Conceal,
    Silence,
}

/// What becomes of the next frame.
#[derive(Clone, Copy)]
enum Next {
    Play,
    LeaveOut,
    Conceal,
    Wait,
    Silence,
}

impl JitterBuffer {
    pub(super) fn choose(&mut self, now: Mono) -> Choice {
        let frame_us = i64::from(self.frame_ms) * 1_000;
        let spare = if self.hurries { 2 } else { 3 };
        let max_us = i64::from(self.config.delay_max_ms) * 1_000;
        loop {
            let Some(mut stream) = self.stream else { return Choice::Silence };
            let Some(delay_us) = self.delay_us(now, &stream, stream.next) else {
                return Choice::Silence;
            };
            let excess_us = delay_us - self.delay.target_us();
            if !stream.playing && excess_us < 0 {
                return Choice::Silence;
            }
            let frame = stream.next;
            let here = self.waits(frame);
            let choice = if here {
                let rested = stream.rested >= REST_FRAMES;
                let leave_out = delay_us > max_us || (rested && 2 * excess_us >= spare * frame_us);
                stream.rested = if leave_out { 0 } else { stream.rested.saturating_add(1) };
                if leave_out { Next::LeaveOut } else { Next::Play }
            } else if stream.newest < frame {
                if delay_us <= max_us { Next::Wait } else { Next::Silence }
            } else if excess_us >= frame_us {
                Next::LeaveOut
            } else if excess_us < 0 {
                Next::Wait
            } else {
                Next::Conceal
            };
            stream.playing = true;
            stream.next += i64::from(!matches!(choice, Next::Wait | Next::Silence));
            self.stream = Some(stream);
            match choice {
                Next::Play => return Choice::Play(self.cell_of(frame)),
                Next::LeaveOut => self.give_up(frame),
                Next::Conceal => {
                    self.give_up(frame);
                    return Choice::Conceal;
                }
                Next::Wait => return Choice::Conceal,
                Next::Silence => return Choice::Silence,
            }
        }
    }
}
