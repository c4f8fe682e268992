//! One date of a rule: its counts, its duplicates by key, and what runs removed of it.

use jiff::Timestamp;
use minijinja::{Value, context};

use super::past::{Link, Shown, line};
use super::standing;
use super::template::{Frame, render};
use super::text::{time, zone};
use super::{Tariff, Viewer};
use crate::error::Result;
use crate::googlesql::{Fragment, SqlValue};
use crate::report::explain;
use crate::report::grid::count;
use crate::report::removed;
use crate::rule::Rule;
use crate::run::{PastRun, RemovedRows, Report, RunId, Superseded};
use crate::window::Day;

/// The number of rows on one page.
pub const ROWS_OF_A_PAGE: usize = 50;

/// Rows to list, or the reason why they are not.
#[derive(Debug)]
pub enum Rows<T> {
    /// The rows.
    Known(T),
    /// More rows than a page of the service lists.
    TooMany(u64),
    /// They could not be read, in a sentence that the viewer may read.
    Failed(String),
}

/// The rows of a date that a run removed.
#[derive(Debug)]
pub struct RemovedBy<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The rows.
    pub rows: Rows<&'a RemovedRows>,
    /// The page of the rows, from 1. One behind the last is the last.
    pub page: usize,
}

/// The page of one date.
#[derive(Debug)]
pub struct DatePage<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The date.
    pub day: Day,
    /// The counts, or the reason why there are none, in a sentence that the viewer may read.
    pub status: Result<&'a Report, String>,
    /// The duplicates, by key.
    pub superseded: Rows<&'a [Superseded]>,
    /// The runs over the date, newest first.
    pub runs: Vec<&'a PastRun>,
    /// What one of them removed; `None` if none of them removed rows.
    pub removed: Option<RemovedBy<'a>>,
    /// The page of the duplicates, from 1. One behind the last is the last.
    pub page: usize,
    /// Whether the viewer may see values of rows.
    pub sees_values: bool,
    /// The current time.
    pub now: Timestamp,
    /// The price of reading; `None` if it is free.
    pub tariff: Option<Tariff>,
    /// The viewer.
    pub viewer: Viewer,
}

/// The address of a date's page.
pub(super) fn address(rule: &Rule, day: Day) -> String {
    format!("/rules/{}/dates/{day}", rule.name)
}

/// One date, as a page of the service.
pub fn date_page(page: &DatePage<'_>) -> Result<String> {
    let rule = page.rule;
    let title = format!("{}, {}", rule.name, named(page.day));
    let frame = Frame { viewer: &page.viewer, ..Frame::of(&title) };
    let shown = Shown { zone: &rule.time_zone, tariff: page.tariff, link: Link::Page };
    let runs = page.runs.iter().map(|run| {
        let own = run.days.get(&page.day).copied().unwrap_or_default();
        context! {
            run => line(run, shown),
            found => own.found.duplicates,
            removed => own.deactivated + own.removed_by_custom_steps,
            restored => own.restored_rows,
            rows => (own.deactivated + own.removed_by_custom_steps > 0)
                .then(|| format!("{}?run={}", address(rule, page.day), run.id)),
        }
    });
    let report = page.status.as_ref().ok().copied();
    let dated = page.day.date().is_some();
    let context = context! {
        rule => rule.name.as_str(),
        back => format!("/rules/{}", rule.name),
        table => rule.table.dotted(),
        problem => page.status.as_ref().err().map(String::as_str),
        sentence => report.map(standing::sentence),
        days => report.map(|report| standing::days(report, |_| None, |_| None)),
        totals => report.map(|report| standing::figures(report.totals(), None)),
        plan => dated.then(|| format!("/plan?rule={}&from={day}&to={day}", rule.name, day = page.day)),
        superseded => superseded(page),
        removed => page.removed.as_ref().map(|of| removed_rows(page, of)),
        runs => runs.collect::<Vec<_>>(),
        sees_values => page.sees_values,
        zone => zone(&rule.time_zone),
        now => time(page.now, &rule.time_zone),
    };
    render("date.html", &frame, context)
}

/// The date in words.
fn named(day: Day) -> String {
    match day {
        Day::UNDATED => "rows without a date".to_owned(),
        Day::WHOLE => "the whole table".to_owned(),
        day => day.to_string(),
    }
}

/// The duplicates: how many each entry of `keep` decided, and a page of them where values may be seen.
fn superseded(page: &DatePage<'_>) -> Value {
    let rule = page.rule;
    let rows = match &page.superseded {
        Rows::Known(rows) => *rows,
        hidden => {
            return not_listed(
                hidden,
                &format!("onerow explain {} {}", rule.name, dates(page.day)),
            );
        }
    };
    let mut reasons: Vec<(String, u64)> = Vec::new();
    for row in rows {
        add(&mut reasons, explain::decisive(rule, row));
    }
    let merges = rule.puts_together();
    let mut columns: Vec<String> = rule.key.iter().map(Fragment::to_string).collect();
    columns.extend(["row id", "survivor"].map(str::to_owned));
    columns.extend(rule.across.map(|_| "survivor's date".to_owned()));
    columns.push("decided by".to_owned());
    columns.extend(merges.then(|| "survivor takes".to_owned()));
    columns.push("a run would".to_owned());
    let cells = |row: &Superseded| {
        let mut cells: Vec<String> = row.key.iter().map(SqlValue::to_string).collect();
        cells.extend([row.row_id.to_string(), row.survivor.to_string()]);
        cells.extend(row.survivor_day.map(|day| day.to_string()));
        cells.push(explain::decision(rule, row));
        cells.extend(merges.then(|| removed::columns(&row.gives)));
        cells.push(explain::fate(rule, row));
        cells
    };
    let keys = rows.chunk_by(|a, b| a.key == b.key).count();
    let sentence = match rows.len() {
        0 => "There are no duplicates on this date.".to_owned(),
        rows => {
            format!("{} of {}.", count(rows as u64, "duplicate"), count(keys as u64, "key"))
        }
    };
    let list = List { sentence, columns, reasons, rows: rows.iter().map(cells).collect() };
    list.page(page, page.page, |at| format!("{}?page={at}", address(rule, page.day)))
}

/// The rows that a run removed of the date.
fn removed_rows(page: &DatePage<'_>, of: &RemovedBy<'_>) -> Value {
    let rule = page.rule;
    let found = match &of.rows {
        Rows::Known(found) => *found,
        hidden => {
            return not_listed(hidden, &format!("onerow explain {} --run {}", rule.name, of.run));
        }
    };
    let mut reasons: Vec<(String, u64)> = Vec::new();
    for row in &found.rows {
        add(&mut reasons, removed::decisive(rule, row));
    }
    let merges = rule.puts_together();
    let mut columns: Vec<&str> = vec!["row id", "survivor", "rank", "decided by"];
    columns.extend(merges.then_some("survivor took"));
    columns.extend(["removed by", "now"]);
    let cells = found.rows.iter().map(|row| {
        let mut cells = vec![
            removed::plain(&row.row_id),
            row.survivor.as_ref().map_or("none".to_owned(), removed::plain),
            row.rank.to_string(),
            removed::decision(rule, row),
        ];
        cells.extend(merges.then(|| removed::columns(&row.gave)));
        cells.extend([row.step.to_string(), removed::now(row)]);
        cells
    });
    let sentence = format!("Run {} removed {}.", of.run, count(found.rows.len() as u64, "row"));
    let columns = columns.into_iter().map(str::to_owned).collect();
    let list = List { sentence, columns, reasons, rows: cells.collect() };
    let of_day = address(rule, page.day);
    list.page(page, of.page, |at| format!("{of_day}?run={}&removed_page={at}", of.run))
}

fn add(reasons: &mut Vec<(String, u64)>, reason: String) {
    match reasons.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, rows)) => *rows += 1,
        None => reasons.push((reason, 1)),
    }
}

/// Rows that are not listed, and the command that prints them.
fn not_listed<T>(rows: &Rows<T>, command: &str) -> Value {
    let sentence = match rows {
        Rows::Known(_) => String::new(),
        Rows::TooMany(rows) => {
            format!("{} are too many to list here.", count(*rows, "row"))
        }
        Rows::Failed(problem) => problem.clone(),
    };
    context! { sentence, failed => matches!(rows, Rows::Failed(_)), command, rows => Vec::<Value>::new(),
    reasons => Vec::<Value>::new(), columns => Vec::<String>::new(), before => Value::from(()),
    after => Value::from(()), page => 1, pages => 1, total => 0 }
}

/// A list of rows, before it is divided into pages.
struct List {
    sentence: String,
    columns: Vec<String>,
    reasons: Vec<(String, u64)>,
    rows: Vec<Vec<String>>,
}

impl List {
    /// One page of it; `to` is the address of another.
    fn page(mut self, page: &DatePage<'_>, at: usize, to: impl Fn(usize) -> String) -> Value {
        let (total, pages) = (self.rows.len(), self.rows.len().div_ceil(ROWS_OF_A_PAGE).max(1));
        let at = at.clamp(1, pages);
        let rows = self.rows.into_iter().skip((at - 1) * ROWS_OF_A_PAGE).take(ROWS_OF_A_PAGE);
        let rows: Vec<Vec<String>> = rows.filter(|_| page.sees_values).collect();
        self.reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let reasons = self.reasons.iter().map(|(reason, rows)| context! { reason, rows });
        context! {
            sentence => self.sentence,
            failed => false,
            command => Value::from(()),
            columns => self.columns,
            reasons => reasons.collect::<Vec<_>>(),
            rows,
            total => total as u64,
            page => at as u64,
            pages => pages as u64,
            before => (at > 1).then(|| to(at - 1)),
            after => (at < pages).then(|| to(at + 1)),
        }
    }
}

/// The date as an argument of a command.
fn dates(day: Day) -> String {
    match day {
        Day::WHOLE => String::new(),
        day => format!("--date {day}"),
    }
}
