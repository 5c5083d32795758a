//! What it takes to know what is on the line: the ear over 20 ms.

use std::hint::black_box;

use media::ear::{Ear, HOP, Kind};

use super::{Stage, Work};
use crate::sound;

pub(super) const STAGES: &[Stage] = &[Stage {
    name: "ear",
    what: "kind of sound, repetition, room: 20 ms of speech",
    set_up: ear,
    counted: 500,
}];

fn ear() -> Work {
    let speech = sound::speech();
    let mut ear = Ear::new();
    let mut talked = 0;
    let mut hear = move |sound: &[i16]| {
        for hop in sound.chunks_exact(HOP) {
            ear.hop(hop.try_into().unwrap_or(&[0; HOP]), false);
            while let Some(change) = ear.poll() {
                black_box(change);
            }
        }
        ear.kind()
    };
    for second in speech.chunks_exact(160) {
        talked += u32::from(hear(second) == Kind::Speech);
    }
    assert!(talked > 50, "{talked} steps of speech");
    let mut at = 0;
    Box::new(move || {
        at = if at + 320 > speech.len() { 0 } else { at + 160 };
        black_box(hear(black_box(&speech[at..at + 160])));
    })
}
