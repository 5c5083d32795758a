//! Neural nets as they are run here: weights in, from bytes; one thread per inference.
//!
//! The runtime, `rten`, by default spreads every inference over all cores. With many calls that
//! only makes them wait for each other, so a net runs on a [`Lane`]: a pool of one thread. A worker
//! of the shell owns one lane and gives it to all it runs; as many lanes, so many cores in use.

use std::sync::Arc;

use rten::{Model, ModelOptions, RunOptions, ThreadPool};

/// A model that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model {model}: {reason}")]
pub struct ModelError {
    /// Which one, e.g. `silero-vad`.
    pub model: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl ModelError {
    /// `model` cannot be used, for `reason`.
    pub fn new(model: &'static str, reason: impl ToString) -> Self {
        Self { model, reason: reason.to_string() }
    }
}

/// Reads an ONNX model.
///
/// # Errors
/// When the bytes are no ONNX model or use an operator the runtime does not know.
pub fn from_onnx(model: &'static str, bytes: Vec<u8>) -> Result<Model, ModelError> {
    ModelOptions::with_all_ops().load(bytes).map_err(|e| ModelError::new(model, e))
}

/// One thread on which nets run. Clones are the same thread.
#[derive(Clone, Debug)]
pub struct Lane(Arc<ThreadPool>);

impl Default for Lane {
    fn default() -> Self {
        Self::new()
    }
}

impl Lane {
    /// A lane of its own. Its thread sleeps while nothing runs.
    pub fn new() -> Self {
        Self(Arc::new(ThreadPool::with_num_threads(1)))
    }

    /// Does `work` on the lane's thread and waits for it. Inferences inside that use
    /// [`Lane::options`] of the same lane run straight on, without another change of thread.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.0.run(work)
    }

    /// What to give to [`Model::run`] for it to run here.
    pub fn options(&self) -> RunOptions {
        RunOptions::default().with_thread_pool(Some(Arc::clone(&self.0)))
    }
}
