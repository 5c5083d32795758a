//! Asking the model, holding back what was thought on approval, and turning answers into speech and
//! deeds.

use std::time::Duration;

use media::Mono;

use super::{parts::Parts, words::Output};
use crate::{
    dialogue::NOBODY_SPOKE,
    fault::{Fault, FaultClass},
    llm::{Event, ThoughtId},
    sentence::Splitter,
    tools,
};

/// Longest answer spoken, in bytes; the rest is not wanted.
const ANSWER_BYTES_MAX: usize = 4_000;
/// Most tool calls obeyed in one answer; more are refused.
const TOOLS_MAX: u32 = 8;
/// How often the model may go on after tool results in one turn.
const ROUNDS_MAX: u32 = 4;
/// Events held back while a thought is on approval; a model that sends more is asked again later.
const HELD_MAX: usize = 1_024;
/// The least and the most to wait before asking again, in ms.
const RETRY_MS: (u32, u32) = (250, 3_000);

/// One exchange under way.
#[derive(Debug)]
struct Thought {
    id: ThoughtId,
    /// On approval: what we suppose the callee said, and what came so far.
    held: Option<(String, Vec<Event>)>,
    splitter: Splitter,
    asked_at: Mono,
    first_at: Option<Mono>,
    bytes: usize,
    tools: u32,
    /// A tool's result the model should react to.
    follow_up: bool,
    hang_up: bool,
}

/// Exchanges with the model.
#[derive(Debug, Default)]
pub(super) struct Thinking {
    last: u32,
    current: Option<Thought>,
    /// The model failed: ask again then.
    retry_at: Option<Mono>,
    /// It failed this often in a row.
    failures: u32,
}

/// What an event of the model means for the state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// Noted.
    Going,
    /// It belongs to an older thought.
    Stale,
    /// The answer is complete.
    Done {
        /// The model wants to hang up.
        hang_up: bool,
    },
    /// No answer will come.
    GivenUp,
}

impl Thinking {
    /// A thought that counts is under way or about to be.
    pub(super) fn is_busy(&self) -> bool {
        self.retry_at.is_some() || self.current.as_ref().is_some_and(|t| t.held.is_none())
    }

    /// When the model is late or may be asked again.
    pub(super) fn deadline(&self, think_ms_max: u32) -> Option<Mono> {
        let late = self.current.as_ref().filter(|thought| thought.first_at.is_none());
        let late = late.map(|t| t.asked_at + Duration::from_millis(u64::from(think_ms_max)));
        self.retry_at.or(late)
    }
}

impl Parts {
    /// Asks the model. With `supposed` the answer is held back until [`Parts::approve`].
    pub(super) fn think(&mut self, now: Mono, supposed: Option<&str>) {
        self.forget();
        self.thinking.last += 1;
        let id = ThoughtId(self.thinking.last);
        let offers = tools::specs(self.may_press(), self.may_bridge(), self.walks());
        let prompt = self.dialogue.prompt(supposed, offers);
        self.thinking.current = Some(Thought {
            id,
            held: supposed.map(|text| (text.to_owned(), Vec::new())),
            splitter: Splitter::default(),
            asked_at: now,
            first_at: None,
            bytes: 0,
            tools: 0,
            follow_up: false,
            hang_up: false,
        });
        if supposed.is_none() {
            self.dialogue.begin_reply();
        }
        self.put(Output::Think { thought: id, prompt });
    }

    /// Asks the model to open the call.
    pub(super) fn think_of_an_opening(&mut self) {
        self.dialogue.callee(NOBODY_SPOKE);
        self.owed = true;
    }

    /// Nobody wants the current thought any more.
    pub(super) fn forget(&mut self) {
        self.thinking.retry_at = None;
        if let Some(thought) = self.thinking.current.take() {
            self.put(Output::Forget(thought.id));
        }
    }

    /// Forgets a thought that is on approval.
    pub(super) fn disapprove(&mut self) {
        if self.thinking.current.as_ref().is_some_and(|thought| thought.held.is_some()) {
            self.forget();
        }
    }

    /// The callee did say this: what was thought about it may come out. `None` when nothing was.
    pub(super) fn approve(&mut self, now: Mono, text: &str) -> Option<Answer> {
        let thought = self.thinking.current.as_mut()?;
        let (supposed, _) = thought.held.as_ref()?;
        if supposed.trim() != text.trim() {
            return None;
        }
        let (_, events) = thought.held.take()?;
        let id = thought.id;
        self.dialogue.begin_reply();
        let mut answer = Answer::Going;
        for event in events {
            if self.thinking.current.as_ref().is_some_and(|thought| thought.id == id) {
                answer = self.thought(now, &event);
            }
        }
        Some(answer)
    }

    /// What of the answer has not been given to the voice yet.
    pub(super) fn unsaid(&mut self) -> Option<String> {
        self.thinking.current.as_mut().and_then(|thought| thought.splitter.finish())
    }

    /// An event of the model.
    pub(super) fn thought(&mut self, now: Mono, event: &Event) -> Answer {
        let (Event::Text { thought: id, .. }
        | Event::Tool { thought: id, .. }
        | Event::Done { thought: id }
        | Event::Failed { thought: id, .. }) = event;
        let Some(thought) = self.thinking.current.as_mut().filter(|t| t.id == *id) else {
            return Answer::Stale;
        };
        let failed = matches!(event, Event::Failed { .. });
        let first_at = *thought.first_at.get_or_insert(now);
        if let Some((_, held)) = &mut thought.held {
            // A failure on approval costs nothing: the question is asked again in earnest.
            if failed || held.len() >= HELD_MAX {
                self.forget();
            } else {
                held.push(event.clone());
            }
            return Answer::Going;
        }
        if !failed {
            self.stage(|w| &mut w.llm_first, first_at);
        }
        match event {
            Event::Text { delta, .. } => self.answer_text(now, delta),
            Event::Tool { call, .. } => self.answer_tool(now, call),
            Event::Done { .. } => self.answer_done(now),
            Event::Failed { fault, .. } => self.answer_failed(now, fault),
        }
    }

    fn answer_text(&mut self, now: Mono, delta: &str) -> Answer {
        let Some(thought) = &mut self.thinking.current else { return Answer::Stale };
        thought.bytes = thought.bytes.saturating_add(delta.len());
        let too_long = thought.bytes > ANSWER_BYTES_MAX;
        let pieces = thought.splitter.push(delta);
        for piece in pieces {
            self.say(now, &piece, true);
        }
        if !too_long {
            return Answer::Going;
        }
        self.notice("answer_too_long", "the model's answer was cut off");
        self.put(Output::Forget(ThoughtId(self.thinking.last)));
        self.answer_done(now)
    }

    fn answer_tool(&mut self, now: Mono, call: &crate::llm::ToolCall) -> Answer {
        self.say_unsaid(now);
        let Some(thought) = &mut self.thinking.current else { return Answer::Stale };
        thought.tools += 1;
        let refused = thought.tools > TOOLS_MAX;
        let deed =
            if refused { Err("too many tools at once".to_owned()) } else { tools::read(call) };
        let deed = deed.and_then(|tool| self.act(now, tool));
        if let Some(thought) = &mut self.thinking.current {
            match &deed {
                Ok(deed) => {
                    thought.hang_up |= deed.hang_up;
                    thought.bytes += usize::from(deed.is_enough);
                }
                Err(_) => thought.follow_up = true,
            }
        }
        let result = deed.map_or_else(|error| error, |deed| deed.result.to_owned());
        self.note_tool(now, call, &result);
        Answer::Going
    }

    fn answer_done(&mut self, now: Mono) -> Answer {
        self.say_unsaid(now);
        let Some(thought) = self.thinking.current.take() else { return Answer::Stale };
        self.thinking.failures = 0;
        self.owed = false;
        let only_tools = thought.tools > 0 && thought.bytes == 0;
        if thought.hang_up {
            if thought.bytes == 0 && self.mouth.is_idle() {
                self.say(now, "Goodbye.", true);
            }
        } else if (thought.follow_up || only_tools) && self.rounds < ROUNDS_MAX {
            self.rounds += 1;
            self.owed = true;
        }
        Answer::Done { hang_up: thought.hang_up }
    }

    fn say_unsaid(&mut self, now: Mono) {
        if let Some(piece) = self.unsaid() {
            self.say(now, &piece, true);
        }
    }

    /// The model failed: what it began is said to its end; with nothing begun it is asked once more.
    fn answer_failed(&mut self, now: Mono, fault: &Fault) -> Answer {
        self.notice("llm_failed", fault.to_string());
        let Some(thought) = &self.thinking.current else { return Answer::Stale };
        if thought.bytes > 0 || thought.tools > 0 {
            return self.answer_done(now);
        }
        self.thinking.current = None;
        self.thinking.failures += 1;
        if self.thinking.failures > 1 || !fault.class.may_retry() {
            return Answer::GivenUp;
        }
        let wait_ms = fault.retry_after_ms.unwrap_or(0).clamp(RETRY_MS.0, RETRY_MS.1);
        self.thinking.retry_at = Some(now + Duration::from_millis(u64::from(wait_ms)));
        Answer::Going
    }

    /// The thinking deadline may have come.
    pub(super) fn think_late(&mut self, now: Mono) -> Answer {
        let limit_ms = self.config.policy.think_ms_max;
        if self.thinking.deadline(limit_ms).is_none_or(|at| at > now) {
            return Answer::Going;
        }
        if self.thinking.retry_at.take().is_some() {
            self.think(now, None);
            return Answer::Going;
        }
        let Some(thought) = &self.thinking.current else { return Answer::Going };
        self.put(Output::Forget(thought.id));
        let fault = Fault {
            vendor: "llm".to_owned(),
            class: FaultClass::Stalled,
            retry_after_ms: None,
            detail: format!("no word for {limit_ms} ms"),
        };
        let held = self.thinking.current.as_ref().is_some_and(|thought| thought.held.is_some());
        if held {
            self.thinking.current = None;
            return Answer::Going;
        }
        self.answer_failed(now, &fault)
    }
}
