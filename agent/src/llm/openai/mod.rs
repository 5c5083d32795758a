//! Chat completions over server-sent events, as OpenAI and the many servers like it speak them.

use std::collections::VecDeque;

use media::Mono;

use super::{Dialect, Input, Output};

/// Which server and model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The whole URL, e.g. `https://api.openai.com/v1/chat/completions`.
    pub url: String,
    /// Bearer key; local servers need none.
    pub key: Option<String>,
    /// Name of the model.
    pub model: String,
    /// Sampling temperature; the server's default when absent.
    pub temperature: Option<f32>,
    /// Longest answer in tokens; the server's default when absent.
    pub tokens_max: Option<u32>,
    /// Nothing came for this long, in ms: the answer is given up.
    pub stall_ms_max: u32,
}

/// The dialect of one call.
#[derive(Debug)]
pub struct OpenAi {
    config: Config,
    out: VecDeque<Output>,
}

impl OpenAi {
    /// A model behind this server.
    pub fn new(config: Config) -> Self {
        Self { config, out: VecDeque::new() }
    }
}

impl Dialect for OpenAi {
    fn handle(&mut self, _now: Mono, _input: Input<'_>) {
        let _ = &self.config;
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Mono> {
        None
    }
}
