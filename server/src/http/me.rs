//! `/balance` and `/me…`: what an account has, wants and had.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use platform::{Code, HistoryQuery, PreferencesBody};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Envelope, ErrorBody, door::Whole};
use crate::{
    clock::wall_at,
    desk::{Asker, Desk, PastCall, Visitor},
};

/// What an account has left. The same stands in the headers of every answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BalanceBody {
    tier: &'static str,
    balance_seconds: u64,
}

/// Who is behind a linked key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Me {
    #[serde(rename = "userId")]
    user_id: String,
    email: Option<String>,
    #[serde(rename = "balanceSeconds")]
    balance_seconds: u64,
}

/// Finished calls, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HistoryBody {
    calls: Vec<PastCall>,
    /// How long a recording's link is given.
    #[serde(rename = "recordingWindowMinutes")]
    recording_window_minutes: u32,
}

/// How all calls are to be, and how incoming ones are answered. What is absent is reset, but for
/// `inbound`, which `null` clears.
#[derive(ToSchema)]
pub struct PreferencesWanted {
    /// Who speaks.
    #[schema(nullable)]
    pub voice: Option<String>,
    /// The manner.
    #[schema(nullable)]
    pub personality: Option<String>,
    /// How you would begin.
    #[schema(nullable)]
    pub greeting: Option<String>,
    /// Incoming calls.
    #[schema(nullable)]
    pub inbound: Option<InboundWanted>,
}

/// How incoming calls are answered.
#[derive(ToSchema)]
pub struct InboundWanted {
    /// What the agent is to do.
    pub instructions: String,
    /// What it says first.
    pub greeting: String,
    /// Your own telephone, to be joined with a caller.
    #[schema(nullable)]
    pub handoff_number: Option<String>,
    /// `false` leaves callers unanswered.
    #[schema(nullable)]
    pub enabled: Option<bool>,
    /// Whose calls are answered: `disabled`, `allowlist`, `open`.
    #[schema(nullable)]
    pub policy: Option<String>,
    /// The numbers of `allowlist`.
    #[schema(nullable)]
    pub allowlist: Option<Vec<String>>,
}

/// What the account has left.
#[utoipa::path(get, path = "/balance", tag = "account", security(("key" = [])),
    responses((status = 200, body = BalanceBody), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn balance(State(desk): State<Arc<Desk>>, asker: Asker) -> Json<BalanceBody> {
    let balance_seconds = asker.balance_seconds(desk.rules());
    Json(BalanceBody { tier: asker.account.tier.name(), balance_seconds })
}

/// Who is behind the key, once it is linked.
#[utoipa::path(get, path = "/me", tag = "account", security(("key" = [])),
    responses((status = 200, body = Me), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    visitor: Visitor,
) -> Result<Json<Me>, Envelope> {
    asker.linked(&desk, &visitor.base)?;
    let balance_seconds = asker.balance_seconds(desk.rules());
    Ok(Json(Me { user_id: asker.account.id, email: asker.account.email, balance_seconds }))
}

/// Finished calls, newest first.
#[utoipa::path(get, path = "/me/calls", tag = "account", security(("key" = [])),
    params(("direction" = Option<String>, Query, description = "`inbound` or `outbound`"),
        ("since" = Option<String>, Query, description = "Finished then or later: an instant with an offset"),
        ("before" = Option<String>, Query, description = "Finished before then"),
        ("limit" = Option<u32>, Query, description = "1 to 200; 25 when absent")),
    responses((status = 200, body = HistoryBody), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn history(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    visitor: Visitor,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<HistoryBody>, Envelope> {
    asker.linked(&desk, &visitor.base)?;
    let unreadable = |_| Code::InvalidQuery.because("the query cannot be read");
    let Query(pairs) = pairs.map_err(unreadable)?;
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    // A plus that was not encoded has become a space.
    let instant = |text: &str| wall_at(&text.replace(' ', "+"));
    let query = HistoryQuery::read(pairs, instant)?;
    let calls = desk.history(&visitor, &asker, query).await?;
    let recording_window_minutes = desk.rules().recording_minutes;
    Ok(Json(HistoryBody { calls, recording_window_minutes }))
}

/// How all calls are to be.
#[utoipa::path(get, path = "/me/call-preferences", tag = "account", security(("key" = [])),
    responses((status = 200, body = PreferencesBody), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn preferences(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    visitor: Visitor,
) -> Result<Json<PreferencesBody>, Envelope> {
    asker.linked(&desk, &visitor.base)?;
    Ok(Json(desk.preferences(&asker).await?))
}

/// Replaces how all calls are to be.
#[utoipa::path(put, path = "/me/call-preferences", tag = "account", request_body = PreferencesWanted, security(("key" = [])),
    responses((status = 200, body = PreferencesBody), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn set_preferences(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    visitor: Visitor,
    Whole(body): Whole,
) -> Result<Json<PreferencesBody>, Envelope> {
    asker.linked(&desk, &visitor.base)?;
    desk.set_preferences(&asker, &body).await?;
    Ok(Json(desk.preferences(&asker).await?))
}

/// Resets how all calls are to be; incoming ones are answered as before.
#[utoipa::path(delete, path = "/me/call-preferences", tag = "account", security(("key" = [])),
    responses((status = 200, body = PreferencesBody), (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(super) async fn reset_preferences(
    State(desk): State<Arc<Desk>>,
    asker: Asker,
    visitor: Visitor,
) -> Result<Json<PreferencesBody>, Envelope> {
    asker.linked(&desk, &visitor.base)?;
    desk.reset_preferences(&asker).await?;
    Ok(Json(desk.preferences(&asker).await?))
}

/// Minutes were once sold in packs; whoever still asks learns that they are not.
#[utoipa::path(get, path = "/me/minute-packs", tag = "account", security(("key" = [])),
    responses((status = "4XX", body = ErrorBody)))]
pub(super) async fn minute_packs(_: Asker) -> Envelope {
    Code::MinutePacksDiscontinued.because("minutes are not sold in packs any more").into()
}
