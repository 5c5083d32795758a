//! `trunkline timeline CALL_DIR`

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context;

use super::say;
use crate::{
    journal::TIMELINE,
    timeline::{Story, picture, text},
};

/// Prints the call and draws it, into its own folder unless `out` says where.
pub fn run(dir: &Path, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let story = Story::read(dir)?;
    say(text(&story).trim_end());
    let out = out.map_or_else(|| dir.join(TIMELINE), Path::to_owned);
    fs::write(&out, picture(&story)).with_context(|| format!("cannot write {}", out.display()))?;
    say(format!("\npicture: {}", out.display()));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::JOURNAL;

    #[test]
    fn the_picture_is_where_it_is_wanted() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = concat!(
            r#"{"version":1,"call_id":"redacted","config":{"direction":"inbound","to":null,"#,
            r#""from":null,"brief":{"task":"x"},"policy":POLICY}}"#,
        );
        let policy = serde_json::to_string(&agent::call::Policy::default()).expect("JSON");
        let journal =
            format!("{}\n{{\"at\":0,\"in\":\"start\"}}\n", first.replace("POLICY", &policy));
        fs::write(dir.path().join(JOURNAL), journal).expect("written");
        let out = dir.path().join("wanted.svg");
        run(dir.path(), Some(&out)).expect("drawn");
        assert!(fs::read_to_string(&out).expect("a picture").contains("<svg"));
        assert!(!dir.path().join(TIMELINE).exists());
        run(dir.path(), None).expect("drawn");
        assert!(fs::read_to_string(dir.path().join(TIMELINE)).expect("a picture").contains("<svg"));
    }
}
