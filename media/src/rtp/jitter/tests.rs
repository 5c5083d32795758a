//! The buffer behind a simulated network, in virtual time.

use proptest::prelude::*;

use super::*;

/// Seeded, so that every run is the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[derive(Clone, Copy)]
struct Network {
    seconds: u64,
    frame_ms: u16,
    /// Share of packets lost, alone.
    loss: f64,
    /// A burst of 5 lost packets begins with this chance.
    burst: f64,
    /// Each packet takes up to this much longer, evenly spread.
    jitter_ms: f64,
    /// Share of packets that come twice.
    doubled: f64,
    /// Sender's clock against ours.
    skew_ppm: f64,
    seed: u64,
}

impl Network {
    /// Time between two frames on our clock, in µs.
    fn step_us(&self) -> f64 {
        f64::from(self.frame_ms) * 1_000.0 / (1.0 + self.skew_ppm * 1e-6)
    }
}

const CALM: Network = Network {
    seconds: 60,
    frame_ms: 20,
    loss: 0.0,
    burst: 0.0,
    jitter_ms: 0.0,
    doubled: 0.0,
    skew_ppm: 0.0,
    seed: 1,
};

struct Outcome {
    stats: JitterStats,
    sent: u64,
    arrived: u64,
    popped: u64,
    /// From sending to playing, in ms: at most, and on average over the last ten seconds.
    delay_ms_max: f64,
    delay_ms_end: f64,
    waiting: usize,
    target_ms: u32,
    empty: u64,
}

impl Outcome {
    fn concealed_share(&self) -> f64 {
        self.stats.concealed as f64 / self.popped as f64
    }
}

/// What arrives when: (µs, frame number), by time; and how many were sent.
fn wire(network: Network) -> (Vec<(u64, u32)>, u64) {
    let mut dice = Dice(network.seed);
    let step_us = network.step_us();
    let count = (network.seconds as f64 * 1e6 / step_us) as u64;
    let mut wire: Vec<(u64, u32)> = Vec::new();
    let mut in_burst = 0;
    for n in 0..count {
        if in_burst == 0 && dice.roll() < network.burst {
            in_burst = 5;
        }
        let lost = in_burst > 0 || dice.roll() < network.loss;
        in_burst = in_burst.max(1) - 1;
        if lost && n > 0 {
            continue;
        }
        let arrives = n as f64 * step_us + 30_000.0 + dice.roll() * network.jitter_ms * 1_000.0;
        wire.push((arrives as u64, n as u32));
        if dice.roll() < network.doubled {
            wire.push((arrives as u64 + 3_000, n as u32));
        }
    }
    wire.sort_unstable();
    (wire, count)
}

/// Sends, loses, delays, plays. Numbers must rise whatever happens.
fn run(network: Network) -> Outcome {
    let Network { seconds, frame_ms, .. } = network;
    let step_us = network.step_us();
    let ticks = u32::from(frame_ms) * 8;
    let start = u32::MAX - 40 * ticks;
    let (wire, count) = wire(network);
    let mut buffer = JitterBuffer::new(JitterConfig::new(frame_ms, 8_000, 480)).unwrap();
    let mut outcome = Outcome {
        stats: JitterStats::default(),
        sent: count,
        arrived: wire.len() as u64,
        popped: 0,
        delay_ms_max: 0.0,
        delay_ms_end: 0.0,
        waiting: 0,
        target_ms: 0,
        empty: 0,
    };
    let (mut wire, mut last, mut end) = (wire.into_iter().peekable(), None, (0.0, 0));
    let mut now_us = 7_000u64;
    while now_us < seconds * 1_000_000 {
        while let Some((at, n)) = wire.next_if(|(at, _)| *at <= now_us) {
            let payload = n.to_be_bytes();
            let packet = Packet {
                payload_type: 0,
                marker: n == 0,
                sequence: (n as u16).wrapping_sub(20),
                timestamp: start.wrapping_add(n.wrapping_mul(ticks)),
                ssrc: 5,
                payload: &payload,
            };
            buffer.push(Mono::from_micros(at), &packet);
        }
        match buffer.pop(Mono::from_micros(now_us)) {
            Slot::Packet(payload) => {
                let n = u32::from_be_bytes(payload.try_into().unwrap());
                assert!(last.is_none_or(|last| n > last), "{n} after {last:?}");
                last = Some(n);
                let delay_ms = (now_us as f64 - f64::from(n) * step_us) / 1_000.0;
                outcome.delay_ms_max = outcome.delay_ms_max.max(delay_ms);
                if now_us > (seconds - 10) * 1_000_000 {
                    end = (end.0 + delay_ms, end.1 + 1);
                }
            }
            Slot::Lost => {}
            Slot::Empty => outcome.empty += u64::from(last.is_some()),
        }
        outcome.popped += 1;
        now_us += u64::from(frame_ms) * 1_000;
    }
    outcome.arrived -= wire.count() as u64;
    outcome.stats = buffer.stats();
    outcome.waiting = buffer.waiting();
    outcome.target_ms = buffer.target_ms();
    outcome.delay_ms_end = end.0 / f64::from(end.1.max(1));
    let s = outcome.stats;
    assert_eq!(s.pushed, outcome.arrived);
    let accounted = s.played + s.skipped + s.late + s.duplicates + s.bad_size + s.strays;
    assert_eq!(s.pushed, accounted + outcome.waiting as u64, "{s:?}");
    outcome
}

#[test]
fn a_calm_network_costs_40_ms_and_nothing_else() {
    for frame_ms in [10, 20, 30, 60] {
        let o = run(Network { frame_ms, ..CALM });
        assert_eq!((o.stats.concealed, o.stats.late), (0, 0), "{frame_ms} ms");
        // The first 40 ms may turn out to be more than needed.
        assert!(o.stats.skipped * u64::from(frame_ms) <= 30, "{frame_ms} ms: {:?}", o.stats);
        assert_eq!(o.empty, 0);
        // 30 ms are the wire's.
        let most = 30.0 + 40.0 + 1.5 * f64::from(frame_ms);
        assert!(o.delay_ms_max <= most, "{frame_ms} ms: {} ms", o.delay_ms_max);
    }
}

#[test]
fn losses_are_concealed_once_and_cost_no_delay() {
    for (n, loss) in [0.01, 0.03, 0.05, 0.1, 0.2].into_iter().enumerate() {
        let o = run(Network { loss, seed: n as u64 + 3, ..CALM });
        let lost = (o.sent - o.arrived) as f64 / o.sent as f64;
        assert!((o.concealed_share() - lost).abs() < 0.01, "{} of {lost}", o.concealed_share());
        assert_eq!(o.stats.late, 0);
        assert!(o.delay_ms_max <= 110.0, "{loss}: {} ms", o.delay_ms_max);
    }
}

#[test]
fn bursts_are_concealed_and_the_delay_comes_back() {
    let o = run(Network { burst: 0.01, seed: 5, ..CALM });
    let lost = (o.sent - o.arrived) as f64 / o.sent as f64;
    assert!(lost > 0.03 && (o.concealed_share() - lost).abs() < 0.02, "{}", o.concealed_share());
    // While five frames are missing nobody knows whether they are late.
    assert!(o.delay_ms_max <= 200.0, "{} ms", o.delay_ms_max);
    assert!(o.delay_ms_end <= 110.0, "{} ms", o.delay_ms_end);
}

#[test]
fn jitter_of_200_ms_is_learnt_and_bounded() {
    let o = run(Network { jitter_ms: 200.0, seed: 7, ..CALM });
    assert!((180..=220).contains(&o.target_ms), "target {} ms", o.target_ms);
    assert!(o.concealed_share() < 0.05, "{} concealed", o.concealed_share());
    assert!((o.stats.late as f64) < 0.05 * o.sent as f64, "{} late", o.stats.late);
    assert!(o.delay_ms_end <= 30.0 + 200.0 + 60.0, "{} ms", o.delay_ms_end);
    assert!(o.delay_ms_max <= 30.0 + 400.0 + 40.0, "{} ms", o.delay_ms_max);
}

#[test]
fn everything_at_once_stays_in_step() {
    for seed in 0..6 {
        let o = run(Network {
            loss: 0.05,
            burst: 0.005,
            jitter_ms: 80.0,
            doubled: 0.1,
            skew_ppm: 100.0,
            seed: seed * 11 + 1,
            ..CALM
        });
        let lost = (o.sent * 11 / 10 - o.arrived) as f64 / o.sent as f64;
        assert!(o.concealed_share() < lost + 0.06, "{} of {lost}", o.concealed_share());
        assert!(o.stats.duplicates > o.sent / 20);
        assert!(o.delay_ms_end < 30.0 + 80.0 + 60.0, "{} ms", o.delay_ms_end);
    }
}

#[test]
fn ten_minutes_of_skew_neither_grow_the_delay_nor_break_the_sound() {
    for skew_ppm in [-200.0, 200.0] {
        let o = run(Network { seconds: 600, skew_ppm, jitter_ms: 8.0, ..CALM });
        // 200 ppm of ten minutes are 120 ms: six frames too many or too few.
        let slips = o.stats.skipped + o.stats.concealed;
        assert!((4..=14).contains(&slips), "{skew_ppm}: {:?}", o.stats);
        assert!(o.delay_ms_max < 130.0 && o.delay_ms_end < 110.0, "{} ms", o.delay_ms_max);
        assert!(o.delay_ms_end > 30.0);
    }
}

fn packet(sequence: u16, timestamp: u32, ssrc: u32) -> Packet<'static> {
    Packet { payload_type: 0, marker: false, sequence, timestamp, ssrc, payload: &[1, 2, 3] }
}

fn buffer() -> JitterBuffer {
    JitterBuffer::new(JitterConfig::new(20, 8_000, 160)).unwrap()
}

#[test]
fn an_outage_is_silent_after_a_while_and_sound_comes_back_quickly() {
    let mut buffer = buffer();
    let mut slots = Vec::new();
    for n in 0..400u32 {
        let now = Mono::from_millis(u64::from(n) * 20);
        if !(100..200).contains(&n) {
            buffer.push(now, &packet(n as u16, n * 160, 9));
        }
        slots.push(match buffer.pop(now + std::time::Duration::from_millis(5)) {
            Slot::Packet(_) => 'p',
            Slot::Lost => 'l',
            Slot::Empty => '-',
        });
    }
    let text: String = slots.iter().collect();
    assert!(text[120..200].trim_start_matches('l').chars().all(|c| c == '-'), "{text}");
    assert!(text[206..].chars().all(|c| c == 'p'), "{text}");
}

#[test]
fn a_new_source_takes_over_with_its_second_packet() {
    let mut buffer = buffer();
    let mut got = Vec::new();
    for n in 0..40u32 {
        let now = Mono::from_millis(u64::from(n) * 20);
        let other = if n < 20 { (n, 1) } else { (n * 7_919 + 5, 2) };
        let timestamp = if n < 20 { n * 160 } else { 0x8000_0000 + n * 160 };
        got.push(buffer.push(now, &packet(other.0 as u16, timestamp, other.1)));
        buffer.pop(now);
    }
    assert_eq!(got[0], Pushed::Started);
    assert_eq!((got[20], got[21], got[22]), (Pushed::Stray, Pushed::Started, Pushed::Stored));
    assert_eq!((buffer.stats().starts, buffer.stats().strays), (2, 1));
}

#[test]
fn a_wild_timestamp_does_nothing_and_a_clock_set_back_is_followed() {
    let mut buffer = buffer();
    let mut played = 0;
    for n in 0..300u32 {
        let now = Mono::from_millis(u64::from(n) * 20);
        let set_back = if n < 150 { 0 } else { 8_000 };
        buffer.push(now, &packet(n as u16, (100_000 + n * 160) - set_back, 1));
        if n % 50 == 25 {
            assert_eq!(
                buffer.push(now, &packet(n as u16, n.wrapping_mul(77_777_777), 1)),
                Pushed::Stray
            );
        }
        played += u32::from(matches!(buffer.pop(now), Slot::Packet(_)));
    }
    assert!(played > 270, "{played} played");
}

#[test]
fn the_senders_frame_length_is_found_out() {
    for (frame_ms, expected) in [(10u32, 10), (30, 30), (60, 60), (20, 20)] {
        let mut buffer = buffer();
        for n in 0..20u32 {
            let now = Mono::from_millis(u64::from(n * frame_ms));
            buffer.push(now, &packet(n as u16, n * frame_ms * 8, 1));
        }
        assert_eq!(buffer.frame_ms(), expected);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_counted() {
    let mut buffer = buffer();
    assert_eq!(buffer.pop(Mono::ZERO), Slot::Empty);
    for payload in [&[][..], &[0; 161]] {
        let packet = Packet { payload, ..packet(1, 1, 1) };
        assert_eq!(buffer.push(Mono::ZERO, &packet), Pushed::BadSize);
    }
    assert_eq!(buffer.stats().bad_size, 2);
    let plain = JitterConfig::new(20, 8_000, 160);
    for config in [
        JitterConfig { frame_ms: 25, ..plain },
        JitterConfig { clock_hz: 0, ..plain },
        JitterConfig { payload_bytes_max: 0, ..plain },
        JitterConfig { delay_min_ms: 390, ..plain },
        JitterConfig { delay_max_ms: 2_000, ..plain },
    ] {
        assert!(JitterBuffer::new(config).is_err(), "{config:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any packets at any times: no panic, bounded, all accounted for.
    #[test]
    fn nothing_breaks_it(
        steps in prop::collection::vec(
            (0u64..100_000, any::<u16>(), 0u32..40, 0u32..3, 0usize..200, any::<bool>()), 1..300),
    ) {
        let mut buffer = buffer();
        let mut now_us = 0;
        let payload = [7; 200];
        for (passed_us, sequence, frames, ssrc, bytes, wild) in steps {
            now_us += passed_us;
            let now = Mono::from_micros(now_us);
            let base = (now_us / 125) as u32;
            let timestamp =
                if wild { u32::from(sequence) * 65_537 } else { base.wrapping_sub(frames * 160) };
            let packet = Packet {
                payload_type: 0, marker: false, sequence, timestamp, ssrc, payload: &payload[..bytes],
            };
            buffer.push(now, &packet);
            if passed_us % 3 > 0 {
                buffer.pop(now);
            }
            let s = buffer.stats();
            let gone = s.played + s.skipped + s.late + s.duplicates + s.bad_size + s.strays;
            prop_assert_eq!(s.pushed, gone + buffer.waiting() as u64);
            prop_assert!(buffer.waiting() <= buffer.cells.len());
            prop_assert!((20..=400).contains(&buffer.target_ms()));
        }
    }

    #[test]
    fn any_network_is_survived(
        loss in 0.0f64..0.3, burst in 0.0f64..0.02, jitter_ms in 0.0f64..250.0,
        doubled in 0.0f64..0.2, skew_ppm in -300.0f64..300.0, seed: u64, frame in 0usize..4,
    ) {
        let frame_ms = [10, 20, 30, 60][frame];
        let o = run(Network { seconds: 20, frame_ms, loss, burst, jitter_ms, doubled, skew_ppm, seed });
        prop_assert!(o.delay_ms_max <= 30.0 + 250.0 + 400.0 + 60.0, "{} ms", o.delay_ms_max);
    }
}
