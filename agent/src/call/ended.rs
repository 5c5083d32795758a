//! Over: everything comes to rest, the record is completed, and nothing that comes changes anything.

use std::time::Duration;

use media::Mono;
use telephony::Cause;

use super::{
    parts::Parts,
    words::{EndedBy, Ending, Output, Record},
};
use crate::{llm::Role, transcript::line, turn::Step};

/// Ends the call: the one place that puts out [`Output::Ended`], as the last of all outputs.
pub(super) fn enter(parts: &mut Parts, now: Mono, cause: Cause, by: EndedBy) {
    parts.forget();
    parts.hush(now, true);
    parts.let_user_go();
    for step in parts.turn.abandon(now) {
        match step {
            Step::Listen(listen) => parts.put(Output::Listen(listen)),
            Step::Taken(taken) if !taken.text.is_empty() => {
                parts.write(line(Role::User, &taken.text, taken.began));
            }
            _ => {}
        }
    }
    if matches!(by, EndedBy::Callee | EndedBy::Network) {
        parts.lost_in_menu(now);
    }
    parts.end_waterfall();
    parts.record(Record::State { state: "ended".to_owned() });
    let talk = parts.answered_at.map_or(Duration::ZERO, |at| now.since(at));
    let digits = std::mem::take(&mut parts.digits);
    parts.put(Output::Ended(Ending {
        outcome: cause.outcome(parts.answered_at.is_some()),
        cause,
        by,
        talk_ms: u64::try_from(talk.as_millis()).unwrap_or(u64::MAX),
        digits,
    }));
}
