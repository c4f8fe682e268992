//! The removal log: the table of the rows that runs removed, each with its survivor.

use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlType, TableName};

/// The columns of a removal log, in order, with their types.
pub const COLUMNS: [(&str, SqlType); 15] = [
    ("run_id", SqlType::String),
    ("run_started_at", SqlType::Timestamp),
    ("record_id", SqlType::String),
    ("rule", SqlType::String),
    ("table_name", SqlType::String),
    ("step", SqlType::String),
    ("date", SqlType::Date),
    ("row_id", SqlType::String),
    ("survivor_row_id", SqlType::String),
    ("rank", SqlType::Int64),
    ("keep_values", SqlType::String),
    ("survivor_keep_values", SqlType::String),
    ("removed_row", SqlType::String),
    ("survivor_before", SqlType::String),
    ("survivor_after", SqlType::String),
];

/// The columns that are NULL unless survivors are merged: the whole survivor, before and after.
pub(crate) const OF_SURVIVORS: [&str; 2] = ["survivor_before", "survivor_after"];

/// The column by whose day a removal log is partitioned.
pub const PARTITION: &str = "run_started_at";

/// The columns by which it is clustered, in order.
pub(crate) const CLUSTERING: [&str; 2] = ["rule", "run_id"];

/// Refuses a removal log that lacks a column, which another version of onerow created. Errors: a column is
/// missing.
pub(crate) fn check_columns<'a>(
    table: &TableName,
    mut columns: impl Iterator<Item = &'a str> + Clone,
) -> Result<()> {
    let has = |name: &str| columns.clone().any(|known| known.eq_ignore_ascii_case(name));
    let missing = COLUMNS.iter().find(|(name, _)| !has(name));
    let Some((name, _)) = missing.filter(|_| columns.next().is_some()) else { return Ok(()) };
    let message = format!(
        "the removal log `{}` has no column `{name}`: another version of onerow made it",
        table.dotted()
    );
    Err(Error::new(Kind::LedgerFormat, message).help(
        "rename the table: the next run makes a new one, and the runs in the old one are undone with that version",
    ))
}

/// The location of a warehouse's removal log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalLog {
    /// Its table.
    pub table: TableName,
    /// The table that keeps the rows from before a run while they are restored.
    pub before_image: TableName,
}

impl RemovalLog {
    /// The removal log in a ledger's dataset.
    pub fn beside(ledger: &TableName) -> Self {
        Self {
            table: ledger.with_suffix("_removals"),
            before_image: ledger.with_suffix("_before_image"),
        }
    }

    /// Whether this may be one of onerow's own tables: the removal log, a before image, or the ledger beside
    /// them.
    pub(crate) fn holds(&self, table: &TableName) -> bool {
        let beside = Self::beside(table);
        [&self.table, &self.before_image].iter().any(|own| own.could_name_same_table(table))
            || beside.table.could_name_same_table(&self.table)
    }

    /// The table that keeps this rule's rows from before a run.
    pub(crate) fn before_image_of(&self, rule: &str) -> TableName {
        self.before_image.with_suffix(&format!("_{rule}"))
    }

    /// The removal log of the embedded warehouse.
    pub fn embedded() -> Self {
        Self {
            table: TableName::embedded("removals"),
            before_image: TableName::embedded("before_image"),
        }
    }
}
