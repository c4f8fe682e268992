//! Which dates were written since they were last found clean: how the partitions of the table stand, held against
//! what the ledger says of each date. Values in, a decision out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::RunId;
use super::report::Status;
use crate::error::Result;
use crate::ledger::{Detail, Entry, Outcome, latest};
use crate::partitions::{Books, PartitionId, PartitionState, Stamp, Stamps};
use crate::rule::{Cut, Rule};
use crate::statement::{Fingerprint, StepName};
use crate::warehouse::{Buffer, Description};
use crate::window::{Day, Window};

/// Rows that are streamed with a date of so many days ago, or to come, go to their partition's own buffer, of which
/// no partition says anything until they have left it.
/// Source: <https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery#stream_into_time-partitioned_tables>
const STREAMED_DAYS: (i64, i64) = (8, 4);

/// So many numbers of a partition are looked at one by one.
const LONGEST_RANGE: i64 = 1_000_000;

/// The dates that changed, and how the partitions of the others stand.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// The dates to look at; `None` where there is none.
    pub window: Option<Window>,
    /// How the partitions of these dates stood before anything was asked.
    pub books: Books,
    /// How many dates were left out, since nothing was written to them.
    pub unchanged: usize,
    /// What a reader should know of it, as sentences.
    pub notes: Vec<String>,
}

/// How the partitions of a table stand, by the dates of a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Of each date that has a partition.
    days: Stamps,
    /// Of the table as a whole, where its partitions are not those of the rule's dates.
    whole: Option<Stamp>,
    /// Rows that belong to no partition.
    outside: u64,
}

impl Standing {
    /// What these partitions say of the rule's dates. They say nothing of them where the table is cut by another
    /// column.
    pub fn of(rule: &Rule, table: &Description, partitions: &[PartitionState]) -> Self {
        let partition = &rule.partition;
        let by = table.partition.as_deref();
        let is_by_dates = by.is_none_or(|column| partition.is_by(column)) && !partition.is_whole();
        let mut standing = Self::default();
        for PartitionState { id, stamp } in partitions {
            let days = match id {
                PartitionId::Outside => {
                    standing.outside += stamp.rows.unwrap_or(0);
                    continue;
                }
                _ if !is_by_dates => None,
                PartitionId::Table => None,
                PartitionId::Null => Some(vec![Day::UNDATED]),
                PartitionId::Day(day) => Some(vec![*day]),
                PartitionId::Named(name) => days_of(rule, table, name),
            };
            let Some(days) = days else {
                let whole = standing.whole.map_or(*stamp, |known| known.with(*stamp));
                standing.whole = Some(whole);
                continue;
            };
            for day in days {
                let known = standing.days.entry(partition.period(day));
                known.and_modify(|known| *known = known.with(*stamp)).or_insert(*stamp);
            }
        }
        standing
    }

    /// How both tables stand together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        for (day, stamp) in other.days {
            let known = self.days.entry(day);
            known.and_modify(|known| *known = known.with(stamp)).or_insert(stamp);
        }
        self.whole = match (self.whole, other.whole) {
            (Some(one), Some(other)) => Some(one.with(other)),
            (one, other) => one.or(other),
        };
        self.outside += other.outside;
        self
    }

    /// The tables of dates that each have one.
    pub fn of_days(days: Stamps) -> Self {
        Self { days, whole: None, outside: 0 }
    }

    /// The dates that have a partition; `None` where the partitions say no dates.
    pub fn dates(&self) -> Option<Vec<Day>> {
        match self.whole {
            Some(_) => None,
            None => Some(self.days.keys().copied().collect()),
        }
    }

    /// Whether the streaming buffer may hold rows of any date, of which no partition says anything yet.
    pub fn hides_streamed(&self, rule: &Rule) -> bool {
        self.whole.is_some() || matches!(rule.partition.cut, Cut::Int64(_))
    }

    /// Whether there are rows that belong to no partition.
    pub fn has_outside(&self) -> bool {
        self.outside > 0
    }

    /// How these dates stand.
    pub fn stamps(&self, rule: &Rule, days: &[Day]) -> Stamps {
        days.iter().filter_map(|day| Some((*day, self.stamp(rule, *day)?))).collect()
    }

    /// How a date stands, with the dates around it that decide about its rows; `None` where it has no rows.
    fn stamp(&self, rule: &Rule, day: Day) -> Option<Stamp> {
        let reach = rule.across.map_or(0, |across| across.reach());
        let around = Window::day(day).around(reach);
        let around = around.days().iter().filter_map(|day| self.days.get(day)).copied();
        self.whole.into_iter().chain(around).reduce(Stamp::with)
    }
}

/// The dates of the rule that a partition of BigQuery may hold rows of; `None` where its name says no dates.
fn days_of(rule: &Rule, table: &Description, name: &str) -> Option<Vec<Day>> {
    let partition = &rule.partition;
    if let Cut::Int64(numbers) = partition.cut {
        let range = table.details.range.as_ref()?;
        let (first, last) = range.partition(name.parse().ok()?)?;
        if last.checked_sub(first)? > LONGEST_RANGE {
            return None;
        }
        let dates = (first..=last).filter_map(|number| numbers.date(number)).map(Day::from);
        return Some(dates.collect());
    }
    let number = |range: std::ops::Range<usize>| name.get(range)?.parse::<i16>().ok();
    let [month, day] = [4..6, 6..8].map(|range| number(range).unwrap_or(1));
    let first =
        jiff::civil::Date::new(number(0..4)?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let first = first.ok()?;
    let last = match name.len() {
        4 => first.last_of_year(),
        6 => first.last_of_month(),
        8 | 10 => first,
        _ => return None,
    };
    let days = Window::range(Day::from(first), Day::from(last)).ok()?;
    // A day of another zone is in two partitions.
    let around = if partition.local_days().is_some() { 1 } else { 0 };
    Some(days.around(around).days().to_vec())
}

/// What shows how a date stood.
#[derive(Debug, Clone, Copy)]
enum Proof {
    /// It was counted, after its partition stood so.
    Stood(Stamp),
    /// A run changed it between these instants, and counted it after that; with so many rows, where all were counted.
    Changed { began: Timestamp, ended: Timestamp, rows: Option<u64> },
}

impl Proof {
    /// Whether nothing was written to the date since.
    fn holds(self, now: Option<Stamp>) -> bool {
        match (self, now) {
            (Self::Stood(then), now) => now == Some(then),
            (Self::Changed { began, ended, rows }, Some(now)) => {
                (began..=ended).contains(&now.modified)
                    && rows.is_none_or(|rows| now.rows.is_none_or(|now| now == rows))
            }
            (Self::Changed { rows, .. }, None) => rows == Some(0),
        }
    }
}

/// What a count has to show of a date that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// That it has no duplicates.
    Clean,
    /// That everything staged for it is merged.
    Merged,
}

/// A proof, and how the staging tables stood then, where they matter.
#[derive(Debug, Clone, Copy)]
struct Proven {
    proof: Proof,
    staging: Option<Stamp>,
}

/// What one entry says of a date, when it is a count of what is to be shown.
struct Counted {
    holds: bool,
    stamp: Option<Stamp>,
    staging: Option<Stamp>,
    rows: Option<u64>,
}

impl Shows {
    /// What an entry counted of a date; `None` where it counted something else, or by another definition.
    fn counted(
        self,
        rule: &Rule,
        definition: &Fingerprint,
        entry: &Entry,
        day: Day,
    ) -> Option<Counted> {
        let detail = entry.detail.as_ref().filter(|_| entry.outcome.is_done())?;
        match (self, detail) {
            (Self::Clean, Detail::Counts { days, definition: of, stamps })
                if of.as_ref() == Some(definition) =>
            {
                let counts = days.get(&day).copied().unwrap_or_default();
                let status = Status::of(counts, None, rule.on_keyless);
                Some(Counted {
                    holds: matches!(status, Status::Clean | Status::Empty),
                    stamp: stamps.get(&day).copied(),
                    staging: None,
                    rows: Some(counts.total),
                })
            }
            (Self::Merged, Detail::Staged { days, definition: of, stamps, staging })
                if of.as_ref() == Some(definition) =>
            {
                let staged = days.get(&day).copied().unwrap_or_default();
                Some(Counted {
                    holds: staged.changes() == 0 && staged.buffered == 0,
                    stamp: stamps.get(&day).copied(),
                    staging: staging.get(&day).copied(),
                    rows: None,
                })
            }
            _ => None,
        }
    }

    /// Which dates the ledger shows to be so, by what was counted with this definition. Entries are oldest first.
    fn proofs(
        self,
        rule: &Rule,
        definition: &Fingerprint,
        entries: &[Entry],
    ) -> BTreeMap<Day, Proven> {
        let mut proofs = BTreeMap::new();
        let mut own: BTreeMap<(&RunId, Day), Option<(Timestamp, Timestamp)>> = BTreeMap::new();
        for entry in latest(entries) {
            if entry.rule != rule.name || entry.table != rule.table_of(&entry.window) {
                continue;
            }
            // Whatever may have changed the table: what was shown before it shows nothing now.
            if may_change(entry) {
                let between = entry.usage.started.zip(entry.usage.ended);
                for day in entry.window.days() {
                    proofs.remove(day);
                    own.insert((&entry.run, *day), between.filter(|_| entry.outcome.is_done()));
                }
                continue;
            }
            for day in entry.window.days() {
                let Some(counted) = self.counted(rule, definition, entry, *day) else { continue };
                let changed = own.get(&(&entry.run, *day)).copied();
                let Counted { holds, stamp, staging, rows } = counted;
                let proof = match (stamp, changed) {
                    _ if !holds => None,
                    // A run that has changed the table asks again, or says nothing.
                    (Some(stamp), _) => Some(Proof::Stood(stamp)),
                    (None, Some(Some((began, ended)))) => {
                        Some(Proof::Changed { began, ended, rows })
                    }
                    // It shows nothing new.
                    _ => continue,
                };
                match proof {
                    Some(proof) => _ = proofs.insert(*day, Proven { proof, staging }),
                    None => _ = proofs.remove(day),
                }
            }
        }
        proofs
    }
}

fn may_change(entry: &Entry) -> bool {
    let changes = entry.step.removes_duplicates()
        || [StepName::UNDO, StepName::CONSOLIDATE].contains(&entry.step.as_str())
        || matches!(entry.detail, Some(Detail::Removal { .. }));
    changes && !matches!(entry.outcome, Outcome::Failed { .. })
}

/// How the partitions of a rule's tables stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standings {
    /// Those of its table.
    pub table: Standing,
    /// Those of its staging tables, where what is staged matters.
    pub staging: Option<Standing>,
    /// The dates about which rows in a streaming buffer may decide.
    pub streamed: BTreeSet<Day>,
}

impl Standings {
    /// The dates that have a partition in one of the tables; `None` where one of them says no dates.
    pub fn dates(&self) -> Option<BTreeSet<Day>> {
        let mut dates = BTreeSet::new();
        for standing in self.all() {
            dates.extend(standing.dates()?);
        }
        Some(dates)
    }

    /// Whether there are rows that belong to no partition.
    pub fn has_outside(&self) -> bool {
        self.all().any(Standing::has_outside)
    }

    fn all(&self) -> impl Iterator<Item = &Standing> {
        std::iter::once(&self.table).chain(&self.staging)
    }
}

/// What has to be shown of a date that is left out: what a step counts, by its definition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// That it has no duplicates, as this detect counts them.
    pub clean: Option<Fingerprint>,
    /// That everything staged for it is merged, as this step counts it.
    pub merged: Option<Fingerprint>,
}

/// Of these dates, those of which the ledger does not show what is wanted, or that were written since. Errors: they are
/// more than a window holds.
pub(crate) fn changed(
    rule: &Rule,
    dates: &[Day],
    standings: &Standings,
    wanted: &Wanted,
    entries: &[Entry],
) -> Result<Changed> {
    let proofs = |shows: Shows, definition: &Option<Fingerprint>| {
        definition.as_ref().map(|definition| shows.proofs(rule, definition, entries))
    };
    let clean = proofs(Shows::Clean, &wanted.clean);
    let merged = proofs(Shows::Merged, &wanted.merged);
    let mut books = Books::default();
    let mut left = Vec::new();
    for day in dates {
        let stamp = standings.table.stamp(rule, *day);
        let staged = standings.staging.as_ref().and_then(|staging| staging.stamp(rule, *day));
        let is_clean = |proven: &Proven| proven.proof.holds(stamp);
        let is_merged = |proven: &Proven| proven.proof.holds(stamp) && proven.staging == staged;
        let holds = clean.as_ref().is_none_or(|proofs| proofs.get(day).is_some_and(is_clean))
            && merged.as_ref().is_none_or(|proofs| proofs.get(day).is_some_and(is_merged));
        // Rows that belong to no partition may be of a date that has none.
        let may_be_outside = standings.has_outside() && stamp.is_none();
        if !holds || may_be_outside || standings.streamed.contains(day) {
            left.push(*day);
            books.table.extend(stamp.map(|stamp| (*day, stamp)));
            books.staging.extend(staged.map(|stamp| (*day, stamp)));
        }
    }
    let outside: u64 = standings.all().map(|standing| standing.outside).sum();
    let mut notes = Vec::new();
    if outside > 0 {
        notes.push(format!(
            "{}: {outside} rows belong to no partition yet, or to none at all; their dates are found once they do",
            rule.name,
        ));
    }
    let undivided = standings.all().any(|standing| standing.whole.is_some());
    if undivided && !rule.partition.is_whole() {
        notes.push(format!(
            "{}: {} is not partitioned by the rule's dates: a change of any date is one of all dates",
            rule.name,
            match standings.table.whole {
                Some(_) => rule.table.dotted(),
                None => "a staging table".to_owned(),
            }
        ));
    }
    let unchanged = dates.len() - left.len();
    let window = match left.is_empty() {
        true => None,
        false => Some(Window::of_days(left)?),
    };
    Ok(Changed { window, books, unchanged, notes })
}

/// The dates about which rows in the streaming buffer may decide before their partitions show it.
pub(crate) fn streamed(rule: &Rule, buffer: Buffer, now: Timestamp) -> BTreeSet<Day> {
    let Buffer::Since(oldest) = buffer else { return BTreeSet::new() };
    let partition = &rule.partition;
    if partition.is_whole() {
        return BTreeSet::from([Day::WHOLE]);
    }
    let reach = rule.across.map_or(0, |across| across.reach());
    let (before, after) = STREAMED_DAYS;
    let date = |at: Timestamp| jiff::tz::TimeZone::UTC.to_datetime(at).date();
    // Rows of an unknown time are at most a day in the buffer.
    let oldest = oldest.unwrap_or(now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now));
    let first = date(oldest).saturating_sub(before.days());
    let last = date(now).saturating_add(after.days());
    let days = Window::range(Day::from(first), Day::from(last));
    let days = days.map(|window| window.around(reach).days().to_vec()).unwrap_or_default();
    days.into_iter().map(|day| partition.period(day)).chain([Day::UNDATED]).collect()
}

#[cfg(test)]
mod tests;
