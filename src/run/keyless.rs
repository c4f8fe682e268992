//! Keys that have rows on a date and no active one: which runs removed rows of them, so that somebody who
//! did not mean it can restore them.

use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::{Report, RunId, Status, checked, counts, look_with, params};
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::rule::Strategy;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Rows, Warehouse};
use crate::window::{Day, Window};

/// The report with the runs that removed rows of its keyless keys. That nobody can say which is a problem.
pub(crate) fn with_keyless_runs(
    mut report: Report,
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
) -> Report {
    let days: Vec<Day> = report.days_of(Status::Keyless).map(|day| day.day).collect();
    if days.is_empty() {
        return report;
    }
    match keyless_runs(renderer, warehouse, now, days) {
        Ok(runs) => report.keyless_runs = runs,
        Err(error) => {
            report.problems.push(error.during("looking for what removed rows of these keys"))
        }
    }
    report
}

/// The runs that removed rows of keys that have no active row on these dates. Only a deactivated row is
/// there still, so that its key can be seen.
fn keyless_runs(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    days: Vec<Day>,
) -> Result<Vec<(RunId, u64)>> {
    let rule = renderer.rule();
    if rule.strategy != Strategy::Deactivate || !warehouse.has_removals(renderer.removals())? {
        return Ok(Vec::new());
    }
    let mut runs = Vec::new();
    for statement in checked(renderer, StepName::KEYLESS, &Window::of_days(days)?)? {
        let asked = params(Cutoff::At(now), "status");
        let answer = look_with(rule, warehouse, &statement, &asked, now, "status");
        let read = answer.and_then(|answer| read(&answer));
        runs.extend(read.map_err(|error| error.during(statement.statement().title()))?);
    }
    Ok(runs)
}

fn read(answer: &Rows) -> Result<Vec<(RunId, u64)>> {
    let run = |row: &Vec<SqlValue>| match row.as_slice() {
        [SqlValue::String(run), keys] => Ok((RunId::parse(run)?, counts::count(keys)?)),
        _ => Err(Error::new(Kind::Warehouse, "the answer is not a run and a number of keys")),
    };
    answer.rows.iter().map(run).collect()
}
