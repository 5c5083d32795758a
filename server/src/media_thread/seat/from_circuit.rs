//! What the circuit wants: frames to the carrier, sound to recogniser, judge and recording, events
//! to the call.

use crossbeam_channel::TrySendError;
use media::{
    Mono,
    circuit::{self, Event},
};
use metrics::counter;
use telephony::stream::Outgoing;

use super::{super::words::Report, Line, Seat, send};
use crate::{
    journal::Side,
    workers::judge::{Ask, Chunk},
};

impl Seat {
    /// Does what the circuit wants, in its order.
    pub(super) fn drain(&mut self, now: Mono) {
        let mut lost = None;
        let is_bridged = self.circuit.is_bridged();
        while let Some(output) = self.circuit.poll() {
            self.place.spool.output(now, &output);
            let is_frame = matches!(output, circuit::Output::Frame(_));
            let said = match output {
                circuit::Output::Frame(frame) => {
                    self.frames.sent.increment(1);
                    Outgoing::Audio(frame)
                }
                circuit::Output::Mark(mark) => Outgoing::Mark(mark),
                circuit::Output::Clear => {
                    self.place.spool.sound(Side::Cleared, now, &[]);
                    Outgoing::Clear
                }
                circuit::Output::Heard(samples) => {
                    self.place.spool.sound(Side::Callee, now, samples);
                    let heard = self.place.heard.as_mut();
                    let missed = heard.map_or(0, |heard| heard.push(now, samples));
                    if missed > 0 {
                        counter!("trunkline_heard_lost_samples_total").increment(missed as u64);
                    }
                    if let Some(relay) = self.place.relay.as_mut().filter(|_| is_bridged) {
                        relay.to.push(samples);
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
                circuit::Output::Rtcp(report) => {
                    if let Line::Packets(way) = &self.line {
                        way.send(report);
                    }
                    continue;
                }
            };
            if lost.is_none() {
                lost = self.line.say(said, &mut self.wire).err();
            }
            if is_frame {
                self.place.spool.sound(Side::Agent, now, self.circuit.said());
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
