//! `run STEP`: a single step, executed as in a whole run.

use super::date::DateState;
use super::report::{DayReport, Report, StepReport};
use super::state::Run;
use super::{Context, checked, columns};
use crate::check::Checked;
use crate::error::Result;
use crate::plan::{Plan, PlannedStep};
use crate::statement::StepName;
use crate::warehouse::Returned;
use crate::window::Window;

/// Runs the statements of a plan, each with its ledger entries. A failed statement is a problem in the
/// report, and the others continue. After a removal, detect counts the remaining rows, so that rows which
/// could not be touched are reported.
///
/// # Errors
/// The run could not begin, or the ledger could not be written.
pub fn run_step(context: &Context<'_>, plan: &Plan) -> Result<Report> {
    let _lock = context.ledger.lock(&context.renderer.rule().table, context.interrupt)?;
    let mut run = Run::begin(context, || Ok(plan.window.clone()))?.with_books(plan);
    let there = run.tables.there(plan).into_owned();
    let plan = &there;
    columns::check_listed(context.renderer.rule(), context.warehouse, &plan.window)?;
    context.progress.begin(plan.statements().count() as u64);
    let mut left = Vec::new();
    for step in plan.steps.iter().filter(|step| step.name != *StepName::RECORD) {
        match step.name.removes_duplicates() {
            true => left.extend(run.remove_alone(plan, step)?),
            false => run.custom(step),
        }
    }
    let report = Report { days: left, ..run.end()?.report() };
    Ok(report.failing_for_counts())
}

impl Run<'_> {
    /// Removes the duplicates of the plan's dates as in a whole run, and counts the rest.
    fn remove_alone(&mut self, plan: &Plan, step: &PlannedStep) -> Result<Vec<DayReport>> {
        let renderer = self.context.renderer;
        self.detect(&checked(renderer, StepName::DETECT, &plan.window)?);
        self.remove(plan, step);
        for statement in step.statements.iter().map(Checked::statement) {
            let states = statement.window.days().iter().filter_map(|day| self.days.get(day));
            let done: Vec<&DateState> = states.filter(|state| !state.failed).collect();
            if !done.is_empty() {
                let removed = done.iter().map(|state| state.removed).sum();
                let answer = Returned::Affected(Some(removed)).into();
                self.steps.push(StepReport::new(statement.title(), answer));
            }
        }
        let mut left = Vec::new();
        for (day, state) in std::mem::take(&mut self.days) {
            let mut counts = state.baseline;
            if state.touched {
                for statement in checked(renderer, StepName::DETECT, &Window::day(day))? {
                    match self.journal.count(&statement, state.cutoff) {
                        Ok(found) => counts = found.days.get(&day).copied().unwrap_or_default(),
                        Err(error) => self.fail(error),
                    }
                }
            }
            left.push(DayReport {
                day,
                counts,
                deactivated: None,
                failed: state.failed,
                on_keyless: renderer.rule().on_keyless,
            });
        }
        Ok(left)
    }
}
