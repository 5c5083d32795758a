//! SQLite, inside this process: one file, written ahead (WAL), so that readers of another process wait
//! for nobody. What was committed survives the end of the process at any moment; the last moments may
//! be lost when the machine loses power, and come back from the calls' journals.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, params_from_iter, types};

use super::{
    StoreError,
    sql::{self, Row, Value},
};

/// How long to wait for another process that writes.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// One data base file.
pub struct Sqlite(Connection);

impl Sqlite {
    /// Opens the file; makes it, and its folder, when it is not there.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| StoreError::Unavailable(e.to_string()))?;
        }
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is deleted is overwritten.
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(Self(connection))
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<types::ToSqlOutput<'_>> {
        Ok(types::ToSqlOutput::Borrowed(match self {
            Self::Null => types::ValueRef::Null,
            Self::Int(number) => types::ValueRef::Integer(*number),
            Self::Text(text) => types::ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => Self::Taken,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

fn value(column: types::ValueRef<'_>) -> Value {
    match column {
        types::ValueRef::Integer(number) => Value::Int(number),
        types::ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        _ => Value::Null,
    }
}

impl sql::Connection for Sqlite {
    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        Ok(self.0.prepare_cached(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let width = statement.column_count();
        let mut found = statement.query(params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let columns = (0..width).map(|n| row.get_ref(n).map(value));
            rows.push(Row::new(columns.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.batch("BEGIN IMMEDIATE")
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        // Where another process reads just now, the next one that writes does it.
        self.batch("PRAGMA wal_checkpoint(TRUNCATE)")
    }
}
