//! RTP legs from outside, over real sockets on loopback: who is heard, what leaves, what goes wrong. No
//! sleeping: each side waits for the other's packets.

mod line;

use std::net::UdpSocket;

use dtmf::{Digit, event::EventSender};
use line::{Call, EVENTS, Peer, circuit, threads};
use media::{
    Mono,
    circuit::{CircuitConfig, DigitSource, Event},
    codec::Codec,
    rtp::{Sender, Start, rtcp::Reports},
};
use server::media_thread::words::{Order, Report};
use sim::{ear::Spectrum, sound};

const FRAMES: usize = 60;
/// So often [`FRAMES`] are tried before a test gives up: half a minute.
const ROUNDS_MAX: usize = 25;

/// The peer speaks and hears so many frames, and the call listens.
fn talk(peer: &mut Peer, call: &mut Call, frames: usize) {
    for _ in 0..frames {
        peer.hear();
        let packet = peer.packet();
        peer.send(&packet);
        call.listen();
    }
}

/// The peer speaks and hears until this is so. A machine that stands still for a while breaks any sound,
/// so it is awaited, not looked at once.
fn talk_until(peer: &mut Peer, call: &mut Call, so: impl Fn(&Peer, &Call) -> bool) {
    for _ in 0..ROUNDS_MAX {
        if so(peer, call) {
            return;
        }
        talk(peer, call, FRAMES);
    }
    panic!("still not so");
}

/// The last half second is this tone and hardly anything else.
fn is_tone(samples: &[i16], hz: f32) -> bool {
    if samples.len() < 800 {
        return false;
    }
    let last = &samples[samples.len().saturating_sub(4000)..];
    sound::level_dbfs(last) > -25.0 && Spectrum::of(last).share(hz) > 0.95
}

#[test]
fn both_sides_hear_each_other_with_every_codec() {
    let media = threads();
    for (codec, rate_hz) in
        [(Codec::Mulaw, 8_000), (Codec::Alaw, 8_000), (Codec::G722, 16_000), (Codec::Opus, 16_000)]
    {
        let mut peer = Peer::new(&media, codec, rate_hz, 1000.0);
        let mut call = Call::begin(&media, &peer.socket, circuit(codec, rate_hz, 77));
        talk_until(&mut peer, &mut call, |_, call| is_tone(&call.sound, 1000.0));
        call.say(&sound::tone(600.0, 1000, -12.0));
        let utterance = call.event(|event| match event {
            Event::Started { utterance } => Some(utterance),
            _ => None,
        });
        assert_eq!(utterance.0, 1);
        let spoken = |peer: &Peer| peer.sound.chunks(800).any(|some| is_tone(some, 600.0));
        talk_until(&mut peer, &mut call, |peer, _| spoken(peer));
        assert!(peer.sources.iter().all(|&ssrc| ssrc == 77));
        // Reports and packets share the port, and a report is no sound.
        call.orders.give(Order::Leave).unwrap();
        while call.report().is_some() {}
    }
}

#[test]
fn many_legs_share_a_port_and_none_hears_another() {
    let media = threads();
    let mut legs: Vec<(Peer, Call, f32)> = (0..12)
        .map(|n| {
            let hz = 400.0 + 100.0 * n as f32;
            let peer = Peer::new(&media, Codec::Mulaw, 8_000, hz);
            let call = Call::begin(&media, &peer.socket, circuit(Codec::Mulaw, 8_000, n));
            (peer, call, hz)
        })
        .collect();
    for _ in 0..FRAMES {
        for (peer, call, _) in &mut legs {
            talk(peer, call, 1);
        }
    }
    for (n, (peer, call, hz)) in legs.iter_mut().enumerate() {
        talk_until(peer, call, |_, call| is_tone(&call.sound, *hz));
        assert!(peer.sources.iter().all(|&ssrc| ssrc == n as u32), "leg {n}: {:?}", peer.sources);
    }
}

#[test]
fn a_strangers_packets_change_nothing() {
    let media = threads();
    let mut peer = Peer::new(&media, Codec::Mulaw, 8_000, 1000.0);
    let mut call = Call::begin(&media, &peer.socket, circuit(Codec::Mulaw, 8_000, 77));
    let mut stranger = Peer::new(&media, Codec::Mulaw, 8_000, 2000.0);
    let mut rounds = 0..FRAMES * ROUNDS_MAX;
    while !is_tone(&call.sound, 1000.0) {
        let n = rounds.next().expect("the stranger is heard");
        peer.hear();
        // The stranger even claims the peer's source, is louder and twice as quick.
        for _ in 0..2 {
            let packet = stranger.packet();
            stranger.send(&packet);
        }
        stranger.send(&[n as u8; 40]);
        let packet = peer.packet();
        peer.send(&packet);
        call.listen();
    }
    stranger.socket.set_nonblocking(true).unwrap();
    assert!(stranger.socket.recv(&mut [0; 100]).is_err(), "somebody answered a stranger");
}

#[test]
fn lost_doubled_and_reordered_packets_are_mended_and_reported() {
    let media = threads();
    let mut peer = Peer::new(&media, Codec::Mulaw, 8_000, 1000.0);
    let mut call = Call::begin(&media, &peer.socket, circuit(Codec::Mulaw, 8_000, 77));
    let (mut sent, mut reported, mut held) = (0_u32, 0, None);
    let mended = |sound: &[i16]| {
        let end = &sound[sound.len().saturating_sub(16_000)..];
        Spectrum::of(end).share(1000.0) > 0.9
    };
    // Until the first report, after 5 s, and until the sound is whole.
    while peer.reports.is_empty() || !mended(&call.sound) {
        assert!((sent as usize) < FRAMES * ROUNDS_MAX, "the sound stays broken");
        peer.hear();
        let packet = peer.packet();
        match sent % 20 {
            5 => {}
            9 => held = Some(packet),
            12 => (0..2).for_each(|_| peer.send(&packet)),
            _ => {
                peer.send(&packet);
                if let Some(late) = held.take() {
                    peer.send(&late);
                }
            }
        }
        sent += 1;
        if peer.reports.is_empty() {
            reported = sent;
        }
        call.listen();
    }
    let told = Reports::new().read(Mono::ZERO, &peer.reports[0], 5).unwrap();
    let hears = told.hears.expect("about us");
    // One more may be on its way late, one more may have been sent since.
    let lost = reported / 20;
    assert!((lost - 1..=lost + 2).contains(&hears.total_lost), "{hears:?} of {reported}");
    // What the peer reports is read: nothing is ignored, nothing breaks.
    let (mut receiver, mut report) = (media::rtp::Receiver::new(8_000), Vec::new());
    Reports::new().write(Mono::ZERO, &peer.sender, &mut receiver, "peer", &mut report);
    peer.send(&report);
    talk(&mut peer, &mut call, 5);
}

#[test]
fn keys_come_as_events() {
    let media = threads();
    let mut peer = Peer::new(&media, Codec::Mulaw, 8_000, 1000.0);
    let mut call = Call::begin(&media, &peer.socket, circuit(Codec::Mulaw, 8_000, 77));
    talk(&mut peer, &mut call, 5);
    let mut keys = EventSender::new();
    for key in "5#".chars() {
        let (ticks, timestamp) = (peer.ticks(), peer.sender.timestamp());
        keys.press(Digit::try_from(key).unwrap(), timestamp, ticks * 4);
        while let Some(event) = keys.next(ticks) {
            peer.hear();
            let mut packet = Vec::new();
            peer.sender.send_event(EVENTS, event, &mut packet);
            peer.sender.pause(ticks);
            peer.send(&packet);
        }
        let told = call.event(|event| match event {
            Event::Digit { digit, source } => Some((digit.as_char(), source)),
            _ => None,
        });
        assert_eq!(told, (key, DigitSource::Event));
    }
}

#[test]
fn a_new_source_at_the_same_address_is_the_same_leg() {
    let media = threads();
    let mut peer = Peer::new(&media, Codec::Mulaw, 8_000, 1000.0);
    let mut call = Call::begin(&media, &peer.socket, circuit(Codec::Mulaw, 8_000, 77));
    talk(&mut peer, &mut call, FRAMES);
    peer.sender = Sender::new(Start { ssrc: 6, sequence: 100, timestamp: 123_456_789 });
    call.sound.clear();
    talk_until(&mut peer, &mut call, |_, call| is_tone(&call.sound, 1000.0));
}

#[test]
fn an_address_belongs_to_one_leg_until_its_call_is_over() {
    let media = threads();
    let refused = |peer: &UdpSocket, config: CircuitConfig, why: &str| {
        let mut call = Call::begin(&media, peer, config);
        match call.report() {
            Some(Report::Panicked { detail }) => assert!(detail.contains(why), "{detail}"),
            other => panic!("{other:?}"),
        }
        assert!(call.report().is_none(), "it is gone");
    };
    let mut peer = Peer::new(&media, Codec::Mulaw, 8_000, 1000.0);
    let stream = CircuitConfig::default();
    refused(&peer.socket, stream, "for a stream");
    let mut first = Call::begin(&media, &peer.socket, circuit(Codec::Mulaw, 8_000, 1));
    talk(&mut peer, &mut first, 5);
    refused(&peer.socket, circuit(Codec::Mulaw, 8_000, 2), "another leg");
    if let Ok(v6) = UdpSocket::bind("[::1]:0") {
        refused(&v6, circuit(Codec::Mulaw, 8_000, 2), "cannot be reached");
    }
    talk(&mut peer, &mut first, 5);
    assert!(peer.sources.iter().all(|&ssrc| ssrc == 1));
    first.orders.give(Order::Leave).unwrap();
    while first.report().is_some() {}
    // What it sent is read; from now on nothing of it comes.
    peer.socket.set_nonblocking(true).unwrap();
    while peer.socket.recv(&mut [0; 2000]).is_ok() {}
    peer.socket.set_nonblocking(false).unwrap();
    peer.sources.clear();
    let mut second = Call::begin(&media, &peer.socket, circuit(Codec::Mulaw, 8_000, 3));
    talk(&mut peer, &mut second, 5);
    assert!(peer.sources.iter().all(|&ssrc| ssrc == 3), "{:?}", peer.sources);
}
