//! Reads the layers of the configuration and explains what is wrong with them.

use std::path::PathBuf;

use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
    value::{Dict, Map, Value},
};

use super::Config;

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
    let known = known_keys()?;
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some((path, required)) = &sources.file {
        let place = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let dict: Dict = Toml::from_str(&text).map_err(|e| ConfigError::Invalid {
                    place: place.clone(),
                    detail: e.to_string(),
                })?;
                refuse_unknown(&place, &dict, "", &known)?;
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
            let dict = nested(&key, &value);
            refuse_unknown(&place, &dict, "", &known)?;
            figment = figment.merge(Layer { place: place.clone(), dict });
        }
    }
    figment.extract().map_err(|e| {
        let place = e.metadata.as_ref().map_or("configuration".to_owned(), |m| m.name.to_string());
        let key =
            if e.path.is_empty() { String::new() } else { format!("`{}`: ", e.path.join(".")) };
        ConfigError::Invalid { place, detail: format!("{key}{}", e.kind) }
    })
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

/// One dotted key as nested tables; text that reads as a number or boolean becomes one.
fn nested(key: &str, text: &str) -> Dict {
    let value: Value = text.parse().unwrap_or_else(|never| match never {});
    let mut parts = key.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let mut dict = Dict::from([(last.to_owned(), value)]);
    for part in parts {
        dict = Dict::from([(part.to_owned(), Value::from(dict))]);
    }
    dict
}

/// All dotted keys of [`Config`].
fn known_keys() -> Result<Vec<String>, ConfigError> {
    let defaults = Value::serialize(Config::default()).map_err(|e| ConfigError::Invalid {
        place: "defaults".to_owned(),
        detail: e.to_string(),
    })?;
    let mut keys = Vec::new();
    if let Some(dict) = defaults.as_dict() {
        collect(dict, "", &mut keys);
    }
    Ok(keys)
}

fn collect(dict: &Dict, prefix: &str, keys: &mut Vec<String>) {
    for (key, value) in dict {
        let path = format!("{prefix}{key}");
        match value.as_dict() {
            Some(inner) => collect(inner, &format!("{path}."), keys),
            None => keys.push(path),
        }
    }
}

fn refuse_unknown(
    place: &str,
    dict: &Dict,
    prefix: &str,
    known: &[String],
) -> Result<(), ConfigError> {
    for (key, value) in dict {
        let path = format!("{prefix}{key}");
        let is_table = known.iter().any(|k| k.starts_with(&format!("{path}.")));
        match value.as_dict() {
            Some(inner) if is_table => refuse_unknown(place, inner, &format!("{path}."), known)?,
            _ if known.contains(&path) || is_table => {}
            _ => {
                let nearest = nearest(&path, value, known);
                return Err(ConfigError::Unknown { place: place.to_owned(), key: path, nearest });
            }
        }
    }
    Ok(())
}

/// The key that was meant, most likely. What stands inside an unknown table is compared too.
fn nearest(path: &str, value: &Value, known: &[String]) -> Option<String> {
    let mut wanted = vec![path.to_owned()];
    if let Some(dict) = value.as_dict() {
        wanted.clear();
        collect(dict, &format!("{path}."), &mut wanted);
    }
    wanted
        .iter()
        .flat_map(|path| known.iter().map(|k| (strsim::jaro_winkler(k, path), k)))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k.clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn later_layers_win() {
        let dir = tempfile::tempdir().expect("a folder");
        let toml = dir.path().join("t.toml");
        let dot_env = dir.path().join(".env");
        std::fs::write(
            &toml,
            "listen = \"127.0.0.1:1\"\n[limits]\ncalls_max = 1\near_threads = 7\n",
        )
        .expect("written");
        std::fs::write(
            &dot_env,
            "TRUNKLINE_LISTEN=127.0.0.1:2\nTRUNKLINE_LIMITS__CALLS_MAX=2\nOTHER=x\n",
        )
        .expect("written");
        let sources = Sources {
            file: Some((toml, true)),
            dot_env: Some(dot_env),
            env: vec![pair("TRUNKLINE_LISTEN", "127.0.0.1:3")],
            flags: vec![pair("limits.mouth_threads", "4")],
        };
        let config = load(&sources).expect("a configuration");
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.limits.calls_max, 2);
        assert_eq!(config.limits.ear_threads, 7);
        assert_eq!(config.limits.mouth_threads, 4);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_one() {
        for (key, nearest) in [
            ("TRUNKLINE_LISTN", "listen"),
            ("TRUNKLINE_LIMITS__CALL_MAX", "limits.calls_max"),
            ("TRUNKLINE_LIMTS__CALLS_MAX", "limits.calls_max"),
            ("TRUNKLINE_KEYS__DEEPGRM", "keys.deepgram"),
        ] {
            let sources = Sources { env: vec![pair(key, "x")], ..Sources::default() };
            let text = load(&sources).expect_err("refused").to_string();
            assert!(text.contains(&format!("did you mean `{nearest}`")), "{key}: {text}");
        }
    }

    #[test]
    fn a_bad_value_names_its_place_and_key() {
        let sources =
            Sources { env: vec![pair("TRUNKLINE_LISTEN", "nowhere")], ..Sources::default() };
        let text = load(&sources).expect_err("refused").to_string();
        assert!(text.contains("environment") && text.contains("listen"), "{text}");
    }

    #[test]
    fn printing_hides_secrets() {
        let sources = Sources {
            env: vec![
                pair("TRUNKLINE_KEYS__OPENAI", "sk-very-secret"),
                pair("TRUNKLINE_STREAM_SECRET", "hush-hush"),
            ],
            ..Sources::default()
        };
        let shown = load(&sources).expect("a configuration").redacted().expect("toml");
        assert!(!shown.contains("sk-very-secret") && !shown.contains("hush-hush"), "{shown}");
        assert!(shown.contains("(set, hidden)"), "{shown}");
    }
}
