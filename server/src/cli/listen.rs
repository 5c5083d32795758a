//! `trunkline listen FILE.wav`

use std::{collections::BTreeMap, fs, process::ExitCode};

use agent::line::{Decision, State};
use anyhow::Context;
use serde::Serialize;

use super::{Hear, say};
use crate::{
    config::{Sources, load},
    listening::{Listening, Nets},
    models::Models,
    picture::{Call, Strip},
    wav::Wav,
};

/// One change of the line state, as it is printed.
#[derive(Serialize)]
struct Line<'a> {
    t: f64,
    #[serde(flatten)]
    decision: &'a Decision,
}

/// The last line.
#[derive(Serialize)]
struct Summary<'a> {
    summary: Seconds<'a>,
}

#[derive(Serialize)]
struct Seconds<'a> {
    file: &'a str,
    seconds: f64,
    /// The file ended before its header said it would.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    states: BTreeMap<&'static str, f64>,
}

/// Listens to a file, prints each change of the line state and how long each state lasted.
pub fn run(wanted: &Hear, sources: &Sources) -> anyhow::Result<ExitCode> {
    let file = wanted.file.display().to_string();
    let nets = if wanted.sound_only {
        Nets::default()
    } else {
        Nets::load(&Models::find(load(sources)?.models_dir.as_deref())?, !wanted.without_words)?
    };
    let mut wav = Wav::open(&wanted.file).with_context(|| file.clone())?;
    anyhow::ensure!(
        !wanted.stereo || wav.channels() == 2,
        "{file}: --stereo wants two channels (left the callee, right the agent), this file has {}",
        wav.channels()
    );
    let mut heard = Heard::new(&nets, wanted.picture.is_some());
    let mut channels = vec![Vec::new(); usize::from(wav.channels())];
    loop {
        let more = wav.read(&mut channels).with_context(|| file.clone())?;
        heard.feed(&channels, wanted.stereo);
        for channel in &mut channels {
            channel.clear();
        }
        if !more {
            break;
        }
    }
    let seconds = round(heard.samples as f64 / 8_000.0);
    let states = heard.seconds_per_state();
    let summary = Seconds { file: &file, seconds, truncated: wav.truncated(), states };
    say(serde_json::to_string(&Summary { summary })?);
    if let Some(out) = &wanted.picture {
        let name = wanted.file.file_name().map(|name| name.to_string_lossy().into_owned());
        let call = Call {
            name: &name.unwrap_or_default(),
            callee: &heard.callee,
            agent: wanted.stereo.then_some(&heard.agent),
            decisions: &heard.decisions,
            samples: heard.samples,
        };
        fs::write(out, call.png()?).with_context(|| format!("cannot write {}", out.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was heard so far.
struct Heard {
    listening: Listening,
    drawn: bool,
    callee: Strip,
    agent: Strip,
    decisions: Vec<Decision>,
    samples: u64,
    line: Vec<i16>,
}

impl Heard {
    fn new(nets: &Nets, drawn: bool) -> Self {
        Self {
            listening: Listening::new(nets),
            drawn,
            callee: Strip::new(),
            agent: Strip::new(),
            decisions: Vec::new(),
            samples: 0,
            line: Vec::new(),
        }
    }

    /// The next sound of all channels, equally long. Unless they are two parties, they are mixed.
    fn feed(&mut self, channels: &[Vec<i16>], stereo: bool) {
        let Some(first) = channels.first() else { return };
        self.line.clear();
        if stereo || channels.len() == 1 {
            self.line.extend_from_slice(first);
        } else {
            self.line.extend((0..first.len()).map(|at| {
                let sum: i32 = channels.iter().map(|channel| i32::from(channel[at])).sum();
                (sum / channels.len() as i32) as i16
            }));
        }
        self.samples += self.line.len() as u64;
        if self.drawn {
            self.callee.push(&self.line);
            if let Some(agent) = channels.get(1).filter(|_| stereo) {
                self.agent.push(agent);
            }
        }
        let ours = channels.get(1).filter(|_| stereo).map_or(&[][..], Vec::as_slice);
        let decisions = &mut self.decisions;
        self.listening.feed(&self.line, ours, |decision| {
            let t = round(decision.at.as_micros() as f64 / 1e6);
            if let Ok(line) = serde_json::to_string(&Line { t, decision: &decision }) {
                say(line);
            }
            decisions.push(decision);
        });
    }

    fn seconds_per_state(&self) -> BTreeMap<&'static str, f64> {
        let end = self.samples as f64 / 8_000.0;
        let mut seconds = BTreeMap::new();
        let (mut state, mut since) = (State::Dialing, 0.0);
        let changes = self.decisions.iter().map(|d| (d.state, d.at.as_micros() as f64 / 1e6));
        for (next, at) in changes.chain([(State::Ended, end)]) {
            if at > since {
                *seconds.entry(state.name()).or_insert(0.0) += at - since;
            }
            (state, since) = (next, at);
        }
        for value in seconds.values_mut() {
            *value = round(*value);
        }
        seconds
    }
}

/// To hundredths.
fn round(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}
