//! The picture of one call: waveform, spectrogram and line states over the same time.

use agent::line::{Decision, State};

use super::{
    canvas::{Area, Canvas, Colour},
    strip::{BANDS, Strip},
};

const WIDTH: usize = 1_600;
const LEFT: usize = 90;
const PLOT: usize = WIDTH - LEFT - 20;
const TITLE: usize = 40;
const WAVE: usize = 110;
const SPECTRUM: usize = 4 * BANDS;
const STATES: usize = 44;
const GAP: usize = 12;
const AXIS: usize = 30;
/// Rows of names of states.
const LEGEND_ROW: usize = 26;

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [40, 44, 52];
const FAINT: Colour = [205, 210, 216];
const CALLEE: Colour = [42, 111, 187];
const AGENT: Colour = [192, 90, 28];
/// Power from black to white, in dB of full scale.
const DARKEST_DB: f32 = -80.0;
const BRIGHTEST_DB: f32 = -15.0;
/// Steps of the time axis that people read easily, in s.
const TICKS_S: [u64; 12] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600];
/// So many labels at most fit on it.
const LABELS_MAX: u64 = 16;

/// What is drawn.
pub struct Call<'a> {
    /// In the title.
    pub name: &'a str,
    /// Their sound.
    pub callee: &'a Strip,
    /// Ours, when it is known apart.
    pub agent: Option<&'a Strip>,
    /// Changes of the line state, in order.
    pub decisions: &'a [Decision],
    /// Length, at 8 kHz.
    pub samples: u64,
}

/// A state from one column to another.
struct Stretch {
    state: State,
    from: usize,
    to: usize,
}

impl Call<'_> {
    /// The picture as a PNG file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let stretches = self.stretches();
        let mut shown: Vec<State> = stretches.iter().map(|stretch| stretch.state).collect();
        shown.sort_unstable();
        shown.dedup();
        let waves = 1 + usize::from(self.agent.is_some());
        let below = TITLE + waves * (WAVE + GAP) + SPECTRUM + GAP;
        let height = below + STATES + AXIS + LEGEND_ROW * shown.len().div_ceil(5) + GAP;
        let mut canvas = Canvas::new(WIDTH, height, PAPER);
        let seconds = self.samples as f64 / 8_000.0;
        let title = format!("{}   {}", self.name, clock(seconds.round() as u64));
        canvas.text(LEFT, 12, 2, INK, &title);
        self.wave(&mut canvas, TITLE, "callee", self.callee, CALLEE);
        if let Some(agent) = self.agent {
            self.wave(&mut canvas, TITLE + WAVE + GAP, "agent", agent, AGENT);
        }
        self.spectrogram(&mut canvas, TITLE + waves * (WAVE + GAP));
        canvas.text(8, below + 14, 2, INK, "state");
        for stretch in &stretches {
            draw_stretch(&mut canvas, below, stretch);
        }
        self.axis(&mut canvas, below + STATES);
        legend(&mut canvas, below + STATES + AXIS, &shown);
        canvas.png()
    }

    fn stretches(&self) -> Vec<Stretch> {
        let place = |decision: &Decision| {
            let sample = decision.at.as_micros() / 125;
            (sample.min(self.samples) as usize * PLOT) / self.samples.max(1) as usize
        };
        let mut all = Vec::with_capacity(self.decisions.len() + 1);
        let (mut state, mut from) = (State::Dialing, 0);
        for decision in self.decisions {
            let to = place(decision);
            all.push(Stretch { state, from, to });
            (state, from) = (decision.state, to);
        }
        all.push(Stretch { state, from, to: PLOT });
        all.retain(|stretch| stretch.to > stretch.from);
        all
    }

    fn wave(&self, canvas: &mut Canvas, top: usize, name: &str, strip: &Strip, colour: Colour) {
        canvas.text(8, top + WAVE / 2 - 7, 2, INK, name);
        let y = |sample: i16| {
            let from_top = (32_767 - i32::from(sample)) as usize * (WAVE - 1) / 65_535;
            top + from_top
        };
        canvas.fill(Area { x: LEFT, y: y(0), width: PLOT, height: 1 }, FAINT);
        for x in 0..PLOT {
            let column = strip.column(x, PLOT, self.samples);
            let (high, low) = (y(column.high), y(column.low));
            canvas.fill(Area { x: LEFT + x, y: high, width: 1, height: low - high + 1 }, colour);
        }
    }

    fn spectrogram(&self, canvas: &mut Canvas, top: usize) {
        let each = SPECTRUM / BANDS;
        for khz in 0..=4 {
            let y = top + SPECTRUM - khz * SPECTRUM / 4;
            canvas.text(8, (y - 7).max(top), 2, INK, &format!("{khz} khz"));
        }
        for x in 0..PLOT {
            let column = self.callee.column(x, PLOT, self.samples);
            for (band, db) in column.bands_db.iter().enumerate() {
                let y = top + SPECTRUM - (band + 1) * each;
                let light = (f32::from(*db) - DARKEST_DB) / (BRIGHTEST_DB - DARKEST_DB);
                canvas.fill(Area { x: LEFT + x, y, width: 1, height: each }, heat(light));
            }
        }
    }

    fn axis(&self, canvas: &mut Canvas, top: usize) {
        let seconds = (self.samples / 8_000).max(1);
        let step = TICKS_S.into_iter().find(|step| seconds / step < LABELS_MAX);
        let step = step.unwrap_or(seconds / LABELS_MAX + 1);
        for tick in (0..=seconds).step_by(step as usize) {
            let x = LEFT + (tick * 8_000) as usize * PLOT / self.samples.max(8_000) as usize;
            canvas.fill(Area { x, y: top, width: 1, height: 6 }, INK);
            canvas.text(x + 3, top + 8, 2, INK, &clock(tick));
        }
    }
}

fn draw_stretch(canvas: &mut Canvas, top: usize, stretch: &Stretch) {
    let (x, width) = (LEFT + stretch.from, stretch.to - stretch.from);
    canvas.fill(Area { x, y: top, width, height: STATES }, colour(stretch.state));
    canvas.fill(Area { x, y: top, width: 1, height: STATES }, INK);
    let name = stretch.state.name().replace('_', " ");
    if Canvas::text_width(&name, 2) + 8 < width {
        canvas.text(x + 6, top + 15, 2, INK, &name);
    }
}

fn legend(canvas: &mut Canvas, top: usize, states: &[State]) {
    for (place, state) in states.iter().enumerate() {
        let x = LEFT + (place % 5) * (PLOT / 5);
        let y = top + (place / 5) * LEGEND_ROW;
        canvas.fill(Area { x, y, width: 18, height: 18 }, colour(*state));
        canvas.text(x + 26, y + 2, 2, INK, &state.name().replace('_', " "));
    }
}

fn clock(seconds: u64) -> String {
    if seconds < 60 {
        return format!("{seconds} s");
    }
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// From black over red and orange to white.
fn heat(light: f32) -> Colour {
    let light = light.clamp(0.0, 1.0);
    let part = |from: f32, to: f32| (255.0 * ((light - from) / (to - from)).clamp(0.0, 1.0)) as u8;
    [
        part(0.0, 0.5).max((light * 60.0) as u8),
        part(0.4, 0.85),
        part(0.75, 1.0).max((light * 90.0) as u8),
    ]
}

/// Machines are violet, hold is yellow, a person is green, what is not known is grey.
fn colour(state: State) -> Colour {
    match state {
        State::Dialing => [232, 234, 238],
        State::Ringback => [178, 208, 240],
        State::AnsweredUndecided => [200, 204, 210],
        State::Silence => [220, 222, 226],
        State::Screening => [222, 190, 236],
        State::VoicemailGreeting => [190, 160, 226],
        State::Beep => [160, 120, 214],
        State::Ivr => [226, 176, 206],
        State::HoldMusic => [250, 222, 130],
        State::HoldMessage => [244, 196, 120],
        State::HoldSilence => [250, 240, 196],
        State::PickupSuspected => [206, 236, 160],
        State::Human => [128, 208, 130],
        State::TransferPending => [150, 204, 222],
        State::Bridged => [120, 200, 190],
        State::Fax => [214, 160, 140],
        State::Ended => [226, 140, 130],
    }
}
