//! Both ends of RTP legs on loopback: a media thread, the call's end of a leg, and its peer. The peer's
//! clock is the leg itself, which sends all the time: whoever waits for a packet waits for 20 ms.

use std::{net::UdpSocket, time::Duration};

use media::{
    circuit::{CircuitConfig, Command, Event, Transport, UtteranceId},
    codec::{Codec, Decoder, Encoder},
    resample::Resampler,
    rtp::{Packet, Sender, Start, is_rtcp},
};
use server::{
    call_task::Inbox,
    clock::Clock,
    journal::Spooled,
    media_thread::{
        MediaThreads, Shared,
        datagrams::Listen,
        rings,
        words::{CallEnd, Order, Orders, Report, RtpLeg, Switchboard},
    },
};
use tokio::sync::mpsc;

/// Nothing in these tests may take longer.
const PATIENCE: Duration = Duration::from_secs(30);
const PAYLOAD_TYPE: u8 = 96;
pub(crate) const EVENTS: u8 = 101;

/// One media thread with a port.
pub(crate) fn threads() -> MediaThreads {
    // No judge: the gate decides alone.
    let (judge, _) = crossbeam_channel::bounded(1);
    let (switchboard, _) = Switchboard::new();
    let shared = Shared::new(Clock::start(), switchboard, b"a secret".to_vec(), 4, judge);
    let listen = Listen::new(([127, 0, 0, 1], 0).into());
    MediaThreads::spawn_with_rtp(1, Some(listen), &shared).expect("threads")
}

pub(crate) fn circuit(codec: Codec, rate_hz: u32, ssrc: u32) -> CircuitConfig {
    let event_payload_type = Some(EVENTS);
    let transport = Transport::Rtp { payload_type: PAYLOAD_TYPE, ssrc, event_payload_type };
    let mut config =
        CircuitConfig { codec, rate_hz, transport, judge: false, ..CircuitConfig::default() };
    config.barge_in.enabled = false;
    config
}

/// The call's end of a leg.
pub(crate) struct Call {
    pub inbox: mpsc::Receiver<Inbox>,
    pub orders: Orders,
    speech: rings::SpeechIn,
    heard: rings::HeardOut,
    /// Everything heard so far, and which utterance is next.
    pub sound: Vec<i16>,
    utterance: u32,
    _spooled: Spooled,
}

impl Call {
    /// A leg to this peer, handed to the media thread.
    pub(crate) fn begin(media: &MediaThreads, peer: &UdpSocket, circuit: CircuitConfig) -> Self {
        let remote = peer.local_addr().expect("an address");
        let (leg, end) = RtpLeg::alone(remote, circuit);
        media.rtp_door().expect("a port").admit(leg).ok().expect("room");
        let CallEnd { inbox, orders, heard, speech, spooled } = end;
        Self { inbox, orders, speech, heard, sound: Vec::new(), utterance: 0, _spooled: spooled }
    }

    /// The agent says this, at most a second of it.
    pub(crate) fn say(&mut self, samples: &[i16]) {
        self.utterance += 1;
        let utterance = UtteranceId(self.utterance);
        let say = Command::Say { utterance, interruptible: false };
        self.orders.give(Order::Sound(say)).expect("obeyed");
        assert_eq!(self.speech.push(utterance, samples), samples.len());
        assert!(self.speech.end(utterance));
    }

    /// Takes what was heard by now.
    pub(crate) fn listen(&mut self) {
        let mut room = [0; 1600];
        loop {
            match self.heard.pop(&mut room) {
                0 => return,
                count => self.sound.extend_from_slice(&room[..count]),
            }
        }
    }

    /// The next thing the circuit or the thread reports; `None` when the leg is gone.
    pub(crate) fn report(&mut self) -> Option<Report> {
        match self.inbox.blocking_recv()? {
            Inbox::Media(report) => Some(report),
            other => panic!("{other:?}"),
        }
    }

    /// The next event of this kind.
    pub(crate) fn event<T>(&mut self, wanted: impl Fn(Event) -> Option<T>) -> T {
        loop {
            match self.report() {
                Some(Report::Sound(event)) => {
                    if let Some(found) = wanted(event) {
                        return found;
                    }
                }
                Some(Report::Signal(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The other side of a leg.
pub(crate) struct Peer {
    pub socket: UdpSocket,
    media: std::net::SocketAddr,
    codec: Codec,
    rate_hz: u32,
    encoder: Encoder,
    decoder: Decoder,
    narrow: Resampler,
    pub sender: Sender,
    tone: Vec<i16>,
    at: usize,
    /// What it hears, at 8 kHz; of each packet its source; reports.
    pub sound: Vec<i16>,
    pub sources: Vec<u32>,
    pub reports: Vec<Vec<u8>>,
}

impl Peer {
    /// A peer that will speak a tone.
    pub(crate) fn new(media: &MediaThreads, codec: Codec, rate_hz: u32, hz: f32) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
        socket.set_read_timeout(Some(PATIENCE)).expect("patient");
        let step = std::f32::consts::TAU * hz / rate_hz as f32;
        // A second; whole periods, so that it goes on without a click.
        let tone = (0..rate_hz).map(|n| ((n as f32 * step).sin() * 8_000.0) as i16).collect();
        Self {
            socket,
            media: media.rtp_door().expect("a port").address(),
            codec,
            rate_hz,
            encoder: Encoder::new(codec, rate_hz).expect("a codec"),
            decoder: Decoder::new(codec, rate_hz).expect("a codec"),
            narrow: Resampler::new(rate_hz, 8_000).expect("rates"),
            sender: Sender::new(Start { ssrc: 5, sequence: 65_530, timestamp: u32::MAX - 4_000 }),
            tone,
            at: 0,
            sound: Vec::new(),
            sources: Vec::new(),
            reports: Vec::new(),
        }
    }

    pub(crate) fn ticks(&self) -> u32 {
        self.codec.rtp_clock_hz(self.rate_hz) / 50
    }

    /// Its next packet.
    pub(crate) fn packet(&mut self) -> Vec<u8> {
        let samples = self.rate_hz as usize / 50;
        if self.at == self.tone.len() {
            self.at = 0;
        }
        let (mut payload, mut packet) = (Vec::new(), Vec::new());
        self.encoder.encode(&self.tone[self.at..self.at + samples], &mut payload).expect("encoded");
        self.at += samples;
        self.sender.send(PAYLOAD_TYPE, &payload, self.ticks(), &mut packet);
        packet
    }

    pub(crate) fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.media).expect("sent");
    }

    /// Waits for one packet of sound; reports in between are kept.
    pub(crate) fn hear(&mut self) {
        let mut room = [0; 2000];
        loop {
            let (count, from) = self.socket.recv_from(&mut room).expect("in time");
            assert_eq!(from, self.media);
            if is_rtcp(&room[..count]) {
                self.reports.push(room[..count].to_vec());
                continue;
            }
            let packet = Packet::parse(&room[..count]).expect("a packet");
            assert_eq!(packet.payload_type, PAYLOAD_TYPE);
            self.sources.push(packet.ssrc);
            let mut wide = Vec::new();
            self.decoder.decode(packet.payload, &mut wide).expect("decodes");
            match self.rate_hz {
                8_000 => self.sound.extend_from_slice(&wide),
                _ => self.narrow.process(&wide, &mut self.sound),
            }
            return;
        }
    }
}
