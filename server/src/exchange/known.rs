//! One call from outside: shown, watched, asked to end.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use agent::call::Request;
use platform::CallView;
use tokio::sync::{broadcast, mpsc, watch};

use crate::{
    call_task::{Board, Happening, Inbox},
    media_thread::words::Levels,
};

/// One call, as long as it is remembered.
#[derive(Clone)]
pub struct Known {
    /// What the API shows.
    pub view: Arc<Mutex<CallView>>,
    /// What has happened, for readers.
    pub board: Arc<Board>,
    /// Loudness of both sides.
    pub levels: Arc<Levels>,
    /// Its folder.
    pub dir: PathBuf,
    pub(super) requests: mpsc::WeakSender<Inbox>,
    pub(super) watchers: broadcast::Sender<Happening>,
    pub(super) over: watch::Receiver<bool>,
}

impl Known {
    /// Everything that happens from now on.
    pub fn watch(&self) -> broadcast::Receiver<Happening> {
        self.watchers.subscribe()
    }

    /// Waits until the call is over and its folder is complete.
    pub async fn over(&self) {
        // An error means the task is gone: over, too.
        let _ = self.over.clone().wait_for(|over| *over).await;
    }

    /// Asks the call for something; `false` when it is over.
    pub fn request(&self, request: Request) -> bool {
        self.requests.upgrade().is_some_and(|inbox| inbox.try_send(Inbox::Request(request)).is_ok())
    }

    /// The call as the API shows it.
    pub fn body(&self) -> serde_json::Value {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).body()
    }
}

/// The calls that are remembered, and how many are not over.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) known: BTreeMap<String, Known>,
    pub(super) finished: VecDeque<String>,
    pub(super) active: usize,
}
