//! Every leg there is: each codec at its rates, in order and in packets, in frames of each length.

use std::time::Duration;

use dtmf::{
    Detector, Digit,
    event::{Event as KeyEvent, EventReceiver},
};
use media::{
    Mono,
    circuit::{
        Circuit, CircuitConfig, Command, ConfigError, DigitSource, Event, Input, Keys, Timer,
        Transport, UtteranceId,
    },
    codec::Codec,
    resample::Resampler,
    rtp::rtcp::Reports,
};

use crate::{
    leg::{EVENTS, Leg, PAYLOAD_TYPE},
    sound::{MS, recording, trimmed},
};

/// Each codec at the rates it is used with.
const CODECS: [(Codec, u32); 8] = [
    (Codec::Mulaw, 8_000),
    (Codec::Alaw, 8_000),
    (Codec::L16, 8_000),
    (Codec::L16, 16_000),
    (Codec::L16Le, 24_000),
    (Codec::G722, 16_000),
    (Codec::Opus, 16_000),
    (Codec::Opus, 48_000),
];

/// Every leg: codec × frame × transport, without what Opus has no frames for.
fn legs() -> Vec<CircuitConfig> {
    let rtp =
        Transport::Rtp { payload_type: PAYLOAD_TYPE, ssrc: 77, event_payload_type: Some(EVENTS) };
    let mut legs = Vec::new();
    for (codec, rate_hz) in CODECS {
        for frame_ms in [10, 20, 30, 60] {
            for transport in [Transport::InOrder, rtp] {
                let packets = transport != Transport::InOrder;
                let config = CircuitConfig {
                    codec,
                    rate_hz,
                    frame_ms,
                    transport,
                    clear: !packets,
                    mark: false,
                    ..CircuitConfig::default()
                };
                if codec != Codec::Opus || frame_ms != 30 {
                    legs.push(config);
                }
            }
        }
    }
    legs
}

fn tone(hz: f32, samples: usize, peak: f32) -> Vec<i16> {
    let step = std::f32::consts::TAU * hz / 8000.0;
    (0..samples).map(|n| ((n as f32 * step).sin() * peak) as i16).collect()
}

/// Level of all in dB against a full-scale sine, and the share of its energy at `hz`.
fn level_and_share(samples: &[i16], hz: f64, rate_hz: u32) -> (f64, f64) {
    let step = std::f64::consts::TAU * hz / f64::from(rate_hz);
    let (mut re, mut im, mut energy) = (0.0, 0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let sample = f64::from(sample) / 32768.0;
        let (sin, cos) = (step * n as f64).sin_cos();
        (re, im, energy) = (re + sample * cos, im + sample * sin, energy + sample * sample);
    }
    let count = samples.len() as f64;
    let at_hz = 2.0 * (re * re + im * im) / count;
    (10.0 * (2.0 * energy / count).log10(), at_hz / energy)
}

#[test]
fn each_leg_carries_both_ways_at_the_right_level_and_pitch() {
    let (ours, theirs) = (tone(600.0, 3000 * MS, 8000.0), tone(1000.0, 3000 * MS, 8000.0));
    let expected = 20.0 * (8000f64 / 32768.0).log10();
    for mut config in legs() {
        config.barge_in.enabled = false;
        let mut leg = Leg::new(&config);
        leg.callee_says(&theirs);
        leg.say(UtteranceId(1), &ours);
        leg.run_ms(2500);
        let rate = (config.rate_hz / 1000) as usize;
        // From 1 s to 2 s: past the filters' and the jitter buffer's beginnings.
        for (what, sound, hz, rate_hz) in [
            ("heard", &leg.heard[1000 * MS..2000 * MS], 1000.0, 8_000),
            ("said", &leg.said[1000 * rate..2000 * rate], 600.0, config.rate_hz),
        ] {
            let (level, share) = level_and_share(sound, hz, rate_hz);
            let leg = (config.codec, config.rate_hz, config.frame_ms, config.transport);
            assert!((level - expected).abs() < 1.0, "{leg:?} {what}: {level} dB, not {expected}");
            assert!(share > 0.99, "{leg:?} {what}: {share} of the energy at {hz} Hz");
        }
        // Nothing of what came in is missing but what still waits.
        assert!(leg.heard.len() >= 2300 * MS, "{config:?}: {} ms", leg.heard.len() / MS);
    }
}

#[test]
fn each_leg_sends_on_its_grid() {
    for mut config in legs() {
        config.barge_in.enabled = false;
        let mut leg = Leg::new(&config);
        let sent_ms = u64::from(if leg.is_rtp() { config.frame_ms } else { config.message_ms });
        let lead_ms = if leg.is_rtp() { sent_ms } else { u64::from(config.lead_ms) };
        leg.say(UtteranceId(1), &tone(600.0, 4000 * MS, 8000.0));
        assert_eq!(leg.left_at.len() as u64, lead_ms / sent_ms, "{config:?}: frames at once");
        leg.run_ms(3000);
        let started = leg.left_at[0];
        let due =
            |n: u64| started + Duration::from_millis(((n + 1) * sent_ms).saturating_sub(lead_ms));
        for (n, at) in (0u64..).zip(&leg.left_at) {
            assert_eq!(*at, due(n), "{config:?}: frame {n}");
        }
        assert_eq!(leg.left_at.len() as u64, (3000 + lead_ms) / sent_ms, "{config:?}");
        let (at, timer) = leg.circuit.deadline().unwrap();
        let next = due(leg.left_at.len() as u64);
        assert!(at <= next && (at < next || timer == Timer::Frame), "{config:?}: {timer:?} {at:?}");
        let ticks = leg.ticks();
        assert!(leg.timestamps.windows(2).all(|two| two[1].wrapping_sub(two[0]) == ticks));
    }
}

#[test]
fn each_leg_can_be_interrupted() {
    let mut agent = recording("speech-agent/introduction");
    agent.extend(recording("speech-agent/book-a-table"));
    let callee = trimmed(&recording("speech-callee/cards-five-five"));
    for config in legs() {
        let mut leg = Leg::new(&config);
        leg.say(UtteranceId(1), &agent);
        leg.run_ms(2000);
        leg.callee_says(&callee);
        leg.run_ms(1500);
        let name = (config.codec, config.rate_hz, config.frame_ms, config.transport);
        let cut = leg.events.iter().find_map(|event| match event {
            Event::Interrupted { heard, reaction_ms, .. } => Some((heard.ms, *reaction_ms)),
            _ => None,
        });
        let Some((heard_ms, reaction_ms)) = cut else { panic!("{name:?}: {:?}", leg.events) };
        assert!((1900..2800).contains(&heard_ms), "{name:?}: {heard_ms} ms heard");
        assert!(reaction_ms <= 300 + u32::from(config.frame_ms), "{name:?}: {reaction_ms} ms");
        let last_sound = leg.said.iter().rposition(|sample| sample.unsigned_abs() > 500);
        let said_ms = last_sound.unwrap() / (config.rate_hz / 1000) as usize;
        assert!(said_ms < 3200, "{name:?}: still talking after {said_ms} ms");
    }
}

#[test]
fn keys_arrive_as_events_over_every_packet_leg() {
    let row: Vec<Digit> = "15#".chars().map(|key| Digit::try_from(key).unwrap()).collect();
    for config in legs().into_iter().filter(|leg| leg.transport != Transport::InOrder) {
        let mut leg = Leg::new(&config);
        leg.run_ms(500);
        for &digit in &row {
            let timestamp = leg.sender.timestamp();
            leg.keys.press(digit, timestamp, leg.ticks() * 4);
            leg.run_ms(800);
        }
        let keys: Vec<_> =
            leg.events.iter().filter(|event| matches!(event, Event::Digit { .. })).collect();
        let digit = |&digit: &Digit| Event::Digit { digit, source: DigitSource::Event };
        let expected: Vec<Event> = row.iter().map(digit).collect();
        assert!(keys.into_iter().eq(expected.iter()), "{config:?}: {:?}", leg.events);
    }
}

#[test]
fn packets_leave_without_a_break_while_we_say_nothing() {
    for config in legs().into_iter().filter(|leg| leg.transport != Transport::InOrder) {
        let mut leg = Leg::new(&config);
        let frame_ms = u64::from(config.frame_ms);
        leg.run_ms(6000);
        let packets = leg.left_at.len() as u64;
        assert!((6000 / frame_ms..=6000 / frame_ms + 1).contains(&packets), "{packets}");
        let (level, _) = level_and_share(&leg.said, 600.0, config.rate_hz);
        assert!(level < -60.0, "{config:?}: silence of {level} dB");
        leg.say(UtteranceId(1), &tone(600.0, 500 * MS, 8000.0));
        let asked = leg.now;
        leg.run_ms(2000);
        let from = leg.said.iter().position(|sample| sample.unsigned_abs() > 1000).unwrap();
        let frame = from / (config.rate_hz / 1000) as usize / usize::from(config.frame_ms);
        let late_ms = leg.left_at[frame].since(asked).as_millis() as u64;
        assert!(late_ms <= frame_ms, "{config:?}: speech left {late_ms} ms after it was there");
        // One stretch: the timestamps go on and only the first packet is marked.
        let ticks = leg.ticks();
        assert!(leg.timestamps.windows(2).all(|two| two[1].wrapping_sub(two[0]) == ticks));
        assert_eq!(leg.markers, 1);
        // The far end learns that we heard all of theirs.
        let last = leg.reports.last().unwrap_or_else(|| panic!("{config:?}: no report"));
        let hears = Reports::new().read(leg.now, last, 5).unwrap().hears.unwrap();
        let heard = (hears.fraction_lost, hears.total_lost, hears.jitter_ticks);
        assert_eq!(heard, (0.0, 0, 0), "{config:?}");
    }
}

#[test]
fn what_a_codec_cannot_do_is_refused_at_birth() {
    let plain = CircuitConfig::default();
    let transport = Transport::Rtp { payload_type: 111, ssrc: 1, event_payload_type: None };
    for (config, expected) in [
        (
            CircuitConfig { codec: Codec::Opus, rate_hz: 48_000, frame_ms: 30, transport, ..plain },
            ConfigError::Codec(Codec::Opus, 48_000, 30),
        ),
        (
            CircuitConfig { codec: Codec::G722, rate_hz: 8_000, ..plain },
            ConfigError::Rate(Codec::G722, 8_000),
        ),
        (
            CircuitConfig { codec: Codec::Alaw, rate_hz: 16_000, ..plain },
            ConfigError::Rate(Codec::Alaw, 16_000),
        ),
        (CircuitConfig { frame_ms: 40, ..plain }, ConfigError::Frame(40)),
        (CircuitConfig { message_ms: 30, ..plain }, ConfigError::Message(30)),
        (CircuitConfig { lead_ms: 30, ..plain }, ConfigError::Lead(30)),
    ] {
        let refused = Circuit::new(&config, Mono::ZERO).err();
        assert_eq!(refused, Some(expected), "{config:?}");
    }
}

#[test]
fn our_keys_leave_as_events_where_there_are_events_and_as_tones_elsewhere() {
    for config in legs() {
        let mut leg = Leg::new(&config);
        leg.run_ms(100);
        let keys = Keys::parse("5w5#").unwrap().timed(120, 80);
        leg.tell(Input::Command(Command::Keys(keys)));
        leg.run_ms(2_000);
        assert!(leg.events.contains(&Event::KeysPlayed), "{config:?}: {:?}", leg.events);
        let heard: String = if leg.is_rtp() {
            let mut receiver = EventReceiver::new();
            let digits = leg.told.iter().map(|e| receiver.receive(e.timestamp, &e.payload));
            digits.filter_map(|digit| digit.unwrap()).map(Digit::as_char).collect()
        } else {
            let mut narrow = Vec::new();
            let mut heard = String::new();
            let mut resampler = Resampler::new(config.rate_hz, 8_000).unwrap();
            resampler.process(&leg.said, &mut narrow);
            Detector::new().feed(&narrow, |press| heard.push(press.digit.as_char()));
            heard
        };
        assert_eq!(heard, "55#", "{config:?}");
        if leg.is_rtp() {
            let tick_ms = leg.ticks() / u32::from(config.frame_ms);
            let in_order = |ms: u32| ms.next_multiple_of(u32::from(config.frame_ms)) * tick_ms;
            let begun = leg.told[0].timestamp;
            let starts: Vec<u32> = leg
                .told
                .iter()
                .filter(|event| event.marker)
                .map(|event| event.timestamp.wrapping_sub(begun))
                .collect();
            let key = in_order(120) + in_order(80);
            assert_eq!(starts, [0, key + in_order(500), 2 * key + in_order(500)], "{config:?}");
            let ends: Vec<u16> = leg
                .told
                .iter()
                .filter_map(|event| KeyEvent::parse(&event.payload).ok())
                .filter(|event| event.end)
                .map(|event| event.duration)
                .collect();
            let duration = in_order(120) as u16;
            assert_eq!(ends.iter().filter(|&&end| end == duration).count(), ends.len());
            assert!(ends.len() >= 8, "{config:?}: {} ends", ends.len());
            let gaps = leg.timestamps.windows(2).filter(|two| two[1] != two[0] + leg.ticks());
            assert!(gaps.count() <= 3, "{config:?}: sound and keys share one time");
        }
    }
}

#[test]
fn a_key_that_is_cleared_ends() {
    let config = legs().into_iter().find(|leg| leg.transport != Transport::InOrder).unwrap();
    let mut leg = Leg::new(&config);
    leg.run_ms(100);
    leg.tell(Input::Command(Command::Keys(Keys::parse("5").unwrap().timed(1_000, 100))));
    leg.run_ms(200);
    leg.tell(Input::Command(Command::Clear));
    leg.run_ms(200);
    assert!(leg.events.contains(&Event::KeysCancelled), "{:?}", leg.events);
    let ends: Vec<KeyEvent> = leg
        .told
        .iter()
        .filter_map(|event| KeyEvent::parse(&event.payload).ok())
        .filter(|event| event.end)
        .collect();
    assert!(ends.len() == 3 && ends.iter().all(|end| end.duration < 2_400), "{ends:?}");
}
