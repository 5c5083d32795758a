//! The stream's frames, in good order or not.

use media::{Mono, codec::g711::mulaw_encode};
use telephony::{Cause, conformance::Wire};

use super::{HEARD_SAMPLES_MAX, Line, LineOutput, LineState, OUTPUTS_MAX};
use crate::sound::FRAME_SAMPLES;

/// A frame in ms.
const FRAME_MS: u64 = 20;

impl Line {
    /// The stream begins.
    pub(super) fn start_stream(&mut self, at: Mono) {
        self.state = LineState::Streaming;
        self.started_at = at;
        let connected = self.carrier.connected();
        self.out.extend(connected.map(LineOutput::Message));
        if self.config.faults.media_before_start {
            let media = self.carrier.media(&[0xFF; FRAME_SAMPLES], 0);
            self.out.push_back(LineOutput::Message(media));
        }
        let start = self.carrier.start(&self.config.parameters);
        self.out.push_back(LineOutput::Message(start));
    }

    /// The stream ends.
    pub(super) fn stop_stream(&mut self) {
        self.release();
        self.return_marks();
        if self.config.faults.no_stop {
            return;
        }
        let stop = self.carrier.stop();
        self.out.push_back(LineOutput::Message(stop));
        if self.config.faults.media_after_stop {
            let media = self.carrier.media(&[0xFF; FRAME_SAMPLES], self.frames * FRAME_MS);
            self.out.push_back(LineOutput::Message(media));
        }
    }

    /// Plays and speaks up to `now`.
    pub(super) fn stream_until(&mut self, now: Mono) {
        let position = self.position_at(now);
        while self.state == LineState::Streaming {
            self.playout.advance(position);
            let Some(heard) = self.playout.take_frame() else { return };
            // Marks go out before the frame that ended after them.
            self.return_marks();
            self.frame(&heard);
        }
    }

    fn frame(&mut self, heard: &[i16; FRAME_SAMPLES]) {
        let mut said = [0; FRAME_SAMPLES];
        self.callee.frame(heard, &mut said);
        let elapsed_ms = self.frames * FRAME_MS;
        self.frames += 1;
        if self.config.keep_sound && self.said.len() < HEARD_SAMPLES_MAX {
            self.said.extend_from_slice(&said);
        }
        self.misbehave(elapsed_ms);
        self.send(&said, elapsed_ms);
        self.hear_callee();
        if self.config.faults.vanish_ms.is_some_and(|at_ms| elapsed_ms >= u64::from(at_ms))
            && self.state == LineState::Streaming
        {
            self.state = LineState::Ended;
            self.ended = Some((Cause::MediaLost, false));
            self.playout.end();
            self.out.push_back(LineOutput::Closed);
        }
    }

    fn send(&mut self, said: &[i16; FRAME_SAMPLES], elapsed_ms: u64) {
        let faults = &self.config.faults;
        if faults.drop_per_mille > 0 && self.rng.u16(0..1000) < faults.drop_per_mille {
            return;
        }
        let repeat = if faults.double_rate { 2 } else { 1 };
        let encoded = said.iter().flat_map(|&s| std::iter::repeat_n(mulaw_encode(s), repeat));
        self.leftover.extend(encoded);
        let burst = faults.burst;
        let odd_sizes = faults.odd_sizes;
        let holding = burst.is_some_and(|burst| {
            let into_ms = elapsed_ms % u64::from(burst.every_ms.max(1));
            elapsed_ms >= u64::from(burst.every_ms) && into_ms < u64::from(burst.hold_ms)
        });
        while !self.leftover.is_empty() {
            let whole = self.leftover.len();
            let size = if odd_sizes { self.rng.usize(1..400) } else { whole };
            if size > whole {
                break;
            }
            let wire = self.carrier.media(&self.leftover[..size], elapsed_ms);
            self.leftover.drain(..size);
            self.held.push_back(wire);
        }
        if !holding {
            self.release();
        }
    }

    /// Sends what was held back.
    fn release(&mut self) {
        while let Some(wire) = self.held.pop_front() {
            if self.out.len() < OUTPUTS_MAX {
                self.out.push_back(LineOutput::Message(wire));
            } else {
                self.complain("nobody takes the callee's audio: dropped".to_owned());
            }
        }
    }

    fn misbehave(&mut self, elapsed_ms: u64) {
        let due = |at_ms: &u32| elapsed_ms >= u64::from(*at_ms);
        let faults = &self.config.faults;
        let mut sent: Vec<Wire> = Vec::new();
        while faults.garbage_ms.get(self.garbage_sent).is_some_and(due) {
            sent.push(self.carrier.garbage(self.garbage_sent));
            self.garbage_sent += 1;
        }
        if !self.giant_sent && faults.giant_ms.as_ref().is_some_and(due) {
            self.giant_sent = true;
            sent.push(self.carrier.giant());
        }
        if !self.restarted && faults.second_start_ms.as_ref().is_some_and(due) {
            self.restarted = true;
            sent.push(self.carrier.start(&self.config.parameters));
        }
        self.out.extend(sent.into_iter().map(LineOutput::Message));
    }
}
