//! The predicate that restricts a statement to the dates of a window.

use jiff::civil::Date;

use super::{Cut, LocalDays, Partition};
use crate::googlesql::{Fragment, SqlValue};
use crate::window::Window;

impl Partition {
    /// The predicate for rows without a date: NULL, and texts that are not dates.
    fn undated(&self) -> String {
        match self.cut {
            Cut::String(_) => format!("{} IS NULL", self.date()),
            _ => format!("{} IS NULL", self.named()),
        }
    }

    /// The predicate for exactly the rows of these dates. It compares the column itself with constants, so
    /// that BigQuery prunes partitions.
    /// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#best_practices_for_partition_pruning>
    pub fn filter(&self, window: &Window) -> Fragment {
        if self.is_whole() {
            return Fragment::trusted("TRUE");
        }
        let undated = window.has_undated().then(|| self.undated());
        let runs = window.runs().into_iter();
        let runs: Vec<(Date, Date)> =
            runs.filter_map(|(first, last)| Some((first.date()?, last.date()?))).collect();
        let runs = self.period.widened(runs);
        let dated = (!runs.is_empty()).then(|| self.dated(&runs));
        Fragment::trusted(match (undated, dated) {
            (Some(undated), Some(dated)) => format!("({dated} OR {undated})"),
            (undated, dated) => undated.or(dated).unwrap_or_default(),
        })
    }

    fn dated(&self, runs: &[(Date, Date)]) -> String {
        if let Cut::String(texts) = self.cut {
            return texts.filter(&self.named(), runs);
        }
        let is_point = |(first, last): &(Date, Date)| first == last && self.cut.is_point();
        match runs {
            [run] => self.run_filter(*run),
            runs if runs.iter().all(is_point) => {
                let days: Vec<String> = runs.iter().map(|(day, _)| self.start(*day)).collect();
                format!("{} IN ({})", self.named(), days.join(", "))
            }
            runs => {
                let runs: Vec<String> =
                    runs.iter().map(|run| format!("({})", self.run_filter(*run))).collect();
                any_of(&runs)
            }
        }
    }

    fn run_filter(&self, (first, last): (Date, Date)) -> String {
        let column = self.named();
        if let Some(local) = &self.local {
            return self.local_filter(local, (first, last));
        }
        match self.cut {
            Cut::Shards | Cut::Whole => "TRUE".to_owned(),
            Cut::Date | Cut::Int64(_) if first == last && self.cut.is_point() => {
                format!("{column} = {}", self.start(first))
            }
            Cut::Int64(numbers) => {
                let (from, to) = (numbers.of(first).0, numbers.of(last).1);
                format!("{column} BETWEEN {from} AND {to}")
            }
            Cut::Date => format!("{column} BETWEEN {} AND {}", self.start(first), self.start(last)),
            Cut::String(texts) => texts.filter(&column, &[(first, last)]),
            Cut::Datetime | Cut::Timestamp => match last.tomorrow() {
                Ok(end) => {
                    let (from, to) = (self.start(first), self.start(end));
                    format!("{column} >= {from} AND {column} < {to}")
                }
                Err(_) => format!("{column} >= {}", self.start(first)),
            },
        }
    }

    /// The instants of local days. Where clocks change at midnight, the instants of two dates overlap: there
    /// the date itself is compared too.
    fn local_filter(&self, local: &LocalDays, (first, last): (Date, Date)) -> String {
        let column = self.named();
        let literal = |instant| SqlValue::Timestamp(instant).literal();
        let (from, to) = (literal(local.start(first)), literal(local.end(last)));
        let between = format!("{column} >= {from} AND {column} < {to}");
        match local.is_plain((first, last)) {
            true => between,
            false => {
                format!("{between} AND {} BETWEEN DATE '{first}' AND DATE '{last}'", self.date())
            }
        }
    }

    /// The start of the day as a literal of the column's type.
    fn start(&self, day: Date) -> String {
        match self.cut {
            Cut::Date | Cut::Shards | Cut::Whole => format!("DATE '{day}'"),
            Cut::Int64(numbers) => numbers.of(day).0.to_string(),
            Cut::String(texts) => format!("'{}'", texts.text(day)),
            Cut::Datetime => format!("DATETIME '{day} 00:00:00'"),
            Cut::Timestamp => format!("TIMESTAMP '{day} 00:00:00+00'"),
        }
    }
}

/// The conditions, joined with OR. Many conditions are grouped in brackets: a chain of ORs is a tree as deep
/// as it is long, and engines limit the depth.
pub(in crate::rule) fn any_of(conditions: &[String]) -> String {
    const CHAIN: usize = 100;
    if conditions.len() <= CHAIN {
        return format!("({})", conditions.join(" OR "));
    }
    let groups: Vec<String> = conditions.chunks(CHAIN).map(any_of).collect();
    format!("({})", groups.join(" OR "))
}
