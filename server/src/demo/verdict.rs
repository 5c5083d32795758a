//! Was the errand done? The brain's report, the callee's own account and the circuit's events must
//! agree.

use std::{fmt::Write as _, path::PathBuf};

use super::{
    scene::Report,
    way::{ANSWER_MS_MAX, Way},
};
use crate::{
    call_task::stages,
    carrier::Truth,
    journal::{JOURNAL, RECORDING, TAPE, TIMELINE, TRANSCRIPT},
    timeline::{Story, What},
};

/// How the demonstration went.
pub struct Outcome {
    /// The call's folder.
    pub dir: PathBuf,
    /// What the journal tells.
    pub story: Story,
    /// What the callee tells.
    pub truth: Option<Truth>,
    /// What our brain tells.
    pub report: Option<Report>,
}

impl Outcome {
    /// Each thing that had to be, and whether it was.
    fn checks(&self) -> [(&'static str, bool); 7] {
        let errand = self.truth.as_ref().map(|truth| &truth.errand);
        let way = self.truth.as_ref().map(Way::of).unwrap_or_default();
        [
            ("the key took effect, and the transcript says so", way.key && self.tells_of_key()),
            ("nothing was said on hold", way.silent),
            (
                "the pickup was answered in time",
                way.answered_ms.is_some_and(|ms| ms <= ANSWER_MS_MAX),
            ),
            ("our brain reports the errand done", self.report.as_ref().is_some_and(|r| r.done)),
            ("the callee got every answer it asked for", errand.is_some_and(|e| e.done())),
            ("the callee really interrupted", errand.is_some_and(|e| !e.interruptions.is_empty())),
            ("we fell silent for it", !self.story.reactions_ms.is_empty()),
        ]
    }

    fn tells_of_key(&self) -> bool {
        let tells = |of: &str| {
            let moments = self.story.moments.iter();
            moments.filter(|it| it.what == What::Tool).any(|it| it.text.contains(of))
        };
        tells("chose 1") && tells("effect of 1")
    }

    /// The callee's questions that were not answered, and what it understood instead.
    fn missed(&self) -> Vec<String> {
        let answers = self.truth.iter().flat_map(|truth| &truth.errand.answers);
        answers
            .filter(|answer| !answer.answered)
            .map(|answer| format!("{}: understood {:?}", answer.question, answer.text))
            .collect()
    }

    /// Everything was.
    pub fn done(&self) -> bool {
        self.checks().iter().all(|(_, done)| *done)
    }
}

/// What is printed at the end.
pub fn epilogue(outcome: &Outcome) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(out);
    for (what, done) in outcome.checks() {
        let _ = writeln!(out, "  {} {what}", if done { "✓" } else { "✗" });
    }
    for missed in outcome.missed() {
        let _ = writeln!(out, "      {missed}");
    }
    if let Some(report) = &outcome.report {
        let _ = writeln!(out, "\nreport: {}", report.summary);
    }
    let story = &outcome.story;
    let _ = writeln!(out, "\nmeasured in this call ({:.1} s):", story.seconds);
    let mut answers: Vec<f64> = story
        .turns
        .iter()
        .flat_map(stages)
        .filter(|(stage, _)| *stage == "answer")
        .map(|(_, seconds)| seconds * 1000.0)
        .collect();
    answers.sort_by(f64::total_cmp);
    if let Some(p50) = answers.get(answers.len() / 2) {
        let _ = writeln!(
            out,
            "  from their last sound to our first, p50 of {} turns: {p50:.0} ms",
            answers.len()
        );
    }
    if let Some(ms) = outcome.truth.as_ref().and_then(|truth| Way::of(truth).answered_ms) {
        let _ = writeln!(out, "  from the end of Rosa's greeting to our answer: {ms} ms");
    }
    for reaction in &story.reactions_ms {
        let _ = writeln!(out, "  interruption accepted {reaction} ms after their first sound");
    }
    for barge_in in outcome.truth.iter().flat_map(|truth| &truth.barge_ins) {
        let _ = writeln!(
            out,
            "  our sound stopped at their ear {} ms after their first sound",
            barge_in.reaction_ms
        );
    }
    let _ = writeln!(out, "\nwhat the call left behind, in {}:", outcome.dir.display());
    for (file, about) in [
        (RECORDING, "stereo: left the callee, right the agent"),
        (TRANSCRIPT, "the call as the API shows it"),
        (TIMELINE, "the picture: open it in a browser"),
        (JOURNAL, "every input and output of the mind"),
        (TAPE, "every input and output of the sound"),
    ] {
        let _ = writeln!(out, "  {file:<16} {about}");
    }
    let _ =
        write!(out, "\n  trunkline replay {0}\n  trunkline timeline {0}", outcome.dir.display());
    out
}
