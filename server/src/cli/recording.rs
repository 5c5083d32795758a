//! `trunkline recording`: where a call's recording is, or the recording itself.

use std::{fs::File, io::Write, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::{say, status::One};
use crate::config::Sources;

/// Which recording, and where to.
#[derive(Clone, Debug, Args)]
pub struct Fetch {
    #[command(flatten)]
    one: One,
    /// Write the sound into this file instead of printing its address
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Does it. The address needs no key, and expires.
pub fn run(fetch: &Fetch, sources: &Sources) -> anyhow::Result<ExitCode> {
    let mut written = Ok(());
    let code = fetch.one.remote.ask(sources, async |client| {
        let url = client.recording(&fetch.one.call_id).await?;
        let Some(out) = &fetch.out else {
            say(if fetch.one.remote.json {
                serde_json::json!({ "recording_url": url.as_str() }).to_string()
            } else {
                url.to_string()
            });
            return Ok(ExitCode::SUCCESS);
        };
        let answer = client.fetch(url).await?;
        written = keep(answer, out).await;
        Ok(ExitCode::SUCCESS)
    })?;
    written.map(|()| code)
}

/// Writes the sound beside the file, then takes its place: half a recording is none.
async fn keep(mut answer: reqwest::Response, out: &PathBuf) -> anyhow::Result<()> {
    let mut name = out.clone().into_os_string();
    name.push(".part");
    let part = PathBuf::from(name);
    let place = || format!("cannot write {}", part.display());
    let mut file = File::create(&part).with_context(place)?;
    while let Some(piece) = answer.chunk().await.context("the recording broke off")? {
        file.write_all(&piece).with_context(place)?;
    }
    std::fs::rename(&part, out).with_context(|| format!("cannot write {}", out.display()))
}
