//! Figures of one split: who answered, how soon it was known, what hold was taken for.

use std::collections::BTreeMap;

use agent::line::State;
use media::ear::Kind;

use super::{
    hear::{Heard, seconds},
    label::{Is, Span},
};
use crate::listening::misled::NEVER;

/// A pickup, or a mailbox's turn, found later than this is not found, in s.
const LATE_S: f64 = 4.0;

/// Last decisions told of a recording that went wrong.
const TRAIL: usize = 8;

/// Everything counted.
#[derive(Default)]
pub struct Score {
    /// Recordings, and how long they are, in s.
    pub files: usize,
    /// See there.
    pub seconds: f64,
    /// Who it was and what it was taken for at the end: how often.
    pub matrix: BTreeMap<(Is, Is), usize>,
    /// From the end of a person's first phrase to the decision, in s.
    pub human_s: Vec<f64>,
    /// Recordings of machines; in how many of them somebody was believed to be there on the way.
    pub machines: usize,
    /// See there.
    pub passing_human: usize,
    /// By kind of hold.
    pub holds: BTreeMap<String, Hold>,
    /// Persons believed in error, on purpose, in pauses of hold, by what sounds next: for how long from then on, in s.
    pub errors_s: BTreeMap<Kind, Vec<f64>>,
    /// Pickups there were, and after how many s from the end of the first phrase they were known.
    pub pickups: usize,
    /// See there.
    pub pickup_s: Vec<f64>,
    /// Mailboxes that record, how many were spoken to too early, and how late our turn was known, in s.
    pub mailboxes: usize,
    /// See there.
    pub talked_over: usize,
    /// See there.
    pub turn_s: Vec<f64>,
    /// What went wrong, a line each.
    pub wrong: Vec<String>,
}

/// Hold of one kind.
#[derive(Default)]
pub struct Hold {
    /// How many waits.
    pub waits: usize,
    /// How long all of them are, in s.
    pub seconds: f64,
    /// How often a person was believed to be there.
    pub false_human: usize,
    /// How often speaking began to be allowed: so many utterances there may have been.
    pub utterances: usize,
    /// For how long speaking was allowed, in s.
    pub may_speak_s: f64,
    /// After how many s each false person was taken back.
    pub taken_back_s: Vec<f64>,
}

impl Score {
    /// Counts one recording.
    pub fn add(&mut self, heard: &Heard) {
        self.files += 1;
        self.seconds += heard.seconds;
        if let Some(is) = heard.label.is {
            self.answered(heard, is);
        }
        let spans = &heard.label.spans;
        for (at, span) in spans.iter().enumerate() {
            match span.is {
                Is::Hold => self.held(heard, span),
                Is::Human if at > 0 && spans[at - 1].is == Is::Hold => self.picked_up(heard, span),
                is => {
                    // Known within a second or two, and still known at the end.
                    *self.matrix.entry((is, heard.at(span.to))).or_default() += 1;
                }
            }
        }
    }

    /// Share of recordings that were taken for what they are.
    pub fn right(&self) -> (usize, usize) {
        let all = self.matrix.values().sum();
        (self.matrix.iter().filter(|((is, found), _)| is == found).map(|(_, n)| n).sum(), all)
    }

    fn answered(&mut self, heard: &Heard, is: Is) {
        let found = heard.at(heard.seconds);
        *self.matrix.entry((is, found)).or_default() += 1;
        if found != is {
            self.note(heard, &format!("taken for {}", found.name()));
        }
        let mut humans = heard.decisions.iter().filter(|d| d.state == State::Human).map(seconds);
        if is == Is::Human {
            let end = heard.label.phrase_end.unwrap_or_default();
            let known = humans.find(|_| heard.label.phrase_end.is_some());
            self.human_s.extend(known.map(|at| (at - end).max(0.0)));
        } else {
            self.machines += 1;
            if humans.next().is_some() {
                self.passing_human += 1;
                if found == is {
                    self.note(heard, "a person on the way");
                }
            }
        }
        if let Some(turn) = heard.label.turn {
            self.mailboxes += 1;
            let turns = heard.decisions.iter().filter(|d| d.state == State::Beep).map(seconds);
            // A beep is known as such before it ends.
            let known = turns.fold(None, |first: Option<f64>, at| first.or(Some(at)));
            match known {
                Some(at) if at < turn - 1.0 => {
                    self.talked_over += 1;
                    self.note(heard, "spoken to too early");
                }
                Some(at) if at < turn + LATE_S => self.turn_s.push((at - turn).max(0.0)),
                _ => {}
            }
        }
    }

    fn held(&mut self, heard: &Heard, span: &Span) {
        // What the person who picks up says proves nothing.
        let during = span.from..span.to - NEVER.as_secs_f64();
        for error in &heard.errors {
            if during.contains(&(error.sounded.as_micros() as f64 / 1e6)) {
                self.errors_s.entry(error.kind).or_default().push(error.lasted.as_secs_f64());
            }
        }
        let mut hold = Hold { waits: 1, seconds: span.to - span.from, ..Hold::default() };
        let (mut wrong, mut allowed) = (Vec::new(), false);
        for (at, decision) in heard.decisions.iter().enumerate() {
            let from = seconds(decision).max(span.from);
            let to = heard.decisions.get(at + 1).map_or(heard.seconds, seconds).min(span.to);
            if to <= from {
                continue;
            }
            let may_speak = decision.state.conduct().may_speak;
            hold.utterances += usize::from(may_speak && !allowed);
            allowed = may_speak;
            if may_speak {
                hold.may_speak_s += to - from;
            }
            if decision.state == State::Human && seconds(decision) >= span.from {
                hold.false_human += 1;
                hold.taken_back_s.push(to - from);
                wrong.push(format!("a person at {from:.2} s"));
            }
        }
        for text in wrong {
            self.note(heard, &text);
        }
        let all = self.holds.entry(heard.label.kind.clone()).or_default();
        all.waits += hold.waits;
        all.seconds += hold.seconds;
        all.false_human += hold.false_human;
        all.utterances += hold.utterances;
        all.may_speak_s += hold.may_speak_s;
        all.taken_back_s.extend(hold.taken_back_s);
    }

    fn picked_up(&mut self, heard: &Heard, span: &Span) {
        let end = span.phrase_end.unwrap_or(span.from);
        self.pickups += 1;
        let humans = heard.decisions.iter().filter(|d| d.state == State::Human).map(seconds);
        let known = humans.into_iter().find(|at| (span.from..end + LATE_S).contains(at));
        match known {
            Some(at) => {
                self.pickup_s.push((at - end).max(0.0));
                if at - end > 1.0 {
                    self.note(
                        heard,
                        &format!("picked up at {end:.2} s, known {:.2} s later", at - end),
                    );
                }
            }
            None => self.note(heard, &format!("picked up at {end:.2} s, not known")),
        }
    }

    fn note(&mut self, heard: &Heard, what: &str) {
        let trail: Vec<String> = heard
            .decisions
            .iter()
            .rev()
            .take(TRAIL)
            .rev()
            .map(|d| {
                let why: Vec<String> = d.evidence.iter().map(ToString::to_string).collect();
                format!("{:.2} {} ({})", seconds(d), d.state.name(), why.join(", "))
            })
            .collect();
        self.wrong.push(format!("{}: {what}: {}", heard.label.file, trail.join("; ")));
    }
}

/// The value below which such a share of them lies; nothing of none.
pub fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some(sorted[(share * last as f64).round() as usize])
}
