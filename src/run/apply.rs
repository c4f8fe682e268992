//! `apply`: detect once, deactivate where it is needed, verify what was touched.

use std::collections::BTreeMap;

use super::horizon::{Horizon, future_days};
use super::report::{DayReport, Report};
use super::state::{Progressing, Run};
use super::verdict::{Verdict, verdict};
use super::{Context, Counts, ROUNDS, checked};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::plan::{Plan, PlannedStep};
use crate::statement::StepName;
use crate::window::{Day, Window};

/// Runs a plan. Each date's outcome is independent: what goes wrong with one is a problem in the
/// report, and the others go on. Errors: the run could not begin, or the ledger could not be
/// written, after which nothing is sent.
pub fn apply(context: &Context<'_>, plan: &Plan) -> Result<Report> {
    let _claim = context.ledger.claim()?;
    let mut run = Run::begin(context, plan)?;
    for step in &plan.steps {
        match step.name.as_str() {
            StepName::DETECT => run.detect(step)?,
            StepName::DEACTIVATE => run.deactivate(step)?,
            StepName::VERIFY => run.verify()?,
            _ => run.own(step)?,
        }
        // Until detect has counted, what follows may build on what failed.
        if run.days.is_empty() && !run.problems.is_empty() {
            break;
        }
    }
    context.progress.end();
    Ok(run.report())
}

impl Run<'_> {
    fn detect(&mut self, step: &PlannedStep) -> Result<()> {
        for statement in &step.statements {
            self.detect_with(statement, self.horizon)?;
        }
        let found = self.days.iter().map(|(day, state)| (*day, state.baseline)).collect();
        if let Some(window) = future_days(self.oldest_buffered, &found) {
            self.context.progress.note(&format!(
                "{window}: superseded rows say that they were written in the future; the table \
                 reports no streaming buffer, so they count as settled"
            ));
            for statement in checked(self.context.renderer, StepName::DETECT, &window)? {
                self.detect_with(&statement, Horizon::everything())?;
            }
        }
        Ok(())
    }

    fn detect_with(&mut self, statement: &Checked, horizon: Horizon) -> Result<()> {
        match self.count(statement, horizon)? {
            Ok(found) => {
                let found = found.into_iter();
                self.days.extend(found.map(|(day, c)| (day, Progressing::new(c, horizon))));
            }
            Err(error) => self.problems.push(error),
        }
        Ok(())
    }

    fn deactivate(&mut self, step: &PlannedStep) -> Result<()> {
        let needs_update = |statement: &&Checked| {
            let state = self.days.get(&statement.statement().window.first());
            state.is_some_and(Progressing::needs_update)
        };
        let needed: Vec<&Checked> = step.statements.iter().filter(needs_update).collect();
        self.context.progress.begin(needed.len() as u64);
        for statement in needed {
            self.deactivate_day(statement)?;
            self.context.progress.advance();
        }
        Ok(())
    }

    /// Looks at the touched dates. Where rows that arrived meanwhile have superseded a survivor,
    /// the date is cleaned again.
    fn verify(&mut self) -> Result<()> {
        for _ in 0..ROUNDS {
            let mut again = Vec::new();
            for (horizon, days) in self.touched() {
                again.extend(self.verify_days(horizon, &Window::of_days(days)?)?);
            }
            for state in self.days.values_mut() {
                state.touched = false;
            }
            if again.is_empty() {
                return Ok(());
            }
            let updates = self.plan.statements().filter(|checked| {
                let statement = checked.statement();
                statement.step == *StepName::DEACTIVATE && again.contains(&statement.window.first())
            });
            for update in updates {
                self.deactivate_day(update)?;
            }
        }
        self.fail(Error::new(
            Kind::Verification,
            format!("rows kept arriving: {ROUNDS} times a date was cleaned and dirty again"),
        ));
        Ok(())
    }

    /// The dates that an UPDATE may have changed, by the horizon they were counted with.
    fn touched(&self) -> Vec<(Horizon, Vec<Day>)> {
        let mut touched: BTreeMap<_, (Horizon, Vec<Day>)> = BTreeMap::new();
        for (day, state) in self.days.iter().filter(|(_, state)| state.touched) {
            let group = touched.entry(state.horizon.instant());
            group.or_insert((state.horizon, Vec::new())).1.push(*day);
        }
        touched.into_values().collect()
    }

    /// Returns the dates to clean again.
    fn verify_days(&mut self, horizon: Horizon, window: &Window) -> Result<Vec<Day>> {
        let mut again = Vec::new();
        let statements = match checked(self.context.renderer, StepName::VERIFY, window) {
            Ok(statements) => statements,
            Err(error) => {
                self.fail_days(window.days(), error);
                return Ok(again);
            }
        };
        for statement in statements {
            match self.count(&statement, horizon)? {
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
                state.horizon.hides_arrivals() && self.context.renderer.rule().written_at.is_some();
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
                    state.rebase(*after, state.horizon);
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
            steps: self.steps,
            buffered: self.buffered,
            problems: self.problems,
        }
    }
}
