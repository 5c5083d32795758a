//! Trees by chance against a simple reference: breadth first search over the tree gives the fewest
//! choices; the navigator must arrive, with as many, and never press what nobody offered.

mod garden;

use garden::grown;
use sim::trial::{self, TrialConfig};

/// Trees per test: `MENU_TREES` of the environment, else enough for every day.
fn trees() -> u64 {
    std::env::var("MENU_TREES").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

#[test]
fn plain_trees_are_walked_the_shortest_way() {
    for seed in 0..trees() {
        let (tree, errand, fewest) = grown(seed, false);
        tree.check().expect("a tree");
        let config = TrialConfig { seed, ..TrialConfig::default() };
        let report = trial::run(&tree, &errand, &config).expect("sounds");
        assert!(report.succeeds(&errand), "seed {seed}: {report}");
        assert_eq!(report.choices(), fewest, "seed {seed}: {report}");
        assert!(report.unoffered().is_empty(), "seed {seed}: {:?}", report.unoffered());
    }
}

#[test]
fn tricky_trees_are_walked_all_the_same() {
    for seed in 1_000_000..1_000_000 + trees() {
        let (tree, errand, fewest) = grown(seed, true);
        let config = TrialConfig { seed, ..TrialConfig::default() };
        let report = trial::run(&tree, &errand, &config).expect("sounds");
        assert!(report.succeeds(&errand), "seed {seed}: {report}");
        // Each choice may have to be made again slower, and once more by voice.
        assert!(report.choices() <= 3 * fewest, "seed {seed}: {fewest} would do: {report}");
        assert!(report.unoffered().is_empty(), "seed {seed}: {:?}", report.unoffered());
    }
}

#[test]
fn a_recogniser_that_errs_seldom_leads_astray() {
    let trees = trees();
    let mut arrived = 0;
    for seed in 2_000_000..2_000_000 + trees {
        let (tree, errand, _) = grown(seed, false);
        let config = TrialConfig { seed, errors_per_mille: 80, ..TrialConfig::default() };
        let report = trial::run(&tree, &errand, &config).expect("sounds");
        // Whatever was misheard: it ends, and not by going round.
        assert!(report.end.is_some() && report.choices() < 40, "seed {seed}: {report}");
        arrived += u64::from(report.succeeds(&errand));
    }
    println!("{arrived} of {trees} arrived with 8 words of 100 misheard");
    assert!(arrived * 100 >= trees * 95, "{arrived} of {trees}");
}
