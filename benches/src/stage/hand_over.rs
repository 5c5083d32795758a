//! From a media thread to everybody else: a frame in, a frame out, on one thread, so that what is
//! measured is the hand-over and not the scheduler.

use std::{
    collections::VecDeque,
    hint::black_box,
    sync::{Mutex, mpsc},
    time::Duration,
};

use media::{Mono, circuit::UtteranceId};
use server::{
    journal::{self, Side},
    media_thread::rings::{self, Speech},
};

use super::{Stage, Work};

const FRAME: [i16; 160] = [7; 160];

pub(super) const STAGES: &[Stage] = &[
    Stage { name: "ring-heard", what: "a frame to the recogniser", set_up: heard, counted: 1000 },
    Stage {
        name: "ring-heard-naive",
        what: "the same through a channel of Vec",
        set_up: channel,
        counted: 1000,
    },
    Stage {
        name: "ring-heard-locked",
        what: "the same through a locked queue",
        set_up: locked,
        counted: 1000,
    },
    Stage { name: "ring-speech", what: "a frame of speech to say", set_up: speech, counted: 1000 },
    Stage {
        name: "spool",
        what: "400 bytes of tape and a frame of both sides to the journal",
        set_up: spool,
        counted: 1000,
    },
];

fn heard() -> Work {
    let (mut tx, mut rx) = rings::heard(rings::LAG_NETWORK);
    let mut out = [0; 160];
    Box::new(move || {
        assert_eq!(tx.push(Mono::ZERO, black_box(&FRAME)), 0);
        assert_eq!(rx.pop(&mut out), 160);
        black_box(&out);
    })
}

fn channel() -> Work {
    let (tx, rx) = mpsc::sync_channel::<Vec<i16>>(200);
    Box::new(move || {
        assert!(tx.try_send(black_box(&FRAME).to_vec()).is_ok());
        assert_eq!(rx.try_recv().map(|frame| black_box(frame).len()), Ok(160));
    })
}

fn locked() -> Work {
    let queue = Mutex::new(VecDeque::with_capacity(32_000));
    let mut out = [0; 160];
    Box::new(move || {
        if let Ok(mut queue) = queue.lock() {
            queue.extend(black_box(&FRAME));
        }
        if let Ok(mut queue) = queue.lock() {
            for (slot, sample) in out.iter_mut().zip(queue.drain(..160)) {
                *slot = sample;
            }
        }
        black_box(&out);
    })
}

fn speech() -> Work {
    let (mut tx, mut rx) = rings::speech(rings::Bell::default(), rings::AHEAD_NETWORK);
    Box::new(move || {
        assert_eq!(tx.push(UtteranceId(1), black_box(&FRAME)), 160);
        assert!(
            matches!(rx.pop(), Some(Speech::Samples(UtteranceId(1), samples)) if black_box(samples).len() == 160)
        );
    })
}

fn spool() -> Work {
    let (mut spool, spooled) = journal::spool(4);
    let mut now = Mono::ZERO;
    Box::new(move || {
        now = now + Duration::from_millis(20);
        if let Some(tape) = spool.tape() {
            tape.extend_from_slice(black_box(&[7; 400]));
        }
        spool.sound(Side::Callee, now, black_box(&FRAME));
        spool.sound(Side::Agent, now, black_box(&FRAME));
        assert!(spool.turn(now));
        spooled.next(|reel| black_box(reel.tape()).len());
    })
}
