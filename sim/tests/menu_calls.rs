//! Whole calls against phone trees, in virtual time: every shipped tree and trees by chance.

use sim::{
    tree::{SHIPPED, Tree},
    trial::{self, CallTrial},
};

fn solve_all(senses: bool) {
    let only = std::env::var("MENU_TREE").ok();
    let mut failed = String::new();
    for (name, toml) in SHIPPED.iter().filter(|(name, _)| only.as_ref().is_none_or(|o| o == name)) {
        let tree = Tree::parse(toml).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (index, errand) in tree.errands.iter().enumerate() {
            let config = CallTrial { seed: 1, senses, ..CallTrial::default() };
            let report = trial::call(&tree, errand, &config).expect("sounds");
            if !report.succeeds(errand) {
                failed += &format!("{name}, errand {index}: {report}\n");
            }
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn every_shipped_tree_is_solved_by_sound_and_words() {
    solve_all(true);
}

#[test]
fn every_shipped_tree_is_solved_by_words_alone() {
    solve_all(false);
}
