//! The model's deeds: keys, waiting, joining the user's telephone, reporting.

use media::{
    Mono,
    circuit::{Command, Keys},
};
use telephony::{Bridging, Control, DigitPath};

use super::{
    parts::Parts,
    words::{Line, Output, Record},
};
use crate::{
    llm::{Role, ToolCall},
    menu::{self, Action},
    tools::{self, Tool, masked},
    transcript::line,
};

/// What came of a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    /// For the model and the record.
    pub(super) result: &'static str,
    /// The call ends when what was said is heard.
    pub(super) hang_up: bool,
    /// The model need not say anything after it.
    pub(super) is_enough: bool,
}

const fn enough(result: &'static str) -> Deed {
    Deed { result, hang_up: false, is_enough: true }
}

impl Parts {
    /// Whether this leg can press keys.
    pub(super) fn may_press(&self) -> bool {
        self.capabilities.is_some_and(|leg| leg.digits != DigitPath::None)
    }

    /// Whether the brief names the user's number and this leg can be joined with it.
    pub(super) fn may_bridge(&self) -> bool {
        self.config.brief.bridge_number.is_some()
            && self.capabilities.is_some_and(|leg| leg.bridging != Bridging::None)
    }

    /// Does what the model asks.
    ///
    /// # Errors
    /// Why it cannot be done, for the model.
    pub(super) fn act(&mut self, now: Mono, tool: Tool) -> Result<Deed, String> {
        if let Some(action) = self.walks().then(|| tool.in_menu()).flatten() {
            return self.act_in_menu(now, action);
        }
        match tool {
            Tool::HangUp => Ok(Deed { hang_up: true, is_enough: false, ..enough("hanging up") }),
            Tool::Say(text) => {
                let mut splitter = crate::sentence::Splitter::default();
                let pieces = splitter.push(&text);
                for piece in pieces.iter().chain(splitter.finish().iter()) {
                    self.say(now, piece, true);
                }
                Ok(enough("said"))
            }
            Tool::Wait { seconds } => {
                let wait_ms = seconds.saturating_mul(1_000).min(self.config.policy.hold_ms_max);
                self.quiet.hold(now, wait_ms);
                Ok(enough("waiting"))
            }
            Tool::Report { done, summary, facts } => {
                self.record(Record::Report { done, summary, facts });
                Ok(Deed { is_enough: false, ..enough("reported") })
            }
            Tool::PressDigits(digits) => self.press(now, digits),
            Tool::BridgeUser => self.bridge(now),
            Tool::Menu(_) => Err("no menu is on the line".to_owned()),
        }
    }

    fn act_in_menu(&mut self, now: Mono, action: Action) -> Result<Deed, String> {
        if self.walking.is_busy() {
            return Err("wait: what came of the last choice is not known yet".to_owned());
        }
        // Whoever gives up has to say what now.
        let is_enough = !matches!(action, Action::GiveUp { .. });
        self.walk(now, menu::Input::Act(action));
        Ok(Deed { is_enough, ..enough("done; what comes of it is told") })
    }

    /// Presses keys by the leg's best method.
    ///
    /// # Errors
    /// Why it cannot be done, for the model.
    pub(super) fn press(&mut self, now: Mono, digits: Keys) -> Result<Deed, String> {
        let path = self.capabilities.map_or(DigitPath::None, |leg| leg.digits);
        let order = match path {
            DigitPath::Control | DigitPath::PlayAndReattach => {
                Output::Control(Control::SendDigits { digits })
            }
            DigitPath::InBand | DigitPath::Rfc4733 => Output::Sound(Command::Keys(digits)),
            DigitPath::None => return Err("this line cannot press keys; say it instead".to_owned()),
        };
        // Keys do not wait behind speech.
        self.hush(now, false);
        self.rest.clear();
        self.put(order);
        Ok(enough("pressed; listen to what follows"))
    }

    fn bridge(&mut self, now: Mono) -> Result<Deed, String> {
        let Some(to) = self.config.brief.bridge_number.clone() else {
            return Err("the user gave no number to be joined at".to_owned());
        };
        if !self.may_bridge() {
            return Err("this line cannot be joined with another".to_owned());
        }
        if self.user.is_some() {
            return Ok(enough("the user's telephone is ringing already"));
        }
        self.dial_user(now, to);
        Ok(enough("the user's telephone is ringing"))
    }

    /// Does what somebody outside asks for; the record and the model learn what came of it.
    pub(super) fn asked(&mut self, now: Mono, call: &ToolCall) {
        let deed = tools::read(call).and_then(|tool| self.act(now, tool));
        let result = deed.map_or_else(|error| error, |deed| deed.result.to_owned());
        self.note_tool(now, call, &result);
    }

    /// A tool call and its result go on the record and into the dialogue; a secret's digits do not.
    pub(super) fn note_tool(&mut self, now: Mono, call: &ToolCall, result: &str) {
        let call = masked(call);
        self.write(Line {
            tool: Some(call.name.clone()),
            arguments: Some(call.arguments.clone()),
            ..line(Role::Tool, result, now)
        });
        self.dialogue.tool(call.into_owned(), result);
    }
}
