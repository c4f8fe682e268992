//! Which row survives, which rows count, and when a row reached the table.

use super::key::Chosen;
use super::names::{ARRIVED, CHANGED, ENDED, ENDS, FLAGS, SEQUENCE};
use super::{Column, Seen, Setting, Value, Wishes, names};
use crate::googlesql::SqlType;

/// What tells an earlier row of a key from a later one.
pub(super) struct Times<'a> {
    changed: Option<&'a Column>,
    sequence: Option<&'a Column>,
    arrived: Option<&'a Column>,
}

fn is_ordered(column: &Column) -> bool {
    column.is_time() || matches!(column.sql_type, SqlType::Date)
}

/// Whether the column says when a row was written or changed.
pub(super) fn is_time_of_row(column: &Column) -> bool {
    is_ordered(column) && (names::is(column, CHANGED) || names::is(column, ARRIVED))
}

/// Whether the column says when what a row is about happened.
pub(super) fn is_of_event(column: &Column) -> bool {
    let words = names::words(column.name.as_str());
    let ends =
        words.last().is_some_and(|word| ["timestamp", "time", "at", "ts"].contains(&word.as_str()));
    let is_time = column.is_time() || column.sql_type == SqlType::Int64;
    is_time
        && ends
        && !names::is(column, CHANGED)
        && !names::is(column, ARRIVED)
        && !names::is(column, SEQUENCE)
        && !is_end(column)
}

/// The columns that order the rows of a key.
pub(super) fn times<'a>(seen: &'a Seen, chosen: &Chosen) -> Times<'a> {
    let free = || seen.columns.iter().filter(|column| !chosen.uses(column));
    let called = |known: &[&str]| {
        known.iter().find_map(|name| free().find(|c| is_ordered(c) && names::is(c, &[*name])))
    };
    let (changed, arrived) = (called(CHANGED), called(ARRIVED));
    let sequence = SEQUENCE
        .iter()
        .find_map(|name| free().find(|c| c.sql_type == SqlType::Int64 && names::is(c, &[*name])));
    Times { changed, sequence, arrived }
}

/// The order of survival.
pub(super) fn keep(
    seen: &Seen,
    chosen: &Chosen,
    times: &Times<'_>,
    strategy: &Setting,
    wishes: &Wishes,
) -> Setting {
    let is_rewrite = strategy.value == Value::from("rewrite");
    let row_id = chosen.row_id_column().filter(|_| !is_rewrite);
    let with_id = |mut order: Vec<String>| {
        let ends =
            |id: &str| order.last().is_some_and(|last| last.split_whitespace().next() == Some(id));
        if let Some(id) = row_id
            && !ends(id)
        {
            order.push(id.to_owned());
        }
        order
    };
    if !wishes.keep.is_empty() {
        return Setting::certain("keep", with_id(wishes.keep.clone()), "");
    }
    let known = [
        (times.changed, "changed last"),
        (times.sequence, "has the highest number"),
        (times.arrived, "arrived last"),
    ];
    let known: Vec<(&Column, &str)> =
        known.into_iter().filter_map(|(column, says)| Some((column?, says))).collect();
    let mut order: Vec<String> =
        known.iter().map(|(column, _)| format!("{} DESC", column.name)).collect();
    let mut why = match known.first() {
        Some((_, says)) => format!("the row that {says} stays"),
        None => "no column says which row is newer, so that any may stay".to_owned(),
    };
    if order.is_empty() && row_id.is_none() {
        let orderable = |column: &&Column| column.is_groupable() && !chosen.uses(column);
        let last = seen.columns.iter().rfind(orderable);
        order.extend(last.or(seen.columns.first()).map(|column| column.name.to_string()));
    }
    if row_id.is_some() && !order.is_empty() {
        why.push_str("; of two that are equal in that, the one with the lower id");
    }
    Setting::guess("keep", with_id(order), why)
}

/// The column with the time at which a row reached the table.
pub(super) fn written_at(times: &Times<'_>) -> Option<Setting> {
    let column = times.arrived.filter(|column| column.sql_type == SqlType::Timestamp)?;
    let why = "rows younger than 90 minutes may still be in the streaming buffer; leave it out if nothing streams into the table";
    Some(Setting::guess("written_at", column.name.to_string(), why))
}

fn is_end(column: &Column) -> bool {
    is_ordered(column) && names::is(column, ENDS)
}

/// Which rows count.
pub(super) fn active(seen: &Seen, wishes: &Wishes) -> Option<Setting> {
    if let Some(wish) = &wishes.active {
        return Some(Setting::certain("active", wish.clone(), ""));
    }
    let called = |known: &[&str], fits: &dyn Fn(&Column) -> bool| {
        known.iter().find_map(|name| {
            seen.columns.iter().find(|column| fits(column) && names::is(column, &[*name])).cloned()
        })
    };
    let is_bool = |column: &Column| column.sql_type == SqlType::Bool;
    if let Some(column) = called(FLAGS, &is_bool) {
        let why = "a BOOL of this name says which rows count";
        return Some(Setting::guess("active", column.name.to_string(), why));
    }
    if let Some(column) = called(ENDED, &is_bool) {
        let why = "a BOOL of this name says which rows no longer count";
        return Some(Setting::guess("active", format!("NOT {}", column.name), why));
    }
    let column = called(ENDS, &is_ordered)?;
    let why = "a row counts until it has this time; a duplicate gets the current one";
    Some(Setting::guess("active", format!("{} IS NULL", column.name), why))
}

/// That a column says what a change did, so that some rows are deletions.
pub(super) fn operation(seen: &Seen) -> Option<String> {
    const NAMES: [&str; 7] =
        ["op", "operation", "change_type", "cdc_operation", "op_type", "dml_type", "row_operation"];
    let column = seen
        .columns
        .iter()
        .find(|column| column.sql_type == SqlType::String && names::is(column, &NAMES))?;
    Some(format!(
        "{} may say that a row is a deletion. This rule keeps the newest row of a key, deletions too; where they should remove the key, see 'consolidate'.",
        column.name
    ))
}
