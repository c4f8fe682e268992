//! How a table is cut into dates: the partition column, what it says of the date, and the predicate that
//! confines a statement to the dates of a window.

use jiff::civil::Date;

use crate::googlesql::{Fragment, Ident, SqlType, SqlValue, is_pseudo_column};
use crate::window::{Day, Window};

/// The partition column and how it writes a date.
#[derive(Debug, Clone)]
pub struct Partition {
    /// The column.
    pub column: Ident,
    /// Its type.
    pub kind: PartitionType,
    /// What its numbers say, where it is an INT64.
    pub numbers: Numbers,
}

/// The type of a partition column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PartitionType {
    /// A calendar date.
    #[default]
    Date,
    /// A date and time without zone; its calendar date counts.
    Datetime,
    /// An instant; its date in UTC counts, as BigQuery cuts its partitions.
    Timestamp,
    /// A number; see [`Numbers`].
    Int64,
}

impl PartitionType {
    /// The column type that goes with it.
    pub fn sql_type(self) -> SqlType {
        match self {
            Self::Date => SqlType::Date,
            Self::Datetime => SqlType::Datetime,
            Self::Timestamp => SqlType::Timestamp,
            Self::Int64 => SqlType::Int64,
        }
    }
}

/// What the numbers of an INT64 partition column say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// The date: 20260128.
    #[default]
    Yyyymmdd,
    /// The date and the hour: 2026012807. All hours of a date are one date.
    Yyyymmddhh,
    /// The month: 202601. The date of its rows is the first of the month.
    Yyyymm,
    /// The year: 2026. The date of its rows is the first of January.
    Yyyy,
    /// Days since 1970-01-01: 20481.
    UnixDays,
}

impl Numbers {
    /// The way as the rule file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yyyymmdd => "yyyymmdd",
            Self::Yyyymmddhh => "yyyymmddhh",
            Self::Yyyymm => "yyyymm",
            Self::Yyyy => "yyyy",
            Self::UnixDays => "unix_days",
        }
    }

    /// The first and the last number of a date's period.
    pub(crate) fn of(self, date: Date) -> (i64, i64) {
        let [year, month, day] = [date.year().into(), date.month().into(), date.day().into()];
        let yyyymm: i64 = year * 100 + month;
        let yyyymmdd = yyyymm * 100 + day;
        match self {
            Self::Yyyymmdd => (yyyymmdd, yyyymmdd),
            Self::Yyyymmddhh => (yyyymmdd * 100, yyyymmdd * 100 + 23),
            Self::Yyyymm => (yyyymm, yyyymm),
            Self::Yyyy => (year, year),
            Self::UnixDays => {
                let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
                (days, days)
            }
        }
    }

    /// The first date of the period that a number of the column means; `None` for a number that means none.
    pub(crate) fn date(self, number: i64) -> Option<Date> {
        let ymd = |year: i64, month: i64, day: i64| {
            let year = i16::try_from(year).ok().filter(|year| *year >= 1)?;
            Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        };
        match self {
            Self::Yyyymmdd => ymd(number / 10_000, number / 100 % 100, number % 100),
            Self::Yyyymmddhh => {
                (0..24).contains(&(number % 100)).then_some(())?;
                Self::Yyyymmdd.date(number / 100)
            }
            Self::Yyyymm => ymd(number / 100, number % 100, 1),
            Self::Yyyy => ymd(number, 1, 1),
            Self::UnixDays => {
                let days = jiff::Span::new().try_days(number).ok()?;
                let date = Date::constant(1970, 1, 1).checked_add(days).ok()?;
                (date.year() >= 1).then_some(date)
            }
        }
    }
}

impl Partition {
    /// Whether rows are cut by the time of their arrival, which no column of the table holds.
    /// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table>
    pub fn is_by_arrival(&self) -> bool {
        is_pseudo_column(self.column.as_str())
    }

    /// The expression that says which date a row belongs to. An instant's date is that of UTC, said
    /// outright: a project's default time zone would change what `DATE(ts)` means.
    /// Source: <https://cloud.google.com/bigquery/docs/default-configuration>
    pub fn date(&self) -> Fragment {
        let column = &self.column;
        Fragment::vouched(match (self.kind, self.numbers) {
            (PartitionType::Int64, Numbers::Yyyymmddhh) => format!("DIV({column}, 100)"),
            (PartitionType::Date | PartitionType::Int64, _) => column.to_string(),
            (PartitionType::Datetime, _) => format!("DATE({column})"),
            (PartitionType::Timestamp, _) => format!("DATE({column}, 'UTC')"),
        })
    }

    /// The number of the day of [`Partition::date`], by which dates can be told to be so many days apart;
    /// `None` where the column's values are no days.
    pub(crate) fn day_number(&self) -> Option<Fragment> {
        Some(match (self.kind, self.numbers) {
            (PartitionType::Int64, Numbers::UnixDays) => Fragment::vouched(self.column.to_string()),
            (PartitionType::Int64, _) => return None,
            _ => Fragment::vouched(format!("DATE_DIFF({}, DATE '1970-01-01', DAY)", self.date())),
        })
    }

    /// Whether a date is a value of a column that `SELECT *` has, so that who reads the rows can filter by it.
    pub(crate) fn is_date_column(&self) -> bool {
        self.is_point() && !self.is_by_arrival()
    }

    /// The date that a value of [`Partition::date`] says; `None` for one that is no date.
    pub(crate) fn day_of(&self, date: &SqlValue) -> Option<Day> {
        match date {
            SqlValue::Null => Some(Day::UNDATED),
            SqlValue::Date(date) => Some(Day::from(*date)),
            SqlValue::Int64(number) => {
                let numbers = match self.numbers {
                    Numbers::Yyyymmddhh => Numbers::Yyyymmdd,
                    others => others,
                };
                numbers.date(*number).map(Day::from)
            }
            _ => None,
        }
    }

    /// The date that stands for all the dates of the same month or year, where the column says no more.
    pub(crate) fn period(&self, day: Day) -> Day {
        match (self.kind, day.date()) {
            (PartitionType::Int64, Some(date)) => {
                self.numbers.date(self.numbers.of(date).0).map_or(day, Day::from)
            }
            _ => day,
        }
    }

    /// The predicate that holds for the rows of these dates and no others. It compares the
    /// column itself with constants, so that BigQuery reads only the partitions it names.
    /// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#best_practices_for_partition_pruning>
    pub fn filter(&self, window: &Window) -> Fragment {
        let undated = window.has_undated().then(|| format!("{} IS NULL", self.column));
        let runs = window.runs().into_iter();
        let runs: Vec<(Date, Date)> =
            runs.filter_map(|(first, last)| Some((first.date()?, last.date()?))).collect();
        let dated = (!runs.is_empty()).then(|| self.dated(&runs));
        Fragment::vouched(match (undated, dated) {
            (Some(undated), Some(dated)) => format!("({dated} OR {undated})"),
            (undated, dated) => undated.or(dated).unwrap_or_default(),
        })
    }

    fn dated(&self, runs: &[(Date, Date)]) -> String {
        let is_point = |(first, last): &(Date, Date)| first == last && self.is_point();
        match runs {
            [run] => self.run_filter(*run),
            runs if runs.iter().all(is_point) => {
                let days: Vec<String> = runs.iter().map(|(day, _)| self.start(*day)).collect();
                format!("{} IN ({})", self.column, days.join(", "))
            }
            runs => {
                let runs: Vec<String> =
                    runs.iter().map(|run| format!("({})", self.run_filter(*run))).collect();
                any_of(&runs)
            }
        }
    }

    /// Whether a date is one value of the column.
    fn is_point(&self) -> bool {
        match self.kind {
            PartitionType::Date => true,
            PartitionType::Int64 => self.numbers != Numbers::Yyyymmddhh,
            PartitionType::Datetime | PartitionType::Timestamp => false,
        }
    }

    fn run_filter(&self, (first, last): (Date, Date)) -> String {
        let column = &self.column;
        match self.kind {
            PartitionType::Date | PartitionType::Int64 if first == last && self.is_point() => {
                format!("{column} = {}", self.start(first))
            }
            PartitionType::Date => {
                format!("{column} BETWEEN {} AND {}", self.start(first), self.start(last))
            }
            PartitionType::Int64 => {
                let (from, to) = (self.numbers.of(first).0, self.numbers.of(last).1);
                format!("{column} BETWEEN {from} AND {to}")
            }
            PartitionType::Datetime | PartitionType::Timestamp => match last.tomorrow() {
                Ok(end) => {
                    let (from, to) = (self.start(first), self.start(end));
                    format!("{column} >= {from} AND {column} < {to}")
                }
                Err(_) => format!("{column} >= {}", self.start(first)),
            },
        }
    }

    /// The start of the day as a literal of the column's type.
    fn start(&self, day: Date) -> String {
        match self.kind {
            PartitionType::Date => format!("DATE '{day}'"),
            PartitionType::Int64 => self.numbers.of(day).0.to_string(),
            PartitionType::Datetime => format!("DATETIME '{day} 00:00:00'"),
            PartitionType::Timestamp => format!("TIMESTAMP '{day} 00:00:00+00'"),
        }
    }
}

/// The conditions with OR between. Many are put in brackets of so many: a chain of ORs is a tree as
/// deep as it is long, and engines take no tree of any depth.
fn any_of(conditions: &[String]) -> String {
    const CHAIN: usize = 100;
    if conditions.len() <= CHAIN {
        return format!("({})", conditions.join(" OR "));
    }
    let groups: Vec<String> = conditions.chunks(CHAIN).map(any_of).collect();
    format!("({})", groups.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(kind: PartitionType, days: &[&str]) -> String {
        let days = days.iter().map(|d| Day::parse(d).unwrap()).collect();
        let partition = Partition { kind, ..numbered(Numbers::Yyyymmdd) };
        partition.filter(&Window::of_days(days).unwrap()).to_string()
    }

    fn numbered(numbers: Numbers) -> Partition {
        Partition { column: Ident::parse("d").unwrap(), kind: PartitionType::Int64, numbers }
    }

    #[test]
    fn a_filter_compares_the_column_itself_with_constants() {
        use PartitionType::*;
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
            (Int64, &["2026-01-28"], "d = 20260128"),
            (
                Timestamp,
                &["2026-01-28"],
                "d >= TIMESTAMP '2026-01-28 00:00:00+00' AND d < TIMESTAMP '2026-01-29 00:00:00+00'",
            ),
            (Datetime, &["9999-12-31"], "d >= DATETIME '9999-12-31 00:00:00'"),
            (Date, &["NULL"], "d IS NULL"),
            (Date, &["2026-01-28", "NULL"], "(d = DATE '2026-01-28' OR d IS NULL)"),
        ];
        for (kind, days, expected) in cases {
            assert_eq!(filter(kind, days), expected);
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
        let partition = Partition { kind: PartitionType::Date, ..numbered(Numbers::Yyyymmdd) };
        let filter = partition.filter(&window).to_string();
        assert_eq!(filter.matches(" BETWEEN ").count(), 5000);
        let tokens = crate::googlesql::tokens(&filter).unwrap();
        let parsed = crate::googlesql::parse(tokens, sqlparser::parser::Parser::parse_expr);
        assert!(parsed.is_ok(), "no chain is too long");
    }
}
