//! Which keys there are, what kind of value each takes, and which one was meant.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};

use super::{Config, ConfigError};

/// All dotted keys of [`Config`], each with its default; [`Value::Empty`] where there is none.
pub(super) struct Keys(BTreeMap<String, Value>);

impl Keys {
    pub(super) fn of_defaults() -> Result<Self, ConfigError> {
        let defaults = Value::serialize(Config::default()).map_err(|e| ConfigError::Invalid {
            place: "defaults".to_owned(),
            detail: e.to_string(),
        })?;
        let mut keys = BTreeMap::new();
        if let Some(dict) = defaults.as_dict() {
            collect(dict, "", &mut keys);
        }
        Ok(Self(keys))
    }

    /// The text of a variable or flag as the kind of value its key takes: only where a number or a
    /// yes or no is wanted is it read as one, so `+15551234567` and an all-digit secret stay text. Items
    /// of a list stand between commas.
    pub(super) fn read(&self, key: &str, text: &str) -> Value {
        match self.0.get(key) {
            Some(Value::Num(..) | Value::Bool(..)) => {
                text.trim().parse().unwrap_or_else(|never| match never {})
            }
            Some(Value::Array(..)) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::from(items.map(Value::from).collect::<Vec<_>>())
            }
            _ => Value::from(text),
        }
    }

    /// Takes out empty text where there need be no value: it means the key is not set.
    pub(super) fn drop_blank(&self, dict: &mut Dict, prefix: &str) {
        dict.retain(|key, value| {
            let path = format!("{prefix}{key}");
            if let Value::Dict(_, inner) = value {
                self.drop_blank(inner, &format!("{path}."));
            }
            let is_blank = value.as_str().is_some_and(|text| text.trim().is_empty());
            !(is_blank && matches!(self.0.get(&path), Some(Value::Empty(..))))
        });
    }

    pub(super) fn refuse_unknown(
        &self,
        place: &str,
        dict: &Dict,
        prefix: &str,
    ) -> Result<(), ConfigError> {
        for (key, value) in dict {
            let path = format!("{prefix}{key}");
            let is_table = self.0.keys().any(|k| k.starts_with(&format!("{path}.")));
            match value.as_dict() {
                Some(inner) if is_table => {
                    self.refuse_unknown(place, inner, &format!("{path}."))?;
                }
                _ if self.0.contains_key(&path) || is_table => {}
                _ => {
                    let nearest = self.nearest(&path, value);
                    let place = place.to_owned();
                    return Err(ConfigError::Unknown { place, key: path, nearest });
                }
            }
        }
        Ok(())
    }

    /// The key that was meant, most likely. What stands inside an unknown table is compared too.
    fn nearest(&self, path: &str, value: &Value) -> Option<String> {
        let mut wanted = BTreeMap::new();
        match value.as_dict() {
            Some(dict) => collect(dict, &format!("{path}."), &mut wanted),
            None => drop(wanted.insert(path.to_owned(), value.clone())),
        }
        wanted
            .keys()
            .flat_map(|path| self.0.keys().map(|k| (strsim::jaro_winkler(k, path), k)))
            .filter(|(score, _)| *score > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, k)| k.clone())
    }
}

fn collect(dict: &Dict, prefix: &str, keys: &mut BTreeMap<String, Value>) {
    for (key, value) in dict {
        let path = format!("{prefix}{key}");
        match value.as_dict() {
            Some(inner) => collect(inner, &format!("{path}."), keys),
            None => drop(keys.insert(path, value.clone())),
        }
    }
}

/// One dotted key as nested tables.
pub(super) fn nested(key: &str, value: Value) -> Dict {
    let mut parts = key.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let mut dict = Dict::from([(last.to_owned(), value)]);
    for part in parts {
        dict = Dict::from([(part.to_owned(), Value::from(dict))]);
    }
    dict
}
