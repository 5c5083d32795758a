//! The detector of keys holds ITU-T Q.24; `-- --nocapture` prints how.

use dtmf::q24::{Row, bandwidths_percent, lateness_ms, sung, table};

#[test]
fn the_detector_holds_q_24() {
    let rows = table();
    println!("| ITU-T Q.24 | trials | right |\n|---|---|---|");
    for Row { what, trials, right } in &rows {
        println!("| {what} | {trials} | {right} |");
    }
    let (late_ms, latest_ms) = lateness_ms();
    println!("| reported after, p95 and latest | 1632 | {late_ms:.1} ms, {latest_ms:.1} ms |");
    let widths = bandwidths_percent();
    for (hz, down, up) in &widths {
        println!("| {hz} Hz is heard when off by | 2 | -{down:.1} % to +{up:.1} % |");
    }
    let (seconds, heard) = sung();
    println!("| sung vowels, seconds and false keys | {seconds} | {heard} |");
    for Row { what, trials, right } in rows {
        assert_eq!(right, trials, "{what}");
    }
    assert!(late_ms <= 45.0 && latest_ms <= 45.0, "{late_ms} ms, {latest_ms} ms");
    for (hz, down, up) in widths {
        assert!((1.5..3.5).contains(&down) && (1.5..3.5).contains(&up), "{hz} Hz: -{down} +{up} %");
    }
    assert!(heard <= 3, "{heard} keys in {seconds} s of vowels");
}
