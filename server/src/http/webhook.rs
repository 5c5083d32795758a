//! `/v1/webhook` and its dead letters: where who placed calls with a key is told of them.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use platform::{Code, Fault, webhook::Secret};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{CallId, Envelope, ErrorBody, door::Whole};
use crate::{
    clock::{unix_seconds, wall_now},
    desk::{Asker, Desk},
    random,
    recovery::is_plain_id,
    store::MESSAGE_PREFIX,
    webhooks,
};

type Answer<T> = Result<Json<T>, Envelope>;

/// A webhook that is wanted.
#[derive(ToSchema)]
pub struct WebhookWanted {
    /// `https`, on the open internet.
    #[schema(example = "https://hooks.example.com/trunkline")]
    pub url: String,
}

/// A webhook that was just set.
#[derive(Serialize, ToSchema)]
pub struct WebhookSet {
    url: String,
    /// What messages are signed with; shown this once.
    secret: String,
    created_at: String,
}

/// A webhook.
#[derive(Serialize, ToSchema)]
pub struct WebhookBody {
    url: String,
    created_at: String,
    /// Messages that wait.
    waiting: u64,
    /// What was said of the next of them.
    last_said: Option<String>,
}

/// What was removed.
#[derive(Serialize, ToSchema)]
pub struct WebhookRemoved {
    success: bool,
    /// There was one.
    removed: bool,
}

/// Messages that did not arrive, the newest first.
#[derive(Serialize, ToSchema)]
pub struct DeadLetters {
    dead_letters: Vec<DeadLetterBody>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub struct DeadLetterBody {
    id: String,
    created_at: String,
    laid_aside_at: String,
    tries: u32,
    reason: String,
    #[schema(value_type = Object)]
    body: Value,
}

/// A message that is sent again.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    success: bool,
    id: String,
}

/// Sets where this key is told of calls that are over: those placed with it, and those that came in.
#[utoipa::path(put, path = "/v1/webhook", tag = "webhook", request_body = WebhookWanted, security(("key" = [])),
    responses((status = 200, body = WebhookSet), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn set(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    Whole(body): Whole,
) -> Answer<WebhookSet> {
    let body: Value = serde_json::from_slice(&body)
        .map_err(|e| Code::MissingFields.because(format!("the body is not JSON: {e}")))?;
    let url = body.get("url").and_then(Value::as_str);
    let url = url.ok_or_else(|| Code::MissingFields.because("url is required, as text"))?;
    let url = webhooks::check(url, desk.setup().webhooks_private)
        .map_err(|bad| Envelope::new(StatusCode::BAD_REQUEST, "invalid_url", bad.to_string()))?;
    let secret = random::bytes()
        .map(Secret::of)
        .map_err(|e| Envelope::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", e.to_string()))?;
    let (url, secret, now) = (url.to_string(), secret.written(), wall_now());
    let set = WebhookSet { url: url.clone(), secret: secret.clone(), created_at: now.clone() };
    let key = asker.hash;
    let kept = desk.ledger().ask(move |store| store.set_webhook(&key, &url, &secret, &now));
    kept.await.map_err(Fault::from)?;
    Ok(Json(set))
}

/// Shows the webhook, without its secret.
#[utoipa::path(get, path = "/v1/webhook", tag = "webhook", security(("key" = [])),
    responses((status = 200, body = WebhookBody), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn show(State(desk): State<Arc<Desk>>, asker: Asker) -> Answer<WebhookBody> {
    let key = asker.hash;
    let webhook = desk.ledger().ask(move |store| store.webhook(&key)).await;
    let none = || Code::NotFound.because("no webhook is set");
    let webhook = webhook.map_err(Fault::from)?.ok_or_else(none)?;
    Ok(Json(WebhookBody {
        url: webhook.url,
        created_at: webhook.created_at,
        waiting: webhook.waiting,
        last_said: webhook.last_said,
    }))
}

/// Removes the webhook, and what waits for it.
#[utoipa::path(delete, path = "/v1/webhook", tag = "webhook", security(("key" = [])),
    responses((status = 200, body = WebhookRemoved), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn remove(State(desk): State<Arc<Desk>>, asker: Asker) -> Answer<WebhookRemoved> {
    let key = asker.hash;
    let removed = desk.ledger().ask(move |store| store.remove_webhook(&key)).await;
    Ok(Json(WebhookRemoved { success: true, removed: removed.map_err(Fault::from)? }))
}

/// Shows messages that did not arrive, at most 100.
#[utoipa::path(get, path = "/v1/webhook/dead-letters", tag = "webhook", security(("key" = [])),
    responses((status = 200, body = DeadLetters), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn dead_letters(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
) -> Answer<DeadLetters> {
    let key = asker.hash;
    let letters = desk.ledger().ask(move |store| store.dead_letters(&key)).await;
    let letters = letters.map_err(Fault::from)?.into_iter().map(|letter| DeadLetterBody {
        id: letter.id,
        created_at: letter.created_at,
        laid_aside_at: letter.laid_aside_at,
        tries: letter.tries,
        reason: letter.said,
        body: serde_json::from_str(&letter.body).unwrap_or_default(),
    });
    Ok(Json(DeadLetters { dead_letters: letters.collect() }))
}

/// Sends one of them again, under its old id.
#[utoipa::path(post, path = "/v1/webhook/dead-letters/{id}/replay", tag = "webhook", params(("id" = String, Path)),
    security(("key" = [])),
    responses((status = 202, body = Replayed), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn replay(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    CallId(id): CallId,
) -> Result<(StatusCode, Json<Replayed>), Envelope> {
    let none = || Envelope::from(Code::NotFound.because("there is no such dead letter"));
    if !id.strip_prefix(MESSAGE_PREFIX).is_some_and(is_plain_id) {
        return Err(none());
    }
    let (key, asked) = (asker.hash, id.clone());
    let now = unix_seconds();
    let found = desk.ledger().ask(move |store| store.replay_message(&key, &asked, now)).await;
    if !found.map_err(Fault::from)? {
        return Err(none());
    }
    Ok((StatusCode::ACCEPTED, Json(Replayed { success: true, id })))
}
