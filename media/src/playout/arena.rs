//! Room for unplayed speech: blocks lent to chains, the most recently returned lent first, so that a
//! call has no more memory than it ever had queued.

/// Most speech that waits to be sent, over all utterances: 60 s at 8 kHz. What comes on top is
/// refused.
pub const SPEECH_SAMPLES_MAX: usize = 480_000;

/// Samples in one block: 50 ms.
const BLOCK: usize = 400;
const BLOCKS: usize = SPEECH_SAMPLES_MAX / BLOCK;
/// Room from the beginning, in blocks: what usually waits.
const BLOCKS_USUAL: usize = 12;
/// No block.
const NONE: u16 = u16::MAX;

pub(super) struct Arena {
    samples: Vec<i16>,
    /// For each block the one after it, in its chain or in the free list.
    next: Vec<u16>,
    free: u16,
}

/// Samples of one utterance, first in, first out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    head: u16,
    tail: u16,
    /// Samples already taken from the head block.
    read: usize,
    len: usize,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: NONE, tail: NONE, read: 0, len: 0 }
    }
}

impl Chain {
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

impl Arena {
    pub(super) fn new() -> Self {
        Self {
            samples: Vec::with_capacity(BLOCKS_USUAL * BLOCK),
            next: Vec::with_capacity(BLOCKS_USUAL),
            free: NONE,
        }
    }

    /// Appends; returns how many samples found room.
    pub(super) fn push(&mut self, chain: &mut Chain, mut samples: &[i16]) -> usize {
        let before = chain.len;
        while !samples.is_empty() {
            let used = (chain.read + chain.len) % BLOCK;
            if used == 0 || chain.head == NONE {
                let Some(block) = self.lend() else { break };
                if chain.head == NONE {
                    *chain = Chain { head: block, tail: block, read: 0, len: 0 };
                } else {
                    self.next[usize::from(chain.tail)] = block;
                    chain.tail = block;
                }
            }
            let used = (chain.read + chain.len) % BLOCK;
            let take = samples.len().min(BLOCK - used);
            let at = usize::from(chain.tail) * BLOCK + used;
            self.samples[at..at + take].copy_from_slice(&samples[..take]);
            samples = &samples[take..];
            chain.len += take;
        }
        chain.len - before
    }

    /// Takes up to `out.len()` samples from the front; returns how many.
    pub(super) fn pop(&mut self, chain: &mut Chain, out: &mut [i16]) -> usize {
        let wanted = out.len().min(chain.len);
        let mut done = 0;
        while done < wanted {
            let take = (wanted - done).min(BLOCK - chain.read);
            let at = usize::from(chain.head) * BLOCK + chain.read;
            out[done..done + take].copy_from_slice(&self.samples[at..at + take]);
            done += take;
            chain.read += take;
            chain.len -= take;
            if chain.read == BLOCK || chain.len == 0 {
                let empty = chain.head;
                chain.head = if chain.len == 0 { NONE } else { self.next[usize::from(empty)] };
                chain.read = 0;
                self.take_back(empty);
            }
        }
        if chain.len == 0 {
            self.release(chain);
        }
        done
    }

    /// Drops what a chain holds.
    pub(super) fn release(&mut self, chain: &mut Chain) {
        let mut block = chain.head;
        while block != NONE {
            let after = if block == chain.tail { NONE } else { self.next[usize::from(block)] };
            self.take_back(block);
            block = after;
        }
        *chain = Chain::default();
    }

    fn lend(&mut self) -> Option<u16> {
        let block = self.free;
        if block != NONE {
            self.free = self.next[usize::from(block)];
            return Some(block);
        }
        let fresh = self.next.len();
        if fresh == BLOCKS {
            return None;
        }
        self.next.push(NONE);
        self.samples.resize((fresh + 1) * BLOCK, 0);
        u16::try_from(fresh).ok()
    }

    fn take_back(&mut self, block: u16) {
        self.next[usize::from(block)] = self.free;
        self.free = block;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_holds_exactly_its_limit() {
        let mut arena = Arena::new();
        let mut chain = Chain::default();
        for _ in 0..3 {
            assert_eq!(
                arena.push(&mut chain, &vec![1; SPEECH_SAMPLES_MAX + 5]),
                SPEECH_SAMPLES_MAX
            );
            arena.release(&mut chain);
        }
    }

    #[test]
    fn memory_given_back_is_lent_first() {
        let mut arena = Arena::new();
        let mut chain = Chain::default();
        let mut out = [0; 160];
        for _ in 0..1000 {
            arena.push(&mut chain, &[7; 160]);
            arena.pop(&mut chain, &mut out);
        }
        assert!(arena.next.len() <= 2, "{} blocks", arena.next.len());
    }

    proptest! {
        #[test]
        fn chains_are_queues(ops in prop::collection::vec((0usize..3, 0usize..1500, 0u8..5), 1..80)) {
            let mut arena = Arena::new();
            let mut chains = [Chain::default(); 3];
            let mut models = [const { VecDeque::<i16>::new() }; 3];
            let mut count = 0i16;
            for (which, n, op) in ops {
                let (chain, model) = (&mut chains[which], &mut models[which]);
                match op {
                    0 => {
                        arena.release(chain);
                        model.clear();
                    }
                    1 | 2 => {
                        let samples: Vec<i16> = (0..n).map(|_| { count = count.wrapping_add(1); count }).collect();
                        prop_assert_eq!(arena.push(chain, &samples), n);
                        model.extend(samples);
                    }
                    _ => {
                        let mut out = vec![0; n];
                        let got = arena.pop(chain, &mut out);
                        let expected: Vec<i16> = model.drain(..n.min(model.len())).collect();
                        prop_assert_eq!(&out[..got], &expected[..]);
                    }
                }
                prop_assert_eq!(chain.len(), model.len());
            }
        }
    }
}
