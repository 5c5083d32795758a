//! `trunkline evaluate [DIR]`

use std::{
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use anyhow::Context;
use clap::Args;

use super::say;
use crate::{
    config::{Sources, load},
    evaluate::{
        Set,
        label::{self, Is},
        made::Made,
        report::{Run, markdown},
        run as hear,
        score::Score,
        scores,
        trials::{self, Trials},
    },
    listening::Nets,
    models::Models,
    picture::Matrix,
    vendors,
};

/// What to listen to, and where the report goes.
#[derive(Clone, Debug, Args)]
pub struct Evaluate {
    /// A folder of WAV files and a labels.jsonl; without, a set is made
    pub dir: Option<PathBuf>,
    /// Write the report into this folder
    #[arg(long, value_name = "DIR", default_value = "evaluation")]
    pub out: PathBuf,
    /// Write the set that is made into this folder, to listen to it
    #[arg(long, value_name = "DIR", conflicts_with = "dir")]
    pub save: Option<PathBuf>,
    /// Scenes of each kind of hold in each split
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub holds: usize,
    /// Seconds of hold in each of them
    #[arg(long, default_value_t = 150.0, value_name = "S")]
    pub hold_s: f32,
    /// Do not understand words: judge by sound alone, with the neural judge of speech
    #[arg(long)]
    pub without_words: bool,
    /// Use no models for listening
    #[arg(long)]
    pub sound_only: bool,
}

/// Listens to everything, writes the report, says what is in it.
pub fn run(wanted: &Evaluate, sources: &Sources) -> anyhow::Result<ExitCode> {
    let models = Models::find(load(sources)?.models_dir.as_deref())?;
    let nets = if wanted.sound_only {
        Nets::default()
    } else {
        Nets::load(&models, !wanted.without_words)?
    };
    fs::create_dir_all(&wanted.out)
        .with_context(|| format!("cannot make {}", wanted.out.display()))?;
    let set = set(wanted, &models)?;
    let began = Instant::now();
    let (done, all) = (AtomicUsize::new(0), set.len());
    let heard = hear(&set, &nets, |_| progress(done.fetch_add(1, Ordering::Relaxed) + 1, all))?;
    let took_s = began.elapsed().as_secs_f64();
    if let Some(dir) = &wanted.save {
        let lines: Result<Vec<_>, _> =
            heard.iter().map(|heard| serde_json::to_string(&heard.label)).collect();
        fs::write(dir.join("labels.jsonl"), lines?.join("\n") + "\n")?;
    }
    let seconds = heard.iter().map(|heard| heard.seconds).sum();
    let help = match (wanted.sound_only, wanted.without_words) {
        (true, _) => "by sound alone",
        (_, true) => "by sound and the judge of speech",
        _ => "by sound, the judge of speech and words",
    };
    let source =
        wanted.dir.as_ref().map_or("The made set".to_owned(), |dir| dir.display().to_string());
    let run = Run { what: format!("{source}, {help}."), seconds, took_s };
    let scores: Vec<(String, Score)> = scores(&heard).into_iter().collect();
    // Recordings of one's own say nothing about those.
    let trials = match wanted.dir {
        Some(_) => Trials::default(),
        None => trials::run()?,
    };
    let page = markdown(&run, &scores, &trials);
    for (split, score) in &scores {
        picture(&wanted.out, split, score)?;
    }
    let path = wanted.out.join("report.md");
    fs::write(&path, &page).with_context(|| format!("cannot write {}", path.display()))?;
    say(&page);
    say(format!("Written to {}.", path.display()));
    Ok(ExitCode::SUCCESS)
}

fn set(wanted: &Evaluate, models: &Models) -> anyhow::Result<Set> {
    if let Some(dir) = &wanted.dir {
        return Ok(Set::Folder(dir.clone(), label::read(dir)?));
    }
    if let Some(dir) = &wanted.save {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    let made = Box::new(Made::new(Some(vendors::load_mouth(models)?))?);
    let scenes = made.scenes(wanted.holds, wanted.hold_s);
    Ok(Set::Made(made, scenes, wanted.save.clone()))
}

/// How far it is, on one line of a terminal.
fn progress(done: usize, all: usize) {
    let mut err = std::io::stderr();
    if err.is_terminal() || done == all || done.is_multiple_of(20) {
        let end = if err.is_terminal() && done < all { '\r' } else { '\n' };
        // Progress that cannot be shown is no reason to stop.
        let _ = write!(err, "heard {done} of {all}{end}");
        let _ = err.flush();
    }
}

fn picture(dir: &Path, split: &str, score: &Score) -> anyhow::Result<()> {
    let of = |pick: fn(&(Is, Is)) -> Is| -> Vec<Is> {
        Is::ALL.into_iter().filter(|is| score.matrix.keys().any(|pair| pick(pair) == *is)).collect()
    };
    let (rows, mut columns) = (of(|pair| pair.0), of(|pair| pair.1));
    if rows.is_empty() {
        return Ok(());
    }
    columns.extend(rows.iter().filter(|is| !columns.contains(is)).copied().collect::<Vec<_>>());
    columns.sort();
    let names = |all: &[Is]| all.iter().map(|is| is.name()).collect::<Vec<_>>();
    let counts: Vec<Vec<usize>> = rows
        .iter()
        .map(|is| {
            let count = |other: &Is| score.matrix.get(&(*is, *other)).copied().unwrap_or(0);
            columns.iter().map(count).collect()
        })
        .collect();
    let matrix = Matrix { rows: &names(&rows), columns: &names(&columns), counts: &counts };
    let path = dir.join(format!("confusion-{split}.png"));
    fs::write(&path, matrix.png()?).with_context(|| format!("cannot write {}", path.display()))
}
