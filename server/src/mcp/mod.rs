//! Calls as an agent's tools: a server of the Model Context Protocol, over stdio or streamable HTTP.
//!
//! ```text
//!   agent ─▶ Tools ─▶ limits (destinations, minutes) ─▶ Client ─▶ a trunkline
//!     ◀── progress ── wait ◀── events of the call ◀───────┘
//! ```
//!
//! Nothing a callee says can make it dial: a number comes from a tool call's arguments alone, must be one that the
//! configuration allows, and a call is joined with the number it was placed with. `words` are arguments and results,
//! `limits` what may be done, `wait` follows a call, `tools` the tools themselves.

mod limits;
mod tools;
mod wait;
mod words;

use std::sync::Arc;

use axum::Router;
use rmcp::{
    ServiceExt,
    transport::{
        io::stdio_pipes,
        streamable_http_server::{
            StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
        },
    },
};

use crate::{client::Client, config};
use limits::Limits;
use tools::{Owner, Tools};

/// Largest request over HTTP, in bytes: a task of 256 KiB, escaped.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Serves one agent over standard input and output, until it leaves. The key is the client's own.
///
/// # Errors
/// The agent does not speak the protocol.
pub async fn serve_stdio(client: Client, config: &config::Mcp) -> anyhow::Result<()> {
    let tools = Tools::new(client, Owner::User, Arc::new(Limits::new(config)));
    tools.serve(stdio_pipes()).await?.waiting().await?;
    Ok(())
}

/// `/mcp` for any number of agents. Each request brings its own key, in `X-Api-Key` or as a bearer; the client's is never
/// used. `hosts` are the names this server may be called by; requests of web pages are refused.
pub fn router(client: Client, config: &config::Mcp, hosts: Vec<String>) -> Router {
    let limits = Arc::new(Limits::new(config));
    let service = StreamableHttpService::new(
        move || Ok(Tools::new(client.clone(), Owner::Request, Arc::clone(&limits))),
        Arc::new(LocalSessionManager::default()),
        // Without sessions there is nothing to pile up.
        StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_allowed_hosts(hosts)
            .enforce_origin_validation()
            .with_max_request_body_bytes(BODY_BYTES_MAX),
    );
    Router::new().nest_service("/mcp", service)
}
