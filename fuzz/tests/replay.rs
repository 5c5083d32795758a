//! Every committed input again, then a bounded number of mutations of them from one seed. A failure
//! prints target, seed and input; add the input to the target's corpus once it is fixed.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fastrand::Rng;
use fuzz::TARGETS;

/// Mutations per target; more with `FUZZ_MUTATIONS=100000 cargo test -p fuzz`.
const MUTATIONS: usize = 300;
/// Longest mutated input, in bytes.
const BYTES_MAX: usize = 4096;
/// Bytes that parsers trip over.
const SPECIAL: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'\n'];
const SEED: u64 = 0x7472_756e_6b6c_696e;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The committed inputs of a target, in order.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let path = folder("corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a readable input")).collect()
}

/// A child of one or two committed inputs.
fn mutated(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut data = corpus[rng.usize(..corpus.len())].clone();
    for _ in 0..rng.usize(1..8) {
        let at = rng.usize(..=data.len());
        let last = data.len().saturating_sub(1);
        match rng.u8(..6) {
            0 if !data.is_empty() => data[at.min(last)] ^= 1 << rng.u8(..8),
            1 if !data.is_empty() => data[at.min(last)] = rng.u8(..),
            2 => data.insert(at, SPECIAL[rng.usize(..SPECIAL.len())]),
            3 => data.truncate(at),
            4 => {
                let other = &corpus[rng.usize(..corpus.len())];
                let from = rng.usize(..=other.len());
                data.splice(at.., other[from..].iter().copied());
            }
            _ => {
                let end = (at + rng.usize(..16)).min(data.len());
                let piece = data[at..end].to_vec();
                data.splice(at..at, piece);
            }
        }
    }
    data.truncate(BYTES_MAX);
    data
}

fn attack(name: &str, target: fuzz::Target, data: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| target(data))).is_err() {
        panic!("{name} failed on {} bytes: b\"{}\"", data.len(), data.escape_ascii());
    }
}

#[test]
fn committed_inputs_and_their_mutations_only_return() {
    let mutations = std::env::var("FUZZ_MUTATIONS").ok().and_then(|n| n.parse().ok());
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for data in &corpus {
            attack(name, *target, data);
        }
        let mut rng = Rng::with_seed(SEED);
        for _ in 0..mutations.unwrap_or(MUTATIONS) {
            attack(name, *target, &mutated(&mut rng, &corpus));
        }
    }
}

#[test]
fn every_target_has_its_binary_and_every_corpus_its_target() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found = |folder_name: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder(folder_name)).expect("a readable folder");
        let stem = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        entries.filter_map(|entry| stem(entry.ok()?.path())).collect()
    };
    assert_eq!(found("fuzz_targets"), names);
    assert_eq!(found("corpus"), names);
    let manifest = fs::read_to_string(folder("Cargo.toml")).expect("a manifest");
    for name in &names {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name}: no [[bin]]"
        );
    }
}

#[test]
fn a_target_that_panics_is_noticed() {
    let caught = catch_unwind(|| attack("bad", |data| assert!(data.is_empty()), b"x"));
    let said = caught.expect_err("noticed");
    let said = said.downcast_ref::<String>().expect("words");
    assert!(said.contains("bad failed on 1 bytes: b\"x\""), "{said}");
}
