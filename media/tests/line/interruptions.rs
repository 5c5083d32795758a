//! Speech interrupts us, quickly; nothing else does.

use media::{
    circuit::{CircuitConfig, Event},
    tape,
};

use crate::{
    carrier::{Judge, Line, Seen, silero},
    sound::{MS, Random, click, cough, hiss, recording, scaled, trimmed},
};

const CALLEES: [&str; 5] = [
    "speech-callee/austen-cold-hearted",
    "speech-callee/austen-ill-disposed",
    "speech-callee/cards-five-five",
    "speech-callee/cards-queen-of-clubs",
    "speech-callee/customer-support",
];

fn agent() -> Vec<i16> {
    let mut speech = recording("speech-agent/introduction");
    speech.extend(recording("speech-agent/book-a-table"));
    speech
}

fn percentile(sorted: &[u64], percent: usize) -> u64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

#[test]
fn two_hundred_interruptions_are_quick() {
    let silero = silero();
    let agent = agent();
    let callees: Vec<_> = CALLEES.iter().map(|name| trimmed(&recording(name))).collect();
    let mut random = Random(7);
    let (mut stopped, mut cleared) = (Vec::new(), Vec::new());
    for n in 0..200 {
        let mut line = Line::new(
            &CircuitConfig::default(),
            Judge::Silero(Box::new((silero.clone(), Default::default()))),
        );
        line.frame_phase_ms = random.below(20) as u64;
        line.judge_ms = 3 + random.below(8) as u64;
        line.travel = std::time::Duration::from_millis(2);
        line.callee_says(0, &hiss(n, 12_000 * MS, 20.0));
        line.say(&agent);
        let from = 800 * MS + random.below(7000 * MS);
        let which = random.below(callees.len());
        line.callee_says(from, &callees[which]);
        line.run_ms((from / MS) as u64 + 1500);
        let spoke_at = line.at(from);
        // Sound of ours between pauses of the sentence is 0 samples only when the carrier ran dry.
        let quiet = (from..line.position())
            .find(|&at| line.ours[at..].iter().take(40 * MS).all(|ours| !ours))
            .unwrap_or(from + 3000 * MS);
        stopped.push(line.at(quiet).since(spoke_at).as_millis() as u64);
        let clear = line.seen.iter().find(|(at, seen)| *seen == Seen::Clear && *at >= spoke_at);
        let clear_ms = clear.map_or(3000, |(at, _)| at.since(spoke_at).as_millis() as u64);
        cleared.push(clear_ms);
        let slow = stopped.last().is_some_and(|&ms| ms > 180) || clear_ms > 400;
        if slow {
            println!(
                "try {n}: {} at {} ms: stopped {:?}, clear {clear_ms}",
                CALLEES[which],
                from / MS,
                stopped.last()
            );
            for (at, seen) in &line.seen {
                println!(
                    "    {:>6} ms {seen:?}",
                    at.as_millis() as i64 - spoke_at.as_millis() as i64
                );
            }
        }
        if clear.is_some() {
            check_position(&line, &agent);
        }
    }
    stopped.sort_unstable();
    cleared.sort_unstable();
    let p = |of: &[u64], percent| percentile(of, percent);
    println!(
        "stopped at the callee: p50 {} p90 {} p99 {} max {} ms",
        p(&stopped, 50),
        p(&stopped, 90),
        p(&stopped, 99),
        p(&stopped, 100)
    );
    println!(
        "clear on the wire: p50 {} p90 {} p99 {} max {} ms",
        p(&cleared, 50),
        p(&cleared, 90),
        p(&cleared, 99),
        p(&cleared, 100)
    );
    assert!(percentile(&stopped, 50) <= 100 && percentile(&stopped, 99) <= 180);
    assert!(percentile(&cleared, 50) <= 140);
}

/// What we believe was heard is what was heard, within 25 ms.
fn check_position(line: &Line, agent: &[i16]) {
    let heard = line
        .events()
        .find_map(|(_, event)| match event {
            Event::Interrupted { heard, .. } => Some(heard),
            _ => None,
        })
        .unwrap();
    let truth = line.heard_of_us().len() / MS;
    assert!(truth.abs_diff(heard.ms as usize) <= 25, "{truth} ms, {heard:?}");
    assert_eq!(heard.of_ms as usize, agent.len() / MS);
}

/// The agent speaks while `noise` comes in; returns the line when all is over.
fn undisturbed(noise: impl FnOnce(&mut Line)) -> Line {
    let mut line = Line::new(
        &CircuitConfig::default(),
        Judge::Silero(Box::new((silero(), Default::default()))),
    );
    let agent = agent();
    line.callee_says(0, &hiss(1, 20_000 * MS, 20.0));
    noise(&mut line);
    line.run_ms(100);
    line.say(&agent);
    line.run_ms(16_000);
    let expected: Vec<i16> = agent
        .iter()
        .map(|&s| media::codec::g711::mulaw_decode(media::codec::g711::mulaw_encode(s)))
        .collect();
    let heard = line.heard_of_us();
    let bad: Vec<_> =
        line.events().filter(|(_, event)| matches!(event, Event::Interrupted { .. })).collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert!(heard.len() >= expected.len(), "{} of {}", heard.len(), expected.len());
    assert_eq!(heard[..expected.len()], expected, "lost or repeated samples");
    assert!(heard[expected.len()..].iter().all(|&s| s == 0));
    let finished = line.events().any(|(_, event)| {
        matches!(event, Event::Finished { heard, .. }
            if heard.confirmed && heard.ms as usize == agent.len() / MS)
    });
    assert!(finished);
    line
}

fn pauses(line: &Line) -> usize {
    line.events().filter(|(_, event)| matches!(event, Event::Paused { .. })).count()
}

#[test]
fn coughs_do_not_end_an_utterance() {
    for seed in 0..12 {
        let mut random = Random(seed);
        let line = undisturbed(|line| {
            for n in 0..4 {
                let at = (1000 + n * 2200 + random.below(600) as u64) as usize * MS;
                line.callee_says(at, &cough(seed * 10 + n, 4000.0 + 4000.0 * (n as f32)));
            }
        });
        println!("seed {seed}: {} pauses for 4 coughs", pauses(&line));
    }
}

#[test]
fn clicks_and_line_noise_do_not_end_an_utterance() {
    let line = undisturbed(|line| {
        for n in 0..20 {
            line.callee_says((600 + n * 450) * MS, &click(n as u64, 30_000.0));
        }
    });
    println!("{} pauses for 20 clicks", pauses(&line));
    let line = undisturbed(|line| {
        line.callee_says(2000 * MS, &hiss(5, 3000 * MS, 900.0));
        line.callee_says(7000 * MS, &hiss(6, 2000 * MS, 3000.0));
    });
    println!("{} pauses for bursts of noise", pauses(&line));
    let shop = recording("speech-callee/coffee-shop");
    let line = undisturbed(|line| line.callee_says(0, &shop));
    println!("{} pauses in a coffee shop", pauses(&line));
}

#[test]
fn our_echo_does_not_end_an_utterance() {
    for delay_ms in [5, 60, 180, 320] {
        let line = undisturbed(|line| line.echo = Some((delay_ms * MS, 0.1)));
        assert_eq!(pauses(&line), 0, "{delay_ms} ms");
    }
}

#[test]
fn an_echo_does_not_hide_the_callee() {
    let callee = trimmed(&recording(CALLEES[0]));
    let mut line = Line::new(
        &CircuitConfig::default(),
        Judge::Silero(Box::new((silero(), Default::default()))),
    );
    line.echo = Some((120 * MS, 0.1));
    line.say(&agent());
    line.callee_says(4000 * MS, &callee);
    line.run_ms(6000);
    let accepted = line.events().find_map(|(_, event)| match event {
        Event::Interrupted { reaction_ms, .. } => Some(reaction_ms),
        _ => None,
    });
    println!("accepted over an echo after {accepted:?} ms");
    assert!(accepted.is_some_and(|ms| ms <= 300));
}

#[test]
fn without_verdicts_the_gate_decides_later() {
    let callee = trimmed(&recording(CALLEES[0]));
    for (judge, within_ms) in [(Judge::Level, 200), (Judge::Asleep, 1200)] {
        let mut line = Line::new(&CircuitConfig::default(), judge);
        line.say(&agent());
        line.callee_says(2000 * MS, &callee);
        line.run_ms(2000 + within_ms);
        let accepted = line.events().any(|(_, e)| matches!(e, Event::Interrupted { .. }));
        assert!(accepted, "within {within_ms} ms: {:?}", line.seen);
    }
}

#[test]
fn quiet_speech_between_our_utterances_is_heard_from_start_to_end() {
    for (n, name) in CALLEES.iter().enumerate() {
        let callee = scaled(&trimmed(&recording(name)), -6.0);
        let mut line = Line::new(
            &CircuitConfig::default(),
            Judge::Silero(Box::new((silero(), Default::default()))),
        );
        line.callee_says(0, &hiss(n as u64, 12_000 * MS, 20.0));
        line.callee_says(1000 * MS, &callee);
        line.run_ms(2500 + (callee.len() / MS) as u64);
        let edges: Vec<_> = line
            .events()
            .filter_map(|(_, event)| match event {
                Event::SpeechStarted { from_sample, .. } => Some((true, from_sample as usize / MS)),
                Event::SpeechEnded { to_sample, .. } => Some((false, to_sample as usize / MS)),
                _ => None,
            })
            .collect();
        println!("{name}: 1000–{} ms heard as {edges:?}", 1000 + callee.len() / MS);
        let (first, last) = (edges.first().unwrap(), edges.last().unwrap());
        assert!(first.0 && first.1.abs_diff(1000) <= 80, "{edges:?}");
        assert!(!last.0 && last.1.abs_diff(1000 + callee.len() / MS) <= 150, "{edges:?}");
    }
}

#[test]
fn a_whole_call_replays_from_its_tape() {
    let callee = trimmed(&recording(CALLEES[3]));
    let mut line = Line::new(
        &CircuitConfig::default(),
        Judge::Silero(Box::new((silero(), Default::default()))),
    );
    line.say(&agent());
    line.callee_says(1500 * MS, &cough(3, 8000.0));
    line.callee_says(4000 * MS, &callee);
    line.run_ms(7000);
    line.say(&agent()[..16_000]);
    line.run_ms(3000);
    let report = tape::replay(&line.tape).unwrap();
    assert!(report.torn.is_none() && report.outputs > 700, "{report:?}");
    println!("{} bytes for 10 s, {report:?}", line.tape.len());
}
