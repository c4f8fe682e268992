//! Keys that have rows on a date and no active one: which runs removed rows of them, so that somebody who
//! did not mean it can restore them.

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

/// The query parameter that says how far back the removal log is read.
pub(super) const SINCE: &str = "removed_since";

/// A year before this instant: a removal log is partitioned by when runs began, and charged by what is read.
pub(super) fn since(now: Timestamp) -> SqlValue {
    let year = SignedDuration::from_hours(24 * 366);
    SqlValue::Timestamp(now.checked_sub(year).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The statement that looks for the runs that removed rows of keys without an active row, where there are
/// such keys on one of these dates, and a run has removed rows. Only a deactivated row is there still, so that
/// its key can be seen.
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
