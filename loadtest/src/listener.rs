//! A callee who listens, and speaks now and then: frames rendered before, an account in counts.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use media::Mono;

use crate::account::Account;
use crate::figures::Measured;
use crate::messages::{self, Said, Stream};
use crate::pacing::Pacing;
use crate::playout::Playout;
use crate::voice::Voice;
use crate::websocket::Writer;

/// A frame.
const FRAME: Duration = Duration::from_millis(20);
/// The server may pause, and its sound is not judged, for so long after the callee spoke.
const DISTURBED: Duration = Duration::from_millis(1_000);
/// A burst holds frames back this often, and for how long, in frames.
const BURST_EVERY: u64 = 50;
const BURST_HOLD: u64 = 10;
/// Of so many frames one is dropped, or two change places.
const SPOILT: u64 = 25;
/// Frames sent at once when the generator itself was late; older ones are skipped and counted.
const CATCH_UP_MAX: u64 = 50;

/// What a callee's line does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Reads what the server sends far too slowly.
    SlowReader,
    /// Frames are held back 200 ms each second and come at once.
    Burst,
    /// One frame in 25 never arrives.
    Drop,
    /// Two frames in 25 change places.
    Reorder,
}

/// When the callee speaks, and for how long, in s.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manner {
    /// Length of what it says.
    pub(crate) speech_s: RangeInclusive<f64>,
    /// Silence before it.
    pub(crate) pause_s: RangeInclusive<f64>,
}

/// A callee and its carrier.
#[derive(Debug)]
pub(crate) struct Listener {
    voice: Arc<Voice>,
    stream: Stream,
    manner: Option<Manner>,
    fault: Fault,
    rng: Rng,
    playout: Playout,
    pacing: Pacing,
    frames: u64,
    /// Frames sent of those that were due; the rest wait for the end of a burst.
    sent: u64,
    /// Frames of speech: from, to, which recording.
    speech: (u64, u64, usize),
    pub(crate) account: Account,
}

impl Listener {
    /// A callee whose chance comes from `rng`.
    pub(crate) fn new(
        number: u64,
        voice: Arc<Voice>,
        manner: Option<Manner>,
        fault: Fault,
        rng: Rng,
    ) -> Self {
        Self {
            voice,
            stream: Stream::new(number),
            manner,
            fault,
            rng,
            playout: Playout::default(),
            pacing: Pacing::default(),
            frames: 0,
            sent: 0,
            speech: (u64::MAX, u64::MAX, 0),
            account: Account::default(),
        }
    }

    /// The stream begins.
    pub(crate) fn begin(&mut self, now: Mono, token: &str, out: &mut Writer) {
        self.account.begin(now);
        out.text(self.stream.connected());
        out.text(self.stream.start(token));
        self.next_speech();
    }

    /// The server said something.
    pub(crate) fn said(&mut self, now: Mono, text: &[u8], out: &mut Writer) {
        let position = self.position(now);
        self.playout.advance(position);
        match messages::read(text) {
            Ok(Said::Audio(samples)) => {
                self.account.heard(now);
                self.playout.push(samples);
                self.pacing
                    .frame(now.since(self.account.began()), Duration::from_micros(samples * 125));
            }
            Ok(Said::Mark(name)) => {
                self.account.asked(&name, now);
                self.pacing.mark();
                self.playout.mark(name.into_owned());
            }
            Ok(Said::Clear) => {
                self.account.measured.clears += 1;
                self.pacing.cut();
                self.playout.clear();
            }
            Ok(Said::Echo) => {}
            Err(_) => self.account.measured.misbehaved += 1,
        }
        self.return_marks(now, out);
    }

    /// Sends what is due.
    pub(crate) fn due(&mut self, now: Mono, out: &mut Writer) {
        let position = self.position(now);
        self.playout.advance(position);
        self.return_marks(now, out);
        let whole = position / 160;
        if whole.saturating_sub(self.frames) > CATCH_UP_MAX {
            let skipped = whole - CATCH_UP_MAX - self.frames;
            self.account.measured.unsent += skipped;
            self.frames += skipped;
            self.sent += skipped;
        }
        while self.frames < whole {
            self.speak(now);
            self.frames += 1;
            if self.fault != Fault::Burst || self.frames % BURST_EVERY >= BURST_HOLD {
                self.release(out);
            }
        }
    }

    /// When something is due.
    pub(crate) fn wake(&self) -> Mono {
        let frame = (self.frames + 1) * 160;
        let sample = self.playout.next_mark().map_or(frame, |mark| mark.min(frame));
        self.account.began() + Duration::from_micros(sample * 125)
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self, out: &mut Writer) {
        out.text(self.stream.stop());
    }

    /// Adds up.
    pub(crate) fn finish(mut self, now: Mono) -> Measured {
        self.account.measured.sound_ms = self.playout.received / 8;
        self.account.measured.gaps = self.playout.gaps;
        (self.account.measured.pacing, self.account.measured.lateness_us) = self.pacing.result();
        self.account.finish(now)
    }

    fn position(&self, now: Mono) -> u64 {
        now.since(self.account.began()).as_micros() as u64 / 125
    }

    fn return_marks(&mut self, now: Mono, out: &mut Writer) {
        while let Some(name) = self.playout.poll_mark() {
            out.text(self.stream.mark(&name));
            self.account.returned(&name, now);
        }
    }

    /// Begins to speak, or stops.
    fn speak(&mut self, now: Mono) {
        let (from, to, _) = self.speech;
        if self.frames >= to {
            self.next_speech();
        } else if self.frames >= from {
            // A server that hears somebody pauses on purpose.
            self.pacing.disturb(now.since(self.account.began()) + DISTURBED);
        }
    }

    fn next_speech(&mut self) {
        let Some(manner) = &self.manner else { return };
        let mut frames = |range: &RangeInclusive<f64>| {
            let seconds = range.start() + self.rng.f64() * (range.end() - range.start());
            (seconds / FRAME.as_secs_f64()) as u64
        };
        let from = self.frames + frames(&manner.pause_s).max(1);
        let to = from + frames(&manner.speech_s).max(1);
        self.speech = (from, to, self.rng.usize(..));
    }

    /// Sends the frames that are held back.
    fn release(&mut self, out: &mut Writer) {
        while self.sent < self.frames {
            let number = self.sent;
            self.sent += 1;
            match (self.fault, number % SPOILT) {
                (Fault::Drop, 0) => continue,
                (Fault::Reorder, 1) => self.frame(number - 1, out),
                (Fault::Reorder, 0) => self.frame(number + 1, out),
                _ => self.frame(number, out),
            }
        }
    }

    fn frame(&mut self, number: u64, out: &mut Writer) {
        let (from, to, which) = self.speech;
        let payload = if (from..to).contains(&number) {
            self.voice.speech(which, number - from)
        } else {
            self.voice.room(number)
        };
        let text = self.stream.media(payload, number * 20);
        out.text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(ms)
    }

    fn listener(manner: Option<Manner>, fault: Fault) -> (Listener, Writer) {
        let voice = Arc::new(Voice::shipped());
        let mut listener = Listener::new(1, voice, manner, fault, Rng::with_seed(1));
        let mut out = Writer::new(0);
        listener.begin(at(0), "token", &mut out);
        out.bytes.clear();
        (listener, out)
    }

    /// Frames that go out in each 20 ms of `ms`.
    fn frames_out(fault: Fault, ms: u64) -> Vec<usize> {
        let (mut listener, mut out) = listener(None, fault);
        let mut counts = Vec::new();
        for frame in 1..=ms / 20 {
            assert!(listener.wake() <= at(frame * 20), "due");
            listener.due(at(frame * 20), &mut out);
            // A frame's message is 300 to 450 bytes long.
            counts.push((out.bytes.len() + 100) / 400);
            out.bytes.clear();
        }
        counts
    }

    #[test]
    fn a_frame_leaves_every_20_ms_and_faults_spoil_that() {
        assert!(frames_out(Fault::None, 2_000).iter().all(|count| *count == 1));
        assert_eq!(frames_out(Fault::Drop, 2_000).iter().sum::<usize>(), 96);
        assert_eq!(frames_out(Fault::Reorder, 2_000).iter().sum::<usize>(), 100);
        let burst = frames_out(Fault::Burst, 2_000);
        assert!(burst.iter().filter(|count| **count == 0).count() >= 18, "{burst:?}");
        assert!(burst.iter().any(|count| *count >= 8), "{burst:?}");
    }

    #[test]
    fn marks_return_when_the_sound_before_them_has_played() {
        let (mut listener, mut out) = listener(None, Fault::None);
        let payload = base64_simd::STANDARD.encode_to_string([0x10; 800]);
        let media = format!(r#"{{"event":"media","media":{{"payload":"{payload}"}}}}"#);
        listener.said(at(5), media.as_bytes(), &mut out);
        listener.said(at(5), br#"{"event":"mark","mark":{"name":"m"}}"#, &mut out);
        assert!(out.bytes.is_empty());
        listener.due(at(124), &mut out);
        assert_eq!(listener.account.measured.marks_returned, 0);
        listener.due(at(125), &mut out);
        let measured = listener.finish(at(2_000));
        assert_eq!((measured.marks, measured.marks_returned), (1, 1));
        assert_eq!(measured.mark_us, [120_000]);
        assert_eq!(measured.first_sound_us, Some(5_000));
        assert_eq!(measured.sound_ms, 100);
    }

    #[test]
    fn the_servers_sound_is_not_judged_while_the_callee_speaks() {
        let manner = Manner { speech_s: 1.0..=1.0, pause_s: 1.0..=1.0 };
        let frames = |manner| {
            let (mut listener, mut out) = listener(manner, Fault::None);
            for frame in 1..150_u64 {
                listener.due(at(frame * 20), &mut out);
                let payload = base64_simd::STANDARD.encode_to_string([0x10; 160]);
                let media = format!(r#"{{"event":"media","media":{{"payload":"{payload}"}}}}"#);
                listener.said(at(frame * 20), media.as_bytes(), &mut out);
            }
            listener.finish(at(3_000)).pacing.frames
        };
        assert_eq!(frames(None), 149);
        assert!((40..70).contains(&frames(Some(manner))));
    }
}
