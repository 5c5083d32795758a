use proptest::prelude::*;

use super::*;

fn packet(sequence: u16, timestamp: u32, ssrc: u32) -> Packet<'static> {
    Packet { payload_type: 0, marker: false, sequence, timestamp, ssrc, payload: &[] }
}

#[test]
fn loss_doubles_and_lateness_are_told_apart_over_the_wrap() {
    let mut receiver = Receiver::new(8_000);
    for (sequence, arrival) in [
        (0xFFFD, Arrival::First),
        (0xFFFE, Arrival::Next { lost: 0 }),
        (0xFFFE, Arrival::Duplicate),
        (1, Arrival::Next { lost: 2 }),
        (0xFFFF, Arrival::Late),
        (0xFFFF, Arrival::Duplicate),
        (2, Arrival::Next { lost: 0 }),
        (0xFFF0, Arrival::Duplicate),
    ] {
        let got = receiver.receive(Mono::ZERO, &packet(sequence, 0, 7));
        assert_eq!(got, arrival, "{sequence:#x}");
    }
    let reception = receiver.reception();
    assert_eq!((reception.received, reception.lost), (5, 1));
    assert_eq!((reception.duplicates, reception.reordered), (3, 1));
    let report = receiver.report().unwrap();
    assert_eq!((report.newest_sequence, report.total_lost), (0x1_0002, 1));
    assert_eq!(report.fraction_lost, (256 / 6) as u8);
    assert_eq!(receiver.report().unwrap().fraction_lost, 0);
}

#[test]
fn a_stray_changes_nothing_and_two_begin_anew() {
    let mut receiver = Receiver::new(8_000);
    let mut got = Vec::new();
    for (sequence, ssrc) in [(10, 7), (11, 7), (500, 8), (12, 7), (600, 8), (601, 8), (602, 8)] {
        got.push(receiver.receive(Mono::ZERO, &packet(sequence, 0, ssrc)));
    }
    let next = Arrival::Next { lost: 0 };
    let stray = Arrival::Stray;
    assert_eq!(got, [Arrival::First, next, stray, next, stray, Arrival::First, next]);
    assert_eq!(receiver.ssrc(), Some(8));
    // Numbers jump by half the circle within one SSRC: a restarted sender.
    assert_eq!(receiver.receive(Mono::ZERO, &packet(40_000, 0, 8)), Arrival::Stray);
    assert_eq!(receiver.receive(Mono::ZERO, &packet(40_001, 0, 8)), Arrival::First);
    let reception = receiver.reception();
    assert_eq!((reception.restarts, reception.strays, reception.lost), (2, 3, 0));
}

#[test]
fn jitter_is_that_of_the_standard() {
    // Packets alternate 5 ms early and 5 ms late: |D| is 10 ms, so the estimate nears 10 ms.
    let mut receiver = Receiver::new(8_000);
    let start = u32::MAX - 50 * 160;
    for n in 0..400u32 {
        let late_us = if n % 2 == 0 { 0 } else { 10_000 };
        let now = Mono::from_micros(u64::from(n) * 20_000 + late_us);
        receiver.receive(now, &packet(n as u16, start.wrapping_add(n * 160), 7));
    }
    let jitter_ms = receiver.reception().jitter_ms;
    assert!((jitter_ms - 10.0).abs() < 0.2, "{jitter_ms} ms");
}

proptest! {
    /// Whatever is lost, doubled or moved within 30 places, the counts add up.
    #[test]
    fn everything_is_accounted_for(
        start: u16,
        fates in prop::collection::vec((0u8..20, 0u64..30), 10..400),
    ) {
        let mut receiver = Receiver::new(8_000);
        let mut order = vec![(0, 0u64)];
        for (n, (fate, delay)) in fates.iter().enumerate().map(|(n, f)| (n as u64 + 1, f)) {
            if *fate > 0 {
                order.push((n + delay, n));
            }
            if *fate == 1 {
                order.push((n + delay + 2, n));
            }
        }
        order.sort();
        for (_, n) in &order {
            let sequence = start.wrapping_add(*n as u16);
            receiver.receive(Mono::ZERO, &packet(sequence, 0, 1));
        }
        let mut came: Vec<u64> = order.iter().map(|(_, n)| *n).collect();
        came.sort_unstable();
        came.dedup();
        let newest = came.last().copied().unwrap_or(0);
        let reception = receiver.reception();
        prop_assert_eq!(reception.received, came.len() as u64);
        prop_assert_eq!(reception.lost, newest + 1 - came.len() as u64);
        prop_assert_eq!(reception.duplicates, (order.len() - came.len()) as u64);
        prop_assert_eq!(reception.strays, 0);
    }
}
