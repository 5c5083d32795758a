//! The sorts of choices that every menu has, by their words.

/// Sorts of choices that every menu has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::menu) enum Kind {
    /// Something of this business.
    Topic,
    /// A language to go on in.
    Language,
    /// Hear it again.
    Repeat,
    /// The menu before, or the first one.
    Back,
    /// A person.
    Person,
    /// Everything that is not listed.
    Other,
    /// To be called back.
    CallBack,
    /// To go on waiting.
    Stay,
    /// To leave a message.
    Message,
    /// Yes, correct, I accept.
    Yes,
    /// No, wrong, otherwise.
    No,
}

/// What each sort is called, the first that fits; phrases between bars.
const CALLED: &[(Kind, &str)] = &[
    (
        Kind::Language,
        "english|español|espanol|spanish|french|français|francais|german|deutsch|italian|italiano|mandarin|chinese|russian\
         |portuguese|polish|vietnamese|korean",
    ),
    (Kind::Back, "main menu|previous menu|go back|previous|start over|return to|last menu"),
    (Kind::Repeat, "again|repeat|repeated|these options|this menu"),
    (Kind::CallBack, "call you back|called back|call back|callback|call-back|keep your place"),
    (
        Kind::Stay,
        "continue holding|stay on|remain on|continue to hold|keep holding|keep waiting|to hold",
    ),
    (Kind::Message, "leave a message|leave your message|voicemail|voice mail|leave a voicemail"),
    (
        Kind::No,
        "no|incorrect|wrong|not correct|otherwise|decline|re-enter|reenter|try again|do not|don't",
    ),
    (Kind::Yes, "yes|correct|right|confirm|accept|agree|consent|continue"),
    (
        Kind::Other,
        "all other|anything else|any other|something else|more options|other options|other inquiries|other questions\
         |more choices|everything else|other services|none of these",
    ),
    (
        Kind::Person,
        "representative|representatives|operator|agent|agents|someone|human|receptionist|attendant|person|advisor|associate\
         |specialist|customer service|customer care|front desk|our staff|our team",
    ),
];

impl Kind {
    /// What sort of choice a topic is.
    pub(super) fn of(topic: &str, asks_yes_or_no: bool) -> Self {
        if topic.is_empty() && asks_yes_or_no {
            return Self::Yes;
        }
        let text = format!(" {topic} ");
        let says = |phrase: &str| text.contains(&format!(" {phrase} "));
        let called = CALLED.iter().find(|(_, phrases)| phrases.split('|').any(says));
        called.map_or(Self::Topic, |(kind, _)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_that_every_menu_has_are_told_by_their_words() {
        for (topic, expected) in [
            ("to hear these options again", Kind::Repeat),
            ("to return to the main menu", Kind::Back),
            ("to speak to a representative", Kind::Person),
            ("for all other questions", Kind::Other),
            ("to be called back", Kind::CallBack),
            ("if this is correct", Kind::Yes),
            ("otherwise", Kind::No),
            ("for english", Kind::Language),
            ("for billing", Kind::Topic),
            ("to return a purchase", Kind::Topic),
            ("to continue holding", Kind::Stay),
            ("if you agree", Kind::Yes),
        ] {
            assert_eq!(Kind::of(topic, false), expected, "{topic}");
        }
    }
}
