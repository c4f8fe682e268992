//! Lists of rows of one date: the reasons, counted, and a page of the rows.

use minijinja::{Value, context};

use super::date::{DateFacts, DateView, RemovedBy, Rows};
use super::links::date_address;
use crate::googlesql::{Fragment, SqlValue};
use crate::report::explain;
use crate::report::grid::count;
use crate::report::removed;
use crate::run::{RemovedRow, Superseded};
use crate::window::Day;

/// The most rows of a date that are read to be listed.
pub const MOST_ROWS: u64 = 10_000;
/// The number of rows on one page, and of each list in a file.
pub const ROWS_OF_A_PAGE: usize = 50;

/// The duplicates: how many each entry of `keep` decided, and a page of them where values may be seen.
pub(super) fn superseded(of: &DateFacts<'_>, view: &DateView<'_>) -> Value {
    let rule = of.rule;
    let command = format!("onerow explain {}{}", rule.name, dates(of.day));
    let rows: Vec<&Superseded> = match &of.superseded {
        Rows::Known(rows) => rows.iter().filter(|row| row.day == of.day).collect(),
        hidden => return not_listed(hidden, "They are not in this file.", command),
    };
    let merges = rule.puts_together();
    let mut columns: Vec<String> = rule.key.iter().map(Fragment::to_string).collect();
    columns.extend(["row id", "survivor"].map(str::to_owned));
    columns.extend(rule.across.map(|_| "survivor's date".to_owned()));
    columns.push("decided by".to_owned());
    columns.extend(merges.then(|| "survivor takes".to_owned()));
    columns.push("a run would".to_owned());
    let cells = |row: &&Superseded| {
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
    let reasons = reasons(rows.iter().map(|row| explain::decisive(rule, row)));
    let list = List { sentence, columns, reasons, rows: rows.iter().map(cells).collect(), command };
    let address = date_address(&rule.name, of.day);
    list.page(view, view.pages[0], |at| format!("{address}?page={at}"))
}

/// The rows that a run removed of the date.
pub(super) fn removed_rows(of: &DateFacts<'_>, by: &RemovedBy<'_>, view: &DateView<'_>) -> Value {
    let (rule, run) = (of.rule, &by.run.id);
    let command = format!("onerow explain {} --run {run}", rule.name);
    let did = |rows: u64| format!("Run {run} removed {}.", count(rows, "row"));
    let rows: Vec<&RemovedRow> = match &by.rows {
        Rows::Known(found) => found.rows.iter().filter(|row| row.day == of.day).collect(),
        hidden => {
            let did = did(by.run.removed_of(of.day));
            return not_listed(hidden, &format!("{did} They are not in this file."), command);
        }
    };
    let merges = rule.puts_together();
    let mut columns: Vec<&str> = vec!["row id", "survivor", "rank", "decided by"];
    columns.extend(merges.then_some("survivor took"));
    columns.extend(["removed by", "now"]);
    let cells = rows.iter().map(|row| {
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
    let sentence = did(rows.len() as u64);
    let columns = columns.into_iter().map(str::to_owned).collect();
    let reasons = reasons(rows.iter().map(|row| removed::decisive(rule, row)));
    let list = List { sentence, columns, reasons, rows: cells.collect(), command };
    let address = date_address(&rule.name, of.day);
    list.page(view, view.pages[1], |at| format!("{address}?run={run}&removed_page={at}"))
}

/// The reasons with how many rows each has, the most frequent first.
fn reasons(of_rows: impl Iterator<Item = String>) -> Vec<(String, u64)> {
    let mut reasons: Vec<(String, u64)> = Vec::new();
    for reason in of_rows {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rows)) => *rows += 1,
            None => reasons.push((reason, 1)),
        }
    }
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    reasons
}

/// Rows that are not listed, and the command that prints them.
fn not_listed<T>(rows: &Rows<T>, not_read: &str, command: String) -> Value {
    let sentence = match rows {
        Rows::Known(_) => String::new(),
        Rows::TooMany(rows) => {
            format!("{} are too many to list here.", count(*rows, "row"))
        }
        Rows::LeftOut(rows) => {
            format!("{}, not listed: all dates together have too many.", count(*rows, "row"))
        }
        Rows::Failed(problem) => problem.clone(),
        Rows::NotRead => not_read.to_owned(),
    };
    context! { sentence, failed => matches!(rows, Rows::Failed(_)), command, rows => Vec::<Value>::new(),
    reasons => Vec::<Value>::new(), columns => Vec::<String>::new(), before => Value::from(()),
    after => Value::from(()), page => 1, pages => 1, total => 0, listed => 0 }
}

/// A list of rows, before it is divided into pages.
struct List {
    sentence: String,
    columns: Vec<String>,
    reasons: Vec<(String, u64)>,
    rows: Vec<Vec<String>>,
    /// What prints them all.
    command: String,
}

impl List {
    /// One page of it; `to` is the address of another. A file has the first one.
    fn page(self, view: &DateView<'_>, at: usize, to: impl Fn(usize) -> String) -> Value {
        let (total, pages) = (self.rows.len(), self.rows.len().div_ceil(ROWS_OF_A_PAGE).max(1));
        let are_pages = view.shown.links.are_pages();
        let at = at.clamp(1, pages);
        let rows = self.rows.into_iter().skip((at - 1) * ROWS_OF_A_PAGE).take(ROWS_OF_A_PAGE);
        let rows: Vec<Vec<String>> = rows.filter(|_| view.sees_values).collect();
        let reasons = self.reasons.iter().map(|(reason, rows)| context! { reason, rows });
        context! {
            sentence => self.sentence,
            failed => false,
            command => (!are_pages && pages > 1).then_some(self.command),
            columns => self.columns,
            reasons => reasons.collect::<Vec<_>>(),
            listed => rows.len() as u64,
            rows,
            total => total as u64,
            page => at as u64,
            pages => if are_pages { pages as u64 } else { 1 },
            before => (are_pages && at > 1).then(|| to(at - 1)),
            after => (are_pages && at < pages).then(|| to(at + 1)),
        }
    }
}

/// The date as an argument of a command, after a space.
fn dates(day: Day) -> String {
    match day {
        Day::WHOLE => String::new(),
        day => format!(" --date {day}"),
    }
}
