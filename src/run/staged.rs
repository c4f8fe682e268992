//! What waits in staging tables, per date: the counts of `staged`, read and judged.

use std::collections::BTreeMap;

use super::counts::{count, day, wrong};
use super::cutoff::Cutoff;
use crate::error::Result;
use crate::googlesql::SqlValue;
use crate::rule::Partition;
use crate::step::STAGED_COUNTS;
use crate::warehouse::Rows;
use crate::window::{Day, Window};

/// The figures of one date, as of the cutoff with which they were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Staged {
    /// Active rows in the staging tables.
    pub staged: u64,
    /// Active rows in the table.
    pub active: u64,
    /// Keys that the table does not have yet.
    pub inserts: u64,
    /// Rows of the table that a staged one would give other values.
    pub updates: u64,
    /// The same, where DML cannot touch a row of their key yet.
    pub buffered: u64,
}

impl Staged {
    /// How many rows a MERGE would change now.
    pub fn changes(self) -> u64 {
        self.inserts + self.updates
    }

    /// The same date when no row of the table can be touched: what is to be updated waits.
    #[must_use]
    pub fn untouchable(self) -> Self {
        Self { updates: 0, buffered: self.updates + self.buffered, ..self }
    }

    /// The figures as the cutoff allows to see them.
    pub(super) fn seen_with(self, cutoff: Cutoff) -> Self {
        match cutoff {
            Cutoff::At(_) => self,
            Cutoff::Nothing(_) => self.untouchable(),
        }
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
        let found = rows.columns.iter().position(|known| known.eq_ignore_ascii_case(name));
        *column = found.ok_or_else(|| wrong(format!("the answer lacks the column `{name}`")))?;
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
            buffered: count(value(5))?,
        };
    }
    Ok(days)
}
