//! The append-only record of every statement a run sent: before it, and after it.

pub mod bigquery;
mod counts;
mod detail;
mod entry;
#[cfg(test)]
pub(crate) mod fixed;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod lock;
mod observed;
mod outbox;
mod record;
mod run_id;
pub mod sqlite;

use jiff::{SignedDuration, Timestamp};

use crate::error::Result;
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;

pub use counts::{Counts, Staged};
pub use detail::{Detail, MergeCounts};
pub(crate) use entry::beginnings_first;
pub use entry::{Entry, Outcome, latest};
pub use observed::{Observed, Observer};
pub(crate) use outbox::batches;
pub use run_id::RunId;

/// An exclusive lock on one table's runs, released on drop. The system releases it when the process exits, so
/// an entry without an outcome that the holder sees belongs to a process that has exited.
#[derive(Debug)]
#[must_use = "the lock is released when it is dropped"]
pub struct Lock {
    _lock: Option<std::fs::File>,
}

impl Lock {
    /// A lock that lives as long as this file's lock; `None` if no other process can run.
    pub fn holding(lock: Option<std::fs::File>) -> Self {
        Self { _lock: lock }
    }
}

/// A filter of entries. All given conditions must hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Entries of this run, or of runs whose ids have this prefix.
    pub run: Option<&'a str>,
    /// Entries of this rule.
    pub rule: Option<&'a str>,
    /// Entries written at or after this instant, to the second; `None` reads as far back as
    /// [`Ledger::reach`].
    pub since: Option<Timestamp>,
    /// Whether the statements' SQL, the largest column, is read too. Otherwise `sql` is empty.
    pub with_sql: bool,
}

impl<'a> Filter<'a> {
    /// The entries of a run, or of runs whose ids have this prefix. None is older than the id.
    pub fn run(run: &'a str) -> Self {
        Self { run: Some(run), since: RunId::earliest(run), ..Self::default() }
    }

    /// The entries of the last `days` days, of one rule or of all.
    pub fn recent(rule: Option<&'a str>, now: Timestamp, days: u32) -> Self {
        let ago = SignedDuration::from_hours(24 * i64::from(days));
        let since = now.checked_sub(ago).unwrap_or(Timestamp::MIN);
        Self { rule, since: Some(since), ..Self::default() }
    }

    /// The entries of a rule.
    pub fn rule(rule: &'a str) -> Self {
        Self { rule: Some(rule), ..Self::default() }
    }

    /// Includes the SQL of each statement.
    #[must_use]
    pub fn with_sql(self) -> Self {
        Self { with_sql: true, ..self }
    }
}

/// The newest matching entries. Reads back only until there are enough, and at most as far as
/// [`Ledger::reach`].
///
/// # Errors
/// The ledger does not answer.
pub(crate) fn newest(
    ledger: &dyn Ledger,
    wanted: &Filter<'_>,
    enough: impl Fn(&[Entry]) -> bool,
) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for since in ledger.reach() {
        entries = ledger.entries(&Filter { since, ..*wanted })?;
        if enough(&entries) {
            break;
        }
    }
    Ok(entries)
}

/// The storage of entries. Entries are never changed or removed.
pub trait Ledger: Sync {
    /// Writes one entry durably before it returns. Creates the ledger if necessary.
    ///
    /// # Errors
    /// The entry cannot be written.
    fn append(&self, entry: &Entry) -> Result<()>;

    /// How far back the ledger is read if the age of the entries is unknown: one instant after another, until
    /// the entries are found. `None` reads all, if that is free.
    fn reach(&self) -> Vec<Option<Timestamp>> {
        vec![None]
    }

    /// The matching entries, oldest first. A ledger that does not exist yet is empty and is not created.
    ///
    /// # Errors
    /// The ledger does not answer.
    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>>;

    /// Waits briefly for the lock of this table. An interrupt ends the wait.
    ///
    /// # Errors
    /// [`Kind::Locked`](crate::error::Kind::Locked): another process holds the lock.
    fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock>;

    /// The last entries of a rule's statements without an outcome: their process exited, or no response came.
    ///
    /// # Errors
    /// The ledger does not answer.
    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>>;

    /// Checks whether entries can be written, and returns where. Read-only.
    ///
    /// # Errors
    /// Entries cannot be written.
    fn examine(&self) -> Result<String>;

    /// Delivers entries from the outbox to the ledger, each once. Entries that cannot be delivered stay for
    /// the next attempt.
    ///
    /// # Errors
    /// Some entries could not be delivered.
    fn deliver(&self) -> Result<()> {
        Ok(())
    }
}
