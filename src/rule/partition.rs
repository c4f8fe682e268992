//! How rows are assigned to dates: the partition column and its format.

mod filter;
mod local;
mod period;
mod read;

use super::{Numbers, Texts};
use crate::googlesql::{Fragment, Ident, SqlType, SqlValue, is_pseudo_column};
use crate::window::Day;

pub(super) use filter::any_of;
pub use local::LocalDays;
pub use period::Period;

/// How rows are assigned to dates.
#[derive(Debug, Clone)]
pub struct Partition {
    /// The column; `None` if the table is one group.
    column: Option<Ident>,
    /// The type and format of its values.
    pub cut: Cut,
    /// How many dates share a partition of the table, and therefore a statement.
    pub period: Period,
    /// The time zone of the dates; `None`: UTC.
    local: Option<LocalDays>,
}

/// The type and format of a partition column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A calendar date.
    Date,
    /// A date and time without zone; the calendar date is used.
    Datetime,
    /// An instant; the date in UTC is used, as in BigQuery's partitions.
    Timestamp,
    /// A number that encodes a date.
    Int64(Numbers),
    /// A text with a date. BigQuery does not partition tables by such a column.
    String(Texts),
    /// The suffix of the table's name: each date has its own table.
    Shards,
    /// None: the table is one group, and its rows have no dates.
    Whole,
}

impl Cut {
    /// The column's type; for a table without such a column, the type of a date.
    pub fn sql_type(self) -> SqlType {
        match self {
            Self::Date | Self::Shards | Self::Whole => SqlType::Date,
            Self::Datetime => SqlType::Datetime,
            Self::Timestamp => SqlType::Timestamp,
            Self::Int64(_) => SqlType::Int64,
            Self::String(_) => SqlType::String,
        }
    }

    /// Whether a date is a single value of the column.
    pub(crate) fn is_point(self) -> bool {
        match self {
            Self::Date => true,
            Self::Int64(numbers) => numbers != Numbers::Yyyymmddhh,
            Self::String(texts) => !texts.is_beginning(),
            Self::Datetime | Self::Timestamp | Self::Shards | Self::Whole => false,
        }
    }
}

impl Partition {
    /// A table with this partition column.
    pub fn by(column: Ident, cut: Cut) -> Self {
        Self { column: Some(column), cut, period: Period::Day, local: None }
    }

    /// A table that is one group.
    pub fn whole() -> Self {
        Self { column: None, cut: Cut::Whole, period: Period::Day, local: None }
    }

    /// Date-sharded tables.
    pub fn shards() -> Self {
        Self { column: None, cut: Cut::Shards, period: Period::Day, local: None }
    }

    /// The dates of the rows in a removal log.
    pub(crate) fn of_removal_log() -> Self {
        Self { column: Ident::of_sql("date"), cut: Cut::Date, period: Period::Day, local: None }
    }

    /// Whether each date has its own table.
    pub fn is_sharded(&self) -> bool {
        self.cut == Cut::Shards
    }

    /// Whether rows have no date column: all rows of a statement's table are one group.
    pub(crate) fn is_one_group(&self) -> bool {
        self.is_whole() || self.is_sharded()
    }

    /// The time zone of dates, if not UTC.
    pub(crate) fn local_days(&self) -> Option<&LocalDays> {
        self.local.as_ref()
    }

    /// The partition column; `None` if the table is one group.
    pub fn column(&self) -> Option<&Ident> {
        self.column.as_ref()
    }

    /// Whether the table is one group, whose rows have no dates.
    pub fn is_whole(&self) -> bool {
        self.cut == Cut::Whole
    }

    /// Why every statement reads the whole table, if it does: the rule's dates are not partitions.
    pub(crate) fn reads_all(&self) -> Option<&'static str> {
        match self.cut {
            Cut::Whole => Some("the rule has no dates"),
            Cut::String(_) => Some("no table is partitioned by dates that are texts"),
            _ => None,
        }
    }

    /// Whether the partition column has this name.
    pub(crate) fn is_by(&self, column: &str) -> bool {
        self.column.as_ref().is_some_and(|known| known.same_column(column))
    }

    /// The column as SQL; without one, NULL.
    fn named(&self) -> String {
        self.column.as_ref().map_or_else(|| "NULL".to_owned(), Ident::to_string)
    }

    /// Whether the table is ingestion-time partitioned, without a column for the time.
    /// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table>
    pub fn is_by_arrival(&self) -> bool {
        self.column.as_ref().is_some_and(|column| is_pseudo_column(column.as_str()))
    }

    /// The expression of a row's date; NULL for rows without one. It never fails. The time zone UTC is
    /// written explicitly: a project's default time zone would change `DATE(ts)`. Source:
    /// <https://cloud.google.com/bigquery/docs/default-configuration>
    pub fn date(&self) -> Fragment {
        let column = self.named();
        Fragment::trusted(match self.cut {
            Cut::Shards | Cut::Whole => "CAST(NULL AS DATE)".to_owned(),
            Cut::Int64(Numbers::Yyyymmddhh) => format!("DIV({column}, 100)"),
            Cut::Date | Cut::Int64(_) => column,
            Cut::Datetime => format!("DATE({column})"),
            Cut::Timestamp => {
                let zone = self.local.as_ref().map_or("UTC", LocalDays::name);
                format!("DATE({column}, '{zone}')")
            }
            Cut::String(texts) => texts.date(&column),
        })
    }

    /// The expression of a row's date in a window: the first of the dates that share a partition of the
    /// table.
    pub(crate) fn period_date(&self) -> Fragment {
        let date = self.date();
        self.period.of(self.cut, &date).unwrap_or(date)
    }

    /// The period's date as a DATE, as in the removal log.
    pub(crate) fn period_as_date(&self) -> Fragment {
        self.as_date(&self.period_date())
    }

    /// Converts a date in the partition's type to a DATE.
    pub(crate) fn as_date(&self, date: &Fragment) -> Fragment {
        match self.cut {
            Cut::Int64(numbers) => Fragment::trusted(numbers.as_date(date)),
            _ => date.clone(),
        }
    }

    /// The date of a removal log entry, in the partition's type.
    pub(crate) fn logged_period(&self) -> Fragment {
        Fragment::trusted(match self.cut {
            Cut::Int64(numbers) => numbers.of_date("date"),
            _ => "date".to_owned(),
        })
    }

    /// The day number of [`Partition::date`], to compute distances between dates; `None` if the column's
    /// values are not days.
    pub(crate) fn day_number(&self) -> Option<Fragment> {
        Some(match self.cut {
            Cut::Int64(Numbers::UnixDays) => Fragment::trusted(self.named()),
            Cut::Int64(_) | Cut::Shards | Cut::Whole => return None,
            Cut::String(texts) if !texts.is_of_days() => return None,
            _ => Fragment::trusted(format!("DATE_DIFF({}, DATE '1970-01-01', DAY)", self.date())),
        })
    }

    /// Whether the date is a column that `SELECT *` returns, so that readers can filter by it. True for rows
    /// without dates.
    pub(crate) fn is_date_column(&self) -> bool {
        match self.cut {
            Cut::String(_) => false,
            Cut::Shards | Cut::Whole => true,
            cut => cut.is_point() && !self.is_by_arrival(),
        }
    }

    /// The date of a value of [`Partition::date`]; `None` if it is not a date.
    pub(crate) fn day_of(&self, date: &SqlValue) -> Option<Day> {
        match (date, self.cut) {
            (SqlValue::Null, _) => Some(self.no_date()),
            (SqlValue::Date(date), _) => Some(Day::from(*date)),
            (SqlValue::Int64(number), Cut::Int64(numbers)) => {
                let numbers = match numbers {
                    Numbers::Yyyymmddhh => Numbers::Yyyymmdd,
                    others => others,
                };
                numbers.date(*number).map(Day::from)
            }
            _ => None,
        }
    }

    /// The group of rows whose date is NULL.
    pub(crate) fn no_date(&self) -> Day {
        if self.is_whole() { Day::WHOLE } else { Day::UNDATED }
    }

    /// The first date of the period: dates in the same month or year share one, if the format or the
    /// partitions are no finer.
    pub(crate) fn period(&self, day: Day) -> Day {
        if self.is_whole() {
            return Day::WHOLE;
        }
        let Some(date) = day.date() else { return day };
        let (date, day) = (self.period.first(date), Day::from(self.period.first(date)));
        match self.cut {
            Cut::Int64(numbers) => numbers.date(numbers.of(date).0).map_or(day, Day::from),
            Cut::String(texts) => Day::from(texts.first(date)),
            Cut::Date | Cut::Datetime | Cut::Timestamp | Cut::Shards | Cut::Whole => day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    fn filter(cut: Cut, days: &[&str]) -> String {
        let days = days.iter().map(|d| Day::parse(d).unwrap()).collect();
        by(cut).filter(&Window::of_days(days).unwrap()).to_string()
    }

    fn by(cut: Cut) -> Partition {
        Partition::by(Ident::parse("d").unwrap(), cut)
    }

    fn numbered(numbers: Numbers) -> Partition {
        by(Cut::Int64(numbers))
    }

    #[test]
    fn a_filter_compares_the_column_itself_with_constants() {
        use Cut::{Date, Datetime, Timestamp};
        let cases = [
            (Date, &["2026-01-28"][..], "d = DATE '2026-01-28'"),
            (
                Date,
                &["2026-01-28", "2026-01-29"],
                "d BETWEEN DATE '2026-01-28' AND DATE '2026-01-29'",
            ),
            (Date, &["2026-01-28", "2026-01-30"], "d IN (DATE '2026-01-28', DATE '2026-01-30')"),
            (
                Date,
                &["2026-01-28", "2026-01-29", "2026-02-01"],
                "((d BETWEEN DATE '2026-01-28' AND DATE '2026-01-29') OR (d = DATE '2026-02-01'))",
            ),
            (Cut::Int64(Numbers::Yyyymmdd), &["2026-01-28"], "d = 20260128"),
            (
                Timestamp,
                &["2026-01-28"],
                "d >= TIMESTAMP '2026-01-28 00:00:00+00' AND d < TIMESTAMP '2026-01-29 00:00:00+00'",
            ),
            (Datetime, &["9999-12-31"], "d >= DATETIME '9999-12-31 00:00:00'"),
            (Date, &["NULL"], "d IS NULL"),
            (Date, &["2026-01-28", "NULL"], "(d = DATE '2026-01-28' OR d IS NULL)"),
        ];
        for (cut, days, expected) in cases {
            assert_eq!(filter(cut, days), expected);
        }
    }

    #[test]
    fn a_number_means_what_the_rule_says() {
        let cases = [
            (Numbers::Yyyymmdd, 20260128, "d BETWEEN 20260128 AND 20260129"),
            (Numbers::Yyyymmddhh, 2026012823, "d BETWEEN 2026012800 AND 2026012923"),
            (Numbers::UnixDays, 20481, "d BETWEEN 20481 AND 20482"),
        ];
        let [first, last] = ["2026-01-28", "2026-01-29"].map(|day| Day::parse(day).unwrap());
        for (numbers, number, filter) in cases {
            assert_eq!(numbers.date(number).map(Day::from), Some(first), "{numbers:?}");
            let window = Window::range(first, last).unwrap();
            assert_eq!(numbered(numbers).filter(&window).as_str(), filter);
        }
        for (numbers, number, period, filter) in [
            (Numbers::Yyyymm, 202601, "2026-01-01", "d = 202601"),
            (Numbers::Yyyy, 2026, "2026-01-01", "d = 2026"),
        ] {
            let partition = numbered(numbers);
            assert_eq!(partition.period(last).to_string(), period);
            assert_eq!(partition.day_of(&SqlValue::Int64(number)), Some(partition.period(first)));
            assert_eq!(partition.filter(&Window::day(partition.period(last))).as_str(), filter);
        }
        assert_eq!(numbered(Numbers::Yyyymm).period(Day::UNDATED), Day::UNDATED);
    }

    #[test]
    fn a_number_that_is_no_date_is_none() {
        for number in [20260132, 20261301, 0, -20260128, 202601280, i64::MAX, i64::MIN] {
            assert_eq!(Numbers::Yyyymmdd.date(number), None, "{number}");
            assert_eq!(Numbers::Yyyymmddhh.date(number), None, "{number}");
        }
        assert_eq!(Numbers::Yyyymmddhh.date(2026012824), None);
        assert_eq!(Numbers::UnixDays.date(i64::MAX), None);
    }

    #[test]
    fn many_ranges_make_no_long_chain() {
        let first = Day::parse("2000-01-01").unwrap();
        let days = std::iter::successors(Some(first), |day| day.next()).take(15_000);
        let pairs = days.enumerate().filter(|(i, _)| i % 3 < 2).map(|(_, day)| day);
        let window = Window::of_days(pairs.collect()).unwrap();
        let filter = by(Cut::Date).filter(&window).to_string();
        assert_eq!(filter.matches(" BETWEEN ").count(), 5000);
        let tokens = crate::googlesql::tokens(&filter).unwrap();
        let parsed = crate::googlesql::parse(tokens, sqlparser::parser::Parser::parse_expr);
        assert!(parsed.is_ok(), "no chain is too long");
    }
}
