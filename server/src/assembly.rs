//! Puts a running exchange together from a configuration, and the desk before it.

use std::{io, net::SocketAddr, sync::Arc};

use agent::call::Policy;
use anyhow::Context as _;
use media::circuit::CircuitConfig;
use secrecy::ExposeSecret;

use crate::{
    carrier::{Callees, Path, Simulated, Truths},
    clock::Clock,
    config::{self, Config},
    desk::{self, Cashier, Desk, Setup, catch_up},
    exchange::{Exchange, Parts},
    media_thread::{MediaThreads, Shared, words::Switchboard},
    random, recovery,
    store::{Ledger, Postgres, Sqlite, Store, StoreError},
    vendors::Cast,
    webhooks::Courier,
    workers::judge,
};

/// An exchange that runs, and what its simulated callees know.
pub struct Running {
    /// All calls.
    pub exchange: Arc<Exchange>,
    /// The callees' own accounts, when callees are simulated.
    pub truths: Arc<Truths>,
}

/// A server: an exchange with a desk before it, that keeps accounts and calls in a store.
pub struct Serving {
    /// Everything but HTTP.
    pub running: Running,
    /// What HTTP is the skin of.
    pub desk: Arc<Desk>,
    /// Tells customers' servers of calls that are over, as long as it is held.
    pub courier: Courier,
}

/// Starts a server but for HTTP. Calls of a process that died are brought to their end before anything
/// else.
pub fn serve(config: &Config, cast: Cast, address: SocketAddr) -> anyhow::Result<Serving> {
    let recovered = recovery::recover(&config.calls_dir)
        .with_context(|| format!("cannot list {}", config.calls_dir.display()))?;
    for call in &recovered {
        tracing::warn!(call_id = call.call_id, outcome = ?call.view.outcome(), "a call was recovered");
    }
    let (store, calls_dir) = (config.store.clone(), config.calls_dir.clone());
    let talk_seconds_min = config.rules.trial.talk_seconds_min;
    let ledger = Ledger::start(move || {
        let mut store = open_store(&store)?;
        catch_up(&mut store, &calls_dir, talk_seconds_min)?;
        Ok(store)
    })
    .with_context(|| format!("cannot open {}; see `[store]`", config.store))?;
    let texts = desk::texts(config.accounts.text_command.clone());
    let cashier = Cashier::start(ledger.clone(), texts, talk_seconds_min, config.records.call_days);
    let running = start(config, cast, address, Some(cashier))?;
    // Links are signed with a key of their own, so that no token of a stream is one.
    let secret = [running.exchange.shared().stream_secret.as_slice(), b" links"].concat();
    let setup = Setup {
        rules: config.rules.clone(),
        ledger,
        codes: desk::codes(config.accounts.code_command.clone()),
        public_url: config.public_url.clone(),
        frontend: config.accounts.frontend.clone(),
        operator_token: config.operator_token.clone(),
        twilio_token: config.keys.twilio.clone(),
        webhooks_private: config.webhooks.allow_private,
        secret,
    };
    let courier = Courier::start(setup.ledger.clone(), setup.webhooks_private)?;
    let desk = Desk::new(Arc::clone(&running.exchange), setup);
    Ok(Serving { running, desk, courier })
}

/// Opens the data base that is configured. Not on a thread of the runtime: PostgreSQL's client waits
/// in its own way.
pub fn open_store(config: &config::Store) -> Result<Store, StoreError> {
    match &config.postgres {
        Some(url) => Store::open(Box::new(Postgres::connect(url.expose_secret())?)),
        None => Store::open(Box::new(Sqlite::open(&config.file)?)),
    }
}

/// Starts everything but HTTP and its desk. `address` is where HTTP will listen.
pub fn start(
    config: &Config,
    cast: Cast,
    address: SocketAddr,
    cashier: Option<Arc<Cashier>>,
) -> anyhow::Result<Running> {
    install_tls();
    crate::http::metrics_handle();
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
            cashier,
        },
        callers,
    )
    .map_err(io::Error::other)?;
    Ok(Running { exchange, truths })
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
