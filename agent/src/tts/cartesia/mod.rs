//! Cartesia text to speech over WebSocket (`/tts/websocket`).

/// Where and how to speak. Model and voice change over the years: they are configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// `wss://…/tts/websocket`, without query.
    pub url: String,
    /// The key. A secret.
    pub api_key: String,
    /// Date of the API, `cartesia_version`.
    pub version: String,
    /// `model_id`.
    pub model: String,
    /// Id of the voice.
    pub voice: String,
    /// Two letters.
    pub language: String,
}
