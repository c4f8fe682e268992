//! The number of dates in one partition of the table, which share one statement.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::Numbers;
use super::Cut;
use crate::googlesql::Fragment;

/// What the table is partitioned by, where that is more than a date. A date of the rule stands for all of these.
/// Source: <https://cloud.google.com/bigquery/docs/partitioned-tables#select_daily_hourly_monthly_or_yearly_partitioning>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Period {
    /// One date, or less.
    #[default]
    Day,
    /// The dates of a month.
    Month,
    /// The dates of a year.
    Year,
}

impl Period {
    /// The word in the rule file.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }

    /// The first date of this date's period.
    pub(crate) fn first(self, date: Date) -> Date {
        match self {
            Self::Day => date,
            Self::Month => date.first_of_month(),
            Self::Year => date.first_of_year(),
        }
    }

    /// The last date of this date's period.
    pub(crate) fn last(self, date: Date) -> Date {
        match self {
            Self::Day => date,
            Self::Month => date.last_of_month(),
            Self::Year => date.last_of_year(),
        }
    }

    /// The first date as an expression over a date of the partition's type. `None` if the column's values
    /// cannot be combined into dates.
    pub(crate) fn of(self, cut: Cut, date: &Fragment) -> Option<Fragment> {
        let text = match (self, cut) {
            (Self::Day, _) => return Some(date.clone()),
            (_, Cut::Date | Cut::Datetime | Cut::Timestamp) => {
                format!("DATE_TRUNC({date}, {})", self.as_str())
            }
            (Self::Month, Cut::Int64(Numbers::Yyyymmdd | Numbers::Yyyymmddhh)) => {
                format!("DIV({date}, 100) * 100 + 1")
            }
            (Self::Year, Cut::Int64(Numbers::Yyyymmdd | Numbers::Yyyymmddhh)) => {
                format!("DIV({date}, 10000) * 10000 + 101")
            }
            (_, Cut::Int64(_) | Cut::String(_) | Cut::Shards | Cut::Whole) => return None,
        };
        Some(Fragment::trusted(text))
    }

    /// Ranges of dates, each widened to whole periods and merged where they touch.
    pub(crate) fn widened(self, runs: Vec<(Date, Date)>) -> Vec<(Date, Date)> {
        let mut all: Vec<(Date, Date)> = Vec::new();
        for (first, last) in runs {
            let (first, last) = (self.first(first), self.last(last));
            match all.last_mut() {
                Some(known) if first <= known.1.saturating_add(1.day()) => {
                    known.1 = known.1.max(last);
                }
                _ => all.push((first, last)),
            }
        }
        all
    }
}
