//! The rows waiting in staging tables, per date: reads and evaluates the counts of `staged`.

use std::collections::BTreeMap;

use super::counts::{count, day, place, wrong};
use crate::error::Result;
use crate::googlesql::SqlValue;
use crate::ledger::Staged;
use crate::rule::Partition;
use crate::step::STAGED_COUNTS;
use crate::warehouse::Rows;
use crate::window::{Day, Window};

/// Reads the result of staged. A date without a row has no staged rows. Errors: a column is missing, a value
/// is not a valid count, a date is outside the window.
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
