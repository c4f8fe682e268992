//! The runner: a plan, a warehouse and a ledger in; a report out.

mod access;
mod apply;
mod batch;
mod budget;
mod changed;
mod clean;
mod columns;
mod consolidate;
mod counts;
mod custom;
mod cutoff;
mod date;
mod drop_staging;
mod explain;
mod forecast;
mod history;
mod journal;
mod keyless;
mod kind;
mod known;
mod machine;
mod merge;
mod notes;
mod numbers;
mod outcome;
mod parallel;
mod removed;
mod removed_rows;
mod report;
mod restore;
mod retry;
mod stage;
mod staged;
mod state;
mod step;
mod tables;
mod undo;
mod verdict;
mod wait;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::check::{self, Checked};
use crate::clock::Clock;
use crate::error::Result;
use crate::googlesql::SqlValue;
use crate::interrupt::Interrupt;
use crate::ledger::Ledger;
use crate::plan::{self, Plan};
use crate::rule::Rule;
use crate::statement::{Params, StepName};
use crate::template::Renderer;
use crate::warehouse::{Answer, Job, JobId, Returned, Rows, Warehouse};
use crate::window::{Day, Window};

pub use crate::ledger::Staged;
pub use crate::ledger::{Counts, RunId};
pub use apply::apply;
pub use budget::{
    EACH, Priced, asked_besides, before_removal, billed, estimate, estimate_each, removal_of,
};
pub use changed::Changed;
pub(crate) use changed::{PartitionStates, TablesPartitions, Wanted, changed, streamed};
pub use columns::{Change, ColumnChange};
pub use consolidate::{Consolidated, ConsolidatedDay, consolidate, staged};
pub use explain::{Fate, Superseded, explain};
pub use forecast::{Basis, Forecast, SECONDS, StepCost};
pub use history::{PastDay, PastOutcome, PastRun, history, past};
pub use kind::RunKind;
pub use known::{DayFigures, Known, LastRun, LatestStatus, known};
pub use notes::Note;
pub(crate) use numbers::range as numbers_of;
pub use outcome::{Figures, Problem, RunOutcome};
pub use removed::Which;
pub use removed_rows::{RemovedFate, RemovedRow, RemovedRows, removed_rows};
pub use report::{DayReport, Ending, Report, Status, StepReport, Undated};
pub use stage::stage;
pub use step::run_step;
pub use tables::there;
pub use undo::{Undone, UndoneDay, UndoneOutcome, undo, undo_plan};

use counts::Found;
use cutoff::Cutoff;
pub(crate) use parallel::parallel_map;
use tables::Tables;

/// The number of attempts before the run gives up on a table that keeps changing.
const ROUNDS: usize = 3;

/// The context of a run.
pub struct Context<'a> {
    /// Renders the rule's steps.
    pub renderer: &'a Renderer<'a>,
    /// Runs statements.
    pub warehouse: &'a dyn Warehouse,
    /// Records statements.
    pub ledger: &'a dyn Ledger,
    /// The clock.
    pub clock: Clock,
    /// The user who runs it, for the ledger.
    pub who: &'a str,
    /// Receives the progress.
    pub progress: &'a dyn Progress,
    /// Whether the user asked to stop. Nothing is sent after that.
    pub interrupt: &'a Interrupt,
    /// The limits of the run.
    pub limits: Limits,
    /// The run's id; `None` creates one.
    pub run: Option<RunId>,
}

/// The limits of a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// The most bytes that a plan may read; `None` means no limit.
    pub bytes: Option<u64>,
    /// How long to wait for buffered rows.
    pub wait: Duration,
}

/// Shows the progress of a run. Not for data.
pub trait Progress: Sync {
    /// `total` statements are about to be sent.
    fn begin(&self, total: u64);
    /// One of them has completed.
    fn advance(&self);
    /// A note for the reader, as a sentence.
    fn note(&self, sentence: &str);
    /// What the run is waiting for, and the limit. Each sentence replaces the last.
    fn waiting(&self, sentence: &str);
    /// No more statements follow.
    fn end(&self);
}

/// Counts every date of a window. Changes nothing and writes no ledger entry. Errors: the detect step does
/// not pass the checks, or the warehouse cannot run it.
pub(crate) fn read_status(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    window: &Window,
) -> Result<Report> {
    let detect = [StepName::parse(StepName::DETECT)?];
    status(renderer, warehouse, now, &plan::make(renderer, &detect, window)?)
}

/// Counts every date of a plan's window. Changes nothing and writes no ledger entry.
///
/// # Errors
/// The plan has no detect step that the warehouse can run.
pub fn status(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &Plan,
) -> Result<Report> {
    let rule = renderer.rule();
    let tables = Tables::of(warehouse, rule, &plan.window)?;
    let plan = &*tables.there(plan);
    access::columns(rule, &tables.protected, false)?;
    let buffer = tables.buffer;
    let cutoff = Cutoff::new(rule, now, buffer);
    let mut found: BTreeMap<Day, Counts> =
        tables.absent.iter().map(|day| (*day, Counts::default())).collect();
    let mut undated = Counts::default();
    for statement in plan.statements().filter(|s| s.statement().step == *StepName::DETECT) {
        let counted = look(rule, warehouse, statement, cutoff, now)?;
        found.extend(counted.days);
        undated = counted.undated;
    }
    if let Some(window) = cutoff::future_days(buffer, &found) {
        for statement in checked(renderer, StepName::DETECT, &window)? {
            found.extend(look(rule, warehouse, &statement, Cutoff::everything(), now)?.days);
        }
    }
    for statement in numbers::doubtful(renderer, &found)? {
        let answer = look_with(rule, warehouse, &statement, &Params::none(), now, "status")?;
        numbers::check(rule, &answer)?;
    }
    let day = |(day, counts)| DayReport {
        day,
        counts,
        deactivated: None,
        failed: false,
        on_keyless: rule.on_keyless,
    };
    let days: Vec<DayReport> = found.into_iter().map(day).collect();
    let statuses = days.iter().map(|day| (day.day, day.status()));
    let mut keyless_runs = Vec::new();
    for statement in keyless::asked(renderer, warehouse, statuses)? {
        let asked = params(cutoff, "status").with(keyless::SINCE, keyless::since(now));
        let answer = look_with(rule, warehouse, &statement, &asked, now, "status");
        let runs = answer.and_then(|rows| keyless::read(&rows));
        keyless_runs
            .extend(runs.map_err(|error| error.while_doing(statement.statement().running()))?);
    }
    Ok(Report {
        rule: rule.name.clone(),
        run: None,
        undated: Undated::of(rule, undated),
        days,
        keyless_runs,
        consolidated: None,
        steps: Vec::new(),
        buffered: Vec::new(),
        problems: Vec::new(),
    })
}

/// Counts without the ledger.
fn look(
    rule: &Rule,
    warehouse: &dyn Warehouse,
    checked: &Checked,
    cutoff: Cutoff,
    now: Timestamp,
) -> Result<Found> {
    let statement = checked.statement();
    let answer = look_with(rule, warehouse, checked, &params(cutoff, "status"), now, "status");
    let found = answer.and_then(|rows| counts::read(&rows, rule, &statement.window));
    found.map_err(|error| error.while_doing(statement.running()))
}

/// A read-only query without ledger entries, for this command; creates nothing.
fn look_with(
    rule: &Rule,
    warehouse: &dyn Warehouse,
    checked: &Checked,
    params: &Params,
    now: Timestamp,
    command: &str,
) -> Result<Rows> {
    let statement = checked.statement();
    let run = format!("{command}-{}", RunId::new(now));
    let id = JobId::derive(&run, 0, &statement.step, statement.window.first());
    let job = Job { id: &id, run: &run, rule: &rule.name };
    let answer = warehouse.submit(&job, checked, params)?;
    access::rows(rule, &answer)?;
    rows(&answer).cloned()
}

/// The query parameters available to every statement.
fn params(cutoff: Cutoff, run: impl AsRef<str>) -> Params {
    let run = run.as_ref();
    let params = Params::none()
        .with("cutoff", SqlValue::Timestamp(cutoff.instant()))
        .with("run_id", SqlValue::String(run.to_owned()));
    match RunId::began(run) {
        Some(began) => params
            .with("run_started_at", SqlValue::Timestamp(began))
            .with(keyless::SINCE, keyless::since(began)),
        None => params,
    }
}

fn rows(answer: &Answer) -> Result<&Rows> {
    match &answer.result {
        Returned::Rows(rows) => Ok(rows),
        Returned::Affected(_) | Returned::Nothing => Err(crate::error::Error::new(
            crate::error::Kind::UnexpectedAnswer,
            "the warehouse answered a query with a number of changed rows",
        )),
    }
}

/// Renders and checks one statement of a step for a window.
fn checked(renderer: &Renderer<'_>, step: &str, window: &Window) -> Result<Vec<Checked>> {
    let step = StepName::parse(step)?;
    let statements = renderer.render(&step, window)?.into_iter();
    statements.map(|statement| check::run(renderer.rule(), statement)).collect()
}
