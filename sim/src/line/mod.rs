//! The line: a carrier's end of a media stream, with a callee behind it.
//!
//! ```text
//!   agent ──Message──▶ carrier ──▶ playout buffer ──frames──▶ callee
//!   agent ◀─Message── carrier ◀── marks, keys ◀──── frames ── callee
//! ```
//!
//! One machine, `handle / poll / deadline`, in virtual or real time. It keeps the truth of what the
//! callee heard, sample by sample. Positions are samples at 8 kHz since the answer, on the carrier's
//! own clock ([`LineConfig::skew_ppm`] against ours).

mod carrier;
mod faults;
mod playout;
mod stream;
mod truth;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use dtmf::Digit;
use fastrand::Rng;
use media::Mono;
use serde::Serialize;
use telephony::{Cause, Signal, conformance::Wire, stream::Message};

pub use carrier::Dialect;
pub use faults::{Burst, Faults};
pub use playout::{BUFFER_SAMPLES_MAX, Clear, Counts, HEARD_SAMPLES_MAX, Run};
pub use truth::{BargeIn, Gap};

use crate::callee::{self, Answer, Callee, Errand, Score};
use carrier::{Asked, Carrier, Progress};
use playout::Playout;

/// Most outputs waiting to be polled; media beyond is dropped and complained about.
pub const OUTPUTS_MAX: usize = 10_000;
/// Most complaints kept.
const COMPLAINTS_MAX: usize = 1_000;
/// Messages that may cross with the end of the call: a second of sound.
const CROSSING_MAX: u32 = 50;

/// Set-up of one line.
#[derive(Clone, Debug)]
pub struct LineConfig {
    /// Which wire.
    pub dialect: Dialect,
    /// Who answers.
    pub score: Arc<Score>,
    /// Somebody answers [`LineOutput::Recognise`]. Without, any speech is an answer.
    pub hears_words: bool,
    /// The carrier's names for stream and call.
    pub stream_id: String,
    /// The carrier's name for the call.
    pub call_id: String,
    /// Custom parameters of the start; the stream token is `token`.
    pub parameters: BTreeMap<String, String>,
    /// From the answer to the stream's start, in ms.
    pub attach_ms: u32,
    /// Held back by a dry buffer before it plays, in ms.
    pub prebuffer_ms: u32,
    /// The carrier's clock against ours, in parts per million; positive is faster.
    pub skew_ppm: i32,
    /// What it does wrong.
    pub faults: Faults,
    /// Seed of everything left to chance.
    pub seed: u64,
    /// Keep every sample heard and said; counts and runs are always kept.
    pub keep_sound: bool,
}

impl LineConfig {
    /// A well-behaved Twilio line to a callee.
    pub fn new(score: Arc<Score>) -> Self {
        Self {
            dialect: Dialect::Twilio,
            score,
            hears_words: false,
            stream_id: format!("MZ{:032x}", 1),
            call_id: format!("CA{:032x}", 1),
            parameters: BTreeMap::new(),
            attach_ms: 40,
            prebuffer_ms: 20,
            skew_ppm: 0,
            faults: Faults::default(),
            seed: 1,
            keep_sound: true,
        }
    }
}

/// Something happened to the line.
#[derive(Clone, Copy, Debug)]
pub enum LineInput<'a> {
    /// The agent sent a message on the stream.
    Message(Message<'a>),
    /// The words of a clip asked for by [`LineOutput::Recognise`].
    Recognised {
        /// Number of the question.
        id: u32,
        /// The words.
        text: &'a str,
    },
    /// The agent had the carrier press a key beside the sound.
    Digit(Digit),
    /// The agent ended the call (a carrier request, or its end of the stream closed).
    Hangup,
    /// The deadline has come.
    Tick,
}

/// What comes out of the line.
#[derive(Clone, Debug, PartialEq)]
pub enum LineOutput {
    /// A message for the agent on the stream.
    Message(Wire),
    /// Call progress beside the stream: what a carrier's webhooks say. Not on the loopback wire,
    /// which carries it.
    Progress(Signal),
    /// The callee wants the words of this clip.
    Recognise {
        /// Number of the question.
        id: u32,
        /// 8 kHz mono.
        samples: Vec<i16>,
    },
    /// The carrier closed the stream; nothing follows.
    Closed,
}

/// Where the call stands. It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Dialled.
    Dialled,
    /// The callee's telephone rings.
    Ringing,
    /// Answered; the stream is about to start.
    Answered,
    /// Sound flows.
    Streaming,
    /// Over.
    Ended,
}

/// A carrier's end and a callee.
#[derive(Clone, Debug)]
pub struct Line {
    config: LineConfig,
    carrier: Carrier,
    callee: Callee,
    playout: Playout,
    rng: Rng,
    state: LineState,
    dialled_at: Mono,
    /// Start of the stream: position 0.
    started_at: Mono,
    frames: u64,
    held: VecDeque<Wire>,
    leftover: Vec<u8>,
    garbage_sent: usize,
    giant_sent: bool,
    restarted: bool,
    said: Vec<i16>,
    complaints: Vec<String>,
    ended: Option<(Cause, bool)>,
    /// Messages that came after it.
    crossing: u32,
    out: VecDeque<LineOutput>,
}

impl Line {
    /// A line that is dialled at `now`.
    pub fn new(config: LineConfig, now: Mono) -> Self {
        Self {
            carrier: Carrier::new(config.dialect, config.stream_id.clone(), config.call_id.clone()),
            callee: Callee::new(Arc::clone(&config.score), config.hears_words, config.seed),
            playout: Playout::new(config.prebuffer_ms, config.keep_sound),
            rng: Rng::with_seed(config.seed ^ 0x5EED),
            config,
            state: LineState::Dialled,
            dialled_at: now,
            started_at: now,
            frames: 0,
            held: VecDeque::new(),
            leftover: Vec::new(),
            garbage_sent: 0,
            giant_sent: false,
            restarted: false,
            said: Vec::new(),
            complaints: Vec::new(),
            ended: None,
            crossing: 0,
            out: VecDeque::new(),
        }
    }

    /// Something happened. Everything due up to `now` happens first.
    pub fn handle(&mut self, now: Mono, input: LineInput<'_>) {
        self.advance(now);
        match input {
            LineInput::Tick => {}
            LineInput::Hangup => match self.state {
                LineState::Ended => {}
                LineState::Dialled | LineState::Ringing => self.end(Cause::OriginatorCancel, false),
                LineState::Answered | LineState::Streaming => {
                    self.end(Cause::NormalClearing, false);
                }
            },
            LineInput::Recognised { id, text } => self.callee.recognised(id, text),
            LineInput::Digit(digit) => self.callee.press(digit),
            LineInput::Message(message) => self.message(message),
        }
        self.return_marks();
    }

    /// What comes out; drain until `None`.
    pub fn poll(&mut self) -> Option<LineOutput> {
        self.out.pop_front()
    }

    /// When to call again with [`LineInput::Tick`].
    pub fn deadline(&self) -> Option<Mono> {
        match self.state {
            LineState::Dialled => Some(self.dialled_at),
            LineState::Ringing | LineState::Answered => Some(self.next_progress()),
            LineState::Streaming => {
                let frame = (self.frames + 1) * crate::sound::FRAME_SAMPLES as u64;
                let next = self.playout.next_mark().map_or(frame, |mark| mark.min(frame));
                Some(self.time_of(next))
            }
            LineState::Ended => None,
        }
    }

    /// Where the call stands.
    pub fn state(&self) -> LineState {
        self.state
    }

    /// The callee's account.
    pub fn errand(&self) -> &Errand {
        self.callee.errand()
    }

    /// Why the call ended, and whether the callee ended it.
    pub fn ended(&self) -> Option<(Cause, bool)> {
        self.ended
    }

    fn message(&mut self, message: Message<'_>) {
        if self.state == LineState::Ended && self.crossing < CROSSING_MAX {
            self.crossing += 1;
            return;
        }
        if self.state != LineState::Streaming {
            self.complain(format!("a message while the call is {:?}", self.state));
            return;
        }
        match self.carrier.read(message) {
            Ok(Asked::Audio(mulaw)) => {
                let refused = self.playout.counts.refused;
                self.playout.push(&mulaw);
                if self.playout.counts.refused > refused {
                    self.complain("more audio than the buffer holds".to_owned());
                }
            }
            Ok(Asked::Mark(name)) => self.playout.mark(name),
            Ok(Asked::Clear) => self.playout.clear(),
            Err(complaint) => self.complain(complaint),
        }
    }

    /// Everything due up to `now`.
    fn advance(&mut self, now: Mono) {
        loop {
            match self.state {
                LineState::Dialled => self.dial(),
                LineState::Ringing | LineState::Answered if self.next_progress() <= now => {
                    self.progress();
                }
                LineState::Streaming => {
                    self.stream_until(now);
                    return;
                }
                LineState::Ringing | LineState::Answered | LineState::Ended => return,
            }
        }
    }

    fn dial(&mut self) {
        match self.config.score.script().answer {
            Answer::Busy => self.end(Cause::UserBusy, false),
            Answer::Unallocated => self.end(Cause::UnallocatedNumber, false),
            Answer::Unreachable => self.end(Cause::Unreachable, false),
            Answer::After { .. } | Answer::Never { .. } | Answer::Reject { .. } => {
                self.state = LineState::Ringing;
                self.tell(Progress::Ringing);
            }
        }
    }

    /// When ringing, or the wait for the stream, is over.
    fn next_progress(&self) -> Mono {
        let ring_ms = match self.config.score.script().answer {
            Answer::After { ring_ms } | Answer::Reject { ring_ms } => ring_ms,
            Answer::Never { ring_ms_max } => ring_ms_max,
            Answer::Busy | Answer::Unallocated | Answer::Unreachable => 0,
        };
        let attach_ms = if self.state == LineState::Answered { self.config.attach_ms } else { 0 };
        self.dialled_at + Duration::from_millis(u64::from(ring_ms) + u64::from(attach_ms))
    }

    fn progress(&mut self) {
        let at = self.next_progress();
        match (self.state, self.config.score.script().answer) {
            (LineState::Answered, _) => self.start_stream(at),
            (_, Answer::Never { .. }) => self.end(Cause::NoAnswer, false),
            (_, Answer::Reject { .. }) => self.end(Cause::CallRejected, true),
            _ => {
                self.state = LineState::Answered;
                self.tell(Progress::Answered);
            }
        }
    }

    /// Ends the call: stop, progress, close.
    fn end(&mut self, cause: Cause, by_callee: bool) {
        if self.state == LineState::Streaming {
            self.stop_stream();
        }
        self.state = LineState::Ended;
        self.ended = Some((cause, by_callee));
        self.playout.end();
        self.tell(Progress::Ended { cause, by_callee });
        self.out.push_back(LineOutput::Closed);
    }

    fn tell(&mut self, progress: Progress) {
        let output = self.carrier.progress(progress).map_or_else(
            || {
                LineOutput::Progress(match progress {
                    Progress::Ringing => Signal::Ringing,
                    Progress::Answered => Signal::Answered,
                    Progress::Ended { cause, by_callee } => Signal::Ended { cause, by_callee },
                })
            },
            LineOutput::Message,
        );
        self.out.push_back(output);
    }

    fn return_marks(&mut self) {
        while let Some(name) = self.playout.poll_mark() {
            let wire = self.carrier.mark(&name);
            self.out.push_back(LineOutput::Message(wire));
        }
    }

    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < COMPLAINTS_MAX {
            self.complaints.push(complaint);
        }
    }

    fn hear_callee(&mut self) {
        while let Some(output) = self.callee.poll() {
            match output {
                callee::Output::Press(digit) => {
                    let wire = self.carrier.digit(digit);
                    self.out.push_back(LineOutput::Message(wire));
                }
                callee::Output::Recognise { id, samples } => {
                    self.out.push_back(LineOutput::Recognise { id, samples });
                }
                callee::Output::HangUp => self.end(Cause::NormalClearing, true),
            }
        }
    }
}
