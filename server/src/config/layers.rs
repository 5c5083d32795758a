//! Reads the layers of the configuration and explains what is wrong with them.

use std::path::PathBuf;

use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
    value::{Dict, Map},
};

use super::{
    Config,
    keys::{Keys, nested},
};

/// Prefix of our environment variables.
const ENV_PREFIX: &str = "TRUNKLINE_";

/// Where the layers come from. Tests give their own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file, and whether it must exist.
    pub file: Option<(PathBuf, bool)>,
    /// The `.env` file; it need not exist.
    pub dot_env: Option<PathBuf>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Flags: dotted key and value.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// What a run of the program reads: `file` if one was named, else `trunkline.toml`.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let required = file.is_some();
        Self {
            file: Some((file.unwrap_or_else(|| PathBuf::from("trunkline.toml")), required)),
            dot_env: Some(PathBuf::from(".env")),
            env: std::env::vars().filter(|(name, _)| name.starts_with(ENV_PREFIX)).collect(),
            flags,
        }
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key nobody knows.
    #[error("{place}: unknown key `{key}`{}", suggestion(.nearest.as_deref()))]
    Unknown {
        /// Which layer.
        place: String,
        /// The key as it was written.
        key: String,
        /// The nearest key there is.
        nearest: Option<String>,
    },
    /// A value that does not fit.
    #[error("{place}: {detail}")]
    Invalid {
        /// Which layer.
        place: String,
        /// What is wrong.
        detail: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}

/// Reads all layers, refuses unknown keys, returns what they make together.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let known = Keys::of_defaults()?;
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some((path, required)) = &sources.file {
        let place = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let mut dict: Dict = Toml::from_str(&text).map_err(|e| ConfigError::Invalid {
                    place: place.clone(),
                    detail: e.to_string(),
                })?;
                known.refuse_unknown(&place, &dict, "")?;
                known.drop_blank(&mut dict, "");
                figment = figment.merge(Layer { place, dict });
            }
            Err(e) if *required => {
                return Err(ConfigError::Invalid { place, detail: format!("cannot be read: {e}") });
            }
            Err(_) => {}
        }
    }
    for (place, pairs) in variable_layers(sources)? {
        for (key, value) in pairs {
            let mut dict = nested(&key, known.read(&key, &value));
            known.refuse_unknown(&place, &dict, "")?;
            known.drop_blank(&mut dict, "");
            figment = figment.merge(Layer { place: place.clone(), dict });
        }
    }
    let config: Config = figment.extract().map_err(|e| invalid(e.metadata.as_ref(), &e))?;
    config.check().map_err(|(key, detail)| ConfigError::Invalid {
        place: place_of(figment.find_metadata(key)),
        detail: format!("`{key}`: {detail}"),
    })?;
    Ok(config)
}

fn place_of(metadata: Option<&figment::Metadata>) -> String {
    metadata.map_or("configuration".to_owned(), |m| m.name.to_string())
}

fn invalid(metadata: Option<&figment::Metadata>, error: &figment::Error) -> ConfigError {
    let key = match error.path.join(".") {
        key if key.is_empty() => key,
        key => format!("`{key}`: "),
    };
    let what = match &error.kind {
        figment::error::Kind::UnknownVariant(found, expected) => {
            let expected: Vec<_> = expected.iter().map(|name| format!("`{name}`")).collect();
            format!("found `{found}`, expected one of {}", expected.join(", "))
        }
        kind => kind.to_string(),
    };
    ConfigError::Invalid { place: place_of(metadata), detail: format!("{key}{what}") }
}

type Pairs = Vec<(String, String)>;

/// `.env`, environment and flags, as dotted keys.
fn variable_layers(sources: &Sources) -> Result<Vec<(String, Pairs)>, ConfigError> {
    let mut layers = Vec::new();
    if let Some(path) = &sources.dot_env
        && let Ok(lines) = dotenvy::from_path_iter(path)
    {
        let mut pairs = Vec::new();
        for line in lines {
            pairs.push(line.map_err(|e| ConfigError::Invalid {
                place: path.display().to_string(),
                detail: e.to_string(),
            })?);
        }
        layers.push((path.display().to_string(), dotted(&pairs)));
    }
    layers.push(("environment".to_owned(), dotted(&sources.env)));
    layers.push(("command line".to_owned(), sources.flags.clone()));
    Ok(layers)
}

/// `TRUNKLINE_LIMITS__CALLS_MAX` → `limits.calls_max`; other variables are not ours.
fn dotted(pairs: &[(String, String)]) -> Pairs {
    pairs
        .iter()
        .filter_map(|(name, value)| {
            let key = name.strip_prefix(ENV_PREFIX)?;
            Some((key.to_ascii_lowercase().replace("__", "."), value.clone()))
        })
        .collect()
}

/// A layer with the name it has in error messages.
struct Layer {
    place: String,
    dict: Dict,
}

impl figment::Provider for Layer {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(self.place.clone())
    }

    fn data(&self) -> Result<Map<figment::Profile, Dict>, figment::Error> {
        Ok(Map::from([(figment::Profile::Default, self.dict.clone())]))
    }
}
