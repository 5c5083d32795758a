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

#[test]
fn the_documented_tree_is_read_and_solved() {
    let page = include_str!("../../docs/menus.md");
    let (_, rest) = page.split_once("```toml\n").expect("an example");
    let (toml, _) = rest.split_once("```").expect("its end");
    let tree = Tree::parse(toml).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(tree.errands.len(), 2);
    for errand in &tree.errands {
        let report = trial::run(&tree, errand, &TrialConfig::default()).expect("sounds");
        assert!(report.succeeds(errand), "{report}");
        assert!(report.unoffered().is_empty(), "{report}");
    }
    for (name, _) in SHIPPED {
        assert!(page.contains(&format!("`{name}`")), "{name} is not on the page");
    }
}

#[test]
fn the_same_seed_gives_the_same_story() {
    let tree = Tree::parse(SHIPPED[6].1).expect("a tree");
    let config = TrialConfig { errors_per_mille: 100, seed: 5, ..TrialConfig::default() };
    let story = || trial::run(&tree, &tree.errands[0], &config).expect("sounds").to_string();
    assert_eq!(story(), story());
}

/// Callers press nothing that nobody offers, but where nothing is offered that helps.
#[test]
fn only_offered_keys_are_pressed() {
    for (name, toml) in SHIPPED {
        let tree = Tree::parse(toml).expect("a tree");
        for errand in &tree.errands {
            let report = trial::run(&tree, errand, &TrialConfig::default()).expect("sounds");
            let lost: Vec<_> =
                report.unoffered().into_iter().filter(|key| key.digit.as_char() != '0').collect();
            let is_told = *name == "invalid_option"; // it offers what it does not take
            assert!(lost.is_empty() || is_told, "{name}: {report}");
        }
    }
}
