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

use jiff::Timestamp;

use crate::check::{self, Checked};
use crate::clock::Clock;
use crate::error::Result;
use crate::googlesql::SqlValue;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::statement::{Params, StepName};
use crate::template::Renderer;
use crate::warehouse::{Answer, Estimate, Rows, Warehouse};
use crate::window::Window;

pub use apply::apply;
pub use counts::Counts;
pub use report::{DayReport, Ending, Report, Status, StepReport};
pub use step::{StepEnd, run_step};

use horizon::Horizon;

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
    let horizon = Horizon::new(rule, now, warehouse.buffer(&rule.table)?);
    let mut days = Vec::new();
    for statement in plan.statements().filter(|s| s.statement().step == *StepName::DETECT) {
        let id = crate::warehouse::JobId::derive(
            "status",
            0,
            &statement.statement().step,
            statement.statement().window.first(),
        );
        let answer = warehouse.submit(&id, statement, &params(horizon, "status"))?;
        let found = counts::read(rows(&answer)?, &statement.statement().window)?;
        days.extend(found.into_iter().map(|(day, counts)| DayReport {
            day,
            counts: seen_with(horizon, counts),
            deactivated: None,
        }));
    }
    Ok(Report { rule: rule.name.clone(), run: None, days, steps: Vec::new(), problems: Vec::new() })
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
