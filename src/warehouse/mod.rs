//! Warehouses, which run statements: a small trait, and its implementations.

pub mod bigquery;
mod description;
pub mod sqlite;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlValue, TableName};
use crate::partitions::PartitionState;
use crate::removals::RemovalLog;
use crate::rule::{Rule, RuleName, SMALLEST_BILL};
use crate::statement::{Params, StepName};
use crate::window::Day;

pub use description::{
    Dataset, Description, Details, Granularity, IntegerRange, TableKind, Values,
};

/// Runs checked statements. Callers may rely on the documentation of each method, whatever the engine.
pub trait Warehouse: Sync {
    /// Runs one checked statement, atomically. If a statement that changes rows is sent again with the same
    /// id, it is looked up instead of repeated.
    ///
    /// # Errors
    /// In the first two cases nothing was changed.
    ///
    /// - [`Kind::StreamingBuffer`]: the statement would have touched buffered rows.
    /// - [`Kind::Transient`]: a retry may succeed.
    /// - [`Kind::NoAnswer`]: the outcome of the statement is unknown.
    /// - [`Kind::Interrupted`]: the user's interrupt cancelled it.
    /// - [`Kind::Unsupported`]: the engine does not support a construct.
    /// - [`Kind::NotFound`]: a table or column is missing.
    ///
    /// [`Kind::StreamingBuffer`]: crate::error::Kind::StreamingBuffer
    /// [`Kind::Transient`]: crate::error::Kind::Transient
    /// [`Kind::NoAnswer`]: crate::error::Kind::NoAnswer
    /// [`Kind::Interrupted`]: crate::error::Kind::Interrupted
    /// [`Kind::Unsupported`]: crate::error::Kind::Unsupported
    /// [`Kind::NotFound`]: crate::error::Kind::NotFound
    fn submit(&self, job: &Job<'_>, statement: &Checked, params: &Params) -> Result<Answer>;

    /// Like [`submit`](Self::submit), and reports in sentences what the statement waits for.
    fn submit_telling(
        &self,
        job: &Job<'_>,
        statement: &Checked,
        params: &Params,
        _tell: &dyn Fn(&str),
    ) -> Result<Answer> {
        self.submit(job, statement, params)
    }

    /// The outcome of a job once it has ended: its answer if it completed, `None` if it never changed
    /// anything. A query's rows are not fetched again. Call it only for a job whose process has exited: a job
    /// that never changed anything is given up, and is not executed later.
    fn look_up(&self, id: &JobId) -> Result<Option<Answer>>;

    /// The table's streaming buffer, from its metadata.
    fn buffer(&self, table: &TableName) -> Result<Buffer>;

    /// The current state of the table, from its metadata.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    fn table_state(&self, table: &TableName) -> Result<TableState>;

    /// The state of a table's partitions, from the warehouse's metadata: the rule's table, or one partitioned
    /// alike.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if the warehouse has no such metadata.
    fn partitions(&self, _rule: &Rule, table: &TableName) -> Result<Vec<PartitionState>> {
        let message = format!("the warehouse does not say when {} was written", table.dotted());
        Err(Error::new(Kind::Unsupported, message))
    }

    /// Whether reading the partitions' state is free, so that a run may read it again.
    fn tells_partitions_freely(&self) -> bool {
        false
    }

    /// The estimated cost of the statement. Changes nothing.
    ///
    /// # Errors
    /// Those of `submit`, for a statement that the engine does not accept.
    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate>;

    /// The description of the table.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    fn describe(&self, table: &TableName) -> Result<Description>;

    /// Metadata of the table's dataset; `None` if the engine has no datasets.
    ///
    /// # Errors
    /// [`Kind::AccessDenied`] if only the table may be read.
    fn dataset(&self, _table: &TableName) -> Result<Option<Dataset>> {
        Ok(None)
    }

    /// The current columns of the table, in order.
    ///
    /// # Errors
    /// [`Kind::NotFound`]
    fn columns(&self, table: &TableName) -> Result<Vec<Column>>;

    /// The columns, in order, of the rows that this statement saves as a before image. Saves nothing.
    ///
    /// # Errors
    /// Those of [`Warehouse::submit`].
    fn columns_then(&self, image: &Checked, params: &Params) -> Result<Vec<Column>>;

    /// Checks that statements can be run and looked up on tables in this location; `table` is for the
    /// message.
    ///
    /// # Errors
    /// They cannot; the error has the fix.
    fn check_location(&self, _table: &TableName, _location: &str) -> Result<()> {
        Ok(())
    }

    /// Creates the removal log if necessary. Must be called before the first statement that writes to it.
    fn prepare_removals(&self, log: &RemovalLog) -> Result<()>;

    /// Whether the removal log exists; if not, no run has removed anything.
    fn has_removals(&self, log: &RemovalLog) -> Result<bool> {
        match self.describe(&log.table) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The useful number of concurrent statements.
    fn concurrency(&self) -> Concurrency;

    /// How long a statement that fails with [`Kind::Transient`] should be retried.
    fn retry_for(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// One attempt to run a statement, with its id and labels.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The id in the warehouse.
    pub id: &'a JobId,
    /// The run.
    pub run: &'a str,
    /// The rule.
    pub rule: &'a RuleName,
}

/// The error for a job of a running process that a later run has given up.
pub(crate) fn tombstoned() -> Error {
    Error::new(Kind::Locked, "another run took over this job, because it believed that this process had exited; nothing was changed").help(
        "the lock file was deleted, or the rule's `table` changed, while this run was in progress; run the \
         command again, and leave both unchanged until it has finished",
    )
}

/// The useful number of concurrent statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Statements that change the same table.
    pub mutations: usize,
    /// Read-only statements.
    pub reads: usize,
}

/// The state of a table's streaming buffer, from its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffer {
    /// The buffer is empty.
    Empty,
    /// The buffer has rows; the oldest was written at this time, if the metadata says so.
    Since(Option<Timestamp>),
}

/// The id of one attempt to run one statement, derived from its position in the run, so that a lost response
/// can be looked up. Only letters, digits, `_` and `-`, as BigQuery requires.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    /// The id of the statement at this position in the run. `day` is its first date.
    pub fn derive(run: &str, sequence: u32, step: &StepName, day: Day) -> Self {
        Self(format!("onerow_{run}_{sequence}_{step}_{day}"))
    }

    /// An id read from a ledger.
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

/// The result of a statement, and the resources it used.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The result.
    pub result: Returned,
    /// The resources used.
    pub usage: Usage,
    /// Whether row access policies applied to the rows it read.
    pub row_policies_applied: bool,
}

impl Answer {
    /// The number of rows changed or returned; `None` if the warehouse does not say.
    pub fn size(&self) -> Option<u64> {
        match &self.result {
            Returned::Rows(rows) => Some(rows.rows.len() as u64),
            Returned::Affected(count) => *count,
            Returned::Nothing => None,
        }
    }
}

impl From<Returned> for Answer {
    fn from(result: Returned) -> Self {
        Self { result, usage: Usage::default(), row_policies_applied: false }
    }
}

/// The result of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Returned {
    /// The rows of a query.
    Rows(Rows),
    /// The number of rows that a mutation changed; `None` if the warehouse does not say.
    Affected(Option<u64>),
    /// Nothing: a definition was created or dropped, without changing rows.
    Nothing,
}

/// The resources that a statement used. `None` means unknown, not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes read.
    pub bytes_processed: Option<u64>,
    /// Bytes billed.
    pub bytes_billed: Option<u64>,
    /// Slot time, in milliseconds.
    pub slot_ms: Option<u64>,
    /// When the warehouse began to execute it.
    pub started: Option<Timestamp>,
    /// When it completed.
    pub ended: Option<Timestamp>,
}

/// The rows of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Column names, in order.
    pub columns: Vec<String>,
    /// One value per column for each row.
    pub rows: Vec<Vec<SqlValue>>,
}

/// The state of a table, from its metadata: two equal states mean that no write in between is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableState {
    /// Its rows, without those in the streaming buffer; `None` if the metadata does not say.
    pub rows: Option<u64>,
    /// When it was last changed; `None` if the metadata does not say.
    pub modified: Option<Timestamp>,
    /// Its streaming buffer.
    pub buffer: Buffer,
}

/// A current or former column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, including nested types, such as `ARRAY<STRUCT<a INT64>>`.
    pub sql_type: String,
}

/// The estimated cost of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes read; `None` if the warehouse does not charge by bytes.
    pub bytes: Option<u64>,
    /// The maximum billed bytes: what it reads, and the minimum for each referenced table. `None` if the
    /// warehouse does not charge by bytes.
    pub billed: Option<u64>,
    /// The number of referenced tables.
    tables: usize,
}

impl Estimate {
    /// The estimate of a statement that reads this many bytes of this many tables. The distribution over the
    /// tables is unknown; the maximum is billed if one table has all bytes.
    /// Source: <https://cloud.google.com/bigquery/pricing#on_demand_pricing>
    pub fn of(bytes: Option<u64>, tables: usize) -> Self {
        let others = tables.saturating_sub(1) as u64;
        let most = |bytes: u64| {
            let whole_mebibytes = bytes.div_ceil(1 << 20).saturating_mul(1 << 20);
            whole_mebibytes.max(SMALLEST_BILL).saturating_add(SMALLEST_BILL.saturating_mul(others))
        };
        Self { bytes, billed: bytes.map(most), tables }
    }

    /// The estimate for a part of its dates, assuming that reads are spread evenly.
    pub fn share(self, dates: usize, of: usize) -> Self {
        let part = |bytes: u64| {
            let part = u128::from(bytes) * dates as u128 / of.max(1) as u128;
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        Self::of(self.bytes.map(part), self.tables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_of_a_statement_is_billed_ten_mebibytes_at_least() {
        let mib = |number: u64| number << 20;
        let billed = |bytes, tables| Estimate::of(Some(bytes), tables).billed.unwrap();
        assert_eq!(billed(0, 0), mib(10), "what reads no table is billed the least too");
        assert_eq!(billed(1, 1), mib(10));
        assert_eq!(billed(mib(10) + 1, 1), mib(11), "whole MiB are billed");
        assert_eq!(billed(mib(3), 3), mib(30));
        assert_eq!(billed(mib(100), 3), mib(120), "100 of one table, and 10 of each other one");
        assert_eq!(Estimate::of(None, 3).billed, None);
        assert_eq!(Estimate::of(Some(u64::MAX), 2).billed, Some(u64::MAX));
    }
}
