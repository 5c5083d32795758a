//! One call from outside: shown, watched, asked to end.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use agent::call::Request;
use platform::{CallView, Shown};
use telephony::E164;
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
    /// Our number in it.
    pub ours: Option<E164>,
    /// The account it was begun for.
    pub account: Option<String>,
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

    /// What the API knows of it now.
    pub fn view(&self) -> CallView {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The call as the API shows it to nobody in particular: the transcript's file.
    pub fn body(&self) -> serde_json::Value {
        let body = self.view.lock().unwrap_or_else(PoisonError::into_inner).body(Shown::default());
        // It is made of texts and numbers alone.
        serde_json::to_value(body).unwrap_or_default()
    }

    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }
}

/// The calls that are remembered, and how many are not over.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) known: BTreeMap<String, Known>,
    pub(super) finished: VecDeque<String>,
    pub(super) active: usize,
}
