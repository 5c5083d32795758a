//! `/v1/webhook` and its dead letters: where an account is told of its calls.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use platform::{Code, Fault, webhook::Secret};
use serde_json::{Value, json};

use super::{Envelope, door::Whole};
use crate::{
    clock::{unix_seconds, wall_now},
    desk::{Asker, Desk},
    random, webhooks,
};

type Answer = Result<Json<Value>, Envelope>;

/// Sets it. The secret is new, and shown this once.
pub(super) async fn set(State(desk): State<Arc<Desk>>, asker: Asker, Whole(body): Whole) -> Answer {
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
    let shown = json!({ "url": url, "secret": secret, "created_at": now });
    let account = asker.account.id;
    let set = desk.ledger().ask(move |store| store.set_webhook(&account, &url, &secret, &now));
    set.await.map_err(Fault::from)?;
    Ok(Json(shown))
}

/// Shows it, without its secret.
pub(super) async fn show(State(desk): State<Arc<Desk>>, asker: Asker) -> Answer {
    let account = asker.account.id;
    let webhook = desk.ledger().ask(move |store| store.webhook(&account)).await;
    let webhook = webhook.map_err(Fault::from)?.ok_or_else(none)?;
    Ok(Json(json!({
        "url": webhook.url, "created_at": webhook.created_at, "waiting": webhook.waiting, "last_said": webhook.last_said,
    })))
}

/// Removes it, and what waits for it.
pub(super) async fn remove(State(desk): State<Arc<Desk>>, asker: Asker) -> Answer {
    let account = asker.account.id;
    let removed = desk.ledger().ask(move |store| store.remove_webhook(&account)).await;
    let removed = removed.map_err(Fault::from)?;
    Ok(Json(json!({ "success": true, "removed": removed })))
}

/// What did not arrive.
pub(super) async fn dead_letters(State(desk): State<Arc<Desk>>, asker: Asker) -> Answer {
    let account = asker.account.id;
    let letters = desk.ledger().ask(move |store| store.dead_letters(&account)).await;
    let shown = letters.map_err(Fault::from)?.into_iter().map(|letter| {
        json!({
            "id": letter.id,
            "created_at": letter.created_at,
            "laid_aside_at": letter.laid_aside_at,
            "tries": letter.tries,
            "reason": letter.said,
            "body": serde_json::from_str::<Value>(&letter.body).unwrap_or_default(),
        })
    });
    Ok(Json(json!({ "dead_letters": shown.collect::<Vec<_>>() })))
}

/// Sends one of them again.
pub(super) async fn replay(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), Envelope> {
    let (account, asked) = (asker.account.id, id.clone());
    let now = unix_seconds();
    let found = desk.ledger().ask(move |store| store.replay_message(&account, &asked, now)).await;
    if !found.map_err(Fault::from)? {
        return Err(Code::NotFound.because("there is no such dead letter").into());
    }
    Ok((StatusCode::ACCEPTED, Json(json!({ "success": true, "id": id }))))
}

fn none() -> Envelope {
    Code::NotFound.because("no webhook is set").into()
}
