//! Where customers want to be told, and what they are still to be told. A message is due at a time, or laid aside.

use std::collections::BTreeMap;

use platform::{CallView, Finished, Shown};
use serde_json::json;

use super::{Row, Store, StoreError};

/// What the id of a message begins with; the call's follows.
pub const MESSAGE_PREFIX: &str = "msg_";
/// Messages for one key that may wait; more are laid aside at once.
const WAITING_MAX: u64 = 1_000;
/// Messages for one key that are laid aside; the oldest go.
const LAID_ASIDE_MAX: u64 = 1_000;
/// Messages laid aside that are shown.
const SHOWN_MAX: u64 = 100;

/// The message that tells of a call's end.
pub(super) fn message_id(call_id: &str) -> String {
    format!("{MESSAGE_PREFIX}{call_id}")
}

/// A key's webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// Since when: ISO 8601, UTC, ms.
    pub created_at: String,
    /// Messages that wait.
    pub waiting: u64,
    /// What was said of the one that is sent again next.
    pub last_said: Option<String>,
}

/// A message that is due.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// `webhook-id`.
    pub id: String,
    /// Whose: the key's hash.
    pub key: String,
    /// Where to.
    pub url: String,
    /// What it is signed with.
    pub secret: String,
    /// JSON.
    pub body: String,
    /// How often it was sent.
    pub tries: u32,
}

/// How many messages may be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// At most.
    pub all: usize,
    /// For one key, with those that are on their way already.
    pub each: usize,
    /// These.
    pub busy: BTreeMap<String, usize>,
}

/// A message that did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// `webhook-id`.
    pub id: String,
    /// JSON.
    pub body: String,
    /// When it was made: ISO 8601, UTC, ms.
    pub created_at: String,
    /// When it was laid aside.
    pub laid_aside_at: String,
    /// How often it was sent.
    pub tries: u32,
    /// What was said at last.
    pub said: String,
}

fn tries(row: &mut Row) -> Result<u32, StoreError> {
    row.count().map(|tries| u32::try_from(tries).unwrap_or(u32::MAX))
}

impl Store {
    /// Sets a key's webhook; what waits for the old one goes to the new one.
    pub fn set_webhook(
        &mut self,
        key: &str,
        url: &str,
        secret: &str,
        now_iso: &str,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO webhooks (key, url, secret, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (key) DO UPDATE SET url = excluded.url, secret = excluded.secret, \
             created_at = excluded.created_at",
            &[key.into(), url.into(), secret.into(), now_iso.into()],
        )
        .map(drop)
    }

    /// A key's webhook, if it has one.
    pub fn webhook(&mut self, key: &str) -> Result<Option<Webhook>, StoreError> {
        let row = self.one(
            "SELECT url, created_at, \
             (SELECT COUNT(*) FROM messages WHERE messages.key = webhooks.key AND due IS NOT NULL), \
             (SELECT said FROM messages WHERE messages.key = webhooks.key AND due IS NOT NULL \
             ORDER BY due, id LIMIT 1) \
             FROM webhooks WHERE key = $1",
            &[key.into()],
        )?;
        let Some(mut row) = row else { return Ok(None) };
        Ok(Some(Webhook {
            url: row.text()?,
            created_at: row.text()?,
            waiting: row.count()?,
            last_said: row.maybe_text(),
        }))
    }

    /// Removes a key's webhook and all its messages; whether there was one.
    pub fn remove_webhook(&mut self, key: &str) -> Result<bool, StoreError> {
        self.whole(|store| store.drop_webhook(key))
    }

    /// The same within another change.
    pub(super) fn drop_webhook(&mut self, key: &str) -> Result<bool, StoreError> {
        self.run("DELETE FROM messages WHERE key = $1", &[key.into()])?;
        Ok(self.run("DELETE FROM webhooks WHERE key = $1", &[key.into()])? == 1)
    }

    /// Who placed a call that is over is told so, if they want to be: by the webhook of the key it was
    /// placed with. A call that came in was placed with none: each of the account's webhooks is told.
    pub(super) fn tell_end(&mut self, finished: &Finished) -> Result<(), StoreError> {
        let keys = self.told_of(&finished.call_id)?;
        let Some(view) = CallView::restored(&finished.view).filter(|_| !keys.is_empty()) else {
            return Ok(());
        };
        let body = json!({
            "type": "call.finalized",
            "timestamp": finished.finalized_at,
            "data": view.body(Shown::default()),
        });
        let (id, body) = (message_id(&finished.call_id), body.to_string());
        keys.iter().try_for_each(|key| self.put_message(key, &id, &body, &finished.finalized_at))
    }

    /// The keys whose webhooks are told of a call; of those that lead to one place, one.
    fn told_of(&mut self, call_id: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.connection.rows(
            "SELECT MIN(webhooks.key) FROM calls JOIN keys ON keys.account = calls.account \
             JOIN webhooks ON webhooks.key = keys.hash \
             WHERE calls.id = $1 AND (calls.key IS NULL OR calls.key = keys.hash) GROUP BY webhooks.url",
            &[call_id.into()],
        )?;
        rows.into_iter().map(|mut row| row.text()).collect()
    }

    /// Has a message sent at once, if the key wants any; a message of this id is sent once.
    fn put_message(
        &mut self,
        key: &str,
        id: &str,
        body: &str,
        now_iso: &str,
    ) -> Result<(), StoreError> {
        let Some(webhook) = self.webhook(key)? else { return Ok(()) };
        let waits = webhook.waiting < WAITING_MAX;
        self.run(
            "INSERT INTO messages (key, id, body, created_at, tries, due, laid_aside_at, said) \
             VALUES ($1, $2, $3, $4, 0, $5, $6, $7) ON CONFLICT (key, id) DO NOTHING",
            &[
                key.into(),
                id.into(),
                body.into(),
                now_iso.into(),
                waits.then_some(0_u64).into(),
                (!waits).then_some(now_iso).into(),
                (!waits).then_some("too many messages wait").into(),
            ],
        )?;
        if waits { Ok(()) } else { self.bound_laid_aside(key) }
    }

    /// Messages that are due, the oldest first. They are due again at `taken_until`, unless something is said of them before.
    pub fn take_messages(
        &mut self,
        now_unix_s: u64,
        taken_until: u64,
        room: &Room,
    ) -> Result<Vec<Message>, StoreError> {
        self.whole(|store| {
            // Some of these keys have no room: there are no more of them than posts on their way.
            let limit = room.all as u64 + (room.busy.len() * room.each) as u64;
            let rows = store.connection.rows(
                "SELECT id, key, url, secret, body, tries FROM ( \
                 SELECT messages.id, messages.key, url, secret, body, tries, due, \
                 ROW_NUMBER() OVER (PARTITION BY messages.key ORDER BY due, messages.id) AS place \
                 FROM messages JOIN webhooks ON webhooks.key = messages.key \
                 WHERE due IS NOT NULL AND due <= $1) AS ready WHERE place <= $2 ORDER BY due, id, key LIMIT $3",
                &[now_unix_s.into(), (room.each as u64).into(), limit.into()],
            )?;
            let (mut taken, mut busy) = (Vec::new(), room.busy.clone());
            for mut row in rows {
                let (id, key) = (row.text()?, row.text()?);
                let of_one = busy.entry(key.clone()).or_default();
                if taken.len() == room.all || *of_one >= room.each {
                    continue;
                }
                let sql = "UPDATE messages SET due = $1 WHERE key = $2 AND id = $3 AND due <= $4";
                let (whose, which) = (key.as_str().into(), id.as_str().into());
                if store.run(sql, &[taken_until.into(), whose, which, now_unix_s.into()])? == 0 {
                    // Another process was faster.
                    continue;
                }
                *of_one += 1;
                let (url, secret, body) = (row.text()?, row.text()?, row.text()?);
                taken.push(Message { id, key, url, secret, body, tries: tries(&mut row)? });
            }
            Ok(taken)
        })
    }

    /// It is there: nothing is left to do.
    pub fn message_arrived(&mut self, key: &str, id: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM messages WHERE key = $1 AND id = $2";
        self.run(sql, &[key.into(), id.into()]).map(drop)
    }

    /// It is sent again at this time.
    pub fn message_waits(
        &mut self,
        key: &str,
        id: &str,
        tries: u32,
        due_unix_s: u64,
        said: &str,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE messages SET tries = $1, due = $2, said = $3 WHERE key = $4 AND id = $5",
            &[u64::from(tries).into(), due_unix_s.into(), said.into(), key.into(), id.into()],
        )
        .map(drop)
    }

    /// It is not sent again by itself.
    pub fn lay_aside(
        &mut self,
        key: &str,
        id: &str,
        tries: u32,
        now_iso: &str,
        said: &str,
    ) -> Result<(), StoreError> {
        self.whole(|store| {
            store.run(
                "UPDATE messages SET tries = $1, due = NULL, laid_aside_at = $2, said = $3 \
                 WHERE key = $4 AND id = $5",
                &[u64::from(tries).into(), now_iso.into(), said.into(), key.into(), id.into()],
            )?;
            store.bound_laid_aside(key)
        })
    }

    fn bound_laid_aside(&mut self, key: &str) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM messages WHERE key = $1 AND id IN (SELECT id FROM messages \
             WHERE key = $1 AND laid_aside_at IS NOT NULL \
             ORDER BY laid_aside_at DESC, id DESC LIMIT $2 OFFSET $3)",
            &[key.into(), u64::MAX.into(), LAID_ASIDE_MAX.into()],
        )
        .map(drop)
    }

    /// A key's messages that were laid aside, the newest first.
    pub fn dead_letters(&mut self, key: &str) -> Result<Vec<DeadLetter>, StoreError> {
        let rows = self.connection.rows(
            "SELECT id, body, created_at, laid_aside_at, tries, said FROM messages \
             WHERE key = $1 AND laid_aside_at IS NOT NULL \
             ORDER BY laid_aside_at DESC, id DESC LIMIT $2",
            &[key.into(), SHOWN_MAX.into()],
        )?;
        let letters = rows.into_iter().map(|mut row| {
            Ok(DeadLetter {
                id: row.text()?,
                body: row.text()?,
                created_at: row.text()?,
                laid_aside_at: row.text()?,
                tries: tries(&mut row)?,
                said: row.maybe_text().unwrap_or_default(),
            })
        });
        letters.collect()
    }

    /// Has a message that was laid aside sent again, from the first try; whether there is one.
    pub fn replay_message(
        &mut self,
        key: &str,
        id: &str,
        now_unix_s: u64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE messages SET tries = 0, due = $1, laid_aside_at = NULL, said = NULL \
                   WHERE key = $2 AND id = $3 AND laid_aside_at IS NOT NULL";
        Ok(self.run(sql, &[now_unix_s.into(), key.into(), id.into()])? == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sqlite;

    const NOW: &str = "2026-11-22T04:00:00.000Z";

    struct Kept {
        store: Store,
        _folder: tempfile::TempDir,
    }

    /// Two keys, each with a webhook.
    fn kept() -> Kept {
        let folder = tempfile::tempdir().expect("a folder");
        let sqlite = Sqlite::open(&folder.path().join("store.db")).expect("a data base");
        let mut store = Store::open(Box::new(sqlite)).expect("a store");
        for key in ["a", "b"] {
            store.add_key(key, key, NOW, None).expect("a key");
            store.set_webhook(key, "https://x.example/", "whsec_", NOW).expect("set");
        }
        Kept { store, _folder: folder }
    }

    fn put(store: &mut Store, key: &str, ids: std::ops::Range<u64>) {
        for n in ids {
            store.put_message(key, &format!("{key}{n:05}"), "{}", NOW).expect("put");
        }
    }

    fn room(all: usize, busy: &[(&str, usize)]) -> Room {
        let busy = busy.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
        Room { all, each: 4, busy }
    }

    fn ids(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| &*message.id).collect()
    }

    #[test]
    fn one_who_is_told_much_delays_nobody() {
        let Kept { mut store, _folder } = kept();
        put(&mut store, "a", 0..500);
        put(&mut store, "b", 0..1);
        let taken = store.take_messages(100, 160, &room(32, &[])).expect("taken");
        assert_eq!(ids(&taken), ["a00000", "a00001", "a00002", "a00003", "b00000"]);
        let taken = store.take_messages(101, 161, &room(28, &[("a", 4)])).expect("taken");
        assert_eq!(ids(&taken), [""; 0], "as many as may be are on their way");
        let taken = store.take_messages(160, 220, &room(3, &[("a", 2)])).expect("taken");
        assert_eq!(ids(&taken), ["a00004", "a00005", "b00000"], "of which nothing was said");
    }

    #[test]
    fn a_message_waits_is_laid_aside_and_sent_again() {
        let Kept { mut store, _folder } = kept();
        put(&mut store, "a", 0..1);
        put(&mut store, "a", 0..1);
        assert_eq!(store.webhook("a").expect("read").expect("set").waiting, 1, "once");
        let take = |store: &mut Store, now| {
            store.take_messages(now, now + 60, &room(9, &[])).expect("taken")
        };
        assert_eq!(take(&mut store, 100).len(), 1);
        store.message_waits("a", "a00000", 1, 105, "answered with 500").expect("kept");
        assert_eq!(take(&mut store, 104).len(), 0);
        assert_eq!(take(&mut store, 105)[0].tries, 1);
        store.lay_aside("a", "a00000", 10, NOW, "answered with 500").expect("kept");
        assert_eq!(take(&mut store, 10_000).len(), 0);
        let letters = store.dead_letters("a").expect("read");
        assert_eq!((letters[0].tries, &*letters[0].said), (10, "answered with 500"));
        assert_eq!(store.dead_letters("b").expect("read"), []);
        assert!(!store.replay_message("b", "a00000", 1).expect("asked"), "somebody else's");
        assert!(store.replay_message("a", "a00000", 1).expect("asked"));
        assert!(!store.replay_message("a", "a00000", 1).expect("asked"), "it is on its way");
        assert_eq!(take(&mut store, 10_000)[0].tries, 0);
        store.message_arrived("a", "a00000").expect("kept");
        assert_eq!(take(&mut store, 20_000).len(), 0);
    }

    #[test]
    fn what_waits_and_what_is_laid_aside_is_bounded() {
        let Kept { mut store, _folder } = kept();
        store.connection.begin().expect("begun");
        put(&mut store, "a", 0..WAITING_MAX + LAID_ASIDE_MAX + 5);
        store.connection.batch("COMMIT").expect("done");
        assert_eq!(store.webhook("a").expect("read").expect("set").waiting, WAITING_MAX);
        let row = store.one("SELECT COUNT(*) FROM messages WHERE laid_aside_at IS NOT NULL", &[]);
        assert_eq!(row.expect("read").expect("a row").count(), Ok(LAID_ASIDE_MAX));
        let letters = store.dead_letters("a").expect("read");
        assert_eq!(letters.len() as u64, SHOWN_MAX);
        assert_eq!(
            letters[0].id,
            format!("a{:05}", WAITING_MAX + LAID_ASIDE_MAX + 4),
            "the newest"
        );
    }

    #[test]
    fn a_webhook_goes_with_its_key() {
        let Kept { mut store, _folder } = kept();
        put(&mut store, "a", 0..2);
        assert!(store.revoke("a").expect("revoked"));
        assert_eq!(store.webhook("a").expect("read"), None);
        assert_eq!(store.take_messages(1, 2, &room(9, &[])).expect("taken").len(), 0);
        assert!(store.remove_webhook("b").expect("removed"));
        assert!(!store.remove_webhook("b").expect("removed"));
        put(&mut store, "b", 2..4);
        assert_eq!(store.take_messages(1, 2, &room(9, &[])).expect("taken").len(), 0);
    }
}
