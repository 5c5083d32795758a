//! Accounts, keys, balances, preferences, numbers, repeated requests, and the index of calls: what
//! must outlive the process beside the calls' own folders.
//!
//! ```text
//!   desk ─ask─▶ Ledger (bounded queue) ─▶ its thread: Store ─▶ Connection: Sqlite | Postgres
//! ```
//!
//! Rooms: `sql` (what is needed of a data base), `sqlite`, `postgres`, `ledger` (the thread), `accounts`
//! (keys, links, preferences, numbers), `calls` (index, charges, repeats), `webhooks` (who is told, and what), `migrations` (forward only;
//! a file that was released is never changed). Keys and codes are kept as hashes alone.

mod accounts;
mod calls;
mod ledger;
mod postgres;
mod sql;
mod sqlite;
mod webhooks;

pub use accounts::{CodeCheck, Grant, KeyOwner, PreferencesKept};
pub use calls::{CallKept, NewCall, Opened, Repeat};
pub use ledger::Ledger;
pub use postgres::Postgres;
pub use sql::{Connection, Row, Value};
pub use sqlite::Sqlite;
pub use webhooks::{DeadLetter, MESSAGE_PREFIX, Message, Room, Webhook};

use sha2::{Digest as _, Sha256};

/// The forms the data base has had, oldest first.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
];

/// The store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The data base cannot be reached, read or written.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Another row has this name already.
    #[error("the store has that already")]
    Taken,
    /// What was asked for is not there.
    #[error("the store has no such thing")]
    Missing,
    /// A row that this program did not write.
    #[error("the store holds something odd: {0}")]
    Odd(&'static str),
    /// Made by a newer program.
    #[error("the store has form {found}, this program knows {known}: use the newer program")]
    TooNew {
        /// Of the data base.
        found: i64,
        /// Of this program.
        known: i64,
    },
}

/// The store over one connection.
pub struct Store {
    connection: Box<dyn Connection>,
}

impl Store {
    /// Takes a connection and brings its data base to the newest form.
    pub fn open(connection: Box<dyn Connection>) -> Result<Self, StoreError> {
        let mut store = Self { connection };
        store.migrate(MIGRATIONS)?;
        Ok(store)
    }

    fn migrate(&mut self, migrations: &[&str]) -> Result<(), StoreError> {
        let known = migrations.len() as i64;
        self.connection
            .batch("CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY)")?;
        self.whole(|store| {
            let mut last = store.one("SELECT COALESCE(MAX(version), 0) FROM migrations", &[])?;
            let found = last.as_mut().map_or(Ok(0), Row::int)?;
            if found > known {
                return Err(StoreError::TooNew { found, known });
            }
            for (version, sql) in (1_i64..).zip(migrations).skip(found as usize) {
                store.connection.batch(sql)?;
                store.run("INSERT INTO migrations (version) VALUES ($1)", &[version.into()])?;
            }
            Ok(())
        })
    }

    /// Everything `work` does, or nothing of it.
    fn whole<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.begin()?;
        let done = work(self).and_then(|done| self.connection.batch("COMMIT").map(|()| done));
        if done.is_err() {
            // A connection that is gone has nothing to take back.
            let _ = self.connection.batch("ROLLBACK");
        }
        done
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        self.connection.run(sql, values)
    }

    fn one(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.connection.rows(sql, values)?.pop())
    }
}

/// What is kept of a secret: SHA-256 in hex. Keys have 256 random bits, so nobody tries them all.
pub fn hash(secret: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(secret) {
        hex.push_str(&format!("{byte:02x}"));
    }
    hex
}
