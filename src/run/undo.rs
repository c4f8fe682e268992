//! `undo`: what a run removed, restored date by date; a run itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::clean::changed;
use super::cutoff::Cutoff;
use super::state::Run;
use super::{Context, Counts, RunId, checked, params};
use crate::check::{self, Checked};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue};
use crate::ledger::{Detail, Entry, Filter, Ledger, latest};
use crate::plan::Plan;
use crate::rule::{Rule, RuleName};
use crate::statement::{Params, StepName};
use crate::window::{Day, Window};

/// What an undo has come to, or would come to.
#[derive(Debug)]
pub struct Undone {
    /// The rule.
    pub rule: RuleName,
    /// The run of the undo itself; `None` where nothing was run.
    pub run: Option<String>,
    /// The run that was undone.
    pub undone: String,
    /// The dates on which that run removed rows, in order.
    pub days: Vec<UndoneDay>,
    /// What went wrong, without stopping the rest.
    pub problems: Vec<Error>,
}

/// One date of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoneDay {
    /// The date.
    pub day: Day,
    /// What became of it.
    pub outcome: UndoneOutcome,
}

/// What became of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoneOutcome {
    /// An undo would restore so many rows, unless they have changed since.
    Planned {
        /// Rows that the run removed.
        rows: u64,
    },
    /// So many rows were restored of those that the run had removed; the others have changed since, or
    /// are gone, and were left alone.
    Restored {
        /// Rows restored.
        rows: u64,
        /// Rows that the run had removed.
        of: u64,
    },
    /// An earlier undo, by this run, has restored it.
    Already(String),
    /// The removal log and the number of removed rows differ, so that no exact undo is possible;
    /// nothing was changed.
    Inexact {
        /// Rows in the removal log.
        recorded: u64,
        /// Rows that the statement reported as removed.
        removed: u64,
    },
    /// Rows are in the streaming buffer; nothing was changed.
    Buffered,
    /// It failed; the problems say why.
    Failed,
}

/// One statement of a run that removed rows of a date, from the ledger.
struct Removal {
    step: StepName,
    /// The job that recorded the rows before.
    record: String,
    /// Rows that it recorded, less those that were taken out of the log again.
    recorded: u64,
    /// Rows that the statement reported; `None` where they say nothing, as those of a MERGE.
    removed: Option<u64>,
    /// The cutoff that it ran with, where the ledger says.
    cutoff: Option<Cutoff>,
    /// When it began to run.
    began: Timestamp,
}

impl Removal {
    fn is_exact(&self) -> bool {
        self.removed.is_none_or(|removed| removed == self.recorded)
    }
}

/// Which run is to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The last one of the rule that removed rows and is not undone.
    Last,
    /// The one with this id, or with the only id that begins so.
    Id(String),
}

/// What an undo would do, by the ledger. Changes nothing. Errors: as [`undo`].
pub fn undo_plan(rule: &Rule, ledger: &dyn Ledger, which: &Which) -> Result<Undone> {
    let entries = ledger.entries(&Filter::rule(rule.name.as_str()))?;
    let undone = the_run(&entries, which)?;
    let days = removals(&entries, &undone)?.into_iter().map(|(day, removals)| {
        let rows = removals.iter().map(|removal| removal.recorded).sum();
        let outcome = standing(&entries, &undone, day, &removals);
        UndoneDay { day, outcome: outcome.unwrap_or(UndoneOutcome::Planned { rows }) }
    });
    let days = days.collect();
    let undone = undone.to_string();
    Ok(Undone { rule: rule.name.clone(), run: None, undone, days, problems: Vec::new() })
}

/// Restores what a run of this rule removed. Errors: there is no such run; it removed nothing; the run
/// could not begin, or the ledger could not be written.
pub fn undo(context: &Context<'_>, which: &Which) -> Result<Undone> {
    let rule = context.renderer.rule();
    let _claim = context.ledger.claim(&rule.table, context.interrupt)?;
    let plan =
        Plan { window: Window::day(Day::from(jiff::civil::date(1970, 1, 1))), steps: vec![] };
    let mut run = Run::begin(context, &plan)?;
    let entries = context.ledger.entries(&Filter::rule(rule.name.as_str()))?;
    let undone = the_run(&entries, which)?;
    let removals = removals(&entries, &undone)?;
    let columns = run.columns()?;
    let mut days = Vec::new();
    context.progress.begin(removals.len() as u64);
    for (day, removals) in removals {
        if run.stops() {
            run.fail(Error::new(Kind::Interrupted, format!("interrupted: {day} was not restored")));
            break;
        }
        let outcome = match standing(&entries, &undone, day, &removals) {
            Some(outcome) => outcome,
            None => run.restore(&undone, day, &removals, &columns),
        };
        context.progress.advance();
        days.push(UndoneDay { day, outcome });
    }
    let Run { journal, problems, .. } = run.end()?;
    let (run, undone) = (Some(journal.run.to_string()), undone.to_string());
    Ok(Undone { rule: rule.name.clone(), run, undone, days, problems })
}

/// What is known of a date before anything is sent; `None` where it can be restored.
fn standing(
    entries: &[Entry],
    undone: &RunId,
    day: Day,
    removals: &[Removal],
) -> Option<UndoneOutcome> {
    if let Some(by) = restored_by(entries, undone, day) {
        return Some(UndoneOutcome::Already(by));
    }
    let inexact = removals.iter().find(|removal| !removal.is_exact())?;
    let (recorded, removed) = (inexact.recorded, inexact.removed.unwrap_or(0));
    Some(UndoneOutcome::Inexact { recorded, removed })
}

impl Run<'_> {
    /// The columns that the table has now, where rows are inserted again.
    fn columns(&self) -> Result<Vec<Ident>> {
        let rule = self.context.renderer.rule();
        if !rule.strategy.is_destructive() {
            return Ok(Vec::new());
        }
        let described = self.context.warehouse.describe(&rule.table)?;
        described.columns.iter().map(|(name, _)| Ok(Ident::parse(name)?)).collect()
    }

    /// Restores one date.
    fn restore(
        &mut self,
        undone: &RunId,
        day: Day,
        removals: &[Removal],
        columns: &[Ident],
    ) -> UndoneOutcome {
        match self.try_restore(undone, &Window::day(day), removals, columns) {
            Ok(outcome) => outcome,
            Err(error) if error.kind() == Kind::StreamingBuffer => UndoneOutcome::Buffered,
            Err(error) => {
                self.fail(error);
                UndoneOutcome::Failed
            }
        }
    }

    fn try_restore(
        &self,
        undone: &RunId,
        window: &Window,
        removals: &[Removal],
        columns: &[Ident],
    ) -> Result<UndoneOutcome> {
        let rule = self.context.renderer.rule();
        for removal in removals {
            fits(rule, removal)?;
        }
        let before = self.count_day(StepName::DETECT, window)?;
        let (mut rows, mut of) = (0, 0);
        for removal in removals {
            let params = self.undo_params(undone, removal);
            if rule.strategy.is_destructive() {
                for image in checked(self.context.renderer, StepName::BEFORE_IMAGE, window)? {
                    let sent = self.journal.send(&image, &params);
                    sent.map_err(|error| explained(error, removal))?;
                }
            }
            let statement = self.undo_statement(window, columns)?;
            let detail = Detail::Undo {
                run: undone.clone(),
                record: removal.record.clone(),
                strategy: rule.strategy,
            };
            let answer = self.journal.send_as(&statement, &params, Some(detail))?;
            rows += changed(&answer)?.ok_or_else(|| {
                Error::new(Kind::Warehouse, "the warehouse did not say how many rows it restored")
            })?;
            of += removal.recorded;
        }
        let after = self.count_day(StepName::VERIFY, window)?;
        verified(window, before, after, rows)?;
        Ok(UndoneOutcome::Restored { rows, of })
    }

    fn undo_statement(&self, window: &Window, columns: &[Ident]) -> Result<Checked> {
        let step = StepName::parse(StepName::UNDO)?;
        let renderer = self.context.renderer;
        let statement = renderer.render_for_columns(&step, window, columns)?;
        check::run(renderer.rule(), statement).map_err(|findings| check::refusal(&findings))
    }

    /// What was settled for the run is settled still, whatever has come into the buffer since.
    fn undo_params(&self, undone: &RunId, removal: &Removal) -> Params {
        let params = params(removal.cutoff.unwrap_or(self.cutoff), &self.journal.run)
            .with("undone_run", SqlValue::String(undone.to_string()))
            .with("undone_record", SqlValue::String(removal.record.clone()))
            .with("before", SqlValue::Timestamp(removal.began));
        match RunId::began(undone.as_str()) {
            Some(began) => params.with("undone_run_started_at", SqlValue::Timestamp(began)),
            None => params,
        }
    }

    fn count_day(&self, step: &str, window: &Window) -> Result<Counts> {
        let mut counts = Counts::default();
        for statement in &checked(self.context.renderer, step, window)? {
            let found = self.journal.count(statement, self.cutoff)?;
            counts = found.get(&window.first()).copied().unwrap_or_default();
        }
        Ok(counts)
    }
}

/// The run that is meant.
fn the_run(entries: &[Entry], which: &Which) -> Result<RunId> {
    match which {
        Which::Id(id) => run_of_id(entries, id),
        Which::Last => last_run(entries),
    }
}

/// The last run that removed rows of which some are not restored.
fn last_run(entries: &[Entry]) -> Result<RunId> {
    let mut removals = latest(entries).into_iter().filter(|entry| removed(entry));
    let is_left = |entry: &&Entry| {
        let day = entry.window.only();
        day.is_some_and(|day| restored_by(entries, &entry.run, day).is_none())
    };
    removals.rfind(is_left).map(|entry| entry.run.clone()).ok_or_else(|| {
        Error::new(Kind::Usage, "the ledger has no run of this rule that could be undone")
            .help("`onerow log` shows what each run did")
    })
}

/// The run whose id this is, or the only one whose id begins so.
fn run_of_id(entries: &[Entry], id: &str) -> Result<RunId> {
    let mut runs: Vec<&RunId> = entries.iter().map(|entry| &entry.run).collect();
    runs.retain(|run| run.as_str().starts_with(id));
    runs.sort_unstable();
    runs.dedup();
    let error = |message: String, help: String| Err(Error::new(Kind::Usage, message).help(help));
    match runs.as_slice() {
        [only] => Ok((*only).clone()),
        [whole, ..] if whole.as_str() == id => Ok((*whole).clone()),
        [] => error(
            format!("the ledger has no run `{}` of this rule", id.escape_debug()),
            "`onerow log` lists the runs; the start of an id is enough".to_owned(),
        ),
        several => error(
            format!("{} runs start with `{}`", several.len(), id.escape_debug()),
            format!("write more of it: {}", texts(several).join(", ")),
        ),
    }
}

fn texts(runs: &[&RunId]) -> Vec<String> {
    runs.iter().map(ToString::to_string).collect()
}

/// What the run removed from each date, statement by statement. A removal counts only where the ledger
/// says that it was done. Errors: it removed nothing; it is an undo.
fn removals(entries: &[Entry], run: &RunId) -> Result<BTreeMap<Day, Vec<Removal>>> {
    let mut found: BTreeMap<Day, Vec<Removal>> = BTreeMap::new();
    let mut records: BTreeMap<Day, (String, Option<u64>)> = BTreeMap::new();
    let of_run = latest(entries).into_iter().filter(|entry| entry.run == *run);
    let mut undoes = false;
    for entry in of_run.filter(|entry| entry.outcome.is_done()) {
        undoes |= entry.step == *StepName::UNDO;
        let Some(day) = entry.window.only() else { continue };
        let affected = entry.outcome.affected();
        match entry.step.as_str() {
            StepName::RECORD => {
                records.insert(day, (entry.job.to_string(), affected));
            }
            StepName::CORRECT => {
                let corrected = affected.unwrap_or(0);
                if let Some(last) = found.get_mut(&day).and_then(|removals| removals.last_mut()) {
                    last.recorded = last.recorded.saturating_sub(corrected);
                }
            }
            _ if removed(entry) => {
                let Some((record, recorded)) = records.get(&day).cloned() else { continue };
                let removed = affected.filter(|_| entry.step != *StepName::REWRITE);
                found.entry(day).or_default().push(Removal {
                    step: entry.step.clone(),
                    record,
                    // Where the warehouse does not say how many, they are as many as were removed.
                    recorded: recorded.or(removed).unwrap_or(0),
                    removed,
                    cutoff: entry.cutoff.map(Cutoff::At),
                    began: began(entries, entry),
                });
            }
            _ => {}
        }
    }
    match (found.is_empty(), undoes) {
        (false, _) => Ok(found),
        (true, true) => Err(Error::new(Kind::Usage, format!("run {run} is an undo"))
            .help("to remove those rows again, run `onerow apply`")),
        (true, false) => Err(Error::new(Kind::Usage, format!("run {run} removed nothing"))
            .help("`onerow log` shows what each run did")),
    }
}

/// When the statement began to run. Our clock may be another than the warehouse's, or set by hand.
fn began(entries: &[Entry], entry: &Entry) -> Timestamp {
    let of_same = entries.iter().filter(|other| other.is_about_same(entry));
    let sent = of_same.map(|entry| entry.at).min().unwrap_or(entry.at);
    entry.usage.started.unwrap_or(sent)
}

/// Whether the entry is of a statement that removed rows.
fn removed(entry: &Entry) -> bool {
    entry.step.is_cure() && entry.outcome.is_done() && entry.outcome.affected() != Some(0)
}

/// The run that has restored this date of the run already.
fn restored_by(entries: &[Entry], run: &RunId, day: Day) -> Option<String> {
    let by = entries.iter().find(|entry| {
        entry.restores().is_some_and(|restored| restored == run) && entry.window.contains(day)
    });
    by.map(|entry| entry.run.to_string())
}

/// Whether the run was made with the rule as it is now, and can be undone at all.
fn fits(rule: &Rule, removal: &Removal) -> Result<()> {
    let (now, did) = (rule.strategy.step(), removal.step.as_str());
    if did != now {
        let message = format!("the run did {did}, and the rule's strategy is {now} now");
        return Err(Error::new(Kind::Configuration, message)
            .help(format!("set `strategy = \"{did}\"` in the rule while you undo it")));
    }
    if rule.strategy.is_destructive() && rule.partition.is_by_arrival() {
        let message = "rows of an ingestion-time partitioned table cannot be restored: re-inserted \
                       rows would land in today's partition";
        return Err(Error::new(Kind::Usage, message)
            .help("copy them from the table as it was, with FOR SYSTEM_TIME AS OF"));
    }
    Ok(())
}

/// The rows restored are those that the date has more than before.
fn verified(window: &Window, before: Counts, after: Counts, rows: u64) -> Result<()> {
    let difference = i128::from(after.active) - i128::from(before.active);
    if difference == i128::from(rows) && after.keys >= before.keys {
        return Ok(());
    }
    let message = format!(
        "verify of {window} failed: {rows} rows were restored, and the active rows changed by {difference}; \
         keys were {} and are {}",
        before.keys, after.keys
    );
    Err(Error::new(Kind::Verification, message)
        .help("if another process writes to this date, look at it with `onerow status`"))
}

/// Time travel has an end.
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
    /// Whether rows in the streaming buffer kept a date from being restored.
    pub fn waits(&self) -> bool {
        self.days.iter().any(|day| day.outcome == UndoneOutcome::Buffered)
    }

    /// Whether a date cannot be undone exactly, and was left alone.
    pub fn is_inexact(&self) -> bool {
        self.days.iter().any(|day| matches!(day.outcome, UndoneOutcome::Inexact { .. }))
    }

    /// Rows that have changed since, or are gone, and were left alone.
    pub fn left_alone(&self) -> u64 {
        let left = self.days.iter().map(|day| match day.outcome {
            UndoneOutcome::Restored { rows, of } => of.saturating_sub(rows),
            _ => 0,
        });
        left.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_restored_are_those_by_which_the_date_has_changed_and_no_key_is_lost() {
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        let counts = |active, keys| Counts { active, keys, ..Counts::default() };
        let holds = |before, after, rows| verified(&window, before, after, rows).is_ok();
        assert!(holds(counts(4, 3), counts(6, 3), 2));
        assert!(holds(counts(4, 3), counts(6, 4), 2), "a key may come back");
        assert!(!holds(counts(4, 3), counts(6, 3), 1));
        assert!(!holds(counts(4, 3), counts(6, 2), 2));
    }
}
