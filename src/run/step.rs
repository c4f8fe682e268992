//! `run STEP`: one step by itself, on the same path as in a whole run.

use super::cutoff::Cutoff;
use super::report::{DayReport, Report};
use super::state::Run;
use super::{Context, checked};
use crate::error::Result;
use crate::plan::Plan;
use crate::statement::StepName;
use crate::window::Day;

/// Runs the statements of a plan, each with its ledger entries; one that fails is a problem in
/// the report, and the others go on. After a cure, detect counts what is left, so that rows
/// which could not be touched are not passed over in silence. Errors: the run could not begin, or
/// the ledger could not be written.
pub fn run_step(context: &Context<'_>, plan: &Plan) -> Result<Report> {
    let _claim = context.ledger.claim(&context.renderer.rule().table, context.interrupt)?;
    let mut run = Run::begin(context, plan)?;
    context.progress.begin(plan.statements().count() as u64);
    let mut left = Vec::new();
    for step in plan.steps.iter().filter(|step| step.name != *StepName::AUDIT) {
        let cures = step.name.is_cure();
        // The shipped UPDATE spares no row of a rule without `written_at`, so it would be refused.
        if !(cures && matches!(run.cutoff, Cutoff::Nothing(_))) {
            run.own(step)?;
        }
        if cures {
            left.extend(run.what_is_left()?);
        }
    }
    Ok(Report { days: left, ..run.end().report() })
}

impl Run<'_> {
    fn what_is_left(&mut self) -> Result<Vec<DayReport>> {
        let refused: Vec<Day> = self
            .plan
            .statements()
            .filter(|checked| self.buffered.contains(&checked.statement().title()))
            .map(|checked| checked.statement().window.first())
            .collect();
        let mut left = Vec::new();
        for statement in checked(self.context.renderer, StepName::DETECT, &self.plan.window)? {
            match self.journal.count(&statement, self.cutoff)? {
                Ok(found) => left.extend(found.into_iter().map(|(day, counts)| DayReport {
                    day,
                    // The last word is the warehouse's.
                    counts: if refused.contains(&day) { counts.all_buffered() } else { counts },
                    deactivated: None,
                    failed: false,
                })),
                Err(error) => self.fail(error),
            }
        }
        Ok(left)
    }
}
