//! The in-process carrier: one byte of kind and a payload per message, over a pipe of messages.
//!
//! Ours alone, so no outside specification. Both ends are here: [`Loopback`] is our translator,
//! [`encode`] and [`decode`] are for the carrier's end (the simulated line). Unlike a real carrier's
//! stream it tells call progress too, so one pipe is the whole call.

mod wire;

#[cfg(test)]
mod tests;

pub use wire::{PAYLOAD_BYTES_MAX, decode, encode};

use crate::{
    capabilities::{Bridging, Capabilities, DigitPath, MachineDetection},
    stream::{Incoming, Kind, Message, Misbehaved, Outgoing, Translator},
};

/// Where the stream stands. It only moves forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    BeforeStart,
    Streaming,
    Stopped,
}

/// The loopback dialect of one call.
#[derive(Debug, Default)]
pub struct Loopback {
    phase: Phase,
}

impl Loopback {
    /// A pipe of which nothing has been heard.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Translator for Loopback {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            clear: true,
            mark: true,
            digits: DigitPath::InBand,
            bridging: Bridging::LocalMix,
            machine_detection: MachineDetection::None,
            reattach: false,
            in_order: true,
        }
    }

    fn read<'a>(&'a mut self, message: Message<'a>) -> Result<Option<Incoming<'a>>, Misbehaved> {
        let Message::Binary(bytes) = message else {
            return Err(wire::misbehaved("text_message", "only binary is expected".to_owned()));
        };
        let Some(incoming) = wire::read(bytes)? else { return Ok(None) };
        let in_stream = match incoming {
            Incoming::Started(_) if self.phase == Phase::Streaming => {
                let detail = "the stream has started already".to_owned();
                return Err(wire::misbehaved("second_start", detail));
            }
            Incoming::Ringing | Incoming::Answered | Incoming::Ended { .. } => false,
            Incoming::Started(_) => self.phase == Phase::Stopped,
            Incoming::Audio { .. } | Incoming::Digit(_) | Incoming::Mark(_) | Incoming::Stopped => {
                if self.phase == Phase::BeforeStart {
                    let detail = "a stream message before the start".to_owned();
                    return Err(wire::misbehaved("before_start", detail));
                }
                true
            }
        };
        if in_stream && self.phase == Phase::Stopped {
            let detail = "a stream message after the stop".to_owned();
            return Err(wire::misbehaved("after_stop", detail));
        }
        match incoming {
            Incoming::Started(_) => self.phase = Phase::Streaming,
            Incoming::Stopped | Incoming::Ended { .. } => self.phase = Phase::Stopped,
            _ => {}
        }
        Ok(Some(incoming))
    }

    fn write(&mut self, outgoing: Outgoing<'_>, out: &mut Vec<u8>) -> Option<Kind> {
        if self.phase != Phase::Streaming {
            return None;
        }
        wire::write(outgoing, out);
        Some(Kind::Binary)
    }
}
