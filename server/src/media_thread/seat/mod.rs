//! One call on a media thread: its stream, its translator, its circuit, driven once a tick.
//! `from_carrier` reads the stream, `from_circuit` does what the circuit wants.

mod from_carrier;
mod from_circuit;

use std::time::Duration;

use crossbeam_channel::Sender;
use media::{
    Mono,
    circuit::{self, Circuit},
    codec::Decoder,
    tape,
};
use metrics::counter;
use telephony::{Signal, Translator};
use tokio::sync::mpsc::error::TrySendError as InboxFull;

use super::{
    Frames, Shared,
    rings::{Bell, Speech},
    strain::LATE,
    transport::Transport,
    words::{Order, Place, Report},
};
use crate::{call_task::Inbox, workers::judge::Ask};

/// Deadlines served in one tick; after a long stall the rest wait for the next.
const DEADLINES_PER_TICK_MAX: usize = 64;

/// Whether the seat is needed any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Goes,
}

/// Circuits are numbered for the judge, which keeps a stream's state for each.
pub type SeatId = u64;

/// What a seat is asked at every tick, close together in memory.
struct Wake {
    /// Orders or speech came.
    bell: Bell,
    /// When the circuit wants to be called.
    due: Option<Mono>,
    /// The stream has not been read dry.
    readable: bool,
    /// The carrier does not take all we send.
    unsent: bool,
}

pub(super) struct Seat {
    id: SeatId,
    transport: Option<Transport>,
    translator: Box<dyn Translator>,
    circuit: Circuit,
    place: Place,
    judge: Sender<Ask>,
    frames: Frames,
    faults: u32,
    stopped: bool,
    over: bool,
    wake: Wake,
    /// How late the circuit was called in this tick, if it wanted to be.
    lateness: Option<Duration>,
    wire: Vec<u8>,
    /// Decodes our own frames for the recording.
    ours: Option<Decoder>,
    pcm: Vec<i16>,
}

impl Seat {
    /// A circuit is born for a stream that has shown its token.
    pub(super) fn new(
        id: SeatId,
        now: Mono,
        transport: Transport,
        translator: Box<dyn Translator>,
        mut place: Place,
        shared: &Shared,
    ) -> Result<Self, String> {
        let circuit = Circuit::new(&place.circuit, now).map_err(|e| e.to_string())?;
        let seat_codec = (place.circuit.codec, place.circuit.rate_hz);
        if let Some(record) = place.spool.tape() {
            tape::write_header(record, &place.circuit, now);
        }
        let records_sound = place.spool.keeps_sound();
        let bell = place.orders_tx.bell().clone();
        let wake = Wake { bell, due: Some(now), readable: true, unsent: false };
        let mut seat = Self {
            id,
            transport: Some(transport),
            translator,
            circuit,
            place,
            judge: shared.judge.clone(),
            frames: shared.frames.clone(),
            faults: 0,
            stopped: false,
            over: false,
            wake,
            lateness: None,
            wire: Vec::with_capacity(1024),
            ours: records_sound.then(|| Decoder::new(seat_codec.0, seat_codec.1).ok()).flatten(),
            pcm: Vec::with_capacity(1024),
        };
        if let Some(transport) = &mut seat.transport {
            transport.trust();
        }
        let capabilities = seat.translator.capabilities();
        seat.report(Report::Signal(Signal::MediaStarted { capabilities }));
        Ok(seat)
    }

    /// Where the seat's reports go, for the last words after a panic.
    pub(super) fn inbox(&self) -> tokio::sync::mpsc::Sender<Inbox> {
        self.place.inbox.clone()
    }

    pub(super) fn id(&self) -> SeatId {
        self.id
    }

    /// The poller has seen something on its socket.
    pub(super) fn readable(&mut self, ended: bool) {
        self.wake.readable = true;
        if let Some(transport) = &mut self.transport {
            transport.readable(ended);
        }
    }

    /// Whether there is anything to do.
    pub(super) fn is_awake(&self, now: Mono) -> bool {
        let wake = &self.wake;
        wake.readable
            || wake.unsent
            || wake.due.is_some_and(|due| due <= now)
            || wake.bell.has_rung()
    }

    /// How late its circuit was called in the last tick, if it wanted to be.
    pub(super) fn lateness(&self) -> Option<Duration> {
        self.lateness
    }

    /// Everything that is due now.
    pub(super) fn tick(&mut self, now: Mono) -> Fate {
        if self.wake.readable {
            self.read_stream(now);
        }
        self.obey(now);
        self.serve_deadlines(now);
        self.flush();
        let levels = self.circuit.levels();
        self.place.levels.set(levels.heard_dbfs, levels.said_dbfs);
        if !self.place.spool.turn(now) {
            let detail = "the disk is too slow: the circuit's tape ends here".to_owned();
            self.report(Report::Notice { code: "tape_overrun", detail });
        }
        if self.over { Fate::Goes } else { Fate::Stays }
    }

    fn flush(&mut self) {
        self.wake.unsent = match self.transport.as_mut().map(Transport::flush) {
            None | Some(Ok(true)) => false,
            Some(Ok(false)) => true,
            Some(Err(closed)) => {
                self.lose_stream(closed);
                false
            }
        };
    }

    /// Tells the circuit something, keeps it on the tape, and does what it answers.
    fn sound(&mut self, now: Mono, input: circuit::Input<'_>) {
        if let Some(record) = self.place.spool.tape() {
            tape::write_input(record, now, &input);
        }
        self.circuit.handle(now, input);
        self.drain(now);
    }

    /// Orders, then speech. What speech waits is looked at before the orders are: the `Say` that
    /// announces it is then among them. Speech the circuit has no room for waits for the next frame
    /// to leave.
    fn obey(&mut self, now: Mono) {
        let rang = self.wake.bell.answer();
        let pieces = self.place.speech.waiting();
        while (rang || pieces > 0)
            && let Ok(order) = self.place.orders.try_recv()
        {
            match order {
                Order::Sound(command) => self.sound(now, circuit::Input::Command(command)),
                Order::Verdict(verdict) => self.sound(now, circuit::Input::Verdict(verdict)),
                Order::Leave => return self.leave(),
            }
        }
        for _ in 0..pieces {
            if !self.circuit.wants_speech() {
                return;
            }
            let input = match self.place.speech.pop() {
                Some(Speech::Samples(utterance, samples)) => {
                    circuit::Input::Speech { utterance, samples }
                }
                Some(Speech::End(utterance)) => circuit::Input::SpeechEnd(utterance),
                None => break,
            };
            if let Some(record) = self.place.spool.tape() {
                tape::write_input(record, now, &input);
            }
            self.circuit.handle(now, input);
            self.drain(now);
        }
    }

    fn leave(&mut self) {
        if let Some(transport) = self.transport.take() {
            transport.close(1000, "call over");
        }
        self.over = true;
    }

    fn serve_deadlines(&mut self, now: Mono) {
        self.lateness = None;
        for _ in 0..DEADLINES_PER_TICK_MAX {
            self.wake.due = self.circuit.deadline().map(|(due, _)| due);
            let Some(due) = self.wake.due.filter(|&due| due <= now) else { return };
            let lateness = now.since(due);
            self.lateness = self.lateness.max(Some(lateness));
            if lateness > LATE {
                counter!("trunkline_deadlines_late_total").increment(1);
            }
            self.sound(now, circuit::Input::Tick);
        }
    }

    fn report(&mut self, report: Report) {
        send(&self.place, report, &mut self.over);
    }
}

/// A call that does not take its reports any more is over, or lost: the seat goes.
fn send(place: &Place, report: Report, over: &mut bool) {
    match place.inbox.try_send(Inbox::Media(report)) {
        Ok(()) => {}
        Err(InboxFull::Full(_)) => {
            tracing::error!("a call's inbox is full; its circuit is given up");
            *over = true;
        }
        Err(InboxFull::Closed(_)) => *over = true,
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Best effort: a judge that is gone needs no forgetting.
        let _ = self.judge.try_send(Ask::Forget(self.id));
    }
}
