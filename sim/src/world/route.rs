//! The routing table: what every part says goes where.

use agent::{
    call::{self, Listen},
    llm, stt, tts,
};
use media::circuit::{self, Circuit};
use telephony::{
    Control, Signal,
    conformance::Wire,
    stream::{Incoming, Kind, Outgoing},
};

use super::{Arrival, World};
use crate::line::{Line, LineInput, LineOutput};

/// Rounds of routing without the clock moving: far above any that settles.
const ROUNDS_MAX: usize = 10_000;

impl World {
    /// Routes until nobody has anything more to say.
    pub(super) fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let said = self.drain_line()
                | self.drain_circuit()
                | self.drain_call()
                | self.drain_stt()
                | self.drain_llm()
                | self.drain_tts();
            if !said {
                return;
            }
        }
        self.log.spinning = true;
    }

    /// Something arrives at the agent's end of the wire.
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        let wire = match arrival {
            Arrival::Wire(wire) => wire,
            Arrival::Signal(signal) => return self.tell(call::Input::Signal(signal)),
            Arrival::Closed => {
                self.log.closed = Some(self.now);
                return self.tell(call::Input::Signal(Signal::MediaStopped));
            }
        };
        // Taken out so that its borrowed words can be routed; put back at the end.
        let mut translator =
            std::mem::replace(&mut self.translator, Box::new(telephony::Loopback::new()));
        match translator.read(wire.message()) {
            Ok(None) => {}
            Ok(Some(incoming)) => {
                if matches!(incoming, Incoming::Started(_)) {
                    self.start_circuit(translator.capabilities());
                } else {
                    self.incoming(&incoming);
                }
            }
            Err(fault) => {
                self.log.faults.push((self.now, fault.code));
                let (code, detail) = (fault.code.to_owned(), fault.detail);
                self.tell(call::Input::Signal(Signal::Misbehaved { code, detail }));
            }
        }
        self.translator = translator;
    }

    fn incoming(&mut self, incoming: &Incoming<'_>) {
        let signal = match incoming {
            Incoming::Audio { payload } => return self.sound(circuit::Input::Audio(payload)),
            Incoming::Digit(digit) => return self.sound(circuit::Input::Digit(*digit)),
            Incoming::Mark(mark) => return self.sound(circuit::Input::Mark(*mark)),
            Incoming::Started(_) => return,
            Incoming::Stopped => Signal::MediaStopped,
            Incoming::Ringing => Signal::Ringing,
            Incoming::Answered => Signal::Answered,
            Incoming::Ended { cause, by_callee } => {
                Signal::Ended { cause: *cause, by_callee: *by_callee }
            }
        };
        self.tell(call::Input::Signal(signal));
    }

    fn start_circuit(&mut self, capabilities: telephony::Capabilities) {
        match Circuit::new(&self.config.circuit, self.now) {
            Ok(circuit) => {
                self.circuit = Some(circuit);
                self.tell(call::Input::Signal(Signal::MediaStarted { capabilities }));
            }
            Err(error) => {
                self.tell(call::Input::Request(call::Request::Abort { detail: error.to_string() }))
            }
        }
    }

    fn drain_line(&mut self) -> bool {
        let Some(line) = &mut self.line else { return false };
        let mut said = false;
        let at = self.now + std::time::Duration::from_millis(u64::from(self.config.wire_ms));
        while let Some(output) = line.poll() {
            said = true;
            let arrival = match output {
                LineOutput::Message(wire) => Arrival::Wire(wire),
                LineOutput::Progress(signal) => Arrival::Signal(signal),
                LineOutput::Closed => Arrival::Closed,
                LineOutput::Recognise { id, samples } => {
                    if let Some(recogniser) = &mut self.minds.callee {
                        let text = recogniser.text_of(&samples);
                        line.handle(self.now, LineInput::Recognised { id, text: &text });
                    }
                    continue;
                }
            };
            self.to_agent.push_back((at, arrival));
        }
        said
    }

    fn drain_circuit(&mut self) -> bool {
        let Some(circuit) = &mut self.circuit else { return false };
        let mut said = false;
        let now = self.now;
        let wire_at = now + std::time::Duration::from_millis(u64::from(self.config.wire_ms));
        let judge_at = now + std::time::Duration::from_millis(u64::from(self.config.judge_ms));
        while let Some(output) = circuit.poll() {
            said = true;
            let outgoing = match output {
                circuit::Output::Frame(frame) => {
                    self.log.sent_samples += frame.len() as u64;
                    Outgoing::Audio(frame)
                }
                circuit::Output::Mark(mark) => Outgoing::Mark(mark),
                circuit::Output::Clear => {
                    self.log.clears.push(now);
                    Outgoing::Clear
                }
                circuit::Output::Rtcp(_) => continue,
                circuit::Output::Heard(samples) => {
                    self.log.heard_samples += samples.len() as u64;
                    self.minds.stt.handle(now, stt::Input::Audio(samples));
                    continue;
                }
                circuit::Output::Judge { chunk, reset, samples } => {
                    let probability = (self.minds.judge)(samples, reset);
                    self.verdicts.push_back((judge_at, circuit::Verdict { chunk, probability }));
                    continue;
                }
                circuit::Output::Event(event) => {
                    self.log.sounds.push((now, event));
                    self.call.handle(now, call::Input::Sound(event));
                    continue;
                }
                circuit::Output::Ignored(why) => {
                    self.log.ignored.push((now, why));
                    continue;
                }
            };
            self.write.clear();
            match self.translator.write(outgoing, &mut self.write) {
                Some(Kind::Text) => {
                    let text = String::from_utf8_lossy(&self.write).into_owned();
                    self.to_line.push_back((wire_at, Wire::Text(text)));
                }
                Some(Kind::Binary) => {
                    self.to_line.push_back((wire_at, Wire::Binary(self.write.clone())));
                }
                None => {}
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
                call::Output::Sound(command) => self.sound(circuit::Input::Command(*command)),
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
            Control::Dial { .. } => {
                let mut line = Line::new(self.config.line.clone(), self.now);
                line.handle(self.now, LineInput::Tick);
                self.line = Some(line);
            }
            Control::Hangup => self.hangup_at = Some(self.later(self.config.wire_ms)),
            Control::SendDigits { digits } => {
                if let Some(line) = &mut self.line {
                    for digit in digits.iter() {
                        line.handle(self.now, LineInput::Digit(digit));
                    }
                }
                let at = self.later(self.config.wire_ms);
                self.to_agent.push_back((at, Arrival::Signal(Signal::DigitsSent)));
            }
            // This world's lines are outbound and cannot bridge.
            Control::Answer | Control::DialBridge { .. } | Control::Bridge => {}
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
                    self.sound(circuit::Input::Speech { utterance, samples: &samples });
                }
                tts::Output::Event(event) => {
                    if let tts::Event::Done { utterance, .. } = event {
                        self.sound(circuit::Input::SpeechEnd(utterance));
                    }
                    self.call.handle(self.now, call::Input::Tts(event));
                }
            }
        }
        said
    }
}
