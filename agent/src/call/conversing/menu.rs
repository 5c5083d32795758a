//! A menu has the line: what it says goes to the navigator, and nothing is answered as if to a person.

use media::Mono;
use telephony::Cause;

use super::{Conversing, Next};
use crate::{
    call::{State, closing::Closing, parts::Parts, words::EndedBy},
    line,
    menu::{self, End, Line, Reason},
    stt,
    turn::Taken,
};

impl Conversing {
    /// The recogniser understood something.
    pub(super) fn understood(&mut self, parts: &mut Parts, now: Mono, event: &stt::Event) -> Next {
        let began = parts.turn.began();
        let Some(steps) = parts.recognised(now, event) else { return Next::Ignore };
        let next = self.steps(parts, now, Vec::new());
        if matches!(next, Next::Go(_)) {
            return next;
        }
        if let (stt::Event::Final { text, .. }, Some(began)) = (event, began) {
            parts.walk_words(now, text, began);
        }
        self.steps(parts, now, steps)
    }

    /// Something that is a menu, as far as can be told, has the line.
    pub(super) fn enter_menu(&mut self, parts: &mut Parts, now: Mono) {
        self.mailbox = None;
        parts.begin_walk(now);
        if let Some(text) = self.unanswered.take() {
            parts.walk_words(now, &text, now);
        }
    }

    /// A person has the line now: what they said before that was known is answered.
    pub(super) fn leave_menu(&mut self, parts: &mut Parts, now: Mono) {
        let said = parts.end_walk(now, Line::Person).filter(|_| !parts.turn.is_open());
        if let Some(text) = said.filter(|_| self.unanswered.is_none()) {
            if parts.config.policy.menu.decides {
                parts.dialogue.callee(&text);
            }
            parts.owed = true;
            self.unanswered = Some(text);
        }
    }

    /// The navigator came to an end.
    pub(super) fn walked(&mut self, parts: &mut Parts, now: Mono, end: End) -> Next {
        match end {
            End::GaveUp(reason) => given_up(parts, now, reason),
            End::Mailbox if self.mailbox.is_none() => {
                parts.end_walk(now, Line::Quiet);
                // Without an ear for beeps its pause is all there is to go by.
                match parts.line() {
                    Some(_) => self.greeted_by_mailbox(parts, now),
                    None => self.recorded_by_mailbox(parts, now),
                }
            }
            End::Person => {
                parts.watch(now, line::Input::Person);
                match parts.take_shift() {
                    Some(shift) => self.shifted(parts, now, shift),
                    // Nobody watches: words alone told.
                    None => {
                        self.leave_menu(parts, now);
                        self.reply_at_last(parts, now)
                    }
                }
            }
            End::Mailbox => Next::Stay,
        }
    }
}

/// A menu said this, so it is not answered. Without a watch over the line, words alone tell that it was none.
pub(super) fn taken_by_menu(parts: &mut Parts, now: Mono, taken: &Taken) -> bool {
    if !parts.walks() {
        return false;
    }
    if parts.line().is_none() && !menu::is_machine(&taken.text) {
        parts.end_walk(now, Line::Person);
        return false;
    }
    parts.take_from_menu(taken);
    true
}

/// There is no way: the call ends, or the model is told.
fn given_up(parts: &mut Parts, now: Mono, reason: Reason) -> Next {
    parts.notice("menu_given_up", reason.to_string());
    parts.end_walk(now, Line::Quiet);
    if parts.config.policy.menu.decides {
        parts.report_menu(reason);
        let closing = Closing::hang_up(parts, now, Cause::NormalClearing, EndedBy::Us);
        return Next::Go(State::Closing(closing));
    }
    parts.dialogue.callee(&format!("(The phone menu was left: {reason}.)"));
    parts.owed = true;
    Next::Stay
}
