//! The user wants to speak with them: when the brief says so, and what is said around it.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    policy::Scene,
    reply::{Reply, call, hang_up, plain, report},
};
use crate::{
    brief::Brief,
    dialogue::USER_ABSENT,
    llm::{Message, Role},
};

/// When the user is to be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// As soon as a person answers.
    AtOnce,
    /// After the errand.
    WhenDone,
}

/// How far that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joining {
    NotYet,
    Rings,
    /// It did not answer, or cannot be rung.
    Absent,
}

/// What a brief says that wants it.
const WANTS: &[&str] = &[
    "connect me",
    "connect us",
    "connect them to me",
    "connect them with me",
    "put me through",
    "put them through to me",
    "put me on",
    "bridge me",
    "patch me",
    "join me",
    "get me on the line",
    "call me in",
    "bring me in",
    "conference me",
    "transfer them to me",
    "transfer the call to me",
    "transfer it to me",
    "hand over to me",
    "hand them over to me",
    "hand the call over to me",
    "let me speak",
    "let me talk",
];
/// Words before it that make a person the condition.
const PERSON: &[&str] = &[
    "person",
    "someone",
    "somebody",
    "human",
    "answer",
    "picks up",
    "representative",
    "agent",
    "on the line",
    "receptionist",
    "operator",
];
const CONDITIONS: &[&str] = &["when", "once", "as soon as", "if", "after", "then"];
/// The errand when there is no other.
pub(super) const ERRAND: &str = "on behalf of somebody who would like to speak with you";

const MOMENT: &str = "One moment, please: I'm getting them on the line.";
const SORRY: &str = "I'm sorry, I can't reach them right now.";

/// Takes what asks for it out of the sentences of a brief. Without the user's number nothing does.
pub(super) fn read(brief: &Brief, sentences: Vec<String>) -> (Vec<String>, Option<Join>) {
    if brief.bridge_number.is_none() {
        return (sentences, None);
    }
    let (mut rest, mut join) = (Vec::new(), None);
    for sentence in sentences {
        let lower = sentence.to_ascii_lowercase();
        let Some(at) = WANTS.iter().filter_map(|phrase| lower.find(phrase)).min() else {
            rest.push(sentence);
            continue;
        };
        let before = lower[..at].trim();
        let of_person = PERSON.iter().any(|word| before.contains(word));
        join = Some(if of_person { Join::AtOnce } else { join.unwrap_or(Join::WhenDone) });
        let is_condition = CONDITIONS.iter().any(|word| before.starts_with(word));
        let errand = sentence[..at].trim_end_matches([',', ' ']);
        let errand = errand.trim_end_matches(" then").trim_end_matches(" and");
        let errand = errand.trim_end_matches([',', ' ']);
        if !of_person && !is_condition && errand.contains(' ') {
            rest.push(errand.to_owned());
        }
    }
    if rest.is_empty() && join.is_some() {
        join = Some(Join::AtOnce);
    }
    (rest, join)
}

/// What the dialogue tells of it.
pub(super) fn progress(messages: &[Message]) -> Joining {
    let absent = messages.iter().any(|m| m.role == Role::User && m.text.contains(USER_ABSENT));
    let result = messages
        .iter()
        .rev()
        .find(|m| m.role == Role::Tool && m.answers.as_deref() == Some(bridge_user().id.as_str()));
    match result {
        None => Joining::NotYet,
        Some(result) if !absent && result.text.contains("ringing") => Joining::Rings,
        Some(_) => Joining::Absent,
    }
}

fn bridge_user() -> crate::llm::ToolCall {
    call("bridge_user", json!({}))
}

impl Scene<'_> {
    /// The user's telephone rings, did not answer, or is to be rung now.
    pub(super) fn join(&self) -> Option<Reply> {
        let join = self.facts.join?;
        match self.joining {
            Joining::Rings => Some(plain("Thank you. It will only take a moment.")),
            Joining::Absent if self.text.contains(USER_ABSENT) => Some(self.not_reached(join)),
            Joining::NotYet if join == Join::AtOnce => {
                let opening = if self.is_stated() { String::new() } else { self.opening() };
                let text = format!("{opening} {MOMENT}").trim_start().to_owned();
                Some(Reply { text, calls: vec![bridge_user()] })
            }
            Joining::NotYet | Joining::Absent => None,
        }
    }

    /// The errand is done: now the user.
    pub(super) fn join_at_last(&self, done: &Reply) -> Option<Reply> {
        let wanted = self.facts.join == Some(Join::WhenDone) && self.joining == Joining::NotYet;
        let report = done.calls.iter().filter(|call| call.name == "report").cloned();
        wanted.then(|| Reply {
            text: format!("Great, thank you. {MOMENT}"),
            calls: report.chain([bridge_user()]).collect(),
        })
    }

    fn not_reached(&self, join: Join) -> Reply {
        let bye = "They will call you back. Thank you, and goodbye.";
        match join {
            Join::WhenDone => Reply { text: format!("{SORRY} {bye}"), calls: vec![hang_up()] },
            Join::AtOnce if self.facts.errand == ERRAND => {
                let report = report(false, "The user could not be reached.", &BTreeMap::new());
                Reply { text: format!("{SORRY} {bye}"), calls: vec![report, hang_up()] }
            }
            Join::AtOnce => plain(&format!("{SORRY} Could you help me with that?")),
        }
    }
}
