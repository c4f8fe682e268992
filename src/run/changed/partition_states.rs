//! The state of tables' partitions, by the dates of a rule.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::partitions::{PartitionId, PartitionState, Stamp, Stamps};
use crate::rule::{Cut, Rule};
use crate::warehouse::{Buffer, Description};
use crate::window::{Day, Window};

/// Rows streamed with a date up to this many days ago, or ahead, go to their partition's own buffer, which no
/// metadata shows until they have left it.
/// Source: <https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery#stream_into_time-partitioned_tables>
const STREAMED_DAYS: (i64, i64) = (8, 4);

/// The most numbers of a partition that are examined one by one.
const LONGEST_RANGE: i64 = 1_000_000;

/// The state of a table's partitions, by the dates of a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartitionStates {
    /// The state of each date that has a partition.
    pub(super) days: Stamps,
    /// The state of the whole table, if it is not partitioned by the rule's dates.
    pub(super) whole: Option<Stamp>,
    /// The number of rows outside partitions.
    pub(super) outside: u64,
}

impl PartitionStates {
    /// The state of these partitions, by the rule's dates. If the table is partitioned by another column,
    /// only the whole table's state is known.
    pub fn of(rule: &Rule, table: &Description, partitions: &[PartitionState]) -> Self {
        let partition = &rule.partition;
        let by = table.partition.as_deref();
        let is_by_dates = by.is_none_or(|column| partition.is_by(column)) && !partition.is_whole();
        let mut by_date = Self::default();
        for PartitionState { id, stamp } in partitions {
            let days = match id {
                PartitionId::Outside => {
                    by_date.outside += stamp.rows.unwrap_or(0);
                    continue;
                }
                _ if !is_by_dates => None,
                PartitionId::Table => None,
                PartitionId::Null => Some(vec![Day::UNDATED]),
                PartitionId::Day(day) => Some(vec![*day]),
                PartitionId::Named(name) => days_of(rule, table, name),
            };
            let Some(days) = days else {
                let whole = by_date.whole.map_or(*stamp, |known| known.with(*stamp));
                by_date.whole = Some(whole);
                continue;
            };
            for day in days {
                let known = by_date.days.entry(partition.period(day));
                known.and_modify(|known| *known = known.with(*stamp)).or_insert(*stamp);
            }
        }
        by_date
    }

    /// The combined state of both tables.
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

    /// The state of date-sharded tables.
    pub fn of_days(days: Stamps) -> Self {
        Self { days, whole: None, outside: 0 }
    }

    /// The dates that have a partition; `None` if the partitions are not dates.
    pub fn dates(&self) -> Option<Vec<Day>> {
        match self.whole {
            Some(_) => None,
            None => Some(self.days.keys().copied().collect()),
        }
    }

    /// Whether the streaming buffer may have rows of any date that no partition's metadata shows yet.
    pub fn hides_streamed(&self, rule: &Rule) -> bool {
        self.whole.is_some() || matches!(rule.partition.cut, Cut::Int64(_))
    }

    /// Whether there are rows outside partitions.
    pub fn has_outside(&self) -> bool {
        self.outside > 0
    }

    /// The state of these dates.
    pub fn stamps(&self, rule: &Rule, days: &[Day]) -> Stamps {
        days.iter().filter_map(|day| Some((*day, self.stamp(rule, *day)?))).collect()
    }

    /// The state of a date, including the neighbouring dates that affect its rows; `None` if it has no rows.
    pub(super) fn stamp(&self, rule: &Rule, day: Day) -> Option<Stamp> {
        let reach = rule.across.map_or(0, |across| across.reach());
        let around = Window::day(day).around(reach);
        let around = around.days().iter().filter_map(|day| self.days.get(day)).copied();
        self.whole.into_iter().chain(around).reduce(Stamp::with)
    }
}

/// The dates of the rule that may have rows in a partition of BigQuery; `None` if its id is not a date.
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
    // A day of another zone spans two partitions.
    let around = if partition.local_days().is_some() { 1 } else { 0 };
    Some(days.around(around).days().to_vec())
}

/// The state of the partitions of a rule's tables.
#[derive(Debug, Clone, Default)]
pub(crate) struct TablesPartitions {
    /// Its table's state.
    pub table: PartitionStates,
    /// Its staging tables' state, if staged rows matter.
    pub staging: Option<PartitionStates>,
    /// The dates that rows in a streaming buffer may affect.
    pub streamed: BTreeSet<Day>,
}

impl TablesPartitions {
    /// The dates that have a partition in one of the tables; `None` if the partitions of one are not dates.
    pub fn dates(&self) -> Option<BTreeSet<Day>> {
        let mut dates = BTreeSet::new();
        for by_date in self.all() {
            dates.extend(by_date.dates()?);
        }
        Some(dates)
    }

    /// Whether there are rows outside partitions.
    pub fn has_outside(&self) -> bool {
        self.all().any(PartitionStates::has_outside)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &PartitionStates> {
        std::iter::once(&self.table).chain(&self.staging)
    }
}

/// The dates that rows in the streaming buffer may affect before their partitions show it.
pub(crate) fn streamed(rule: &Rule, buffer: Buffer, now: Timestamp) -> BTreeSet<Day> {
    let Buffer::Since(oldest) = buffer else { return BTreeSet::new() };
    let partition = &rule.partition;
    if partition.is_whole() {
        return BTreeSet::from([Day::WHOLE]);
    }
    let reach = rule.across.map_or(0, |across| across.reach());
    let (before, after) = STREAMED_DAYS;
    let date = |at: Timestamp| jiff::tz::TimeZone::UTC.to_datetime(at).date();
    // Rows without a known time are in the buffer for at most a day.
    let oldest = oldest.unwrap_or(now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now));
    let first = date(oldest).saturating_sub(before.days());
    let last = date(now).saturating_add(after.days());
    let days = Window::range(Day::from(first), Day::from(last));
    let days = days.map(|window| window.around(reach).days().to_vec()).unwrap_or_default();
    days.into_iter().map(|day| partition.period(day)).chain([Day::UNDATED]).collect()
}
