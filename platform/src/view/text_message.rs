//! What the person whom a reserved number hands callers to is told of a call, once it is over.

use telephony::{Direction, E164};

use super::{CallView, body::fail_reason};

/// Longest account of an errand in a text message, in characters: with the rest of it two messages of 160.
const SUMMARY_CHARS_MAX: usize = 220;

/// A text message to a telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMessage {
    /// To whom.
    pub to: E164,
    /// What it says.
    pub text: String,
}

impl CallView {
    /// The message about an inbound call that is over, to the profile's `handoff_number` (ClawCall API §2.8). The
    /// caller's own words are not in it.
    pub fn text_message(&self) -> Option<TextMessage> {
        let ending = self.ending.as_ref().filter(|_| self.direction == Direction::Inbound)?;
        let to = self.brief.bridge_number.clone()?;
        let from = self.numbers.from.as_ref().map_or("a hidden number", E164::as_str);
        let outcome = fail_reason(ending.outcome).unwrap_or("answered").replace('_', " ");
        let seconds = ending.talk_ms / 1000;
        let mut text =
            format!("Call from {from}: {outcome}, {}:{:02} min.", seconds / 60, seconds % 60);
        if let Some(report) = &self.report {
            text.push(' ');
            text.extend(report.summary.chars().take(SUMMARY_CHARS_MAX));
        }
        Some(TextMessage { to, text })
    }
}

#[cfg(test)]
mod tests {
    use agent::{
        brief::Brief,
        call::{CallConfig, EndedBy, Ending, Output, Policy, Record},
    };
    use telephony::Cause;

    use super::*;

    fn number(text: &str) -> Option<E164> {
        text.parse().ok()
    }

    fn over(direction: Direction, from: Option<E164>, bridge_number: Option<E164>) -> CallView {
        let brief = Brief { bridge_number, ..Brief::default() };
        let to = number("+12125550199");
        let config = CallConfig { direction, to, from, brief, policy: Policy::default() };
        let mut view = CallView::new("c1", &config, "T0");
        assert_eq!(view.text_message(), None, "not over");
        let summary = "Ann wants a call back. ".repeat(20);
        let report = Record::Report { done: true, summary, facts: [].into() };
        view.apply("T1", &Output::Record(report));
        let cause = Cause::NormalClearing;
        view.apply(
            "T2",
            &Output::Ended(Ending {
                outcome: cause.outcome(true),
                cause,
                by: EndedBy::Callee,
                talk_ms: 134_900,
                digits: Vec::new(),
            }),
        );
        view
    }

    #[test]
    fn who_is_behind_a_reserved_number_is_told_of_its_calls_and_of_no_other() {
        let (ann, user) = (number("+13125550111"), number("+12125550177"));
        let told = over(Direction::Inbound, ann.clone(), user.clone()).text_message();
        let told = told.expect("told");
        assert_eq!(Some(&told.to), user.as_ref());
        let says = "Call from +13125550111: answered, 2:14 min. Ann wants a call back. Ann";
        assert!(told.text.starts_with(says), "{}", told.text);
        assert!(told.text.len() <= 2 * 153, "two messages of a long one: {}", told.text.len());
        let hidden = over(Direction::Inbound, None, user.clone()).text_message().expect("told");
        assert!(hidden.text.starts_with("Call from a hidden number: "), "{}", hidden.text);
        assert_eq!(over(Direction::Inbound, ann.clone(), None).text_message(), None);
        assert_eq!(over(Direction::Outbound, ann, user).text_message(), None);
    }
}
