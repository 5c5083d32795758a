//! What a bridge costs: both legs hear, and each says what the other heard.

use std::hint::black_box;

use media::{
    Mono,
    circuit::{Circuit, CircuitConfig, Command, Input, Output},
};

use super::{Stage, Work};
use crate::{sound, talk::FRAME};

pub(super) const STAGES: &[Stage] = &[Stage {
    name: "bridge",
    what: "20 ms of two joined circuits, both sides speaking",
    set_up: bridge,
    counted: 500,
}];

/// Hears 20 ms and gives them on; how many frames left.
fn hear(from: &mut Circuit, to: &mut Circuit, now: Mono, payload: &[u8]) -> usize {
    let mut heard = [0; 160];
    from.handle(now, Input::Audio(payload));
    while let Some(output) = from.poll() {
        if let Output::Heard(samples) = output {
            heard.copy_from_slice(samples);
        }
    }
    to.handle(now, Input::Relay(&heard));
    let mut frames = 0;
    while let Some(output) = to.poll() {
        frames += usize::from(matches!(output, Output::Frame(_)));
    }
    frames
}

fn bridge() -> Work {
    let config = CircuitConfig { mark: false, ..CircuitConfig::default() };
    let mut legs = [(); 2].map(|()| {
        let mut leg = Circuit::new(&config, Mono::ZERO).expect("a good configuration");
        leg.handle(Mono::ZERO, Input::Command(Command::Bridge));
        leg
    });
    let speech = sound::mulaw(&sound::speech());
    let (mut now, mut at) = (Mono::ZERO, 0);
    let mut frame = move || {
        now = now + FRAME;
        at = if at + 320 > speech.len() { 0 } else { at + 160 };
        let payload = &speech[at..at + 160];
        let [callee, user] = &mut legs;
        hear(callee, user, now, payload) + hear(user, callee, now, payload)
    };
    let frames: usize = (0..100).map(|_| frame()).sum();
    assert_eq!(frames, 200, "each hears the other");
    Box::new(move || {
        black_box(frame());
    })
}
