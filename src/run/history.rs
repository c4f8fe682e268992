//! What earlier runs did, read back from the ledger.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{Counts, of_ledger};
use crate::error::Result;
use crate::ledger::{Entry, State};
use crate::statement::StepName;
use crate::window::Day;

/// A run as its entries in the ledger have it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Its id.
    pub id: String,
    /// The rule's name.
    pub rule: String,
    /// The dates of its first statement, as people read them.
    pub dates: String,
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
}

/// One date of an earlier run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastDay {
    /// The figures as the run found them.
    pub found: Counts,
    /// The figures as it last counted them.
    pub left: Counts,
    /// Rows that it took out.
    pub deactivated: u64,
}

/// How an earlier run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PastOutcome {
    /// Every statement was done, and no superseded row was left that could be touched.
    Done,
    /// Superseded rows were left in the streaming buffer.
    Buffered,
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

    /// Superseded rows that it left in the streaming buffer.
    pub fn buffered(&self) -> u64 {
        self.days.values().map(|day| day.left.buffered).sum()
    }
}

/// The runs of these entries, newest first. Entries are oldest first, as a ledger gives them.
/// Errors: figures that this version would not have written.
pub fn history(entries: &[Entry]) -> Result<Vec<PastRun>> {
    let mut runs: IndexMap<&str, Vec<&Entry>> = IndexMap::new();
    for entry in entries {
        runs.entry(&entry.run).or_default().push(entry);
    }
    let mut runs: Vec<PastRun> =
        runs.into_values().map(|entries| past_run(&entries)).collect::<Result<_>>()?;
    runs.sort_by(|a, b| b.began.cmp(&a.began).then_with(|| b.id.cmp(&a.id)));
    Ok(runs)
}

fn past_run(entries: &[&Entry]) -> Result<PastRun> {
    // A run is made of at least one entry: its group would not be there without.
    let (first, last) = (entries[0], entries[entries.len() - 1]);
    let mut latest: BTreeMap<u32, &Entry> = BTreeMap::new();
    for entry in entries {
        latest.insert(entry.sequence, entry);
    }
    let days = days(&latest)?;
    let failed = latest.values().filter(|entry| entry.state == State::Failed).count();
    Ok(PastRun {
        id: first.run.clone(),
        rule: first.rule.clone(),
        dates: first.dates.clone(),
        began: first.at,
        ended: last.at,
        who: first.who.clone(),
        outcome: outcome(&latest, &days),
        statements: latest.len(),
        failed,
        bytes_billed: latest
            .values()
            .filter_map(|entry| entry.usage.bytes_billed)
            .reduce(|a, b| a + b),
        days,
    })
}

fn days(latest: &BTreeMap<u32, &Entry>) -> Result<BTreeMap<Day, PastDay>> {
    let mut days: BTreeMap<Day, PastDay> = BTreeMap::new();
    for entry in latest.values().filter(|entry| entry.state == State::Done) {
        for (day, counts) in entry.figures.as_ref().map(of_ledger).transpose()?.unwrap_or_default()
        {
            days.entry(day).and_modify(|known| known.left = counts).or_insert(PastDay {
                found: counts,
                left: counts,
                deactivated: 0,
            });
        }
        if entry.step.is_cure()
            && let Ok(day) = Day::parse(&entry.dates)
        {
            let known = days.entry(day).or_default();
            known.deactivated += taken_out(entry, known.left);
            known.left = after(known.left, taken_out(entry, known.left));
        }
    }
    Ok(days)
}

/// A rewrite without audit reports the rows that it deletes and those that it inserts.
fn taken_out(cure: &Entry, before: Counts) -> u64 {
    match cure.step == *StepName::REWRITE && cure.parameters.get("audit").is_none() {
        true => before.settled_duplicates(),
        false => cure.affected.unwrap_or_else(|| before.settled_duplicates()),
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

fn outcome(latest: &BTreeMap<u32, &Entry>, days: &BTreeMap<Day, PastDay>) -> PastOutcome {
    let of_statement = |entry: &&Entry| match entry.state {
        State::Done => PastOutcome::Done,
        State::Started | State::Unknown => PastOutcome::Unfinished,
        State::Failed if refused_by_buffer(entry) => PastOutcome::Done,
        State::Failed => PastOutcome::Failed,
    };
    let of_day = |day: &PastDay| match day.left {
        left if left.settled_duplicates() > 0 => PastOutcome::Failed,
        left if left.buffered > 0 => PastOutcome::Buffered,
        _ => PastOutcome::Done,
    };
    let statements = latest.values().map(of_statement);
    // What was found by itself, as `run detect` does, was not meant to be taken out.
    let cures =
        latest.values().any(|entry| entry.step.is_cure() || entry.step == *StepName::VERIFY);
    let days = days.values().map(of_day).filter(|left| cures || *left == PastOutcome::Buffered);
    statements.chain(days).max().unwrap_or(PastOutcome::Done)
}

/// The runner tries again what the streaming buffer refuses, and the figures say what is left.
fn refused_by_buffer(entry: &Entry) -> bool {
    entry.error.as_ref().is_some_and(|error| error.contains("streaming buffer"))
}
