//! What a plan would read, and whether it may.

use bytesize::ByteSize;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::{
    Consolidated, Context, Counts, Report, RunId, checked, keyless, numbers, parallel_map, params,
};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::plan::Plan;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Estimate, Warehouse};
use crate::window::{Day, Window};

/// What each statement of the plan would cost, in its order. Changes nothing.
pub fn estimate<'p>(
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &'p Plan,
) -> Result<Vec<(&'p Checked, Estimate)>> {
    estimate_each(warehouse, now, plan.statements().collect())
}

/// The same of any statements.
pub fn estimate_each<'p>(
    warehouse: &dyn Warehouse,
    now: Timestamp,
    statements: Vec<&'p Checked>,
) -> Result<Vec<(&'p Checked, Estimate)>> {
    let params = params(Cutoff::At(now), RunId::new(now).as_str())
        .with("record_id", SqlValue::String("plan".to_owned()));
    let estimates = parallel_map(warehouse.lanes().reads, statements, |statement| {
        let estimate = warehouse.estimate(statement, &params);
        estimate
            .map(|estimate| (statement, estimate))
            .map_err(|error| error.during(statement.statement().title()))
    });
    estimates.into_iter().collect()
}

/// What `apply` asks besides the statements of its plan where the dates stand like this: of keyless keys, of
/// numbers that may be no dates, and of what is staged. Where the table changes during the run it counts
/// again, which nobody can foresee.
pub fn asked_besides(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    report: &Report,
    consolidated: Option<&Consolidated>,
) -> Result<Vec<Checked>> {
    let counts: BTreeMap<Day, Counts> = report.days.iter().map(|d| (d.day, d.counts)).collect();
    let mut asked = numbers::doubtful(renderer, &counts)?;
    let standing = report.days.iter().map(|day| (day.day, day.status()));
    asked.extend(keyless::asked(renderer, warehouse, standing)?);
    let Some(found) = consolidated else { return Ok(asked) };
    let days: Vec<Day> = found.days.keys().copied().collect();
    if let Ok(window) = Window::of_days(days) {
        asked.extend(checked(renderer, StepName::STAGED, &window)?);
        let merged = found.days.iter().filter(|(_, day)| day.found.changes() > 0);
        for (day, _) in merged {
            asked.extend(checked(renderer, StepName::STAGED, &Window::day(*day))?);
        }
        if renderer.rule().staging.as_ref().is_some_and(|staging| staging.drop) {
            for step in [StepName::STAGING_DATES, StepName::STAGED, StepName::DROP_STAGING] {
                asked.extend(checked(renderer, step, &window)?);
            }
        }
    }
    Ok(asked)
}

/// Refuses a plan that would be billed for more than the limit, before anything is sent: all of its
/// statements together, as if every date needed its UPDATE.
pub(super) fn refuse_above(limit: u64, context: &Context<'_>, plan: &Plan) -> Result<()> {
    let estimates = estimate(context.warehouse, context.clock.now(), plan)?;
    let total: Option<u64> = estimates.iter().map(|(_, estimate)| estimate.billed).sum();
    let count = estimates.len();
    let (message, help) = match total {
        Some(total) if total <= limit => return Ok(()),
        Some(total) => (
            format!(
                "the plan would be billed for up to {} in {count} statements, and `max_bytes_billed` is {}; nothing was sent",
                ByteSize(total),
                ByteSize(limit)
            ),
            "take fewer dates at a time, or raise `max_bytes_billed`; `onerow plan` shows what would really be sent",
        ),
        None => (
            "the warehouse does not say how much the plan would read, and `max_bytes_billed` is set; nothing was sent".to_owned(),
            "take `max_bytes_billed` out of the rule file if this warehouse makes no estimates",
        ),
    };
    Err(Error::new(Kind::Cost, message).help(help))
}
