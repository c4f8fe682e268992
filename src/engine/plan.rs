//! Plans: the statements that a task would send for a rule, and their cost.

use indexmap::IndexMap;

use super::Engine;
use crate::check::Checked;
use crate::connection::Tariff;
use crate::error::Result;
use crate::googlesql::Fragment;
use crate::ledger::{self, RunId};
use crate::plan::{self, Inspected};
use crate::rule::{Rule, SMALLEST_BILL, Scope};
use crate::run::{self, Consolidated, Report};
use crate::statement::{Statement, StepName};
use crate::template::Renderer;
use crate::warehouse::Estimate;
use crate::window::{Day, Window};

/// The period, in days, of the runs whose slot time is shown, and their number.
pub(crate) const SLOT_DAYS: u32 = 31;
const SLOT_RUNS: usize = 5;

/// The task for a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// All steps of the rule.
    Apply,
    /// Merge the rule's staging tables.
    Consolidate,
    /// One step alone.
    Step(StepName),
}

impl Task {
    /// The task that only counts.
    pub(crate) fn detect() -> Self {
        Self::Step(StepName::detect())
    }

    /// The steps of the task, in order.
    pub fn steps(&self, rule: &Rule) -> Vec<StepName> {
        match self {
            Self::Apply => plan::steps_of_rule(rule),
            // Without staging tables there is nothing to merge.
            Self::Consolidate => rule.stages().then(StepName::consolidate).into_iter().collect(),
            Self::Step(step) => plan::with_record(step),
        }
    }

    /// Whether the task needs dates of this rule; a step about the whole table does not.
    pub fn needs_dates(&self, rule: &Rule) -> bool {
        !self.steps(rule).iter().all(|step| rule.scope_of(step) == Scope::Table)
    }

    /// Whether the task merges staging tables of this rule.
    pub fn merges(&self, rule: &Rule) -> bool {
        match self {
            Self::Apply => rule.consolidates(),
            Self::Consolidate => true,
            Self::Step(_) => false,
        }
    }
}

/// The checked statements of a task for a rule and its dates, ready to run.
pub struct Plan<'e> {
    pub(super) renderer: Renderer<'e>,
    pub(super) plan: plan::Plan,
    pub(super) task: Task,
}

impl<'e> Plan<'e> {
    /// The rule.
    pub fn rule(&self) -> &'e Rule {
        self.renderer.rule()
    }

    /// The dates.
    pub fn window(&self) -> &Window {
        &self.plan.window
    }

    /// Whether it deletes rows permanently.
    pub fn is_destructive(&self) -> bool {
        !self.removes_for_good().is_empty()
    }

    /// What it deletes permanently, in words.
    pub(crate) fn removes_for_good(&self) -> Vec<&'static str> {
        let rule = self.rule();
        let has = |is: fn(&StepName) -> bool| self.plan.steps.iter().any(|step| is(&step.name));
        let mut found = Vec::new();
        if rule.strategy.is_destructive() && has(StepName::removes_duplicates) {
            found.push("duplicates");
        }
        if has(|step| *step == *StepName::CONSOLIDATE)
            && rule.stages_deletions()
            && rule.active.is_none()
        {
            found.push("rows that staged deletion markers name");
        }
        found
    }

    /// Whether it has no statements.
    pub fn is_empty(&self) -> bool {
        self.plan.steps.is_empty()
    }

    /// Its statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.plan.statements().map(Checked::statement)
    }
}

/// What `apply` would do now: the counts of each date, and the necessary statements.
pub struct Preview {
    /// The counts.
    pub report: Report,
    /// The statements and their cost.
    pub summary: PlanSummary,
}

impl Preview {
    /// The preview of a rule without dates to process.
    pub fn nothing(rule: &Rule) -> Self {
        let summary = PlanSummary {
            statements: Vec::new(),
            ledger_writes: 0,
            at_most: Some(0),
            tariff: None,
            slot_ms: Vec::new(),
        };
        Self { report: Report::nothing(rule), summary }
    }
}

/// The statements that `apply` would send now.
pub struct PlanSummary {
    /// The statements that the counts require, with estimates.
    pub statements: Vec<(Checked, Estimate)>,
    /// The number of jobs that write to the ledger; 0 if the ledger is not a table of the warehouse.
    pub ledger_writes: u64,
    /// Billed bytes if every date had duplicates.
    pub at_most: Option<u64>,
    /// The price of reading; `None` if the warehouse is free.
    pub tariff: Option<Tariff>,
    /// The slot time, in milliseconds, of the rule's last runs, newest first. Empty if bytes are billed.
    pub slot_ms: Vec<(RunId, u64)>,
}

impl PlanSummary {
    /// The maximum billed bytes of the statements and of writing them to the ledger; `None` if the warehouse
    /// does not say.
    pub fn billed(&self) -> Option<u64> {
        let statements: Option<u64> =
            self.statements.iter().map(|(_, estimate)| estimate.billed).sum();
        Some(statements? + self.ledger_writes * SMALLEST_BILL)
    }
}

impl Engine {
    /// Makes the plan of a task. Sends nothing.
    ///
    /// # Errors
    /// A template does not render, or a statement does not pass the checks.
    pub fn plan<'e>(&'e self, rule: &'e Rule, task: &Task, window: &Window) -> Result<Plan<'e>> {
        let renderer = self.renderer(rule)?;
        let plan = plan::make(&renderer, &task.steps(rule), window)?;
        Ok(Plan { renderer, plan, task: task.clone() })
    }

    /// Renders the statements of these steps, unchecked. Sends nothing.
    ///
    /// # Errors
    /// A template does not render.
    pub fn render(
        &self,
        rule: &Rule,
        steps: &[StepName],
        window: &Window,
    ) -> Result<Vec<Statement>> {
        plan::render(&self.renderer(rule)?, steps, window)
    }

    /// Checks one step, or every step that the rule has a template for. Sends nothing.
    ///
    /// # Errors
    /// A template does not render.
    pub fn check(
        &self,
        rule: &Rule,
        step: Option<&StepName>,
        window: &Window,
    ) -> Result<Inspected> {
        let renderer = self.renderer(rule)?;
        let steps = step.map_or_else(|| every_step(&renderer), |step| vec![step.clone()]);
        plan::inspect(&renderer, &steps, window)
    }

    /// The query for the duplicates of dates that are not known yet, as by [`Renderer::superseded`].
    pub(crate) fn superseded(
        &self,
        rule: &Rule,
        filter: &Fragment,
        around: &Fragment,
    ) -> Result<String> {
        self.renderer(rule)?.superseded(filter, around)
    }

    /// What a plan of `apply` would do now. Changes nothing, and writes no ledger entry.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub fn preview(&self, plan: &Plan<'_>) -> Result<Preview> {
        let from = self.reading()?;
        let (now, warehouse) = (self.now(), &*from.warehouse);
        let mut report = run::status(&plan.renderer, warehouse, now, &plan.plan)?;
        if plan.plan.steps.iter().any(|step| step.name == *StepName::CONSOLIDATE) {
            report.consolidated = Some(self.staged(plan)?);
        }
        let summary = self.summary_of(plan, &report, report.consolidated.as_ref())?;
        Ok(Preview { report, summary })
    }

    fn summary_of(
        &self,
        plan: &Plan<'_>,
        report: &Report,
        merged: Option<&Consolidated>,
    ) -> Result<PlanSummary> {
        let from = self.reading()?;
        let (now, warehouse) = (self.now(), &*from.warehouse);
        let there = run::there(warehouse, plan.rule(), &plan.plan)?;
        let removal = |days: &[Day], each| {
            run::removal_of(&plan.renderer, warehouse, now, &there, days, each)
        };
        let strategy = plan.rule().strategy;
        let dirty = report.days.iter().filter(|day| day.counts.calls_for(strategy));
        let dirty: Vec<Day> = dirty.map(|day| day.day).collect();
        let merges = |checked: &Checked| {
            let merged = merged.into_iter().flat_map(|found| &found.days);
            let mut called = merged.filter(|(_, day)| day.found.changes() > 0);
            called.any(|(day, _)| checked.statement().window.contains(*day))
        };
        let first = run::before_removal(warehouse, now, &there)?;
        let every = match from.tariff {
            Some(_) => removal(there.window.days(), 1)?,
            None => Vec::new(),
        };
        let at_most = run::billed(&first).zip(run::billed(&every));
        let at_most = at_most.map(|(first, every)| first.saturating_add(every));
        let called_for = |(checked, _): &(Checked, Estimate)| {
            checked.statement().step != *StepName::CONSOLIDATE || merges(checked)
        };
        let mut statements: Vec<(Checked, Estimate)> =
            first.into_iter().filter(called_for).collect();
        statements.extend(removal(&dirty, run::EACH)?);
        let mut summary = PlanSummary {
            statements,
            ledger_writes: 0,
            at_most,
            tariff: from.tariff,
            slot_ms: Vec::new(),
        };
        let Some(tariff) = from.tariff else { return Ok(summary) };
        let besides = run::asked_besides(&plan.renderer, warehouse, report, merged)?;
        let besides = run::estimate_each(warehouse, now, besides.iter().collect())?
            .into_iter()
            .map(|(statement, estimate)| (statement.clone(), estimate));
        summary.statements.extend(besides);
        let sent = summary.statements.iter().map(|(s, _)| s.statement().sql.as_str());
        summary.ledger_writes = ledger::batches(sent);
        if tariff.is_by_slots() {
            summary.slot_ms = self.slot_ms(plan.rule())?;
        }
        Ok(summary)
    }

    /// The slot time of a rule's last runs, newest first, from the ledger.
    fn slot_ms(&self, rule: &Rule) -> Result<Vec<(RunId, u64)>> {
        let mut runs: IndexMap<RunId, u64> = IndexMap::new();
        for entry in self.recent(rule, SLOT_DAYS)? {
            if let Some(slot_ms) = entry.usage.slot_ms {
                *runs.entry(entry.run).or_default() += slot_ms;
            }
        }
        Ok(runs.into_iter().rev().take(SLOT_RUNS).collect())
    }

    /// The statements that a plan of `apply` would send, given this status. Changes nothing.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub fn summary(&self, plan: &Plan<'_>, status: &Report) -> Result<PlanSummary> {
        let consolidated = match plan.rule().consolidates() {
            true => Some(self.staged(plan)?),
            false => None,
        };
        self.summary_of(plan, status, consolidated.as_ref())
    }

    /// The rows waiting in the staging tables of a plan. Changes nothing.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub fn staged(&self, plan: &Plan<'_>) -> Result<Consolidated> {
        let warehouse = &*self.reading()?.warehouse;
        run::staged(&plan.renderer, warehouse, self.now(), plan.window())
    }
}

/// Every step, those of the plan first.
fn every_step(renderer: &Renderer<'_>) -> Vec<StepName> {
    let mut steps = plan::steps_of(renderer);
    let others = renderer.steps().into_iter().filter(|step| !steps.contains(step));
    steps.extend(others.collect::<Vec<StepName>>());
    steps
}
