//! Tones as people call them.

use std::fmt;

use dtmf::tone_detector::Kind;

/// A tone of the network or of a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone(pub Kind);

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            Kind::Ringback => "ring-back",
            Kind::Busy => "busy",
            Kind::Reorder => "reorder",
            Kind::Dial => "dial tone",
            Kind::CallWaiting => "call waiting",
            Kind::SpecialInformation(_) => "special information",
            Kind::FaxCalling => "fax calling",
            Kind::FaxAnswer => "fax answer",
            Kind::ModemAnswer => "modem answer",
            Kind::Beep { hz } => return write!(f, "beep {hz} Hz"),
        };
        f.write_str(name)
    }
}
