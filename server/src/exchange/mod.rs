//! All calls of the process: admission, look-up, draining. `known` is one of them from outside;
//! `slot` is the room for one more; `connect` joins what one call needs and lets it run.

mod connect;
mod crew;
mod known;
mod slot;
mod user_leg;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agent::{
    brief::Brief,
    call::{CallConfig, Policy, Request},
};
use media::circuit::CircuitConfig;
use metrics::gauge;
use platform::{CallRequest, NumbersInUse};
use telephony::{Direction, E164};
use tokio::sync::{Semaphore, mpsc, watch};

use crew::Crew;
use known::Calls;
pub use known::Known;
pub use slot::Slot;

use crate::{
    carrier::{Carrier, Streamed},
    clock::Clock,
    config::{Inbound, Limits, Records},
    desk::Cashier,
    journal::Writer,
    media_thread::{
        MediaThreads, Shared,
        words::{Caller, TurnedAway},
    },
    random,
    recordings::{self, Forgotten, Keeper, Whose},
    recovery::is_plain_id,
    vendors::{Dialects, Pulse},
    workers::{
        ear::{self, EarAsk},
        mouth::{self, MouthMessage},
    },
};

/// Everything an exchange is made of.
pub struct Parts {
    /// The process's clock.
    pub clock: Clock,
    /// Bounds.
    pub limits: Limits,
    /// Folder of all calls' folders.
    pub calls_dir: PathBuf,
    /// What a call leaves there.
    pub records: Records,
    /// Number shown to callees.
    pub from: Option<E164>,
    /// How long everything in a call may take.
    pub policy: Policy,
    /// How circuits are set up, before their leg says more.
    pub circuit: CircuitConfig,
    /// What media threads share.
    pub shared: Arc<Shared>,
    /// The threads.
    pub media: Arc<MediaThreads>,
    /// Recogniser, voice, model.
    pub dialects: Dialects,
    /// Who places calls.
    pub carrier: Box<dyn Carrier>,
    /// How calls are answered that streams bring.
    pub inbound: Inbound,
    /// Who keeps and charges calls that are over.
    pub cashier: Option<Arc<Cashier>>,
}

/// A call that is to begin, from whichever side.
pub struct Placement {
    /// Our id.
    pub id: String,
    /// Who calls.
    pub direction: Direction,
    /// The called number.
    pub to: Option<E164>,
    /// The calling number.
    pub from: Option<E164>,
    /// What for.
    pub brief: Brief,
    /// Whose it is.
    pub account: Option<String>,
    /// It lasts no longer than this, in ms, if that is less than usual.
    pub duration_ms_max: Option<u32>,
}

/// A call that may not begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The process is ending.
    #[error("this server is shutting down; try again in a moment")]
    Draining,
    /// The media threads are late, or would be.
    #[error("this server has as many calls as it can serve in time; try again in a moment")]
    Strained,
    /// As many calls as there may be.
    #[error("all {max} lines are in use; try again in a moment")]
    Busy {
        /// How many.
        max: usize,
    },
    /// The disk takes no record of it; `/health` says why.
    #[error("this server cannot write records now; it takes calls again as soon as it can")]
    Unrecorded,
    /// The carrier takes no call now.
    #[error("the telephone network takes no call now; try again in a moment")]
    Undialled,
    /// A fault of our own.
    #[error("the call could not be set up")]
    Internal,
}

/// All calls of the process.
pub struct Exchange {
    parts: Parts,
    ears: Crew<EarAsk>,
    mouths: Crew<MouthMessage>,
    writer: Writer,
    keeper: Keeper,
    http: reqwest::Client,
    pulse: Pulse,
    calls: Mutex<Calls>,
    active: watch::Sender<usize>,
    draining: AtomicBool,
    pictures: Semaphore,
}

/// Calls whose pictures are drawn at a time. When more end, they go without:
/// `trunkline timeline` draws theirs.
const PICTURES_MAX: usize = 4;

impl Exchange {
    /// Starts the workers.
    pub fn start(parts: Parts, callers: mpsc::Receiver<Caller>) -> io::Result<Arc<Self>> {
        let (limits, clock) = (&parts.limits, parts.clock);
        let ears = Crew::start(limits.ear_threads, |number| ear::spawn(number, clock))?;
        let mouths = Crew::start(limits.mouth_threads, |number| mouth::spawn(number, clock))?;
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(io::Error::other)?;
        let (calls_dir, records) = (&parts.calls_dir, parts.records);
        let writer = Writer::spawn(calls_dir.clone(), records.free_bytes_min())?;
        let keeper = Keeper::start(calls_dir.clone(), records)?;
        let exchange = Arc::new(Self {
            parts,
            ears,
            mouths,
            writer,
            keeper,
            http,
            pulse: Pulse::start(),
            calls: Mutex::default(),
            active: watch::Sender::new(0),
            draining: AtomicBool::new(false),
            pictures: Semaphore::new(PICTURES_MAX),
        });
        tokio::spawn(answer_callers(Arc::downgrade(&exchange), callers));
        Ok(exchange)
    }

    /// The media threads, for streams that come in.
    pub fn media(&self) -> &MediaThreads {
        &self.parts.media
    }

    /// What threads share, for tokens and the switchboard.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.parts.shared
    }

    /// Bounds.
    pub fn limits(&self) -> &Limits {
        &self.parts.limits
    }

    /// What people can dial.
    pub fn about_carrier(&self) -> String {
        self.parts.carrier.about()
    }

    /// Calls that are not over.
    pub fn active(&self) -> usize {
        *self.active.borrow()
    }

    /// Whether new calls are refused because the process ends.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// A call by its id.
    pub fn find(&self, id: &str) -> Option<Known> {
        self.lock().known.get(id).cloned()
    }

    /// Deletes what calls that are over have left behind, and forgets them.
    pub async fn forget(&self, whose: Whose) -> io::Result<Forgotten> {
        let calls_dir = self.parts.calls_dir.clone();
        let forgotten =
            tokio::task::spawn_blocking(move || recordings::forget(&calls_dir, &whose)).await;
        let forgotten = forgotten.map_err(io::Error::other).flatten()?;
        let mut calls = self.lock();
        for id in &forgotten.calls {
            calls.known.remove(id);
        }
        Ok(forgotten)
    }

    /// Why no records can be written, when that is so.
    pub fn disk_fault(&self) -> Option<String> {
        self.writer.disk().fault()
    }

    /// Places a call of nobody's; it is dialled after this has returned, and recorded whatever happens
    /// then.
    pub async fn place(self: &Arc<Self>, request: CallRequest) -> Result<String, Refusal> {
        let id = random::call_id().map_err(|_| Refusal::Internal)?;
        let placement = Placement {
            id: id.clone(),
            direction: Direction::Outbound,
            to: Some(request.to),
            from: self.parts.from.clone(),
            brief: request.brief,
            account: None,
            duration_ms_max: None,
        };
        self.slot()?.begin(placement).await?;
        Ok(id)
    }

    /// Room for one more call, until it is used or dropped.
    pub fn slot(self: &Arc<Self>) -> Result<Slot, Refusal> {
        self.admit()?;
        Ok(Slot::new(Arc::clone(self)))
    }

    /// Whether calls can be handed to the telephone network at all, as far as that is known.
    pub fn can_dial(&self) -> Result<(), Refusal> {
        match self.parts.carrier.fault() {
            None => Ok(()),
            Some(fault) => {
                tracing::error!(fault, "the carrier takes no calls");
                Err(Refusal::Undialled)
            }
        }
    }

    /// The number shown when nothing says otherwise.
    pub fn usual_number(&self) -> Option<&E164> {
        self.parts.from.as_ref()
    }

    /// Where calls leave their folders.
    pub fn calls_dir(&self) -> &std::path::Path {
        &self.parts.calls_dir
    }

    /// Whether calls are recorded.
    pub fn records(&self) -> bool {
        self.parts.records.recording
    }

    /// The process's clock.
    pub fn clock(&self) -> Clock {
        self.parts.clock
    }

    /// Calls of an account that are not over.
    pub fn active_of(&self, account: &str) -> usize {
        let calls = self.lock();
        let active = calls.known.values().filter(|call| !call.is_over());
        active.filter(|call| call.account.as_deref() == Some(account)).count()
    }

    /// Calls that are not over, by our number in them.
    pub fn numbers_in_use(&self) -> NumbersInUse {
        let mut in_use = NumbersInUse::new();
        for call in self.lock().known.values().filter(|call| !call.is_over()) {
            if let Some(ours) = &call.ours {
                *in_use.entry(ours.clone()).or_default() += 1;
            }
        }
        in_use
    }

    /// Answers a call that a stream brings, or says why not.
    async fn answer(self: Arc<Self>, caller: Caller) {
        let Caller { call_id, answer } = caller;
        if let Err(why) = self.may_answer(&call_id) {
            tracing::warn!(%call_id, why = why.reason, "a stream's call is not answered");
            // A stream that has gone needs no answer.
            let _ = answer.send(Err(why));
            return;
        }
        let inbound = &self.parts.inbound;
        let brief = Brief {
            task: inbound.task.clone(),
            greeting: Some(inbound.greeting.clone()),
            ..Brief::default()
        };
        let config = CallConfig {
            direction: Direction::Inbound,
            to: self.parts.from.clone(),
            from: None,
            brief,
            policy: self.parts.policy,
        };
        match self.begin(&call_id, config, None).await {
            Ok(begun) => {
                self.connect(&call_id, begun, |ticket| Box::new(Streamed::new(ticket, answer)));
            }
            Err(_) => {
                self.release();
                let why = TurnedAway::for_now("the call cannot be recorded");
                // A stream that has gone needs no answer.
                let _ = answer.send(Err(why));
            }
        }
    }

    /// The id names a folder, so it must be a plain name, and one that was never used.
    fn may_answer(&self, id: &str) -> Result<(), TurnedAway> {
        if !self.parts.inbound.answer {
            return Err(TurnedAway::for_good("calls are not answered here"));
        }
        if !is_plain_id(id) {
            return Err(TurnedAway::for_good("the call id is no plain name"));
        }
        // A folder that cannot be looked for may be there.
        if self.find(id).is_some() || self.parts.calls_dir.join(id).try_exists().unwrap_or(true) {
            return Err(TurnedAway::for_good("the call id was used before"));
        }
        self.admit().map_err(|refusal| match refusal {
            Refusal::Busy { .. } | Refusal::Strained => TurnedAway::for_now("all lines are in use"),
            Refusal::Draining => TurnedAway::for_now("the server is shutting down"),
            Refusal::Unrecorded => TurnedAway::for_now("the call cannot be recorded"),
            Refusal::Internal | Refusal::Undialled => {
                TurnedAway::for_now("the call could not be set up")
            }
        })
    }

    /// Counts one more call, if there may be one.
    fn admit(&self) -> Result<(), Refusal> {
        if self.is_draining() {
            return Err(Refusal::Draining);
        }
        let mut calls = self.lock();
        self.has_room(calls.active)?;
        calls.active += 1;
        self.show_active(calls.active);
        Ok(())
    }

    /// Whether one more call can be served in time, and may be.
    fn has_room(&self, active: usize) -> Result<(), Refusal> {
        let max = self.parts.limits.calls_max;
        if !self.parts.media.have_room(active) {
            return Err(Refusal::Strained);
        }
        if self.disk_fault().is_some() {
            return Err(Refusal::Unrecorded);
        }
        if active >= max { Err(Refusal::Busy { max }) } else { Ok(()) }
    }

    /// Whether a call would be taken now, or why not.
    pub fn readiness(&self) -> Result<(), Refusal> {
        if self.is_draining() { Err(Refusal::Draining) } else { self.has_room(self.active()) }
    }

    /// A stream that comes now can only bring a call that would be refused: it need not be looked at.
    pub fn turns_streams_away(&self) -> Result<(), Refusal> {
        if self.parts.shared.switchboard.expects_any() { Ok(()) } else { self.readiness() }
    }

    fn release(&self) {
        let mut calls = self.lock();
        calls.active -= 1;
        self.show_active(calls.active);
    }

    fn show_active(&self, active: usize) {
        self.active.send_replace(active);
        gauge!("trunkline_calls_active").set(active as f64);
    }

    fn finished(&self, id: &str) {
        let mut calls = self.lock();
        calls.active -= 1;
        calls.finished.push_back(id.to_owned());
        if calls.finished.len() > self.parts.limits.finished_max
            && let Some(oldest) = calls.finished.pop_front()
        {
            calls.known.remove(&oldest);
        }
        self.show_active(calls.active);
    }

    /// Refuses new calls, lets the old ones end, hangs up what is left when the time is over.
    /// `tell` hears how many remain whenever that changes.
    pub async fn drain(&self, limit: Duration, mut tell: impl FnMut(usize)) {
        self.draining.store(true, Ordering::Release);
        let mut active = self.active.subscribe();
        let emptied = async {
            loop {
                let remaining = *active.borrow_and_update();
                tell(remaining);
                if remaining == 0 || active.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(limit, emptied).await.is_ok() {
            return;
        }
        let remaining: Vec<Known> = self.lock().known.values().cloned().collect();
        for call in remaining {
            call.request(Request::Hangup);
        }
        let mut active = self.active.subscribe();
        let _ = tokio::time::timeout(Duration::from_secs(5), active.wait_for(|n| *n == 0)).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers the calls that streams bring, as long as there is an exchange.
async fn answer_callers(exchange: Weak<Exchange>, mut callers: mpsc::Receiver<Caller>) {
    while let Some(caller) = callers.recv().await {
        let Some(exchange) = exchange.upgrade() else { return };
        tokio::spawn(exchange.answer(caller));
    }
}
