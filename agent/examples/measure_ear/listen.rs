//! One clip, heard as in a call.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent::stt::{
    Dialect, Event, Input, Output, SegmentId,
    moonshine::{Config, Model, Moonshine},
};
use media::{
    Mono,
    circuit::JUDGE_SAMPLES,
    vad::silero::{Silero, SileroStream},
};

use super::Asked;

const FRAME: usize = 160;
/// Probability from which a chunk is speech, and below which it is none any more.
const SPEECH: f32 = 0.5;
const SILENCE: f32 = 0.35;
/// Silence before and after the clip, in samples.
const BEFORE: usize = 4000;
const AFTER: usize = 12_000;

/// Sums over all clips.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) sound: Duration,
    pub(crate) finals: Vec<Duration>,
    pub(crate) finals_wall: Vec<Duration>,
    pub(crate) partials: usize,
    pub(crate) recogniser: Duration,
    pub(crate) judge: Duration,
}

/// CPU time of this process, all threads.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// The text of all segments of the clip.
pub(crate) fn clip(
    silero: &Silero,
    model: &Arc<Model>,
    samples: &[i16],
    asked: &Asked,
    all: &mut Measured,
) -> String {
    let mut sound = vec![0_i16; BEFORE];
    sound.extend_from_slice(samples);
    sound.resize(sound.len() + AFTER, 0);
    all.sound += Duration::from_secs_f64(samples.len() as f64 / 8000.0);
    let edges = edges(silero, &sound, asked.hangover_ms, all);

    let config = Config { partials: asked.partials, ..Config::default() };
    let mut ear = Moonshine::new(Arc::clone(model), config);
    let mut text = String::new();
    let mut edges = edges.into_iter().peekable();
    let mut segment = SegmentId(0);
    for (at, frame) in sound.chunks(FRAME).enumerate() {
        let now = Mono::from_millis(at as u64 * 20);
        let end = ((at + 1) * FRAME) as u64;
        let start = cpu();
        ear.handle(now, Input::Audio(frame));
        while let Some((_, edge)) = edges.next_if(|(when, _)| *when <= end) {
            match edge {
                Edge::Started(from_sample) => {
                    segment.0 += 1;
                    ear.handle(now, Input::Open { segment, from_sample });
                }
                Edge::Ended(to_sample) => {
                    let (cpu_before, wall_before) = (cpu(), Instant::now());
                    ear.handle(now, Input::Finalise { segment, to_sample });
                    all.finals.push(cpu() - cpu_before);
                    all.finals_wall.push(wall_before.elapsed());
                    ear.handle(now, Input::Close(segment));
                }
            }
        }
        if ear.deadline().is_some_and(|due| due <= now) {
            ear.handle(now, Input::Tick);
        }
        all.recogniser += cpu() - start;
        while let Some(output) = ear.poll() {
            match output {
                Output::Event(Event::Partial { .. }) => all.partials += 1,
                Output::Event(Event::Final { text: heard, .. }) => {
                    text.push(' ');
                    text.push_str(&heard);
                }
                Output::Event(Event::Failed { fault, .. }) => println!("{fault}"),
                Output::Wire(_) => {}
            }
        }
    }
    text
}

enum Edge {
    Started(u64),
    Ended(u64),
}

/// Edges of speech, each with the position at which it is known.
fn edges(silero: &Silero, sound: &[i16], hangover_ms: u64, all: &mut Measured) -> Vec<(u64, Edge)> {
    let mut stream = SileroStream::default();
    let mut edges = Vec::new();
    let mut speaking = false;
    let mut last_speech = 0;
    let start = cpu();
    for (at, chunk) in sound.chunks_exact(JUDGE_SAMPLES).enumerate() {
        let Ok(chunk) = <&[i16; JUDGE_SAMPLES]>::try_from(chunk) else { continue };
        let (from, to) = ((at * JUDGE_SAMPLES) as u64, ((at + 1) * JUDGE_SAMPLES) as u64);
        let probability = silero.judge(&mut stream, chunk);
        if probability >= if speaking { SILENCE } else { SPEECH } {
            if !speaking {
                edges.push((to, Edge::Started(from)));
            }
            speaking = true;
            last_speech = to;
        } else if speaking && to - last_speech >= hangover_ms * 8 {
            edges.push((to, Edge::Ended(last_speech)));
            speaking = false;
        }
    }
    if speaking {
        edges.push((sound.len() as u64, Edge::Ended(last_speech)));
    }
    all.judge += cpu() - start;
    edges
}
