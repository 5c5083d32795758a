//! `/health` (the process lives), `/ready` (it takes calls), `/metrics` (Prometheus text).

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{Json, extract::State, http::header, response::IntoResponse};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::json;

use super::Envelope;
use crate::exchange::Exchange;

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

/// The process lives, and the calls it has go on: a process that is only degraded is not to be killed.
pub(super) async fn health(State(exchange): State<Arc<Exchange>>) -> impl IntoResponse {
    let fault = exchange.disk_fault();
    let status = if fault.is_some() { "degraded" } else { "healthy" };
    let mut body = json!({ "ok": true, "status": status, "service": "trunkline", "version": env!("CARGO_PKG_VERSION") });
    if let Some(why) = fault {
        body["reason"] = json!(format!("records cannot be written, so no calls are taken: {why}"));
    }
    Json(body)
}

pub(super) async fn ready(
    State(exchange): State<Arc<Exchange>>,
) -> Result<impl IntoResponse, Envelope> {
    exchange.readiness()?;
    let max = exchange.limits().calls_max;
    Ok(Json(json!({ "ready": true, "calls": exchange.active(), "calls_max": max })))
}

/// Adds histograms up, for ever.
pub(super) async fn upkeep() {
    let handle = metrics_handle();
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

pub(super) async fn metrics() -> impl IntoResponse {
    let handle = metrics_handle();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
}
