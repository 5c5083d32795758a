//! `/v1/webhook`: where this key is told of its calls.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, Fault};

const PATH: [&str; 2] = ["v1", "webhook"];

impl Client {
    /// Where to, and what waits.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn webhook(&self) -> Result<Value, Fault> {
        Ok(self.send(Method::GET, &PATH, &[], None).await?.1)
    }

    /// Sets it; the answer holds its secret.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn set_webhook(&self, url: &str) -> Result<Value, Fault> {
        Ok(self.send(Method::PUT, &PATH, &[], Some(json!({ "url": url }))).await?.1)
    }

    /// Removes it, and what waits.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn remove_webhook(&self) -> Result<Value, Fault> {
        Ok(self.send(Method::DELETE, &PATH, &[], None).await?.1)
    }

    /// Messages that did not arrive, the newest first.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn dead_letters(&self) -> Result<Value, Fault> {
        Ok(self.send(Method::GET, &["v1", "webhook", "dead-letters"], &[], None).await?.1)
    }

    /// Has one of them sent again.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn replay(&self, id: &str) -> Result<Value, Fault> {
        let path = ["v1", "webhook", "dead-letters", id, "replay"];
        Ok(self.send(Method::POST, &path, &[], None).await?.1)
    }
}
