//! What is said in the made set, and who has recorded which of it: `fixtures/ear`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Deserialize;

use crate::wav::Wav;

/// Samples of nothing between two phrases of a file, 250 ms at least.
const GAP: usize = 2_000;

/// What people and machines say in one split; a list in a list is one greeting in parts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    pub(super) people: Vec<String>,
    pub(super) talkative: Vec<String>,
    pub(super) pickups: Vec<String>,
    pub(super) mailboxes: Vec<Vec<String>>,
    pub(super) screeners: Vec<Vec<String>>,
    pub(super) menus: Vec<Vec<String>>,
    pub(super) announcements: Vec<String>,
    pub(super) positions: Vec<String>,
    pub(super) adverts: Vec<String>,
}

impl Phrases {
    fn list(&self, name: &str) -> Vec<&String> {
        match name {
            "people" => self.people.iter().collect(),
            "pickups" => self.pickups.iter().collect(),
            "positions" => self.positions.iter().collect(),
            "mailboxes" => self.mailboxes.iter().flatten().collect(),
            "screeners" => self.screeners.iter().flatten().collect(),
            "menus" => self.menus.iter().flatten().collect(),
            _ => Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    file: String,
    split: String,
    #[serde(default)]
    lists: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tune: Phrases,
    test: Phrases,
    voices: Vec<Recorded>,
}

/// What one voice recorded.
pub(super) type Reel = BTreeMap<String, Vec<i16>>;

/// One split: its phrases and its recorded voices; of those that only say words, the words.
pub(super) struct Book {
    pub(super) phrases: Phrases,
    pub(super) reels: Vec<Reel>,
    pub(super) words: Vec<Vec<i16>>,
}

/// Both splits by name, from `fixtures/ear` here, beside the executable and above it, or where the program was built.
///
/// # Errors
/// When the folder is not there, or not whole.
pub(super) fn read() -> anyhow::Result<[(&'static str, Book); 2]> {
    let dir = find()?;
    let path = dir.join("phrases.toml");
    let text = std::fs::read_to_string(&path)?;
    let File { tune, test, voices } =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    let mut books = [("tune", tune), ("test", test)]
        .map(|(split, phrases)| (split, Book { phrases, reels: Vec::new(), words: Vec::new() }));
    for voice in voices {
        let pieces = pieces(&dir.join("voices").join(&voice.file))?;
        let Some((_, book)) = books.iter_mut().find(|(split, _)| *split == voice.split) else {
            anyhow::bail!("{}: no split {}", path.display(), voice.split)
        };
        let mut texts: Vec<&String> = Vec::new();
        for text in voice.lists.iter().flat_map(|list| book.phrases.list(list)) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.is_empty() {
            book.words.extend(pieces);
            continue;
        }
        let (found, wanted) = (pieces.len(), texts.len());
        anyhow::ensure!(found == wanted, "{}: {found} phrases, not {wanted}", voice.file);
        let reel = texts.into_iter().cloned().zip(pieces).collect();
        book.reels.push(reel);
    }
    Ok(books)
}

fn find() -> anyhow::Result<PathBuf> {
    let mut places = vec![PathBuf::from("fixtures/ear")];
    if let Ok(program) = std::env::current_exe() {
        places.extend(program.ancestors().skip(1).take(4).map(|dir| dir.join("fixtures/ear")));
    }
    places.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ear"));
    places.into_iter().find(|dir| dir.join("phrases.toml").is_file()).context(
        "the labelled set needs the folder fixtures/ear of the repository; run it there, or name a folder of your own",
    )
}

/// The phrases of a file: what stands between gaps of nothing.
fn pieces(path: &Path) -> anyhow::Result<Vec<Vec<i16>>> {
    let mut wav = Wav::open(path).with_context(|| path.display().to_string())?;
    let mut channels = vec![Vec::new()];
    while wav.read(&mut channels)? {}
    let (mut pieces, mut piece, mut nothing) = (Vec::new(), Vec::new(), 0);
    for &sample in &channels[0] {
        nothing = if sample == 0 { nothing + 1 } else { 0 };
        if nothing < GAP {
            piece.push(sample);
        } else if nothing == GAP {
            piece.truncate(piece.len() + 1 - GAP);
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    Ok(pieces)
}
