//! Whole calls against phone trees, in virtual time: every shipped tree, and trees by chance.

mod garden;

use garden::grown;
use sim::{
    tree::{SHIPPED, Tree},
    trial::{self, CallReport, CallTrial},
};

/// A person may say as well that they are closed: only who hears that it is a machine reports it.
const ONLY_BY_SOUND: &[&str] = &["closed"];

fn solve_all(senses: bool) {
    let mut failed = String::new();
    for (name, toml) in SHIPPED.iter().filter(|(name, _)| senses || !ONLY_BY_SOUND.contains(name)) {
        let tree = Tree::parse(toml).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (index, errand) in tree.errands.iter().enumerate() {
            let config = CallTrial { senses, ..CallTrial::default() };
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

#[test]
fn every_press_and_its_effect_stand_in_the_transcript() {
    let tree = Tree::parse(SHIPPED[0].1).expect("a tree");
    let report = trial::call(&tree, &tree.errands[0], &CallTrial::default()).expect("sounds");
    let lines = trial::menu_lines(&report.lines);
    let at = |begins: &str| lines.iter().position(|line| line.starts_with(begins));
    let (menu, chose, effect) = (at("menu 1: "), at("chose 2 (for billing)"), at("effect of 2: "));
    assert!(menu.is_some() && menu < chose && chose < effect, "{lines:?}");
    assert_eq!(report.keys(), "2");
}

#[test]
fn the_same_seed_gives_the_same_call() {
    let tree = Tree::parse(SHIPPED[6].1).expect("a tree");
    let config = CallTrial { seed: 5, ..CallTrial::default() };
    let story = || trial::call(&tree, &tree.errands[0], &config).expect("sounds").to_string();
    assert_eq!(story(), story());
}

/// Trees per test: `MENU_CALLS` of the environment, else enough for every day.
fn trees() -> u64 {
    std::env::var("MENU_CALLS").ok().and_then(|count| count.parse().ok()).unwrap_or(20)
}

fn choices(report: &CallReport) -> usize {
    let lines = trial::menu_lines(&report.lines);
    lines.iter().filter(|line| line.starts_with("chose ")).count()
}

/// Each call must arrive with at most so many times the fewest choices; who hears ringing presses nothing into
/// it.
fn walk_all(first: u64, is_tricky: bool, senses: bool, times: usize) {
    let mut failed = String::new();
    for seed in first..first + trees() {
        let (tree, errand, fewest) = grown(seed, is_tricky);
        let config = CallTrial { seed, senses, ..CallTrial::default() };
        let report = trial::call(&tree, &errand, &config).expect("sounds");
        let arrives = report.succeeds(&errand) && choices(&report) <= times * fewest;
        if !arrives || senses && report.unoffered() > 0 {
            failed += &format!("seed {seed}, {fewest} choices would do: {report}\n");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn plain_trees_by_chance_by_sound_and_words() {
    walk_all(0, false, true, 1);
}

#[test]
fn tricky_trees_by_chance_by_sound_and_words() {
    walk_all(1_000_000, true, true, 3);
}

#[test]
fn plain_trees_by_chance_by_words_alone() {
    walk_all(2_000_000, false, false, 3);
}
