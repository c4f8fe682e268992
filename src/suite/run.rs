//! Running one test, in a database of its own that lasts as long as the test.

use jiff::SignedDuration;

use super::compare::{self, Found};
use super::{Act, Case, Figure, Verdict};
use crate::check;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::plan;
use crate::project::Project;
use crate::rule::Rule;
use crate::run::{self, Context, Limits, Progress, Report};
use crate::statement::{Params, Statement, StepName};
use crate::template::Renderer;
use crate::warehouse::sqlite::{Sqlite, Streaming};
use crate::warehouse::{Job, JobId, Returned, Rows, Warehouse};
use crate::window::Window;

/// As long as BigQuery keeps a row in the streaming buffer at most.
const DRAIN: SignedDuration = SignedDuration::from_mins(90);

/// Runs a test and compares. What keeps it from running is a failure of the test.
pub fn run(project: &Project, case: &Case) -> Verdict {
    let outcome = project.file.rule(case.rule.as_str()).and_then(|rule| act(project, rule, case));
    let (found, problems) = match outcome {
        Ok(outcome) => outcome,
        Err(error) => (Found::default(), vec![error]),
    };
    compare::verdict(&case.expected, &found, &problems)
}

fn act(project: &Project, rule: &Rule, case: &Case) -> Result<(Found, Vec<Error>)> {
    let clock = Clock::Fixed(case.now);
    let warehouse = Sqlite::in_memory(clock, DRAIN)?;
    for (rows, streaming) in
        [(&case.rows, Streaming::Settled), (&case.streamed, Streaming::Streamed)]
    {
        let mut rows = rows.iter().cloned().map(Ok);
        warehouse.load(&rule.table, &rule.columns, &mut rows, streaming)?;
    }
    let staging = rule.staging.iter().flat_map(|staging| &staging.tables);
    for (place, table) in staging.enumerate() {
        let staged = case.staged.iter().filter(|_| place == 0);
        let mut rows = staged.cloned().map(Ok);
        warehouse.load(table, &rule.columns, &mut rows, Streaming::Settled)?;
    }
    let renderer = Renderer::new(rule, &project.templates, &case.vars)?;
    let context = Context {
        renderer: &renderer,
        warehouse: &warehouse,
        ledger: &warehouse,
        clock,
        who: "test",
        progress: &Silence,
        interrupt: &Interrupt::default(),
        limits: Limits::default(),
        run: None,
    };
    let report = match &case.act {
        Act::Apply => {
            let steps = plan::steps_of(&renderer);
            run::apply(&context, &checked(&renderer, &steps, &case.window)?)?
        }
        Act::Step(step) if *step == *StepName::CONSOLIDATE => {
            let plan = checked(&renderer, std::slice::from_ref(step), &case.window)?;
            run::consolidate(&context, &plan)?
        }
        Act::Step(step) => {
            let plan = checked(&renderer, std::slice::from_ref(step), &case.window)?;
            let mut report = run::run_step(&context, &plan)?;
            if *step == *StepName::DETECT {
                report.days = run::status(&renderer, &warehouse, case.now, &plan)?.days;
            }
            report
        }
    };
    let rows = match queried(&case.act, &report) {
        Some(rows) => rows,
        None => table(&warehouse, rule, &case.window)?,
    };
    Ok((Found { rows, figures: figures(&report) }, report.problems))
}

fn checked(renderer: &Renderer<'_>, steps: &[StepName], window: &Window) -> Result<plan::Plan> {
    plan::plan(renderer, steps, window)?.map_err(|findings| check::refusal(&findings))
}

/// The rows of a query that was run by itself.
fn queried(act: &Act, report: &Report) -> Option<Rows> {
    if *act == Act::Apply {
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

/// All rows of the rule's table.
fn table(warehouse: &Sqlite, rule: &Rule, window: &Window) -> Result<Rows> {
    let columns: Vec<String> = rule.columns.iter().map(|(column, _)| column.to_string()).collect();
    let sql = format!("SELECT {} FROM {}\n", columns.join(", "), rule.table);
    let statement = Statement::new(StepName::parse("rows")?, window.clone(), sql);
    let id = JobId::derive("test", 0, &statement.step, window.first());
    let statement = check::run(rule, statement).map_err(|findings| check::refusal(&findings))?;
    let job = Job { id: &id, run: "test", rule: &rule.name };
    match warehouse.submit(&job, &statement, &Params::none())?.result {
        Returned::Rows(rows) => Ok(rows),
        Returned::Affected(_) | Returned::Nothing => {
            Err(Error::new(Kind::Warehouse, "a query returned no rows"))
        }
    }
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
