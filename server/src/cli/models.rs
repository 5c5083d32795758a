//! `trunkline models …`

use std::process::ExitCode;

use super::{ModelsWhat, say};
use crate::{
    config::{Sources, load},
    models::Models,
};

/// Model folders and what they are for.
const KNOWN: [(&str, &str); 3] = [
    ("silero-vad", "tells speech from other sound (Silero VAD v6, 8 kHz, MIT)"),
    ("moonshine-tiny-en", "ear: recognises English (Moonshine tiny, MIT)"),
    ("hibari-heart", "mouth: speaks English (hibari, voice heart, Apache-2.0)"),
];

/// Does it.
pub fn run(what: ModelsWhat, sources: &Sources) -> anyhow::Result<ExitCode> {
    let models = Models::find(load(sources)?.models_dir.as_deref())?;
    say(format!("models in {}", models.dir().display()));
    match what {
        ModelsWhat::List => {
            for (folder, about) in KNOWN {
                say(format!("  {folder:<18} {about}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        ModelsWhat::Verify => {
            let mut whole = true;
            for (name, _) in models.files() {
                match models.read(name) {
                    Ok(bytes) => say(format!("  ok       {name} ({} bytes)", bytes.len())),
                    Err(error) => {
                        whole = false;
                        say(format!("  DAMAGED  {error}"));
                    }
                }
            }
            Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
