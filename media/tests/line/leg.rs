//! One call over one leg in virtual time, without a network in between: the far end is a plain encoder
//! and decoder of the same codec.

use std::time::Duration;

use dtmf::event::{EventPacket, EventSender};
use media::{
    Mono,
    circuit::{
        Circuit, CircuitConfig, Command, Event, Ignored, Input, Output, Transport, UtteranceId,
        Verdict,
    },
    codec::{Decoder, Encoder},
    resample::Resampler,
    rtp::{Packet, Sender, Start},
};

use crate::sound::MS;

pub(crate) const PAYLOAD_TYPE: u8 = 96;
pub(crate) const EVENTS: u8 = 101;

/// One call over one leg.
pub(crate) struct Leg {
    config: CircuitConfig,
    pub circuit: Circuit,
    pub now: Mono,
    /// The far end: what it says at the leg's rate, and its numbers.
    encoder: Encoder,
    decoder: Decoder,
    pub sender: Sender,
    voice: Vec<i16>,
    spoken: usize,
    pub keys: EventSender,
    /// What the far end decoded, and when each frame left us.
    pub said: Vec<i16>,
    pub left_at: Vec<Mono>,
    pub timestamps: Vec<u32>,
    pub markers: usize,
    /// Events of our keys.
    pub told: Vec<EventPacket>,
    pub heard: Vec<i16>,
    pub events: Vec<Event>,
    pub reports: Vec<Vec<u8>>,
    /// Pieces a bridge dropped.
    pub dropped: usize,
    /// When the far end's frames come, after those of a leg whose phase is 0.
    pub phase_ms: u64,
}

impl Leg {
    pub(crate) fn new(config: &CircuitConfig) -> Self {
        let now = Mono::from_millis(1000);
        let (codec, rate_hz) = (config.codec, config.rate_hz);
        Self {
            config: *config,
            circuit: Circuit::new(config, now).unwrap_or_else(|e| panic!("{config:?}: {e}")),
            now,
            encoder: Encoder::new(codec, rate_hz).unwrap(),
            decoder: Decoder::new(codec, rate_hz).unwrap(),
            sender: Sender::new(Start { ssrc: 5, sequence: 65_530, timestamp: u32::MAX - 4000 }),
            voice: Vec::new(),
            spoken: 0,
            keys: EventSender::new(),
            said: Vec::new(),
            left_at: Vec::new(),
            timestamps: Vec::new(),
            markers: 0,
            told: Vec::new(),
            heard: Vec::new(),
            events: Vec::new(),
            reports: Vec::new(),
            dropped: 0,
            phase_ms: 0,
        }
    }

    pub(crate) fn is_rtp(&self) -> bool {
        self.config.transport != Transport::InOrder
    }

    pub(crate) fn ticks(&self) -> u32 {
        let clock_hz = self.config.codec.rtp_clock_hz(self.config.rate_hz);
        clock_hz / 1000 * u32::from(self.config.frame_ms)
    }

    /// The callee says this, given at 8 kHz.
    pub(crate) fn callee_says(&mut self, narrow: &[i16]) {
        self.voice.clear();
        match self.config.rate_hz {
            8_000 => self.voice.extend_from_slice(narrow),
            rate_hz => Resampler::new(8_000, rate_hz).unwrap().process(narrow, &mut self.voice),
        }
        self.spoken = 0;
    }

    pub(crate) fn say(&mut self, utterance: UtteranceId, samples: &[i16]) {
        self.tell(Input::Command(Command::Say { utterance, interruptible: true }));
        for samples in samples.chunks(1600) {
            self.tell(Input::Speech { utterance, samples });
        }
        self.tell(Input::SpeechEnd(utterance));
    }

    pub(crate) fn tell(&mut self, input: Input<'_>) {
        self.circuit.handle(self.now, input);
        let bridged = self.circuit.is_bridged();
        let mut verdicts = Vec::new();
        while let Some(output) = self.circuit.poll() {
            match output {
                Output::Frame(bytes) => {
                    let payload = if self.config.transport == Transport::InOrder {
                        bytes
                    } else {
                        let packet = Packet::parse(bytes).unwrap();
                        assert_eq!(packet.ssrc, 77);
                        if packet.payload_type == EVENTS {
                            let payload = packet.payload.try_into().unwrap();
                            let (timestamp, marker) = (packet.timestamp, packet.marker);
                            self.told.push(EventPacket { payload, timestamp, marker });
                            continue;
                        }
                        assert_eq!(packet.payload_type, PAYLOAD_TYPE);
                        self.timestamps.push(packet.timestamp);
                        self.markers += usize::from(packet.marker);
                        packet.payload
                    };
                    self.decoder.decode(payload, &mut self.said).unwrap();
                    self.left_at.push(self.now);
                }
                Output::Rtcp(bytes) => self.reports.push(bytes.to_vec()),
                Output::Heard(samples) => {
                    assert_eq!(samples.len(), usize::from(self.config.frame_ms) * MS);
                    self.heard.extend_from_slice(samples);
                }
                Output::Judge { chunk, samples, .. } => {
                    let energy: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
                    let probability = f32::from(energy / 256.0 > 328f64.powi(2));
                    verdicts.push(Verdict { chunk, probability });
                }
                Output::Event(event) => self.events.push(event),
                // A bridge drops what would be late.
                Output::Ignored(Ignored::TooMuchAudio) if bridged => self.dropped += 1,
                Output::Ignored(why) => panic!("{:?}: ignored, {why}", self.config),
                Output::Mark(_) | Output::Clear => {}
            }
        }
        for verdict in verdicts {
            self.tell(Input::Verdict(verdict));
        }
    }

    /// One frame of the far end, or of its key, arrives.
    fn arrives(&mut self) {
        let samples = (self.config.rate_hz / 1000) as usize * usize::from(self.config.frame_ms);
        let mut frame = vec![0; samples];
        let from = self.spoken.min(self.voice.len());
        let voice = &self.voice[from..(from + samples).min(self.voice.len())];
        frame[..voice.len()].copy_from_slice(voice);
        self.spoken += samples;
        let mut payload = Vec::new();
        self.encoder.encode(&frame, &mut payload).unwrap();
        let mut datagram = Vec::new();
        let ticks = self.ticks();
        if !self.is_rtp() {
            self.tell(Input::Audio(&payload));
        } else if let Some(event) = self.keys.next(ticks) {
            self.sender.send_event(EVENTS, event, &mut datagram);
            self.sender.pause(ticks);
            self.tell(Input::Rtp(&datagram));
        } else {
            self.sender.send(PAYLOAD_TYPE, &payload, ticks, &mut datagram);
            self.tell(Input::Rtp(&datagram));
        }
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms {
            self.now = self.now + Duration::from_millis(1);
            let into_ms = self.now.as_millis() + u64::from(self.config.frame_ms) - self.phase_ms;
            if into_ms.is_multiple_of(u64::from(self.config.frame_ms)) {
                self.arrives();
            }
            self.tell(Input::Tick);
            let (at, timer) = self.circuit.deadline().unwrap();
            assert!(at > self.now, "{:?}: {timer:?} is never satisfied", self.config);
        }
    }
}
