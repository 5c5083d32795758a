//! What the circuit wants: frames to the carrier, sound to recogniser, judge and recording, events
//! to the call.

use crossbeam_channel::TrySendError;
use media::{
    Mono,
    circuit::{self, Event},
    tape,
};
use metrics::counter;
use telephony::stream::Outgoing;

use super::{super::words::Report, Seat, send};
use crate::{
    journal::Side,
    workers::judge::{Ask, Chunk},
};

impl Seat {
    /// Does what the circuit wants, in its order.
    pub(super) fn drain(&mut self, now: Mono) {
        let mut lost = None;
        while let Some(output) = self.circuit.poll() {
            if let Some(record) = self.place.spool.tape() {
                tape::write_output(record, now, &output);
            }
            let said = match output {
                circuit::Output::Frame(frame) => {
                    self.frames.sent.increment(1);
                    if let Some(decoder) = &mut self.ours {
                        self.pcm.clear();
                        if decoder.decode(frame, &mut self.pcm).is_ok() {
                            self.place.spool.sound(Side::Agent, now, &self.pcm);
                        }
                    }
                    Outgoing::Audio(frame)
                }
                circuit::Output::Mark(mark) => Outgoing::Mark(mark),
                circuit::Output::Clear => {
                    self.place.spool.sound(Side::Cleared, now, &[]);
                    Outgoing::Clear
                }
                circuit::Output::Heard(samples) => {
                    self.place.spool.sound(Side::Callee, now, samples);
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
