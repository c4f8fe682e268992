//! Running one test, in its own database, which is dropped afterwards.

use std::time::Duration;

use super::compare::{self, Found};
use super::{Action, Case, Figure, Verdict};
use crate::clock::Clock;
use crate::engine::{Engine, Returned, Rows, RunOptions, Streaming, Task};
use crate::error::{Error, Result};
use crate::project::Project;
use crate::rule::Rule;
use crate::run::{Progress, Report, RunId};
use crate::statement::StepName;

/// Runs a test and compares. An error that prevents it is a failure of the test.
pub fn run(project: &Project, case: &Case) -> Verdict {
    let (found, problems) = match act(project, case) {
        Ok(outcome) => outcome,
        Err(error) => (Found::default(), vec![error]),
    };
    compare::verdict(&case.expected, &found, &problems)
}

fn act(project: &Project, case: &Case) -> Result<(Found, Vec<Error>)> {
    let clock = Clock::Fixed(case.now);
    let engine = Engine::in_memory(project.clone(), case.vars.clone(), clock)?;
    let rule = engine.rule(&case.rule)?;
    load(&engine, rule, case)?;
    let task = match &case.act {
        Action::Apply => Task::Apply,
        Action::Step(step) if *step == *StepName::CONSOLIDATE => Task::Consolidate,
        Action::Step(step) => Task::Step(step.clone()),
    };
    let options = RunOptions {
        id: RunId::new(case.now),
        who: "test",
        wait: Duration::ZERO,
        progress: &Silence,
    };
    let mut report = engine.run(&engine.plan(rule, &task, &case.window)?, options)?;
    if task == Task::detect() {
        report.days = engine.status(rule, &case.window)?.days;
    }
    let rows = match queried(&case.act, &report) {
        Some(rows) => rows,
        None => engine.rows(rule, &case.window)?,
    };
    let figures = figures(&report);
    // A test expects counts as counts.
    report.problems.retain(|problem| !problem.kind().is_of_counts());
    Ok((Found { rows, figures }, report.problems))
}

fn load(engine: &Engine, rule: &Rule, case: &Case) -> Result<()> {
    let warehouse = engine.loader()?;
    for (rows, streaming) in
        [(&case.rows, Streaming::Settled), (&case.streamed, Streaming::Streamed)]
    {
        let mut rows = rows.iter().cloned().map(Ok);
        warehouse.load(
            &rule.table_of(&case.window),
            &rule.columns,
            &rule.nested,
            &mut rows,
            streaming,
        )?;
    }
    let staging = rule.staging.iter().flat_map(|staging| &staging.tables);
    for (place, table) in staging.enumerate() {
        let staged = case.staged.iter().filter(|_| place == 0);
        let mut rows = staged.cloned().map(Ok);
        warehouse.load(table, &rule.columns, &rule.nested, &mut rows, Streaming::Settled)?;
    }
    Ok(())
}

/// The rows of a single query.
fn queried(act: &Action, report: &Report) -> Option<Rows> {
    if *act == Action::Apply {
        return None;
    }
    let mut all: Option<Rows> = None;
    for step in &report.steps {
        let Returned::Rows(rows) = &step.answer.result else { return None };
        let all = all.get_or_insert_with(|| Rows { columns: rows.columns.clone(), rows: vec![] });
        all.rows.extend(rows.rows.iter().cloned());
    }
    all
}

fn figures(report: &Report) -> Vec<(Figure, u64)> {
    let totals = report.totals();
    let of = |figure: Figure| match figure {
        Figure::Active => totals.active,
        Figure::Keys => totals.keys,
        Figure::Duplicates => totals.duplicates,
        Figure::Buffered => totals.buffered,
        Figure::SharedIds => totals.shared_ids,
        Figure::Deactivated => report.deactivated().unwrap_or(0),
    };
    Figure::ALL.into_iter().map(|figure| (figure, of(figure))).collect()
}

struct Silence;

impl Progress for Silence {
    fn begin(&self, _: u64) {}
    fn advance(&self) {}
    fn note(&self, _: &str) {}
    fn waiting(&self, _: &str) {}
    fn end(&self) {}
}
