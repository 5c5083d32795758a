//! One call on a media thread: its line to the carrier and its circuit, driven once a tick.
//! `from_carrier` reads a stream, `from_network` datagrams; `from_circuit` does what the circuit wants.

mod from_carrier;
mod from_circuit;
mod from_network;

use std::{net::SocketAddr, time::Duration};

use crossbeam_channel::Sender;
use media::{
    Mono,
    circuit::{self, Circuit},
    tape,
};
use metrics::counter;
use telephony::{Capabilities, Signal, Translator, stream::Outgoing};
use tokio::sync::mpsc::error::TrySendError as InboxFull;

use super::{
    Frames, Shared,
    packets::WayOut,
    rings::{Bell, Speech},
    strain::LATE,
    transport::{Closed, Transport},
    words::{Order, Place, Relay, Report, Reports},
};
use crate::workers::judge::Ask;

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

/// What a seat waits for, besides its bell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wake {
    /// When the circuit wants to be called.
    due: Option<Mono>,
    /// The stream has not been read dry.
    readable: bool,
    /// The carrier does not take all we send.
    unsent: bool,
}

impl Wake {
    /// Whether there is anything to do.
    pub(super) fn is_due(&self, now: Mono) -> bool {
        self.readable || self.unsent || self.due.is_some_and(|due| due <= now)
    }
}

/// How a seat and its carrier reach each other.
pub(super) enum Line {
    /// Messages in order, in the carrier's dialect.
    Stream(Transport, Box<dyn Translator>),
    /// RTP datagrams.
    Packets(WayOut),
    /// Not any more.
    Cut,
}

impl Line {
    /// Says it, as far as the line has a word for it.
    fn say(&mut self, said: Outgoing<'_>, wire: &mut Vec<u8>) -> Result<(), Closed> {
        match (self, said) {
            (Self::Stream(transport, translator), said) => {
                wire.clear();
                match translator.write(said, wire) {
                    Some(kind) => transport.write(wire, kind),
                    None => Ok(()),
                }
            }
            (Self::Packets(way), Outgoing::Audio(packet)) => {
                way.send(packet);
                Ok(())
            }
            (Self::Packets(_), Outgoing::Mark(_) | Outgoing::Clear) | (Self::Cut, _) => Ok(()),
        }
    }
}

pub(super) struct Seat {
    id: SeatId,
    line: Line,
    /// The other side's address, of an RTP leg.
    remote: Option<SocketAddr>,
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
}

impl Seat {
    /// A circuit is born for a stream that has shown its token, or a leg that was announced.
    pub(super) fn new(
        id: SeatId,
        now: Mono,
        line: Line,
        capabilities: Capabilities,
        mut place: Place,
        shared: &Shared,
    ) -> Result<Self, String> {
        let circuit = Circuit::new(&place.circuit, now).map_err(|e| e.to_string())?;
        if let Some(record) = place.spool.tape() {
            tape::write_header(record, &place.circuit, now);
        }
        let (readable, remote) = match &line {
            Line::Packets(way) => (false, Some(way.remote())),
            Line::Stream(..) | Line::Cut => (true, None),
        };
        let wake = Wake { due: Some(now), readable, unsent: false };
        let mut seat = Self {
            id,
            line,
            remote,
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
        };
        seat.report(Report::Signal(Signal::MediaStarted { capabilities }));
        Ok(seat)
    }

    /// Where the seat's reports go, for the last words after a panic.
    pub(super) fn reports(&self) -> &Reports {
        &self.place.reports
    }

    pub(super) fn id(&self) -> SeatId {
        self.id
    }

    /// The other side's address, of an RTP leg.
    pub(super) fn remote(&self) -> Option<SocketAddr> {
        self.remote
    }

    /// The poller has seen something on its socket.
    pub(super) fn readable(&mut self, ended: bool) {
        self.wake.readable = true;
        if let Line::Stream(transport, _) = &mut self.line {
            transport.readable(ended);
        }
    }

    /// Rung when orders or speech came.
    pub(super) fn bell(&self) -> &Bell {
        self.place.orders_tx.bell()
    }

    /// What it waits for.
    pub(super) fn wake(&self) -> Wake {
        self.wake
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
        self.relay(now);
        self.serve_deadlines(now);
        self.flush();
        let levels = self.circuit.levels();
        self.place.levels.set(levels.heard_dbfs, levels.said_dbfs);
        self.turn(now);
        if self.over { Fate::Goes } else { Fate::Stays }
    }

    fn flush(&mut self) {
        let Line::Stream(transport, _) = &mut self.line else {
            self.wake.unsent = false;
            return;
        };
        self.wake.unsent = match transport.flush() {
            Ok(done) => !done,
            Err(closed) => {
                self.lose_stream(closed);
                false
            }
        };
    }

    /// Lets the journal have what it is time for.
    fn turn(&mut self, now: Mono) {
        if !self.place.spool.turn(now) {
            let detail = "the disk is too slow: the circuit's tape ends here".to_owned();
            self.report(Report::Notice { code: "tape_overrun", detail });
        }
    }

    /// Tells the circuit something, keeps it on the tape, and does what it answers.
    fn sound(&mut self, now: Mono, input: circuit::Input<'_>) {
        self.place.spool.input(now, &input);
        self.circuit.handle(now, input);
        self.drain(now);
    }

    /// Orders, then speech. What speech waits is looked at before the orders are: the `Say` that
    /// announces it is then among them. Speech the circuit has no room for waits for the next frame
    /// to leave.
    fn obey(&mut self, now: Mono) {
        let rang = self.bell().answer();
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
            self.place.spool.input(now, &input);
            self.circuit.handle(now, input);
            self.drain(now);
        }
    }

    /// What the other leg of a bridge has heard.
    fn relay(&mut self, now: Mono) {
        while let Some(Relay { from, .. }) = &mut self.place.relay
            && let Some(samples) = from.pop()
        {
            if self.circuit.is_bridged() {
                let input = circuit::Input::Relay(samples);
                self.place.spool.input(now, &input);
                self.circuit.handle(now, input);
                self.drain(now);
            }
        }
    }

    fn leave(&mut self) {
        self.cut(1000, "call over");
        self.over = true;
    }

    /// Ends the line, with a close code where there is one (RFC 6455 §7.4).
    fn cut(&mut self, code: u16, reason: &str) {
        if let Line::Stream(transport, _) = std::mem::replace(&mut self.line, Line::Cut) {
            transport.close(code, reason);
        }
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
    match place.reports.send(report) {
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
