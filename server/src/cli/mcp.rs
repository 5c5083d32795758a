//! `trunkline mcp`: calls as an agent's tools.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Args;

use super::{remote::Remote, serve::start_log};
use crate::{
    client::Client,
    config::{Sources, load, reachable},
    http::{self, Certificates},
    mcp,
};

/// How agents come.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Speak streamable HTTP at this address (path /mcp) instead of stdio; each request brings its own key
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
    /// Further names by which agents reach that address, for example calls.example.com
    #[arg(long, value_name = "NAME", requires = "http")]
    host: Vec<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Does it: until standard input ends, or for ever.
pub fn run(serve: &Serve, sources: &Sources) -> anyhow::Result<ExitCode> {
    let config = load(&serve.remote.sources(sources))?;
    start_log(config.log_filter().map_err(anyhow::Error::msg)?, config.log_format);
    let client = Client::of(&config)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let done = runtime.block_on(async {
        let Some(address) = serve.http else {
            return mcp::serve_stdio(client, &config.mcp).await;
        };
        let listener =
            http::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let files = config.tls.files();
        let certificates = files.map(|(chain, key)| Certificates::load(chain, key)).transpose()?;
        let s = if certificates.is_some() { "s" } else { "" };
        tracing::info!("agents reach http{s}://{}/mcp", reachable(address));
        let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let hosts = own.into_iter().chain([address.ip().to_string()]).chain(serve.host.clone());
        let router = mcp::router(client, &config.mcp, hosts.collect());
        http::serve(listener, router, config.limits.connections_max, certificates.map(Arc::new))
            .await;
        Ok(())
    });
    // A thread that still reads standard input must not hold the process.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}
