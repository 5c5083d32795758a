//! `trunkline serve`

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use super::say;
use crate::{
    assembly,
    config::{Config, LogFormat, Sources, load},
    http::{self, Certificates},
    vendors::Cast,
};

/// Does it: serves until SIGTERM or SIGINT, then drains.
pub fn run(sources: &Sources) -> anyhow::Result<ExitCode> {
    let config = load(sources)?;
    start_log(config.log_filter().map_err(anyhow::Error::msg)?, config.log_format);
    let files = config.tls.files();
    let certificates = files.map(|(chain, key)| Certificates::load(chain, key)).transpose()?;
    let cast = Cast::load(&config, &mut |what| say(format!("loading {what}")))?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(serve(config, cast, certificates.map(Arc::new)))
}

pub(super) fn start_log(filter: EnvFilter, format: LogFormat) {
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => registry.with(layer).init(),
        LogFormat::Json => registry.with(layer.json()).init(),
    }
}

async fn serve(
    config: Config,
    cast: Cast,
    certificates: Option<Arc<Certificates>>,
) -> anyhow::Result<ExitCode> {
    let listener = http::bind(config.listen)
        .with_context(|| format!("cannot listen on {}; set listen or --listen", config.listen))?;
    let address = listener.local_addr()?;
    let running = assembly::start(&config, cast, address)?;
    let exchange = running.exchange;
    let router = http::router(Arc::clone(&exchange));
    if let Some(certificates) = &certificates {
        tokio::spawn(reload_at_hangup(Arc::clone(certificates), signal(SignalKind::hangup())?));
    }
    // The address is in no certificate: who tries it out looks past that.
    let (s, insecure) = if certificates.is_some() { ("s", " --insecure") } else { ("", "") };
    let connections_max = config.limits.connections_max;
    let server = tokio::spawn(http::serve(listener, router, connections_max, certificates));
    say(format!(
        "\ntrunkline listens on http{s}://{address}\n  API      POST /call, GET /call/{{id}}, POST /call/{{id}}/hangup\n  \
         streams  ws{s}://{address}/media/twilio\n  state    /health /ready /metrics\n  calls    {}\n\n{}\ntry:\n  \
         curl -s{insecure} http{s}://{address}/call -H 'content-type: application/json' \\\n    -d '{}'\n",
        config.calls_dir.display(),
        exchange.about_carrier(),
        super::demo::request_json(),
    ));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    let limit = Duration::from_secs(config.limits.drain_seconds_max);
    say(format!("draining: no new calls, at most {} s for the old ones", limit.as_secs()));
    let drain =
        exchange.drain(limit, |remaining| say(format!("draining: {remaining} calls remain")));
    tokio::select! {
        () = drain => {}
        _ = interrupt.recv() => say("stopped at once"),
    }
    server.abort();
    Ok(ExitCode::SUCCESS)
}

/// SIGHUP: the certificate's files have changed. Bad ones change nothing.
async fn reload_at_hangup(certificates: Arc<Certificates>, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        match certificates.reload() {
            Ok(()) => {
                info!(good_until = %certificates.good_until(), "certificates were read again")
            }
            Err(error) => warn!(%error, "the old certificates stay"),
        }
    }
}
