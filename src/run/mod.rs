//! The runner: a plan, a warehouse and a ledger in; a report out.

mod apply;
mod counts;
mod day;
mod horizon;
mod journal;
mod report;
mod state;
mod step;
mod verdict;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::check::{self, Checked};
use crate::clock::Clock;
use crate::error::Result;
use crate::googlesql::SqlValue;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::statement::{Params, StepName};
use crate::template::Renderer;
use crate::warehouse::{Answer, Estimate, JobId, Rows, Warehouse};
use crate::window::{Day, Window};

pub use apply::apply;
pub use counts::Counts;
pub use report::{DayReport, Ending, Report, Status, StepReport};
pub use step::run_step;

use horizon::Horizon;

/// How often a date is looked at again before the run gives up on a table that keeps changing.
const ROUNDS: usize = 3;

/// What a run works with.
pub struct Context<'a> {
    /// Renders the rule's steps.
    pub renderer: &'a Renderer<'a>,
    /// Where statements run.
    pub warehouse: &'a dyn Warehouse,
    /// Where they are recorded.
    pub ledger: &'a dyn Ledger,
    /// The time of day.
    pub clock: Clock,
    /// Who runs it, for the ledger.
    pub who: &'a str,
    /// Where progress is shown.
    pub progress: &'a dyn Progress,
}

/// Shows how far a run is. None of it is data.
pub trait Progress {
    /// `total` statements are about to be sent.
    fn begin(&self, total: u64);
    /// One of them was answered.
    fn advance(&self);
    /// Something the reader should know, as a sentence.
    fn note(&self, sentence: &str);
    /// No more statements follow.
    fn end(&self);
}

/// Counts every date of a plan's window. Changes nothing and leaves no entry in the ledger.
/// Errors: the plan has no detect step that the warehouse can answer.
pub fn status(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &Plan,
) -> Result<Report> {
    let rule = renderer.rule();
    let oldest_buffered = warehouse.buffer(&rule.table)?;
    let horizon = Horizon::new(rule, now, oldest_buffered);
    let mut found = BTreeMap::new();
    for statement in plan.statements().filter(|s| s.statement().step == *StepName::DETECT) {
        found.extend(look(warehouse, statement, horizon)?);
    }
    if let Some(window) = horizon::future_days(oldest_buffered, &found) {
        for statement in checked(renderer, StepName::DETECT, &window)? {
            found.extend(look(warehouse, &statement, Horizon::everything())?);
        }
    }
    let day = |(day, counts)| DayReport { day, counts, deactivated: None, failed: false };
    Ok(Report {
        rule: rule.name.clone(),
        run: None,
        days: found.into_iter().map(day).collect(),
        steps: Vec::new(),
        buffered: Vec::new(),
        problems: Vec::new(),
    })
}

/// Counts without the ledger: nothing is changed, and nothing is created.
fn look(
    warehouse: &dyn Warehouse,
    checked: &Checked,
    horizon: Horizon,
) -> Result<BTreeMap<Day, Counts>> {
    let statement = checked.statement();
    let id = JobId::derive("status", 0, &statement.step, statement.window.first());
    let answer = warehouse.submit(&id, checked, &params(horizon, "status"));
    let found = answer.and_then(|answer| counts::read(rows(&answer)?, &statement.window));
    let found = found.map_err(|error| error.during(statement.title()))?;
    Ok(found.into_iter().map(|(day, counts)| (day, seen_with(horizon, counts))).collect())
}

/// What each statement of the plan would cost, in its order. Changes nothing.
pub fn estimate<'p>(
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &'p Plan,
) -> Result<Vec<(&'p Checked, Estimate)>> {
    let params = params(Horizon::At(now), "plan");
    plan.statements()
        .map(|statement| {
            let title = || statement.statement().title();
            let estimate = warehouse.estimate(statement, &params);
            estimate.map(|e| (statement, e)).map_err(|error| error.during(title()))
        })
        .collect()
}

/// The query parameters that every statement may use.
fn params(horizon: Horizon, run: &str) -> Params {
    Params::none()
        .with("horizon", SqlValue::Timestamp(horizon.instant()))
        .with("run_id", SqlValue::String(run.to_owned()))
}

/// The figures as the horizon allows to see them.
fn seen_with(horizon: Horizon, counts: Counts) -> Counts {
    match horizon {
        Horizon::At(_) => counts,
        Horizon::Nothing(_) => counts.all_buffered(),
    }
}

fn rows(answer: &Answer) -> Result<&Rows> {
    match answer {
        Answer::Rows(rows) => Ok(rows),
        Answer::Affected(_) => Err(crate::error::Error::new(
            crate::error::Kind::Warehouse,
            "the warehouse answered a query with a number of changed rows",
        )),
    }
}

/// One statement of a step for a window, rendered and checked now.
fn checked(renderer: &Renderer<'_>, step: &str, window: &Window) -> Result<Vec<Checked>> {
    let step = StepName::parse(step)?;
    let statements = renderer.render(&step, window)?.into_iter();
    statements
        .map(|statement| check::run(renderer.rule(), statement).map_err(|f| check::refusal(&f)))
        .collect()
}
