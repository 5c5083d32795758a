//! `trunkline timeline CALL_DIR`

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;

use super::say;
use crate::timeline::{Story, picture, text};

/// Does it. The folder may be a fixture under version control: only what was asked for is written.
pub fn run(dir: &Path, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let story = Story::read(dir)?;
    say(text(&story).trim_end());
    if let Some(out) = out {
        fs::write(out, picture(&story))
            .with_context(|| format!("cannot write {}", out.display()))?;
        say(format!("\npicture: {}", out.display()));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::JOURNAL;

    #[test]
    fn nothing_is_written_unless_asked_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = concat!(
            r#"{"version":1,"call_id":"redacted","config":{"direction":"inbound","to":null,"#,
            r#""from":null,"brief":{"task":"x"},"policy":POLICY}}"#,
        );
        let policy = serde_json::to_string(&agent::call::Policy::default()).expect("JSON");
        let journal =
            format!("{}\n{{\"at\":0,\"in\":\"start\"}}\n", first.replace("POLICY", &policy));
        fs::write(dir.path().join(JOURNAL), journal).expect("written");
        let count = || fs::read_dir(dir.path()).expect("a folder").count();
        run(dir.path(), None).expect("printed");
        assert_eq!(count(), 1);
        let out = dir.path().join("wanted.svg");
        run(dir.path(), Some(&out)).expect("drawn");
        assert!(fs::read_to_string(&out).expect("a picture").contains("<svg"));
        assert_eq!(count(), 2);
    }
}
