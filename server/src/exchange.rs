//! All calls of the process: admission, look-up, watching, draining.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use agent::{
    brief::Brief,
    call::{Call, CallConfig, Policy, Request},
};
use crossbeam_channel::{Sender, bounded};
use media::{circuit::CircuitConfig, net::Lane};
use metrics::gauge;
use platform::{CallRequest, CallView};
use telephony::{Direction, E164};
use tokio::sync::{broadcast, mpsc, watch};

use crate::{
    call_task::{CallTask, HAPPENINGS_MAX, Happening, INBOX_MAX, Inbox, Links},
    carrier::{Carrier, Leg, Streamed, Ticket},
    clock::{Clock, wall_now},
    config::{Inbound, Limits},
    journal::{First, Opening, VERSION, Writer},
    media_thread::{
        MediaThreads, Shared, rings,
        words::{Levels, ORDERS_MAX, Place},
    },
    random,
    shell::Wire,
    timeline,
    vendors::{Backlog, Dialects, spawn_ear, spawn_mind, spawn_mouth},
    workers::{
        ear::{self, EarAsk, EarLink, EarSeat},
        mouth::{self, MouthLink, MouthMessage, MouthSeat},
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
}

/// A call that may not begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The process is ending.
    #[error("this server is shutting down; try again in a moment")]
    Draining,
    /// As many calls as there may be.
    #[error("all {max} lines are in use; try again in a moment")]
    Busy {
        /// How many.
        max: usize,
    },
    /// A fault of our own.
    #[error("the call could not be set up")]
    Internal,
}

/// One call, as long as it is remembered.
#[derive(Clone)]
pub struct Known {
    /// What the API shows.
    pub view: Arc<Mutex<CallView>>,
    /// Loudness of both sides.
    pub levels: Arc<Levels>,
    /// Its folder.
    pub dir: PathBuf,
    requests: mpsc::WeakSender<Inbox>,
    watchers: broadcast::Sender<Happening>,
    over: watch::Receiver<bool>,
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

#[derive(Default)]
struct Calls {
    known: BTreeMap<String, Known>,
    finished: VecDeque<String>,
    active: usize,
}

struct EarThread {
    tx: Sender<EarAsk>,
    lane: Lane,
}

/// All calls of the process.
pub struct Exchange {
    parts: Parts,
    ears: Vec<EarThread>,
    mouths: Vec<Sender<MouthMessage>>,
    writer: Writer,
    http: reqwest::Client,
    calls: Mutex<Calls>,
    active: watch::Sender<usize>,
    draining: AtomicBool,
    next: AtomicU64,
}

impl Exchange {
    /// Starts the workers.
    pub fn start(parts: Parts, callers: mpsc::Receiver<String>) -> io::Result<Arc<Self>> {
        let mut ears = Vec::new();
        for number in 0..parts.limits.ear_threads.max(1) {
            ears.push(EarThread { tx: ear::spawn(number, parts.clock)?, lane: Lane::new() });
        }
        let mut mouths = Vec::new();
        for number in 0..parts.limits.mouth_threads.max(1) {
            mouths.push(mouth::spawn(number, parts.clock)?);
        }
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(io::Error::other)?;
        let exchange = Arc::new(Self {
            parts,
            ears,
            mouths,
            writer: Writer::spawn()?,
            http,
            calls: Mutex::default(),
            active: watch::Sender::new(0),
            draining: AtomicBool::new(false),
            next: AtomicU64::new(0),
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

    /// Places a call; it is dialled after this has returned.
    pub fn place(self: &Arc<Self>, request: CallRequest) -> Result<String, Refusal> {
        let id = random::call_id().map_err(|_| Refusal::Internal)?;
        let config = CallConfig {
            direction: Direction::Outbound,
            to: Some(request.to),
            from: self.parts.from.clone(),
            brief: request.brief,
            policy: self.parts.policy,
        };
        self.admit()?;
        self.connect(&id, config);
        Ok(id)
    }

    /// Answers a call that a stream brings. A stream that is not answered is closed by the lobby.
    fn answer(self: &Arc<Self>, id: &str) -> Result<(), String> {
        let inbound = &self.parts.inbound;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        // The id names a folder, and a call is answered once.
        let may = inbound.answer && id.len() <= 64 && id.chars().all(is_plain);
        if !may || self.find(id).is_some() {
            return Err("it is over, has an odd id, or calls are not answered here".to_owned());
        }
        self.admit().map_err(|refusal| refusal.to_string())?;
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
        self.connect(id, config);
        Ok(())
    }

    /// Counts one more call, if there may be one.
    fn admit(&self) -> Result<(), Refusal> {
        if self.is_draining() {
            return Err(Refusal::Draining);
        }
        let mut calls = self.lock();
        let max = self.parts.limits.calls_max;
        if calls.active >= max {
            return Err(Refusal::Busy { max });
        }
        calls.active += 1;
        self.show_active(calls.active);
        Ok(())
    }

    fn show_active(&self, active: usize) {
        self.active.send_replace(active);
        gauge!("trunkline_calls_active").set(active as f64);
    }

    /// Joins everything one call needs and lets it run.
    fn connect(self: &Arc<Self>, id: &str, config: CallConfig) {
        let clock = self.parts.clock;
        let (inbox, messages) = mpsc::channel(INBOX_MAX);
        let (orders, orders_rx) = bounded(ORDERS_MAX);
        let (heard_in, heard_out) = rings::heard();
        let (speech_in, speech_out) = rings::speech();
        let (tape_in, tape_out) = rings::tape();
        let (recording_in, recording_out) = rings::recording();
        let levels = Arc::new(Levels::default());
        let dir = self.parts.calls_dir.join(id);
        let now = wall_now();
        let place = Place {
            circuit: self.parts.circuit,
            orders: orders_rx,
            orders_tx: orders.clone(),
            inbox: inbox.clone(),
            heard: heard_in,
            speech: speech_out,
            tape: tape_in,
            recording: recording_in,
            levels: Arc::clone(&levels),
        };
        let ticket =
            Ticket { call_id: id.to_owned(), place, inbox: inbox.clone(), orders: orders.clone() };
        let leg: Box<dyn Leg> = match config.direction {
            Direction::Outbound => self.parts.carrier.leg(ticket),
            Direction::Inbound => Box::new(Streamed::new(ticket, &self.parts.shared.switchboard)),
        };
        let book = self.writer.open(Opening {
            dir: dir.clone(),
            first: First {
                version: VERSION,
                call_id: id.to_owned(),
                started: now.clone(),
                config: config.clone(),
            },
            tape: tape_out,
            recording: recording_out,
            inbox: inbox.clone(),
        });
        let view = Arc::new(Mutex::new(CallView::new(id, &config, &now)));
        let watchers = broadcast::Sender::new(HAPPENINGS_MAX);
        let links = Links {
            leg,
            orders,
            ear: self.ear(&config, heard_out, &inbox),
            mind: spawn_mind(
                clock,
                (self.parts.dialects.llm)(&config.brief, &self.ears[0].lane),
                inbox.clone(),
                Wire::new(self.http.clone()),
            ),
            mouth: self.mouth(&config, speech_in, &inbox),
            book,
            view: Arc::clone(&view),
            watchers: watchers.clone(),
        };
        let (over_tx, over) = watch::channel(false);
        let requests = inbox.downgrade();
        let known = Known { view, levels, dir, requests, watchers, over };
        self.lock().known.insert(id.to_owned(), known.clone());
        let task = CallTask::new(Call::new(config), clock, messages, links);
        let (exchange, id) = (Arc::clone(self), id.to_owned());
        tokio::spawn(async move {
            // The inbox stays open for requests as long as the task runs.
            exchange.run(&id, task, known, inbox).await;
            over_tx.send_replace(true);
        });
    }

    /// One call from its first word to its folder's last file.
    async fn run(&self, id: &str, task: CallTask, known: Known, inbox: mpsc::Sender<Inbox>) {
        let (_, book) = task.run().await;
        drop(inbox);
        book.close(known.body()).await;
        timeline::draw_in_background(known.dir.clone()).await;
        self.finished(id);
    }

    fn ear(
        &self,
        config: &CallConfig,
        heard: rings::HeardOut,
        inbox: &mpsc::Sender<Inbox>,
    ) -> EarLink {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let thread = &self.ears[number as usize % self.ears.len()];
        let dialect = (self.parts.dialects.stt)(&config.brief, &thread.lane);
        if !dialect.capabilities().computes {
            let wire = Wire::new(self.http.clone());
            return EarLink::Task(spawn_ear(self.parts.clock, dialect, heard, inbox.clone(), wire));
        }
        let seat = EarSeat { dialect, heard, inbox: inbox.clone() };
        // A full queue shows at the first question: the call is then given up.
        let _ = thread.tx.try_send(EarAsk::Sit(number, Box::new(seat)));
        EarLink::Worker { seat: number, tx: thread.tx.clone() }
    }

    fn mouth(
        &self,
        config: &CallConfig,
        speech: rings::SpeechIn,
        inbox: &mpsc::Sender<Inbox>,
    ) -> MouthLink {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let thread = &self.mouths[number as usize % self.mouths.len()];
        let dialect = (self.parts.dialects.tts)(&config.brief, &self.ears[0].lane);
        if !dialect.capabilities().computes {
            let wire = Wire::new(self.http.clone());
            return MouthLink::Task(spawn_mouth(
                self.parts.clock,
                dialect,
                speech,
                inbox.clone(),
                wire,
            ));
        }
        let seat = MouthSeat::new(dialect, Backlog::new(speech), inbox.clone());
        // A full queue shows at the first sentence: the call is then given up.
        let _ = thread.try_send(MouthMessage::Sit(number, Box::new(seat)));
        MouthLink::Worker { seat: number, tx: thread.clone() }
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
async fn answer_callers(exchange: Weak<Exchange>, mut callers: mpsc::Receiver<String>) {
    while let Some(id) = callers.recv().await {
        let Some(exchange) = exchange.upgrade() else { return };
        if let Err(why) = exchange.answer(&id) {
            tracing::warn!(call_id = %id, %why, "a stream's call is not answered");
        }
    }
}
