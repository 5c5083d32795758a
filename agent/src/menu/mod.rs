//! Telephone menus: from what is heard to what is pressed or said.
//!
//! ```text
//!   Heard, Line ─▶ Navigator ─▶ Hush, Press, Say ─▶ Played ─▶ … ─▶ Over(person, mailbox, given up)
//!                    ├ read: pieces of speech → what is offered, what is asked
//!                    ├ matching: which offer serves the goal
//!                    ├ memory: which menus we met, what was tried there
//!                    ├ choose: what to do in a menu heard to its end
//!                    └ attempt: pressed, watched, again slower, by voice
//! ```
//!
//! A menu is heard to its end (a pause) before anything is pressed, so that what follows a press is
//! its effect and nothing else; only a prompt without end is pressed into. One pure machine: who
//! decides may be the navigator itself or a model, by the same actions ([`Input::Act`]).

mod attempt;
mod choose;
mod goal;
mod matching;
mod memory;
mod read;
mod words;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use media::Mono;

use crate::line::{self, Cue};
pub use goal::{Goal, Number};
pub use matching::{GOOD, Keywords, Matcher, THEMES};
pub use words::{Action, Effect, End, Input, Line, Note, Output, Policy, Reason, Timer};

use attempt::Attempt;
use memory::Memory;
use read::{Kind, PIECE_BYTES_MAX, PIECES_MAX, Reading};

/// Most outputs waiting to be polled; later notes are dropped.
const OUTPUTS_MAX: usize = 256;

/// A piece of speech.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    text: String,
    began: Mono,
    is_repeat: bool,
}

/// Whether these words offer keys or choices, or ask for a number to be typed: what no person says.
pub fn is_menu(text: &str) -> bool {
    let reading = read::read(std::iter::once(text));
    let types = reading.cues.wants_number.is_some()
        && (reading.cues.ends_with.is_some() || matches!(line::cue(text), Some((Cue::Menu, _))));
    let keys = reading.offers.iter().any(|offer| !offer.keys.is_empty());
    types || keys || reading.offers.len() > 1
}

/// Whether these words are rather a machine's than a person's.
pub fn is_machine(text: &str) -> bool {
    read::read(std::iter::once(text)).is_machine() || is_menu(text)
}

/// Finds the way through one call's menus.
#[derive(Clone, Debug)]
pub struct Navigator<M = Keywords> {
    policy: Policy,
    goal: Goal,
    matcher: M,
    line: Line,
    line_since: Mono,
    started: Option<Mono>,
    /// The newest piece came.
    heard_at: Mono,
    /// The menu under way began to speak.
    page_began: Option<Mono>,
    pieces: VecDeque<Piece>,
    /// What the pieces are is settled: the next one begins a new hearing.
    is_settled: bool,
    /// Waits for the menu to say more before falling back.
    awaits_more: bool,
    is_closed: bool,
    is_holding: bool,
    held_since: Mono,
    /// Time in queues, in all.
    held: Duration,
    memory: Memory,
    place: Option<usize>,
    attempt: Option<Attempt>,
    awaits_played: bool,
    choices: u32,
    /// The last number typed, and the last thing said.
    typed: Option<String>,
    /// A number was read back wrongly: the next one is typed slowly.
    was_misread: bool,
    last_said: String,
    over: Option<End>,
    out: VecDeque<Output>,
}

impl Navigator<Keywords> {
    /// A navigator that goes by key words.
    pub fn new(goal: Goal, policy: Policy) -> Self {
        Self::with_matcher(goal, policy, Keywords)
    }
}

impl<M: Matcher> Navigator<M> {
    /// A navigator that asks this matcher which offer serves the goal.
    pub fn with_matcher(goal: Goal, policy: Policy, matcher: M) -> Self {
        Self {
            policy,
            goal,
            matcher,
            line: Line::Quiet,
            line_since: Mono::ZERO,
            started: None,
            heard_at: Mono::ZERO,
            page_began: None,
            pieces: VecDeque::new(),
            is_settled: false,
            awaits_more: false,
            is_closed: false,
            is_holding: false,
            held_since: Mono::ZERO,
            held: Duration::ZERO,
            memory: Memory::default(),
            place: None,
            attempt: None,
            awaits_played: false,
            choices: 0,
            typed: None,
            was_misread: false,
            last_said: String::new(),
            over: None,
            out: VecDeque::new(),
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Mono, input: Input<'_>) {
        if self.over.is_some() {
            if !matches!(input, Input::GoOn) {
                return;
            }
            (self.over, self.is_settled) = (None, true);
            if self.is_holding {
                self.leave_queue(now);
            }
        }
        if self.started.is_none() {
            (self.started, self.line_since) = (Some(now), now);
        }
        match input {
            Input::Heard { text, began, is_repeat } => self.hear(now, text, began, is_repeat),
            Input::Line(line) => self.sounds(now, line),
            Input::Played if self.awaits_played => self.played(now),
            Input::Played => self.put(Output::Ignored { input: "played" }),
            Input::Act(action) if self.attempt.is_none() => self.act(now, action),
            Input::Act(_) => self.put(Output::Ignored { input: "an action during another" }),
            Input::GoOn => {}
            Input::Tick => self.tick(now),
        }
    }

    /// A choice is under way, and what comes of it is not known yet.
    pub fn is_busy(&self) -> bool {
        self.attempt.is_some()
    }

    /// What is to be done; drain until `None`.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to call again with [`Input::Tick`], and why.
    pub fn deadline(&self) -> Option<(Mono, Timer)> {
        let started = self.started.filter(|_| self.over.is_none())?;
        let quiet_from = self.line_since.max(self.heard_at);
        let patience = if self.is_holding {
            self.held_since + ms(self.policy.hold_ms_max)
        } else {
            started + ms(self.policy.menus_ms_max) + self.held
        };
        let mut next = (patience, Timer::Patience);
        let mut sooner = |at: Mono, timer: Timer| {
            if at < next.0 {
                next = (at, timer);
            }
        };
        let in_flight = self.attempt.as_ref().is_some_and(|attempt| attempt.played.is_none());
        if let Some(attempt) = self.attempt.as_ref().filter(|_| in_flight) {
            sooner(attempt.began + ms(self.policy.played_ms_max), Timer::Played);
        }
        let pauses = matches!(self.line, Line::Quiet | Line::Music | Line::Ringing);
        if pauses && !in_flight {
            let played = self.attempt.as_ref().and_then(|attempt| attempt.played);
            let from = played.map_or(quiet_from, |played| played.max(quiet_from));
            if !self.is_settled && !self.pieces.is_empty() {
                sooner(quiet_from + ms(self.policy.settled_ms), Timer::Settled);
            } else if self.line == Line::Quiet && played.is_some() {
                sooner(from + ms(self.policy.stale_ms), Timer::Stale);
            } else if self.line == Line::Quiet && self.awaits_more {
                sooner(from + ms(self.policy.again_ms_max), Timer::Stale);
            }
            if !self.is_holding {
                sooner(from + ms(self.policy.silence_ms_max), Timer::Patience);
            }
        }
        if let Some(began) = self.page_began
            && self.line == Line::Speaking
            && !in_flight
        {
            // What a press did is judged when the prompt pauses; one that never does is given longer.
            let ms_max = ms(self.policy.prompt_ms_max) * if self.attempt.is_some() { 2 } else { 1 };
            sooner(began + ms_max, Timer::Impatient);
        }
        Some(next)
    }

    /// The goal.
    pub fn goal(&self) -> &Goal {
        &self.goal
    }

    fn tick(&mut self, now: Mono) {
        let Some((at, timer)) = self.deadline().filter(|(at, _)| *at <= now) else { return };
        debug_assert!(at <= now);
        match timer {
            Timer::Played => self.played(now),
            Timer::Settled => self.settle(now),
            Timer::Stale => self.stale(now),
            Timer::Impatient if self.attempt.is_some() => self.settle(now),
            Timer::Impatient => self.press_into(now),
            Timer::Patience => {
                let silent = self.line == Line::Quiet && !self.is_holding;
                self.end(End::GaveUp(if silent { Reason::Silence } else { Reason::TooLong }));
            }
        }
    }

    fn played(&mut self, now: Mono) {
        self.awaits_played = false;
        // The menu may have let us go before the last gap was over.
        if let Some(attempt) = &mut self.attempt {
            attempt.played = Some(now);
        }
    }

    fn hear(&mut self, now: Mono, text: &str, began: Mono, is_repeat: bool) {
        let mut end = text.len().min(PIECE_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text[..end].trim();
        if text.is_empty() {
            return;
        }
        self.heard_at = now;
        let piece = Piece { text: text.to_owned(), began, is_repeat };
        if let Some(attempt) = &mut self.attempt {
            // Recognisers are late: this was said before the press.
            if began < attempt.began {
                return put_piece(&mut attempt.before, piece);
            }
        } else if self.is_settled && self.pieces.back().is_none_or(|last| last.began != began) {
            self.pieces.clear();
            self.page_began = Some(began);
        }
        self.is_settled = false;
        self.page_began = self.page_began.or(Some(began));
        put_piece(&mut self.pieces, piece);
    }

    fn sounds(&mut self, now: Mono, line: Line) {
        if line == self.line {
            return;
        }
        (self.line, self.line_since) = (line, now);
        match line {
            Line::Quiet | Line::Speaking => {}
            Line::Music | Line::Ringing => {
                self.passed_on(now);
                self.hold(now);
            }
            Line::Beep => self.end(End::Mailbox),
            Line::Person => {
                self.passed_on(now);
                self.end(End::Person);
            }
            Line::Over => {
                let is_closed = self.is_closed || self.reading().cues.is_closed;
                let reason = if is_closed { Reason::Closed } else { Reason::TheyHungUp };
                self.end(End::GaveUp(reason));
            }
        }
    }

    /// The menu has let us go.
    fn passed_on(&mut self, now: Mono) {
        if let Some(attempt) = self.attempt.take() {
            self.note_effect(now, &attempt, Effect::PassedOn);
        }
        self.place = None;
    }

    /// The menu has paused: what came of the last choice, and what now?
    fn settle(&mut self, now: Mono) {
        self.is_settled = true;
        self.page_began = None;
        let mut reading = self.reading();
        if (self.is_holding || reading.cues.holds) && self.ends_with_offer_of_help() {
            self.passed_on(now);
            return self.end(End::Person);
        }
        if let Some(attempt) = self.attempt.take() {
            let effect = self.judge(&attempt, &reading);
            self.note_effect(now, &attempt, effect);
            if effect == Effect::Changed {
                self.place = None;
                if reading.is_person() && !self.is_announced() {
                    return self.end(End::Person);
                }
            } else {
                let place = attempt.place;
                self.memory.learn(place, &reading);
                // The whole menu counts, what was heard of it before included.
                for piece in attempt.before.iter().rev() {
                    self.pieces.push_front(Piece { is_repeat: true, ..piece.clone() });
                }
                self.pieces.truncate(PIECES_MAX);
                reading = self.reading();
                reading.cues.is_invalid = false;
                if self.retry(now, attempt, effect, &reading) {
                    return;
                }
                self.place = Some(place);
                self.memory.place_mut(place).is_whole = true;
            }
        }
        let is_menu =
            |offer: &read::Offer| matches!(offer.kind, Kind::Topic | Kind::Language | Kind::Person);
        if self.is_holding && !reading.cues.holds && reading.offers.iter().any(is_menu) {
            self.leave_queue(now);
        }
        self.choose(now, &reading);
    }

    /// Something was said that queues and mailboxes say.
    fn is_announced(&self) -> bool {
        use Cue::{Mailbox, NoSuchLine, Queue, Screening, Signal};
        self.pieces
            .iter()
            .filter_map(|piece| line::cue(&piece.text))
            .any(|(cue, _)| matches!(cue, Mailbox | NoSuchLine | Queue | Screening | Signal))
    }

    /// An announcement that ends like this was not one to its end: somebody took the call.
    fn ends_with_offer_of_help(&self) -> bool {
        let last = self.pieces.back().map(|piece| piece.text.trim_end_matches(['.', '!', '?']));
        let tail = last.and_then(|text| text.rsplit(['.', '!', '?']).next());
        tail.is_some_and(|tail| read::read(std::iter::once(tail)).cues.asks_openly)
    }

    /// Nothing at all has come for long.
    fn stale(&mut self, now: Mono) {
        let reading = self.reading();
        if let Some(attempt) = self.attempt.take() {
            self.note_effect(now, &attempt, Effect::Silence);
            let place = attempt.place;
            if self.retry(now, attempt, Effect::Silence, &reading) {
                return;
            }
            self.place = Some(place);
        }
        self.awaits_more = false;
        if let Some(place) = self.place {
            self.memory.place_mut(place).is_whole = true;
            self.choose(now, &reading);
        }
    }

    /// The prompt does not end: press into it what it has offered or asked for.
    fn press_into(&mut self, now: Mono) {
        self.page_began = Some(now);
        let reading = self.reading();
        let wants = reading.cues.wants_number.as_ref();
        let serves = wants.is_some_and(|request| self.goal.number_for(request).is_some())
            || reading.offers.iter().any(|offer| self.score(&offer.topic) >= GOOD);
        if serves {
            self.choose(now, &reading);
        }
    }

    /// The menu that is heard, as a place; notes it.
    fn arrive(&mut self, reading: &Reading) -> usize {
        let by_sound = self.sounds_repeated();
        let place = self.memory.find(reading, by_sound);
        let again = self.place == Some(place);
        self.place = Some(place);
        self.memory.learn(place, reading);
        let known = self.memory.place_mut(place);
        known.is_whole |= again;
        known.visits += u32::from(!again);
        let visits = known.visits;
        self.awaits_more = false;
        if again {
            return place;
        }
        if visits > 1 {
            self.put(Output::Note(Note::Loop { place, visits, by_sound }));
        }
        let shown = |offer: &read::Offer| format!("{}: {}", offer.what(), offer.topic);
        let offers = reading.offers.iter().map(shown).collect();
        self.put(Output::Note(Note::Menu { place, visits, offers }));
        if visits > 2 * self.policy.visits_max {
            self.end(End::GaveUp(Reason::Loop));
        }
        place
    }

    fn hold(&mut self, now: Mono) {
        if !self.is_holding {
            (self.is_holding, self.held_since) = (true, now);
            self.put(Output::Note(Note::Holding));
        }
    }

    fn leave_queue(&mut self, now: Mono) {
        self.is_holding = false;
        self.held += now.since(self.held_since);
    }

    fn reading(&self) -> Reading {
        read::read(self.pieces.iter().map(|piece| piece.text.as_str()))
    }

    /// Most of what is heard now sounds like something heard before.
    fn sounds_repeated(&self) -> bool {
        let repeats = self.pieces.iter().filter(|piece| piece.is_repeat).count();
        repeats > 0 && 2 * repeats >= self.pieces.len()
    }

    fn is_speaking(&self) -> bool {
        self.line == Line::Speaking
    }

    fn take_pieces(&mut self) -> VecDeque<Piece> {
        self.is_settled = false;
        self.page_began = None;
        std::mem::take(&mut self.pieces)
    }

    fn end(&mut self, end: End) {
        if self.over.is_none() {
            self.over = Some(end);
            self.out.push_back(Output::Over(end));
        }
    }

    fn put(&mut self, output: Output) {
        if self.over.is_some() {
            return;
        }
        if let Output::Say { text } = &output {
            self.last_said.clone_from(text);
        }
        if self.out.len() < OUTPUTS_MAX || !matches!(output, Output::Note(_)) {
            self.out.push_back(output);
        }
    }
}

/// One piece more, or the last one as it is understood by now; of too many, the oldest goes.
fn put_piece(pieces: &mut VecDeque<Piece>, piece: Piece) {
    if pieces.back().is_some_and(|last| last.began == piece.began) {
        pieces.pop_back();
    } else if pieces.len() == PIECES_MAX {
        pieces.pop_front();
    }
    pieces.push_back(piece);
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}
