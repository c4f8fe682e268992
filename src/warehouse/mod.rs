//! Where statements run: one small trait, and its implementations.

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

/// Runs checked statements. Callers may rely on what each method says, whatever the engine.
pub trait Warehouse: Sync {
    /// Runs one checked statement, atomically. Sent again with the same id, a statement that changes
    /// rows is looked up instead of repeated. Errors: [`Kind::StreamingBuffer`] when the
    /// statement would have touched buffered rows, [`Kind::Transient`] when it failed in passing
    /// (either way nothing was changed), [`Kind::NoAnswer`] when nobody can say what became of
    /// it, [`Kind::Interrupted`] when the user's interrupt cancelled it, [`Kind::Unsupported`]
    /// for a construct the engine does not know, [`Kind::NotFound`] for a missing table or column.
    ///
    /// [`Kind::StreamingBuffer`]: crate::error::Kind::StreamingBuffer
    /// [`Kind::Transient`]: crate::error::Kind::Transient
    /// [`Kind::NoAnswer`]: crate::error::Kind::NoAnswer
    /// [`Kind::Interrupted`]: crate::error::Kind::Interrupted
    /// [`Kind::Unsupported`]: crate::error::Kind::Unsupported
    /// [`Kind::NotFound`]: crate::error::Kind::NotFound
    fn submit(&self, job: &Job<'_>, statement: &Checked, params: &Params) -> Result<Answer>;

    /// The same as [`submit`](Self::submit); what the statement waits for is told in sentences.
    fn submit_telling(
        &self,
        job: &Job<'_>,
        statement: &Checked,
        params: &Params,
        _tell: &dyn Fn(&str),
    ) -> Result<Answer> {
        self.submit(job, statement, params)
    }

    /// What became of the job, once it has ended: its answer if it was done, `None` if it never
    /// changed anything. A query's rows are not fetched again. To be asked only of a job whose
    /// process is gone: one that never changed anything is given up, and is not executed after that.
    fn look_up(&self, id: &JobId) -> Result<Option<Answer>>;

    /// What the table's metadata says of its streaming buffer.
    fn buffer(&self, table: &TableName) -> Result<Buffer>;

    /// How the table stands now, by its metadata. Errors:
    /// [`Kind::NotFound`].
    fn standing(&self, table: &TableName) -> Result<Standing>;

    /// How the partitions of a table stand, by the warehouse's own books: the rule's, or one that has its dates as
    /// that one has. Errors: [`Kind::Unsupported`] where it keeps none.
    fn partitions(&self, _rule: &Rule, table: &TableName) -> Result<Vec<PartitionState>> {
        let message = format!("the warehouse does not say when {} was written", table.dotted());
        Err(Error::new(Kind::Unsupported, message))
    }

    /// Whether asking for that costs nothing, so that a run may ask again.
    fn tells_partitions_freely(&self) -> bool {
        false
    }

    /// What the statement would cost. Changes nothing, but fails as `submit` would for a
    /// statement that the engine does not take.
    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate>;

    /// What the table is made of. Errors: [`Kind::NotFound`].
    fn describe(&self, table: &TableName) -> Result<Description>;

    /// What the metadata of the table's dataset says; `None` where the engine has no datasets. Errors:
    /// [`Kind::AccessDenied`] where only the table may be read.
    fn dataset(&self, _table: &TableName) -> Result<Option<Dataset>> {
        Ok(None)
    }

    /// The columns that the table has now, in order. Errors:
    /// [`Kind::NotFound`].
    fn columns(&self, table: &TableName) -> Result<Vec<Column>>;

    /// The columns that the rows had which this statement sets aside, in order. Sets nothing aside.
    /// Errors: as [`Warehouse::submit`]'s.
    fn columns_then(&self, image: &Checked, params: &Params) -> Result<Vec<Column>>;

    /// Whether statements can be run, and looked up, on tables that are stored in this location;
    /// `table` is for the message. Errors: they cannot, with the way out.
    fn check_location(&self, _table: &TableName, _location: &str) -> Result<()> {
        Ok(())
    }

    /// Creates the removal log if there is none. To be called before the first statement that writes
    /// to it.
    fn prepare_removals(&self, log: &RemovalLog) -> Result<()>;

    /// Whether there is a removal log: no run has removed anything where there is none.
    fn has_removals(&self, log: &RemovalLog) -> Result<bool> {
        match self.describe(&log.table) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How much the engine does at a time.
    fn lanes(&self) -> Lanes;

    /// How long a statement that fails with [`Kind::Transient`] is worth sending again.
    fn retry_for(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// One attempt to run a statement: under which id, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The id under which the warehouse knows it.
    pub id: &'a JobId,
    /// The run that it belongs to.
    pub run: &'a str,
    /// The rule that it is about.
    pub rule: &'a RuleName,
}

/// Why a job of a run that lives cannot be executed any more: a later run has looked it up.
pub(crate) fn tombstoned() -> Error {
    Error::new(Kind::Locked, "another run took over this job, because it believed that this process had exited; nothing was changed").help(
        "the lock file was deleted, or the rule's `table` changed, while this run was in progress; run the \
         command again, and leave both unchanged until it has finished",
    )
}

/// How many statements are worth sending at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    /// Statements that change the same table.
    pub mutations: usize,
    /// Statements that change nothing.
    pub reads: usize,
}

/// What a table's metadata says of its streaming buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffer {
    /// It holds nothing.
    Empty,
    /// It holds rows; the oldest was written then, if the metadata says so.
    Since(Option<Timestamp>),
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

/// What a statement gave back, and what it used.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What it gave back.
    pub result: Returned,
    /// What it used.
    pub usage: Usage,
    /// Whether row access policies applied to what it read.
    pub row_policies_applied: bool,
}

impl Answer {
    /// How many rows were changed or returned; `None` where the warehouse does not say.
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

/// What a statement gave back.
#[derive(Debug, Clone, PartialEq)]
pub enum Returned {
    /// The rows of a query.
    Rows(Rows),
    /// How many rows a mutation changed; `None` where the warehouse does not say.
    Affected(Option<u64>),
    /// Nothing: a definition was made or dropped, which changes no rows.
    Nothing,
}

/// What a statement used. `None` is unknown, not nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes read.
    pub bytes_processed: Option<u64>,
    /// Bytes billed.
    pub bytes_billed: Option<u64>,
    /// Slot time, in milliseconds.
    pub slot_ms: Option<u64>,
    /// When the warehouse began to work on it.
    pub started: Option<Timestamp>,
    /// When it was done.
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

/// How a table stands, by its metadata: where two of them are equal, nothing is known to have been
/// written in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its rows, those in the streaming buffer left out; `None` where the metadata does not say.
    pub rows: Option<u64>,
    /// When it was last changed; `None` where the metadata does not say.
    pub modified: Option<Timestamp>,
    /// Its streaming buffer.
    pub buffer: Buffer,
}

/// A column as a table has it, or had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, with the types of what it holds, such as `ARRAY<STRUCT<a INT64>>`.
    pub sql_type: String,
}

/// What a statement would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes it would read; `None` where the warehouse does not charge by bytes.
    pub bytes: Option<u64>,
    /// Bytes it would be billed at most: what it reads, and the least that is billed for each table that
    /// it references. `None` where the warehouse does not charge by bytes.
    pub billed: Option<u64>,
    /// How many tables it references.
    tables: usize,
}

impl Estimate {
    /// Of a statement that reads so many bytes of so many tables. How they are spread over the tables is not
    /// known; most is billed where one table has all of them.
    /// Source: <https://cloud.google.com/bigquery/pricing#on_demand_pricing>
    pub fn of(bytes: Option<u64>, tables: usize) -> Self {
        let others = tables.saturating_sub(1) as u64;
        let most = |bytes: u64| {
            let whole_mebibytes = bytes.div_ceil(1 << 20).saturating_mul(1 << 20);
            whole_mebibytes.max(SMALLEST_BILL).saturating_add(SMALLEST_BILL.saturating_mul(others))
        };
        Self { bytes, billed: bytes.map(most), tables }
    }

    /// Of a statement about so many of the dates that this one is about: what is read is spread over them evenly.
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
