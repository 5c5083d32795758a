//! The navigator against phone trees, in virtual time: every shipped tree, and trees by chance.

use sim::{
    tree::{SHIPPED, Tree},
    trial::{self, Report, TrialConfig},
};

fn story(report: &Report) -> String {
    let lines = report.outputs.iter().map(|(ms, output)| format!("{:>7.2} {output:?}\n", *ms as f32 / 1e3));
    let visits: Vec<&str> = report.account.visits.iter().map(|visit| visit.node.as_str()).collect();
    format!("{:?} {:?} {:?}\n{}", report.end, visits, report.keys(), lines.collect::<String>())
}

#[test]
fn every_shipped_tree_is_solved() {
    let mut failed = String::new();
    for (name, toml) in SHIPPED {
        let tree = Tree::parse(toml).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!tree.errands.is_empty(), "{name}");
        for (index, errand) in tree.errands.iter().enumerate() {
            for seed in 1..=4 {
                let config = TrialConfig { seed, ..TrialConfig::default() };
                let report = trial::run(&tree, errand, &config).expect("sounds");
                if !report.succeeds(errand) {
                    failed += &format!("{name}, errand {index}, seed {seed}: {}\n", story(&report));
                    break;
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
