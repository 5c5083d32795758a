//! Pictures for reports: lines over two axes, as SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 45.0;
const COLOURS: [&str; 4] = ["#1f6feb", "#d1242f", "#2da44e", "#8250df"];
/// Grid lines of an axis.
const GRID: u32 = 5;

/// One line of a picture.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// What it is.
    pub(crate) name: &'static str,
    /// Its points.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws `lines` over axes that begin at 0; `x` and `y` say what the axes are.
pub(crate) fn svg(title: &str, x: &str, y: &str, lines: &[Line]) -> String {
    let finite = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
    let points = || lines.iter().flat_map(|line| line.points.iter().filter(finite));
    let x_max = round_up(points().map(|point| point.0).fold(0.0, f64::max));
    let y_max = round_up(points().map(|point| point.1).fold(0.0, f64::max));
    let at = |(px, py): (f64, f64)| {
        let wide = WIDTH - LEFT - RIGHT;
        let high = HEIGHT - TOP - BOTTOM;
        (LEFT + px.max(0.0) / x_max * wide, HEIGHT - BOTTOM - py.max(0.0) / y_max * high)
    };
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/><text x="{LEFT}" y="20" font-size="14">{title}</text>"#
    );
    for step in 0..=GRID {
        let part = f64::from(step) / f64::from(GRID);
        let ((gx, _), (_, gy)) = (at((x_max * part, 0.0)), at((0.0, y_max * part)));
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        // Writing to memory does not fail.
        let _ = write!(
            out,
            r##"<path d="M{LEFT} {gy:.1}H{right}M{gx:.1} {TOP}V{bottom}" stroke="#ddd"/><text x="{}" y="{:.1}" text-anchor="end">{}</text><text x="{gx:.1}" y="{}" text-anchor="middle">{}</text>"##,
            LEFT - 6.0,
            gy + 4.0,
            number(y_max * part),
            bottom + 16.0,
            number(x_max * part),
        );
    }
    let _ = write!(
        out,
        r#"<text x="{}" y="{}" text-anchor="end">{x}</text><text x="{LEFT}" y="34">{y}</text>"#,
        WIDTH - RIGHT,
        HEIGHT - 8.0
    );
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let mut path = String::new();
        for point in line.points.iter().filter(finite) {
            let (px, py) = at(*point);
            let _ = write!(path, "{px:.1},{py:.1} ");
            let _ = write!(out, r#"<circle cx="{px:.1}" cy="{py:.1}" r="2" fill="{colour}"/>"#);
        }
        let _ = write!(
            out,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.5"/><text x="{}" y="{}" fill="{colour}" text-anchor="end">{}</text>"#,
            path.trim_end(),
            WIDTH - RIGHT,
            20.0 + 14.0 * number as f64,
            line.name
        );
    }
    out.push_str("</svg>\n");
    out
}

/// The next number that looks round: 1, 2 or 5 and zeros; never 0.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let unit = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    unit * steps.into_iter().find(|step| unit * step >= value * 0.999_999).unwrap_or(10.0)
}

fn number(value: f64) -> String {
    if value >= 10.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_inside_and_nonsense_is_left_out() {
        let points = vec![(0.0, 0.0), (500.0, 14.0), (1_000.0, 16.0), (f64::NAN, 1.0)];
        let picture = svg("Cost", "calls", "µs", &[Line { name: "server", points }]);
        assert_eq!(picture.matches("<circle").count(), 3);
        assert!(picture.contains(r#"points="60.0,275.0 380.0,110.5 700.0,87.0""#), "{picture}");
        assert!(!picture.contains("NaN"));
        assert!(svg("Empty", "x", "y", &[]).ends_with("</svg>\n"));
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, round) in [(0.0, 1.0), (1.0, 1.0), (16.0, 20.0), (0.21, 0.5), (501.0, 1000.0)] {
            assert!((round_up(value) - round).abs() < 1e-9, "{value}");
        }
    }
}
