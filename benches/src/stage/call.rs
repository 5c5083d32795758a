//! A whole circuit, for 20 ms.

use std::hint::black_box;

use media::{
    Mono,
    circuit::{Input, Output},
    tape,
};
use telephony::stream::{Incoming, Message, Outgoing, Translator as _};

use super::{Stage, Work, wire};
use crate::{sound, talk::Talk};

pub(super) const STAGES: &[Stage] = &[
    Stage {
        name: "pace",
        what: "20 ms of a circuit that speaks and hears nothing: ledger, level, encode",
        set_up: pace,
        counted: 500,
    },
    Stage {
        name: "deadline",
        what: "ask a circuit when to call again",
        set_up: deadline,
        counted: 1000,
    },
    Stage {
        name: "tick-1",
        what: "20 ms of one circuit that speaks over a quiet line",
        set_up: || ticks(1),
        counted: 500,
    },
    Stage { name: "tick-100", what: "the same of 100 circuits", set_up: || ticks(100), counted: 0 },
    Stage {
        name: "tick-1000",
        what: "the same of 1,000 circuits",
        set_up: || ticks(1_000),
        counted: 0,
    },
    Stage {
        name: "tick-speech",
        what: "20 ms of one circuit whose callee speaks",
        set_up: tick_speech,
        counted: 500,
    },
    Stage {
        name: "tape-frame",
        what: "keep one frame heard and one said",
        set_up: tape_frame,
        counted: 500,
    },
    Stage {
        name: "call-frame",
        what: "message in to message out: read, circuit with tape, write",
        set_up: call_frame,
        counted: 500,
    },
    Stage {
        name: "interruption",
        what: "a call of 2 s in virtual time, with an interruption",
        set_up: interruption,
        counted: 5,
    },
    Stage { name: "replay", what: "replay and compare 10 s of a call", set_up: replay, counted: 2 },
];

fn pace() -> Work {
    let mut talk = Talk::new(&[]);
    let said: usize = (0..500).map(|_| talk.speak().said).sum();
    assert!((80_000..=80_640).contains(&said), "{said}");
    Box::new(move || {
        black_box(talk.speak().said);
    })
}

fn deadline() -> Work {
    let mut talk = Talk::new(&[]);
    talk.speak();
    assert!(talk.deadline().is_some());
    Box::new(move || {
        black_box(black_box(&talk).deadline());
    })
}

fn ticks(calls: usize) -> Work {
    let hiss = sound::hiss(8_000);
    let mut talks: Vec<Talk> = (0..calls).map(|_| Talk::new(&hiss)).collect();
    for talk in &mut talks {
        let heard: usize = (0..50).map(|_| talk.tick().heard).sum();
        assert_eq!(heard, 8_000, "a second was heard");
        assert!(talk.spoke(), "somebody fell silent");
    }
    Box::new(move || {
        for talk in &mut talks {
            black_box(talk.tick().said);
        }
    })
}

fn tick_speech() -> Work {
    let mut talk = Talk::new(&sound::speech());
    let interruptions = (0..500).filter(|_| talk.tick().interrupted).count();
    assert!(interruptions > 0, "it is heard");
    Box::new(move || {
        black_box(talk.tick().said);
    })
}

fn tape_frame() -> Work {
    let speech = sound::speech()[8_000..8_160].to_vec();
    let bytes = sound::mulaw(&speech);
    let mut record = Vec::new();
    let at = Mono::from_millis(12_345_678);
    Box::new(move || {
        record.clear();
        tape::write_input(&mut record, at, &Input::Audio(black_box(&bytes)));
        tape::write_output(&mut record, at, &Output::Heard(black_box(&speech)));
        tape::write_input(&mut record, at, &Input::Tick);
        tape::write_output(&mut record, at, &Output::Frame(black_box(&bytes)));
        black_box(&record);
    })
}

fn call_frame() -> Work {
    let mut translator = wire::started();
    let messages: Vec<String> = sound::mulaw(&sound::hiss(8_000))
        .chunks_exact(160)
        .zip(1..)
        .map(|(frame, number)| wire::media(frame, number))
        .collect();
    let mut talk = Talk::taped(&[]);
    let mut wire = Vec::new();
    let (mut at, mut written) = (0, 0);
    let mut frame = move || {
        at = (at + 1) % messages.len();
        match translator.read(Message::Text(black_box(&messages[at]))) {
            Ok(Some(Incoming::Audio { payload })) => {
                black_box(talk.hear(payload).heard);
            }
            other => unreachable!("{other:?}"),
        }
        let seen = talk.seen();
        if seen.said > 0 {
            wire.clear();
            translator.write(Outgoing::Audio(&seen.payload), &mut wire);
            written += wire.len();
        }
        if let Some(tape) = talk.tape() {
            tape.clear();
        }
        black_box(written)
    };
    let written = (0..100).map(|_| frame()).last();
    assert!(written > Some(50 * 428), "{written:?}");
    Box::new(move || {
        frame();
    })
}

fn interruption() -> Work {
    let mut callee = sound::hiss(8_000);
    callee.extend_from_slice(&sound::speech()[..8_000]);
    let stops_after = move || {
        (0..100).scan(Talk::new(&callee), |talk, _| Some(talk.tick().interrupted)).position(|it| it)
    };
    let ticks = stops_after();
    assert!((Some(50)..Some(80)).contains(&ticks), "after {ticks:?} frames, speech begins at 50");
    Box::new(move || {
        black_box(stops_after());
    })
}

fn replay() -> Work {
    let mut talk = Talk::taped(&sound::speech());
    for _ in 0..500 {
        talk.tick();
    }
    let tape = talk.tape().map(std::mem::take).unwrap_or_default();
    let report = tape::replay(&tape).expect("the same again");
    assert!(report.outputs > 700 && report.torn.is_none(), "{report:?}");
    Box::new(move || assert!(tape::replay(black_box(&tape)).is_ok()))
}
