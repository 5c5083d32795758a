//! One call of the burden: the call's end of its leg (it speaks all the time and drains its rings), and
//! the far end of it, a callee who speaks and notes when each packet came.

use std::{
    hint::black_box,
    io::{self, IoSliceMut},
    net::{SocketAddr, UdpSocket},
    os::fd::AsRawFd as _,
    sync::Arc,
};

use media::{
    Mono,
    circuit::{CircuitConfig, Command, Event, Transport, UtteranceId},
    rtp::{Packet, Sender, Start, is_rtcp, rtcp::Reports},
};
use nix::sys::{
    socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt},
    time::TimeSpec,
};
use server::{
    call_task::Inbox,
    journal::Spooled,
    media_thread::{
        rings,
        words::{CallEnd, Order, Orders, Report, RtpLeg},
    },
};
use tokio::sync::mpsc;

use super::voices::{Coding, FRAME, Voices};

const PAYLOAD_TYPE: u8 = 96;
const EVENTS: u8 = 101;
/// An utterance is interrupted after so long, as soon as the callee speaks.
const GUARD_MS: u16 = 5_000;
/// Speech handed over ahead, in samples: what a voice that streams keeps there.
const AHEAD: usize = 5 * FRAME;
/// Packets of digital silence are not longer than this with Opus, in bytes.
const OPUS_SILENCE_BYTES_MAX: usize = 10;

/// What one callee noticed while it was measured.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// Of each packet: when it came less when its sound begins, in µs.
    pub(super) transit_us: Vec<i64>,
    /// Packets in which somebody speaks.
    pub(super) sounding: u64,
    /// Sequence numbers that were skipped.
    pub(super) skipped: u64,
    /// Times the agent was interrupted.
    pub(super) interruptions: u64,
    /// Samples that reached the call.
    pub(super) heard: u64,
}

/// Room for what is read and thrown away.
pub(super) struct Rooms {
    datagram: Vec<u8>,
    control: Vec<u8>,
    samples: Vec<i16>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            datagram: vec![0; 2048],
            control: nix::cmsg_space!(TimeSpec),
            samples: vec![0; 1600],
        }
    }
}

/// A call and its callee.
pub(super) struct Call {
    coding: Coding,
    socket: UdpSocket,
    sender: Sender,
    payloads: Arc<Vec<Vec<u8>>>,
    next_payload: usize,
    packet: Vec<u8>,
    ssrc: u32,
    last: Option<(u16, u32)>,
    position_us: i64,
    inbox: mpsc::Receiver<Inbox>,
    orders: Orders,
    speech: rings::SpeechIn,
    heard: rings::HeardOut,
    spooled: Spooled,
    agent: Arc<Vec<i16>>,
    said: usize,
    utterance: UtteranceId,
    silent: bool,
    callee_speaks: bool,
    /// Samples handed over less samples that can have left.
    ahead: usize,
    /// It is measured; what it noticed.
    pub(super) measured: bool,
    /// What it noticed.
    pub(super) noticed: Noticed,
}

impl Call {
    /// A call, and its leg to be handed to the media thread at `media`.
    ///
    /// # Errors
    /// When the system gives no more sockets.
    pub(super) fn new(
        number: u32,
        media: SocketAddr,
        coding: Coding,
        voices: &Voices,
    ) -> io::Result<(Self, RtpLeg)> {
        let socket = UdpSocket::bind((media.ip(), 0))?;
        socket.set_nonblocking(true)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        let remote = socket.local_addr()?;
        socket.connect(media)?;
        let (leg, end) = RtpLeg::alone(remote, circuit(coding, number + 1));
        let CallEnd { inbox, orders, heard, speech, spooled } = end;
        let payloads = Arc::clone(&voices.callees[number as usize % voices.callees.len()]);
        let start = Start { ssrc: !number, sequence: number as u16, timestamp: number << 8 };
        let call = Self {
            coding,
            socket,
            sender: Sender::new(start),
            // Nobody says the same at the same time.
            next_payload: number as usize * 37 % payloads.len(),
            payloads,
            packet: Vec::with_capacity(2048),
            ssrc: number + 1,
            last: None,
            position_us: 0,
            inbox,
            orders,
            speech,
            heard,
            spooled,
            said: number as usize * 4_001 % voices.agent.len(),
            agent: Arc::clone(&voices.agent),
            utterance: UtteranceId(0),
            silent: true,
            callee_speaks: false,
            ahead: 0,
            measured: false,
            noticed: Noticed::default(),
        };
        Ok((call, leg))
    }

    /// 20 ms of it: the callee's next packet goes, what came is noted, the call does its own part.
    ///
    /// # Errors
    /// When the leg is gone, or the call's socket broke.
    pub(super) fn turn(&mut self, rooms: &mut Rooms) -> anyhow::Result<()> {
        self.packet.clear();
        let payload = &self.payloads[self.next_payload];
        self.next_payload = (self.next_payload + 1) % self.payloads.len();
        self.sender.send(PAYLOAD_TYPE, payload, self.coding.ticks(), &mut self.packet);
        self.socket.send(&self.packet)?;
        while self.receive(rooms)? {}
        self.drain(rooms);
        self.attend()?;
        self.speak();
        Ok(())
    }

    /// The call is over.
    pub(super) fn leave(&self) {
        // A leg that is gone needs no order.
        let _ = self.orders.give(Order::Leave);
    }

    /// Notes one datagram; `false` when none is there.
    fn receive(&mut self, rooms: &mut Rooms) -> anyhow::Result<bool> {
        let mut slices = [IoSliceMut::new(&mut rooms.datagram)];
        let (fd, control) = (self.socket.as_raw_fd(), Some(&mut rooms.control[..]));
        let (bytes, came) = match recvmsg::<()>(fd, &mut slices, control, MsgFlags::MSG_DONTWAIT) {
            Ok(message) => {
                let came = message.cmsgs()?.find_map(|control| match control {
                    ControlMessageOwned::ScmTimestampns(at) => Some(at),
                    _ => None,
                });
                (message.bytes, came)
            }
            Err(nix::errno::Errno::EAGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let datagram = &rooms.datagram[..bytes];
        if is_rtcp(datagram) {
            Reports::new().read(Mono::ZERO, datagram, self.sender.ssrc())?;
            return Ok(true);
        }
        if !self.measured {
            return Ok(true);
        }
        let packet = Packet::parse(datagram)?;
        anyhow::ensure!(packet.ssrc == self.ssrc, "a packet of another call");
        if let Some((sequence, timestamp)) = self.last {
            let ahead = packet.sequence.wrapping_sub(sequence);
            let ticks = packet.timestamp.wrapping_sub(timestamp);
            self.noticed.skipped += u64::from(ahead.saturating_sub(1));
            self.position_us += i64::from(ticks) * 20_000 / i64::from(self.coding.ticks());
        }
        self.last = Some((packet.sequence, packet.timestamp));
        if let Some(came) = came {
            let came_us = came.tv_sec() * 1_000_000 + came.tv_nsec() / 1_000;
            self.noticed.transit_us.push(came_us - self.position_us);
        }
        self.noticed.sounding += u64::from(sounds(packet.payload));
        Ok(true)
    }

    /// What recogniser and journal would take.
    fn drain(&mut self, rooms: &mut Rooms) {
        loop {
            match self.heard.pop(&mut rooms.samples) {
                0 => break,
                count if self.measured => self.noticed.heard += count as u64,
                _ => {}
            }
        }
        while self.spooled.next(|reel| black_box(reel.tape()).len()).is_some() {}
    }

    /// The mind: once the agent was silenced it begins again when the callee takes a breath.
    fn attend(&mut self) -> anyhow::Result<()> {
        loop {
            match self.inbox.try_recv() {
                Ok(Inbox::Media(Report::Sound(event))) => match event {
                    Event::Interrupted { .. } => {
                        self.noticed.interruptions += u64::from(self.measured);
                        self.silent = true;
                    }
                    Event::SpeechStarted { .. } => self.callee_speaks = true,
                    Event::SpeechEnded { .. } => self.callee_speaks = false,
                    _ => {}
                },
                Ok(Inbox::Media(Report::Panicked { detail })) => anyhow::bail!("{detail}"),
                Ok(_) => {}
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => anyhow::bail!("the leg is gone"),
            }
        }
        if self.silent && !self.callee_speaks {
            self.silent = false;
            self.utterance.0 += 1;
            self.ahead = 0;
            let say = Command::Say { utterance: self.utterance, interruptible: true };
            self.orders.give(Order::Sound(say))?;
        }
        Ok(())
    }

    /// The voice: keeps a little ahead of what is played, as far as there is room.
    fn speak(&mut self) {
        if self.silent {
            return;
        }
        self.ahead = self.ahead.saturating_sub(FRAME);
        while self.ahead < AHEAD {
            let end = (self.said + AHEAD).min(self.agent.len());
            let taken = self.speech.push(self.utterance, &self.agent[self.said..end]);
            if taken == 0 {
                return;
            }
            self.ahead += taken;
            self.said = (self.said + taken) % self.agent.len();
        }
    }
}

/// Everything armed: jitter buffer, voice activity, keys in sound and packets, barge-in, echo gate. Since
/// the callee never stops, an utterance of the agent's is safe for some seconds, or it would never speak.
fn circuit(Coding { codec, rate_hz }: Coding, ssrc: u32) -> CircuitConfig {
    let event_payload_type = Some(EVENTS);
    let transport = Transport::Rtp { payload_type: PAYLOAD_TYPE, ssrc, event_payload_type };
    let mut config =
        CircuitConfig { codec, rate_hz, transport, judge: true, ..CircuitConfig::default() };
    config.barge_in.guard_ms = GUARD_MS;
    config
}

/// Whether a payload is more than silence: G.711 of one value, or next to nothing of Opus.
fn sounds(payload: &[u8]) -> bool {
    payload.len() > OPUS_SILENCE_BYTES_MAX && payload.windows(2).any(|two| two[0] != two[1])
}
