//! What waits in staging tables, per date: the counts of `staged`, read and judged.

use std::collections::BTreeMap;

use super::counts::{count, day, place, wrong};
use crate::error::Result;
use crate::googlesql::SqlValue;
use crate::rule::Partition;
use crate::step::STAGED_COUNTS;
use crate::warehouse::Rows;
use crate::window::{Day, Window};

/// The figures of one date, as of the cutoff with which they were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Staged {
    /// Rows in the staging tables that take part: active ones, and deletion markers.
    pub staged: u64,
    /// Active rows in the table.
    pub active: u64,
    /// Keys that the table does not have yet.
    pub inserts: u64,
    /// Rows of the table that a staged one would give other values.
    pub updates: u64,
    /// Rows of the table that a deletion marker would deactivate or delete.
    pub deletes: u64,
    /// Rows to update or to delete, where DML cannot touch a row of their key yet.
    pub buffered: u64,
    /// Rows in the staging tables that take no part: inactive ones, and deletion markers whose place in
    /// the keep order is not known.
    pub left_out: u64,
}

impl Staged {
    /// How many rows a MERGE would change now.
    pub fn changes(self) -> u64 {
        self.inserts + self.updates + self.deletes
    }

    /// The fewest active rows that the table has once this is merged.
    pub(super) fn active_after(self) -> u64 {
        (self.active + self.inserts).saturating_sub(self.deletes)
    }
}

/// Reads the answer of staged. A date without a row has nothing staged. Errors: a column is missing,
/// a figure is no count, a date is outside the window.
pub(super) fn read(
    rows: &Rows,
    partition: &Partition,
    window: &Window,
) -> Result<BTreeMap<Day, Staged>> {
    let mut columns = [0; STAGED_COUNTS.len()];
    for (column, name) in columns.iter_mut().zip(STAGED_COUNTS) {
        *column = place(rows, name)?;
    }
    let mut days: BTreeMap<Day, Staged> =
        window.days().iter().map(|day| (*day, Staged::default())).collect();
    for row in &rows.rows {
        let value = |i: usize| row.get(columns[i]).unwrap_or(&SqlValue::Null);
        let day = day(value(0), partition)?;
        let slot = days
            .get_mut(&day)
            .ok_or_else(|| wrong(format!("the answer holds {day}, which was not asked for")))?;
        *slot = Staged {
            staged: count(value(1))?,
            active: count(value(2))?,
            inserts: count(value(3))?,
            updates: count(value(4))?,
            deletes: count(value(5))?,
            buffered: count(value(6))?,
            left_out: count(value(7))?,
        };
    }
    Ok(days)
}
