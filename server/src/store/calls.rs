//! The index of calls: whose they are, how they ended, what they cost, and which requests were
//! repeats.

use platform::{CallView, Finished, HistoryQuery};
use telephony::{Direction, E164};

use super::{MESSAGE_PREFIX, Row, Store, StoreError, Value, webhooks::message_id};

/// Columns of a call, in the order [`kept`] reads them.
const CALL: &str = "id, account, finalized_at, body";

/// A request that may come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Who gave the name: an account, or the address of who has none yet.
    pub whose: String,
    /// What the client calls it (`Idempotency-Key`).
    pub name: String,
    /// Hash of what was asked, to tell it from another request of the same name.
    pub request: String,
    /// Older ones are forgotten: ISO 8601, UTC, ms.
    pub since_iso: String,
}

/// A call that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCall {
    /// Our id.
    pub id: String,
    /// Whose.
    pub account: String,
    /// The key it is placed with, by its hash; none for a call that comes in.
    pub key: Option<String>,
    /// Who calls.
    pub direction: Direction,
    /// Now: ISO 8601, UTC, ms.
    pub queued_at: String,
    /// The request's own name, if it has one.
    pub repeat: Option<Repeat>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is in the index.
    New,
    /// The same was asked before: this is the call.
    Before(String),
    /// Something else was asked under this name.
    Another,
}

/// A call as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallKept {
    /// Our id.
    pub id: String,
    /// Whose.
    pub account: String,
    /// When it was over.
    pub finalized_at: Option<String>,
    /// [`Finished::view`], once it is over.
    pub view: Option<String>,
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}

fn kept(mut row: Row) -> Result<CallKept, StoreError> {
    Ok(CallKept {
        id: row.text()?,
        account: row.text()?,
        finalized_at: row.maybe_text(),
        view: row.maybe_text(),
    })
}

impl Store {
    /// Enters a call, unless the same request has been made before.
    pub fn open_call(&mut self, call: &NewCall) -> Result<Opened, StoreError> {
        self.whole(|store| {
            if let Some(repeat) = &call.repeat
                && let Some(before) = store.repeated(call, repeat)?
            {
                return Ok(before);
            }
            store.run(
                "INSERT INTO calls (id, account, direction, queued_at, key) VALUES ($1, $2, $3, $4, $5)",
                &[
                    call.id.as_str().into(),
                    call.account.as_str().into(),
                    direction_name(call.direction).into(),
                    call.queued_at.as_str().into(),
                    call.key.as_deref().into(),
                ],
            )?;
            Ok(Opened::New)
        })
    }

    /// What was asked under this name before, if anything.
    pub fn before(&mut self, repeat: &Repeat) -> Result<Option<Opened>, StoreError> {
        let row = self.one(
            "SELECT request, call FROM repeats WHERE account = $1 AND name = $2 AND created_at >= $3",
            &[
                repeat.whose.as_str().into(),
                repeat.name.as_str().into(),
                repeat.since_iso.as_str().into(),
            ],
        )?;
        let Some(mut row) = row else { return Ok(None) };
        let (request, before) = (row.text()?, row.text()?);
        let same = request == repeat.request;
        Ok(Some(if same { Opened::Before(before) } else { Opened::Another }))
    }

    /// The same, or else the name is taken now.
    fn repeated(&mut self, call: &NewCall, repeat: &Repeat) -> Result<Option<Opened>, StoreError> {
        self.run("DELETE FROM repeats WHERE created_at < $1", &[repeat.since_iso.as_str().into()])?;
        let taken = self.run(
            "INSERT INTO repeats (account, name, request, call, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (account, name) DO NOTHING",
            &[
                repeat.whose.as_str().into(),
                repeat.name.as_str().into(),
                repeat.request.as_str().into(),
                call.id.as_str().into(),
                call.queued_at.as_str().into(),
            ],
        )?;
        if taken == 1 {
            return Ok(None);
        }
        self.before(repeat)
    }

    /// A call that did not begin after all leaves nothing.
    pub fn abandon_call(&mut self, id: &str) -> Result<(), StoreError> {
        self.whole(|store| {
            store.run("DELETE FROM repeats WHERE call = $1", &[id.into()])?;
            let sql = "DELETE FROM calls WHERE id = $1 AND finalized_at IS NULL";
            store.run(sql, &[id.into()]).map(drop)
        })
    }

    /// A call is over: it is kept, and charged. The same end told again changes nothing; whether this
    /// was the first time. A talk shorter than `talk_seconds_min` does not count as a call.
    pub fn finish_call(
        &mut self,
        finished: &Finished,
        talk_seconds_min: u64,
    ) -> Result<bool, StoreError> {
        self.whole(|store| {
            let first = store.run(
                "UPDATE calls SET finalized_at = $1, talk_seconds = $2, body = $3 \
                 WHERE id = $4 AND finalized_at IS NULL",
                &[
                    finished.finalized_at.as_str().into(),
                    finished.talk_seconds.into(),
                    finished.view.as_str().into(),
                    finished.call_id.as_str().into(),
                ],
            )?;
            if first == 0 {
                return Ok(false);
            }
            let counts = finished.talk_seconds >= talk_seconds_min.max(1);
            store.run(
                "UPDATE accounts SET talk_seconds = talk_seconds + $1, calls_counted = calls_counted + $2, \
                 balance_seconds = balance_seconds - CASE tier WHEN 'paid' THEN $1 ELSE 0 END \
                 WHERE id = (SELECT account FROM calls WHERE id = $3)",
                &[
                    finished.talk_seconds.into(),
                    counts.into(),
                    finished.call_id.as_str().into(),
                ],
            )?;
            store.tell_end(finished)?;
            Ok(true)
        })
    }

    /// A call by its id.
    pub fn call(&mut self, id: &str) -> Result<Option<CallKept>, StoreError> {
        let sql = format!("SELECT {CALL} FROM calls WHERE id = $1");
        self.one(&sql, &[id.into()])?.map(kept).transpose()
    }

    /// Finished calls of an account, newest first.
    pub fn history(
        &mut self,
        account: &str,
        query: &HistoryQuery,
    ) -> Result<Vec<CallKept>, StoreError> {
        const NEVER: &str = "9999-12-31T23:59:59.999Z";
        let mut sql = format!(
            "SELECT {CALL} FROM calls WHERE account = $1 AND finalized_at >= $2 AND finalized_at < $3"
        );
        let since = query.since_iso.as_deref().unwrap_or_default();
        let before = query.before_iso.as_deref().unwrap_or(NEVER);
        let mut values: Vec<Value> = vec![account.into(), since.into(), before.into()];
        if let Some(direction) = query.direction {
            sql.push_str(" AND direction = $4");
            values.push(direction_name(direction).into());
        }
        // A number that was checked, so it may stand in the text.
        sql.push_str(&format!(" ORDER BY finalized_at DESC, id LIMIT {}", query.limit));
        self.connection.rows(&sql, &values)?.into_iter().map(kept).collect()
    }

    /// Nothing is known of a call any more, and nobody is told of it; what it cost stays charged.
    /// Whether it was there.
    pub fn forget_call(&mut self, id: &str) -> Result<bool, StoreError> {
        let forgotten = self.whole(|store| {
            store.run("DELETE FROM messages WHERE id = $1", &[message_id(id).into()])?;
            Ok(store.run("DELETE FROM calls WHERE id = $1", &[id.into()])? > 0)
        })?;
        self.connection.wipe()?;
        Ok(forgotten)
    }

    /// The same for all that are over and had to do with a number; their ids.
    pub fn forget_number(&mut self, number: &E164) -> Result<Vec<String>, StoreError> {
        let sql = format!("SELECT {CALL} FROM calls WHERE body LIKE $1 ORDER BY id");
        let rows = self.connection.rows(&sql, &[format!("%{}%", number.as_str()).into()])?;
        let mut forgotten = Vec::new();
        for call in rows.into_iter().map(kept) {
            let call = call?;
            let view = call.view.as_deref().and_then(CallView::restored);
            if view.is_some_and(|view| view.concerns(number)) && self.forget_call(&call.id)? {
                forgotten.push(call.id);
            }
        }
        Ok(forgotten)
    }

    /// The same for all that ended before then; how many.
    pub fn forget_before(&mut self, finalized_at: &str) -> Result<u64, StoreError> {
        self.whole(|store| {
            store.run(
                "DELETE FROM messages WHERE id IN \
                 (SELECT CAST($1 AS TEXT) || id FROM calls WHERE finalized_at < $2)",
                &[MESSAGE_PREFIX.into(), finalized_at.into()],
            )?;
            store.run("DELETE FROM calls WHERE finalized_at < $1", &[finalized_at.into()])
        })
    }

    /// Calls that have no end yet, oldest first: after a start, those that were lost.
    pub fn calls_not_over(&mut self) -> Result<Vec<CallKept>, StoreError> {
        let sql = format!("SELECT {CALL} FROM calls WHERE finalized_at IS NULL ORDER BY queued_at");
        self.connection.rows(&sql, &[])?.into_iter().map(kept).collect()
    }
}
