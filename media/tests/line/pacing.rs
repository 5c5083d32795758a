//! Frames leave on time for ten minutes, whatever the carrier's clock; and packets survive a network.

use std::time::Duration;

use media::{
    Mono,
    circuit::{Circuit, CircuitConfig, Command, Event, Input, Output, Transport, UtteranceId},
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

#[test]
fn packets_over_a_bad_network_are_heard_without_gaps() {
    for (loss_percent, jitter_ms) in [(0, 0), (1, 20), (5, 60), (20, 100), (3, 200)] {
        let mut random = Random(loss_percent as u64 + 1);
        let start = Mono::from_millis(1000);
        let mut sender = Circuit::new(&rtp(), start).unwrap();
        let mut receiver = Circuit::new(&rtp(), start).unwrap();
        let utterance = UtteranceId(1);
        sender.handle(start, Input::Command(Command::Say { utterance, interruptible: false }));
        for samples in tone(30_000 * MS).chunks(8000) {
            sender.handle(start, Input::Speech { utterance, samples });
        }
        let (mut network, mut heard, mut packets) = (Vec::<(Mono, Vec<u8>)>::new(), Vec::new(), 0);
        for ms in 0..20_000u64 {
            let now = start + Duration::from_millis(ms);
            sender.handle(now, Input::Tick);
            while let Some(output) = sender.poll() {
                if let Output::Frame(packet) = output {
                    packets += 1;
                    if random.below(100) >= loss_percent {
                        let late = 10 + random.below(jitter_ms + 1) as u64;
                        network.push((now + Duration::from_millis(late), packet.to_vec()));
                        if random.below(50) == 0 {
                            network.push((now + Duration::from_millis(late + 5), packet.to_vec()));
                        }
                    }
                }
            }
            let (due, later): (Vec<_>, Vec<_>) = network.drain(..).partition(|(at, _)| *at <= now);
            network = later;
            for input in due.iter().map(|(_, p)| Input::Rtp(p)).chain([Input::Tick]) {
                receiver.handle(now, input);
                while let Some(output) = receiver.poll() {
                    if let Output::Heard(samples) = output {
                        heard.extend_from_slice(samples);
                    }
                }
            }
        }
        assert!((1000..=1001).contains(&packets), "{packets}");
        // One frame per frame time from the first packet on.
        let missing = 20_000 * MS - heard.len();
        assert!(missing <= (40 + jitter_ms) * MS, "{loss_percent} %: {} ms missing", missing / MS);
        let from = heard.iter().position(|&s| s != 0).unwrap();
        assert!(from < 700 * MS, "delay of {} ms", from / MS);
        let silent = heard[from..].chunks(160).filter(|f| f.iter().all(|&s| s == 0)).count();
        println!(
            "{loss_percent} % lost, {jitter_ms} ms jitter: begins after {} ms, {silent} silent frames of 1000",
            from / MS
        );
        assert!(silent <= loss_percent * 2 + jitter_ms / 4, "{loss_percent} %: {silent} silent");
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
