//! Dates and date keywords: the partition dates of a command.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlValue, strict_date};

/// The most dates in one window, which is BigQuery's limit of partitions in a table.
/// Source: <https://cloud.google.com/bigquery/quotas#partitioned_tables>
pub const MAX_DAYS: usize = 10_000;

/// The date of a partition, between 0001-01-01 and 9999-12-31; or none, for rows whose partition column is
/// NULL, which BigQuery stores in a separate partition; or all rows, if a rule has no dates.
/// Source: <https://cloud.google.com/bigquery/docs/partitioned-tables#date_timestamp_partitioned_tables>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Group);

/// The rows of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Group {
    Undated,
    Dated(Date),
    Whole,
}

impl Day {
    /// The rows without a date.
    pub const UNDATED: Self = Self(Group::Undated);
    /// All rows of a table whose rule has no dates.
    pub const WHOLE: Self = Self(Group::Whole);

    /// Parses `YYYY-MM-DD`, `NULL` for the rows without a date, or `all` for a table without dates.
    ///
    /// # Errors
    /// The text has none of these forms.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "NULL" => return Ok(Self::UNDATED),
            "all" => return Ok(Self::WHOLE),
            _ => {}
        }
        strict_date(text).map(Self::from).ok_or_else(|| {
            let message = format!("`{}` is not a date", text.escape_debug());
            Error::new(Kind::Dates, message).help("write a date that exists, as YYYY-MM-DD")
        })
    }

    /// The day as a calendar date; `None` for the rows without one, and for a whole table.
    pub fn date(self) -> Option<Date> {
        match self.0 {
            Group::Dated(date) => Some(date),
            Group::Undated | Group::Whole => None,
        }
    }

    /// The next day; `None` for 9999-12-31 and for no date.
    pub fn next(self) -> Option<Self> {
        self.date()?.tomorrow().ok().map(Self::from)
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(Group::Dated(date))
    }
}

impl TryFrom<String> for Day {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl From<Day> for SqlValue {
    fn from(day: Day) -> Self {
        day.date().map_or(Self::Null, Self::Date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Group::Dated(date) => fmt::Display::fmt(&date, f),
            Group::Undated => f.pad("NULL"),
            Group::Whole => f.pad("all"),
        }
    }
}

/// A date as given by a user, not yet resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayArg {
    /// The current date in the rule's time zone.
    Today,
    /// The date before the current one.
    Yesterday,
    /// This date.
    On(Day),
}

impl DayArg {
    /// Refuses `all`, which is not a date.
    fn on(day: Day) -> Result<Self> {
        match day {
            Day::WHOLE => Err(Error::new(Kind::Dates, "`all` is not a date")),
            day => Ok(Self::On(day)),
        }
    }

    fn resolve(self, today: Date) -> Result<Day> {
        match self {
            Self::Today => Ok(Day::from(today)),
            Self::Yesterday => days_before(today, 1),
            Self::On(day) => Ok(day),
        }
    }
}

impl FromStr for DayArg {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "TODAY" => Ok(Self::Today),
            "YESTERDAY" => Ok(Self::Yesterday),
            _ => Day::parse(text).and_then(Self::on).map_err(|_| {
                let message = format!("`{}` is not a date", text.escape_debug());
                Error::new(Kind::Dates, message)
                    .help("write a date that exists as YYYY-MM-DD, or TODAY, YESTERDAY, or NULL for the rows without a date")
            }),
        }
    }
}

/// The dates of a command as given by a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowArg {
    /// These dates.
    Dates(Vec<DayArg>),
    /// All dates from the first to the last, both included.
    Range(DayArg, DayArg),
    /// All dates from this one up to and including yesterday.
    Since(DayArg),
    /// This many dates up to and including yesterday.
    Last(u32),
}

impl WindowArg {
    /// Resolves the dates at the instant `now` in `zone`.
    ///
    /// # Errors
    /// A range ends before it starts, there are no dates, or more than [`MAX_DAYS`].
    pub fn resolve(&self, now: Timestamp, zone: &TimeZone) -> Result<Window> {
        let today = zone.to_datetime(now).date();
        match self {
            Self::Dates(dates) => {
                Window::of_days(dates.iter().map(|d| d.resolve(today)).collect::<Result<_>>()?)
            }
            Self::Range(from, to) => Window::range(from.resolve(today)?, to.resolve(today)?),
            Self::Since(from) => {
                let (from, yesterday) = (from.resolve(today)?, days_before(today, 1)?);
                match from.date() > yesterday.date() {
                    true => Err(Error::new(
                        Kind::Dates,
                        format!(
                            "--from {from} is after yesterday, {yesterday}, which ends the range"
                        ),
                    )
                    .help("say the last date with --to, or name the date with --date")),
                    false => Window::range(from, yesterday),
                }
            }
            Self::Last(0) => Err(Error::new(Kind::Dates, "--last 0 is no dates: N is 1 or more")),
            Self::Last(count) => Window::range(days_before(today, *count)?, days_before(today, 1)?),
        }
    }
}

fn days_before(today: Date, count: u32) -> Result<Day> {
    if count as usize > MAX_DAYS {
        return Err(too_long(count as usize));
    }
    let days = SignedDuration::from_hours(24 * i64::from(count));
    today.checked_sub(days).ok().filter(|date| date.year() >= 1).map(Day::from).ok_or_else(|| {
        Error::new(Kind::Dates, format!("{count} days before {today} is before the year 1"))
    })
}

/// The dates of one command: at least one, unique and sorted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window(Vec<Day>);

impl Window {
    /// One date.
    pub fn day(day: Day) -> Self {
        Self(vec![day])
    }

    /// All rows of a table whose rule has no dates.
    pub fn whole() -> Self {
        Self::day(Day::WHOLE)
    }

    /// These dates, in any order.
    ///
    /// # Errors
    /// There are no dates, or more than [`MAX_DAYS`].
    pub fn of_days(mut days: Vec<Day>) -> Result<Self> {
        days.sort_unstable();
        days.dedup();
        if days.is_empty() {
            return Err(Error::new(Kind::Dates, "no dates given"));
        }
        if days.len() > MAX_DAYS {
            return Err(too_long(days.len()));
        }
        Ok(Self(days))
    }

    /// Some of the dates of a window, sorted; at least one.
    pub(crate) fn of_some(days: &[Day]) -> Self {
        Self(days.to_vec())
    }

    /// All dates from the first to the last, both included.
    ///
    /// # Errors
    /// `to` is before `from`, there are more than [`MAX_DAYS`], or one of them is NULL.
    pub fn range(from: Day, to: Day) -> Result<Self> {
        let (Some(first), Some(last)) = (from.date(), to.date()) else {
            return Err(Error::new(Kind::Dates, "NULL cannot be the end of a range")
                .help("use --date NULL for the rows without a date"));
        };
        if last < first {
            return Err(Error::new(Kind::Dates, format!("--from {from} is after --to {to}"))
                .help("swap the two dates"));
        }
        let count = days_between(first, last) + 1;
        if count > MAX_DAYS {
            return Err(too_long(count));
        }
        let days = std::iter::successors(Some(from), |day| day.next());
        Ok(Self(days.take(count).collect()))
    }

    /// The dates, in order.
    pub fn days(&self) -> &[Day] {
        &self.0
    }

    /// The first date.
    pub fn first(&self) -> Day {
        self.0[0]
    }

    /// The date, if there is exactly one.
    pub fn only(&self) -> Option<Day> {
        (self.0.len() == 1).then(|| self.first())
    }

    /// Whether these are all the dates from the first to the last.
    pub fn is_range(&self) -> bool {
        match (self.first().date(), self.last().date()) {
            (Some(first), Some(last)) => days_between(first, last) + 1 == self.0.len(),
            _ => false,
        }
    }

    /// Whether the window includes the rows without a date.
    pub fn has_undated(&self) -> bool {
        self.contains(Day::UNDATED)
    }

    /// The same dates and the rows without one; a whole table stays the same.
    #[must_use]
    pub fn with_undated(&self) -> Self {
        match self.has_undated() || self.first() == Day::WHOLE {
            true => self.clone(),
            false => Self([&[Day::UNDATED], self.0.as_slice()].concat()),
        }
    }

    /// The dates, with this many before and after each; the rows without a date stay alone.
    #[must_use]
    pub(crate) fn around(&self, days: u16) -> Self {
        let reach = SignedDuration::from_hours(24 * i64::from(days));
        let mut all = Vec::new();
        for (first, last) in self.runs() {
            let (Some(from), Some(to)) = (first.date(), last.date()) else {
                all.push(first);
                continue;
            };
            // Dates beyond the end of the calendar are omitted.
            let from = from.saturating_sub(reach).max(Date::constant(1, 1, 1));
            let to = Day::from(to.saturating_add(reach));
            let days = std::iter::successors(Some(Day::from(from)), |day| day.next());
            all.extend(days.take_while(|day| *day <= to));
        }
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// The last date.
    pub fn last(&self) -> Day {
        self.0[self.0.len() - 1]
    }

    /// Whether the date belongs to the window.
    pub fn contains(&self, day: Day) -> bool {
        self.0.binary_search(&day).is_ok()
    }

    /// The window as ranges of consecutive dates, each with its first and last date.
    pub fn runs(&self) -> Vec<(Day, Day)> {
        let mut runs: Vec<(Day, Day)> = Vec::new();
        for &day in &self.0 {
            match runs.last_mut() {
                Some((_, last)) if last.next() == Some(day) => *last = day,
                _ => runs.push((day, day)),
            }
        }
        runs
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.runs().into_iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            match first == last {
                true => write!(f, "{first}")?,
                false => write!(f, "{first} to {last}")?,
            }
        }
        Ok(())
    }
}

fn days_between(first: Date, last: Date) -> usize {
    usize::try_from((last - first).get_days()).unwrap_or(0)
}

fn too_long(count: usize) -> Error {
    Error::new(Kind::Dates, format!("{count} dates are too many for one command"))
        .help(format!("a window holds at most {MAX_DAYS} dates, BigQuery's limit of partitions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn at(text: &str, zone: &str) -> (Timestamp, TimeZone) {
        (text.parse().unwrap(), TimeZone::get(zone).unwrap())
    }

    #[test]
    fn yesterday_is_the_day_before_in_the_rules_time_zone() {
        let (now, new_york) = at("2026-01-31T03:00:00Z", "America/New_York");
        let yesterday = WindowArg::Dates(vec![DayArg::Yesterday]);
        assert_eq!(yesterday.resolve(now, &new_york).unwrap().to_string(), "2026-01-29");
        assert_eq!(yesterday.resolve(now, &TimeZone::UTC).unwrap().to_string(), "2026-01-30");
    }

    #[test]
    fn the_last_dates_end_with_yesterday() {
        let (now, utc) = at("2026-03-02T00:00:00Z", "UTC");
        let window = WindowArg::Last(3).resolve(now, &utc).unwrap();
        assert_eq!(window.to_string(), "2026-02-27 to 2026-03-01");
    }

    #[test]
    fn the_last_zero_dates_are_refused() {
        let (now, utc) = at("2026-03-02T00:00:00Z", "UTC");
        assert!(WindowArg::Last(0).resolve(now, &utc).is_err());
        assert!(WindowArg::Last(u32::MAX).resolve(now, &utc).is_err());
    }

    #[test]
    fn a_list_is_sorted_and_holds_each_date_once() {
        let days = ["2026-01-30", "2026-01-20", "2026-01-21", "2026-01-30"].map(day).to_vec();
        let window = Window::of_days(days).unwrap();
        assert_eq!(window.to_string(), "2026-01-20 to 2026-01-21, 2026-01-30");
    }

    #[test]
    fn a_range_is_neither_backwards_nor_endless() {
        assert!(Window::range(day("2026-01-02"), day("2026-01-01")).is_err());
        assert!(Window::range(day("0001-01-01"), day("9999-12-31")).is_err());
        let last = Window::range(day("9999-12-30"), day("9999-12-31")).unwrap();
        assert_eq!(last.days().len(), 2);
    }

    #[test]
    fn what_is_around_dates_holds_each_date_once_and_ends_with_the_calendar() {
        let days = ["NULL", "2026-01-01", "2026-01-03", "2026-01-20"].map(day).to_vec();
        let around = Window::of_days(days).unwrap().around(2);
        assert_eq!(around.to_string(), "NULL, 2025-12-30 to 2026-01-05, 2026-01-18 to 2026-01-22");
        assert_eq!(
            Window::day(day("0001-01-01")).around(1).to_string(),
            "0001-01-01 to 0001-01-02"
        );
        assert_eq!(Window::day(day("9999-12-31")).around(1).first(), day("9999-12-30"));
        assert_eq!(Window::day(day("2026-01-28")).around(0), Window::day(day("2026-01-28")));
    }

    #[test]
    fn a_whole_table_has_no_dates_and_is_named_by_none() {
        let whole = Window::whole();
        assert_eq!((whole.to_string().as_str(), whole.first().date()), ("all", None));
        assert_eq!((whole.with_undated(), whole.around(2)), (whole.clone(), whole.clone()));
        assert!(!whole.has_undated() && !whole.is_range());
        assert_eq!(day("all"), Day::WHOLE);
        assert!("all".parse::<DayArg>().is_err(), "no date of a command");
    }

    #[test]
    fn rows_without_a_date_are_a_day_of_their_own_and_no_part_of_a_range() {
        let window =
            Window::of_days([Day::UNDATED, day("2026-01-28"), day("NULL")].to_vec()).unwrap();
        assert_eq!(window.to_string(), "NULL, 2026-01-28");
        assert!(window.has_undated() && !window.is_range());
        assert_eq!(Window::day(day("2026-01-28")).with_undated(), window);
        assert!(Window::range(Day::UNDATED, day("2026-01-28")).is_err());
        assert!(Window::range(day("2026-01-28"), Day::UNDATED).is_err());
    }
}
