//! What a call's whole sound path costs for 20 ms: one frame heard, one frame said. Expected: under
//! 60 µs a circuit with gate, keys, levels and ledger, the same for each of a hundred; an
//! interruption in virtual time (two seconds of call) in a few ms.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use media::Mono;
use media::circuit::{Circuit, CircuitConfig, Command, Event, Input, Output, UtteranceId, Verdict};
use media::codec::g711;

const FRAME: Duration = Duration::from_millis(20);

/// What a circuit put out in one step.
#[derive(Default)]
struct Seen {
    frames: usize,
    heard: usize,
    stopped: bool,
    judged: Vec<u32>,
}

fn mulaw(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| g711::mulaw_encode(*sample)).collect()
}

/// A call that speaks all the time and hears `callee`.
struct Talk {
    circuit: Circuit,
    now: Mono,
    callee: Vec<u8>,
    at: usize,
    utterance: u32,
    ticks: usize,
    frames: usize,
}

impl Talk {
    fn new(callee: &[i16], judge: bool) -> Self {
        let config = CircuitConfig { judge, ..CircuitConfig::default() };
        let circuit = Circuit::new(&config, Mono::ZERO).expect("a good configuration");
        let (now, callee) = (Mono::ZERO, mulaw(callee));
        let mut talk = Self { circuit, now, callee, at: 0, utterance: 0, ticks: 0, frames: 0 };
        talk.say();
        talk
    }

    /// The next utterance, some seconds of it.
    fn say(&mut self) {
        self.utterance += 1;
        let utterance = UtteranceId(self.utterance);
        let say = Command::Say { utterance, interruptible: true };
        self.circuit.handle(self.now, Input::Command(say));
        for samples in benches::speech().chunks(1_600) {
            self.circuit.handle(self.now, Input::Speech { utterance, samples });
        }
        self.circuit.handle(self.now, Input::SpeechEnd(utterance));
        self.drain();
    }

    fn drain(&mut self) -> Seen {
        let mut seen = Seen::default();
        while let Some(output) = self.circuit.poll() {
            match output {
                Output::Frame(frame) => seen.frames += black_box(frame).len() / 160,
                Output::Heard(samples) => seen.heard += black_box(samples).len(),
                Output::Judge { chunk, .. } => seen.judged.push(chunk),
                Output::Event(Event::Interrupted { .. }) => seen.stopped = true,
                _ => {}
            }
        }
        seen
    }

    /// 20 ms: the callee's frame comes in, what is due goes out, the judge answers at once.
    fn tick(&mut self) -> Seen {
        self.now = self.now + FRAME;
        if self.at + 160 > self.callee.len() {
            self.at = 0;
        }
        let frame = self.at..self.at + 160;
        self.circuit.handle(self.now, Input::Audio(&self.callee[frame]));
        self.at += 160;
        let mut seen = self.drain();
        for chunk in std::mem::take(&mut seen.judged) {
            let verdict = Verdict { chunk, probability: 0.95 };
            self.circuit.handle(self.now, Input::Verdict(verdict));
            let more = self.drain();
            seen.stopped |= more.stopped;
        }
        self.circuit.handle(self.now, Input::Tick);
        let more = self.drain();
        seen.frames += more.frames;
        seen.stopped |= more.stopped;
        self.ticks += 1;
        self.frames += seen.frames;
        if seen.frames == 0 && !seen.stopped {
            self.say();
        }
        seen
    }

    /// It spoke in all but the few ticks in which it ran out of sound.
    fn spoke(&self) -> bool {
        self.frames + self.ticks / 50 + 5 >= self.ticks
    }
}

fn ticks(c: &mut Criterion) {
    let hiss = benches::hiss(8_000);
    let mut one = Talk::new(&hiss, true);
    let seen: usize = (0..50).map(|_| one.tick().heard).sum();
    assert_eq!(seen, 8_000, "a second was heard");
    c.bench_function("circuit: 20 ms of one call", |b| b.iter(|| black_box(one.tick().frames)));
    assert!(one.spoke(), "{} frames in {} ticks", one.frames, one.ticks);
    let mut many: Vec<Talk> = (0..100).map(|_| Talk::new(&hiss, true)).collect();
    c.bench_function("circuit: 20 ms of a hundred calls", |b| {
        b.iter(|| many.iter_mut().map(|talk| black_box(talk.tick().frames)).sum::<usize>());
    });
    assert!(many.iter().all(Talk::spoke), "somebody fell silent");
}

fn interruption(c: &mut Criterion) {
    let mut callee = benches::hiss(8_000);
    callee.extend_from_slice(&benches::speech()[..8_000]);
    let stops_after = |talk: &mut Talk| (0..100).find(|_| talk.tick().stopped);
    let ticks = stops_after(&mut Talk::new(&callee, true)).expect("an interruption");
    assert!(
        (50..80).contains(&ticks),
        "accepted {ticks} frames into the call, speech begins at 50"
    );
    c.bench_function("circuit: a call of 2 s with an interruption", |b| {
        b.iter(|| black_box(stops_after(&mut Talk::new(&callee, true))));
    });
}

criterion_group!(benches, ticks, interruption);
criterion_main!(benches);
