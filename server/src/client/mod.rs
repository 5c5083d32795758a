//! One client of the call API, for the command line and for agents.
//!
//! ```text
//!   cli, mcp ─▶ Client ─▶ HTTP ─▶ a trunkline, here or elsewhere
//!                 └ KeyFile: one key per server, this user's only
//! ```
//!
//! `words` are the bodies, `fault` what can go wrong and what to do about it, `events` a call's event stream,
//! `key_file` where keys are kept, `webhook` who else is told. Retrying is for who asks: nothing here is done twice by itself.

mod events;
mod fault;
mod key_file;
mod webhook;
mod words;

use std::time::Duration;

use reqwest::{Method, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use events::{Events, News};
pub use fault::{Fault, Refused};
pub use key_file::{KeyFile, KeyFileError};
pub use words::{Balance, CallBody, Entry, History, Placed, Wanted};

use crate::{
    assembly,
    config::{self, Config},
};

/// The longest time for one request.
const REQUEST_MAX: Duration = Duration::from_secs(30);
/// Largest answer that is read, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Name of the header that carries the key.
pub const KEY_HEADER: &str = "x-api-key";

/// Where the key comes from.
#[derive(Clone, Debug)]
enum Key {
    /// Set by hand; never forgotten.
    Given(SecretString),
    /// In the user's key file, if there is one yet.
    Kept(KeyFile),
}

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    key: Key,
}

impl Client {
    /// Of the server that the configuration names, else of the one it would start, with the key that is set there, else
    /// the one in this user's key file.
    ///
    /// # Errors
    /// The server is no URL, or there is no place for a key file.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        let server = match &config.client.server {
            Some(server) => server.clone(),
            None => {
                let s = if config.tls.files().is_some() { "s" } else { "" };
                format!("http{s}://{}", config::reachable(config.listen))
            }
        };
        let server = read_url(&server)?;
        let key = match &config.client.key {
            Some(key) => Key::Given(key.clone()),
            None => Key::Kept(KeyFile::of_user(&server)?),
        };
        Ok(Self { http: http()?, server, key })
    }

    /// The same server for somebody else, who brings a key. It is kept nowhere.
    pub fn lent(&self, key: SecretString) -> Self {
        Self { key: Key::Given(key), ..self.clone() }
    }

    /// Which server.
    pub fn server(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    /// The key, if there is one.
    ///
    /// # Errors
    /// The key file cannot be used.
    pub fn key(&self) -> Result<Option<SecretString>, Fault> {
        match &self.key {
            Key::Given(key) => Ok(Some(key.clone())),
            Key::Kept(file) => file.read().map_err(Fault::KeyFile),
        }
    }

    /// Takes this key from now on.
    ///
    /// # Errors
    /// The key was set by hand, or the key file cannot be written.
    pub fn set_key(&self, key: &SecretString) -> Result<(), Fault> {
        match &self.key {
            Key::Given(_) => Err(Fault::KeyGiven),
            Key::Kept(file) => file.write(key).map_err(Fault::KeyFile),
        }
    }

    /// Places a call. A first one brings a key, which is kept.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn place(&self, wanted: &Wanted) -> Result<Placed, Fault> {
        let (headers, placed): (_, Placed) =
            self.send(Method::POST, &["call"], &[], Some(json!(wanted))).await?;
        let named = headers.get("x-clawcall-api-key").and_then(|v| v.to_str().ok());
        let fresh = placed.api_key.clone().or_else(|| named.map(str::to_owned));
        if let Some(fresh) = fresh
            && self.key()?.is_none()
        {
            self.set_key(&fresh.into())?;
        }
        Ok(placed)
    }

    /// One call as it stands.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn call(&self, id: &str) -> Result<CallBody, Fault> {
        Ok(self.send(Method::GET, &["call", id], &[], None).await?.1)
    }

    /// One call as it stands, with what the headers tell of the balance.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn call_and_balance(&self, id: &str) -> Result<(CallBody, Balance), Fault> {
        let (headers, call) = self.send(Method::GET, &["call", id], &[], None).await?;
        Ok((call, Balance::of(&headers)))
    }

    /// Ends a call. One that has ended is fine.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn hangup(&self, id: &str) -> Result<Value, Fault> {
        match self.send(Method::POST, &["call", id, "hangup"], &[], None).await {
            Ok((_, body)) => Ok(body),
            Err(fault) if fault.is_conflict() => Ok(json!({ "success": true, "call_id": id })),
            Err(fault) => Err(fault),
        }
    }

    /// Finished calls, the newest first.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn calls(&self, query: &[(&str, String)]) -> Result<History, Fault> {
        Ok(self.send(Method::GET, &["me", "calls"], query, None).await?.1)
    }

    /// What is left to talk.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn balance(&self) -> Result<Balance, Fault> {
        let (headers, body): (_, Value) = self.send(Method::GET, &["balance"], &[], None).await?;
        Ok(Balance::of(&headers).with(body))
    }

    /// Where the recording can be fetched: a URL that needs no key and expires.
    ///
    /// # Errors
    /// See [`Fault`]; `recording_not_available` when there is none.
    pub async fn recording(&self, id: &str) -> Result<Url, Fault> {
        let url = self.url(&["call", id, "recording"], &[]);
        let answer = self.ask(Method::GET, url, None).await?;
        let location = answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        let location = location.and_then(|text| self.server.join(text).ok());
        location.ok_or_else(|| Fault::Garbled("the recording has no address".to_owned()))
    }

    /// Fetches from an address that [`recording`](Self::recording) gave.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn fetch(&self, url: Url) -> Result<reqwest::Response, Fault> {
        let answer = self.http.get(url).send().await.map_err(|e| self.unreachable(&e))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(Refused::read(answer.status().as_u16(), &read(answer).await?).into())
    }

    /// Says something in a running call.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn say(&self, id: &str, text: &str) -> Result<Value, Fault> {
        let body = json!({ "text": text });
        Ok(self.send(Method::POST, &["v1", "calls", id, "say"], &[], Some(body)).await?.1)
    }

    /// Presses keys in a running call; of a secret nothing that is kept tells which.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn digits(&self, id: &str, digits: &str, sensitive: bool) -> Result<Value, Fault> {
        let body = json!({ "digits": digits, "sensitive": sensitive });
        Ok(self.send(Method::POST, &["v1", "calls", id, "digits"], &[], Some(body)).await?.1)
    }

    /// Rings the user's own telephone and joins it with a running call.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn bridge(&self, id: &str) -> Result<Value, Fault> {
        Ok(self.send(Method::POST, &["v1", "calls", id, "bridge"], &[], None).await?.1)
    }

    /// What happens in a call, from the first event on.
    pub fn events(&self, id: &str) -> Events {
        Events::new(self.clone(), id)
    }

    /// Asks, and reads the answer as JSON.
    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<Value>,
    ) -> Result<(header::HeaderMap, T), Fault> {
        let answer = self.ask(method, self.url(path, query), body).await?;
        let headers = answer.headers().clone();
        let body = serde_json::from_slice(&read(answer).await?);
        Ok((headers, body.map_err(|e| Fault::Garbled(e.to_string()))?))
    }

    /// Asks; an error answer becomes a [`Fault`], a redirection does not.
    async fn ask(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<reqwest::Response, Fault> {
        let mut request = self.request(method, url)?.timeout(REQUEST_MAX);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|e| self.unreachable(&e))?;
        let status = answer.status().as_u16();
        if status < 400 {
            return Ok(answer);
        }
        let refused = Refused::read(status, &read(answer).await?);
        if refused.code == "invalid_api_key" {
            self.forget_key()?;
        }
        Err(refused.into())
    }

    fn request(&self, method: Method, url: Url) -> Result<reqwest::RequestBuilder, Fault> {
        let mut request =
            self.http.request(method, url).header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = self.key()? {
            let mut value = header::HeaderValue::from_str(key.expose_secret())
                .map_err(|_| Fault::KeyMalformed)?;
            value.set_sensitive(true);
            request = request.header(KEY_HEADER, value);
        }
        Ok(request)
    }

    /// The server does not know the key: one we keep ourselves is useless, so the next call asks for another.
    fn forget_key(&self) -> Result<(), Fault> {
        match &self.key {
            Key::Given(_) => Ok(()),
            Key::Kept(file) => file.remove().map_err(Fault::KeyFile),
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = self.server.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn unreachable(&self, error: &reqwest::Error) -> Fault {
        let detail = match error {
            e if e.is_timeout() => "no answer in time",
            e if e.is_connect() => "could not connect",
            _ => "the connection broke",
        };
        Fault::Unreachable { server: self.server().to_owned(), detail: detail.to_owned() }
    }
}

fn http() -> Result<reqwest::Client, reqwest::Error> {
    assembly::install_tls();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

fn read_url(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).map_err(|e| {
        anyhow::anyhow!("client.server: {text:?} is no URL ({e}); write http://host:port")
    })?;
    anyhow::ensure!(
        matches!(url.scheme(), "http" | "https") && url.host().is_some(),
        "client.server: {text:?} must begin with http:// or https://"
    );
    Ok(url)
}

/// A body within bounds.
async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(piece) =
        answer.chunk().await.map_err(|_| Fault::Garbled("the answer broke off".to_owned()))?
    {
        if body.len() + piece.len() > BODY_BYTES_MAX {
            return Err(Fault::Garbled("the answer is larger than is read".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
