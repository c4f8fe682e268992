//! `apply`: detect once, deactivate where it is needed, verify what was touched.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::horizon::Horizon;
use super::journal::Journal;
use super::report::{DayReport, Report, StepReport};
use super::state::{Progressing, Run};
use super::verdict::verdict;
use super::{Context, Counts, checked, params};
use crate::check::Checked;
use crate::error::Result;
use crate::plan::{Plan, PlannedStep};
use crate::statement::StepName;
use crate::window::{Day, Window};

/// Runs a plan. Each date's outcome is independent: a date that fails is a problem in the report,
/// and the others go on. Errors: the run could not begin, or the ledger could not be written,
/// after which nothing is sent.
pub fn apply(context: &Context<'_>, plan: &Plan) -> Result<Report> {
    let _claim = context.ledger.claim()?;
    let now = context.clock.now();
    let rule = context.renderer.rule();
    let journal = Journal::open(context, now);
    for note in journal.recover()? {
        context.progress.note(&note);
    }
    let horizon = Horizon::new(rule, now, context.warehouse.buffer(&rule.table)?);
    let mut run = Run {
        context,
        journal,
        now,
        horizon,
        days: BTreeMap::new(),
        steps: Vec::new(),
        problems: Vec::new(),
    };
    for step in &plan.steps {
        match step.name.as_str() {
            StepName::DETECT => run.detect(step)?,
            StepName::DEACTIVATE => run.deactivate(step)?,
            StepName::VERIFY => run.verify()?,
            _ => run.own(step)?,
        }
    }
    context.progress.end();
    Ok(run.report())
}

impl Run<'_> {
    fn detect(&mut self, step: &PlannedStep) -> Result<()> {
        for statement in &step.statements {
            let counts = self.count(statement, self.horizon)??;
            let found = counts.into_iter();
            self.days.extend(found.map(|(day, c)| (day, Progressing::new(c, self.horizon))));
        }
        Ok(())
    }

    fn deactivate(&mut self, step: &PlannedStep) -> Result<()> {
        let needed: Vec<&Checked> = step
            .statements
            .iter()
            .filter(|s| {
                self.days.get(&s.statement().window.first()).is_some_and(Progressing::needs_update)
            })
            .collect();
        self.context.progress.begin(needed.len() as u64);
        for statement in needed {
            self.deactivate_day(statement)?;
            self.context.progress.advance();
        }
        Ok(())
    }

    fn verify(&mut self) -> Result<()> {
        let mut touched: BTreeMap<Timestamp, (Horizon, Vec<Day>)> = BTreeMap::new();
        for (day, state) in self.days.iter().filter(|(_, state)| state.touched) {
            let group = touched.entry(state.horizon.instant());
            group.or_insert((state.horizon, Vec::new())).1.push(*day);
        }
        for (horizon, days) in touched.into_values() {
            let window = Window::of_days(days)?;
            match checked(self.context.renderer, StepName::VERIFY, &window) {
                Ok(statements) => {
                    for statement in statements {
                        match self.count(&statement, horizon)? {
                            Ok(after) => self.judge(&after),
                            Err(error) => self.problems.push(error),
                        }
                    }
                }
                Err(error) => self.problems.push(error),
            }
        }
        Ok(())
    }

    fn judge(&mut self, after: &BTreeMap<Day, Counts>) {
        for (day, after) in after {
            let Some(state) = self.days.get(day) else { continue };
            let judged = verdict(*day, state.keys, state.baseline, state.since_baseline, *after);
            self.problems.extend(judged.err());
        }
    }

    fn own(&mut self, step: &PlannedStep) -> Result<()> {
        for statement in &step.statements {
            let params = params(self.horizon, &self.journal.run);
            match self.journal.send(statement, &params)? {
                Ok(answer) => {
                    self.steps.push(StepReport { title: statement.statement().title(), answer });
                }
                // Before detect nothing else was done yet, and what follows may build on it.
                Err(error) if self.days.is_empty() => return Err(error),
                Err(error) => self.problems.push(error),
            }
        }
        Ok(())
    }

    fn report(self) -> Report {
        Report {
            rule: self.context.renderer.rule().name.clone(),
            run: Some(self.journal.run),
            days: self
                .days
                .into_iter()
                .map(|(day, state)| DayReport {
                    day,
                    counts: state.as_found(),
                    deactivated: Some(state.deactivated),
                })
                .collect(),
            steps: self.steps,
            problems: self.problems,
        }
    }
}
