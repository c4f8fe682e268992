//! A table's columns, now and before an earlier run: which values of its rows can be restored, and notes
//! about the others.

use super::removed::Removal;
use crate::check;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue, TableName};
use crate::rule::Rule;
use crate::statement::Params;
use crate::template::Renderer;
use crate::warehouse::{Column, Warehouse};
use crate::window::Window;

/// A column that differs from before the undone run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChange {
    /// Its name.
    pub column: String,
    /// The difference.
    pub change: Change,
}

/// A difference of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The column was dropped: its values are not restored.
    Dropped,
    /// The column is new: restored rows have its default, which is NULL unless set.
    Added,
    /// The type changed, and old values are converted.
    Converted {
        /// The type before the run.
        then: String,
        /// The current type.
        now: String,
    },
    /// The type changed: old values are not restored, and restored rows have the column's default.
    Retyped {
        /// The type before the run.
        then: String,
        /// The current type.
        now: String,
    },
}

impl ColumnChange {
    /// The effect on restored rows, as a sentence without its full stop.
    pub fn sentence(&self) -> String {
        let column = &self.column;
        match &self.change {
            Change::Dropped => {
                format!("column `{column}` was dropped since: its values are not restored")
            }
            Change::Added => {
                format!(
                    "column `{column}` was added since: restored rows have its default, or NULL"
                )
            }
            Change::Converted { then, now } => {
                format!("column `{column}` was {then} and is {now}: restored values are converted")
            }
            Change::Retyped { then, now } => format!(
                "column `{column}` was {then} and is {now}: its values are not restored, and restored \
                 rows have its default, or NULL"
            ),
        }
    }
}

/// The columns of removed rows that are inserted again.
#[derive(Debug, Clone, Default)]
pub(super) struct Restorable {
    /// The columns.
    pub columns: Vec<Ident>,
    /// Notes about the other columns.
    pub changes: Vec<ColumnChange>,
}

/// Refuses to rewrite rows by column if the table has a column that the rule does not list, whose values
/// would be lost. Errors: there is such a column.
pub(super) fn check_listed(rule: &Rule, warehouse: &dyn Warehouse, window: &Window) -> Result<()> {
    let Some(why) = rule.lists_all_since() else { return Ok(()) };
    let mut tables: Vec<TableName> = window.days().iter().map(|day| rule.table_on(*day)).collect();
    tables.dedup();
    tables
        .iter()
        .try_for_each(|table| check_listed_of(rule, why, table, &warehouse.columns(table)?))
}

fn check_listed_of(rule: &Rule, why: &str, table: &TableName, columns: &[Column]) -> Result<()> {
    let missing = unlisted(rule, columns);
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "table `{}` has columns that the rule does not list: {}; a rewrite would lose their values",
        table.dotted(),
        missing.join(", ")
    );
    Err(Error::new(Kind::RuleFile, message)
        .help(format!("list all columns of the table in [rule.{}.columns]: {why}", rule.name)))
}

/// The columns that the rule does not list.
fn unlisted<'c>(rule: &Rule, columns: &'c [Column]) -> Vec<&'c str> {
    let names = columns.iter().map(|column| column.name.as_str());
    names.filter(|name| !rule.stored_columns().any(|listed| listed.same_column(name))).collect()
}

/// Refuses to search for rewritten rows by their columns if the rule's list differs from the table's columns
/// at that time. Errors: it differs.
fn check_known_by(rule: &Rule, then: &[Column]) -> Result<()> {
    let added = rule.stored_columns().find(|column| !has(then, column.as_str()));
    let problem = match (added, unlisted(rule, then).first()) {
        (Some(added), _) => format!("lists `{added}`, which the table had not"),
        (None, Some(left_out)) => format!("does not list `{left_out}`, which the table had"),
        (None, None) => return Ok(()),
    };
    let message = format!(
        "the removed rows are known by the columns that the table had then, and the rule {problem}: nothing was \
         restored"
    );
    Err(Error::new(Kind::RuleChanged, message).help(format!(
        "while you undo the run, list the columns of then in [rule.{}.columns]",
        rule.name
    )))
}

/// Refuses an undo if the table lacks a column that the rule reads. Errors: a column is missing; nothing was
/// changed.
pub(super) fn check_now(rule: &Rule, now: &[Column]) -> Result<()> {
    let missing = rule.columns_in_use().find(|(column, _)| !has(now, column));
    let Some((column, role)) = missing else { return Ok(()) };
    let message = format!(
        "table `{}` has no column `{column}`, which is the rule's {role}: nothing was restored",
        rule.table.dotted()
    );
    Err(Error::new(Kind::RuleChanged, message).help(
        "put the column back while you undo the run, or change the rule to what the table has",
    ))
}

/// The part of the rows that a statement removed from this date that can be inserted again with these
/// columns. Errors: a column that the rule reads did not exist, or has another type now; the old rows are
/// outside the time-travel window.
pub(super) fn restorable(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    removal: &Removal,
    now: &[Column],
) -> Result<Restorable> {
    if !removal.strategy.is_destructive() {
        return Ok(Restorable::default());
    }
    let image = renderer.render_before_image(window, removal.began)?;
    let image = check::run(renderer.rule(), image)?;
    let params = Params::none()
        .with("undone_record", SqlValue::String(removal.record.clone()))
        .with("before", SqlValue::Timestamp(removal.began));
    let rule = renderer.rule();
    let mut then = warehouse.columns_then(&image, &params)?;
    if rule.partition.is_by_arrival() {
        // The ingestion time is kept with the row, but is not a column of the table.
        then.retain(|column| column.name != "onerow_arrived");
    }
    if rule.lists_all_since().is_some() {
        check_known_by(rule, &then)?;
    }
    let (columns, changes) = compared(&then, now)?;
    let merged = rule.merged.iter().map(|column| (column.as_str(), "merged column"));
    for (column, role) in rule.columns_in_use().chain(merged) {
        let change = changes.iter().find(|change| change.column.eq_ignore_ascii_case(column));
        let problem = match change.map(|change| &change.change) {
            Some(Change::Added) => "was added since the run".to_owned(),
            Some(Change::Retyped { then, now }) => format!("was {then} and is {now}"),
            _ => continue,
        };
        let message = format!(
            "column `{column}`, the rule's {role}, {problem}: the removed rows do not fit, and nothing was restored"
        );
        return Err(Error::new(Kind::RuleChanged, message)
            .help("undo the run with the rule, and the column, that it was made with"));
    }
    Ok(Restorable { columns, changes })
}

/// The common columns whose old values can be restored, in the current order; and the differences.
fn compared(then: &[Column], now: &[Column]) -> Result<(Vec<Ident>, Vec<ColumnChange>)> {
    let (mut columns, mut changes) = (Vec::new(), Vec::new());
    for column in then.iter().filter(|column| !has(now, &column.name)) {
        changes.push(ColumnChange { column: column.name.clone(), change: Change::Dropped });
    }
    for column in now {
        let change = match then.iter().find(|then| then.name.eq_ignore_ascii_case(&column.name)) {
            None => Some(Change::Added),
            Some(before) if before.sql_type == column.sql_type => None,
            Some(before) => {
                let (then, now) = (before.sql_type.clone(), column.sql_type.clone());
                Some(match converts(&then, &now) {
                    true => Change::Converted { then, now },
                    false => Change::Retyped { then, now },
                })
            }
        };
        if matches!(change, None | Some(Change::Converted { .. })) {
            columns.push(Ident::parse(&column.name)?);
        }
        changes.extend(change.map(|change| ColumnChange { column: column.name.clone(), change }));
    }
    Ok((columns, changes))
}

/// Whether inserting a value of the old type into the new one converts it.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules>
fn converts(then: &str, now: &str) -> bool {
    const INTO: [(&str, &[&str]); 3] = [
        ("INT64", &["NUMERIC", "BIGNUMERIC", "FLOAT64"]),
        ("NUMERIC", &["BIGNUMERIC", "FLOAT64"]),
        ("BIGNUMERIC", &["FLOAT64"]),
    ];
    INTO.iter().any(|(from, into)| *from == then && into.contains(&now))
}

fn has(columns: &[Column], name: &str) -> bool {
    columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str) -> Vec<Column> {
        let words = text.split(", ").map(|column| column.split_once(' ').unwrap());
        words.map(|(name, t)| Column { name: name.to_owned(), sql_type: t.to_owned() }).collect()
    }

    fn shown(then: &str, now: &str) -> (String, Vec<String>) {
        let (restored, changes) = compared(&columns(then), &columns(now)).unwrap();
        let restored: Vec<&str> = restored.iter().map(Ident::as_str).collect();
        let told = changes.iter().map(|change| format!("{} {:?}", change.column, change.change));
        (restored.join(" "), told.collect())
    }

    #[test]
    fn columns_are_compared_by_name_whatever_their_order() {
        let same = shown("a INT64, b STRING", "B STRING, a INT64");
        assert_eq!(same, ("B a".to_owned(), vec![]));
    }

    #[test]
    fn one_that_was_dropped_and_one_that_was_added_are_not_taken_for_each_other() {
        let (restored, told) = shown("a INT64, b STRING", "a INT64, c STRING");
        assert_eq!(restored, "a");
        assert_eq!(told, ["b Dropped", "c Added"]);
    }

    #[test]
    fn a_column_of_another_type_is_restored_only_where_its_values_are_converted() {
        let (restored, told) =
            shown("a INT64, b STRING, c STRUCT<x INT64>", "a NUMERIC, b INT64, c STRUCT<y INT64>");
        assert_eq!(restored, "a");
        assert!(told[0].starts_with("a Converted"), "{told:?}");
        assert!(told[1..].iter().all(|told| told.contains(" Retyped")), "{told:?}");
    }
}
