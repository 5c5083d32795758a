//! Frames allocate nothing once a circuit is set up.

use std::time::Duration;

use media::{
    Mono,
    circuit::{
        Circuit, CircuitConfig, Command, Input, MarkId, Output, Transport, UtteranceId, Verdict,
    },
    codec::{Codec, Encoder},
    resample::Resampler,
    rtp::{Sender, Start},
};

use crate::sound::{recording, trimmed};

#[test]
fn a_running_circuit_does_not_allocate() {
    let agent = recording("speech-agent/introduction");
    let callee = trimmed(&recording("speech-callee/cards-five-five"));
    let inbound: Vec<u8> =
        callee.iter().map(|&sample| media::codec::g711::mulaw_encode(sample)).collect();
    let mut circuit = Circuit::new(&CircuitConfig::default(), Mono::ZERO).unwrap();
    let mut outputs = 0u32;
    let mut live = |from_ms: u64, utterance: UtteranceId| {
        let at = Mono::from_millis(from_ms);
        let mut tell = |at, input: Input<'_>| {
            let (mut marks, mut verdicts) = ([None; 8], [None; 8]);
            circuit.handle(at, input);
            while let Some(output) = circuit.poll() {
                outputs += 1;
                match output {
                    Output::Mark(MarkId(id)) => marks[id as usize % 8] = Some(MarkId(id)),
                    Output::Judge { chunk, .. } => verdicts[chunk as usize % 8] = Some(chunk),
                    _ => {}
                }
            }
            for id in marks.into_iter().flatten() {
                circuit.handle(at, Input::Mark(id));
                while circuit.poll().is_some() {}
            }
            for chunk in verdicts.into_iter().flatten() {
                let verdict = Verdict { chunk, probability: 0.9 };
                circuit.handle(at, Input::Verdict(verdict));
                while circuit.poll().is_some() {}
            }
        };
        tell(at, Input::Command(Command::Say { utterance, interruptible: true }));
        for samples in agent.chunks(160) {
            tell(at, Input::Speech { utterance, samples });
        }
        for tick in 0..150u64 {
            let silent = [0xff; 160];
            let spoken =
                tick.checked_sub(60).and_then(|n| inbound.chunks_exact(160).nth(n as usize));
            let now = Mono::from_millis(from_ms + tick * 20);
            tell(now, Input::Audio(spoken.unwrap_or(&silent)));
        }
        tell(Mono::from_millis(from_ms + 3000), Input::Command(Command::Clear));
    };
    live(1000, UtteranceId(1));
    let used = allocation_counter::measure(|| live(11_000, UtteranceId(2)));
    assert!(outputs > 400, "{outputs}");
    assert_eq!((used.count_total, used.bytes_total), (0, 0), "{used:?}");
}

/// Without Opus: its library sets aside working memory for each frame.
#[test]
fn a_running_rtp_leg_does_not_allocate() {
    let agent = recording("speech-agent/introduction");
    let callee = trimmed(&recording("speech-callee/cards-five-five"));
    for (codec, rate_hz) in [(Codec::Mulaw, 8_000), (Codec::Alaw, 8_000), (Codec::G722, 16_000)] {
        let transport = Transport::Rtp { payload_type: 96, ssrc: 77, event_payload_type: None };
        let config = CircuitConfig {
            codec,
            rate_hz,
            transport,
            clear: false,
            mark: false,
            ..CircuitConfig::default()
        };
        let mut now = Mono::ZERO;
        let mut circuit = Circuit::new(&config, now).unwrap();
        let mut wide = Vec::new();
        match rate_hz {
            8_000 => wide.extend_from_slice(&callee),
            _ => Resampler::new(8_000, rate_hz).unwrap().process(&callee, &mut wide),
        }
        let mut encoder = Encoder::new(codec, rate_hz).unwrap();
        let mut sender = Sender::new(Start { ssrc: 5, sequence: 9, timestamp: 3 });
        let ticks = codec.rtp_clock_hz(rate_hz) / 50;
        let packets: Vec<Vec<u8>> = wide
            .chunks_exact(rate_hz as usize / 50)
            .cycle()
            .take(200)
            .map(|frame| {
                let (mut payload, mut packet) = (Vec::new(), Vec::new());
                encoder.encode(frame, &mut payload).unwrap();
                sender.send(96, &payload, ticks, &mut packet);
                packet
            })
            .collect();
        let (mut heard, mut said, mut reports) = (0, 0, 0);
        let mut tell = |circuit: &mut Circuit, now, input: Input<'_>| {
            circuit.handle(now, input);
            while let Some(output) = circuit.poll() {
                match output {
                    Output::Heard(samples) => heard += samples.len(),
                    Output::Frame(_) => said += 1,
                    Output::Rtcp(_) => reports += 1,
                    Output::Ignored(why) => panic!("{codec:?}: {why}"),
                    _ => {}
                }
            }
        };
        let mut live = |packets: &[Vec<u8>], utterance: UtteranceId| {
            let say = Command::Say { utterance, interruptible: false };
            tell(&mut circuit, now, Input::Command(say));
            for samples in agent.chunks(160) {
                tell(&mut circuit, now, Input::Speech { utterance, samples });
            }
            // One in ten is lost.
            for (n, packet) in packets.iter().enumerate() {
                now = now + Duration::from_millis(20);
                if n % 10 != 7 {
                    tell(&mut circuit, now, Input::Rtp(packet));
                }
                tell(&mut circuit, now, Input::Tick);
            }
        };
        live(&packets[..100], UtteranceId(1));
        let used = allocation_counter::measure(|| live(&packets[100..], UtteranceId(2)));
        assert!(heard >= 3_900 * 8 && said >= 199 && reports == 0, "{heard} {said} {reports}");
        assert_eq!((used.count_total, used.bytes_total), (0, 0), "{codec:?}: {used:?}");
    }
}

#[test]
fn joined_circuits_do_not_allocate() {
    let rtp = Transport::Rtp { payload_type: 0, ssrc: 77, event_payload_type: None };
    let packets = CircuitConfig { transport: rtp, mark: false, ..CircuitConfig::default() };
    let mut callee = Circuit::new(&CircuitConfig::default(), Mono::ZERO).unwrap();
    let mut user = Circuit::new(&packets, Mono::ZERO).unwrap();
    let mut sender = Sender::new(Start { ssrc: 5, sequence: 9, timestamp: 3 });
    let voice = trimmed(&recording("speech-callee/cards-five-five"));
    let voice: Vec<u8> =
        voice.iter().map(|&sample| media::codec::g711::mulaw_encode(sample)).collect();
    let mut packet = Vec::with_capacity(200);
    let (mut now, mut said) = (Mono::ZERO, [0; 2]);
    // What one circuit hears the other is told; marks come back at once.
    let mut tell = |one: &mut Circuit, other: &mut Circuit, at, input: Input<'_>| {
        let (mut heard, mut came, mut mark) = ([0; 160], false, None);
        one.handle(at, input);
        while let Some(output) = one.poll() {
            if let Output::Heard(samples) = output {
                heard.copy_from_slice(samples);
                came = true;
            }
        }
        if came {
            other.handle(at, Input::Relay(&heard));
        }
        while let Some(output) = other.poll() {
            match output {
                Output::Frame(_) => said[0] += 1,
                Output::Mark(id) => mark = Some(id),
                _ => {}
            }
        }
        if let Some(id) = mark {
            other.handle(at, Input::Mark(id));
            while other.poll().is_some() {}
            said[1] += 1;
        }
    };
    let mut live = |callee: &mut Circuit, user: &mut Circuit, utterance: UtteranceId| {
        let say = Command::Say { utterance, interruptible: false };
        tell(callee, user, now, Input::Command(say));
        tell(callee, user, now, Input::Speech { utterance, samples: &[900; 1600] });
        tell(callee, user, now, Input::SpeechEnd(utterance));
        for frame in voice.as_chunks::<160>().0.iter().cycle().take(100) {
            now = now + Duration::from_millis(20);
            packet.clear();
            sender.send(0, frame, 160, &mut packet);
            // The packet first: whatever the user's circuit is told, it hears what is due.
            tell(user, callee, now, Input::Rtp(&packet));
            tell(callee, user, now, Input::Audio(frame));
        }
    };
    for leg in [&mut callee, &mut user] {
        leg.handle(Mono::ZERO, Input::Command(Command::Bridge));
        while leg.poll().is_some() {}
    }
    live(&mut callee, &mut user, UtteranceId(1));
    let used = allocation_counter::measure(|| live(&mut callee, &mut user, UtteranceId(2)));
    assert!(said[0] >= 390 && said[1] >= 4, "{said:?}");
    assert_eq!((used.count_total, used.bytes_total), (0, 0), "{used:?}");
}
