//! The conversation: openings, turns, answers, silence, and when to leave it.

mod menu;
mod shift;

use std::time::Duration;

use media::{
    Mono,
    circuit::{Event, Heard},
};
use telephony::{Cause, Signal};

use menu::taken_by_menu;
use shift::Mailbox;

use super::{
    Next, State,
    bridged::Bridged,
    closing::Closing,
    config::Timer,
    connecting::Connecting,
    parts::Parts,
    speaking::Voice,
    thinking::Answer,
    words::{EndedBy, Input, Request, Waterfall},
};
use crate::{
    line,
    llm::Role,
    menu as navigation, transcript,
    turn::{Step, Taken, evidence},
};

const STILL_THERE: &str = "Are you still there?";
const NOBODY_THERE: &str = "I can't hear you, so I will hang up now. Goodbye.";
const OUT_OF_TIME: &str = "I'm sorry, I have to end the call now. Thank you, and goodbye.";
const TROUBLE: &str = "I'm sorry, I have a technical problem and must end the call. Goodbye.";
const CANNOT_HEAR: &str = "I'm sorry, I can't understand you because of a technical problem. I will hang up now. Goodbye.";

/// What was cut off is said again when no words follow within this time, in ms.
const RESUME_MS: u64 = 1_500;

/// We talk with each other.
#[derive(Debug)]
pub(super) struct Conversing {
    /// We have not spoken yet: how long the callee may take to speak first.
    opening: Option<Mono>,
    /// What was said before it is known that a person is there.
    unanswered: Option<String>,
    mailbox: Option<Mailbox>,
}

impl Conversing {
    /// The stream stands for the first time.
    pub(super) fn enter(parts: &mut Parts, now: Mono) -> Self {
        let wait_ms = u64::from(parts.config.policy.opening_silence_ms);
        let opening = Some(now + Duration::from_millis(wait_ms));
        let mut me = Self { opening, unanswered: None, mailbox: None };
        if parts.is_inbound() {
            me.open(parts, now);
        }
        me
    }

    /// The conversation goes on: after a lost stream, or when a farewell was not the end.
    pub(super) fn resume(parts: &mut Parts, now: Mono) -> Self {
        let mut me = Self { opening: None, unanswered: None, mailbox: None };
        if !parts.owed {
            parts.say_rest(now);
        }
        me.settle(parts, now);
        me
    }

    pub(super) fn handle(&mut self, parts: &mut Parts, now: Mono, input: &Input) -> Next {
        let mut next = match input {
            Input::Sound(event) => self.sound(parts, now, event),
            Input::Stt(event) => self.understood(parts, now, event),
            Input::Llm(event) => {
                let answer = parts.thought(now, event);
                self.answer(parts, now, &answer)
            }
            Input::Tts(event) => match parts.voice(now, event) {
                Voice::Fine => Next::Stay,
                Voice::Stale => Next::Ignore,
                Voice::Lost(_) => self.voice_lost(parts, now),
            },
            Input::Signal(signal) => self.signal(parts, now, signal),
            Input::Request(Request::Say { text }) => {
                self.opening = None;
                parts.say_all(now, text, true);
                Next::Stay
            }
            Input::Request(Request::Use(call)) => {
                parts.asked(now, call);
                Next::Stay
            }
            Input::Tick => self.tick(parts, now),
            Input::Start | Input::UserSound(_) | Input::Request(_) => Next::Ignore,
        };
        if !matches!(next, Next::Go(_))
            && let Some(shift) = parts.take_shift()
        {
            next = self.shifted(parts, now, shift);
        }
        if !matches!(next, Next::Go(_)) {
            parts.walk_on(now);
            if let Some(end) = parts.walk_end() {
                next = self.walked(parts, now, end);
            }
        }
        if matches!(next, Next::Go(_)) {
            return next;
        }
        self.settle(parts, now);
        if self.has_left_message(parts) {
            let closing = Closing::hang_up(parts, now, Cause::NormalClearing, EndedBy::Us);
            return Next::Go(State::Closing(closing));
        }
        next
    }

    /// When the next thing is due.
    pub(super) fn deadlines(&self, parts: &Parts) -> [Option<(Mono, Timer)>; 9] {
        let policy = &parts.config.policy;
        let opening = self.opening.filter(|_| !parts.turn.is_open() && parts.may_speak());
        let quiet = parts.quiet.deadline(policy);
        let resume = parts.quiet.since().filter(|_| !parts.rest.is_empty());
        let silence = resume.map(|since| since + Duration::from_millis(RESUME_MS)).or(quiet);
        [
            opening.map(|at| (at, Timer::Opening)),
            parts.turn.deadline().map(|at| (at, Timer::Endpoint)),
            silence.map(|at| (at, Timer::Silence)),
            parts.thinking.deadline(policy.think_ms_max).map(|at| (at, Timer::Think)),
            parts.mouth.deadline(policy).map(|(at, _)| (at, Timer::Speech)),
            parts.watch_deadline().map(|at| (at, Timer::Line)),
            parts.walking.deadline().map(|at| (at, Timer::Menu)),
            parts.user_deadline().map(|at| (at, Timer::Bridge)),
            parts.farewell_start().map(|at| (at, Timer::Farewell)),
        ]
    }

    fn sound(&mut self, parts: &mut Parts, now: Mono, event: &Event) -> Next {
        match event {
            Event::SpeechStarted { .. } | Event::SpeechEnded { .. } => {
                let Some(steps) = parts.edge(event) else { return Next::Ignore };
                if parts.turn.is_speaking() {
                    callee_speaks(parts, now);
                }
                self.steps(parts, now, steps)
            }
            Event::KeysPlayed | Event::KeysCancelled => {
                parts.keys_played(now);
                Next::Stay
            }
            Event::Tone(_) | Event::Sounds(_) => Next::Stay,
            _ if parts.playout(now, event) => Next::Stay,
            _ => Next::Ignore,
        }
    }

    fn steps(&mut self, parts: &mut Parts, now: Mono, steps: Vec<Step>) -> Next {
        // What is on the line decides what becomes of what was said.
        let mut next = match parts.take_shift() {
            Some(shift) => self.shifted(parts, now, shift),
            None => Next::Stay,
        };
        for step in steps {
            if matches!(next, Next::Go(_)) {
                break;
            }
            match step {
                Step::Suppose(text) => self.suppose(parts, now, &text),
                Step::Withdraw => parts.disapprove(),
                Step::Taken(taken) => next = self.taken(parts, now, &taken),
                Step::Listen(_) => {}
            }
        }
        next
    }

    /// They may be done: think ahead, unless something else comes first.
    fn suppose(&self, parts: &mut Parts, now: Mono, text: &str) {
        let greeting_first = self.opening.is_some() && parts.greeting().is_some();
        let free = parts.mouth.is_idle() && !parts.thinking.is_busy() && !parts.walks();
        if free && !greeting_first {
            parts.think(now, Some(text));
        }
    }

    fn taken(&mut self, parts: &mut Parts, now: Mono, taken: &Taken) -> Next {
        if taken.text.is_empty() {
            return self.nothing_understood(parts, now);
        }
        if taken_by_menu(parts, now, taken) {
            return Next::Stay;
        }
        let (_, back_channel) = evidence(&taken.text);
        if back_channel && !parts.mouth.is_idle() && !parts.mouth.asks() {
            parts.disapprove();
            parts.write(transcript::line(Role::User, &taken.text, taken.began));
            return Next::Stay;
        }
        parts.take(now, taken);
        if !parts.may_speak() || self.mailbox.is_some() {
            return self.not_now(parts, &taken.text);
        }
        self.reply(parts, now, &taken.text)
    }

    /// Something was said that is not answered now: by a machine, or by who may turn out to be a person.
    fn not_now(&mut self, parts: &mut Parts, text: &str) -> Next {
        let undecided = [line::State::AnsweredUndecided, line::State::PickupSuspected];
        parts.owed = parts.line().is_some_and(|state| undecided.contains(&state));
        if parts.owed {
            self.unanswered = Some(text.to_owned());
        } else {
            parts.disapprove();
        }
        Next::Stay
    }

    /// Answers what they said.
    fn reply(&mut self, parts: &mut Parts, now: Mono, text: &str) -> Next {
        let greeting = parts.greeting();
        match (self.opening.take(), greeting) {
            (Some(_), Some(greeting)) => {
                parts.disapprove();
                parts.owed = false;
                parts.say_all(now, &greeting, true);
                Next::Stay
            }
            _ if !parts.mouth.is_idle() => Next::Stay,
            _ => match parts.approve(now, text) {
                Some(answer) => self.answer(parts, now, &answer),
                None => {
                    parts.think(now, None);
                    Next::Stay
                }
            },
        }
    }

    /// Sound without words: a cough, a noise, or the recogniser is gone.
    fn nothing_understood(&mut self, parts: &mut Parts, now: Mono) -> Next {
        parts.disapprove();
        if parts.is_deaf {
            return goodbye(parts, now, CANNOT_HEAR, EndedBy::Us);
        }
        if self.opening.is_some() {
            self.open(parts, now);
        } else {
            parts.say_rest(now);
        }
        Next::Stay
    }

    /// We speak first.
    fn open(&mut self, parts: &mut Parts, now: Mono) {
        self.opening = None;
        parts.begin_waterfall(Waterfall { endpoint: Some(now), ..Waterfall::default() });
        match parts.greeting() {
            Some(greeting) => parts.say_all(now, &greeting, true),
            None => parts.think_of_an_opening(),
        }
        self.settle(parts, now);
    }

    fn answer(&mut self, parts: &mut Parts, now: Mono, answer: &Answer) -> Next {
        match answer {
            Answer::Going | Answer::Done { hang_up: false } => Next::Stay,
            Answer::Stale => Next::Ignore,
            Answer::Done { hang_up: true } => {
                Next::Go(State::Closing(Closing::farewell(parts, now, EndedBy::Us, false)))
            }
            Answer::GivenUp => goodbye(parts, now, TROUBLE, EndedBy::Us),
        }
    }

    fn voice_lost(&mut self, parts: &mut Parts, now: Mono) -> Next {
        if parts.say_lost_again(now) {
            return Next::Stay;
        }
        parts.notice("voice_lost", "the voice failed twice; the call cannot go on");
        let closing = Closing::hang_up(parts, now, Cause::SystemError, EndedBy::Us);
        Next::Go(State::Closing(closing))
    }

    fn signal(&mut self, parts: &mut Parts, now: Mono, signal: &Signal) -> Next {
        match signal {
            Signal::MediaStopped => {
                parts.abandon_turn(now);
                Next::Go(State::Connecting(Connecting::lost(parts, now)))
            }
            Signal::BridgeAnswered if parts.has_user_leg() => {
                parts.user_answers();
                Next::Go(State::Bridged(Bridged::enter(parts, now)))
            }
            Signal::BridgeEnded { .. } if parts.has_user_leg() => {
                parts.user_absent();
                Next::Stay
            }
            Signal::DigitsSent => {
                parts.keys_played(now);
                Next::Stay
            }
            _ => Next::Ignore,
        }
    }

    fn tick(&mut self, parts: &mut Parts, now: Mono) -> Next {
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if due(parts.farewell_start()) {
            parts.notice("duration_max", "the call had its time");
            return goodbye(parts, now, OUT_OF_TIME, EndedBy::Network);
        }
        parts.watch(now, line::Input::Tick);
        if due(parts.walking.deadline()) {
            parts.walk(now, navigation::Input::Tick);
        }
        if due(self.opening) && !parts.turn.is_open() && parts.may_speak() {
            self.open(parts, now);
        }
        let steps = parts.endpoint(now);
        let next = self.steps(parts, now, steps);
        if matches!(next, Next::Go(_)) {
            return next;
        }
        let answer = parts.think_late(now);
        let next = self.answer(parts, now, &answer);
        if matches!(next, Next::Go(_)) {
            return next;
        }
        parts.wait_for_user(now);
        if let Some((at, started)) = parts.mouth.deadline(&parts.config.policy)
            && at <= now
        {
            return self.speech_late(parts, now, started);
        }
        self.silence(parts, now)
    }

    /// An utterance is late: it never started, or its end was never told.
    fn speech_late(&mut self, parts: &mut Parts, now: Mono, started: bool) -> Next {
        if !started {
            parts.notice("tts_failed", "the voice made no sound in time");
            return self.voice_lost(parts, now);
        }
        if let Some(utterance) = parts.mouth.front() {
            parts.playout(now, &Event::Finished { utterance, heard: Heard::default() });
        }
        Next::Stay
    }

    fn silence(&mut self, parts: &mut Parts, now: Mono) -> Next {
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        let resume = parts.quiet.since().map(|since| since + Duration::from_millis(RESUME_MS));
        let policy = parts.config.policy;
        if !parts.rest.is_empty() && due(resume) {
            parts.say_rest(now);
        } else if due(parts.quiet.deadline(&policy)) {
            if self.mailbox == Some(Mailbox::Greets) {
                return self.recorded_by_mailbox(parts, now);
            }
            if !parts.quiet.prompt(&policy) {
                parts.notice("silence_max", "the other side did not answer any more");
                return goodbye(parts, now, NOBODY_THERE, EndedBy::Us);
            }
            parts.say_all(now, STILL_THERE, true);
        }
        Next::Stay
    }

    /// After everything that happened: whose turn is it now?
    fn settle(&mut self, parts: &mut Parts, now: Mono) {
        if parts.walks() {
            self.opening = None;
            parts.quiet.stop();
            return parts.ask_for_choice(now);
        }
        if parts.turn.is_open() || !parts.mouth.is_idle() || parts.thinking.is_busy() {
            parts.quiet.stop();
        } else if self.mailbox == Some(Mailbox::Greets) {
            parts.quiet.begin(now);
        } else if !parts.may_speak() {
            parts.quiet.stop();
        } else if self.opening.is_none() {
            // Whoever was told at once that we are here still waits for the answer proper.
            parts.owed |= self.unanswered.take().is_some();
            parts.tell_absence();
            if parts.owed && parts.rest.is_empty() {
                parts.think(now, None);
            } else if parts.user.is_none() {
                parts.quiet.begin(now);
            }
        }
    }
}

/// The callee began to speak. What they cannot have heard yet is taken back: it may not fit any more.
fn callee_speaks(parts: &mut Parts, now: Mono) {
    parts.quiet.stop();
    if parts.walks() {
        // Menus talk on, whatever we do.
    } else if parts.mouth.is_unheard() {
        parts.forget();
        parts.hush(now, false);
        parts.rest.clear();
        parts.owed |= parts.dialogue.is_unanswered();
    } else if parts.mouth.is_idle() && parts.thinking.is_busy() {
        parts.forget();
    }
}

fn goodbye(parts: &mut Parts, now: Mono, text: &str, by: EndedBy) -> Next {
    parts.forget();
    parts.hush(now, true);
    parts.rest.clear();
    parts.say_all(now, text, false);
    Next::Go(State::Closing(Closing::farewell(parts, now, by, true)))
}
