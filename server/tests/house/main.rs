//! The structure of the house, checked like any other behaviour: who imports whom, how large a file
//! may grow, which names are not used, where `unsafe` may stand, what every crate must open with.
//!
//! Each check is a plain function from text to findings, so that the second half of this file can
//! show that it fails on a bad sample.

mod code;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use code::{code_only, has_word, without_words};

/// Who may import whom; the order is the ladder, lowest first.
const LADDER: &[(&str, &[&str])] = &[
    ("dtmf", &[]),
    ("media", &["dtmf"]),
    ("telephony", &["dtmf", "media"]),
    ("agent", &["dtmf", "media", "telephony"]),
    ("platform", &["dtmf", "media", "telephony", "agent"]),
    ("sim", &["dtmf", "media", "telephony", "agent"]),
    ("server", &["dtmf", "media", "telephony", "agent", "platform", "sim"]),
    ("loadtest", &["dtmf", "media", "telephony", "agent", "platform", "sim", "server"]),
    ("benches", &["dtmf", "media", "telephony", "agent", "platform", "sim", "server"]),
    ("fuzz", &["dtmf", "media", "telephony", "agent", "platform", "sim", "server"]),
];

/// Floors without I/O: `clippy.toml` bans clock, thread, socket and lock there.
const PURE: &[&str] = &["dtmf", "media", "telephony", "agent", "platform"];

/// Crates that bring sockets, threads, clocks, files or chance: never below `server` and `sim`.
const IMPURE_CRATES: &[&str] = &[
    "anyhow",
    "axum",
    "crossbeam-channel",
    "dotenvy",
    "fastrand",
    "figment",
    "futures-util",
    "hyper",
    "hyper-util",
    "jiff",
    "metrics",
    "rand",
    "ratatui",
    "reqwest",
    "ringbuf",
    "rustls",
    "tokio",
    "tokio-tungstenite",
    "tracing",
];

/// What a pure crate's `clippy.toml` must ban.
const BANNED_BY_CLIPPY: &[&str] = &[
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::sync::Mutex",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::collections::HashMap",
];

/// No file is longer.
const LINES_MAX: usize = 600;
/// Longer ones are listed when the test runs with `--nocapture`.
const LINES_USUAL: usize = 300;

/// The one crate that may hold `unsafe`: Opus, whose C-shaped interface cannot do without.
const UNSAFE_CRATE: &str = "media/opus-sys/";

/// The places where a thread may sleep, each a thread of the shell that owns its own grid: the tick
/// of a media thread, the writer's flush, the simulated far end, replay as slow as the call was,
/// and the load generator's look at its sockets.
const MAY_SLEEP: &[&str] = &[
    "server/src/media_thread/thread.rs",
    "server/src/journal/writer.rs",
    "server/src/carrier/far_end.rs",
    "server/src/replay.rs",
    "loadtest/src/generator.rs",
];

/// Names that say nothing about the job.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "manager", "managers", "handler", "handlers",
    "service", "services", "misc",
];

/// One file of the repository.
struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("server stands in the root").to_owned()
}

/// All text files that belong to the house, in order.
fn files() -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let relative = path.strip_prefix(root()).expect("below the root");
            let relative = relative.to_string_lossy().replace('\\', "/");
            // Of a worktree `.git` is a file.
            if relative == ".git" {
                continue;
            }
            if path.is_dir() {
                let skipped = ["target", "calls", "models"].contains(&relative.as_str());
                if !skipped && relative != "fuzz/target" && relative != "fuzz/corpus" {
                    folders.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push(File { path: relative, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 40, "the house has more files than {}", found.len());
    found
}

fn rust_files() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// Whole files of tests.
fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// The crate a path belongs to.
fn crate_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

// ── The checks ──────────────────────────────────────────────────────────────────────────────────

/// A manifest may name only crates of lower floors, and pure floors none that does I/O.
fn check_manifest(name: &str, manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().expect("a manifest is TOML");
    let mut findings = Vec::new();
    let Some((_, below)) = LADDER.iter().find(|(floor, _)| *floor == name) else {
        return vec![format!("{name} has no place on the ladder")];
    };
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(table) = manifest.get(section).and_then(|it| it.as_table()) else { continue };
        for needed in table.keys().map(String::as_str) {
            let ours = LADDER.iter().any(|(floor, _)| *floor == needed);
            if ours && !below.contains(&needed) {
                findings.push(format!("{name} must not import {needed} ({section})"));
            }
            let real = section == "dependencies";
            if real && PURE.contains(&name) && IMPURE_CRATES.contains(&needed) {
                findings.push(format!("{name} is pure and must not need {needed}"));
            }
        }
    }
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    if lints.and_then(toml::Value::as_bool) != Some(true) {
        findings.push(format!("{name} does not take the workspace's lints"));
    }
    findings
}

/// Paths in the source climb no ladder either (a renamed dependency would hide from the manifest).
fn check_paths(file: &File) -> Vec<String> {
    let name = crate_of(&file.path);
    let Some((_, below)) = LADDER.iter().find(|(floor, _)| *floor == name) else {
        return Vec::new();
    };
    let code = code_only(&file.text);
    LADDER
        .iter()
        .map(|(floor, _)| *floor)
        .filter(|floor| *floor != name && !below.contains(floor))
        .filter(|floor| {
            code.lines().any(|line| line.trim_start().starts_with(&format!("use {floor}::")))
        })
        .map(|floor| format!("{} uses {floor}, which stands above it", file.path))
        .collect()
}

fn check_size(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        vec![format!("{} has {lines} lines, more than {LINES_MAX}: split it by job", file.path)]
    } else {
        Vec::new()
    }
}

/// Names of files, folders, modules and types say the job.
fn check_names(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for part in file.path.split('/').map(|part| part.split('.').next().unwrap_or(part)) {
        if EMPTY_NAMES.contains(&part) || part.ends_with("_v2") || part.ends_with("_new") {
            findings.push(format!("{}: the name {part} says nothing about the job", file.path));
        }
    }
    let code = code_only(&file.text);
    let words: Vec<&str> =
        code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    for pair in words.windows(2) {
        let (kind, name) = (pair[0], pair[1]);
        let types = ["Util", "Utils", "Helper", "Manager", "Handler", "Service"];
        let bad_type = ["struct", "enum", "trait", "type"].contains(&kind)
            && types.iter().any(|end| name.ends_with(end));
        let bad_mod = kind == "mod" && (EMPTY_NAMES.contains(&name) || name.ends_with("_v2"));
        if bad_type || bad_mod {
            findings.push(format!("{}: {kind} {name} says nothing about the job", file.path));
        }
    }
    findings
}

/// `unsafe` in one place, no unfinished code, no sleeping, no queue without an end.
fn check_code(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    let code = if is_test_file(&file.path) { String::new() } else { code_only(&file.text) };
    if !file.path.starts_with(UNSAFE_CRATE) && has_word(&without_words(&file.text), "unsafe") {
        findings.push(format!("{}: unsafe belongs to {UNSAFE_CRATE} alone", file.path));
    }
    for (macro_name, why) in [
        ("todo", "unfinished code"),
        ("unimplemented", "unfinished code"),
        ("dbg", "a leftover of debugging"),
    ] {
        let called = format!("{macro_name}!");
        if code
            .match_indices(&called)
            .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        {
            findings.push(format!("{}: {called} is {why}", file.path));
        }
    }
    if code.contains("thread::sleep") && !MAY_SLEEP.contains(&file.path.as_str()) {
        findings.push(format!("{}: only threads that own a grid sleep", file.path));
    }
    for word in ["unbounded", "unbounded_channel"] {
        if has_word(&code, word) {
            findings.push(format!("{}: every queue has an end", file.path));
        }
    }
    findings
}

/// The root of a crate opens with a doc comment worth reading.
fn check_opening(file: &File) -> Vec<String> {
    let doc: String = file
        .text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .map(|line| line.trim_start_matches("//!").trim())
        .collect();
    if doc.len() < 40 {
        vec![format!("{}: open with a doc comment that says what is in here", file.path)]
    } else {
        Vec::new()
    }
}

/// Nothing of the machine it was written on, nothing left to do.
fn check_words(file: &File) -> Vec<String> {
    let words = [
        concat!("/", "work/"),
        concat!("/", "home/"),
        concat!("/", "tmp/t/"),
        concat!("..", "/shared"),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("clau", "de"),
        concat!("co-authored", "-by"),
    ];
    words
        .iter()
        .filter(|word| file.text.contains(**word) || file.text.to_lowercase().contains(**word))
        .map(|word| format!("{} mentions {word}", file.path))
        .collect()
}

/// The floors table of ARCHITECTURE.md names every crate.
fn check_floors(architecture: &str, members: &[String]) -> Vec<String> {
    let table: String = architecture.lines().filter(|line| line.starts_with('|')).collect();
    members
        .iter()
        .filter(|name| !table.contains(&format!("`{name}`")))
        .map(|name| format!("ARCHITECTURE.md: the floors table does not name `{name}`"))
        .collect()
}

/// Names in a list of checksums are the names that are there.
fn check_sums(sums: &str, present: &BTreeSet<String>) -> Vec<String> {
    let listed: BTreeSet<String> =
        sums.lines().filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect();
    let missing = listed.difference(present).map(|name| format!("{name} is listed and not there"));
    let extra = present.difference(&listed).map(|name| format!("{name} is there and not listed"));
    missing.chain(extra).collect()
}

// ── The house passes them ───────────────────────────────────────────────────────────────────────

fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n  {}", findings.join("\n  "));
}

#[test]
fn lower_floors_do_not_import_higher_ones() {
    let mut findings = Vec::new();
    for (name, _) in LADDER {
        let manifest =
            fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
        findings.extend(check_manifest(name, &manifest));
    }
    findings.extend(rust_files().iter().flat_map(check_paths));
    none(findings);
}

#[test]
fn pure_floors_ban_clock_thread_socket_and_lock() {
    for name in PURE {
        let path = root().join(name).join("clippy.toml");
        let rules = fs::read_to_string(&path).expect("every pure crate has a clippy.toml");
        for banned in BANNED_BY_CLIPPY {
            assert!(rules.contains(&format!("\"{banned}\"")), "{name}/clippy.toml allows {banned}");
        }
    }
}

#[test]
fn files_stay_small() {
    let files = rust_files();
    for file in &files {
        let lines = file.text.lines().count();
        if lines > LINES_USUAL {
            println!("{lines:5} lines: {}", file.path);
        }
    }
    none(files.iter().flat_map(check_size).collect());
}

#[test]
fn names_say_the_job() {
    none(rust_files().iter().flat_map(check_names).collect());
}

#[test]
fn code_is_finished_safe_and_bounded() {
    none(rust_files().iter().flat_map(check_code).collect());
}

#[test]
fn who_may_sleep_does() {
    for path in MAY_SLEEP {
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        assert!(code_only(&text).contains("thread::sleep"), "{path} need not be listed any more");
    }
}

#[test]
fn every_crate_says_what_is_in_it() {
    let roots = ["/src/lib.rs", "/src/main.rs"];
    let is_root = |file: &&File| roots.iter().any(|end| file.path.ends_with(end));
    none(rust_files().iter().filter(is_root).flat_map(check_opening).collect());
}

#[test]
fn nothing_mentions_the_machine_it_was_written_on() {
    none(
        files().iter().filter(|file| !file.path.ends_with(".lock")).flat_map(check_words).collect(),
    );
}

#[test]
fn the_map_names_every_crate() {
    let text = |name: &str| fs::read_to_string(root().join(name)).expect(name);
    let manifest: toml::Table = text("Cargo.toml").parse().expect("TOML");
    let members: Vec<String> = manifest["workspace"]["members"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|member| member.as_str())
        .filter(|member| !member.contains('/'))
        .map(str::to_owned)
        .collect();
    let on_ladder: BTreeSet<&str> = LADDER.iter().map(|(name, _)| *name).collect();
    assert_eq!(on_ladder, members.iter().map(String::as_str).collect::<BTreeSet<_>>());
    none(check_floors(&text("ARCHITECTURE.md"), &members));
}

#[test]
fn the_models_are_the_ones_that_were_measured() {
    let models = root().join("models");
    let sums = fs::read_to_string(models.join("SHA256SUMS")).expect("models/SHA256SUMS");
    let mut present = BTreeMap::new();
    for folder in fs::read_dir(&models).expect("models").flatten().filter(|it| it.path().is_dir()) {
        for file in fs::read_dir(folder.path()).expect("a model's folder").flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if ["LICENSE", "NOTICE"].contains(&name.as_str()) {
                continue;
            }
            let hash = Sha256::digest(fs::read(file.path()).expect("a readable model"));
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            present.insert(format!("{}/{name}", folder.file_name().to_string_lossy()), hash);
        }
        assert!(folder.path().join("LICENSE").exists(), "{:?} has no licence", folder.path());
    }
    none(check_sums(&sums, &present.keys().cloned().collect()));
    for line in sums.lines() {
        let (hash, name) = line.split_once("  ").expect("hash, two spaces, name");
        assert_eq!(present[name], hash, "{name} is not the file that was measured");
    }
}

// ── Each check can fail ─────────────────────────────────────────────────────────────────────────

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

#[test]
fn a_climbing_import_is_found() {
    let lints = "[lints]\nworkspace = true\n";
    let clean = format!("[dependencies]\ndtmf.workspace = true\nserde = \"1\"\n{lints}");
    none(check_manifest("media", &clean));
    for (name, bad) in [
        ("media", format!("[dependencies]\nagent.workspace = true\n{lints}")),
        ("agent", format!("[dev-dependencies]\nsim.workspace = true\n{lints}")),
        ("telephony", format!("[dependencies]\ntokio = \"1\"\n{lints}")),
        ("dtmf", "[dependencies]\n".to_owned()),
        ("attic", lints.to_owned()),
    ] {
        assert_eq!(check_manifest(name, &bad).len(), 1, "{name}: {bad}");
    }
    assert_eq!(check_paths(&file("media/src/a.rs", "use server::config;\n")).len(), 1);
    assert_eq!(
        check_paths(&file("media/src/a.rs", "// use server::config;\nuse dtmf::Digit;\n")).len(),
        0
    );
}

#[test]
fn a_long_file_and_an_empty_name_are_found() {
    assert_eq!(check_size(&file("a.rs", &"\n".repeat(LINES_MAX + 1))).len(), 1);
    assert_eq!(check_size(&file("a.rs", &"\n".repeat(LINES_MAX))).len(), 0);
    for (path, text) in [
        ("media/src/utils.rs", ""),
        ("agent/src/common/mod.rs", ""),
        ("agent/src/turn_v2.rs", ""),
        ("agent/src/turn.rs", "pub struct CallManager;"),
        ("agent/src/turn.rs", "mod helpers;"),
    ] {
        assert_eq!(check_names(&file(path, text)).len(), 1, "{path} {text}");
    }
    none(check_names(&file("agent/src/turn.rs", "// a struct Manager\nfn handle(manager: u8) {}")));
}

#[test]
fn unsafe_unfinished_and_unbounded_code_is_found() {
    for bad in [
        "fn f() { unsafe { g() } }",
        "fn f() { todo!() }",
        "fn f() { unimplemented!(\"later\") }",
        "fn f() { dbg!(1); }",
        "fn f() { std::thread::sleep(D); }",
        "fn f() { mpsc::unbounded_channel(); }",
        "fn f() { crossbeam_channel::unbounded(); }",
    ] {
        assert_eq!(check_code(&file("media/src/a.rs", bad)).len(), 1, "{bad}");
    }
    for good in [
        "// unsafe, todo!()\nfn f() -> &'static str { \"unsafe dbg!()\" }",
        "fn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() { todo!() }\n}\n",
        "const A: char = '\"';\nconst B: &str = r#\"unsafe \" todo!()\"#;\nfn f<'a>(x: &'a str) {}\n",
    ] {
        none(check_code(&file("media/src/a.rs", good)));
    }
    let after_tests = "#[cfg(test)]\nuse a::b;\nfn f() { todo!() }\n";
    assert_eq!(check_code(&file("media/src/a.rs", after_tests)).len(), 1);
    none(check_code(&file("media/opus-sys/src/lib.rs", "unsafe fn f() {}")));
}

#[test]
fn a_bare_crate_a_machine_path_and_a_gap_in_the_map_are_found() {
    assert_eq!(check_opening(&file("a/src/lib.rs", "//! a\n")).len(), 1);
    assert_eq!(check_opening(&file("a/src/lib.rs", "mod a;\n")).len(), 1);
    assert_eq!(check_words(&file("a.md", concat!("see /", "work/main"))).len(), 1);
    assert_eq!(check_words(&file("a.md", concat!("// TO", "DO: later"))).len(), 1);
    let map = "| 1 | `media` | sound |\n\nand `dtmf` outside of the table\n";
    assert_eq!(check_floors(map, &["media".into(), "dtmf".into()]).len(), 1);
    let present = ["a/x.onnx".to_owned(), "a/z.onnx".to_owned()].into();
    assert_eq!(check_sums("00  a/x.onnx\n11  a/y.onnx\n", &present).len(), 2);
}
