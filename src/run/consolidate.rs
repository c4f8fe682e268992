//! `consolidate`: merges staging tables into the rule's table, with one atomic MERGE for each date that has
//! staged rows, counted before and after.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::clean::changed;
use super::cutoff::Cutoff;
use super::machine::drive;
use super::merge::{Action, Answer, Changed, DateMerge, End};
use super::report::Report;
use super::staged::{self};
use super::state::Run;
use super::{Context, ROUNDS, Staged, checked, look_with, params};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::ledger::{Detail, MergeCounts};
use crate::partitions::Books;
use crate::plan::{Plan, PlannedStep};
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Buffer, Warehouse};
use crate::window::{Day, Window};

/// The result of merging staging tables, done or planned.
#[derive(Debug, Default)]
pub struct Consolidated {
    /// The dates of the window, in order.
    pub days: BTreeMap<Day, ConsolidatedDay>,
    /// Staging tables that were dropped.
    pub dropped: Vec<String>,
    /// Staging tables that were to be dropped but were kept, with the reason.
    pub kept: Vec<(String, String)>,
}

/// One date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConsolidatedDay {
    /// The counts before the merge.
    pub found: Staged,
    /// Rows inserted and updated; `None` for a read-only command.
    pub merged: Option<u64>,
    /// Rows still waiting at the end, because DML cannot touch the rows that they would update.
    pub waiting: u64,
    /// Whether the date failed.
    pub failed: bool,
}

impl Consolidated {
    /// Whether staged rows wait for the streaming buffer.
    pub fn waits(&self) -> bool {
        self.days.values().any(|day| day.waiting > 0)
    }

    /// Dates with staged rows that wait for the streaming buffer.
    pub(super) fn waiting_days(&self) -> Vec<Day> {
        let waits = self.days.iter().filter(|(_, day)| day.waiting > 0 && !day.failed);
        waits.map(|(day, _)| *day).collect()
    }
}

/// Merges the staging tables of a plan that has the step `consolidate`.
///
/// # Errors
/// The run could not begin, or the ledger could not be written.
pub fn consolidate(context: &Context<'_>, plan: &Plan) -> Result<Report> {
    let _lock = context.ledger.lock(&context.renderer.rule().table, context.interrupt)?;
    let mut run = Run::begin(context, || Ok(plan.window.clone()))?.with_books(plan);
    for step in plan.steps.iter().filter(|step| step.name == *StepName::CONSOLIDATE) {
        run.consolidate(plan, step);
    }
    if !context.limits.wait.is_zero() {
        run.wait_for_buffered(plan);
    }
    run.drop_staging(plan);
    Ok(run.end()?.report().failing_for_counts())
}

/// The staged rows for the dates of a window. Changes nothing and writes no ledger entry.
pub fn staged(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    window: &Window,
) -> Result<Consolidated> {
    let rule = renderer.rule();
    let buffer = warehouse.buffer(&rule.table)?;
    let cutoff = staging_cutoff(Cutoff::new(rule, now, buffer), buffer);
    let mut found = Consolidated::default();
    for statement in checked(renderer, StepName::STAGED, window)? {
        let rows = look_with(rule, warehouse, &statement, &params(cutoff, "staged"), now, "staged");
        let days = rows.and_then(|rows| staged::read(&rows, &rule.partition, window));
        for (day, figures) in
            days.map_err(|error| error.while_doing(statement.statement().running()))?
        {
            let day_found =
                ConsolidatedDay { found: figures, waiting: figures.buffered, ..Default::default() };
            found.days.insert(day, day_found);
        }
    }
    Ok(found)
}

impl Run<'_> {
    /// Merges the staged rows for each date of the step. A failure is a problem of its date.
    pub(super) fn consolidate(&mut self, plan: &Plan, step: &PlannedStep) {
        let days: Vec<Day> = step.statements.iter().map(|s| s.statement().window.first()).collect();
        self.consolidate_days(plan, &days);
    }

    /// Merges the staged rows for these dates of the plan.
    pub(super) fn consolidate_days(&mut self, plan: &Plan, days: &[Day]) {
        let Ok(window) = Window::of_days(days.to_vec()) else { return };
        if let Err(error) = self.note_state(plan) {
            return self.fail(error);
        }
        let counted = self.count_staged(&window, self.staging_cutoff(), &self.books);
        let (mut left, unrecorded) =
            match counted.and_then(|left| Ok((left, self.unrecorded(plan, days)?))) {
                Ok(found) => found,
                Err(error) => return self.fail(error),
            };
        for (day, found) in &left {
            let slot = self.consolidated.days.entry(*day).or_insert(ConsolidatedDay {
                found: *found,
                merged: Some(0),
                ..Default::default()
            });
            slot.waiting = found.buffered;
        }
        self.context.progress.begin(left.len() as u64);
        for merge in plan.statements().filter(|s| is_merge(s)) {
            let day = merge.statement().window.first();
            if let Some(found) = left.remove(&day) {
                if self.interrupted() {
                    return self.fail(Error::new(
                        Kind::Interrupted,
                        format!("interrupted: {} was not sent", merge.statement().title()),
                    ));
                }
                if let Err(error) = self.merge_day(merge, found, unrecorded.contains(&day)) {
                    self.slot(day).failed = true;
                    self.fail(error);
                }
                self.context.progress.advance();
            }
        }
        if self.consolidated.days.values().any(|day| day.merged > Some(0)) {
            self.books = self.books_again(&plan.window);
        }
    }

    /// The ledger details of a MERGE.
    fn merge_detail(&self, found: Staged) -> Option<Detail> {
        let staging = self.context.renderer.rule().staging.as_ref()?;
        let Staged { inserts, updates, deletes, left_out, .. } = found;
        let counts = Some(MergeCounts { inserts, updates, deletes, left_out });
        Some(Detail::Merge { staging: staging.tables.clone(), counts })
    }

    /// Merges one date until nothing more can be merged; if the merge is missing in the ledger, also without
    /// new rows.
    fn merge_day(&mut self, merge: &Checked, found: Staged, unrecorded: bool) -> Result<()> {
        let day = merge.statement().window.first();
        let (rule, cutoff) = (self.context.renderer.rule(), self.staging_cutoff());
        let mut course = DateMerge::new(rule, found, unrecorded, cutoff, self.journal.now);
        let perform = |course: &DateMerge, action: &Action| match action {
            Action::Merge => {
                let params = params(course.cutoff, &self.journal.run);
                let answer =
                    self.journal.send_as(merge, &params, self.merge_detail(course.staged()))?;
                Ok(Answer::Merged(changed(&answer)?))
            }
            Action::Count => Ok(Answer::Counted(self.recount(merge, course.cutoff)?)),
        };
        let tell = |_: &DateMerge, Changed { expected, merged, left }| {
            self.context.progress.note(&format!(
                "{day}: the tables changed in between: rows to be merged: {expected}, \
                 merged: {merged}, left: {left}"
            ));
        };
        let end = drive(&mut course, perform, tell);
        let slot = self.slot(day);
        *slot.merged.get_or_insert(0) += course.merged;
        match end? {
            End::Stop { waiting } => {
                slot.waiting = waiting;
                Ok(())
            }
            failed => Err(broken(day, failed)),
        }
    }

    /// The cutoff for rows of the table that may be updated: all of them if no buffer is reported.
    pub(super) fn staging_cutoff(&self) -> Cutoff {
        staging_cutoff(self.cutoff, self.buffer)
    }

    /// The state of the partitions after the merge.
    fn books_again(&self, window: &Window) -> Books {
        Books { table: self.stamps_again(window), staging: self.books.staging.clone() }
    }

    fn recount(&self, merge: &Checked, cutoff: Cutoff) -> Result<Staged> {
        let window = &merge.statement().window;
        let found = self.count_staged(window, cutoff, &self.books_again(window))?;
        Ok(found.get(&window.first()).copied().unwrap_or_default())
    }

    /// Counts the staged rows.
    pub(super) fn count_staged(
        &self,
        window: &Window,
        cutoff: Cutoff,
        books: &Books,
    ) -> Result<BTreeMap<Day, Staged>> {
        let mut all = BTreeMap::new();
        for statement in &checked(self.context.renderer, StepName::STAGED, window)? {
            all.extend(self.journal.count_staged(statement, cutoff, books)?);
        }
        Ok(all)
    }

    fn slot(&mut self, day: Day) -> &mut ConsolidatedDay {
        self.consolidated.days.entry(day).or_default()
    }
}

/// The cutoff for staging. Without a buffer, rows with a `written_at` in the future are settled too.
fn staging_cutoff(cutoff: Cutoff, buffer: Buffer) -> Cutoff {
    match buffer {
        Buffer::Empty => Cutoff::everything(),
        Buffer::Since(_) => cutoff,
    }
}

/// Whether the statement merges staging tables.
pub(super) fn is_merge(statement: &Checked) -> bool {
    statement.statement().step == *StepName::CONSOLIDATE
}

/// The error for a date whose counts do not match the merge.
fn broken(day: Day, end: End) -> Error {
    let (message, help) = match end {
        End::TooMany { expected, merged } => (
            format!(
                "verify of {day} failed: the merge changed {merged} rows, and should have changed {expected}"
            ),
            "a template of your own may merge a key more than once: look at it with `onerow log --sql`",
        ),
        End::Lost { before, after } => (
            format!(
                "verify of {day} failed: {} active rows, {} to insert and {} to delete should be {}, and {} are there",
                before.active,
                before.inserts,
                before.deletes,
                before.active_after(),
                after.active
            ),
            "if another process writes to this date, look at it with `onerow status`",
        ),
        End::GiveUp | End::Stop { .. } => (
            format!("{day}: gave up after {ROUNDS} attempts: new staged rows kept arriving"),
            "run again when the other process that writes to the staging tables is done",
        ),
    };
    Error::new(Kind::Verification, message).help(help)
}
