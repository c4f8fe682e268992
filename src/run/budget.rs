//! The bytes that a plan would read, and whether they are within the limit.

use bytesize::ByteSize;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::{Consolidated, Counts, Report, RunId, checked, keyless, numbers, parallel_map, params};
use crate::check::{self, Checked};
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::plan::{Plan, PlannedStep};
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Estimate, Warehouse};
use crate::window::{Day, Window};

/// The estimated cost of each statement of the plan, in order. Changes nothing.
pub fn estimate<'p>(
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &'p Plan,
) -> Result<Vec<(&'p Checked, Estimate)>> {
    estimate_each(warehouse, now, plan.statements().collect())
}

/// The estimated cost of each of these statements.
pub fn estimate_each<'p>(
    warehouse: &dyn Warehouse,
    now: Timestamp,
    statements: Vec<&'p Checked>,
) -> Result<Vec<(&'p Checked, Estimate)>> {
    let params = params(Cutoff::At(now), RunId::new(now).as_str())
        .with("record_id", SqlValue::String("plan".to_owned()))
        .with("recorded_by", SqlValue::String("plan".to_owned()));
    let estimates = parallel_map(warehouse.concurrency().reads, statements, |statement| {
        let estimate = warehouse.estimate(statement, &params);
        estimate
            .map(|estimate| (statement, estimate))
            .map_err(|error| error.while_doing(statement.statement().running()))
    });
    estimates.into_iter().collect()
}

/// The queries of `apply` besides the statements of its plan, given these counts: for keyless keys, for
/// numbers that may not be dates, and for staged rows. If the table changes during the run it counts again,
/// which cannot be predicted.
pub fn asked_besides(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    report: &Report,
    consolidated: Option<&Consolidated>,
) -> Result<Vec<Checked>> {
    let counts: BTreeMap<Day, Counts> = report.days.iter().map(|d| (d.day, d.counts)).collect();
    let mut asked = numbers::doubtful(renderer, &counts)?;
    let statuses = report.days.iter().map(|day| (day.day, day.status()));
    asked.extend(keyless::asked(renderer, warehouse, statuses)?);
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

/// A statement and its estimated cost.
pub type Priced = (Checked, Estimate);

/// The maximum billed bytes of these; `None` if the warehouse does not say.
pub fn billed(statements: &[Priced]) -> Option<u64> {
    statements.iter().map(|(_, estimate)| estimate.billed).sum()
}

/// The most statements of a step that are estimated individually; more are estimated together, by their
/// dates.
pub const EACH: usize = 30;

/// The number of dates in a statement that is only estimated.
const TOGETHER: usize = 2_000;

/// The estimated cost of removing the duplicates of these dates: of each batch its record, its count and its
/// removal, and the final verification. Takes few estimates for any number of dates: more than `each`
/// statements of a step are estimated together.
pub fn removal_of(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &Plan,
    days: &[Day],
    each: usize,
) -> Result<Vec<Priced>> {
    let mut statements = Vec::new();
    let removes = |step: &PlannedStep| step.name.removes_duplicates();
    if days.is_empty() || !plan.steps.iter().any(removes) {
        return Ok(statements);
    }
    let batches = renderer.rule().batches(days);
    for step in &plan.steps {
        let windows = match step.name.as_str() {
            StepName::RECORD => batches.clone(),
            _ if step.name.removes_duplicates() => batches.clone(),
            StepName::VERIFY => vec![Window::of_some(days)],
            _ => continue,
        };
        statements.extend(estimate_step(renderer, warehouse, now, step, &windows, each)?);
        if step.name == *StepName::RECORD {
            let several = batches.iter().filter(|batch| batch.only().is_none());
            let several: Vec<Window> = several.cloned().collect();
            let step =
                PlannedStep { name: StepName::parse(StepName::RECORDED)?, statements: Vec::new() };
            statements.extend(estimate_step(renderer, warehouse, now, &step, &several, each)?);
        }
    }
    Ok(statements)
}

/// The estimated cost of a step's statements for these dates.
fn estimate_step(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    step: &PlannedStep,
    windows: &[Window],
    each: usize,
) -> Result<Vec<Priced>> {
    let mut all = Vec::new();
    for window in windows {
        match step.statements.iter().find(|checked| checked.statement().window == *window) {
            Some(planned) => all.push(planned.clone()),
            None => all.extend(checked(renderer, step.name.as_str(), window)?),
        }
    }
    if all.len() <= each || renderer.rule().partition.is_sharded() {
        let estimates = estimate_each(warehouse, now, all.iter().collect())?;
        return Ok(estimates.into_iter().map(|(checked, e)| (checked.clone(), e)).collect());
    }
    let days: Vec<Day> = windows.iter().flat_map(Window::days).copied().collect();
    let together = days.chunks(TOGETHER).map(Window::of_some);
    let together = together.map(|window| {
        let statement = renderer.render_together(&step.name, &window)?;
        check::run(renderer.rule(), statement)
    });
    let together = together.collect::<Result<Vec<_>>>()?;
    let estimates = estimate_each(warehouse, now, together.iter().collect())?;
    let shared = all.into_iter().map(|checked| {
        let window = &checked.statement().window;
        let whole = estimates.iter().find(|(of, _)| of.statement().window.contains(window.first()));
        let share = whole.map(|(of, estimate)| {
            estimate.share(window.days().len(), of.statement().window.days().len())
        });
        let share = share.unwrap_or(Estimate::of(None, 0));
        (checked, share)
    });
    Ok(shared.collect())
}

/// The statements sent before the dates are counted: all of the plan except those about duplicates.
pub fn before_removal(
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &Plan,
) -> Result<Vec<Priced>> {
    let waits = |step: &StepName| {
        step.removes_duplicates() || *step == *StepName::RECORD || *step == *StepName::VERIFY
    };
    let first = plan.statements().filter(|checked| !waits(&checked.statement().step));
    let estimates = estimate_each(warehouse, now, first.collect())?;
    Ok(estimates.into_iter().map(|(checked, estimate)| (checked.clone(), estimate)).collect())
}

/// Refuses to continue above the billing limit. `about` names what would be billed, and `after` what has
/// happened so far. Errors: above the limit, or the warehouse does not say.
pub(super) fn refuse_above(
    limit: u64,
    billed: Option<u64>,
    about: &str,
    after: &str,
) -> Result<()> {
    let (message, help) = match billed {
        Some(total) if total <= limit => return Ok(()),
        Some(total) => (
            format!(
                "{about} would be billed for up to {}, and `max_bytes_billed` is {}; {after}",
                ByteSize(total),
                ByteSize(limit)
            ),
            "take fewer dates at a time, or raise `max_bytes_billed`; `onerow plan` shows what would be sent",
        ),
        None => (
            format!(
                "the warehouse does not say how much {about} would read, and `max_bytes_billed` is set; {after}"
            ),
            "remove `max_bytes_billed` from the rule file if this warehouse makes no estimates",
        ),
    };
    Err(Error::new(Kind::CostLimit, message).help(help))
}
