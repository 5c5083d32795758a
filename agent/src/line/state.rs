//! What is on the other end, and what is proper then.

use serde::{Deserialize, Serialize};

/// What is on the other end of the line.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The number is being dialled; nothing is heard.
    #[default]
    Dialing,
    /// It rings.
    Ringback,
    /// Somebody or something answered; which is not known yet.
    AnsweredUndecided,
    /// Answered, and nothing is said.
    Silence,
    /// A machine asks who calls and why.
    Screening,
    /// A mailbox speaks its greeting.
    VoicemailGreeting,
    /// The mailbox records.
    Beep,
    /// A menu, or another machine that talks.
    Ivr,
    /// On hold, with music.
    HoldMusic,
    /// On hold, with announcements or adverts.
    HoldMessage,
    /// On hold, with nothing to hear, or a beep now and then.
    HoldSilence,
    /// On hold until now, and somebody seems to be there.
    PickupSuspected,
    /// A person.
    Human,
    /// It rings again: the call is being passed on.
    TransferPending,
    /// The user talks to them; we no longer do.
    Bridged,
    /// A fax machine or a modem.
    Fax,
    /// Busy, no such number, hung up.
    Ended,
}

impl State {
    /// All of them, in the order of a call.
    pub const ALL: [Self; 17] = [
        Self::Dialing,
        Self::Ringback,
        Self::AnsweredUndecided,
        Self::Silence,
        Self::Screening,
        Self::VoicemailGreeting,
        Self::Beep,
        Self::Ivr,
        Self::HoldMusic,
        Self::HoldMessage,
        Self::HoldSilence,
        Self::PickupSuspected,
        Self::Human,
        Self::TransferPending,
        Self::Bridged,
        Self::Fax,
        Self::Ended,
    ];

    /// As it is written in journals and by `trunkline listen`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dialing => "dialing",
            Self::Ringback => "ringback",
            Self::AnsweredUndecided => "answered_undecided",
            Self::Silence => "silence",
            Self::Screening => "screening",
            Self::VoicemailGreeting => "voicemail_greeting",
            Self::Beep => "beep",
            Self::Ivr => "ivr",
            Self::HoldMusic => "hold_music",
            Self::HoldMessage => "hold_message",
            Self::HoldSilence => "hold_silence",
            Self::PickupSuspected => "pickup_suspected",
            Self::Human => "human",
            Self::TransferPending => "transfer_pending",
            Self::Bridged => "bridged",
            Self::Fax => "fax",
            Self::Ended => "ended",
        }
    }

    /// Waiting in a queue or for somebody.
    pub fn is_hold(self) -> bool {
        matches!(
            self,
            Self::HoldMusic | Self::HoldMessage | Self::HoldSilence | Self::TransferPending
        )
    }

    /// What is proper in this state.
    pub fn conduct(self) -> Conduct {
        use Patience::{Answer, Hold, Ring, Talk, Unlimited};
        // may speak, may be interrupted, STT on, may press keys, patience
        let (may_speak, may_be_interrupted, stt, may_press, patience) = match self {
            Self::Dialing | Self::Ringback => (false, false, false, false, Ring),
            Self::AnsweredUndecided => (false, true, true, false, Answer),
            Self::Silence => (true, true, true, false, Answer),
            Self::Screening => (true, true, true, true, Answer),
            Self::VoicemailGreeting => (false, false, true, false, Talk),
            Self::Beep => (true, false, true, false, Talk),
            Self::Ivr => (true, true, true, true, Talk),
            // Hold is waited for, however long it takes: only the call's own limit ends it.
            Self::HoldMusic | Self::HoldSilence | Self::TransferPending => {
                (false, false, false, false, Hold)
            }
            Self::HoldMessage => (false, false, true, true, Hold),
            Self::PickupSuspected => (false, true, true, false, Hold),
            Self::Human => (true, true, true, true, Talk),
            Self::Bridged => (false, false, false, false, Unlimited),
            Self::Fax | Self::Ended => (false, false, false, false, Answer),
        };
        Conduct { may_speak, may_be_interrupted, stt, may_press, patience }
    }
}

/// What is proper in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// We may say something.
    pub may_speak: bool,
    /// Their sound may stop us.
    pub may_be_interrupted: bool,
    /// Their sound goes to the recogniser.
    pub stt: bool,
    /// Keys may be pressed.
    pub may_press: bool,
    /// How long nothing may happen.
    pub patience: Patience,
}

/// Which limit counts while nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// That of a telephone that rings.
    Ring,
    /// That of a call that was answered and says nothing.
    Answer,
    /// That of a conversation.
    Talk,
    /// That of a queue.
    Hold,
    /// None of ours.
    Unlimited,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_journal_and_each_stands_once() {
        for (place, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(state).expect("JSON"), state.name());
            assert_eq!(State::ALL.iter().position(|other| *other == state), Some(place));
        }
    }

    #[test]
    fn nobody_speaks_to_music_greetings_and_what_is_not_known() {
        for state in State::ALL {
            let silent = state.is_hold()
                || matches!(
                    state,
                    State::Dialing
                        | State::Ringback
                        | State::AnsweredUndecided
                        | State::VoicemailGreeting
                        | State::PickupSuspected
                        | State::Bridged
                        | State::Fax
                        | State::Ended
                );
            assert_eq!(state.conduct().may_speak, !silent, "{}", state.name());
        }
    }
}
