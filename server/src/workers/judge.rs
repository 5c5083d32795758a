//! The neural judge's thread: chunks of many calls in, one batch, verdicts back to each circuit.

use std::{collections::BTreeMap, io, thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use media::{
    circuit::{JUDGE_SAMPLES, Verdict},
    vad::silero::{BATCH_MAX, Silero, SileroStream},
};

use crate::media_thread::{
    SeatId,
    words::{Order, Orders},
};

/// Chunks waiting; when full, circuits go on without a verdict.
const ASKS_MAX: usize = 1024;

/// What the judge is asked.
pub enum Ask {
    /// Judge this.
    Chunk(Box<Chunk>),
    /// The circuit is gone.
    Forget(SeatId),
}

/// 32 ms of one callee.
pub struct Chunk {
    /// Whose.
    pub seat: SeatId,
    /// Its number.
    pub chunk: u32,
    /// Start from a fresh state.
    pub reset: bool,
    /// 8 kHz mono.
    pub samples: [i16; JUDGE_SAMPLES],
    /// Where the verdict goes.
    pub reply: Orders,
}

/// Starts the thread; it ends when all senders are gone.
pub fn spawn(silero: Silero) -> io::Result<Sender<Ask>> {
    let (tx, rx) = bounded(ASKS_MAX);
    thread::Builder::new().name("judge".to_owned()).spawn(move || run(&silero, &rx))?;
    Ok(tx)
}

fn run(silero: &Silero, asks: &Receiver<Ask>) {
    let mut streams: BTreeMap<SeatId, SileroStream> = BTreeMap::new();
    while let Ok(first) = asks.recv() {
        // What waits is judged together, at most one chunk of each call in a batch.
        let mut batch: BTreeMap<SeatId, Box<Chunk>> = BTreeMap::new();
        let mut next = Some(first);
        while let Some(ask) = next {
            match ask {
                Ask::Forget(seat) => {
                    streams.remove(&seat);
                }
                Ask::Chunk(chunk) => {
                    if batch.contains_key(&chunk.seat) || batch.len() == BATCH_MAX {
                        judge(silero, &mut streams, &batch);
                        batch.clear();
                    }
                    batch.insert(chunk.seat, chunk);
                }
            }
            next = asks.try_recv().ok();
        }
        judge(silero, &mut streams, &batch);
    }
}

fn judge(
    silero: &Silero,
    streams: &mut BTreeMap<SeatId, SileroStream>,
    batch: &BTreeMap<SeatId, Box<Chunk>>,
) {
    if batch.is_empty() {
        return;
    }
    for (seat, chunk) in batch {
        let stream = streams.entry(*seat).or_default();
        if chunk.reset {
            stream.reset();
        }
    }
    // Both maps are ordered by seat, so the pairs match.
    let mut pairs: Vec<_> = streams
        .iter_mut()
        .filter_map(|(seat, stream)| Some((stream, &batch.get(seat)?.samples)))
        .collect();
    let probabilities = silero.judge_many(&mut pairs);
    for (chunk, probability) in batch.values().zip(probabilities) {
        let verdict = Verdict { chunk: chunk.chunk, probability };
        // A circuit whose orders are full or gone does without.
        let _ = chunk.reply.give(Order::Verdict(verdict));
    }
}
