//! What no journal keeps: which keys were pressed when the press was a secret.
//!
//! Keys themselves are never written down ([`Keys`](media::circuit::Keys) are zeros on paper), and the
//! record of a tool call is masked where it is made. What is left is here: the words, the model's or the
//! owner's, that asked for the press, and keys that the line brings back while ours sound.

use std::{borrow::Cow, time::Duration};

use agent::{
    call::{Input, Output, Request},
    llm, tools,
};
use dtmf::Digit;
use media::{
    Mono,
    circuit::{Command, Event},
};
use telephony::{Control, Signal};

/// A press of secret keys takes no longer, whatever becomes of it.
const PRESS_MAX: Duration = Duration::from_secs(120);
/// How long a line's echo of them may take.
const ECHO_MAX: Duration = Duration::from_secs(1);

/// Whether secret keys sound now.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    until: Option<Mono>,
}

impl Secrets {
    /// The mind answered this: it may be secret keys.
    pub(super) fn answered(&mut self, at: Mono, output: &Output) {
        if let Output::Sound(Command::Keys(keys))
        | Output::Control(Control::SendDigits { digits: keys }) = output
            && keys.is_sensitive()
        {
            self.until = Some(at + PRESS_MAX);
        }
    }

    /// What the mind may be told: as long as secret keys sound, any key is a zero.
    pub(super) fn told(&mut self, at: Mono, input: Input) -> Input {
        let Some(until) = self.until else { return input };
        if at >= until {
            self.until = None;
            return input;
        }
        match input {
            Input::Sound(Event::KeysPlayed | Event::KeysCancelled)
            | Input::Signal(Signal::DigitsSent) => {
                self.until = Some(until.min(at + ECHO_MAX));
                input
            }
            Input::Sound(Event::Digit { digit, source }) => {
                Input::Sound(Event::Digit { digit: zero(digit), source })
            }
            Input::Signal(Signal::Digit(digit)) => Input::Signal(Signal::Digit(zero(digit))),
            input => input,
        }
    }

    /// What may be written down of it.
    pub(super) fn masked(input: &Input) -> Cow<'_, Input> {
        if let Input::Llm(llm::Event::Tool { thought, call }) = input
            && let Cow::Owned(call) = tools::masked(call)
        {
            return Cow::Owned(Input::Llm(llm::Event::Tool { thought: *thought, call }));
        }
        if let Input::Request(Request::Use(call)) = input
            && let Cow::Owned(call) = tools::masked(call)
        {
            return Cow::Owned(Input::Request(Request::Use(call)));
        }
        Cow::Borrowed(input)
    }

    /// The same of what was answered: an input that made no sense comes back whole.
    pub(super) fn masked_answer(output: &Output) -> Cow<'_, Output> {
        if let Output::Ignored { state, input } = output
            && let Cow::Owned(input) = Self::masked(input)
        {
            return Cow::Owned(Output::Ignored { state: state.clone(), input: Box::new(input) });
        }
        Cow::Borrowed(output)
    }
}

fn zero(digit: Digit) -> Digit {
    Digit::try_from('0').unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use media::circuit::{DigitSource, Keys};

    use super::*;

    #[test]
    fn an_echo_of_secret_keys_is_a_zero_and_the_callees_own_keys_are_not() {
        let key = |c| Digit::try_from(c).expect("a key");
        let heard = |c| Input::Sound(Event::Digit { digit: key(c), source: DigitSource::InBand });
        let keys = Keys::parse("47").expect("keys");
        let mut secrets = Secrets::default();
        let s = Mono::from_millis;
        secrets.answered(s(0), &Output::Sound(Command::Keys(keys)));
        assert_eq!(secrets.told(s(10), heard('4')), heard('4'), "no secret");
        secrets.answered(s(1000), &Output::Sound(Command::Keys(keys.sensitive())));
        assert_eq!(secrets.told(s(1100), heard('4')), heard('0'));
        let played = Input::Sound(Event::KeysPlayed);
        assert_eq!(secrets.told(s(1500), played.clone()), played);
        let late = Input::Signal(Signal::Digit(key('7')));
        assert_eq!(secrets.told(s(2400), late), Input::Signal(Signal::Digit(key('0'))));
        assert_eq!(secrets.told(s(2600), heard('5')), heard('5'), "their own");
    }
}
