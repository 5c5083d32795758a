//! The user's own leg, from the first ring until they are joined or absent. Meanwhile the callee is kept
//! company.

use std::time::Duration;

use media::{
    Mono,
    circuit::{self, UtteranceId},
};
use telephony::{Control, E164};

use super::{parts::Parts, words::Output};
use crate::dialogue::USER_ABSENT;

/// Said when the model said nothing.
const HOLD_ON: &str = "One moment, please. I'm getting them on the line.";
/// Said now and then while it rings.
const COMPANY: &str = "I'm still trying to reach them. Thank you for waiting.";
/// How often, in ms.
const COMPANY_MS: u64 = 10_000;

/// The user's own leg.
#[derive(Clone, Copy, Debug)]
pub(super) enum User {
    /// It rings.
    Rings {
        /// At most until then.
        until: Mono,
        /// When the callee is told again that we are still here.
        company_at: Mono,
    },
    /// Somebody is there.
    Answered,
    /// It is over before they were joined, and the model has not been told.
    Absent,
}

impl Parts {
    /// Has the carrier ring the user's telephone.
    pub(super) fn dial_user(&mut self, now: Mono, to: E164) {
        let ring_ms = self.config.policy.bridge_ring_ms_max;
        let until = now + Duration::from_millis(u64::from(ring_ms));
        self.user = Some(User::Rings { until, company_at: next_company(now) });
        self.quiet.stop();
        self.put(Output::Control(Control::DialBridge { to }));
        if self.mouth.is_idle() {
            self.say(now, HOLD_ON, true);
        }
    }

    pub(super) fn user_answers(&mut self) {
        self.user = Some(User::Answered);
    }

    pub(super) fn user_answered(&self) -> bool {
        matches!(self.user, Some(User::Answered))
    }

    /// When to look after whoever waits for the user.
    pub(super) fn user_deadline(&self) -> Option<Mono> {
        match self.user {
            Some(User::Rings { until, company_at }) => Some(until.min(company_at)),
            _ => None,
        }
    }

    /// It rings on, or has rung long enough.
    pub(super) fn wait_for_user(&mut self, now: Mono) {
        let Some(User::Rings { until, company_at }) = &mut self.user else { return };
        if *until <= now {
            self.let_user_go();
            self.user_absent();
        } else if *company_at <= now {
            *company_at = next_company(now);
            let is_quiet = self.mouth.is_idle() && !self.turn.is_open() && !self.thinking.is_busy();
            if is_quiet && self.may_speak() {
                self.say_all(now, COMPANY, true);
            }
        }
    }

    /// Whether the user's leg rings or stands.
    pub(super) fn has_user_leg(&self) -> bool {
        matches!(self.user, Some(User::Rings { .. } | User::Answered))
    }

    /// The user's leg is over before they were joined: the model goes on by the brief, once it has said what it
    /// is about to say.
    pub(super) fn user_absent(&mut self) {
        self.user = Some(User::Absent);
    }

    /// Tells the model that the user is absent, if that is so and not told.
    pub(super) fn tell_absence(&mut self) {
        if matches!(self.user, Some(User::Absent)) {
            self.user = None;
            self.dialogue.callee(USER_ABSENT);
            self.owed = true;
        }
    }

    /// Ends the user's leg, if there is one.
    pub(super) fn let_user_go(&mut self) {
        if std::mem::take(&mut self.user).is_some_and(|user| !matches!(user, User::Absent)) {
            self.put(Output::Control(Control::HangupBridge));
        }
    }

    /// For the circuit of the user's leg.
    pub(super) fn user_sound(&mut self, command: circuit::Command) {
        self.put(Output::UserSound(command));
    }

    /// Says this to the user alone.
    pub(super) fn whisper(&mut self, text: &str) -> UtteranceId {
        let utterance = self.mouth.number();
        self.user_sound(circuit::Command::Say { utterance, interruptible: false });
        self.put(Output::Whisper { utterance, text: text.to_owned() });
        utterance
    }
}

fn next_company(now: Mono) -> Mono {
    now + Duration::from_millis(COMPANY_MS)
}
