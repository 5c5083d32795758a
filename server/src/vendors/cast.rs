//! Which dialects a call gets: made from the configuration once, models loaded once.

use std::sync::Arc;

use agent::{
    brief::Brief,
    llm::{self, brain::Brain, openai},
    stt::{self, deepgram, moonshine},
    tts::{self, cartesia, hibari},
};
use media::{net::Lane, vad::silero::Silero};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    carrier::{Listen, Speak},
    config::{Config, Llm, Stt, Tts},
    models::{ModelError, Models},
};

/// Simulated callees do not sound like our default voice.
const CALLEE_VOICE: hibari::Voice = hibari::Voice::Sarah;

type Make<T> = Box<dyn Fn(&Brief, &Lane) -> Box<T> + Send + Sync>;

type MakeBrain = Box<dyn Fn(&Brief) -> Box<dyn llm::Dialect> + Send + Sync>;

/// Makes a call's dialects. The lane is that of the worker that runs the dialect if it computes.
pub struct Dialects {
    /// Recogniser.
    pub stt: Make<dyn stt::Dialect>,
    /// Voice.
    pub tts: Make<dyn tts::Dialect>,
    /// Model.
    pub llm: MakeBrain,
}

/// Everything that is loaded before the first call.
pub struct Cast {
    /// A call's dialects.
    pub dialects: Dialects,
    /// The neural judge.
    pub silero: Silero,
    /// The voice of simulated callees, when the mouth is embedded.
    pub callee_voice: Option<Speak>,
    /// Their ear, when the ear is embedded.
    pub callee_ear: Option<Listen>,
}

/// The cast cannot be put together; each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// A model file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model that does not load.
    #[error("{0}")]
    Load(String),
    /// A key that is needed and not there.
    #[error("{what} is chosen, and there is no key for it: set {variable} (environment or .env)")]
    Key {
        /// Which vendor.
        what: &'static str,
        /// Where its key goes.
        variable: &'static str,
    },
}

impl Cast {
    /// Loads what the configuration asks for; `tell` hears the name of each step before it begins.
    pub fn load(config: &Config, tell: &mut dyn FnMut(&str)) -> Result<Self, CastError> {
        let models = Models::find(config.models_dir.as_deref())?;
        tell("the judge of speech (Silero)");
        let silero = Silero::from_onnx(models.read("silero-vad/silero_vad.onnx")?)
            .map_err(|e| CastError::Load(e.to_string()))?;
        // Simulated callees speak and understand with the embedded models, whoever speaks for us.
        tell("the ear (Moonshine tiny) and the mouth (hibari)");
        let (ear, mouth) = std::thread::scope(|scope| {
            let mouth = scope.spawn(|| load_mouth(&models));
            (load_ear(&models), mouth.join())
        });
        let ear = ear?;
        let mouth =
            mouth.map_err(|_| CastError::Load("the voice cannot be loaded".to_owned()))??;
        let stt = match config.speech.stt {
            Stt::Embedded => embedded_ear(Arc::clone(&ear)),
            Stt::Deepgram => remote_ear(config)?,
        };
        let tts = match config.speech.tts {
            Tts::Embedded => embedded_mouth(Arc::clone(&mouth)),
            Tts::Cartesia => remote_mouth(config)?,
        };
        let llm = match config.speech.llm {
            Llm::Embedded => embedded_brain(),
            Llm::Openai => remote_brain(config),
        };
        let lane = Lane::new();
        Ok(Self {
            dialects: Dialects { stt, tts, llm },
            silero,
            callee_voice: Some(Arc::new(move |text| mouth.speak(text, CALLEE_VOICE).samples_8k)),
            callee_ear: Some(Arc::new(move |samples| {
                // What cannot be recognised was not understood.
                ear.hear_8k(Some(&lane), samples).unwrap_or_default()
            })),
        })
    }
}

fn load_ear(models: &Models) -> Result<Arc<moonshine::Model>, CastError> {
    moonshine::Model::from_bytes(
        models.read("moonshine-tiny-en/encoder.onnx")?,
        models.read("moonshine-tiny-en/decoder.onnx")?,
        &models.read("moonshine-tiny-en/tokenizer.bin")?,
    )
    .map_err(|e| CastError::Load(e.to_string()))
}

fn embedded_ear(model: Arc<moonshine::Model>) -> Make<dyn stt::Dialect> {
    Box::new(move |_, lane| {
        let config = moonshine::Config { lane: Some(lane.clone()), ..moonshine::Config::default() };
        Box::new(moonshine::Moonshine::new(Arc::clone(&model), config))
    })
}

/// The embedded voice.
pub(crate) fn load_mouth(models: &Models) -> Result<Arc<hibari::Model>, CastError> {
    let text = |name: &str| -> Result<String, CastError> {
        String::from_utf8(models.read(name)?)
            .map_err(|_| CastError::Load(format!("{name} is not UTF-8")))
    };
    hibari::Model::from_bytes(hibari::Files {
        voice: models.read("hibari-heart/hibari.onnx")?,
        oov: models.read("hibari-heart/oov.onnx")?,
        oov_table: &text("hibari-heart/oov.json")?,
        vocab: &text("hibari-heart/vocab.json")?,
        normalize: &text("hibari-heart/normalize.json")?,
    })
    .map_err(|e| CastError::Load(e.to_string()))
}

fn embedded_mouth(model: Arc<hibari::Model>) -> Make<dyn tts::Dialect> {
    Box::new(move |brief, lane| {
        let voice = brief.voice.as_deref().and_then(hibari::Voice::named).unwrap_or_default();
        Box::new(hibari::Hibari::new(Arc::clone(&model), voice).on(lane))
    })
}

fn embedded_brain() -> MakeBrain {
    Box::new(|brief| Box::new(Brain::new(brief)))
}

fn remote_brain(config: &Config) -> MakeBrain {
    let settings = openai::Config {
        url: format!("{}/chat/completions", config.speech.openai_url.trim_end_matches('/')),
        key: config.keys.openai.as_ref().map(|key| key.expose_secret().to_owned()),
        model: config.speech.openai_model.clone(),
        temperature: None,
        tokens_max: Some(400),
        stall_ms_max: 10_000,
    };
    Box::new(move |_| Box::new(openai::OpenAi::new(settings.clone())))
}

fn remote_ear(config: &Config) -> Result<Make<dyn stt::Dialect>, CastError> {
    let key = key(config.keys.deepgram.as_ref(), "Deepgram", "TRUNKLINE_KEYS__DEEPGRAM")?;
    let settings = deepgram::Config { key, ..deepgram::Config::default() };
    Ok(Box::new(move |_, _| Box::new(deepgram::Deepgram::new(settings.clone()))))
}

fn remote_mouth(config: &Config) -> Result<Make<dyn tts::Dialect>, CastError> {
    let settings = cartesia::Config {
        url: "wss://api.cartesia.ai/tts/websocket".to_owned(),
        api_key: key(config.keys.cartesia.as_ref(), "Cartesia", "TRUNKLINE_KEYS__CARTESIA")?,
        version: "2025-04-16".to_owned(),
        model: "sonic-2".to_owned(),
        voice: config.speech.cartesia_voice.clone(),
        language: "en".to_owned(),
    };
    Ok(Box::new(move |_, _| Box::new(cartesia::Cartesia::new(settings.clone()))))
}

/// The key, or what to set.
fn key(
    key: Option<&SecretString>,
    what: &'static str,
    variable: &'static str,
) -> Result<String, CastError> {
    key.map(|key| key.expose_secret().to_owned()).ok_or(CastError::Key { what, variable })
}
