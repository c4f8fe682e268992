//! Earlier runs, read from the ledger.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::batch::at_most;
use super::removed::by_date;
use crate::error::{Kind, Result};
use crate::ledger::{Counts, Detail, Entry, Filter, Ledger, Outcome, RunId, latest};
use crate::rule::RuleName;
use crate::statement::StepName;
use crate::window::{Day, Window};

/// A run, from its entries in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Its id.
    pub id: RunId,
    /// The rule.
    pub rule: RuleName,
    /// The dates of all its statements.
    pub window: Window,
    /// Its steps, each once, in the order in which they were first sent.
    pub steps: Vec<StepName>,
    /// The time of its first entry.
    pub began: Timestamp,
    /// The time of its last entry.
    pub ended: Timestamp,
    /// The user who ran it.
    pub who: String,
    /// Its outcome, from its statements.
    pub outcome: PastOutcome,
    /// The number of statements sent.
    pub statements: usize,
    /// The number of failed statements.
    pub failed: usize,
    /// Billed bytes; `None` if the warehouse does not say.
    pub bytes_billed: Option<u64>,
    /// The dates that it counted. One of them that is not among `days` has no rows.
    pub counted: BTreeSet<Day>,
    /// The counts and the outcome of each date.
    pub days: BTreeMap<Day, PastDay>,
    /// The run that it undid.
    pub undoes: Option<RunId>,
    /// The dates on which its removed rows were restored, and the run that restored them.
    pub undone: BTreeMap<Day, RunId>,
}

/// One date of an earlier run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastDay {
    /// The counts found by the run.
    pub found: Counts,
    /// The run's last counts.
    pub left: Counts,
    /// Duplicates that it removed.
    pub deactivated: u64,
    /// Rows that its custom steps removed, before the first count.
    pub removed_by_custom_steps: u64,
    /// Rows restored, by `undo`.
    pub restored_rows: u64,
}

impl PastDay {
    /// The rows that it removed, custom steps included.
    pub fn removed(&self) -> u64 {
        self.deactivated + self.removed_by_custom_steps
    }
}

/// The outcome of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PastOutcome {
    /// Every statement completed, and no removable duplicate was left.
    Done,
    /// Duplicates were counted and none was removed: the run only counts, was stopped, or skipped their dates.
    Counted,
    /// Duplicates were left in the streaming buffer.
    Buffered,
    /// Rows were removed or restored but not counted afterwards: the run was stopped.
    Unverified,
    /// A statement failed, or duplicates were left.
    Failed,
    /// A statement has no outcome yet: the run is in progress, or its process exited.
    Unfinished,
}

impl PastOutcome {
    /// The outcome as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Counted => "counted",
            Self::Buffered => "buffered",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }
}

impl PastRun {
    /// The number of duplicates found.
    pub fn found(&self) -> u64 {
        self.days.values().map(|day| day.found.duplicates).sum()
    }

    /// The number of duplicates removed.
    pub fn deactivated(&self) -> u64 {
        self.days.values().map(|day| day.deactivated).sum()
    }

    /// The number of rows removed: duplicates, and those of custom steps.
    pub fn removed(&self) -> u64 {
        self.days.values().map(PastDay::removed).sum()
    }

    /// The number of rows that it removed of one date.
    pub fn removed_of(&self, day: Day) -> u64 {
        self.days.get(&day).map_or(0, PastDay::removed)
    }

    /// The number of rows restored, by `undo`.
    pub fn restored_rows(&self) -> u64 {
        self.days.values().map(|day| day.restored_rows).sum()
    }

    /// The runs that have restored its removed rows, each once.
    pub fn undone_by(&self) -> Vec<&RunId> {
        let mut runs: Vec<&RunId> = Vec::new();
        for run in self.undone.values() {
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
        runs
    }

    /// Whether it is undone on some but not all of the dates from which it removed rows.
    pub fn is_partly_undone(&self) -> bool {
        let removes = |past: &PastDay| past.removed() > 0;
        let mut removed = self.days.iter().filter(|(_, past)| removes(past));
        !self.undone.is_empty() && removed.any(|(day, _)| !self.undone.contains_key(day))
    }

    /// The number of duplicates left in the streaming buffer.
    pub fn buffered(&self) -> u64 {
        self.days.values().map(|day| day.left.buffered).sum()
    }
}

/// The runs of these entries, newest first. Entries are sorted oldest first, as in a ledger. A run is shown
/// as undone only if the entries include those of the undo.
pub fn history(entries: &[Entry]) -> Vec<PastRun> {
    let mut began: IndexMap<&RunId, Timestamp> = IndexMap::new();
    for entry in entries {
        began.entry(&entry.run).or_insert(entry.at);
    }
    let mut statements: IndexMap<&RunId, Vec<&Entry>> = IndexMap::new();
    let mut undone: BTreeMap<&RunId, BTreeMap<Day, RunId>> = BTreeMap::new();
    for entry in latest(entries) {
        statements.entry(&entry.run).or_default().push(entry);
        if let Some((run, _)) = entry.restores() {
            let days = entry.window.days().iter().map(|day| (*day, entry.run.clone()));
            undone.entry(run).or_default().extend(days);
        }
    }
    let past = statements.into_iter().map(|(run, latest)| PastRun {
        undone: undone.remove(run).unwrap_or_default(),
        ..past_run(began[run], &latest)
    });
    let mut runs: Vec<PastRun> = past.collect();
    runs.sort_by(|a, b| b.began.cmp(&a.began).then_with(|| b.id.cmp(&a.id)));
    runs
}

/// The run with this id and its entries, oldest first; `None` if the ledger has no such run.
///
/// # Errors
/// The ledger does not answer.
pub fn past(ledger: &dyn Ledger, id: &str) -> Result<Option<(PastRun, Vec<Entry>)>> {
    let mut entries = ledger.entries(&Filter::run(id).with_sql())?;
    entries.retain(|entry| entry.run.as_str() == id);
    let Some(mut run) = history(&entries).pop() else { return Ok(None) };
    if run.removed() > 0 {
        // An undo comes after the run that it undoes.
        let after = Filter { since: Some(run.began), ..Filter::rule(run.rule.as_str()) };
        let mut runs = history(&ledger.entries(&after)?).into_iter();
        run.undone = runs.find(|known| known.id == run.id).map_or(run.undone, |known| known.undone);
    }
    Ok(Some((run, entries)))
}

/// The run of these statements, from their last entries; there must be at least one.
fn past_run(began: Timestamp, latest: &[&Entry]) -> PastRun {
    let first = latest[0];
    let days = days(latest);
    let mut steps: Vec<StepName> = Vec::new();
    for entry in latest {
        if !steps.contains(&entry.step) {
            steps.push(entry.step.clone());
        }
    }
    PastRun {
        id: first.run.clone(),
        rule: first.rule.clone(),
        window: window(latest).unwrap_or_else(|| first.window.clone()),
        steps,
        began,
        ended: latest.iter().map(|entry| entry.at).max().unwrap_or(began),
        who: first.who.clone(),
        outcome: outcome(latest, &days),
        statements: latest.len(),
        failed: latest.iter().filter(|entry| entry.outcome.is_failed()).count(),
        bytes_billed: latest
            .iter()
            .filter_map(|entry| entry.usage.bytes_billed)
            .reduce(|a, b| a + b),
        counted: latest
            .iter()
            .filter(|entry| counts(entry) && entry.outcome.is_done())
            .flat_map(|entry| entry.window.days())
            .copied()
            .collect(),
        days,
        undoes: latest.iter().find_map(|entry| match &entry.detail {
            Some(Detail::Undo { run, .. }) => Some(run.clone()),
            _ => None,
        }),
        undone: BTreeMap::new(),
    }
}

/// The dates of all statements; `None` if a window cannot have so many.
fn window(latest: &[&Entry]) -> Option<Window> {
    let days = latest.iter().flat_map(|entry| entry.window.days()).copied();
    Window::of_days(days.collect()).ok()
}

fn days(latest: &[&Entry]) -> BTreeMap<Day, PastDay> {
    let mut days: BTreeMap<Day, PastDay> = BTreeMap::new();
    for entry in latest {
        if entry.outcome.is_done() {
            add_done(&mut days, entry, latest);
        } else if entry.step.removes_duplicates()
            && refused_by_buffer(entry)
            && let Some(known) = entry.window.only().and_then(|day| days.get_mut(&day))
        {
            // The last refusal counts. If several dates were refused together, each was tried separately.
            known.left = known.left.all_buffered();
        }
    }
    // Custom steps run before the first count.
    for entry in latest.iter().filter(|entry| removes(entry) && !entry.step.removes_duplicates()) {
        if let Some(day) = entry.window.only() {
            let removed = &mut days.entry(day).or_default().removed_by_custom_steps;
            *removed += entry.outcome.affected().unwrap_or(0);
        }
    }
    days
}

/// Whether the statement removed rows.
fn removes(entry: &Entry) -> bool {
    matches!(entry.detail, Some(Detail::Removal { .. })) && entry.outcome.is_done()
}

fn add_done(days: &mut BTreeMap<Day, PastDay>, entry: &Entry, of_run: &[&Entry]) {
    if let Some(Detail::Counts { days: found, .. }) = &entry.detail {
        for (day, counts) in found {
            let counted = |known: &mut PastDay| {
                known.left = *counts;
                // The statement also reports restored survivors, which are not additional rows.
                let more = counts.active.saturating_sub(known.found.active);
                known.restored_rows = known.restored_rows.min(more);
            };
            days.entry(*day).and_modify(counted).or_insert(PastDay {
                found: *counts,
                left: *counts,
                ..PastDay::default()
            });
        }
    }
    if entry.step.removes_duplicates() {
        for (day, rows) in removed_by(entry, of_run, days) {
            let known = days.entry(day).or_default();
            known.deactivated += rows;
            known.left = after(known.left, rows);
        }
    } else if let (Some(Detail::Undo { .. }), Some(day)) = (&entry.detail, entry.window.only()) {
        let rows = entry.outcome.affected().unwrap_or(0);
        let known = days.entry(day).or_default();
        known.restored_rows += rows;
        known.left = restored(known.left, rows);
    }
}

/// The rows that a statement removed, per date. A rewrite reports deleted and inserted rows together.
fn removed_by(
    removal: &Entry,
    of_run: &[&Entry],
    before: &BTreeMap<Day, PastDay>,
) -> BTreeMap<Day, u64> {
    let found = |day: Day| before.get(&day).map_or(0, |known| known.left.settled_duplicates());
    let reported = removal.outcome.affected().filter(|_| removal.step != *StepName::REWRITE);
    match (removal.window.only(), &removal.detail) {
        (Some(day), _) => BTreeMap::from([(day, reported.unwrap_or_else(|| found(day)))]),
        (None, Some(Detail::Removal { record, .. })) => {
            let logged = by_date(of_run, record);
            reported.map_or(logged.clone(), |reported| at_most(&logged, reported))
        }
        (None, _) => BTreeMap::new(),
    }
}

fn after(counts: Counts, deactivated: u64) -> Counts {
    Counts {
        active: counts.active.saturating_sub(deactivated),
        duplicates: counts.duplicates.saturating_sub(deactivated),
        settled: counts.settled.saturating_sub(deactivated),
        ..counts
    }
}

/// Restored rows are duplicates again, until the date is counted.
pub(super) fn restored(counts: Counts, rows: u64) -> Counts {
    let active = counts.active.saturating_add(rows);
    Counts {
        total: counts.total.max(active),
        active,
        duplicates: counts.duplicates.saturating_add(rows),
        settled: counts.settled.saturating_add(rows),
        ..counts
    }
}

fn outcome(latest: &[&Entry], days: &BTreeMap<Day, PastDay>) -> PastOutcome {
    let of_statement = |entry: &Entry| match entry.outcome {
        Outcome::Done { .. } => PastOutcome::Done,
        Outcome::Started | Outcome::Unknown { .. } => PastOutcome::Unfinished,
        Outcome::Failed { .. } if refused_by_buffer(entry) => PastOutcome::Done,
        Outcome::Failed { .. } => PastOutcome::Failed,
    };
    let of_day = |day: &PastDay| match day.left {
        left if left.settled_duplicates() > 0 => PastOutcome::Failed,
        left if left.buffered > 0 => PastOutcome::Buffered,
        _ => PastOutcome::Done,
    };
    let statements = latest.iter().map(|entry| of_statement(entry));
    // Restored rows are duplicates again on purpose.
    let has = |is: &dyn Fn(&StepName) -> bool| latest.iter().any(|entry| is(&entry.step));
    let removes = has(&|step| step.removes_duplicates() || *step == *StepName::VERIFY);
    let undoes = has(&|step| *step == *StepName::UNDO);
    let days = days.values().map(of_day).filter(|_| !undoes);
    let days = days.map(|left| match left {
        PastOutcome::Failed if !removes => PastOutcome::Counted,
        left => left,
    });
    let verified = is_verified(latest).then_some(PastOutcome::Done);
    let verified = verified.unwrap_or(PastOutcome::Unverified);
    if stopped_by_guard(latest) {
        return PastOutcome::Failed;
    }
    statements.chain(days).chain([verified]).max().unwrap_or(PastOutcome::Done)
}

/// Whether a custom step skipped rows, or the run stopped to protect keys' last rows.
fn stopped_by_guard(latest: &[&Entry]) -> bool {
    let shares = |entry: &&Entry| matches!(entry.detail, Some(Detail::Guard { shared_ids, .. }) if shared_ids > 0);
    let lost = |entry: &&Entry| matches!(entry.detail, Some(Detail::Guard { keys_lost, .. }) if keys_lost > 0);
    latest.iter().any(shares) || latest.last().is_some_and(lost)
}

/// Whether rows were counted after the last change. A single step, as `onerow run` sends it, does not count.
fn is_verified(latest: &[&Entry]) -> bool {
    let changes = |entry: &&&Entry| {
        let undoes = entry.step == *StepName::UNDO && entry.outcome.is_done();
        undoes || removes(entry)
    };
    match (latest.iter().rfind(changes), latest.iter().rfind(|entry| counts(entry))) {
        (Some(changed), Some(counted)) => changed.sequence < counted.sequence,
        _ => true,
    }
}

/// Whether the statement counted dates.
fn counts(entry: &Entry) -> bool {
    matches!(entry.detail, Some(Detail::Counts { .. }))
}

/// The runner retries what the streaming buffer refuses, and the counts show what remains.
fn refused_by_buffer(entry: &Entry) -> bool {
    entry.outcome.error_kind() == Some(Kind::StreamingBuffer)
}

#[cfg(test)]
mod tests;
