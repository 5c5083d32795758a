//! The store's thread: questions wait in a bounded queue and are answered one after the other.

use std::thread;

use crossbeam_channel::{Sender, bounded};
use tokio::sync::oneshot;

use super::{Store, StoreError};

/// Questions that may wait; more are refused at once.
const QUESTIONS_MAX: usize = 512;

type Question = Box<dyn FnOnce(&mut Store) + Send>;

/// The way to the store.
#[derive(Clone)]
pub struct Ledger {
    questions: Sender<Question>,
}

impl Ledger {
    /// Opens the store on a thread of its own, which ends with the last ledger.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn start(
        open: impl FnOnce() -> Result<Store, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (questions, asked) = bounded::<Question>(QUESTIONS_MAX);
        let (tell, opened) = bounded(1);
        let run = move || {
            let mut store = match open() {
                Ok(store) => store,
                // Whoever starts it waits for this.
                Err(error) => return drop(tell.send(Err(error))),
            };
            let _ = tell.send(Ok(()));
            while let Ok(question) = asked.recv() {
                question(&mut store);
            }
        };
        let gone = |why: String| StoreError::Unavailable(why);
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(run)
            .map_err(|e| gone(e.to_string()))?;
        opened.recv().map_err(|e| gone(e.to_string()))??;
        Ok(Self { questions })
    }

    /// Asks, and waits for the answer.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let question = Box::new(move |store: &mut Store| {
            // Who asked may have gone.
            let _ = tell.send(question(store));
        });
        let busy = || StoreError::Unavailable("too many questions wait".to_owned());
        self.questions.try_send(question).map_err(|_| busy())?;
        told.await.map_err(|_| StoreError::Unavailable("its thread has ended".to_owned()))?
    }
}
