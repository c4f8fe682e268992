//! Where statements run: one small trait, and its implementations.

pub mod sqlite;

use std::fmt;

use jiff::Timestamp;

use crate::check::Checked;
use crate::error::Result;
use crate::googlesql::{SqlValue, TableName};
use crate::statement::{Params, StepName};
use crate::window::Day;

/// Runs checked statements. Callers may rely on what each method says, whatever the engine.
pub trait Warehouse {
    /// Runs one checked statement, atomically. Sent again with the same `id`, a statement that
    /// changes rows is looked up instead of repeated. Errors: [`Kind::StreamingBuffer`] when the
    /// statement would have touched buffered rows (nothing was changed), [`Kind::Unsupported`]
    /// for a construct the engine does not know, [`Kind::NotFound`] for a missing table or column.
    ///
    /// [`Kind::StreamingBuffer`]: crate::error::Kind::StreamingBuffer
    /// [`Kind::Unsupported`]: crate::error::Kind::Unsupported
    /// [`Kind::NotFound`]: crate::error::Kind::NotFound
    fn submit(&self, id: &JobId, statement: &Checked, params: &Params) -> Result<Answer>;

    /// What became of the job: its answer if it was done, `None` if it never changed anything.
    /// Answers for statements that change rows only; a lost SELECT is simply sent again.
    fn look_up(&self, id: &JobId) -> Result<Option<Answer>>;

    /// When the oldest row of the table's streaming buffer was written, or `None` when the
    /// buffer is empty.
    fn buffer(&self, table: &TableName) -> Result<Option<Timestamp>>;

    /// What the statement would cost. Changes nothing, but fails as `submit` would for a
    /// statement that the engine does not take.
    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate>;
}

/// The name of one attempt to run one statement, derived from what it is, so that a lost answer
/// can be asked for again. Letters, digits, `_` and `-` only, as BigQuery demands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    /// The id of the statement with this place in the run. `day` is its first date.
    pub fn derive(run: &str, sequence: u32, step: &StepName, day: Day) -> Self {
        Self(format!("onerow_{run}_{sequence}_{step}_{day}"))
    }

    /// An id read back from a ledger.
    pub fn from_ledger(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a statement gave back.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The rows of a query.
    Rows(Rows),
    /// How many rows a mutation changed.
    Affected(u64),
}

/// The rows of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Column names, in order.
    pub columns: Vec<String>,
    /// One value per column for each row.
    pub rows: Vec<Vec<SqlValue>>,
}

/// What a statement would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes it would read; `None` where the warehouse does not charge by bytes.
    pub bytes: Option<u64>,
}
