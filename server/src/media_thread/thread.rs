//! What one media thread does: it takes arrivals in, and ticks.

use std::{
    net::UdpSocket,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use media::Mono;
use metrics::counter;
use mio::{Events, Poll, Token};

use super::{
    Arrival, Newcomer, Shared,
    lobby::{Lobby, Verdict},
    packets::Packets,
    rows::Rows,
    seat::{Line, Seat, SeatId},
    strain::Meter,
    words::{Place, Report, Reports, RtpLeg},
};

/// How often streams are drained and circuits driven.
const TICK: Duration = Duration::from_millis(2);
/// How often an idle thread looks up.
const IDLE: Duration = Duration::from_millis(100);
/// Readable sockets told of in one tick; the rest are told of in the next.
const EVENTS_MAX: usize = 1024;

/// One media thread.
pub(super) struct Thread {
    door: Receiver<Arrival>,
    shared: Arc<Shared>,
    poll: Poll,
    events: Events,
    packets: Option<Packets>,
    lobby: Vec<Lobby>,
    seats: Rows,
    open: bool,
    meter: Meter,
}

impl Thread {
    pub(super) fn new(
        door: Receiver<Arrival>,
        shared: Arc<Shared>,
        poll: Poll,
        port: Option<(UdpSocket, usize)>,
        meter: Meter,
    ) -> Self {
        let events = Events::with_capacity(EVENTS_MAX);
        let packets = port.map(|(socket, together)| Packets::new(socket, together));
        let (lobby, seats) = (Vec::new(), Rows::default());
        Self { door, shared, poll, events, packets, lobby, seats, open: true, meter }
    }

    pub(super) fn run(mut self) {
        let mut due = Instant::now();
        while self.open || !self.seats.is_empty() {
            if self.seats.is_empty() && self.lobby.is_empty() {
                match self.door.recv_timeout(IDLE) {
                    Ok(newcomer) => self.welcome(newcomer),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => self.open = false,
                }
                due = Instant::now();
            } else {
                due += TICK;
                let now = Instant::now();
                if due > now {
                    thread::sleep(due - now);
                }
            }
            let began = Instant::now();
            self.tick();
            let ended = Instant::now();
            if self.seats.is_empty() {
                self.meter.rest(ended);
            } else {
                self.meter.tick(due, began, ended);
            }
            self.meter.tell(ended, self.seats.len());
            if began.saturating_duration_since(due) > IDLE {
                // The machine stood still: do not run after lost ticks.
                due = began;
            }
        }
    }

    fn welcome(&mut self, arrival: Arrival) {
        let now = self.shared.clock.now();
        match arrival {
            Arrival::Stream(newcomer) => self.lobby.push(Lobby::new(newcomer, now)),
            Arrival::Packets(leg) => self.seat_leg(now, *leg),
        }
    }

    fn tick(&mut self) {
        loop {
            match self.door.try_recv() {
                Ok(newcomer) => self.welcome(newcomer),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.open = false;
                    break;
                }
            }
        }
        self.tick_lobby();
        self.look_for_sound();
        let clock = self.shared.clock;
        let packets = &mut self.packets;
        if let Some(packets) = packets {
            packets.receive(clock.now(), &mut self.seats);
        }
        let meter = &mut self.meter;
        self.seats.tick(clock, |seat, stays| {
            seat.lateness().inspect(|late| meter.frames(*late));
            if let Some(packets) = packets
                && !stays
            {
                packets.forget(seat);
            }
        });
        if let Some(packets) = packets {
            packets.flush();
        }
    }

    /// Asks the kernel once which of all sockets have something.
    fn look_for_sound(&mut self) {
        // An interrupted look finds the same the next time.
        let _ = self.poll.poll(&mut self.events, Some(Duration::ZERO));
        for event in &self.events {
            let id = event.token().0 as SeatId;
            self.seats.readable(id, event.is_read_closed() || event.is_error());
        }
    }

    fn seat(&mut self, now: Mono, newcomer: Newcomer, place: Place) {
        let id = self.shared.next_seat.fetch_add(1, Ordering::Relaxed);
        let Newcomer { mut transport, translator, .. } = newcomer;
        let reports = place.reports.clone();
        let born = match transport.watch(self.poll.registry(), Token(id as usize)) {
            Ok(()) => {
                let capabilities = translator.capabilities();
                transport.trust();
                let line = Line::Stream(transport, translator);
                Seat::new(id, now, line, capabilities, place, &self.shared)
            }
            Err(e) => Err(format!("its socket cannot be watched: {e}")),
        };
        self.sit_down(born, &reports);
    }

    fn seat_leg(&mut self, now: Mono, leg: RtpLeg) {
        let id = self.shared.next_seat.fetch_add(1, Ordering::Relaxed);
        let RtpLeg { remote, capabilities, mut place } = leg;
        let reports = place.reports.clone();
        (place.circuit.clear, place.circuit.mark) = (false, false);
        let way = match &mut self.packets {
            Some(packets) => packets.announce(remote, id, &place.circuit),
            None => Err("there is no port for RTP".to_owned()),
        };
        let born = way.and_then(|way| {
            Seat::new(id, now, Line::Packets(way), capabilities, place, &self.shared)
        });
        if born.is_err()
            && let Some(packets) = &mut self.packets
        {
            packets.withdraw(remote, id);
        }
        self.sit_down(born, &reports);
    }

    fn sit_down(&mut self, born: Result<Seat, String>, reports: &Reports) {
        match born {
            Ok(seat) => self.seats.push(seat),
            Err(detail) => {
                let _ = reports.send(Report::Panicked { detail });
            }
        }
    }

    fn tick_lobby(&mut self) {
        let now = self.shared.clock.now();
        for mut waiting in std::mem::take(&mut self.lobby) {
            let judged = catch_unwind(AssertUnwindSafe(|| waiting.look(now, &self.shared)));
            match judged {
                Ok(Verdict::Waits) => {
                    self.lobby.push(waiting);
                    continue;
                }
                Ok(Verdict::Refused(why)) => {
                    counter!("trunkline_streams_refused_total").increment(1);
                    tracing::warn!(code = why.code, reason = why.reason, "a stream was refused");
                    waiting.close(why);
                }
                Ok(Verdict::Gone) => {}
                Ok(Verdict::Seated(place)) => {
                    self.seat(now, waiting.into_newcomer(), *place);
                }
                Err(_) => counter!("trunkline_panics_total").increment(1),
            }
            self.shared.in_lobby.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
