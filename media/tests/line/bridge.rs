//! Two legs joined: who hears whom, how loud, how late; over streams and over packets.

use std::{collections::VecDeque, time::Duration};

use media::{
    Mono,
    circuit::{Circuit, CircuitConfig, Command, Input, Transport, UtteranceId},
    tape,
};

use crate::{
    carrier::{Judge, Line, Seen},
    leg::{Leg, PAYLOAD_TYPE},
    sound::MS,
};

/// From one circuit to the other: the ticks of both threads at their worst.
const HAND_OVER: Duration = Duration::from_millis(4);
/// One frame and 5 ms.
const ADDED_MAX_MS: f64 = 25.0;
const BEGIN: Mono = Mono::from_millis(1000);

enum End {
    Stream(Box<Line>),
    Packets(Box<Leg>),
}

impl End {
    fn stream(phase_ms: u64) -> Self {
        let mut line = Line::new(&CircuitConfig::default(), Judge::Level);
        (line.travel, line.frame_phase_ms) = (Duration::ZERO, phase_ms);
        Self::Stream(Box::new(line))
    }

    fn packets(phase_ms: u64) -> Self {
        let transport =
            Transport::Rtp { payload_type: PAYLOAD_TYPE, ssrc: 77, event_payload_type: None };
        let config =
            CircuitConfig { transport, clear: false, mark: false, ..CircuitConfig::default() };
        let mut leg = Leg::new(&config);
        leg.phase_ms = phase_ms;
        Self::Packets(Box::new(leg))
    }

    fn step(&mut self) {
        match self {
            Self::Stream(line) => line.run_ms(1),
            Self::Packets(leg) => leg.run_ms(1),
        }
    }

    fn tell(&mut self, input: Input<'_>) {
        match self {
            Self::Stream(line) => line.tell(input),
            Self::Packets(leg) => leg.tell(input),
        }
    }

    fn now(&self) -> Mono {
        match self {
            Self::Stream(line) => line.now,
            Self::Packets(leg) => leg.now,
        }
    }

    fn circuit(&self) -> &Circuit {
        match self {
            Self::Stream(line) => &line.circuit,
            Self::Packets(leg) => &leg.circuit,
        }
    }

    fn heard(&self) -> &[i16] {
        match self {
            Self::Stream(line) => &line.heard,
            Self::Packets(leg) => &leg.heard,
        }
    }

    /// Says it; when its first frame comes to us.
    fn says(&mut self, samples: &[i16]) -> Mono {
        match self {
            Self::Stream(line) => {
                let phase = line.frame_phase_ms as usize * MS;
                let from = (line.position() + 480).next_multiple_of(160) + phase;
                line.callee_says(from, samples);
                line.at(from + 160)
            }
            Self::Packets(leg) => {
                leg.callee_says(samples);
                let mut at = leg.now + Duration::from_millis(1);
                while !(at.as_millis() + 20 - leg.phase_ms).is_multiple_of(20) {
                    at = at + Duration::from_millis(1);
                }
                at
            }
        }
    }

    fn say(&mut self, samples: &[i16]) {
        match self {
            Self::Stream(line) => {
                line.say(samples);
            }
            Self::Packets(leg) => leg.say(UtteranceId(1), samples),
        }
    }

    /// What the far end hears since the beginning, without a buffer more than it needs.
    fn hears(&self) -> Vec<i16> {
        let leg = match self {
            Self::Stream(line) => return line.played.clone(),
            Self::Packets(leg) => leg,
        };
        let first = leg.timestamps[0];
        let media = |n: usize| u64::from(leg.timestamps[n].wrapping_sub(first));
        let late = (0..leg.timestamps.len())
            .map(|n| {
                (leg.left_at[n].since(BEGIN).as_micros() as u64 / 125).saturating_sub(media(n))
            })
            .max();
        let mut hears = Vec::new();
        for (n, frame) in leg.said.as_chunks::<160>().0.iter().enumerate() {
            hears.resize((media(n) + late.unwrap_or(0)) as usize, 0);
            hears.extend_from_slice(frame);
        }
        hears
    }

    fn dropped(&self) -> usize {
        match self {
            Self::Stream(line) => {
                line.seen.iter().filter(|(_, seen)| matches!(seen, Seen::Ignored(_))).count()
            }
            Self::Packets(leg) => leg.dropped,
        }
    }
}

/// Two legs, and what is on its way from one to the other.
struct Two {
    ends: [End; 2],
    carried: [usize; 2],
    under_way: VecDeque<(Mono, usize, [i16; 160])>,
}

impl Two {
    fn new(callee: End, user: End) -> Self {
        Self { ends: [callee, user], carried: [0; 2], under_way: VecDeque::new() }
    }

    fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms {
            for end in &mut self.ends {
                end.step();
            }
            let now = self.ends[0].now();
            while let Some((_, to, frame)) = self.under_way.pop_front_if(|(at, ..)| *at <= now) {
                self.ends[to].tell(Input::Relay(&frame));
            }
            for from in 0..2 {
                let end = &self.ends[from];
                let frames = end.heard()[self.carried[from]..].as_chunks::<160>().0;
                self.carried[from] += 160 * frames.len();
                if end.circuit().is_bridged() {
                    let frames = frames.iter().map(|frame| (now + HAND_OVER, 1 - from, *frame));
                    self.under_way.extend(frames);
                }
            }
        }
    }

    fn join(&mut self) {
        for end in &mut self.ends {
            end.tell(Input::Command(Command::Bridge));
        }
    }
}

/// Streams and packets in every pairing.
fn pairs(phase_ms: u64) -> [Two; 4] {
    [
        Two::new(End::stream(0), End::stream(phase_ms)),
        Two::new(End::stream(0), End::packets(phase_ms)),
        Two::new(End::packets(0), End::stream(phase_ms)),
        Two::new(End::packets(0), End::packets(phase_ms)),
    ]
}

fn tone(hz: f32, samples: usize, peak: f32) -> Vec<i16> {
    let step = std::f32::consts::TAU * hz / 8000.0;
    (0..samples).map(|n| ((n as f32 * step).sin() * peak) as i16).collect()
}

/// Level at `hz` in dB against a full-scale sine, one bin of a Fourier transform.
fn level_at(samples: &[i16], hz: f64) -> f64 {
    let step = std::f64::consts::TAU * hz / 8000.0;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let (sin, cos) = (step * n as f64).sin_cos();
        (re, im) = (re + f64::from(sample) / 32768.0 * cos, im + f64::from(sample) / 32768.0 * sin);
    }
    20.0 * (2.0 * (re * re + im * im).sqrt() / samples.len() as f64).max(1e-6).log10()
}

/// Level of everything, in dB against a full-scale sine.
fn level(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|&s| (f64::from(s) / 32768.0).powi(2)).sum();
    10.0 * (2.0 * energy / samples.len() as f64).max(1e-12).log10()
}

/// What each end hears in half a second, when both speak and we say something to each before.
fn both_speak(two: &mut Two, peak: f32) -> [Vec<i16>; 2] {
    two.ends[0].say(&tone(1700.0, 500 * MS, 8000.0));
    two.ends[1].say(&tone(2300.0, 500 * MS, 8000.0));
    two.run_ms(1000);
    two.join();
    two.run_ms(200);
    two.ends[0].says(&tone(1000.0, 2000 * MS, peak));
    two.ends[1].says(&tone(600.0, 2000 * MS, peak));
    two.run_ms(1500);
    // From 1 s to 1.5 s after they began.
    [0, 1].map(|end| two.ends[end].hears()[2200 * MS..2700 * MS].to_vec())
}

#[test]
fn each_hears_the_other_and_not_themselves() {
    for (pair, mut two) in pairs(7).into_iter().enumerate() {
        let expected = 20.0 * (8000f64 / 32768.0).log10();
        let [callee, user] = both_speak(&mut two, 8000.0);
        for (who, hears, theirs, own) in
            [("callee", callee, 600.0, 1000.0), ("user", user, 1000.0, 600.0)]
        {
            let name = format!("pair {pair}, {who}");
            let of_other = level_at(&hears, theirs);
            assert!((of_other - expected).abs() < 0.3, "{name}: {of_other} dB, not {expected}");
            assert!(level_at(&hears, own) < -60.0, "{name} hears themselves");
            // The rest is what µ-law leaves.
            assert!(level(&hears) - of_other < 0.05, "{name}: {} dB in all", level(&hears));
        }
        // What was whispered before the bridge stayed where it was said.
        let all = [0, 1].map(|end| two.ends[end].hears());
        let before = |end: usize, hz| level_at(&all[end][100 * MS..400 * MS], hz);
        assert!(before(0, 1700.0) > -13.0 && before(1, 2300.0) > -13.0, "pair {pair}");
        assert!(before(0, 2300.0) < -60.0 && before(1, 1700.0) < -60.0, "pair {pair}");
    }
}

#[test]
fn full_scale_from_both_does_not_clip() {
    for (pair, mut two) in pairs(3).into_iter().enumerate() {
        let hears = both_speak(&mut two, 32_000.0);
        for (end, hz) in [(0, 600.0), (1, 1000.0)] {
            let whole = level_at(&hears[end], hz);
            assert!((-0.5..0.1).contains(&whole), "pair {pair}, end {end}: {whole} dB");
            // A clipped sine has a third harmonic of −20 dB and less.
            let third = level_at(&hears[end], 3.0 * hz);
            assert!(third < -45.0, "pair {pair}, end {end}: {third} dB at {} Hz", 3.0 * hz);
        }
    }
}

#[test]
fn what_we_still_say_is_heard_over_the_other_without_clipping() {
    for (pair, mut two) in pairs(0).into_iter().enumerate() {
        two.run_ms(200);
        two.join();
        two.ends[1].says(&tone(600.0, 3000 * MS, 32_000.0));
        two.run_ms(400);
        two.ends[0].say(&tone(1000.0, 1000 * MS, 32_000.0));
        two.run_ms(2000);
        let hears = two.ends[0].hears();
        let both = &hears[1000 * MS..1400 * MS];
        for (hz, db) in [(600.0, -6.2), (1000.0, -6.2)] {
            let found = level_at(both, hz);
            assert!((found - db).abs() < 0.5, "pair {pair}: {found} dB at {hz} Hz");
        }
        // Clipping would make 2·1000 − 600 Hz and 1000 + 2·600 Hz.
        for hz in [1400.0, 2200.0] {
            assert!(level_at(both, hz) < -40.0, "pair {pair}: {} dB", level_at(both, hz));
        }
        // Afterwards the other is as loud as before.
        let after = level_at(&hears[2000 * MS..2400 * MS], 600.0);
        assert!((after + 0.2).abs() < 0.3, "pair {pair}: {after} dB");
        let user = two.ends[1].hears();
        assert!(level_at(&user[1000 * MS..1400 * MS], 1000.0) < -60.0, "pair {pair}");
    }
}

/// How much later than its frame's arrival a sound is heard at the other end, in ms.
fn added_ms(two: &mut Two, from: usize) -> f64 {
    let came = two.ends[from].says(&tone(800.0, 300 * MS, 12_000.0));
    let before = two.ends[1 - from].hears().len();
    two.run_ms(500);
    let hears = two.ends[1 - from].hears();
    let onset = hears[before - 160..].iter().position(|s| s.unsigned_abs() > 3000).expect("heard");
    // A sine of 800 Hz and that peak needs 1 sample to get so loud.
    let heard = (before - 160 + onset - 1) as f64 / 8.0;
    heard - came.since(BEGIN).as_micros() as f64 / 1000.0
}

#[test]
fn a_bridge_adds_a_frame_and_5_ms_at_most_at_every_phase() {
    let mut most = [0.0; 4];
    for phase_ms in 0..20 {
        for (pair, mut two) in pairs(phase_ms).into_iter().enumerate() {
            // Something is being said when they are joined, at a phase of its own.
            two.run_ms(300 + 3 * phase_ms);
            two.ends[0].say(&tone(1700.0, 900 * MS, 8000.0));
            two.run_ms(700);
            two.join();
            two.run_ms(700);
            for from in [0, 1, 0] {
                let added = added_ms(&mut two, from);
                assert!(
                    (-1.0..=ADDED_MAX_MS).contains(&added),
                    "pair {pair}, phase {phase_ms} ms, from {from}: {added} ms"
                );
                most[pair] = f64::max(most[pair], added);
            }
        }
    }
    println!(
        "added at most, in ms: streams, stream and packets, packets and stream, packets: {most:?}"
    );
}

#[test]
fn clocks_that_are_off_do_not_add_up_in_ten_minutes() {
    for ppm in [-200_i64, 200] {
        let mut two = Two::new(End::stream(0), End::stream(5));
        if let End::Stream(line) = &mut two.ends[1] {
            line.ppm = ppm;
        }
        two.run_ms(500);
        two.join();
        two.run_ms(600_000);
        for from in [0, 1] {
            let End::Stream(user) = &two.ends[1] else { unreachable!() };
            // On the user's carrier's own clock, which has gone wrong.
            let gone_ms = user.position() as f64 / 8.0 - user.now.since(BEGIN).as_millis() as f64;
            assert!((gone_ms.abs() - 120.0).abs() < 1.0, "{gone_ms} ms");
            let shift = if from == 0 { -gone_ms } else { gone_ms };
            let added = added_ms(&mut two, from) + shift;
            assert!((-2.0..=60.0).contains(&added), "{ppm} ppm from {from}: {added} ms");
        }
        let dropped: usize = two.ends.iter().map(End::dropped).sum();
        assert!(dropped <= 12, "{ppm} ppm: {dropped} pieces dropped, 120 ms are owed");
    }
}

#[test]
fn a_burst_does_not_stay_as_delay() {
    for mut two in pairs(0) {
        two.run_ms(300);
        two.join();
        two.run_ms(500);
        // Another 300 ms at once.
        for _ in 0..15 {
            two.ends[1].tell(Input::Relay(&[100; 160]));
        }
        two.run_ms(400);
        let added = added_ms(&mut two, 0);
        assert!(added <= ADDED_MAX_MS, "{added} ms");
        assert!(two.ends[1].dropped() >= 10, "{}", two.ends[1].dropped());
    }
}

#[test]
fn a_leg_goes_on_when_the_other_falls_silent() {
    // Packets must not stop; a stream has nothing to say.
    for (end, most) in [(End::packets(3), 52), (End::stream(3), 2)] {
        let mut two = Two::new(End::stream(0), end);
        two.run_ms(300);
        two.join();
        two.run_ms(300);
        let left = |two: &Two| match &two.ends[1] {
            End::Stream(line) => line.ours.iter().filter(|ours| **ours).count() / 160,
            End::Packets(leg) => leg.left_at.len(),
        };
        let before = left(&two);
        for _ in 0..1000 {
            two.ends[1].step();
        }
        let sent = left(&two) - before;
        assert!((most - 2..=most).contains(&sent), "{sent} frames in a second");
        // Our own words need nobody to keep time for them.
        two.ends[1].say(&tone(1000.0, 500 * MS, 8000.0));
        for _ in 0..600 {
            two.ends[1].step();
        }
        let hears = two.ends[1].hears();
        let last = &hears[hears.len() - 400 * MS..hears.len() - 200 * MS];
        assert!((level_at(last, 1000.0) - level(last)).abs() < 0.1, "without a gap");
    }
}

#[test]
fn nothing_is_relayed_without_a_bridge_and_a_bridged_circuit_replays() {
    let mut two = Two::new(End::stream(0), End::stream(11));
    two.ends[0].tell(Input::Relay(&[7; 160]));
    assert_eq!(two.ends[0].dropped(), 1);
    two.ends[0].say(&tone(1000.0, 900 * MS, 8000.0));
    two.run_ms(700);
    two.join();
    two.ends[0].says(&tone(1000.0, 2000 * MS, 8000.0));
    two.ends[1].says(&tone(600.0, 2000 * MS, 8000.0));
    two.run_ms(3000);
    for end in &two.ends {
        let End::Stream(line) = end else { unreachable!() };
        let report = tape::replay(&line.tape).unwrap();
        assert!(report.torn.is_none() && report.outputs > 300, "{report:?}");
        assert!(line.heard_of_us().len() > 2500 * MS, "it was relayed");
    }
}
