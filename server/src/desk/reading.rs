//! Calls and their history, shown to their owner alone: to everybody else there is no such call.

use std::path::PathBuf;

use platform::{CallBody, CallView, Code, Fault, HistoryQuery, Shown};
use serde::Serialize;
use telephony::{Direction, token};
use utoipa::ToSchema;

use super::{Asker, Desk, Visitor};
use crate::{
    clock::{unix_seconds, wall_after_iso, wall_now},
    exchange::Known,
    recordings,
    recovery::is_plain_id,
};

/// A call of the asker's.
pub struct Read {
    /// What is known of it now.
    pub view: CallView,
    /// The call itself, as long as the process remembers it.
    pub known: Option<Known>,
}

/// One call of the history.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PastCall {
    #[serde(flatten)]
    call: CallBody,
    /// Until when its recording's link is given: ISO 8601, UTC, ms; null without a recording.
    recording_available_until: Option<String>,
    /// That time is over.
    recording_expired: bool,
}

impl Desk {
    /// A call by its id, if it is the asker's.
    ///
    /// # Errors
    /// `not_found`, whether it is not there or somebody else's.
    pub async fn call(&self, asker: &Asker, id: &str) -> Result<Read, Fault> {
        let missing = || Code::NotFound.because("there is no such call");
        if !is_plain_id(id) {
            return Err(missing());
        }
        let asked = id.to_owned();
        let kept = self.ledger().ask(move |store| store.call(&asked)).await?;
        let kept = kept.filter(|kept| kept.account == asker.account.id).ok_or_else(missing)?;
        let known = self.exchange.find(id);
        let view = match &known {
            Some(known) => Some(known.view()),
            None => kept.view.as_deref().and_then(CallView::restored),
        };
        Ok(Read { view: view.ok_or_else(missing)?, known })
    }

    /// The call as its owner sees it.
    pub fn body(&self, visitor: &Visitor, asker: &Asker, view: &CallView) -> CallBody {
        let is_over = view.finalized_at().is_some();
        view.body(Shown {
            recording_url: self.recording_url(visitor, view),
            api_key: self.rules().first_generation.then(|| asker.key.clone()),
            balance_seconds: is_over.then(|| asker.balance_seconds(self.rules())),
        })
    }

    /// Finished calls, newest first.
    ///
    /// # Errors
    /// `inbound_plan_required`, `reserved_number_required` for incoming calls of who cannot have any.
    pub async fn history(
        &self,
        visitor: &Visitor,
        asker: &Asker,
        query: HistoryQuery,
    ) -> Result<Vec<PastCall>, Fault> {
        if query.direction == Some(Direction::Inbound) {
            self.may_have_inbound(asker).await?;
        }
        let account = asker.account.id.clone();
        let kept = self.ledger().ask(move |store| store.history(&account, &query)).await?;
        let views = kept.iter().filter_map(|kept| CallView::restored(kept.view.as_deref()?));
        Ok(views.map(|view| self.past(visitor, asker, &view)).collect())
    }

    fn past(&self, visitor: &Visitor, asker: &Asker, view: &CallView) -> PastCall {
        let until = self.available_until(view).filter(|_| self.recording(view).is_some());
        PastCall {
            call: self.body(visitor, asker, view),
            recording_expired: until.as_ref().is_some_and(|until| *until <= wall_now()),
            recording_available_until: until,
        }
    }

    fn available_until(&self, view: &CallView) -> Option<String> {
        let minutes = i64::from(self.rules().recording_minutes);
        wall_after_iso(view.finalized_at()?, minutes * 60)
    }

    /// The link in a call's body: given as long as the window is open.
    fn recording_url(&self, visitor: &Visitor, view: &CallView) -> Option<String> {
        let until = self.available_until(view)?;
        self.recording(view).filter(|_| until > wall_now())?;
        Some(self.signed_url(visitor, view.call_id()))
    }

    /// A link that plays a recording, for as many minutes as the rules say.
    pub fn signed_url(&self, visitor: &Visitor, call_id: &str) -> String {
        let end = unix_seconds() + u64::from(self.rules().recording_minutes) * 60;
        let token = token::mint(&self.setup.secret, call_id, end);
        format!("{}/recordings/{token}", visitor.base)
    }

    /// The recording a link is for.
    ///
    /// # Errors
    /// `invalid_token`, `recording_not_available`.
    pub fn recording_for(&self, token: &str) -> Result<(PathBuf, &'static str), Fault> {
        let call_id = token::verify(&self.setup.secret, token, unix_seconds())
            .map_err(|e| Code::InvalidToken.because(format!("this link does not work: {e}")))?;
        self.recording_file(call_id)
            .filter(|_| is_plain_id(call_id))
            .ok_or_else(|| Code::RecordingNotAvailable.because("this recording is gone"))
    }

    /// The recording of a call that is over and was answered, and its kind.
    pub fn recording(&self, view: &CallView) -> Option<(PathBuf, &'static str)> {
        let is_there = view.finalized_at().is_some() && view.was_answered();
        is_there.then(|| self.recording_file(view.call_id())).flatten()
    }

    fn recording_file(&self, call_id: &str) -> Option<(PathBuf, &'static str)> {
        let path = recordings::file(&self.exchange.calls_dir().join(call_id))?;
        let is_stored = path.extension().is_some_and(|it| it == "ogg");
        Some((path, if is_stored { "audio/ogg" } else { "audio/wav" }))
    }
}
