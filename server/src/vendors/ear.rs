//! A recogniser on the network: one task per call, fed from the ring.

use std::{sync::Arc, time::Duration};

use agent::{
    call::Listen,
    stt::{self, Dialect},
};
use metrics::{Histogram, histogram};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{
    pulse::{Listener, Pulse},
    until,
};
use crate::{call_task::Inbox, clock::Clock, media_thread::rings::HeardOut, shell::Wire};

/// How often sound is taken while it is not listened to: a quarter of what the ring holds.
const PERIOD_BETWEEN: Duration = Duration::from_millis(250);
/// Wishes of one call that may wait.
const ASKS_MAX: usize = 64;

/// Starts the task; it ends when the call lets go of the sender.
pub(crate) fn spawn(
    clock: Clock,
    dialect: Box<dyn Dialect>,
    heard: HeardOut,
    inbox: mpsc::Sender<Inbox>,
    wire: Wire,
    pulse: &Pulse,
) -> mpsc::Sender<Listen> {
    let (tx, rx) = mpsc::channel(ASKS_MAX);
    let always = dialect.capabilities().own_turns;
    let listener = pulse.listener(heard.tap(), always);
    let delay = histogram!("trunkline_tap_delay_seconds");
    tokio::spawn(run(Task { clock, dialect, heard, inbox, wire, always, listener, delay }, rx));
    tx
}

struct Task {
    clock: Clock,
    dialect: Box<dyn Dialect>,
    heard: HeardOut,
    inbox: mpsc::Sender<Inbox>,
    wire: Wire,
    /// It finds turns itself, so it listens all the time.
    always: bool,
    listener: Arc<Listener>,
    delay: Histogram,
}

async fn run(mut task: Task, mut asks: mpsc::Receiver<Listen>) {
    let mut pulled = Instant::now();
    loop {
        let deadline = task.dialect.deadline();
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(listen) => {
                    task.pull();
                    task.listener.listens(task.always || !matches!(listen, Listen::Close(_)));
                    task.dialect.handle(task.clock.now(), as_input(listen));
                }
                None => return task.hang_up().await,
            },
            news = task.wire.next() => {
                task.dialect.handle(task.clock.now(), stt::Input::Wire(news.as_incoming()));
            }
            since = task.listener.sound() => {
                task.pull();
                pulled = Instant::now();
                task.delay.record(task.clock.now().since(since));
            }
            () = sleep_until(pulled + PERIOD_BETWEEN), if !task.listener.is_listening() => {
                task.pull();
                pulled = Instant::now();
            }
            () = until(task.clock, deadline) => {
                task.dialect.handle(task.clock.now(), stt::Input::Tick);
            }
        }
        task.drain();
    }
}

impl Task {
    /// Everything heard so far: positions in what follows count on it.
    fn pull(&mut self) {
        self.listener.knows();
        let mut buffer = [0; 800];
        loop {
            let count = self.heard.pop(&mut buffer);
            if count == 0 {
                return;
            }
            self.dialect.handle(self.clock.now(), stt::Input::Audio(&buffer[..count]));
            self.drain();
        }
    }

    /// The call has let go: the vendor is told, and what is open is closed.
    async fn hang_up(mut self) {
        self.dialect.hang_up();
        self.drain();
        self.wire.finish().await;
    }

    fn drain(&mut self) {
        while let Some(output) = self.dialect.poll() {
            match output {
                stt::Output::Wire(outgoing) => self.wire.send(outgoing),
                // A call with a full inbox is given up by its media thread.
                stt::Output::Event(event) => drop(self.inbox.try_send(Inbox::Stt(event))),
            }
        }
    }
}

/// What the mind asks, in the recogniser's words.
pub(crate) fn as_input(listen: Listen) -> stt::Input<'static> {
    match listen {
        Listen::Open { segment, from_sample } => stt::Input::Open { segment, from_sample },
        Listen::Finalise { segment, to_sample } => stt::Input::Finalise { segment, to_sample },
        Listen::Close(segment) => stt::Input::Close(segment),
    }
}
