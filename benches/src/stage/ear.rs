//! What it takes to know what is on the line: the ear alone, and everything that listens, over 20 ms.

use std::hint::black_box;

use agent::line::{Carrier, Input, Watch};
use dtmf::{Detector, ToneDetector};
use media::{
    Mono,
    codec::g711::{mulaw_decode, mulaw_encode},
    ear::{Ear, HOP, Kind},
};
use webrtc_vad::{SampleRate, Vad, VadMode};

use super::{Stage, Work};
use crate::sound;

pub(super) const STAGES: &[Stage] = &[
    Stage {
        name: "ear",
        what: "kind of sound, repetition, room: 20 ms of speech",
        set_up: ear,
        counted: 500,
    },
    Stage {
        name: "ear-quiet",
        what: "the same: 20 ms of a quiet line",
        set_up: quiet,
        counted: 500,
    },
    Stage {
        name: "ear-whole",
        what: "decode, keys, tones, webrtc-vad, ear, line state: 20 ms of speech",
        set_up: whole,
        counted: 500,
    },
];

fn quiet() -> Work {
    let mut ear = Ear::new();
    let mut noise = 1_u32;
    let hum: Vec<i16> = (0..8_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 28) as i16 - 8
        })
        .collect();
    let mut at = 0;
    Box::new(move || {
        at = (at + 160) % (hum.len() - 160);
        for hop in hum[at..at + 160].chunks_exact(HOP) {
            ear.hop(hop.try_into().unwrap_or(&[0; HOP]), false);
        }
        black_box(ear.poll());
    })
}

fn whole() -> Work {
    let payload: Vec<u8> = sound::speech().iter().map(|sample| mulaw_encode(*sample)).collect();
    let (mut keys, mut tones) = (Detector::new(), ToneDetector::new());
    let mut vad = Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::Aggressive);
    let (mut ear, mut watch) = (Ear::new(), Watch::new());
    watch.handle(Mono::ZERO, Input::Carrier(Carrier::Answered));
    let (mut at, mut frames) = (0, 0_u64);
    Box::new(move || {
        at = if at + 320 > payload.len() { 0 } else { at + 160 };
        frames += 1;
        let now = Mono::from_millis(20 * frames);
        let mut sound = [0_i16; 160];
        for (sample, byte) in sound.iter_mut().zip(black_box(&payload[at..at + 160])) {
            *sample = mulaw_decode(*byte);
        }
        keys.feed(&sound, |press| {
            black_box(press);
        });
        tones.feed(&sound, |tone| watch.handle(now, Input::Tone(tone.kind)));
        for hop in sound.as_chunks::<HOP>().0 {
            // Ten milliseconds at 8 kHz are what it takes: it does not fail.
            black_box(vad.is_voice_segment(hop).unwrap_or(false));
            ear.hop(hop, false);
        }
        while let Some(change) = ear.poll() {
            watch.handle(now, Input::Sound(&change));
        }
        if watch.deadline().is_some_and(|at| at <= now) {
            watch.handle(now, Input::Tick);
        }
        while let Some(decision) = watch.poll() {
            black_box(decision);
        }
    })
}

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
