//! What is shown of one date: its counts, its duplicates by key, what a run removed, and the runs over it.

use minijinja::{Value, context};

use super::links::{date_address, date_anchor};
use super::past::{Shown, line};
use super::row_list::{removed_rows, superseded};
use super::status;
use super::text::zone;
use crate::error::Result;
use crate::rule::Rule;
use crate::run::{DayReport, PastRun, RemovedRows, Report, Status, Superseded};
use crate::window::{Day, Window};

/// Rows to list, or the reason why they are not.
#[derive(Debug)]
pub enum Rows<T> {
    /// The rows.
    Known(T),
    /// More rows than are listed of one date.
    TooMany(u64),
    /// So many rows, which with those of other dates are more than a file lists.
    LeftOut(u64),
    /// They could not be read, in a sentence that the viewer may read.
    Failed(String),
    /// They were not asked for.
    NotRead,
}

/// The rows of a date that a run removed.
#[derive(Debug)]
pub struct RemovedBy<'a> {
    /// The run.
    pub run: &'a PastRun,
    /// The rows; those of other dates are skipped.
    pub rows: Rows<&'a RemovedRows>,
}

/// What is known of one date.
#[derive(Debug)]
pub struct DateFacts<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The date.
    pub day: Day,
    /// The counts of this date and perhaps of others, or the reason why there are none, in a sentence that the
    /// viewer may read.
    pub status: Result<&'a Report, String>,
    /// The duplicates, by key; those of other dates are skipped.
    pub superseded: Rows<&'a [Superseded]>,
    /// The runs over the date, newest first.
    pub runs: Vec<&'a PastRun>,
    /// What one of them removed; `None` if none of them removed rows.
    pub removed: Option<RemovedBy<'a>>,
}

/// The dates of which there is more to tell than their counts: rows that one of these runs removed or restored, runs
/// over a date that is not clean, and the duplicates of such a date if they are listed.
pub fn telling_dates(report: &Report, runs: &[PastRun], lists_rows: bool) -> Vec<Day> {
    let is_clean = |day: &DayReport| matches!(day.status(), Status::Clean | Status::Empty);
    let of_day = |day: Day| runs.iter().filter_map(move |run| run.days.get(&day));
    let telling = report.days.iter().filter(|day| match is_clean(day) {
        true => of_day(day.day).any(|past| past.removed() > 0 || past.restored_rows > 0),
        false => lists_rows || of_day(day.day).next().is_some(),
    });
    telling.map(|day| day.day).collect()
}

/// The newest of these runs that removed rows of a date. Runs are sorted newest first.
pub fn last_removal<'r>(runs: &[&'r PastRun], day: Day) -> Option<&'r PastRun> {
    runs.iter().find(|run| run.removed_of(day) > 0).copied()
}

/// How a date is shown.
pub(super) struct DateView<'a> {
    pub shown: Shown<'a>,
    /// Whether the viewer may see values of rows.
    pub sees_values: bool,
    /// The pages of the duplicates and of the removed rows, from 1.
    pub pages: [usize; 2],
}

/// One date, for the templates.
pub(super) fn date(of: &DateFacts<'_>, view: &DateView<'_>) -> Value {
    let (rule, day) = (of.rule, of.day);
    let are_pages = view.shown.links.are_pages();
    let counts = of.status.as_ref().ok().map(|report| report.counts_of(&Window::day(day)));
    let runs = of.runs.iter().map(|run| {
        let own = run.days.get(&day).copied().unwrap_or_default();
        let removed = own.removed();
        let rows = format!("{}?run={}", date_address(&rule.name, day), run.id);
        context! {
            run => line(run, view.shown),
            found => own.found.duplicates,
            removed,
            restored => own.restored_rows,
            rows => (are_pages && removed > 0).then_some(rows),
        }
    });
    let has_plan = are_pages && day.date().is_some();
    context! {
        anchor => date_anchor(&rule.name, day),
        title => title(rule, day),
        problem => of.status.as_ref().err().map(String::as_str),
        sentence => counts.as_ref().map(status::sentence),
        days => counts.as_ref().map(|counts| status::days(counts, |_| None, |_| None)),
        totals => counts.as_ref().map(|counts| status::figures(counts.totals(), None)),
        plan => has_plan.then(|| format!("/plan?rule={}&from={day}&to={day}", rule.name)),
        superseded => superseded(of, view),
        removed => of.removed.as_ref().map(|by| removed_rows(of, by, view)),
        runs => runs.collect::<Vec<_>>(),
        has_rows => are_pages,
        sees_values => view.sees_values,
        has_duplicates => counts.as_ref().is_some_and(Report::has_duplicates),
        zone => zone(view.shown.zone),
    }
}

/// The rule and the date in words.
pub(super) fn title(rule: &Rule, day: Day) -> String {
    match day {
        Day::UNDATED => format!("{}, rows without a date", rule.name),
        Day::WHOLE => format!("{}, the whole table", rule.name),
        day => format!("{}, {day}", rule.name),
    }
}
