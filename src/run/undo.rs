//! `undo`: restores the rows that a run removed, per date; it is itself a run.

use super::clean::changed;
use super::columns::{self, ColumnChange, Restorable};
use super::machine::drive;
use super::removed::{self, Removal, Which};
use super::restore::{Action, Answer, DateRestore, End};
use super::state::Run;
use super::tables::ColumnsNow;
use super::{Context, Counts, RunId, access, checked, params};
use crate::check::{self, Checked};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue};
use crate::ledger::{Detail, Ledger};
use crate::rule::{Rule, RuleName, Strategy};
use crate::statement::{Params, StepName};
use crate::template::Renderer;
use crate::warehouse::{Column, Warehouse};
use crate::window::{Day, Window};

/// The result of an undo, done or planned.
#[derive(Debug)]
pub struct Undone {
    /// The rule.
    pub rule: RuleName,
    /// The id of the undo's own run; `None` if nothing was sent, so that the ledger has no such run.
    pub run: Option<String>,
    /// The run that was undone.
    pub undone: String,
    /// The dates on which that run removed rows, in order.
    pub days: Vec<UndoneDay>,
    /// Failures that did not stop the rest.
    pub problems: Vec<Error>,
}

/// One date of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoneDay {
    /// The date.
    pub day: Day,
    /// The outcome.
    pub outcome: UndoneOutcome,
    /// Columns that differ from before the run, for rows that are inserted again.
    pub changes: Vec<ColumnChange>,
}

/// The outcome of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoneOutcome {
    /// An undo would restore this many rows, unless they have changed since.
    Planned {
        /// Rows that the run removed.
        rows: u64,
    },
    /// Rows of the run were restored; the others have changed since or no longer exist, and were skipped.
    Restored {
        /// Rows restored.
        rows: u64,
        /// Rows that the run had removed.
        of: u64,
    },
    /// An earlier undo has restored it; this run restored its last statement.
    Already(String),
    /// The removal log and the number of removed rows differ, so an exact undo is impossible; nothing was
    /// changed.
    Inexact {
        /// Rows in the removal log.
        recorded: u64,
        /// Rows that the statement reported as removed; `None` if it does not report them.
        removed: Option<u64>,
    },
    /// Rows are in the streaming buffer; a later undo restores the rest.
    Buffered {
        /// Rows that were restored before the streaming buffer refused a statement.
        rows: u64,
    },
    /// The date failed; the problems give the reasons.
    Failed,
}

/// What an undo would do, from the ledger and the table's columns. Changes nothing.
///
/// # Errors
/// Those of [`undo`].
pub fn undo_plan(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    ledger: &dyn Ledger,
    which: &Which,
) -> Result<Undone> {
    let rule = renderer.rule();
    let (undone, removals) = removed::look(ledger, rule, which)?;
    let now = ColumnsNow::of(warehouse, rule)?;
    let (mut days, mut problems) = (Vec::new(), Vec::new());
    for (day, removals) in removals {
        let left: Vec<&Removal> = not_restored(&removals).collect();
        let rows = left.iter().map(|removal| removal.recorded).sum();
        let (outcome, changes) = match known_outcome(&removals) {
            Some(outcome) => {
                problems.extend(inexact(&undone, day, &outcome));
                (outcome, Vec::new())
            }
            None => match now
                .on(day)
                .and_then(|now| restorable(renderer, warehouse, &Window::day(day), &left, &now))
            {
                Ok(found) => (UndoneOutcome::Planned { rows }, changes_of(&found)),
                Err(error) => {
                    problems.push(error.while_doing(format!("undoing {day}")));
                    (UndoneOutcome::Failed, Vec::new())
                }
            },
        };
        days.push(UndoneDay { day, outcome, changes });
    }
    let undone = undone.to_string();
    Ok(Undone { rule: rule.name.clone(), run: None, undone, days, problems })
}

/// Restores the rows that a run of this rule removed.
///
/// # Errors
/// There is no such run, it removed nothing, no date of it can be restored, the run could not begin, or the ledger
/// could not be written.
pub fn undo(context: &Context<'_>, which: &Which) -> Result<Undone> {
    let rule = context.renderer.rule();
    let _lock = context.ledger.lock(&rule.table, context.interrupt)?;
    let mut run = Run::begin(context, || match rule.partition.is_sharded() {
        true => {
            let (_, removals) = removed::look(context.ledger, rule, which)?;
            Window::of_days(removals.into_keys().collect())
        }
        // The single table has every date.
        false => Ok(Window::whole()),
    })?;
    // Deleted rows are restored from rows that are read in full.
    let restores = rule.strategy != Strategy::Deactivate;
    access::columns(rule, &run.tables.protected, restores)?;
    let (undone, removals) = removed::look(context.ledger, rule, which)?;
    let now = ColumnsNow::of(context.warehouse, rule)?;
    let mut days = Vec::new();
    context.progress.begin(removals.len() as u64);
    for (day, removals) in removals {
        if run.stops() {
            run.fail(Error::new(Kind::Interrupted, format!("interrupted: {day} was not restored")));
            break;
        }
        let (outcome, changes) = match known_outcome(&removals) {
            Some(outcome) => {
                run.problems.extend(inexact(&undone, day, &outcome));
                (outcome, Vec::new())
            }
            None => run.restore(&undone, day, &removals, &now),
        };
        context.progress.advance();
        days.push(UndoneDay { day, outcome, changes });
    }
    let Run { journal, problems, .. } = run.end()?;
    let run = (!journal.is_empty()).then(|| journal.run.to_string());
    let all = Undone { rule: rule.name.clone(), run, undone: undone.to_string(), days, problems };
    if journal.is_empty() { all.unless_refused() } else { Ok(all) }
}

/// The removals not yet restored, newest first: a later one may depend on the result of an earlier one.
fn not_restored(removals: &[Removal]) -> impl Iterator<Item = &Removal> {
    removals.iter().rev().filter(|removal| removal.restored_by.is_none())
}

/// The restorable part of each of these removals of one date. Errors: the rule does not fit one of them, or
/// its rows do not fit the table.
fn restorable(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    removals: &[&Removal],
    now: &[Column],
) -> Result<Vec<Restorable>> {
    let each = removals.iter().map(|removal| {
        fits(renderer.rule(), removal)?;
        columns::restorable(renderer, warehouse, window, removal, now)
            .map_err(|error| explained(error, removal))
    });
    each.collect()
}

/// The changes of all removals, each once.
fn changes_of(all: &[Restorable]) -> Vec<ColumnChange> {
    let mut changes: Vec<ColumnChange> = Vec::new();
    for change in all.iter().flat_map(|restorable| &restorable.changes) {
        if !changes.contains(change) {
            changes.push(change.clone());
        }
    }
    changes
}

/// The outcome of a date known before anything is sent; `None` if it can be restored.
fn known_outcome(removals: &[Removal]) -> Option<UndoneOutcome> {
    let mut left = not_restored(removals).peekable();
    if left.peek().is_none() {
        let by = removals.iter().rev().find_map(|removal| removal.restored_by.as_ref())?;
        return Some(UndoneOutcome::Already(by.to_string()));
    }
    let inexact = left.find(|removal| !removal.is_exact)?;
    Some(UndoneOutcome::Inexact { recorded: inexact.recorded, removed: inexact.removed })
}

impl Run<'_> {
    /// Restores one date.
    fn restore(
        &mut self,
        undone: &RunId,
        day: Day,
        removals: &[Removal],
        now: &ColumnsNow<'_>,
    ) -> (UndoneOutcome, Vec<ColumnChange>) {
        let (renderer, warehouse) = (self.context.renderer, self.context.warehouse);
        let (left, window) = (not_restored(removals).collect::<Vec<_>>(), Window::day(day));
        let found =
            now.on(day).and_then(|now| restorable(renderer, warehouse, &window, &left, &now));
        match found {
            Ok(found) => (self.restore_as(undone, day, &left, &found), changes_of(&found)),
            Err(error) => {
                self.fail(error.while_doing(format!("undoing {day}")));
                (UndoneOutcome::Failed, Vec::new())
            }
        }
    }

    fn restore_as(
        &mut self,
        undone: &RunId,
        day: Day,
        left: &[&Removal],
        found: &[Restorable],
    ) -> UndoneOutcome {
        let restoring = Restoring { run: self, undone, window: Window::day(day), found };
        let rule = restoring.run.context.renderer.rule();
        let mut course = DateRestore::new(
            left.iter().map(|removal| removal.strategy.is_destructive()).collect(),
            rule.puts_together(),
        );
        let perform = |_: &DateRestore, action: &Action| restoring.perform(*action, left);
        let end = drive(&mut course, perform, |_, note| match note {});
        match end {
            Ok(End::Restored(rows)) => {
                let of = left.iter().map(|removal| removal.recorded).sum();
                UndoneOutcome::Restored { rows, of }
            }
            Ok(End::Buffered(rows)) => UndoneOutcome::Buffered { rows },
            Ok(End::Broken { before, after, restored }) => {
                self.fail(broken(day, before, after, restored));
                UndoneOutcome::Failed
            }
            Err(error) => {
                self.fail(error);
                UndoneOutcome::Failed
            }
        }
    }
}

/// Performs the actions of the state machine of a restored date.
struct Restoring<'r, 'a> {
    run: &'r Run<'a>,
    undone: &'r RunId,
    window: Window,
    /// The restorable part of each removal.
    found: &'r [Restorable],
}

impl Restoring<'_, '_> {
    fn perform(&self, action: Action, removals: &[&Removal]) -> Result<Answer> {
        Ok(match action {
            Action::CountBefore => Answer::Counted(self.count(StepName::DETECT)?),
            Action::CountAfter => Answer::Counted(self.count(StepName::VERIFY)?),
            Action::SetAside(nth) => {
                self.set_aside(removals[nth])?;
                Answer::SetAside
            }
            Action::Restore(nth) => {
                Answer::Restored(self.send(removals[nth], &self.found[nth].columns)?)
            }
        })
    }

    fn set_aside(&self, removal: &Removal) -> Result<()> {
        let renderer = self.run.context.renderer;
        let image = renderer.render_before_image(&self.window, removal.began)?;
        let image = check::run(renderer.rule(), image)?;
        let sent = self.run.journal.send(&image, &self.params(removal));
        sent.map(drop).map_err(|error| explained(error, removal))
    }

    fn send(&self, removal: &Removal, columns: &[Ident]) -> Result<u64> {
        let statement = self.statement(removal.strategy, columns)?;
        let detail = Detail::Undo {
            run: self.undone.clone(),
            record: removal.record.clone(),
            strategy: removal.strategy,
        };
        let journal = &self.run.journal;
        let answer = journal.send_as(&statement, &self.params(removal), Some(detail))?;
        changed(&answer)?.ok_or_else(|| {
            Error::new(
                Kind::UnexpectedAnswer,
                "the warehouse did not say how many rows it restored",
            )
        })
    }

    fn statement(&self, removed_by: Strategy, columns: &[Ident]) -> Result<Checked> {
        let (step, renderer) = (StepName::parse(StepName::UNDO)?, self.run.context.renderer);
        let statement = renderer.render_about_removed(&step, &self.window, removed_by, columns)?;
        check::run(renderer.rule(), statement)
    }

    /// Rows that were settled for the run are still settled, whatever the buffer has received since.
    fn params(&self, removal: &Removal) -> Params {
        let params = params(removal.cutoff.unwrap_or(self.run.cutoff), &self.run.journal.run)
            .with("undone_run", SqlValue::String(self.undone.to_string()))
            .with("undone_record", SqlValue::String(removal.record.clone()))
            .with("before", SqlValue::Timestamp(removal.began));
        match RunId::began(self.undone.as_str()) {
            Some(began) => params.with("undone_run_started_at", SqlValue::Timestamp(began)),
            None => params,
        }
    }

    fn count(&self, step: &str) -> Result<Counts> {
        let mut counts = Counts::default();
        for statement in &checked(self.run.context.renderer, step, &self.window)? {
            let found = self.run.journal.count(statement, self.run.cutoff)?;
            counts = found.days.get(&self.window.first()).copied().unwrap_or_default();
        }
        Ok(counts)
    }
}

/// Checks that the run was made with the current rule, and can be undone.
fn fits(rule: &Rule, removal: &Removal) -> Result<()> {
    let (now, did) = (rule.strategy.step(), removal.step.as_str());
    let flag = rule.active.as_ref().and_then(|active| active.flag.as_ref());
    if removal.strategy == Strategy::Deactivate && flag.is_some() {
        return Ok(());
    }
    if did != now {
        let message =
            format!("the run removed rows by {did}, and the rule's strategy is {now} now");
        return Err(Error::new(Kind::RuleChanged, message)
            .help(format!("set `strategy = \"{did}\"` in the rule while you undo it")));
    }
    match (removal.puts_together, rule.puts_together()) {
        (true, false) => Err(Error::new(
            Kind::RuleChanged,
            "the run merged values into survivors, but the rule has no `merge` now",
        )
        .help("set `merge = \"last_non_null\"` in the rule while you undo it")),
        (false, true) => Err(Error::new(
            Kind::RuleChanged,
            "the run merged no values into survivors, but the rule has `merge` now",
        )
        .help("remove `merge` from the rule while you undo it")),
        _ => Ok(()),
    }
}

/// The error of a date that cannot be undone exactly.
fn inexact(run: &RunId, day: Day, outcome: &UndoneOutcome) -> Option<Error> {
    let UndoneOutcome::Inexact { recorded, removed } = outcome else { return None };
    let removed = removed.map_or("an unknown number of".to_owned(), |removed| removed.to_string());
    let message = format!(
        "{day} cannot be undone exactly, so it was left as it is: {removed} rows were removed, and {recorded} are \
         in the removal log"
    );
    Some(Error::new(Kind::Verification, message).help(format!(
        "`onerow explain --run {run}` shows the rows in the removal log; restore the right ones by hand"
    )))
}

/// The error if the restored rows do not match the change of the counts.
fn broken(day: Day, before: Counts, after: Counts, restored: u64) -> Error {
    let difference = i128::from(after.active) - i128::from(before.active);
    let message = format!(
        "verify of {day} failed: {restored} rows were restored, and the active rows changed by {difference}; \
         keys were {} and are {}",
        before.keys, after.keys
    );
    Error::new(Kind::Verification, message)
        .help("if another process writes to this date, look at it with `onerow status`")
}

/// Adds the fix if the rows are outside the time-travel window.
/// Source: <https://cloud.google.com/bigquery/docs/time-travel#configure_the_time_travel_window>
fn explained(error: Error, removal: &Removal) -> Error {
    let text = error.headline().to_ascii_lowercase();
    let past =
        ["time travel", "before the table's first", "invalid snapshot time", "creation time"];
    match past.iter().any(|words| text.contains(words)) {
        true => error.help(format!(
            "cannot restore rows of before {}: they are outside the table's time-travel window (2 to 7 days)",
            removal.began
        )),
        false => error,
    }
}

impl Undone {
    /// Whether this is what an undo would restore.
    pub fn is_planned(&self) -> bool {
        self.days.iter().any(|day| matches!(day.outcome, UndoneOutcome::Planned { .. }))
    }

    /// Whether earlier undos have restored each date.
    pub(crate) fn is_already(&self) -> bool {
        let already = |day: &UndoneDay| matches!(day.outcome, UndoneOutcome::Already(_));
        self.problems.is_empty() && self.days.iter().all(already)
    }

    /// Whether a date could not be restored because of rows in the streaming buffer.
    pub fn waits(&self) -> bool {
        self.days.iter().any(|day| matches!(day.outcome, UndoneOutcome::Buffered { .. }))
    }

    /// Errors: no date can be restored; the first date's reason, with those of others that have another one.
    pub(crate) fn unless_refused(mut self) -> Result<Self> {
        let is_stopped = self.problems.iter().any(|problem| problem.kind() == Kind::Interrupted);
        let fails = |day: &UndoneDay| day.outcome == UndoneOutcome::Failed;
        if is_stopped || self.problems.is_empty() || !self.days.iter().all(fails) {
            return Ok(self);
        }
        let first = self.problems.remove(0);
        let headline = first.headline();
        let others = self.problems.iter().filter(|other| other.headline() != headline);
        let error = others.fold(first, |error, other| {
            let doing = other.doing().map(|doing| format!("{doing}: ")).unwrap_or_default();
            error.note(format!("{doing}{}", other.headline()))
        });
        Err(match self.days.len() {
            1 => error,
            _ => error.note("no other date of the run can be restored either"),
        })
    }

    /// Rows that have changed since or no longer exist, and were skipped.
    pub fn left_alone(&self) -> u64 {
        let left = self.days.iter().map(|day| match day.outcome {
            UndoneOutcome::Restored { rows, of } => of.saturating_sub(rows),
            _ => 0,
        });
        left.sum()
    }
}
