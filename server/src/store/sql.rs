//! What the store needs of a data base: statements with values in, rows of values out. Statements are
//! written once for both: `$1`, `$2`… first used in this order, `TEXT` and `BIGINT` alone.

use super::StoreError;

/// A value in a row or for a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `BIGINT`.
    Int(i64),
    /// `TEXT`.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Int(i64::from(is))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row; its columns are taken in their order.
#[derive(Debug)]
pub struct Row(std::vec::IntoIter<Value>);

impl Row {
    /// A row of these columns.
    pub fn new(columns: Vec<Value>) -> Self {
        Self(columns.into_iter())
    }

    /// The next column, a text or nothing.
    pub fn maybe_text(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The next column, a text.
    pub fn text(&mut self) -> Result<String, StoreError> {
        self.maybe_text().ok_or(StoreError::Odd("a text is missing"))
    }

    /// The next column, a number.
    pub fn int(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Value::Int(number)) => Ok(number),
            _ => Err(StoreError::Odd("a number is missing")),
        }
    }

    /// The next column, a number that is never negative.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        self.int().map(|number| u64::try_from(number).unwrap_or(0))
    }
}

/// A connection to a data base.
pub trait Connection: Send {
    /// Runs statements without values: migrations.
    fn batch(&mut self, sql: &str) -> Result<(), StoreError>;

    /// Runs one statement; how many rows it changed.
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs one statement; the rows it gave.
    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Begins a transaction that will write.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// What was deleted is to be found in none of its files, as far as that is in its hands.
    fn wipe(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
