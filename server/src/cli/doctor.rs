//! `trunkline doctor`: everything a call needs, checked, and what to do when it is not there.

use std::{fs, net::TcpListener, process::ExitCode};

use super::say;
use crate::{
    config::{Config, Sources, load},
    http::Certificates,
    models::Models,
    vendors::Cast,
};

/// One check: what was found, or what to do.
type Check = fn(&Config) -> Result<String, String>;

/// Does it.
pub fn run(sources: &Sources) -> anyhow::Result<ExitCode> {
    let config = match load(sources) {
        Ok(config) => {
            say("ok    configuration");
            config
        }
        Err(error) => {
            say(format!("FAIL  configuration: {error}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    let checks: [(&str, Check); 6] = [
        ("listening address", listening),
        ("TLS", tls),
        ("calls folder", calls_folder),
        ("model files", model_files),
        ("ear, mouth, judge", speech),
        ("processors", processors),
    ];
    let mut well = true;
    for (name, check) in checks {
        match check(&config) {
            Ok(detail) => say(format!("ok    {name}: {detail}")),
            Err(todo) => {
                well = false;
                say(format!("FAIL  {name}: {todo}"));
            }
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn listening(config: &Config) -> Result<String, String> {
    TcpListener::bind(config.listen).map(|_| format!("{} is free", config.listen)).map_err(|e| {
        format!("{} cannot be used ({e}); stop what runs there, or set listen", config.listen)
    })
}

fn tls(config: &Config) -> Result<String, String> {
    let Some((chain, key)) = config.tls.files() else {
        return Ok("off: plain HTTP, for this machine or a proxy before it".to_owned());
    };
    let certificates = Certificates::load(chain, key).map_err(|e| e.to_string())?;
    let (chain, key) = (chain.display(), key.display());
    Ok(format!("{chain} and {key} fit, good until {}", certificates.good_until()))
}

fn calls_folder(config: &Config) -> Result<String, String> {
    let dir = &config.calls_dir;
    let probe = dir.join(".doctor");
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(&probe, b"x"))
        .and_then(|()| fs::remove_file(&probe))
        .map(|()| format!("{} can be written", dir.display()))
        .map_err(|e| format!("{} cannot be written ({e}); set calls_dir", dir.display()))
}

fn model_files(config: &Config) -> Result<String, String> {
    let models = Models::find(config.models_dir.as_deref()).map_err(|e| e.to_string())?;
    for (name, _) in models.files() {
        models.read(name).map_err(|e| e.to_string())?;
    }
    Ok(format!("{} files in {} are whole", models.files().len(), models.dir().display()))
}

fn speech(config: &Config) -> Result<String, String> {
    Cast::load(config, &mut |_| {})
        .map(|_| "loaded and tried".to_owned())
        .map_err(|e| e.to_string())
}

fn processors(_: &Config) -> Result<String, String> {
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(format!("{count}; about ten embedded calls with partials each"))
}
