//! Frames leave on time for ten minutes, whatever the carrier's clock; and packets survive a network.

use std::time::Duration;

use media::{
    Mono,
    circuit::{Circuit, CircuitConfig, Command, Event, Input, Output, Transport, UtteranceId},
    codec::g711::mulaw_encode,
    rtp::{Sender, Start},
};

use crate::{
    carrier::{Judge, Line},
    sound::{MS, Random},
};

/// A tone that never has two zero samples in a row.
fn tone(samples: usize) -> Vec<i16> {
    (0..samples).map(|n| ((n as f32 * 0.37).sin() * 8000.0) as i16 | 256).collect()
}

#[test]
fn ten_minutes_without_gap_or_drift() {
    for ppm in [-200, 200] {
        let config = CircuitConfig { judge: false, ..CircuitConfig::default() };
        let mut line = Line::new(&config, Judge::Asleep);
        line.ppm = ppm;
        let speech = tone(25_000 * MS);
        // Each utterance is queued long before the one before it ends.
        line.say(&speech);
        for _ in 0..23 {
            line.say(&speech);
            line.run_ms(25_000);
        }
        line.run_ms(24_000);
        let from = line.ours.iter().position(|&ours| ours).unwrap();
        let gaps = line.ours[from..].iter().filter(|ours| !**ours).count();
        assert_eq!(gaps, 0, "{ppm} ppm: {gaps} samples of silence in {} s", line.ours.len() / 8000);
        // The last confirmed end lies where the carrier's clock puts it.
        let finished: Vec<Mono> = line
            .events()
            .filter(|(_, event)| matches!(event, Event::Finished { .. }))
            .map(|(at, _)| at)
            .collect();
        let each = finished[22].since(finished[0]).as_micros() as i64 / 22;
        let expected = 25_000_000 - 25_000_000 * ppm / 1_000_000;
        assert!((each - expected).abs() < 200, "{ppm} ppm: {each} µs each, not {expected}");
        let frames = line.heard.len() as i64;
        let carrier = line.position() as i64;
        assert!((frames - carrier).abs() < 400 * MS as i64, "inbound {frames} of {carrier}");
    }
}

fn rtp() -> CircuitConfig {
    CircuitConfig {
        transport: Transport::Rtp {
            payload_type: 0,
            ssrc: 0x1234_5678,
            event_payload_type: Some(101),
        },
        clear: false,
        mark: false,
        judge: false,
        ..CircuitConfig::default()
    }
}

/// What a network does to packets.
struct Network {
    random: Random,
    loss_percent: usize,
    /// Out of so many packets one and the four after it are lost together; 0 for none.
    burst_in: usize,
    jitter_ms: usize,
    burst_left: u32,
    lost: u32,
    on_the_way: Vec<(Mono, Vec<u8>)>,
}

impl Network {
    fn new(seed: u64, (loss_percent, burst_in, jitter_ms): (usize, usize, usize)) -> Self {
        let (random, on_the_way) = (Random(seed), Vec::new());
        Self { random, loss_percent, burst_in, jitter_ms, burst_left: 0, lost: 0, on_the_way }
    }

    /// Takes 10 ms and up to `jitter_ms` more, so packets overtake each other; one in 50 comes twice.
    fn send(&mut self, now: Mono, packet: &[u8]) {
        if self.burst_in > 0 && self.burst_left == 0 && self.random.below(self.burst_in) == 0 {
            self.burst_left = 5;
        }
        if self.burst_left > 0 || self.random.below(100) < self.loss_percent {
            self.burst_left = self.burst_left.saturating_sub(1);
            self.lost += 1;
            return;
        }
        let late = 10 + self.random.below(self.jitter_ms + 1) as u64;
        let at = now + Duration::from_millis(late);
        self.on_the_way.push((at, packet.to_vec()));
        if self.random.below(50) == 0 {
            self.on_the_way.push((at + Duration::from_millis(5), packet.to_vec()));
        }
    }

    fn arrived(&mut self, now: Mono) -> Vec<Vec<u8>> {
        self.on_the_way.extract_if(.., |(at, _)| *at <= now).map(|(_, packet)| packet).collect()
    }
}

fn drain(circuit: &mut Circuit, mut frame: impl FnMut(&[u8]), heard: &mut Vec<i16>) {
    while let Some(output) = circuit.poll() {
        match output {
            Output::Frame(packet) => frame(packet),
            Output::Heard(samples) => heard.extend_from_slice(samples),
            _ => {}
        }
    }
}

/// 20 s of a tone that is quieter for its last 2 s, over a network; packets sent and sound heard.
fn over(network: &mut Network) -> (u64, Vec<i16>) {
    let start = Mono::from_millis(1000);
    let mut sender = Circuit::new(&rtp(), start).unwrap();
    let mut receiver = Circuit::new(&rtp(), start).unwrap();
    let utterance = UtteranceId(1);
    sender.handle(start, Input::Command(Command::Say { utterance, interruptible: false }));
    let mut sound = tone(20_000 * MS);
    sound[18_000 * MS..].iter_mut().for_each(|sample| *sample /= 8);
    for samples in sound.chunks(8000) {
        sender.handle(start, Input::Speech { utterance, samples });
    }
    let (mut packets, mut heard) = (0, Vec::new());
    for ms in 0..20_000u64 {
        let now = start + Duration::from_millis(ms);
        sender.handle(now, Input::Tick);
        let send = |packet: &[u8]| {
            packets += 1;
            network.send(now, packet);
        };
        drain(&mut sender, send, &mut Vec::new());
        for packet in network.arrived(now) {
            receiver.handle(now, Input::Rtp(&packet));
            drain(&mut receiver, |_| {}, &mut heard);
        }
        receiver.handle(now, Input::Tick);
        drain(&mut receiver, |_| {}, &mut heard);
    }
    (packets, heard)
}

#[test]
fn packets_over_a_bad_network_are_heard_without_gaps_and_soon() {
    let level = |frame: &[i16]| {
        let energy: f64 = frame.iter().map(|&s| f64::from(s).powi(2)).sum();
        (energy / frame.len() as f64).sqrt()
    };
    // Lost by chance in percent, a burst of five in so many packets, jitter in ms.
    for (n, case) in
        [(0, 0, 0), (1, 0, 20), (5, 0, 60), (10, 0, 0), (20, 0, 100), (0, 60, 0), (3, 0, 200)]
            .into_iter()
            .enumerate()
    {
        let mut network = Network::new(n as u64 + 1, case);
        let (packets, heard) = over(&mut network);
        let (_, burst_in, jitter_ms) = case;
        assert_eq!(packets, 1000);
        // In step: one frame per frame time from the first packet on.
        let missing = 20_000 * MS - heard.len();
        assert!(missing <= (40 + jitter_ms) * MS, "{case:?}: {} ms missing", missing / MS);
        let from = heard.iter().position(|&s| s != 0).unwrap();
        assert!(from < 700 * MS, "{case:?}: begins after {} ms", from / MS);
        // Concealed: what was lost is not silent, but for what is lost several times in a row.
        let silent = heard[from..].chunks(160).filter(|f| f.iter().all(|&s| s == 0)).count();
        // Soon: the last loud frame, against when it was said.
        let last = heard.chunks(160).rposition(|frame| level(frame) > 3000.0).unwrap();
        let delay_ms = (20 * (last + 1) + missing / MS).saturating_sub(18_000);
        println!(
            "{case:?}: {} of {packets} lost, {silent} silent frames, {delay_ms} ms of delay",
            network.lost
        );
        let lost = network.lost as usize;
        assert!(burst_in == 0 || lost > 50, "{case:?}: {lost} lost");
        // Concealment fades out within 60 ms: of each five the last two are silent.
        let most = if burst_in > 0 { lost * 2 / 5 } else { lost / 16 + jitter_ms / 20 };
        assert!(silent <= most, "{case:?}: {silent} silent, {lost} lost");
        let most = 80 + jitter_ms;
        assert!(delay_ms <= most, "{case:?}: {delay_ms} ms late, not {most}");
    }
}

#[test]
fn ten_minutes_of_packets_from_a_clock_that_is_off() {
    for ppm in [-200i64, 200] {
        let start = Mono::from_millis(1000);
        let mut far = Sender::new(Start { ssrc: 9, sequence: 65_000, timestamp: 0 });
        let mut circuit = Circuit::new(&rtp(), start).unwrap();
        let payload: Vec<u8> = tone(160).iter().map(|&sample| mulaw_encode(sample)).collect();
        let step_us = (20_000 - 20_000 * ppm / 1_000_000) as u64;
        let (mut heard, mut sent, mut frames) = (Vec::new(), 0u64, Vec::new());
        let end = start + Duration::from_secs(600);
        loop {
            let arrives = start + Duration::from_micros(sent * step_us);
            let (deadline, _) = circuit.deadline().unwrap();
            let now = arrives.min(deadline.max(start));
            if now >= end {
                break;
            }
            if now == arrives {
                let mut packet = Vec::new();
                far.send(0, &payload, 160, &mut packet);
                circuit.handle(now, Input::Rtp(&packet));
                sent += 1;
            } else {
                circuit.handle(now, Input::Tick);
            }
            drain(&mut circuit, |_| frames.push(now), &mut heard);
        }
        // Heard: one frame per 20 ms of our clock, none of them silent.
        assert!(heard.len().abs_diff(600_000 * MS) <= 20 * MS, "{ppm}: {}", heard.len());
        let from = heard.iter().position(|&s| s != 0).unwrap();
        assert!(from <= 60 * MS, "{ppm} ppm: begins after {} ms", from / MS);
        let silent = heard[from..].chunks(160).filter(|f| f.iter().all(|&s| s == 0)).count();
        assert_eq!(silent, 0, "{ppm} ppm");
        // Sent: on our own clock, whatever theirs does.
        assert_eq!(frames.len(), 30_000, "{ppm} ppm");
        let off = frames
            .iter()
            .zip(0u64..)
            .find(|(at, n)| at.since(start).as_micros() as u64 != n * 20_000);
        assert_eq!(off, None, "{ppm} ppm");
    }
}

#[test]
fn too_fast_a_sender_is_refused_and_a_silent_one_is_noticed() {
    let start = Mono::from_millis(1000);
    let mut circuit = Circuit::new(&CircuitConfig::default(), start).unwrap();
    let (mut refused, mut heard) = (0, 0);
    for n in 0..500u64 {
        // 16 kHz sent as 8.
        circuit.handle(start + Duration::from_millis(20 * n), Input::Audio(&[0xff; 320]));
        while let Some(output) = circuit.poll() {
            match output {
                Output::Ignored(why) => {
                    assert_eq!(why, media::circuit::Ignored::TooMuchAudio);
                    refused += 1;
                }
                Output::Heard(samples) => heard += samples.len(),
                _ => {}
            }
        }
    }
    assert!((200..=226).contains(&refused) && heard <= 11_100 * MS, "{refused}, {heard}");
    let mut deaf = Vec::new();
    for _ in 0..4 {
        let (at, _) = circuit.deadline().unwrap();
        circuit.handle(at, Input::Tick);
        while let Some(output) = circuit.poll() {
            if let Output::Event(Event::Deaf { for_ms }) = output {
                deaf.push(for_ms);
            }
        }
    }
    assert_eq!(deaf, [2000, 4000, 8000, 16_000]);
}

#[test]
fn speech_is_wanted_while_less_than_a_second_of_it_waits() {
    let start = Mono::from_millis(1000);
    let mut circuit = Circuit::new(&CircuitConfig::default(), start).unwrap();
    let utterance = UtteranceId(1);
    let (mut at, mut given, mut sent) = (start, 0, 0);
    circuit.handle(at, Input::Command(Command::Say { utterance, interruptible: true }));
    let speech = tone(100 * MS);
    while sent < 5000 * MS {
        while circuit.wants_speech() && given < 5000 * MS {
            circuit.handle(at, Input::Speech { utterance, samples: &speech });
            given += speech.len();
        }
        assert!(given - sent <= 1100 * MS, "{given} given, {sent} sent");
        circuit.handle(at, Input::Tick);
        drain(&mut circuit, |frame| sent += frame.len(), &mut Vec::new());
        // Frames of 20 ms, the first four at once.
        assert!(sent >= at.since(start).as_millis() as usize * MS, "a frame waited");
        at = circuit.deadline().unwrap().0.max(at + Duration::from_millis(1));
    }
}

#[test]
fn a_second_utterance_made_at_the_same_time_does_not_starve_the_first() {
    let start = Mono::from_millis(1000);
    let mut circuit = Circuit::new(&CircuitConfig::default(), start).unwrap();
    let (first, second) = (UtteranceId(1), UtteranceId(2));
    for utterance in [first, second] {
        circuit.handle(start, Input::Command(Command::Say { utterance, interruptible: true }));
    }
    // The voice makes the second three times as fast as the first, in turns.
    let speech = tone(300 * MS);
    let mut made = (0..10).flat_map(|_| [(second, 300), (first, 100)]);
    let (mut at, mut sent) = (start, 0);
    for _ in 0..1000 {
        while circuit.wants_speech() {
            let Some((utterance, ms)) = made.next() else { break };
            circuit.handle(at, Input::Speech { utterance, samples: &speech[..ms * MS] });
        }
        circuit.handle(at, Input::Tick);
        drain(&mut circuit, |frame| sent += frame.len(), &mut Vec::new());
        at = at + Duration::from_millis(5);
    }
    assert_eq!(sent, 1000 * MS, "all of the first");
}
