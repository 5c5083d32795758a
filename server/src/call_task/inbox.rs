//! Everything that can reach a call, in one bounded queue.

use agent::{call::Request, llm, stt, tts};
use telephony::Signal;

use crate::media_thread::words::Report;

/// Messages waiting for one call. Whoever finds it full gives the call up: a mind that lags this
/// far behind its sound cannot hold a conversation.
pub const INBOX_MAX: usize = 1024;

/// What reaches a call.
#[derive(Clone, Debug)]
pub enum Inbox {
    /// From its media thread.
    Media(Report),
    /// From the media thread of the user's own leg.
    User(Report),
    /// From its carrier.
    Signal(Signal),
    /// From its recogniser.
    Stt(stt::Event),
    /// From its model.
    Llm(llm::Event),
    /// From its voice.
    Tts(tts::Event),
    /// From outside.
    Request(Request),
}
