//! PostgreSQL, for several processes that share their accounts. A connection that was lost is opened
//! again by the next question. Left out: TLS; use a local socket or a private network.

use std::collections::BTreeMap;

use bytes::BytesMut;
use postgres::{
    Client, NoTls, Statement,
    types::{IsNull, ToSql, Type},
};

use super::{
    StoreError,
    sql::{self, Row, Value},
};

/// One connection.
pub struct Postgres {
    url: String,
    client: Client,
    /// Prepared, by their text: there are as many as stand in this room.
    statements: BTreeMap<String, Statement>,
}

impl Postgres {
    /// Connects: `postgres://user@host/base`, or `host=/run/postgresql user=…`.
    pub fn connect(url: &str) -> Result<Self, StoreError> {
        let client = Client::connect(url, NoTls)?;
        Ok(Self { url: url.to_owned(), client, statements: BTreeMap::new() })
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if self.client.is_closed() {
            self.statements.clear();
            self.client = Client::connect(&self.url, NoTls)?;
        }
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        match error.code() {
            Some(code) if code.code().starts_with("23") => Self::Taken,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::INT8 || *kind == Type::TEXT
    }

    postgres::types::to_sql_checked!();
}

fn given(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn row(row: &postgres::Row) -> Result<Row, StoreError> {
    let column = |n: usize| -> Result<Value, StoreError> {
        Ok(if *row.columns()[n].type_() == Type::INT8 {
            row.try_get::<_, Option<i64>>(n)?.into()
        } else {
            row.try_get::<_, Option<String>>(n)?.into()
        })
    };
    Ok(Row::new((0..row.len()).map(column).collect::<Result<_, _>>()?))
}

impl sql::Connection for Postgres {
    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.client.batch_execute(sql)?)
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, &given(values))?)
    }

    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(sql)?;
        self.client.query(&statement, &given(values))?.iter().map(row).collect()
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        // A connection that was lost is opened again before, not within, a transaction.
        self.run("SELECT 1::BIGINT", &[])?;
        self.batch("BEGIN")
    }
}
