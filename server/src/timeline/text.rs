//! The story as lines of text.

use std::fmt::Write as _;

use super::{Story, What};
use crate::call_task::stages;

/// One line a moment, grouped by second, and the latencies at the end.
pub fn print(story: &Story) -> String {
    let mut out = String::new();
    let to = story.first.config.to.as_ref().map(telephony::E164::redacted).unwrap_or_default();
    // Writing into a String cannot fail.
    let _ = writeln!(
        out,
        "call {} to {to}, {:.1} s, {}",
        story.first.call_id, story.seconds, story.first.started
    );
    let mut second = None;
    for moment in &story.moments {
        let now = moment.at as u64;
        if second != Some(now) {
            second = Some(now);
            let _ = writeln!(out, "{:02}:{:02} {}", now / 60, now % 60, who_speaks(story, now));
        }
        let _ =
            writeln!(out, "      {:7.3}  {:<13} {}", moment.at, label(moment.what), moment.text);
    }
    if !story.turns.is_empty() {
        let _ = writeln!(out, "\nlatencies by turn, ms");
    }
    for turn in &story.turns {
        let _ = write!(out, "  turn {:>3}:", turn.turn);
        for (stage, seconds) in stages(turn) {
            let _ = write!(out, "  {stage} {:.0}", seconds * 1000.0);
        }
        out.push('\n');
    }
    for reaction in &story.reactions_ms {
        let _ = writeln!(out, "  interruption accepted {reaction} ms after their first sound");
    }
    out
}

/// `callee ▒▒▒▒····▒▒ agent ··········`: tenths of one second.
fn who_speaks(story: &Story, second: u64) -> String {
    let bar = |spans: &[super::Span]| -> String {
        (0..10)
            .map(|tenth| {
                let at = second as f64 + f64::from(tenth) / 10.0;
                if spans.iter().any(|s| s.from < at + 0.1 && s.to > at) { '▒' } else { '·' }
            })
            .collect()
    };
    format!("callee {}  agent {}", bar(&story.callee), bar(&story.agent))
}

fn label(what: What) -> &'static str {
    match what {
        What::State => "state",
        What::Line => "line",
        What::Carrier => "carrier",
        What::Callee => "callee says",
        What::Agent => "agent says",
        What::Tool => "tool",
        What::Pause => "pause",
        What::Resume => "resume",
        What::Interruption => "INTERRUPTED",
        What::Mark => "heard",
        What::Key => "key",
        What::Notice => "notice",
        What::Report => "report",
        What::End => "end",
    }
}
