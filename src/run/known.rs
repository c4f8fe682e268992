//! What the ledger knows of a rule, from its earlier runs: its dates as they were last counted, its last runs, and
//! what its runs found and cost by day. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::history::restored;
use super::{Counts, PastOutcome, PastRun, Report, RunId, Status};
use crate::rule::{Rule, RuleName};
use crate::window::Day;

/// What the ledger knows of one rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The counts of each date with rows, as the last run left them.
    pub left: BTreeMap<Day, Counts>,
    /// When a run last counted.
    pub counted: Option<Timestamp>,
    /// The last run.
    pub last_run: Option<LastRun>,
    /// The end of the last run that left no duplicates on its dates.
    pub last_clean: Option<Timestamp>,
    /// The figures of each UTC day on which a run began or rows were buffered.
    pub by_day: BTreeMap<Date, DayFigures>,
}

/// The last run of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Its id.
    pub id: RunId,
    /// Its outcome.
    pub outcome: PastOutcome,
    /// The time of its first entry.
    pub began: Timestamp,
}

/// What the runs that began on one day did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayFigures {
    /// Runs.
    pub runs: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Duplicates found. A row that waits in the streaming buffer is found by each run until it is removed.
    pub found: u64,
    /// Rows removed: duplicates, and those of custom steps.
    pub removed: u64,
    /// Rows restored, by `undo`.
    pub restored: u64,
    /// Seconds of the day during which duplicates were known to wait in the streaming buffer.
    pub buffered_seconds: u64,
    /// Bytes billed; `None` if the warehouse does not say.
    pub bytes_billed: Option<u64>,
}

impl std::ops::AddAssign for DayFigures {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.failed += other.failed;
        self.found = self.found.saturating_add(other.found);
        self.removed = self.removed.saturating_add(other.removed);
        self.restored = self.restored.saturating_add(other.restored);
        self.buffered_seconds = self.buffered_seconds.saturating_add(other.buffered_seconds);
        self.bytes_billed = match (self.bytes_billed, other.bytes_billed) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
    }
}

/// The status of a rule over all dates that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatestStatus {
    /// The worst status of any date; `None` if no date was ever counted.
    pub status: Option<Status>,
    /// Duplicates.
    pub duplicates: u64,
    /// Those of them in the streaming buffer.
    pub buffered: u64,
    /// Rows without a date; `None` if they were not counted.
    pub undated: Option<u64>,
}

impl Known {
    /// The status of the rule: each date as it was counted just now, or else as the last run left it.
    pub fn latest_status(&self, rule: &Rule, counted: Option<&Report>) -> LatestStatus {
        let mut days = self.left.clone();
        let now = counted.into_iter().flat_map(|report| &report.days);
        days.extend(now.map(|day| (day.day, day.counts)));
        let statuses = days.values().map(|counts| Status::of(*counts, None, rule.on_keyless));
        let sum = |pick: fn(&Counts) -> u64| days.values().map(pick).fold(0, u64::saturating_add);
        LatestStatus {
            status: Status::worst(statuses),
            duplicates: sum(|counts| counts.duplicates),
            buffered: sum(|counts| counts.buffered),
            undated: counted.map(|report| report.undated.map_or(0, |rows| rows.counts.total)),
        }
    }

    /// The figures of all days together.
    pub fn total(&self) -> DayFigures {
        let mut total = DayFigures::default();
        self.by_day.values().for_each(|day| total += *day);
        total
    }
}

/// What the ledger knows of each rule, from its runs, newest first, as [`history`](super::history) has them.
pub fn known(runs: &[PastRun], now: Timestamp) -> BTreeMap<RuleName, Known> {
    let mut rules: BTreeMap<RuleName, (Known, Waiting)> = BTreeMap::new();
    for run in runs.iter().rev() {
        let (known, waiting) = rules.entry(run.rule.clone()).or_default();
        known.add(run);
        waiting.add(run, known);
    }
    let ended = rules.into_iter().map(|(rule, (mut known, waiting))| {
        waiting.until(now, &mut known);
        (rule, known)
    });
    ended.collect()
}

impl Known {
    /// Adds a run that is newer than those before.
    fn add(&mut self, run: &PastRun) {
        // A date that was counted and is not among the counts has no rows any more.
        self.left.retain(|day, _| !run.counted.contains(day));
        for (day, past) in &run.days {
            match run.counted.contains(day) {
                true if past.left.total > 0 => drop(self.left.insert(*day, past.left)),
                false if past.restored_rows > 0 => {
                    let left = self.left.entry(*day).or_default();
                    *left = restored(*left, past.restored_rows);
                }
                _ => {}
            }
        }
        if !run.counted.is_empty() {
            self.counted = Some(run.ended);
        }
        if is_clean(run) {
            self.last_clean = Some(run.ended);
        }
        self.last_run =
            Some(LastRun { id: run.id.clone(), outcome: run.outcome, began: run.began });
        *self.by_day.entry(date(run.began)).or_default() += DayFigures {
            runs: 1,
            failed: u64::from(run.outcome == PastOutcome::Failed),
            found: run.found(),
            removed: run.removed(),
            restored: run.restored_rows(),
            buffered_seconds: 0,
            bytes_billed: run.bytes_billed,
        };
    }
}

/// Whether the run left no duplicates on the dates that it counted.
fn is_clean(run: &PastRun) -> bool {
    let left = |past: &super::PastDay| past.left.duplicates > 0;
    run.outcome == PastOutcome::Done
        && run.undoes.is_none()
        && !run.counted.is_empty()
        && !run.days.values().any(left)
}

fn date(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// The dates whose duplicates wait in the streaming buffer, and since when there are any.
#[derive(Default)]
struct Waiting {
    dates: BTreeSet<Day>,
    since: Option<Timestamp>,
}

impl Waiting {
    fn add(&mut self, run: &PastRun, known: &mut Known) {
        self.dates.retain(|day| !run.counted.contains(day));
        let waits = run.days.iter().filter(|(_, past)| past.left.buffered > 0);
        self.dates.extend(waits.map(|(day, _)| *day));
        match (self.dates.is_empty(), self.since) {
            (false, None) => self.since = Some(run.ended),
            (true, Some(since)) => {
                spread(since, run.ended, known);
                self.since = None;
            }
            _ => {}
        }
    }

    fn until(&self, now: Timestamp, known: &mut Known) {
        if let Some(since) = self.since {
            spread(since, now, known);
        }
    }
}

/// Adds the time between two instants to each UTC day that it touches.
fn spread(from: Timestamp, to: Timestamp, known: &mut Known) {
    let mut at = from;
    while at < to {
        let day = date(at);
        let midnight = day.tomorrow().ok().and_then(|next| {
            TimeZone::UTC.to_timestamp(next.to_datetime(jiff::civil::Time::midnight())).ok()
        });
        let end = midnight.map_or(to, |midnight| midnight.min(to));
        let part: SignedDuration = end.duration_since(at);
        let seconds = u64::try_from(part.as_secs()).unwrap_or(0);
        known.by_day.entry(day).or_default().buffered_seconds += seconds;
        at = end;
    }
}

#[cfg(test)]
mod tests;
