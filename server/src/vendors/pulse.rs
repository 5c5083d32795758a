//! One clock for all recognisers on the network, where each would need a timer of its own: it wakes
//! those for whom sound has come.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use media::Mono;
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::media_thread::rings::Tap;

/// How long sound may wait, at most.
const PERIOD: Duration = Duration::from_millis(3);

/// The clock; it stands when this is gone.
pub(crate) struct Pulse {
    listeners: Arc<Listeners>,
    beat: JoinHandle<()>,
}

#[derive(Default)]
struct Listeners {
    all: Mutex<Vec<Weak<Listener>>>,
    came: Notify,
}

/// One call's recogniser.
pub(crate) struct Listener {
    tap: Arc<Tap>,
    listens: AtomicBool,
    since_us: AtomicU64,
    wake: Notify,
}

impl Pulse {
    /// Starts it; needs a runtime.
    pub(crate) fn start() -> Self {
        let listeners = Arc::<Listeners>::default();
        let beat = tokio::spawn(beat(Arc::clone(&listeners)));
        Self { listeners, beat }
    }

    /// Somebody who is woken by this tap's sound, while they listen.
    pub(crate) fn listener(&self, tap: Arc<Tap>, listens: bool) -> Arc<Listener> {
        let listener = Arc::new(Listener {
            tap,
            listens: AtomicBool::new(listens),
            since_us: AtomicU64::new(0),
            wake: Notify::new(),
        });
        let mut all = self.listeners.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::downgrade(&listener));
        self.listeners.came.notify_one();
        listener
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.beat.abort();
    }
}

impl Listener {
    /// Whether it wants to be woken.
    pub(crate) fn listens(&self, listens: bool) {
        self.listens.store(listens, Ordering::Relaxed);
    }

    /// Whether it is woken by sound.
    pub(crate) fn is_listening(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }

    /// Waits for sound; says since when it has been there.
    pub(crate) async fn sound(&self) -> Mono {
        self.wake.notified().await;
        Mono::from_micros(self.since_us.load(Ordering::Relaxed))
    }

    /// What came before is known.
    pub(crate) fn knows(&self) {
        self.tap.answer();
    }

    fn look(&self) {
        if self.is_listening()
            && let Some(since) = self.tap.answer()
        {
            self.since_us.store(since.as_micros(), Ordering::Relaxed);
            self.wake.notify_one();
        }
    }
}

async fn beat(listeners: Arc<Listeners>) {
    let mut beat = interval(PERIOD);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let is_empty = {
            let mut all = listeners.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|listener| listener.upgrade().inspect(|it| it.look()).is_some());
            all.is_empty()
        };
        if is_empty {
            listeners.came.notified().await;
        } else {
            beat.tick().await;
        }
    }
}
