//! Something else is on the line: hold and mailboxes, machines and people, and what is proper with each.

use media::Mono;
use telephony::Cause;

use super::{Conversing, Next};
use crate::{
    brief::Voicemail,
    call::{State, closing::Closing, parts::Parts, watching::Shift, words::EndedBy},
    dialogue::MAILBOX_RECORDS,
    line, menu,
};

/// Said at once to somebody who takes a call that waited.
const STILL_HERE: &str = "Yes, I'm here.";

/// How far we are with a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mailbox {
    /// It greets.
    Greets,
    /// Our message is being said.
    Records,
}

impl Conversing {
    /// What follows when something else is on the line.
    pub(super) fn shifted(&mut self, parts: &mut Parts, now: Mono, shift: Shift) -> Next {
        let Shift { was, state } = shift;
        if !state.conduct().may_speak {
            parts.forget();
            parts.hush(now, true);
            parts.rest.clear();
        }
        let next = match (was.conduct().stt, state.conduct().stt) {
            (true, false) => {
                parts.abandon_turn(now);
                parts.owed = false;
                Next::Stay
            }
            (false, true) => {
                let steps = parts.listen_back(now);
                self.steps(parts, now, steps)
            }
            _ => Next::Stay,
        };
        if matches!(next, Next::Go(_)) {
            return next;
        }
        match state {
            line::State::VoicemailGreeting => {
                parts.end_walk(now, menu::Line::Beep);
                self.greeted_by_mailbox(parts, now)
            }
            line::State::Beep => {
                parts.end_walk(now, menu::Line::Beep);
                self.recorded_by_mailbox(parts, now)
            }
            // A person may say some of what menus say: then only keys count.
            line::State::Ivr if was != line::State::Human => {
                self.enter_menu(parts, now);
                Next::Stay
            }
            line::State::Fax => self.over(parts, now, "fax", "a fax machine answered"),
            line::State::Ended => {
                parts.lost_in_menu(now);
                self.over(parts, now, "line_ended", "the line says that the call is over")
            }
            line::State::Human => {
                self.mailbox = None;
                self.leave_menu(parts, now);
                if was.is_hold() || was == line::State::PickupSuspected {
                    return self.picked_up(parts, now);
                }
                self.reply_at_last(parts, now)
            }
            // It was no person who said that.
            state if state.is_hold() => {
                if let Some(text) = self.unanswered.take() {
                    parts.walk_words(now, &text, now);
                }
                Next::Stay
            }
            state if state.conduct().may_speak => {
                self.mailbox = None;
                self.reply_at_last(parts, now)
            }
            _ => Next::Stay,
        }
    }

    /// Somebody took the call that waited: they hear at once that we are here, then the answer.
    fn picked_up(&mut self, parts: &mut Parts, now: Mono) -> Next {
        parts.say_all(now, STILL_HERE, true);
        match self.unanswered.as_ref().and_then(|text| parts.approve(now, text)) {
            Some(answer) => {
                self.unanswered = None;
                self.answer(parts, now, &answer)
            }
            None => Next::Stay,
        }
    }

    /// Answers what was said before it was known that somebody is there to answer.
    pub(super) fn reply_at_last(&mut self, parts: &mut Parts, now: Mono) -> Next {
        match self.unanswered.take() {
            Some(text) if parts.mouth.is_idle() => self.reply(parts, now, &text),
            _ => Next::Stay,
        }
    }

    /// A greeting goes on: what was begun of the message is said again from the start.
    pub(super) fn greeted_by_mailbox(&mut self, parts: &mut Parts, now: Mono) -> Next {
        self.opening = None;
        self.mailbox = Some(Mailbox::Greets);
        if parts.config.brief.voicemail == Voicemail::HangUp {
            return self.leave_nothing(parts, now);
        }
        Next::Stay
    }

    /// It is our turn.
    pub(super) fn recorded_by_mailbox(&mut self, parts: &mut Parts, now: Mono) -> Next {
        if self.mailbox == Some(Mailbox::Records) {
            return Next::Stay;
        }
        self.opening = None;
        self.mailbox = Some(Mailbox::Records);
        // The greeting is over, whatever is still heard of it or of the beep.
        parts.abandon_turn(now);
        match parts.config.brief.voicemail.clone() {
            Voicemail::HangUp => return self.leave_nothing(parts, now),
            Voicemail::Say(text) => {
                parts.owed = false;
                parts.say_all(now, &text, false);
            }
            Voicemail::Leave => {
                parts.dialogue.callee(MAILBOX_RECORDS);
                parts.owed = true;
            }
        }
        parts.notice("voicemail", "a message is left");
        Next::Stay
    }

    fn leave_nothing(&self, parts: &mut Parts, now: Mono) -> Next {
        self.over(parts, now, "voicemail", "a mailbox answered; no message is to be left")
    }

    /// The message was heard to its end. While they talk it may be the greeting that goes on: that is known soon.
    pub(super) fn has_left_message(&self, parts: &Parts) -> bool {
        self.mailbox == Some(Mailbox::Records)
            && !parts.they_talk()
            && parts.mouth.is_idle()
            && !parts.thinking.is_busy()
            && !parts.owed
    }

    fn over(&self, parts: &mut Parts, now: Mono, code: &str, detail: &str) -> Next {
        parts.notice(code, detail);
        let closing = Closing::hang_up(parts, now, Cause::NormalClearing, EndedBy::Us);
        Next::Go(State::Closing(closing))
    }
}
