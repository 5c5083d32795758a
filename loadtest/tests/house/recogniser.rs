//! A recogniser that streams everything it hears to a socket of its own, at 16 kHz, and understands
//! nothing.

use std::collections::VecDeque;

use agent::{
    stt::{Capabilities, Dialect, Input, Output},
    wire::{Outgoing, Request},
};
use media::{Mono, resample::Resampler};

pub(crate) struct Recogniser {
    resampler: Resampler,
    pcm: Vec<i16>,
    out: VecDeque<Output>,
}

impl Recogniser {
    pub(crate) fn new(url: &str) -> Self {
        let request = Request { url: url.to_owned(), headers: Vec::new() };
        Self {
            resampler: Resampler::new(8_000, 16_000).expect("rates"),
            pcm: Vec::new(),
            out: VecDeque::from([Output::Wire(Outgoing::Connect(request))]),
        }
    }
}

impl Dialect for Recogniser {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            own_turns: true,
            finalise: true,
            mulaw: false,
            keepalive_ms: None,
            word_times: false,
            computes: false,
        }
    }

    fn handle(&mut self, _: Mono, input: Input<'_>) {
        if let Input::Audio(samples) = input {
            self.pcm.clear();
            self.resampler.process(samples, &mut self.pcm);
            let mut bytes = vec![0; self.pcm.len() * 2];
            for (two, sample) in bytes.chunks_exact_mut(2).zip(&self.pcm) {
                two.copy_from_slice(&sample.to_le_bytes());
            }
            self.out.push_back(Output::Wire(Outgoing::Binary(bytes)));
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}
