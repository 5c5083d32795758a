//! Figures as one page of Markdown.

use std::fmt::Write;

use media::ear::Kind;

use super::{
    label::Is,
    score::{Score, percentile},
    trials::{Bridge, Row, Trials},
};

/// A person who is not there is taken back within this time, in s.
const SOON_S: f64 = 2.0;

/// How the run went.
pub struct Run {
    /// What was listened to, and with which help.
    pub what: String,
    /// Sound heard, and the time it took, in s.
    pub seconds: f64,
    /// See there.
    pub took_s: f64,
}

/// The page.
pub fn markdown(run: &Run, scores: &[(String, Score)], trials: &Trials) -> String {
    let mut page = String::new();
    let out = &mut page;
    // Writing into a string does not fail.
    let _ = writeln!(out, "# What the ear makes of it\n\n{}", run.what);
    let _ = writeln!(
        out,
        "{:.1} min of sound in {:.1} min: {:.0} times real time.",
        run.seconds / 60.0,
        run.took_s / 60.0,
        run.seconds / run.took_s.max(1e-3)
    );
    for (split, score) in scores {
        let _ = writeln!(
            out,
            "\n## Split `{split}`: {} recordings, {:.1} min",
            score.files,
            score.seconds / 60.0
        );
        answers(out, split, score);
        holds(out, score);
        errors(out, score);
        mailboxes(out, score);
        wrong(out, "### Wrong", &score.wrong);
    }
    table(out, "Keys", "ITU-T Q.24, and what lines do to tones", &trials.keys);
    table(out, "Menus", "solved by the navigator, in virtual time", &trials.menus);
    let voicemail = "one message, whole, and not over the greeting; whole calls in virtual time";
    table(out, "Voicemail", voicemail, &trials.mailboxes);
    bridge(out, &trials.bridge);
    wrong(out, "## Wrong in virtual time", &trials.wrong);
    page
}

fn answers(out: &mut String, split: &str, score: &Score) {
    let (right, all) = score.right();
    if all == 0 {
        return;
    }
    let _ = writeln!(out, "\n### Who answered: {}\n", share(right, all));
    let found: Vec<Is> = Is::ALL
        .into_iter()
        .filter(|is| score.matrix.keys().any(|(a, b)| a == is || b == is))
        .collect();
    let names: Vec<&str> = found.iter().map(|is| is.name()).collect();
    let _ = writeln!(out, "| is \\ taken for | {} |", names.join(" | "));
    let _ = writeln!(out, "|---|{}", "---|".repeat(names.len()));
    for is in Is::ALL.into_iter().filter(|is| score.matrix.keys().any(|(a, _)| a == is)) {
        let row: Vec<String> = found
            .iter()
            .map(|other| score.matrix.get(&(is, *other)).map_or_else(String::new, usize::to_string))
            .collect();
        let _ = writeln!(out, "| {} | {} |", is.name(), row.join(" | "));
    }
    let _ = writeln!(out, "\n![confusion](confusion-{split}.png)");
    let _ = writeln!(out, "\nPerson known after their first phrase: {}.", times(&score.human_s));
    let _ = writeln!(
        out,
        "Machines believed to be a person on the way: {} of {}.",
        score.passing_human, score.machines
    );
}

fn holds(out: &mut String, score: &Score) {
    if score.holds.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n### Hold\n");
    let _ = writeln!(
        out,
        "| kind | minutes | waits | false utterances | false person | taken back after | speaking allowed, s |"
    );
    let _ = writeln!(out, "|---|---|---|---|---|---|---|");
    for (kind, hold) in &score.holds {
        let back: Vec<String> = hold.taken_back_s.iter().map(|s| format!("{s:.1} s")).collect();
        let _ = writeln!(
            out,
            "| {kind} | {:.1} | {} | {} | {} | {} | {:.1} |",
            hold.seconds / 60.0,
            hold.waits,
            hold.utterances,
            hold.false_human,
            back.join(", "),
            hold.may_speak_s
        );
    }
    let found = share(score.pickup_s.len(), score.pickups);
    let _ = writeln!(
        out,
        "\nPickups known: {found}; after the first phrase: {}.",
        times(&score.pickup_s)
    );
}

/// How soon a person believed in error is taken back.
fn errors(out: &mut String, score: &Score) {
    if score.errors_s.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\nA person believed, on purpose, in a pause of hold, and taken back after the next sound begins:\n\n\
         | next sounds | within {SOON_S} s | |\n|---|---|---|"
    );
    for (kind, lasted_s) in &score.errors_s {
        let soon = lasted_s.iter().filter(|s| **s <= SOON_S).count();
        let kind = if *kind == Kind::Music { "music" } else { "a voice" };
        let soon = share(soon, lasted_s.len());
        let _ = writeln!(out, "| {kind} | {soon} | {} |", times(lasted_s));
    }
}

fn mailboxes(out: &mut String, score: &Score) {
    if score.mailboxes == 0 {
        return;
    }
    let _ = writeln!(out, "\n### Mailboxes\n");
    let found = share(score.turn_s.len(), score.mailboxes);
    let _ = writeln!(
        out,
        "Our turn known: {found}; too early: {}; late by: {}.",
        score.talked_over,
        times(&score.turn_s)
    );
}

fn table(out: &mut String, title: &str, what: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {title}: {what}\n\n| | trials | right |\n|---|---|---|");
    for Row { what, trials, right } in rows {
        let _ = writeln!(out, "| {what} | {trials} | {right} |");
    }
}

fn bridge(out: &mut String, bridge: &Bridge) {
    let of = |share| percentile(&bridge.added_ms, share);
    let (Some(p50), Some(max)) = (of(0.5), of(1.0)) else { return };
    let _ = writeln!(out, "\n## Bridge: the user called into a call, in virtual time\n");
    let heard = share(bridge.heard, bridge.trials);
    let _ = writeln!(out, "Each heard the other and nobody themselves: {heard}.");
    let _ = writeln!(
        out,
        "Beyond a frame that is filled and the 20 ms a carrier holds back, with wires and threads that take no time, the \
         bridge added: p50 {p50:.1} ms, at most {max:.1} ms, {} ways.",
        bridge.added_ms.len()
    );
}

fn wrong(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}\n");
    for line in lines {
        let _ = writeln!(out, "* {line}");
    }
}

/// "116 of 132, 87.9 %".
pub fn share(part: usize, all: usize) -> String {
    format!("{part} of {all}, {:.1} %", 100.0 * part as f64 / all.max(1) as f64)
}

fn times(values: &[f64]) -> String {
    let of = |share| percentile(values, share).unwrap_or_default();
    if values.is_empty() {
        return "none".to_owned();
    }
    format!("p50 {:.2} s, p95 {:.2} s, {} cases", of(0.5), of(0.95), values.len())
}
