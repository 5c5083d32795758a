//! The routing table: what every part says goes where.

use agent::{
    call::{self, Listen},
    llm, stt, tts,
};
use media::circuit::{self, Circuit, UtteranceId};
use telephony::{
    Cause, Control, Signal, Translator,
    conformance::Wire,
    stream::{Incoming, Kind, Outgoing},
};

use super::{
    World,
    end::{Arrival, End, Who},
};
use crate::line::{LineInput, LineOutput};

/// Rounds of routing without the clock moving: far above any that settles.
const ROUNDS_MAX: usize = 10_000;

impl World {
    /// Routes until nobody has anything more to say.
    pub(super) fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let mut said = false;
            for who in Who::BOTH {
                said |= self.drain_line(who) | self.drain_circuit(who) | self.relay(who);
            }
            said |= self.drain_call() | self.drain_stt() | self.drain_llm() | self.drain_tts();
            if !said {
                return;
            }
        }
        self.log.spinning = true;
    }

    /// Something arrives at the agent's end of the wire.
    pub(super) fn arrive(&mut self, who: Who, arrival: Arrival) {
        let now = self.now;
        let wire = match arrival {
            Arrival::Wire(wire) => wire,
            Arrival::Signal(signal) => return self.signal(who, signal),
            Arrival::Closed => {
                if who == Who::Callee {
                    self.log.closed = Some(now);
                }
                return self.signal(who, Signal::MediaStopped);
            }
        };
        let Some(end) = self.end(who) else { return };
        // Taken out so that its borrowed words can be routed; put back at the end.
        let mut translator =
            std::mem::replace(&mut end.translator, Box::new(telephony::Loopback::new()));
        match translator.read(wire.message()) {
            Ok(None) => {}
            Ok(Some(incoming)) => {
                if matches!(incoming, Incoming::Started(_)) {
                    self.start_circuit(who, translator.capabilities());
                } else {
                    self.incoming(who, &incoming);
                }
            }
            Err(fault) => {
                self.log.faults.push((now, fault.code));
                let (code, detail) = (fault.code.to_owned(), fault.detail);
                self.signal(who, Signal::Misbehaved { code, detail });
            }
        }
        if let Some(end) = self.end(who) {
            end.translator = translator;
        }
    }

    fn incoming(&mut self, who: Who, incoming: &Incoming<'_>) {
        let signal = match incoming {
            Incoming::Audio { payload } => return self.sound(who, circuit::Input::Audio(payload)),
            Incoming::Digit(digit) => return self.sound(who, circuit::Input::Digit(*digit)),
            Incoming::Mark(mark) => return self.sound(who, circuit::Input::Mark(*mark)),
            Incoming::Started(_) => return,
            Incoming::Stopped => Signal::MediaStopped,
            Incoming::Ringing => Signal::Ringing,
            Incoming::Answered => Signal::Answered,
            Incoming::Ended { cause, by_callee } => {
                Signal::Ended { cause: *cause, by_callee: *by_callee }
            }
        };
        self.signal(who, signal);
    }

    fn signal(&mut self, who: Who, signal: Signal) {
        let signal = match who {
            Who::Callee => Some(signal),
            Who::User => signal.of_user_leg(),
        };
        if let Some(signal) = signal {
            self.tell(call::Input::Signal(signal));
        }
    }

    fn start_circuit(&mut self, who: Who, capabilities: telephony::Capabilities) {
        let born = Circuit::new(&self.config.circuit, self.now);
        match (born, self.end(who)) {
            (Ok(circuit), Some(end)) => {
                end.circuit = Some(circuit);
                self.signal(who, Signal::MediaStarted { capabilities });
            }
            (Err(error), _) => {
                self.tell(call::Input::Request(call::Request::Abort { detail: error.to_string() }))
            }
            (Ok(_), None) => {}
        }
    }

    fn drain_line(&mut self, who: Who) -> bool {
        let (now, at) = (self.now, self.later(self.config.wire_ms));
        let end = match who {
            Who::Callee => Some(&mut self.callee),
            Who::User => self.user.as_mut(),
        };
        let Some(End { line: Some(line), to_agent, .. }) = end else { return false };
        let mut said = false;
        while let Some(output) = line.poll() {
            said = true;
            let arrival = match output {
                LineOutput::Message(wire) => Arrival::Wire(wire),
                LineOutput::Progress(signal) => Arrival::Signal(signal),
                LineOutput::Closed => Arrival::Closed,
                LineOutput::Recognise { id, samples } => {
                    if let Some(recogniser) = &mut self.minds.callee {
                        let text = recogniser.text_of(&samples);
                        line.handle(now, LineInput::Recognised { id, text: &text });
                    }
                    continue;
                }
            };
            to_agent.push_back((at, arrival));
        }
        said
    }

    fn drain_circuit(&mut self, who: Who) -> bool {
        let now = self.now;
        let (wire_at, judge_at) =
            (self.later(self.config.wire_ms), self.later(self.config.judge_ms));
        let end = match who {
            Who::Callee => Some(&mut self.callee),
            Who::User => self.user.as_mut(),
        };
        let Some(end) = end else { return false };
        let Some(circuit) = &mut end.circuit else { return false };
        let is_bridged = circuit.is_bridged();
        let mut said = false;
        while let Some(output) = circuit.poll() {
            said = true;
            let outgoing = match output {
                circuit::Output::Frame(frame) => {
                    if who == Who::Callee {
                        self.log.sent_samples += frame.len() as u64;
                    }
                    Outgoing::Audio(frame)
                }
                circuit::Output::Mark(mark) => Outgoing::Mark(mark),
                circuit::Output::Clear => {
                    self.log.clears.push(now);
                    Outgoing::Clear
                }
                circuit::Output::Rtcp(_) => continue,
                circuit::Output::Heard(samples) => {
                    if is_bridged {
                        end.relayed.push_back(samples.to_vec());
                    }
                    if who == Who::Callee {
                        self.log.heard_samples += samples.len() as u64;
                        self.minds.stt.handle(now, stt::Input::Audio(samples));
                    }
                    continue;
                }
                circuit::Output::Judge { chunk, reset, samples } => {
                    let probability = (self.minds.judge)(samples, reset);
                    end.verdicts.push_back((judge_at, circuit::Verdict { chunk, probability }));
                    continue;
                }
                circuit::Output::Event(event) => {
                    let (log, input) = match who {
                        Who::Callee => (&mut self.log.sounds, call::Input::Sound(event)),
                        Who::User => (&mut self.log.user_sounds, call::Input::UserSound(event)),
                    };
                    log.push((now, event));
                    self.call.handle(now, input);
                    continue;
                }
                circuit::Output::Ignored(why) => {
                    self.log.ignored.push((now, why));
                    continue;
                }
            };
            let wire = carried(end.translator.as_mut(), outgoing, &mut end.write);
            end.to_line.extend(wire.map(|wire| (wire_at, wire)));
        }
        said
    }

    /// What was heard on one leg goes to the other, once that one is joined too.
    fn relay(&mut self, who: Who) -> bool {
        let Some(end) = self.end(who) else { return false };
        let heard = std::mem::take(&mut end.relayed);
        let said = !heard.is_empty();
        for samples in heard {
            let other = self.end(who.other()).and_then(|end| end.circuit.as_ref());
            if other.is_some_and(Circuit::is_bridged) {
                self.sound(who.other(), circuit::Input::Relay(&samples));
            }
        }
        said
    }

    fn drain_call(&mut self) -> bool {
        let mut said = false;
        let now = self.now;
        while let Some(output) = self.call.poll() {
            said = true;
            match &output {
                call::Output::Control(control) => self.control(control),
                call::Output::Sound(command) => {
                    self.sound(Who::Callee, circuit::Input::Command(*command));
                }
                call::Output::UserSound(command) => {
                    self.sound(Who::User, circuit::Input::Command(*command));
                }
                call::Output::Whisper { utterance, text } => {
                    self.whispers.insert(*utterance);
                    self.minds.tts.handle(now, tts::Input::Say { utterance: *utterance, text });
                }
                call::Output::Listen(listen) => self.minds.stt.handle(
                    now,
                    match *listen {
                        Listen::Open { segment, from_sample } => {
                            stt::Input::Open { segment, from_sample }
                        }
                        Listen::Finalise { segment, to_sample } => {
                            stt::Input::Finalise { segment, to_sample }
                        }
                        Listen::Close(segment) => stt::Input::Close(segment),
                    },
                ),
                call::Output::Think { thought, prompt } => {
                    self.minds.llm.handle(now, llm::Input::Think { thought: *thought, prompt });
                }
                call::Output::Forget(thought) => {
                    self.minds.llm.handle(now, llm::Input::Cancel(*thought));
                }
                call::Output::Speak { utterance, text } => {
                    self.minds.tts.handle(now, tts::Input::Say { utterance: *utterance, text });
                }
                call::Output::Hush(utterance) => {
                    self.minds.tts.handle(now, tts::Input::Cancel(*utterance));
                }
                call::Output::Record(_) | call::Output::Ended(_) | call::Output::Ignored { .. } => {
                }
            }
            self.log.call.push((now, output));
        }
        said
    }

    fn control(&mut self, control: &Control) {
        match control {
            Control::Dial { .. } => self.callee.dial(self.now),
            Control::Hangup => self.callee.hangup_at = Some(self.later(self.config.wire_ms)),
            Control::SendDigits { digits } => {
                if let Some(line) = &mut self.callee.line {
                    for digit in digits.iter() {
                        line.handle(self.now, LineInput::Digit(digit));
                    }
                }
                let at = self.later(self.config.wire_ms);
                self.callee.to_agent.push_back((at, Arrival::Signal(Signal::DigitsSent)));
            }
            Control::DialBridge { .. } => match &mut self.user {
                Some(user) => user.dial(self.now),
                None => {
                    let at = self.later(self.config.wire_ms);
                    let ended = Signal::BridgeEnded { cause: Cause::Unreachable };
                    self.callee.to_agent.push_back((at, Arrival::Signal(ended)));
                }
            },
            Control::HangupBridge => {
                let at = self.later(self.config.wire_ms);
                if let Some(user) = &mut self.user {
                    user.hangup_at = Some(at);
                }
            }
            // This world's lines are outbound, and we join them ourselves.
            Control::Answer | Control::Bridge => {}
        }
    }

    fn drain_stt(&mut self) -> bool {
        let mut said = false;
        while let Some(output) = self.minds.stt.poll() {
            said = true;
            if let stt::Output::Event(event) = output {
                self.call.handle(self.now, call::Input::Stt(event));
            }
        }
        said
    }

    fn drain_llm(&mut self) -> bool {
        let mut said = false;
        while let Some(output) = self.minds.llm.poll() {
            said = true;
            if let llm::Output::Event(event) = output {
                self.call.handle(self.now, call::Input::Llm(event));
            }
        }
        said
    }

    fn drain_tts(&mut self) -> bool {
        let mut said = false;
        while let Some(output) = self.minds.tts.poll() {
            said = true;
            match output {
                tts::Output::Wire(_) => {}
                tts::Output::Audio { utterance, samples } => {
                    let who = self.ear_of(utterance);
                    self.sound(who, circuit::Input::Speech { utterance, samples: &samples });
                }
                tts::Output::Event(event) => {
                    if let tts::Event::Done { utterance, .. } = event {
                        let who = self.ear_of(utterance);
                        self.sound(who, circuit::Input::SpeechEnd(utterance));
                    }
                    self.call.handle(self.now, call::Input::Tts(event));
                }
            }
        }
        said
    }

    /// Who is to hear it.
    fn ear_of(&self, utterance: UtteranceId) -> Who {
        if self.whispers.contains(&utterance) { Who::User } else { Who::Callee }
    }
}

/// What is said, as it goes over the wire.
fn carried(
    translator: &mut dyn Translator,
    outgoing: Outgoing<'_>,
    buffer: &mut Vec<u8>,
) -> Option<Wire> {
    buffer.clear();
    Some(match translator.write(outgoing, buffer)? {
        Kind::Text => Wire::Text(String::from_utf8_lossy(buffer).into_owned()),
        Kind::Binary => Wire::Binary(buffer.clone()),
    })
}
