//! What happened in a call, second by second: as text, and as a picture.

mod story;
mod svg;
mod text;

use std::{fs, path::Path, path::PathBuf};

use anyhow::Context;

pub use story::{Happened, Span, Story, What};
pub use svg::draw as picture;
pub use text::print as text;

use crate::journal::TIMELINE;

/// Draws `timeline.svg` of a call's folder and returns the story it tells.
pub fn draw(dir: &Path) -> anyhow::Result<Story> {
    let story = Story::read(dir)?;
    let path = dir.join(TIMELINE);
    fs::write(&path, svg::draw(&story))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(story)
}

/// The same on a thread where it may take its time; a failure costs the picture only.
pub async fn draw_in_background(dir: PathBuf) {
    let drawn = tokio::task::spawn_blocking(move || draw(&dir)).await;
    if let Err(error) = drawn.map_err(anyhow::Error::from).flatten() {
        tracing::warn!(%error, "no picture of the call");
    }
}
