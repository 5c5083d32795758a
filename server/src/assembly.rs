//! Puts a running exchange together from a configuration.

use std::{io, net::SocketAddr, sync::Arc};

use agent::call::Policy;
use anyhow::Context;
use media::circuit::CircuitConfig;
use secrecy::ExposeSecret;

use crate::{
    carrier::{Callees, Path, Simulated, Truths},
    clock::Clock,
    config::{self, Config},
    exchange::{Exchange, Parts},
    media_thread::{MediaThreads, Shared, words::Switchboard},
    random, recovery,
    vendors::Cast,
    workers::judge,
};

/// An exchange that runs, and what its simulated callees know.
pub struct Running {
    /// Calls of a process that died, brought to their end before anything else.
    pub recovered: Vec<recovery::Recovered>,
    /// All calls.
    pub exchange: Arc<Exchange>,
    /// The callees' own accounts, when callees are simulated.
    pub truths: Arc<Truths>,
}

/// Starts everything but HTTP. `address` is where HTTP will listen.
pub fn start(config: &Config, cast: Cast, address: SocketAddr) -> anyhow::Result<Running> {
    install_tls();
    crate::http::metrics_handle();
    let recovered = recovery::recover(&config.calls_dir)
        .with_context(|| format!("cannot list {}", config.calls_dir.display()))?;
    for call in &recovered {
        tracing::warn!(call_id = call.call_id, outcome = ?call.view.outcome(), "a call was recovered");
    }
    let clock = Clock::start();
    let secret = match &config.stream_secret {
        Some(secret) => secret.expose_secret().as_bytes().to_vec(),
        None => random::bytes::<32>()?.to_vec(),
    };
    let judge = judge::spawn(cast.silero.clone())?;
    let (switchboard, callers) = Switchboard::new();
    let shared = Shared::new(clock, switchboard, secret, config.limits.lobby_max, judge);
    let media = Arc::new(MediaThreads::spawn(config.limits.media_threads, &shared)?);
    let truths = Arc::new(Truths::default());
    let callees = Callees::new(cast.callee_voice, cast.callee_ear, Arc::clone(&truths));
    let path = match config.carrier {
        config::Carrier::Loopback => Path::Pipes,
        config::Carrier::Emulator => Path::WebSocket(address),
    };
    let carrier = Simulated::new(callees, Arc::clone(&shared), Arc::clone(&media), path);
    let exchange = Exchange::start(
        Parts {
            clock,
            limits: config.limits.clone(),
            calls_dir: config.calls_dir.clone(),
            records: config.records,
            from: config.from.clone(),
            policy: policy(config),
            circuit: CircuitConfig { senses: config.line_state, ..CircuitConfig::default() },
            shared,
            media,
            dialects: cast.dialects,
            carrier: Box::new(carrier),
            inbound: config.inbound.clone(),
        },
        callers,
    )
    .map_err(io::Error::other)?;
    Ok(Running { recovered, exchange, truths })
}

/// In phone menus the offline brain leaves the way to the navigator; a model decides for itself.
fn policy(config: &Config) -> Policy {
    let mut policy = Policy::default();
    policy.menu.decides = config.speech.llm == config::Llm::Embedded;
    policy
}

/// One TLS provider for every client of the process.
pub fn install_tls() {
    // Installed already: fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
