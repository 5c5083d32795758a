//! What the user may set ([`Config`]), where it is read from ([`layers`]), and how it is shown.
//!
//! Layers, later ones win: defaults, `trunkline.toml`, `.env`, `TRUNKLINE_*` in the environment,
//! flags. A key nobody knows is refused, with the nearest one that exists.

mod client;
mod keys;
mod layers;
mod public;
mod records;
#[cfg(test)]
mod tests;
mod tls;

use std::{net::SocketAddr, num::NonZero, path::PathBuf, thread::available_parallelism};

use platform::Rules;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use telephony::E164;
use tracing_subscriber::EnvFilter;

pub use client::{Client, Destinations, Mcp, NotADestination, Webhooks, reachable};
pub use layers::{ConfigError, Sources, load};
pub use public::{Accounts, Store};
pub use records::{Records, Storage};
pub use tls::{NotAPath, PemFile, Tls};

/// A shorter stream secret is refused: who guesses it makes tokens.
pub const SECRET_BYTES_MIN: usize = 16;

/// Everything that can be set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Folder that gets one folder per call.
    pub calls_dir: PathBuf,
    /// What each call leaves there beside its journal.
    pub records: Records,
    /// Whether what is on the line is judged all the time: people, mailboxes, hold.
    pub line_state: bool,
    /// Folder with the embedded models; found by itself when absent.
    pub models_dir: Option<PathBuf>,
    /// Which carrier places calls.
    pub carrier: Carrier,
    /// Number shown to callees.
    pub from: Option<E164>,
    /// Where the API is reached from outside, as `https://api.example.org`; what a request calls us when
    /// absent.
    pub public_url: Option<String>,
    /// Bearer token of `/metrics`, [`SECRET_BYTES_MIN`] at least; without one it is closed.
    #[serde(serialize_with = "hidden")]
    pub operator_token: Option<SecretString>,
    /// Where accounts and the index of calls are kept.
    pub store: Store,
    /// How keys become accounts.
    pub accounts: Accounts,
    /// What may be called, by whom, and when.
    pub rules: Rules,
    /// Secret that stream tokens are signed with, [`SECRET_BYTES_MIN`] at least; made anew at every
    /// start when absent.
    #[serde(serialize_with = "hidden")]
    pub stream_secret: Option<SecretString>,
    /// Files that make the listener speak TLS.
    pub tls: Tls,
    /// Streams that bring a call of their own.
    pub inbound: Inbound,
    /// Recogniser, voice and model.
    pub speech: Speech,
    /// Keys of vendors.
    pub keys: Keys,
    /// The server that commands talk to.
    pub client: Client,
    /// What agents may do.
    pub mcp: Mcp,
    /// Who is told of calls.
    pub webhooks: Webhooks,
    /// Bounds.
    pub limits: Limits,
    /// What is logged: a level, or directives of `tracing` (`info,server=debug`).
    pub log: String,
    /// `text` or `json`.
    pub log_format: LogFormat,
}

/// Carriers that can place calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// Simulated callees over in-process pipes.
    Loopback,
    /// Simulated callees that speak Twilio's wire over the real `/media/twilio` WebSocket.
    Emulator,
}

/// How calls are answered that come as a stream with a good token for a call nobody placed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Inbound {
    /// Whether they are answered at all.
    pub answer: bool,
    /// What is said first.
    pub greeting: String,
    /// What the agent is to do; without one it takes a message.
    pub task: String,
}

/// Which dialect does what.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Speech {
    /// Recogniser.
    pub stt: Stt,
    /// Voice.
    pub tts: Tts,
    /// Language model.
    pub llm: Llm,
    /// Base URL of an OpenAI-compatible server, for `llm = "openai"`.
    pub openai_url: String,
    /// Model name there.
    pub openai_model: String,
    /// Voice id at Cartesia.
    pub cartesia_voice: String,
}

/// Recognisers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stt {
    /// Moonshine, in this process.
    Embedded,
    /// Deepgram, over the network.
    Deepgram,
}

/// Voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tts {
    /// Hibari, in this process.
    Embedded,
    /// Cartesia, over the network.
    Cartesia,
}

/// Language models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Llm {
    /// Our own deterministic brain, in this process.
    Embedded,
    /// Any OpenAI-compatible server.
    Openai,
}

/// Keys of vendors; never printed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Deepgram.
    #[serde(serialize_with = "hidden")]
    pub deepgram: Option<SecretString>,
    /// Cartesia.
    #[serde(serialize_with = "hidden")]
    pub cartesia: Option<SecretString>,
    /// OpenAI or compatible.
    #[serde(serialize_with = "hidden")]
    pub openai: Option<SecretString>,
    /// Twilio's auth token: what its requests are signed with.
    #[serde(serialize_with = "hidden")]
    pub twilio: Option<SecretString>,
}

/// Bounds of the process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Calls at a time; more are refused with 503.
    pub calls_max: usize,
    /// Finished calls kept for `GET /call/{id}`.
    pub finished_max: usize,
    /// HTTP connections at a time.
    pub connections_max: usize,
    /// Streams that have not shown their token yet, at a time.
    pub lobby_max: usize,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// Longest time for one request, in s.
    pub request_seconds_max: u64,
    /// Longest time a drain waits for calls to end, in s.
    pub drain_seconds_max: u64,
    /// Threads that own carrier sockets and circuits.
    pub media_threads: usize,
    /// Threads that recognise speech.
    pub ear_threads: usize,
    /// Threads that make speech, by default one for each core: a voice that computes needs about
    /// a hundredth of one.
    pub mouth_threads: usize,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            calls_dir: PathBuf::from("calls"),
            records: Records::default(),
            line_state: true,
            models_dir: None,
            carrier: Carrier::Loopback,
            from: None,
            public_url: None,
            operator_token: None,
            store: Store::default(),
            accounts: Accounts::default(),
            rules: Rules::default(),
            stream_secret: None,
            tls: Tls::default(),
            inbound: Inbound::default(),
            speech: Speech::default(),
            keys: Keys::default(),
            client: Client::default(),
            mcp: Mcp::default(),
            webhooks: Webhooks::default(),
            limits: Limits::default(),
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            answer: true,
            greeting: "Hello, this is an automated assistant. How can I help you?".to_owned(),
            task: String::new(),
        }
    }
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            stt: Stt::Embedded,
            tts: Tts::Embedded,
            llm: Llm::Embedded,
            openai_url: "https://api.openai.com/v1".to_owned(),
            openai_model: "gpt-4.1-mini".to_owned(),
            cartesia_voice: "694f9389-aac1-45b6-b726-9d9369183238".to_owned(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_max: 100,
            finished_max: 1000,
            connections_max: 512,
            lobby_max: 64,
            body_bytes_max: 1024 * 1024,
            request_seconds_max: 15,
            drain_seconds_max: 120,
            media_threads: 1,
            ear_threads: 1,
            mouth_threads: available_parallelism().map_or(1, NonZero::get),
        }
    }
}

/// Shows that a secret is set, never what it is.
fn hidden<S: Serializer>(secret: &Option<SecretString>, out: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => out.serialize_str("(set, hidden)"),
        None => out.serialize_none(),
    }
}

impl Config {
    /// What the types alone do not refuse: the key, and what is wrong with its value.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let secrets =
            [("stream_secret", &self.stream_secret), ("operator_token", &self.operator_token)];
        for (key, secret) in secrets {
            let bytes = secret.as_ref().map_or(usize::MAX, |it| it.expose_secret().len());
            if bytes < SECRET_BYTES_MIN {
                let detail = format!(
                    "{bytes} bytes are too short for a secret; use {SECRET_BYTES_MIN} or more, for \
                     example what `openssl rand -hex 32` prints, or leave it out"
                );
                return Err((key, detail));
            }
        }
        self.tls.check()?;
        public::check(self)?;
        if self.carrier == Carrier::Emulator && self.tls.files().is_some() {
            let detail = "the emulator speaks no TLS: leave `tls` out, or set `loopback`";
            return Err(("carrier", detail.to_owned()));
        }
        self.log_filter().map(drop).map_err(|detail| ("log", detail))
    }

    /// What is logged.
    pub fn log_filter(&self) -> Result<EnvFilter, String> {
        EnvFilter::builder().parse(&self.log).map_err(|e| {
            format!("{e}; write a level (error, warn, info, debug, trace) or module=level, ...")
        })
    }

    /// The configuration as TOML, secrets hidden.
    pub fn redacted(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}
