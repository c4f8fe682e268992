//! `apply`: detect once, cure where it is needed, verify what was touched.

use std::collections::BTreeMap;

use super::budget;
use super::cutoff::{Cutoff, future_days};
use super::day::Cleaning;
use super::report::{DayReport, Report};
use super::state::{Progressing, Run};
use super::verdict::{Verdict, verdict};
use super::{Context, Counts, ROUNDS, checked, side_by_side};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::plan::{Plan, PlannedStep};
use crate::statement::StepName;
use crate::warehouse::Audit;
use crate::window::{Day, Window};

/// Runs a plan. Each date's outcome is independent: what goes wrong with one is a problem in the
/// report, and the others go on. Errors: the run could not begin, or the ledger could not be
/// written, after which nothing is sent.
pub fn apply(context: &Context<'_>, plan: &Plan) -> Result<Report> {
    let _claim = context.ledger.claim(&context.renderer.rule().table, context.interrupt)?;
    if let Some(limit) = context.limits.bytes {
        budget::refuse_above(limit, context, plan)?;
    }
    let mut run = Run::begin(context, plan)?;
    for step in &plan.steps {
        if run.interrupted() {
            break;
        }
        match step.name.as_str() {
            StepName::DETECT => run.detect(step)?,
            // It is sent with the step that it belongs to.
            StepName::AUDIT => {}
            _ if step.name.is_cure() => run.cure(step)?,
            StepName::VERIFY => run.verify()?,
            StepName::CONSOLIDATE => run.consolidate(step)?,
            _ => run.own(step)?,
        }
        // Until detect has counted, what follows may build on what failed.
        if run.days.is_empty() && !run.problems.is_empty() {
            break;
        }
    }
    if !context.limits.wait.is_zero() {
        run.wait_for_buffered()?;
    }
    if run.interrupted() {
        run.unverified();
    }
    run.drop_staging()?;
    Ok(run.end().report())
}

impl Run<'_> {
    fn detect(&mut self, step: &PlannedStep) -> Result<()> {
        for statement in &step.statements {
            self.detect_with(statement, self.cutoff)?;
        }
        let found = self.days.iter().map(|(day, state)| (*day, state.baseline)).collect();
        if let Some(window) = future_days(self.buffer, &found) {
            self.context.progress.note(&format!(
                "{window}: superseded rows say that they were written in the future; the table \
                 reports no streaming buffer, so they count as settled"
            ));
            for statement in checked(self.context.renderer, StepName::DETECT, &window)? {
                self.detect_with(&statement, Cutoff::everything())?;
            }
        }
        Ok(())
    }

    fn detect_with(&mut self, statement: &Checked, cutoff: Cutoff) -> Result<()> {
        match self.journal.count(statement, cutoff)? {
            Ok(found) => {
                let strategy = self.context.renderer.rule().strategy;
                let state = |(day, counts)| (day, Progressing::new(strategy, counts, cutoff));
                self.days.extend(found.into_iter().map(state));
            }
            Err(error) => self.problems.push(error),
        }
        Ok(())
    }

    fn cure(&mut self, step: &PlannedStep) -> Result<()> {
        let days: Vec<Day> = step.statements.iter().map(|s| s.statement().window.first()).collect();
        self.clean_days(&days)
    }

    /// Sends the UPDATE of each of these dates that needs one, as many at a time as the
    /// warehouse takes. What goes wrong with a date is a problem of that date.
    pub(super) fn clean_days(&mut self, days: &[Day]) -> Result<()> {
        let mut needed = Vec::new();
        for update in self.plan.statements() {
            let (step, day) = (&update.statement().step, update.statement().window.first());
            if step.is_cure()
                && days.contains(&day)
                && self.days.get(&day).is_some_and(Progressing::needs_update)
                && let Some(state) = self.days.remove(&day)
            {
                needed.push((update, self.plan.audit_of(update).map(Audit::of), day, state));
            }
        }
        let (context, journal) = (self.context, &self.journal);
        context.progress.begin(needed.len() as u64);
        let lanes = match context.renderer.rule().audit {
            true => context.warehouse.lanes().audited,
            false => context.warehouse.lanes().mutations,
        };
        let cleaned = side_by_side(lanes, needed, |(update, audit, day, mut state)| {
            if context.interrupt.requested() {
                return (day, state, Ok(None));
            }
            let problem = Cleaning { journal, update, audit }.clean(&mut state);
            context.progress.advance();
            (day, state, problem)
        });
        let mut broken = None;
        for (day, state, problem) in cleaned {
            self.days.insert(day, state);
            match problem {
                Ok(None) => {}
                Ok(Some(problem)) => self.fail_days(&[day], problem),
                Err(error) => _ = broken.get_or_insert(error),
            }
        }
        broken.map_or(Ok(()), Err)
    }

    /// After an interrupt: dates that were touched and not verified are not called clean.
    fn unverified(&mut self) {
        let touched = self.days.iter().filter(|(_, state)| state.touched);
        let days: Vec<Day> = touched.map(|(day, _)| *day).collect();
        let left = self.days.values().filter(|state| state.needs_update()).count();
        let error = Error::new(
            Kind::Interrupted,
            format!(
                "interrupted: {left} dates were left as they were, {} not verified",
                days.len()
            ),
        );
        self.fail_days(
            &days,
            error.help("run the same command again: it goes on where this one stopped"),
        );
    }

    /// Looks at the touched dates. Where rows that arrived meanwhile have superseded a survivor,
    /// the date is cleaned again.
    pub(super) fn verify(&mut self) -> Result<()> {
        for _ in 0..ROUNDS {
            if self.interrupted() {
                return Ok(());
            }
            let mut again = Vec::new();
            for (cutoff, days) in self.touched() {
                again.extend(self.verify_days(cutoff, &Window::of_days(days)?)?);
            }
            for state in self.days.values_mut() {
                state.touched = false;
            }
            if again.is_empty() {
                return Ok(());
            }
            self.clean_days(&again)?;
        }
        self.fail(Error::new(
            Kind::Verification,
            format!("rows kept arriving: {ROUNDS} times a date was cleaned and dirty again"),
        ));
        Ok(())
    }

    /// The dates that an UPDATE may have changed, by the cutoff they were counted with.
    fn touched(&self) -> Vec<(Cutoff, Vec<Day>)> {
        let mut touched: BTreeMap<_, (Cutoff, Vec<Day>)> = BTreeMap::new();
        for (day, state) in self.days.iter().filter(|(_, state)| state.touched) {
            let group = touched.entry(state.cutoff.instant());
            group.or_insert((state.cutoff, Vec::new())).1.push(*day);
        }
        touched.into_values().collect()
    }

    /// Returns the dates to clean again.
    fn verify_days(&mut self, cutoff: Cutoff, window: &Window) -> Result<Vec<Day>> {
        let mut again = Vec::new();
        let statements = match checked(self.context.renderer, StepName::VERIFY, window) {
            Ok(statements) => statements,
            Err(error) => {
                self.fail_days(window.days(), error);
                return Ok(again);
            }
        };
        for statement in statements {
            match self.journal.count(&statement, cutoff)? {
                Ok(after) => again.extend(self.judge(&after)),
                Err(error) => self.fail_days(window.days(), error),
            }
        }
        Ok(again)
    }

    fn judge(&mut self, after: &BTreeMap<Day, Counts>) -> Vec<Day> {
        let mut again = Vec::new();
        for (day, after) in after {
            let Some(state) = self.days.get_mut(day) else { continue };
            let hides_arrivals =
                state.cutoff.hides_arrivals() && self.context.renderer.rule().written_at.is_some();
            match verdict(
                *day,
                state.keys,
                state.baseline,
                state.since_baseline,
                *after,
                hides_arrivals,
            ) {
                Verdict::Holds => {}
                Verdict::Again => {
                    self.context.progress.note(&format!(
                        "{day}: rows that arrived meanwhile supersede others; cleaning it again"
                    ));
                    state.rebase(*after, state.cutoff);
                    again.push(*day);
                }
                Verdict::Broken(error) => self.fail_days(&[*day], error),
            }
        }
        again
    }

    /// What the run has to say.
    pub(super) fn report(self) -> Report {
        let day = |(day, state): (Day, Progressing)| DayReport {
            day,
            counts: state.as_found(),
            deactivated: Some(state.deactivated),
            failed: state.failed,
        };
        Report {
            rule: self.context.renderer.rule().name.clone(),
            run: Some(self.journal.run),
            days: self.days.into_iter().map(day).collect(),
            consolidated: (!self.consolidated.days.is_empty()).then_some(self.consolidated),
            steps: self.steps,
            buffered: self.buffered,
            problems: self.problems,
        }
    }
}
