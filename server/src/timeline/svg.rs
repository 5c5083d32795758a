//! The story as a picture that can be read at a glance.

use std::fmt::Write as _;

use super::{Story, What};
use crate::call_task::stages;

const WIDTH: f64 = 1680.0;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 30.0;
const CALLEE_Y: f64 = 150.0;
const AGENT_Y: f64 = 290.0;
const WAVE: f64 = 52.0;
const EVENTS_Y: f64 = 375.0;
const WORDS_Y: f64 = 430.0;
const ROW: f64 = 17.0;
const BAR: f64 = 16.0;

const CALLEE: &str = "#2a6fbb";
const AGENT: &str = "#c05a1c";
const STAGES: [(&str, &str); 5] = [
    ("endpoint", "#8c96a3"),
    ("stt", "#3f8f6b"),
    ("llm", "#8659b5"),
    ("tts", "#c8932b"),
    ("send", "#c0392b"),
];

/// The whole picture.
pub fn draw(story: &Story) -> String {
    let words: Vec<_> = story
        .moments
        .iter()
        .filter(|m| {
            matches!(m.what, What::Callee | What::Agent | What::Tool | What::Report | What::Notice)
        })
        .collect();
    let bars_y = WORDS_Y + words.len() as f64 * ROW + 60.0;
    let height = bars_y + story.turns.len() as f64 * (BAR + 6.0) + 70.0;
    let mut out = String::with_capacity(256 * 1024);
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
         font-family=\"system-ui,sans-serif\" font-size=\"12\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    head(&mut out, story);
    axis(&mut out, story);
    for (y, name, colour, spans) in
        [(CALLEE_Y, "callee", CALLEE, &story.callee), (AGENT_Y, "agent", AGENT, &story.agent)]
    {
        label(&mut out, LEFT - 12.0, y + 4.0, "end", colour, 15, name);
        for span in spans {
            let (from, to) = (x(story, span.from), x(story, span.to));
            let edge = if span.interrupted { "#c0392b" } else { "none" };
            let _ = write!(
                out,
                "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\" \
                 fill-opacity=\".13\" stroke=\"{edge}\" stroke-width=\"1.5\"/>",
                y - WAVE - 4.0,
                (to - from).max(1.0),
                2.0 * WAVE + 8.0,
            );
        }
    }
    if let Some((start, left, right)) = &story.sound {
        wave(&mut out, story, *start, left, CALLEE_Y, CALLEE);
        wave(&mut out, story, *start, right, AGENT_Y, AGENT);
    }
    moments(&mut out, story);
    for (row, moment) in words.iter().enumerate() {
        let y = WORDS_Y + row as f64 * ROW;
        let colour = match moment.what {
            What::Callee => CALLEE,
            What::Agent => AGENT,
            What::Report => "#2e7d32",
            _ => "#666",
        };
        label(&mut out, LEFT - 12.0, y, "end", "#888", 11, &format!("{:.1} s", moment.at));
        label(&mut out, LEFT, y, "start", colour, 12, &moment.text);
    }
    waterfall(&mut out, story, bars_y);
    out.push_str("</svg>\n");
    out
}

fn x(story: &Story, second: f64) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * second / story.seconds.max(1.0)
}

fn label(out: &mut String, x: f64, y: f64, anchor: &str, colour: &str, size: u32, text: &str) {
    let _ = write!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" font-size=\"{size}\">{}</text>",
        escaped(text)
    );
}

fn escaped(text: &str) -> String {
    let short: String = text.chars().take(220).filter(|c| !c.is_control()).collect();
    short.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn head(out: &mut String, story: &Story) {
    let to = story.first.config.to.as_ref().map(telephony::E164::redacted).unwrap_or_default();
    let end = story.ending.as_ref().map_or("running".to_owned(), |e| format!("{:?}", e.outcome));
    label(
        out,
        LEFT,
        26.0,
        "start",
        "#111",
        18,
        &format!("Call to {to}: {end}, {:.1} s", story.seconds),
    );
    label(
        out,
        LEFT,
        44.0,
        "start",
        "#888",
        11,
        &format!("{} · {}", story.first.call_id, story.first.started),
    );
    let mut at = LEFT;
    let legend = [
        (CALLEE, "callee's voice"),
        (AGENT, "agent's voice"),
        ("#c0392b", "▼ interruption"),
        ("#b58900", "Ⅱ pause  ▶ resume"),
        ("#2e7d32", "◆ heard (mark)"),
        ("#6a1b9a", "# key"),
    ];
    for (colour, text) in legend {
        label(out, at, 66.0, "start", colour, 12, &format!("■ {text}"));
        at += 30.0 + text.chars().count() as f64 * 7.0;
    }
}

fn axis(out: &mut String, story: &Story) {
    let step = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0]
        .into_iter()
        .find(|step| story.seconds / step <= 30.0)
        .unwrap_or(600.0);
    let mut second = 0.0;
    while second <= story.seconds {
        let at = x(story, second);
        let _ = write!(
            out,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"88\" y2=\"{:.0}\" stroke=\"#e4e7eb\"/>",
            EVENTS_Y + 18.0
        );
        label(out, at, 84.0, "middle", "#888", 11, &format!("{second:.0} s"));
        second += step;
    }
}

/// Peaks per picture column.
fn wave(out: &mut String, story: &Story, start: f64, samples: &[i16], middle: f64, colour: &str) {
    let columns = (x(story, story.seconds) - x(story, start)).max(1.0);
    let per_column = ((story.seconds - start).max(0.01) * 8000.0 / columns).max(1.0);
    let _ = write!(out, "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"1\" d=\"");
    for (column, chunk) in samples.chunks(per_column as usize).enumerate() {
        let peak = chunk.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        // Square root: quiet speech is seen beside loud.
        let half = (f64::from(peak) / 32768.0).sqrt() * WAVE;
        let at = x(story, start + column as f64 * (per_column as usize) as f64 / 8000.0);
        let _ = write!(out, "M{at:.1} {:.1}V{:.1}", middle - half, middle + half);
    }
    out.push_str("\"/>");
}

fn moments(out: &mut String, story: &Story) {
    let (mut last_state, mut row) = (f64::NEG_INFINITY, 0.0);
    for moment in &story.moments {
        let at = x(story, moment.at);
        let (y, colour, sign) = match moment.what {
            What::Interruption => (AGENT_Y - WAVE - 8.0, "#c0392b", "▼"),
            What::Pause => (AGENT_Y + WAVE + 16.0, "#b58900", "Ⅱ"),
            What::Resume => (AGENT_Y + WAVE + 16.0, "#b58900", "▶"),
            What::Mark => (AGENT_Y + WAVE + 16.0, "#2e7d32", "◆"),
            What::Key => (EVENTS_Y + 14.0, "#6a1b9a", "#"),
            What::State => {
                let _ = write!(
                    out,
                    "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.0}\" y2=\"{:.0}\" stroke=\"#555\" stroke-dasharray=\"2 3\"/>",
                    CALLEE_Y - WAVE - 4.0,
                    EVENTS_Y,
                );
                // States that follow at once stand below each other.
                row = if at - last_state < 90.0 { row + 1.0 } else { 0.0 };
                last_state = at;
                (EVENTS_Y + 14.0 + row * 13.0, "#555", moment.text.as_str())
            }
            _ => continue,
        };
        let _ = write!(out, "<g><title>{:.3} s {}</title>", moment.at, escaped(&moment.text));
        let anchor = match moment.what {
            What::State if at > WIDTH - 120.0 => "end",
            What::State => "start",
            _ => "middle",
        };
        label(out, at, y, anchor, colour, 12, sign);
        out.push_str("</g>");
    }
}

/// One bar a turn: from the callee's last sound to our first, by stage.
fn waterfall(out: &mut String, story: &Story, top: f64) {
    if story.turns.is_empty() {
        return;
    }
    label(
        out,
        LEFT,
        top - 14.0,
        "start",
        "#111",
        14,
        "Answering, by stage (ms from their last sound to our first)",
    );
    let mut at = LEFT + 460.0;
    for (name, colour) in STAGES {
        label(out, at, top - 14.0, "start", colour, 12, &format!("■ {name}"));
        at += 80.0;
    }
    let longest = story
        .turns
        .iter()
        .map(|turn| {
            stages(turn).iter().filter(|(n, _)| *n != "answer").map(|(_, s)| s).sum::<f64>()
        })
        .fold(0.5, f64::max);
    for (row, turn) in story.turns.iter().enumerate() {
        let y = top + row as f64 * (BAR + 6.0);
        label(out, LEFT - 12.0, y + 12.0, "end", "#444", 12, &format!("turn {}", turn.turn));
        let mut from = LEFT;
        let mut answer = None;
        for (name, seconds) in stages(turn) {
            let Some((_, colour)) = STAGES.iter().find(|(stage, _)| *stage == name) else {
                answer = Some(seconds);
                continue;
            };
            let width = (WIDTH - LEFT - RIGHT - 200.0) * seconds / longest;
            let _ = write!(
                out,
                "<rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{colour}\">\
                 <title>{name} {:.0} ms</title></rect>",
                seconds * 1000.0
            );
            from += width;
        }
        if let Some(answer) = answer {
            label(
                out,
                from + 8.0,
                y + 12.0,
                "start",
                "#444",
                12,
                &format!("{:.0} ms", answer * 1000.0),
            );
        }
    }
}
