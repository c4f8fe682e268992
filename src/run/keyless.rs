//! Keys that have rows on a date but no active one: finds the runs that removed rows of them, so that they
//! can be undone.

use jiff::{SignedDuration, Timestamp};

use super::{RunId, Status, checked, counts};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::rule::Strategy;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Rows, Warehouse};
use crate::window::{Day, Window};

/// The query parameter with the start of the removal log to read.
pub(super) const SINCE: &str = "removed_since";

/// A year before this instant: a removal log is partitioned by the start of runs, and billed by the bytes
/// read.
pub(super) fn since(now: Timestamp) -> SqlValue {
    let year = SignedDuration::from_hours(24 * 366);
    SqlValue::Timestamp(now.checked_sub(year).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The statement that finds the runs that removed rows of keys without an active row, if one of these dates
/// has such keys and a run has removed rows. Only deactivated rows still exist, so only their keys are found.
pub(super) fn asked(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    days: impl Iterator<Item = (Day, Status)>,
) -> Result<Vec<Checked>> {
    let keyless = days.filter(|(_, status)| *status == Status::Keyless).map(|(day, _)| day);
    let keyless: Vec<Day> = keyless.collect();
    let is_there = renderer.rule().strategy == Strategy::Deactivate && !keyless.is_empty();
    match is_there && warehouse.has_removals(renderer.removals())? {
        true => checked(renderer, StepName::KEYLESS, &Window::of_days(keyless)?),
        false => Ok(Vec::new()),
    }
}

/// The runs, each with the number of such keys.
pub(super) fn read(answer: &Rows) -> Result<Vec<(RunId, u64)>> {
    let run = |row: &Vec<SqlValue>| match row.as_slice() {
        [SqlValue::String(run), keys] => Ok((RunId::parse(run)?, counts::count(keys)?)),
        _ => {
            Err(Error::new(Kind::UnexpectedAnswer, "the answer is not a run and a number of keys"))
        }
    };
    answer.rows.iter().map(run).collect()
}
