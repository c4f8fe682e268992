//! The dates of a rule that the report shows each by itself, and their rows if they are asked for.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::report::html::{DateFacts, MOST_ROWS, RemovedBy, Rows, last_removal, telling_dates};
use crate::rule::Rule;
use crate::run::{PastRun, RemovedRows, Report, RunId, Superseded, Which};
use crate::window::{Day, Window};

/// The most dates of a rule that are shown each by itself; of more, the newest.
const MOST_DATES: usize = 100;

/// The dates of a rule, and what was read of their rows.
#[derive(Default)]
pub(super) struct DatesRead {
    days: Vec<Day>,
    rows: Option<RowsRead>,
}

struct RowsRead {
    /// The dates whose duplicates were read.
    read: BTreeSet<Day>,
    superseded: Result<Vec<Superseded>>,
    /// By run; one that removed too many is missing.
    removed: BTreeMap<RunId, Result<RemovedRows>>,
}

impl DatesRead {
    /// The dates to show, and their rows if they are to be explained.
    pub fn of(
        engine: &Engine,
        rule: &Rule,
        report: &Report,
        runs: &[PastRun],
        explain: bool,
    ) -> Self {
        let mut days = telling_dates(report, runs, explain);
        days.drain(..days.len().saturating_sub(MOST_DATES));
        let rows = explain.then(|| RowsRead::of(engine, rule, report, runs, &days));
        Self { days, rows }
    }

    /// What is known of each date.
    pub fn facts<'a>(
        &'a self,
        rule: &'a Rule,
        report: &'a Report,
        runs: &'a [PastRun],
    ) -> Vec<DateFacts<'a>> {
        let facts = self.days.iter().map(|day| {
            let runs: Vec<&PastRun> = runs.iter().filter(|run| run.window.contains(*day)).collect();
            let removed = last_removal(&runs, *day);
            DateFacts {
                rule,
                day: *day,
                status: Ok(report),
                superseded: self.superseded(report, *day),
                removed: removed.map(|run| RemovedBy { run, rows: self.removed(run, *day) }),
                runs,
            }
        });
        facts.collect()
    }

    fn superseded(&self, report: &Report, day: Day) -> Rows<&[Superseded]> {
        let Some(rows) = &self.rows else { return Rows::NotRead };
        let duplicates = duplicates(report, day);
        match &rows.superseded {
            _ if duplicates > 0 && !rows.read.contains(&day) => not_listed(duplicates),
            Ok(found) => Rows::Known(found),
            Err(error) => Rows::Failed(error.to_string()),
        }
    }

    fn removed(&self, run: &PastRun, day: Day) -> Rows<&RemovedRows> {
        let Some(rows) = &self.rows else { return Rows::NotRead };
        match rows.removed.get(&run.id) {
            None => not_listed(run.removed_of(day)),
            Some(Ok(found)) => Rows::Known(found),
            Some(Err(error)) => Rows::Failed(error.to_string()),
        }
    }

    /// Why rows could not be read.
    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        let rows = self.rows.as_ref();
        let removed = rows.into_iter().flat_map(|rows| rows.removed.values());
        let superseded = rows.and_then(|rows| rows.superseded.as_ref().err());
        superseded.into_iter().chain(removed.filter_map(|found| found.as_ref().err()))
    }
}

impl RowsRead {
    fn of(engine: &Engine, rule: &Rule, report: &Report, runs: &[PastRun], days: &[Day]) -> Self {
        let read = read_at_once(report, days);
        let superseded = match read.is_empty() {
            true => Ok(Vec::new()),
            false => Window::of_days(read.iter().copied().collect())
                .and_then(|window| engine.explain(rule, &window)),
        };
        let runs: Vec<&PastRun> = runs.iter().collect();
        let last = days.iter().filter_map(|day| last_removal(&runs, *day));
        let few = last.filter(|run| run.removed() <= MOST_ROWS);
        let ids: BTreeSet<&RunId> = few.map(|run| &run.id).collect();
        let removed = ids.into_iter().map(|id| {
            let which = Which::Id(id.to_string());
            (id.clone(), engine.removed_rows(rule, &which))
        });
        Self { superseded, removed: removed.collect(), read }
    }
}

/// So many rows of a date, which were not read.
fn not_listed<T>(rows: u64) -> Rows<T> {
    if rows > MOST_ROWS { Rows::TooMany(rows) } else { Rows::LeftOut(rows) }
}

/// The dates whose duplicates are read: from the newest on, as many as have few enough in all.
fn read_at_once(report: &Report, days: &[Day]) -> BTreeSet<Day> {
    let mut left = MOST_ROWS;
    let dirty = days.iter().rev().filter(|day| {
        let duplicates = duplicates(report, **day);
        let fits = duplicates > 0 && duplicates <= left;
        left -= if fits { duplicates } else { 0 };
        fits
    });
    dirty.copied().collect()
}

fn duplicates(report: &Report, day: Day) -> u64 {
    report.days.iter().find(|of| of.day == day).map_or(0, |of| of.counts.duplicates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{OnKeyless, RuleFile};
    use crate::run::{Counts, DayReport};

    #[test]
    fn the_newest_dates_are_read_until_there_are_too_many_rows() {
        let day = |text| Day::parse(text).unwrap();
        let dates = [
            ("2026-01-26", 9_000),
            ("2026-01-27", 1_001),
            ("2026-01-28", 20_000),
            ("2026-01-29", 0),
            ("2026-01-30", 9_000),
        ];
        let days = dates.map(|(date, duplicates)| DayReport {
            day: day(date),
            counts: Counts { duplicates, ..Counts::default() },
            deactivated: None,
            failed: false,
            on_keyless: OnKeyless::Warn,
        });
        let text = "[rule.a]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                    row_id = \"id\"\nactive = \"a\"\n";
        let rule = RuleFile::parse("onerow.toml", text).unwrap().rules.remove(0);
        let report = Report { days: days.into(), ..Report::nothing(&rule) };
        let all = dates.map(|(date, _)| day(date));
        assert_eq!(read_at_once(&report, &all), BTreeSet::from([day("2026-01-30")]));
        assert_eq!(read_at_once(&report, &all[..2]), BTreeSet::from([day("2026-01-27")]));
        assert!(matches!(not_listed::<()>(9_000), Rows::LeftOut(9_000)), "it alone would fit");
        assert!(matches!(not_listed::<()>(20_000), Rows::TooMany(20_000)));
    }
}
