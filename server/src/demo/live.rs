//! The view in a terminal: a small live part at the bottom, the conversation scrolling away above.

use std::io::{self, Stdout};

use ratatui::{
    Frame, Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Paragraph, Widget, Wrap},
};

use super::{
    View,
    scene::{Said, Scene},
};
use crate::call_task::stages;

const HEIGHT: u16 = 13;
/// Lines younger than this may still be corrected, in s.
const SETTLES: f64 = 1.5;
const METER: usize = 24;
const CALLEE: Color = Color::Cyan;
const AGENT: Color = Color::Yellow;

/// The live view.
pub(super) struct Live {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    printed: usize,
}

impl Live {
    /// Takes the bottom of the terminal.
    pub(super) fn open() -> io::Result<Self> {
        let options = TerminalOptions { viewport: Viewport::Inline(HEIGHT) };
        let terminal = Terminal::with_options(CrosstermBackend::new(io::stdout()), options)?;
        Ok(Self { terminal, printed: 0 })
    }

    fn scroll(&mut self, scene: &Scene, all: bool) -> io::Result<()> {
        while let Some(said) = scene.log.get(self.printed) {
            if !all && scene.second < said.at + SETTLES {
                break;
            }
            self.printed += 1;
            let width = usize::from(self.terminal.size()?.width.max(20));
            let line = log_line(said);
            let height = line.width().div_ceil(width.saturating_sub(2)).max(1) as u16;
            self.terminal.insert_before(height, |buffer| {
                Paragraph::new(line).wrap(Wrap { trim: false }).render(buffer.area, buffer);
            })?;
        }
        Ok(())
    }
}

impl View for Live {
    fn draw(&mut self, scene: &Scene) -> io::Result<()> {
        self.scroll(scene, false)?;
        let pending: Vec<&Said> = scene.log[self.printed..].iter().collect();
        self.terminal.draw(|frame| picture(frame, scene, &pending))?;
        Ok(())
    }

    fn close(&mut self, scene: &Scene) -> io::Result<()> {
        self.scroll(scene, true)?;
        self.terminal.clear()?;
        // What follows is printed where the live part began.
        let top = self.terminal.get_frame().area().as_position();
        self.terminal.set_cursor_position(top)?;
        self.terminal.show_cursor()
    }
}

fn log_line(said: &Said) -> Line<'static> {
    let style = match said.who {
        "they" => Style::new().fg(CALLEE),
        "we" => Style::new().fg(AGENT),
        "!" => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        _ => Style::new().fg(Color::DarkGray),
    };
    Line::from(vec![
        Span::styled(format!("{:6.1} s  ", said.at), Style::new().fg(Color::DarkGray)),
        Span::styled(format!("{:<5} ", said.who), style.add_modifier(Modifier::BOLD)),
        Span::styled(said.text.clone(), style),
    ])
}

fn picture(frame: &mut Frame<'_>, scene: &Scene, pending: &[&Said]) {
    let rows = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(4),
    ])
    .split(frame.area());
    let newest: Vec<Line<'_>> =
        pending.iter().rev().take(3).rev().map(|said| log_line(said)).collect();
    frame.render_widget(Paragraph::new(newest), rows[0]);
    let title =
        format!(" {:5.1} s  {}  interruptions {}", scene.second, scene.state, scene.interruptions);
    frame.render_widget(
        Paragraph::new(title).style(Style::new().add_modifier(Modifier::REVERSED)),
        rows[1],
    );
    side(frame, rows[2], "they", CALLEE, scene.levels.0, scene.callee_speaks, &scene.hearing);
    side(frame, rows[3], "we", AGENT, scene.levels.1, scene.agent_speaks, &scene.saying);
    waterfall(frame, rows[4], scene);
}

/// Who, level meter, words as they form.
fn side(
    frame: &mut Frame<'_>,
    area: Rect,
    who: &str,
    colour: Color,
    dbfs: f32,
    speaks: bool,
    words: &str,
) {
    let filled = ((dbfs + 60.0).clamp(0.0, 60.0) / 60.0 * METER as f32) as usize;
    let sign = if speaks { '●' } else { ' ' };
    let bar = format!(" {who:<5}{sign} {}{} ", "▮".repeat(filled), "·".repeat(METER - filled));
    // The end of what is said matters most.
    let room = usize::from(area.width).saturating_sub(bar.chars().count() + 1);
    let skipped = words.chars().count().saturating_sub(room);
    let tail: String = words.chars().skip(skipped).collect();
    let line = Line::from(vec![
        Span::styled(bar, Style::new().fg(colour)),
        Span::styled(tail, Style::new().fg(colour).add_modifier(Modifier::ITALIC)),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

/// The last turns: where the time between their last sound and our first went.
fn waterfall(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    const COLOURS: [(&str, Color); 5] = [
        ("endpoint", Color::DarkGray),
        ("stt", Color::Green),
        ("llm", Color::Magenta),
        ("tts", Color::Yellow),
        ("send", Color::Red),
    ];
    let mut legend = vec![Span::raw(" answering, ms: ")];
    for (name, colour) in COLOURS {
        legend.push(Span::styled(format!("■ {name}  "), Style::new().fg(colour)));
    }
    let mut lines = vec![Line::from(legend)];
    for turn in scene.turns.iter().rev().take(usize::from(area.height.saturating_sub(1))).rev() {
        let mut spans = vec![Span::raw(format!(" turn {:>2} ", turn.turn))];
        let mut answer = String::new();
        for (name, seconds) in stages(turn) {
            match COLOURS.iter().find(|(stage, _)| *stage == name) {
                // One cell is 40 ms.
                Some((_, colour)) => {
                    let cells = (seconds * 25.0).round().min(60.0) as usize;
                    spans.push(Span::styled("█".repeat(cells), Style::new().fg(*colour)));
                }
                None => answer = format!(" {:.0}", seconds * 1000.0),
            }
        }
        spans.push(Span::raw(answer));
        lines.push(Line::from(spans));
    }
    frame.render_widget(Paragraph::new(lines), area);
}
