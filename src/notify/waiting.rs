//! Since when rows of a date are known to be buffered, from the ledger.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::error::Result;
use crate::ledger::{Filter, Ledger};
use crate::run::{PastRun, RunOutcome, history};
use crate::window::Day;

/// How much further back than the threshold the ledger is read. BigQuery's streaming buffer drains within 90
/// minutes, so for rows that wait for weeks this limit is reported.
const FURTHER: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Reads the ledger for the dates that a run left buffered.
pub(super) fn look(
    ended: &RunOutcome,
    ledger: &dyn Ledger,
    longest: SignedDuration,
    now: Timestamp,
) -> Result<BTreeMap<Day, Timestamp>> {
    let since = longest.checked_add(FURTHER).and_then(|back| now.checked_sub(back).ok());
    let wanted = Filter { rule: Some(ended.rule.as_str()), since, ..Filter::default() };
    let runs = history(&ledger.entries(&wanted)?);
    let since = |day: &Day| Some((*day, waiting_since(&runs, *day)?));
    Ok(ended.buffered.iter().filter_map(since).collect())
}

/// The start of the first run of the unbroken series of runs, up to the newest that counted the date, that
/// left rows of it buffered; `None` if the newest left none. Runs are sorted newest first, as by [`history`].
pub fn waiting_since(runs: &[PastRun], day: Day) -> Option<Timestamp> {
    let counted = runs.iter().filter_map(|run| Some((left(run, day)?, run.began)));
    counted.take_while(|(buffered, _)| *buffered > 0).last().map(|(_, began)| began)
}

/// The number of duplicates of the date that a run left buffered; `None` if it did not count them.
fn left(run: &PastRun, day: Day) -> Option<u64> {
    match run.days.get(&day) {
        Some(past) => Some(past.left.buffered),
        // A date without active rows has no counts in the ledger.
        None if run.counted.contains(&day) => Some(0),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rule::RuleName;
    use crate::run::{Counts, PastDay, PastOutcome, RunId};
    use crate::window::Window;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    /// A run at this hour over these dates, with the number of rows it left buffered on each counted date.
    fn run(hour: u8, dates: [&str; 2], left: &[(&str, u64)]) -> PastRun {
        let at: Timestamp = format!("2026-01-30T{hour:02}:00:00Z").parse().unwrap();
        let past = |buffered| PastDay {
            left: Counts { active: 9, buffered, duplicates: buffered, ..Counts::default() },
            ..PastDay::default()
        };
        PastRun {
            id: RunId::parse(&format!("r{hour}")).unwrap(),
            rule: RuleName::parse("events").unwrap(),
            window: Window::range(day(dates[0]), day(dates[1])).unwrap(),
            steps: Vec::new(),
            began: at,
            ended: at,
            who: "ana@host".to_owned(),
            outcome: PastOutcome::Buffered,
            statements: 1,
            failed: 0,
            bytes_billed: None,
            counted: match left.is_empty() {
                true => BTreeSet::new(),
                false => Window::range(day(dates[0]), day(dates[1]))
                    .unwrap()
                    .days()
                    .iter()
                    .copied()
                    .collect(),
            },
            days: left.iter().map(|(text, buffered)| (day(text), past(*buffered))).collect(),
            undoes: None,
            undone: BTreeMap::new(),
        }
    }

    fn since(runs: &[PastRun]) -> Option<String> {
        waiting_since(runs, day("2026-01-28")).map(|at| at.strftime("%H:%M").to_string())
    }

    const DAY: &str = "2026-01-28";

    #[test]
    fn it_is_the_first_of_the_runs_that_left_rows_buffered_without_a_break() {
        let left = |hour, rows| run(hour, [DAY, DAY], &[(DAY, rows)]);
        assert_eq!(since(&[left(9, 2), left(8, 1), left(7, 3)]), Some("07:00".to_owned()));
        assert_eq!(since(&[left(9, 2), left(8, 0), left(7, 3)]), Some("09:00".to_owned()));
        assert_eq!(since(&[left(9, 0), left(8, 1)]), None);
        assert_eq!(since(&[]), None);
    }

    #[test]
    fn a_run_that_did_not_count_the_date_says_nothing_of_it() {
        let left = |hour, rows| run(hour, [DAY, DAY], &[(DAY, rows)]);
        let other = run(8, ["2026-01-27"; 2], &[("2026-01-27", 0)]);
        let failed = run(7, [DAY, DAY], &[]);
        assert_eq!(since(&[left(9, 2), other, failed, left(6, 1)]), Some("06:00".to_owned()));
    }

    #[test]
    fn a_run_that_found_no_active_row_on_the_date_breaks_the_chain() {
        let left = |hour, rows| run(hour, [DAY, DAY], &[(DAY, rows)]);
        let empty = run(8, ["2026-01-20", "2026-01-29"], &[("2026-01-27", 0)]);
        assert_eq!(since(&[left(9, 2), empty, left(6, 1)]), Some("09:00".to_owned()));
    }
}
