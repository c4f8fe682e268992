//! What earlier runs did, read back from the ledger.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::batch::at_most;
use super::removed::by_date;
use crate::error::{Kind, Result};
use crate::ledger::{Counts, Detail, Entry, Filter, Ledger, Outcome, RunId, latest};
use crate::rule::RuleName;
use crate::statement::StepName;
use crate::window::{Day, Window};

/// A run as its entries in the ledger have it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Its id.
    pub id: RunId,
    /// The rule.
    pub rule: RuleName,
    /// The dates of its first statement.
    pub window: Window,
    /// Its steps, each once, in the order in which they were first sent.
    pub steps: Vec<StepName>,
    /// When its first entry was written.
    pub began: Timestamp,
    /// When its last entry was written.
    pub ended: Timestamp,
    /// Who ran it.
    pub who: String,
    /// How it ended, as far as its statements say.
    pub outcome: PastOutcome,
    /// How many statements were sent.
    pub statements: usize,
    /// How many of them failed.
    pub failed: usize,
    /// Bytes to be paid for; `None` where the warehouse does not say.
    pub bytes_billed: Option<u64>,
    /// What it found on each date, and what became of it.
    pub days: BTreeMap<Day, PastDay>,
    /// The run that it undoes.
    pub undoes: Option<RunId>,
    /// The dates on which rows that it removed were restored, and by which run.
    pub undone: BTreeMap<Day, RunId>,
}

/// One date of an earlier run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastDay {
    /// The figures as the run found them.
    pub found: Counts,
    /// The figures as it last counted them.
    pub left: Counts,
    /// Duplicates that it removed.
    pub deactivated: u64,
    /// Rows that its custom steps removed, before anything was counted.
    pub removed_by_custom_steps: u64,
    /// Rows that it brought back, as `undo` does.
    pub restored_rows: u64,
}

/// How an earlier run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PastOutcome {
    /// Every statement was done, and no superseded row was left that could be touched.
    Done,
    /// Superseded rows were left in the streaming buffer.
    Buffered,
    /// Rows were taken out or brought back, and nobody counted after that: the run was stopped.
    Unverified,
    /// A statement failed, or superseded rows were left.
    Failed,
    /// A statement has no outcome yet: the run is under way, or its process died.
    Unfinished,
}

impl PastOutcome {
    /// The outcome as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Buffered => "buffered",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }
}

impl PastRun {
    /// Superseded rows that it found.
    pub fn found(&self) -> u64 {
        self.days.values().map(|day| day.found.duplicates).sum()
    }

    /// Rows that it took out.
    pub fn deactivated(&self) -> u64 {
        self.days.values().map(|day| day.deactivated).sum()
    }

    /// Rows that it removed, duplicates and those that its custom steps remove.
    pub fn removed(&self) -> u64 {
        self.days.values().map(|day| day.deactivated + day.removed_by_custom_steps).sum()
    }

    /// Rows that it brought back, as `undo` does.
    pub fn restored_rows(&self) -> u64 {
        self.days.values().map(|day| day.restored_rows).sum()
    }

    /// The runs that have restored rows that it removed, each once.
    pub fn undone_by(&self) -> Vec<&RunId> {
        let mut runs: Vec<&RunId> = Vec::new();
        for run in self.undone.values() {
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
        runs
    }

    /// Whether it is undone on some of the dates from which it removed rows, and not on all of them.
    pub fn is_partly_undone(&self) -> bool {
        let removes = |past: &PastDay| past.deactivated + past.removed_by_custom_steps > 0;
        let mut removed = self.days.iter().filter(|(_, past)| removes(past));
        !self.undone.is_empty() && removed.any(|(day, _)| !self.undone.contains_key(day))
    }

    /// Superseded rows that it left in the streaming buffer.
    pub fn buffered(&self) -> u64 {
        self.days.values().map(|day| day.left.buffered).sum()
    }
}

/// The runs of these entries, newest first. Entries are oldest first, as a ledger gives them. That a
/// run is undone is known where the entries of the undo are among them.
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

/// The run of this id, and its entries, oldest first; `None` where the ledger has no such run.
pub fn past(ledger: &dyn Ledger, id: &str) -> Result<Option<(PastRun, Vec<Entry>)>> {
    let mut entries = ledger.entries(&Filter::run(id).with_sql())?;
    entries.retain(|entry| entry.run.as_str() == id);
    let Some(mut run) = history(&entries).pop() else { return Ok(None) };
    if run.removed() > 0 {
        // An undo comes after what it undoes.
        let after = Filter { since: Some(run.began), ..Filter::rule(run.rule.as_str()) };
        let mut runs = history(&ledger.entries(&after)?).into_iter();
        run.undone = runs.find(|known| known.id == run.id).map_or(run.undone, |known| known.undone);
    }
    Ok(Some((run, entries)))
}

/// The run of these statements, by their last entries; there is at least one.
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
        days,
        undoes: latest.iter().find_map(|entry| match &entry.detail {
            Some(Detail::Undo { run, .. }) => Some(run.clone()),
            _ => None,
        }),
        undone: BTreeMap::new(),
    }
}

/// The dates of all statements; `None` for more than a run can be about.
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
            // The last word is the warehouse's. Where it refused several dates, each was tried by itself.
            known.left = known.left.all_buffered();
        }
    }
    // Custom steps come before the first count, which is of what they left.
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
                // A survivor that becomes what it was is reported too, and is no row more.
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
        days.entry(day).or_default().restored_rows += entry.outcome.affected().unwrap_or(0);
    }
}

/// The rows that a statement removed, by date. A rewrite reports those that it deletes and those that it inserts.
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
    // What was found by itself, as `run detect` does, was not meant to be taken out; what was
    // brought back is superseded again, and was meant to be.
    let has = |is: &dyn Fn(&StepName) -> bool| latest.iter().any(|entry| is(&entry.step));
    let removes = has(&|step| step.removes_duplicates() || *step == *StepName::VERIFY);
    let undoes = has(&|step| *step == *StepName::UNDO);
    let counts = |left: &PastOutcome| !undoes && (removes || *left == PastOutcome::Buffered);
    let days = days.values().map(of_day).filter(counts);
    let verified = is_verified(latest).then_some(PastOutcome::Done);
    let verified = verified.unwrap_or(PastOutcome::Unverified);
    if stopped_by_guard(latest) {
        return PastOutcome::Failed;
    }
    statements.chain(days).chain([verified]).max().unwrap_or(PastOutcome::Done)
}

/// Whether a custom step left rows alone, or the run ended since it would have taken keys' last rows.
fn stopped_by_guard(latest: &[&Entry]) -> bool {
    let shares = |entry: &&Entry| matches!(entry.detail, Some(Detail::Guard { shared_ids, .. }) if shared_ids > 0);
    let lost = |entry: &&Entry| matches!(entry.detail, Some(Detail::Guard { keys_lost, .. }) if keys_lost > 0);
    latest.iter().any(shares) || latest.last().is_some_and(lost)
}

/// Whether rows were counted after the last of them was changed. A step by itself, as `onerow run`
/// sends it, counts nothing and was not meant to.
fn is_verified(latest: &[&Entry]) -> bool {
    let changes = |entry: &&&Entry| {
        let undoes = entry.step == *StepName::UNDO && entry.outcome.is_done();
        undoes || removes(entry)
    };
    let counts = |entry: &&&Entry| matches!(entry.detail, Some(Detail::Counts { .. }));
    match (latest.iter().rfind(changes), latest.iter().rfind(counts)) {
        (Some(changed), Some(counted)) => changed.sequence < counted.sequence,
        _ => true,
    }
}

/// The runner tries again what the streaming buffer refuses, and the figures say what is left.
fn refused_by_buffer(entry: &Entry) -> bool {
    entry.outcome.error_kind() == Some(Kind::StreamingBuffer)
}

#[cfg(test)]
mod tests;
