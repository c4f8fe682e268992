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

/// The right to run against one ledger, for as long as it lives. The system releases it when the
/// process dies, so an entry without an outcome that is seen by the holder is one whose process died.
#[derive(Debug)]
#[must_use = "the lock is released when it is dropped"]
pub struct Lock {
    _lock: Option<std::fs::File>,
}

impl Lock {
    /// One that lasts as long as the lock on this file; `None` where nobody else can come.
    pub fn holding(lock: Option<std::fs::File>) -> Self {
        Self { _lock: lock }
    }
}

/// Which entries are asked for. Those for which everything that is given holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Of this run, or of runs whose ids start so.
    pub run: Option<&'a str>,
    /// Of this rule.
    pub rule: Option<&'a str>,
    /// Written at or after this instant, to the second; `None` is as far back as the ledger is read at
    /// all, see [`Ledger::reach`].
    pub since: Option<Timestamp>,
    /// Whether the statements' SQL is read too, the largest of the columns. Without it, `sql` is empty.
    pub with_sql: bool,
}

impl<'a> Filter<'a> {
    /// The entries of a run, or of runs whose ids start so. None of them is older than the id says.
    pub fn run(run: &'a str) -> Self {
        Self { run: Some(run), since: RunId::earliest(run), ..Self::default() }
    }

    /// The entries of the last so many days, of a rule or of all.
    pub fn recent(rule: Option<&'a str>, now: Timestamp, days: u32) -> Self {
        let ago = SignedDuration::from_hours(24 * i64::from(days));
        let since = now.checked_sub(ago).unwrap_or(Timestamp::MIN);
        Self { rule, since: Some(since), ..Self::default() }
    }

    /// The entries of a rule.
    pub fn rule(rule: &'a str) -> Self {
        Self { rule: Some(rule), ..Self::default() }
    }

    /// The same, with the SQL of each statement.
    #[must_use]
    pub fn with_sql(self) -> Self {
        Self { with_sql: true, ..self }
    }
}

/// The newest of the entries that are asked for: no further back than it takes until they are enough, or
/// than the ledger is read at all.
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

/// Where entries are kept. Nothing is ever changed or removed.
pub trait Ledger: Sync {
    /// Writes one entry durably before it returns. Creates the ledger if there is none.
    fn append(&self, entry: &Entry) -> Result<()>;

    /// How far back the ledger is read where nothing says how old the entries are: one instant after
    /// another, until what is looked for is found. `None` is all of it, which costs nothing.
    fn reach(&self) -> Vec<Option<Timestamp>> {
        vec![None]
    }

    /// The entries that are asked for, oldest first. A ledger that does not exist yet has none, and
    /// is not created.
    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>>;

    /// Waits a little for the right to run on this table, then gives up with
    /// [`Kind::Locked`](crate::error::Kind::Locked); an
    /// interrupt ends the wait.
    fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock>;

    /// The last entries of a rule's statements that have no outcome: their process died, or no
    /// answer came.
    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>>;

    /// Looks whether entries can be written, and says where to. Changes nothing.
    fn examine(&self) -> Result<String>;

    /// Brings entries that wait elsewhere to where the ledger is kept, each once. What cannot be
    /// brought stays where it waits, for the next time.
    fn deliver(&self) -> Result<()> {
        Ok(())
    }
}
