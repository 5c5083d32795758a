//! `/health` (the process lives), `/ready` (it takes calls), `/version`, `/metrics` (Prometheus text, for
//! who has the operator's token).

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use platform::Code;
use secrecy::ExposeSecret;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{Envelope, ErrorBody};
use crate::{desk::Desk, exchange::Exchange};

/// The process lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    ok: bool,
    /// `healthy`, or `degraded`: then no calls are taken.
    status: &'static str,
    /// Why, when it is degraded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    service: &'static str,
    version: &'static str,
}

/// A call would be taken now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
}

/// Which program this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Version {
    service: &'static str,
    version: &'static str,
}

/// Bounds of all histograms, in s: from a frame to a slow turn.
const BUCKETS: [f64; 18] = [
    0.002, 0.003, 0.004, 0.006, 0.008, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.14, 0.18, 0.25, 0.5,
    1.0, 2.0, 5.0,
];
/// Histograms are added up this often: until then each value takes memory, whether anybody asks for
/// them or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of this process; installed at the first call.
pub fn metrics_handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            // The buckets are a constant, not empty.
            let builder = builder
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Another recorder that was installed first keeps its place.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}

/// Whether the process lives, and can write its records. The calls it has go on: a process that is only
/// degraded is not to be killed.
#[utoipa::path(get, path = "/health", tag = "server", security(()), responses((status = 200, body = Health)))]
pub(super) async fn health(State(exchange): State<Arc<Exchange>>) -> Json<Health> {
    let fault = exchange.disk_fault();
    let reason = |why| format!("records cannot be written, so no calls are taken: {why}");
    Json(Health {
        ok: true,
        status: if fault.is_some() { "degraded" } else { "healthy" },
        reason: fault.map(reason),
        service: "trunkline",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Whether a call would be taken now.
#[utoipa::path(get, path = "/ready", tag = "server", security(()),
    responses((status = 200, body = Ready), (status = 503, body = ErrorBody)))]
pub(super) async fn ready(State(exchange): State<Arc<Exchange>>) -> Result<Json<Ready>, Envelope> {
    exchange.readiness()?;
    Ok(Json(Ready { ready: true }))
}

/// Which program this is.
#[utoipa::path(get, path = "/version", tag = "server", security(()), responses((status = 200, body = Version)))]
pub(super) async fn version() -> Json<Version> {
    Json(Version { service: "trunkline", version: env!("CARGO_PKG_VERSION") })
}

/// Adds histograms up, for ever.
pub(super) async fn upkeep() {
    let handle = metrics_handle();
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

pub(super) async fn metrics(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Envelope> {
    let told = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let told = told.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    let wanted = desk.setup().operator_token.as_ref().map(ExposeSecret::expose_secret);
    // Of hashes nobody learns anything by how long the comparison takes.
    if wanted.is_none_or(|wanted| Sha256::digest(wanted) != Sha256::digest(told)) {
        let message =
            "figures are for the operator: set operator_token, and send it as a bearer token";
        return Err(Code::AuthRequired.because(message).into());
    }
    let handle = metrics_handle();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()))
}
