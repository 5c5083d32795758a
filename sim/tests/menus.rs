//! The navigator against phone trees, in virtual time: every shipped tree, and trees by chance.

use sim::{
    tree::{SHIPPED, Tree},
    trial::{self, TrialConfig},
};

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
                    failed += &format!("{name}, errand {index}, seed {seed}: {report}\n");
                    break;
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed}");
}
