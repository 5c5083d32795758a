//! Through phone menus: what is heard goes to the navigator, what it decides becomes keys and words, and each
//! choice is written down with what came of it. Where the model decides, it is asked for each choice.

use std::time::Duration;

use media::{Mono, circuit::Keys};

use super::{
    parts::Parts,
    words::{Line, Record},
};
use crate::{
    line,
    llm::Role,
    menu::{self, End, Goal, Navigator, Note, Reason},
    transcript,
    turn::{Step, Taken},
};

/// Who took the call from a menu said so much before it was known that somebody had.
const JUST_SAID: Duration = Duration::from_secs(5);

/// The way through the menus of one call.
#[derive(Debug, Default)]
pub(super) struct Walking {
    navigator: Option<Navigator>,
    /// A menu has the line, or what it passed us on to.
    is_on: bool,
    /// Words of the navigator's are being said.
    is_saying: bool,
    /// A menu waits for the model to choose.
    pub(super) is_asked: bool,
    end: Option<End>,
    /// What was heard last, and when.
    last: Option<(Mono, String)>,
}

impl Walking {
    /// A choice is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.navigator.as_ref().is_some_and(Navigator::is_busy)
    }

    /// When the navigator wants to act.
    pub(super) fn deadline(&self) -> Option<Mono> {
        let navigator = self.navigator.as_ref().filter(|_| self.is_on)?;
        navigator.deadline().map(|(at, _)| at)
    }
}

impl Parts {
    /// Whether a menu has the line at this moment, and not somebody who may be a person.
    pub(super) fn walks(&self) -> bool {
        use line::State::{AnsweredUndecided, PickupSuspected};
        self.walking.is_on && !matches!(self.line(), Some(AnsweredUndecided | PickupSuspected))
    }

    /// A menu has the line: what was meant for a person is taken back.
    pub(super) fn begin_walk(&mut self, now: Mono) {
        if self.walking.is_on {
            return;
        }
        self.forget();
        self.hush(now, true);
        self.rest.clear();
        self.owed = false;
        self.quiet.answered();
        self.walking.is_on = true;
        let policy = self.config.policy.menu;
        if policy.decides {
            // Whoever takes the call later has heard nothing of what was said to a machine.
            self.dialogue = crate::dialogue::Dialogue::new(&self.config.brief);
        }
        let task = &self.config.brief.task;
        self.walking.navigator.get_or_insert_with(|| Navigator::new(Goal::of(task), policy));
        self.walk(now, menu::Input::GoOn);
    }

    /// No menu has the line any more, but what sounds like this. Gives what was just said, if it has to be
    /// answered.
    pub(super) fn end_walk(&mut self, now: Mono, line: menu::Line) -> Option<String> {
        if !self.walking.is_on {
            return None;
        }
        self.walk(now, menu::Input::Line(line));
        self.walking.is_on = false;
        (self.walking.is_saying, self.walking.is_asked) = (false, false);
        let (at, text) = self.walking.last.take()?;
        (now.since(at) < JUST_SAID).then_some(text)
    }

    /// Words that were understood of a stretch of talk, so far.
    pub(super) fn walk_words(&mut self, now: Mono, text: &str, began: Mono) {
        let sounds_so =
            matches!(self.line(), None | Some(line::State::Ivr | line::State::HoldMessage));
        if sounds_so && !self.walking.is_on && menu::is_menu(text) {
            self.begin_walk(now);
        }
        if self.walking.is_on {
            let is_repeat = self.watching.repeats;
            self.walk(now, menu::Input::Heard { text, began, is_repeat });
        }
    }

    /// A menu has finished saying something.
    pub(super) fn take_from_menu(&mut self, taken: &Taken) {
        self.write(transcript::line(Role::User, &taken.text, taken.began));
        self.walking.last = Some((taken.heard, taken.text.clone()));
        if !self.config.policy.menu.decides {
            self.dialogue.callee(&taken.text);
        }
    }

    /// Everything that happened has happened: what the navigator has to know of it.
    pub(super) fn walk_on(&mut self, now: Mono) {
        if !self.walking.is_on {
            return;
        }
        if self.walking.is_saying && self.mouth.is_idle() {
            self.walking.is_saying = false;
            self.walk(now, menu::Input::Played);
        }
        let line = match self.line() {
            Some(line::State::HoldMusic) => menu::Line::Music,
            Some(line::State::TransferPending) => menu::Line::Ringing,
            Some(line::State::Ended) => menu::Line::Over,
            _ if self.turn.is_speaking() => menu::Line::Speaking,
            _ => menu::Line::Quiet,
        };
        self.walk(now, menu::Input::Line(line));
    }

    /// The navigator hears, and what it wants is done.
    pub(super) fn walk(&mut self, now: Mono, input: menu::Input<'_>) {
        let Some(navigator) = self.walking.navigator.as_mut().filter(|_| self.walking.is_on) else {
            return;
        };
        navigator.handle(now, input);
        let outputs: Vec<menu::Output> = std::iter::from_fn(|| navigator.poll()).collect();
        for output in outputs {
            self.do_in_menu(now, output);
        }
    }

    fn do_in_menu(&mut self, now: Mono, output: menu::Output) {
        match output {
            menu::Output::Hush => {
                self.forget();
                self.hush(now, false);
                self.rest.clear();
            }
            menu::Output::Press { keys, tone_ms, gap_ms } => {
                self.split_turn(now);
                let ms = |ms: u32| u16::try_from(ms).unwrap_or(u16::MAX);
                let keys = Keys::try_from(keys).map(|keys| keys.timed(ms(tone_ms), ms(gap_ms)));
                let pressed = keys.map_err(|error| error.to_string());
                self.watch(now, line::Input::Pressed);
                if let Err(why) = pressed.and_then(|keys| self.press(now, keys)) {
                    // It will have no effect, and then be tried by voice.
                    self.notice("not_pressed", why);
                    self.walk(now, menu::Input::Played);
                }
            }
            // Nobody hears it; it is tried another way.
            menu::Output::Say { .. } if !self.may_speak() => self.walk(now, menu::Input::Played),
            menu::Output::Say { text } => {
                self.split_turn(now);
                self.watch(now, line::Input::Pressed);
                self.say_all(now, &text, false);
                self.walking.is_saying = true;
            }
            menu::Output::Note(note) => self.note_walk(now, &note),
            menu::Output::Asks => self.walking.is_asked = true,
            menu::Output::Over(end) => self.walking.end = Some(end),
            menu::Output::Ignored { input } => {
                self.notice("menu_ignored", format!("{input} made no sense"));
            }
        }
    }

    /// What follows is an answer to what we do now.
    fn split_turn(&mut self, now: Mono) {
        let steps = self.turn.split(now);
        for step in self.listen(steps) {
            if let Step::Taken(taken) = step
                && !taken.text.is_empty()
            {
                self.take_from_menu(&taken);
            }
        }
    }

    /// Each choice and its effect stand in the transcript; the model is told what it cannot hear.
    fn note_walk(&mut self, now: Mono, note: &Note) {
        if !self.config.policy.menu.decides && matches!(note, Note::Effect { .. }) {
            self.dialogue.callee(&format!("({note}.)"));
        }
        self.write(Line {
            tool: Some("menu".to_owned()),
            arguments: serde_json::to_value(note).ok(),
            ..transcript::line(Role::Tool, &note.to_string(), now)
        });
    }

    /// How the walk ended, once.
    pub(super) fn walk_end(&mut self) -> Option<End> {
        self.walking.end.take()
    }

    /// The call is over in the middle of the menus.
    pub(super) fn lost_in_menu(&mut self, now: Mono) {
        self.end_walk(now, menu::Line::Over);
        if let Some(End::GaveUp(reason)) = self.walk_end() {
            self.report_menu(reason);
        }
    }

    /// The errand failed in the menus, and nobody else will report it.
    pub(super) fn report_menu(&mut self, reason: Reason) {
        if !self.config.policy.menu.decides {
            return;
        }
        let summary = format!("The phone menu did not lead there: {reason}.");
        self.record(Record::Report { done: false, summary, facts: Default::default() });
    }

    /// The keys have sounded to their end, or will not sound.
    pub(super) fn keys_played(&mut self, now: Mono) {
        if self.walking.is_busy() {
            self.walk(now, menu::Input::Played);
        }
    }

    /// The model is asked what to do in a menu.
    pub(super) fn ask_for_choice(&mut self, now: Mono) {
        if self.config.policy.menu.decides || self.thinking.is_busy() {
            return;
        }
        if std::mem::take(&mut self.walking.is_asked) | std::mem::take(&mut self.owed) {
            self.rounds = 0;
            self.think(now, None);
        }
    }
}
