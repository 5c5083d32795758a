//! One call on a media thread: its stream, its translator, its circuit, driven once a tick.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use media::{
    Mono,
    circuit::{self, Circuit, Event},
    codec::Decoder,
    tape,
};
use metrics::counter;
use telephony::{
    Capabilities, Cause, Signal, Translator,
    stream::{Incoming, Message as Carried, Misbehaved, Outgoing},
};
use tokio::sync::mpsc::error::TrySendError as InboxFull;

use super::{
    rings::{Side, Speech, TapeIn},
    transport::{Closed, Message, Transport},
    words::{Order, Place, Report},
};
use crate::{
    call_task::Inbox,
    workers::judge::{Ask, Chunk},
};

/// Messages read from one stream in one tick; the rest wait for the next.
const MESSAGES_PER_TICK_MAX: usize = 64;
/// Deadlines served in one tick; after a long stall the rest wait for the next.
const DEADLINES_PER_TICK_MAX: usize = 64;
/// Faults of one stream that are told one by one; later ones are only counted.
const FAULTS_MAX: u32 = 16;
/// A frame that leaves this much after its time would have been missed by a 20 ms buffer.
const LATE: Duration = Duration::from_millis(20);

/// Whether the seat is needed any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    Goes,
}

/// Circuits are numbered for the judge, which keeps a stream's state for each.
pub type SeatId = u64;

pub(super) struct Seat {
    id: SeatId,
    transport: Option<Transport>,
    translator: Box<dyn Translator>,
    circuit: Circuit,
    place: Place,
    judge: Sender<Ask>,
    faults: u32,
    stopped: bool,
    over: bool,
    record: Vec<u8>,
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
        place: Place,
        judge: Sender<Ask>,
    ) -> Result<Self, Box<(Place, String)>> {
        let circuit = match Circuit::new(&place.circuit, now) {
            Ok(circuit) => circuit,
            Err(e) => return Err(Box::new((place, e.to_string()))),
        };
        let seat_codec = (place.circuit.codec, place.circuit.rate_hz);
        let mut record = Vec::with_capacity(16 * 1024);
        tape::write_header(&mut record, &place.circuit, now);
        let mut seat = Self {
            id,
            transport: Some(transport),
            translator,
            circuit,
            place,
            judge,
            faults: 0,
            stopped: false,
            over: false,
            record,
            wire: Vec::with_capacity(4 * 1024),
            ours: Decoder::new(seat_codec.0, seat_codec.1).ok(),
            pcm: Vec::with_capacity(1024),
        };
        if let Some(transport) = &mut seat.transport {
            transport.trust();
        }
        let capabilities = seat.capabilities();
        seat.report(Report::Signal(Signal::MediaStarted { capabilities }));
        Ok(seat)
    }

    fn capabilities(&self) -> Capabilities {
        self.translator.capabilities()
    }

    /// Where the seat's reports go, for the last words after a panic.
    pub(super) fn inbox(&self) -> tokio::sync::mpsc::Sender<Inbox> {
        self.place.inbox.clone()
    }

    /// Everything that is due now.
    pub(super) fn tick(&mut self, now: Mono) -> Fate {
        self.read_stream(now);
        self.obey(now);
        self.serve_deadlines(now);
        if let Some(transport) = &mut self.transport
            && let Err(closed) = transport.flush()
        {
            self.lose_stream(closed);
        }
        let levels = self.circuit.levels();
        self.place.levels.set(levels.heard_dbfs, levels.said_dbfs);
        if !self.record.is_empty() {
            self.push_tape();
        }
        if self.over { Fate::Goes } else { Fate::Stays }
    }

    fn push_tape(&mut self) {
        let whole = TapeIn::push(&mut self.place.tape, &self.record);
        self.record.clear();
        if !whole {
            let detail = "the disk is too slow: the circuit's tape ends here".to_owned();
            self.report(Report::Notice { code: "tape_overrun", detail });
        }
    }

    fn read_stream(&mut self, now: Mono) {
        for _ in 0..MESSAGES_PER_TICK_MAX {
            let Some(transport) = &mut self.transport else { return };
            match transport.read() {
                Ok(Some(message)) => self.message(now, &message),
                Ok(None) => return,
                Err(closed) => return self.lose_stream(closed),
            }
        }
    }

    fn message(&mut self, now: Mono, message: &Message) {
        let carried = match message {
            Message::Text(text) => Carried::Text(text.as_str()),
            Message::Binary(bytes) => Carried::Binary(bytes),
            _ => return,
        };
        let input = match self.translator.read(carried) {
            Ok(None) => return,
            Ok(Some(incoming)) => match incoming {
                Incoming::Audio { payload } => {
                    counter!("trunkline_frames_received_total").increment(1);
                    let input = circuit::Input::Audio(payload);
                    tape::write_input(&mut self.record, now, &input);
                    self.circuit.handle(now, input);
                    return self.drain(now);
                }
                Incoming::Digit(digit) => circuit::Input::Digit(digit),
                Incoming::Mark(mark) => circuit::Input::Mark(mark),
                Incoming::Started(_) => return,
                Incoming::Stopped => {
                    self.stop();
                    if self.place.is_whole_call {
                        let (cause, by_callee) = (Cause::NormalClearing, true);
                        self.report(Report::Signal(Signal::Ended { cause, by_callee }));
                    }
                    return;
                }
                Incoming::Ringing => return self.report(Report::Signal(Signal::Ringing)),
                Incoming::Answered => return self.report(Report::Signal(Signal::Answered)),
                Incoming::Ended { cause, by_callee } => {
                    return self.report(Report::Signal(Signal::Ended { cause, by_callee }));
                }
            },
            Err(misbehaved) => return self.misbehaved(misbehaved),
        };
        self.sound(now, input);
    }

    /// Tells the circuit something, keeps it on the tape, and does what it answers.
    fn sound(&mut self, now: Mono, input: circuit::Input<'_>) {
        tape::write_input(&mut self.record, now, &input);
        self.circuit.handle(now, input);
        self.drain(now);
    }

    fn stop(&mut self) {
        if !self.stopped {
            self.stopped = true;
            self.report(Report::Signal(Signal::MediaStopped));
        }
    }

    fn misbehaved(&mut self, fault: Misbehaved) {
        counter!("trunkline_carrier_faults_total", "code" => fault.code).increment(1);
        self.faults = self.faults.saturating_add(1);
        if self.faults <= FAULTS_MAX {
            let detail = fault.detail;
            let signal = Signal::Misbehaved { code: fault.code.to_owned(), detail };
            self.report(Report::Signal(signal));
        } else if self.faults == FAULTS_MAX + 1 {
            let detail = "the carrier keeps breaking its protocol; further faults are only counted";
            self.report(Report::Notice { code: "carrier_faults", detail: detail.to_owned() });
        }
        if fault.fatal
            && let Some(transport) = self.transport.take()
        {
            transport.close(1002, fault.code);
            self.stop();
        }
    }

    /// The stream is of no more use; the call decides what that means.
    fn lose_stream(&mut self, closed: Closed) {
        if let Some(transport) = self.transport.take() {
            match closed.code {
                "message_too_large" => transport.close(1009, closed.code),
                "not_utf8" => transport.close(1007, closed.code),
                "peer_too_slow" => transport.close(1008, closed.code),
                _ => drop(transport),
            }
        }
        if !self.stopped {
            self.report(Report::Notice { code: closed.code, detail: closed.detail });
        }
        self.stop();
    }

    /// Orders and speech. What speech waits is looked at before the orders are: the `Say` that
    /// announces it is then among them.
    fn obey(&mut self, now: Mono) {
        let pieces = self.place.speech.waiting();
        let orders: Receiver<Order> = self.place.orders.clone();
        while let Ok(order) = orders.try_recv() {
            match order {
                Order::Sound(command) => self.sound(now, circuit::Input::Command(command)),
                Order::Verdict(verdict) => self.sound(now, circuit::Input::Verdict(verdict)),
                Order::Leave => return self.leave(),
            }
        }
        for _ in 0..pieces {
            let input = match self.place.speech.pop() {
                Some(Speech::Samples(utterance, samples)) => {
                    circuit::Input::Speech { utterance, samples }
                }
                Some(Speech::End(utterance)) => circuit::Input::SpeechEnd(utterance),
                None => break,
            };
            tape::write_input(&mut self.record, now, &input);
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
        for _ in 0..DEADLINES_PER_TICK_MAX {
            match self.circuit.deadline() {
                Some((due, _)) if due <= now => {
                    if now.since(due) > LATE {
                        counter!("trunkline_deadlines_late_total").increment(1);
                    }
                    self.sound(now, circuit::Input::Tick);
                }
                _ => return,
            }
        }
    }

    /// Does what the circuit wants, in its order.
    fn drain(&mut self, now: Mono) {
        let mut lost = None;
        while let Some(output) = self.circuit.poll() {
            tape::write_output(&mut self.record, now, &output);
            let said = match output {
                circuit::Output::Frame(frame) => {
                    counter!("trunkline_frames_sent_total").increment(1);
                    if let Some(decoder) = &mut self.ours {
                        self.pcm.clear();
                        if decoder.decode(frame, &mut self.pcm).is_ok() {
                            self.place.recording.push(Side::Agent, now, &self.pcm);
                        }
                    }
                    Outgoing::Audio(frame)
                }
                circuit::Output::Mark(mark) => Outgoing::Mark(mark),
                circuit::Output::Clear => {
                    self.place.recording.push(Side::Cleared, now, &[]);
                    Outgoing::Clear
                }
                circuit::Output::Heard(samples) => {
                    self.place.recording.push(Side::Callee, now, samples);
                    let missed = self.place.heard.push(samples);
                    if missed > 0 {
                        counter!("trunkline_heard_lost_samples_total").increment(missed as u64);
                    }
                    continue;
                }
                circuit::Output::Judge { chunk, reset, samples } => {
                    let ask = Chunk {
                        seat: self.id,
                        chunk,
                        reset,
                        samples: *samples,
                        reply: self.place.orders_tx.clone(),
                    };
                    if let Err(TrySendError::Full(_)) =
                        self.judge.try_send(Ask::Chunk(Box::new(ask)))
                    {
                        counter!("trunkline_judge_dropped_total").increment(1);
                    }
                    continue;
                }
                circuit::Output::Event(event) => {
                    note(&event);
                    send(&self.place, Report::Sound(event), &mut self.over);
                    continue;
                }
                circuit::Output::Ignored(why) => {
                    counter!("trunkline_circuit_ignored_total").increment(1);
                    tracing::debug!(%why, "circuit ignored an input");
                    continue;
                }
                // No RTP transport on this thread yet: a WebSocket leg never asks for RTCP.
                circuit::Output::Rtcp(_) => continue,
            };
            self.wire.clear();
            if let Some(transport) = &mut self.transport
                && lost.is_none()
                && let Some(kind) = self.translator.write(said, &mut self.wire)
            {
                lost = transport.write(&self.wire, kind).err();
            }
        }
        if let Some(closed) = lost {
            self.lose_stream(closed);
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

/// Figures for `/metrics`.
fn note(event: &Event) {
    match event {
        Event::Interrupted { reaction_ms, .. } => {
            metrics::histogram!("trunkline_interruption_reaction_seconds")
                .record(f64::from(*reaction_ms) / 1000.0);
        }
        Event::Resumed { .. } => counter!("trunkline_false_interruptions_total").increment(1),
        _ => {}
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.record.is_empty() {
            let _ = self.place.tape.push(&self.record);
        }
        // Best effort: a judge that is gone needs no forgetting.
        let _ = self.judge.try_send(Ask::Forget(self.id));
    }
}
