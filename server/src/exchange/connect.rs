//! Everything one call needs, joined: its rings, its journal, its workers, its task.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use agent::call::{Call, CallConfig};
use platform::CallView;
use telephony::Direction;
use tokio::sync::{broadcast, mpsc, watch};

use super::{Exchange, Known, Refusal};
use crate::{
    call_task::{Board, CallTask, HAPPENINGS_MAX, INBOX_MAX, Inbox, Links},
    carrier::{Leg, Ticket},
    clock::wall_now,
    journal::{self, Book, First, Opening, Spool, VERSION},
    media_thread::{
        rings::{self, Bell},
        words::{Levels, Orders, Place, Reports},
    },
    shell::Wire,
    timeline,
    vendors::{Backlog, spawn_ear, spawn_mind, spawn_mouth},
    workers::{
        ear::{EarAsk, EarLink, EarSeat},
        mouth::{MouthLink, MouthMessage, MouthSeat},
    },
};

/// A call whose record has begun; nothing has happened in it yet.
pub(super) struct Begun {
    config: CallConfig,
    account: Option<String>,
    inbox: mpsc::Sender<Inbox>,
    messages: mpsc::Receiver<Inbox>,
    dir: PathBuf,
    started: String,
    book: Book,
    spool: Spool,
    /// Of the user's own leg, if there may be one.
    user_spool: Option<Spool>,
}

impl Exchange {
    /// Begins a call's record: from here on there is such a call, whatever happens to the process.
    pub(super) async fn begin(
        &self,
        id: &str,
        config: CallConfig,
        account: Option<String>,
    ) -> Result<Begun, Refusal> {
        let (inbox, messages) = mpsc::channel(INBOX_MAX);
        let (dir, started) = (self.parts.calls_dir.join(id), wall_now());
        let opening = Opening {
            dir: dir.clone(),
            first: First {
                version: VERSION,
                call_id: id.to_owned(),
                owner: account.clone(),
                started: started.clone(),
                config: config.clone(),
            },
            records: self.parts.records,
            lead: Duration::from_millis(u64::from(self.parts.circuit.lead_ms)),
            has_user: config.brief.bridge_number.is_some(),
            inbox: inbox.clone(),
        };
        let (book, spool, user_spool) = self.writer.open(opening).await.map_err(|error| {
            tracing::error!(call_id = id, %error, "a call is refused: it has no record");
            Refusal::Unrecorded
        })?;
        Ok(Begun { config, account, inbox, messages, dir, started, book, spool, user_spool })
    }

    /// Joins everything one call needs and lets it run.
    pub(super) fn connect(
        self: &Arc<Self>,
        id: &str,
        begun: Begun,
        leg: impl FnOnce(Ticket) -> Box<dyn Leg>,
    ) {
        let Begun { config, account, inbox, messages, dir, started, book, spool, user_spool } =
            begun;
        let clock = self.parts.clock;
        let (orders, orders_rx) = Orders::new();
        let (ear, heard_in) = self.ear(&config, &inbox);
        let (mouth, speech_out) = self.mouth(&config, orders.bell(), &inbox);
        let levels = Arc::new(Levels::default());
        let reports = Reports::new(inbox.clone());
        let user = self.user_leg(&config, orders.bell(), &reports, user_spool);
        let place = Place {
            circuit: self.parts.circuit,
            is_whole_call: config.direction == Direction::Inbound,
            orders: orders_rx,
            orders_tx: orders.clone(),
            reports,
            heard: Some(heard_in),
            speech: speech_out,
            relay: user.relay,
            spool,
            levels: Arc::clone(&levels),
        };
        let ticket = Ticket {
            call_id: id.to_owned(),
            place,
            inbox: inbox.clone(),
            orders: orders.clone(),
            user: user.place,
        };
        let view = Arc::new(Mutex::new(CallView::new(id, &config, &started)));
        let board = Arc::new(Board::new(Arc::clone(&view), &started));
        let watchers = broadcast::Sender::new(HAPPENINGS_MAX);
        let links = Links {
            leg: leg(ticket),
            orders,
            ear,
            mind: spawn_mind(
                clock,
                (self.parts.dialects.llm)(&config.brief),
                inbox.clone(),
                Wire::new(self.http.clone()),
            ),
            mouth,
            user: user.links,
            book,
            board: Arc::clone(&board),
            watchers: watchers.clone(),
        };
        let (over_tx, over) = watch::channel(false);
        let requests = inbox.downgrade();
        let ours = match config.direction {
            Direction::Outbound => config.from.clone(),
            Direction::Inbound => config.to.clone(),
        };
        let known = Known { view, board, levels, dir, ours, account, requests, watchers, over };
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
        journal::keep(known.dir.clone()).await;
        if let (Some(cashier), Some(finished)) = (&self.parts.cashier, known.view().finished()) {
            cashier.keep(finished).await;
        }
        if let Ok(_drawing) = self.pictures.try_acquire() {
            timeline::draw_in_background(known.dir.clone()).await;
        }
        self.keeper.store(known.dir.clone());
        self.finished(id);
    }

    fn ear(&self, config: &CallConfig, inbox: &mpsc::Sender<Inbox>) -> (EarLink, rings::HeardIn) {
        let (number, thread) = self.ears.seat();
        let dialect = (self.parts.dialects.stt)(&config.brief, &thread.lane);
        if !dialect.capabilities().computes {
            let (heard_in, heard) = rings::heard(rings::LAG_NETWORK);
            let wire = Wire::new(self.http.clone());
            let (clock, inbox) = (self.parts.clock, inbox.clone());
            let tx = spawn_ear(clock, dialect, heard, inbox, wire, &self.pulse);
            return (EarLink::Task(tx), heard_in);
        }
        let (heard_in, heard) = rings::heard(rings::LAG_COMPUTING);
        let seat = EarSeat { dialect, heard, inbox: inbox.clone() };
        // A full queue shows at the first question: the call is then given up.
        let _ = thread.tx.try_send(EarAsk::Sit(number, Box::new(seat)));
        (EarLink::Worker { seat: number, tx: thread.tx.clone() }, heard_in)
    }

    pub(super) fn mouth(
        &self,
        config: &CallConfig,
        bell: &Bell,
        inbox: &mpsc::Sender<Inbox>,
    ) -> (MouthLink, rings::SpeechOut) {
        let (number, thread) = self.mouths.seat();
        let dialect = (self.parts.dialects.tts)(&config.brief, &thread.lane);
        if !dialect.capabilities().computes {
            let (speech, speech_out) = rings::speech(bell.clone(), rings::AHEAD_NETWORK);
            let (clock, wire) = (self.parts.clock, Wire::new(self.http.clone()));
            let tx = spawn_mouth(clock, dialect, speech, inbox.clone(), wire);
            return (MouthLink::Task(tx), speech_out);
        }
        let (speech, speech_out) = rings::speech(bell.clone(), rings::AHEAD_COMPUTING);
        let seat = MouthSeat::new(dialect, Backlog::new(speech), inbox.clone());
        // A full queue shows at the first sentence: the call is then given up.
        let _ = thread.tx.try_send(MouthMessage::Sit(number, Box::new(seat)));
        (MouthLink::Worker { seat: number, tx: thread.tx.clone() }, speech_out)
    }
}
