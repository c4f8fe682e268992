//! Template variables: rule, window and staging tables as minijinja values.

use std::collections::BTreeMap;

use minijinja::Value;

use super::{literal, whole};
use crate::googlesql::{Fragment, Ident, SqlType, SqlValue, TableName};
use crate::removals::{self, RemovalLog};
use crate::rule::{Partition, Period, Rule};
use crate::window::{Day, Window};

/// An object with these members.
pub(super) fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    Value::from(entries.into_iter().collect::<BTreeMap<&str, Value>>())
}

/// The template variable `rule`.
pub(super) fn rule_value(rule: &Rule) -> Value {
    let optional = |column: Option<&Ident>| column.map_or(Value::from(()), literal::sql);
    let touched_at = rule.touched_at.as_ref();
    let flag = rule.active.as_ref().and_then(|active| active.flag.as_ref());
    // If the table has the name of one of its columns, that name means the whole row.
    let namesake = Ident::parse(rule.table.table()).ok().filter(|name| rule.reads(name.as_str()));
    let touched_now = match touched_at {
        Some((_, SqlType::Datetime)) => "CURRENT_DATETIME()",
        _ => "CURRENT_TIMESTAMP()",
    };
    let own = map([
        ("name", Value::from(rule.name.as_str())),
        ("strategy", Value::from(rule.strategy.step())),
        ("namesake", optional(namesake.as_ref())),
        ("view", literal::sql(&rule.view)),
        ("partition", optional(rule.partition.column())),
        ("row", literal::sql(rule.row())),
        ("row_set_aside", literal::sql(rule.row_set_aside())),
        ("by_arrival", Value::from(rule.partition.is_by_arrival())),
        ("date", whole::date(rule)),
        ("across", rule.across.map_or(Value::from(()), |across| Value::from(across.days()))),
        ("day_number", rule.partition.day_number().map_or(Value::from(()), literal::sql)),
        ("period", whole::period(rule)),
        ("period_as_date", literal::sql(rule.partition.period_as_date())),
        ("near_as_date", literal::sql(rule.partition.as_date(&Fragment::trusted("onerow_date")))),
        ("logged_period", literal::sql(rule.partition.logged_period())),
        ("shares_partitions", Value::from(rule.partition.period != Period::Day)),
        ("has_date", Value::from(rule.partition.is_date_column())),
        ("key", rule.key.iter().map(literal::sql).collect()),
        ("keep", rule.keep.iter().map(|keep| literal::sql(&keep.order)).collect()),
        ("keep_values", rule.keep.iter().map(|keep| literal::sql(&keep.value)).collect()),
        ("row_id", literal::sql(&rule.row_id.value)),
        ("row_id_json", literal::sql(rule.row_id.json())),
        ("row_id_is_json", Value::from(rule.row_id.is_json())),
        ("row_id_parts", rule.row_id.parts.iter().map(literal::sql).collect()),
        ("active", rule.active.as_ref().map_or(Value::from(()), |a| literal::sql(&a.condition))),
        ("active_column", optional(flag.map(|flag| &flag.column))),
        ("active_value", flag.map_or(Value::from(()), |flag| literal::sql(&flag.active))),
        ("inactive_value", flag.map_or(Value::from(()), |flag| literal::sql(&flag.inactive))),
        ("touched_at", optional(touched_at.map(|(column, _)| column))),
        ("touched_now", literal::sql(touched_now)),
        ("written_at", optional(rule.written_at.as_ref())),
        ("counts_narrowly", Value::from(rule.counts_narrowly)),
        ("settles", optional(rule.settles.as_ref())),
        ("keep_rows", Value::from(rule.keep_rows)),
        ("columns", rule.stored_columns().map(literal::sql).collect()),
        ("merged", rule.merged.iter().map(literal::sql).collect()),
        ("survivor", survivor(rule)),
    ]);
    minijinja::value::merge_maps([own, table_value(&rule.table)])
}

/// The columns of a merged survivor, sorted: it is identified by their JSON, whatever the order in the rule
/// file. Nested columns are not merged, and not included.
fn survivor(rule: &Rule) -> Value {
    let mut columns: Vec<&Ident> = match rule.puts_together() {
        true => rule.plain_columns().collect(),
        false => Vec::new(),
    };
    columns.sort_by_key(|column| column.as_str().to_ascii_lowercase());
    let column = |column: &Ident| {
        map([
            ("column", literal::sql(column)),
            ("merged", Value::from(rule.merges(column.as_str()))),
        ])
    };
    columns.into_iter().map(column).collect()
}

/// A statement's table.
pub(super) fn table_value(table: &TableName) -> Value {
    map([("table", literal::sql(table)), ("table_name", Value::from(table.dotted()))])
}

/// The removal log: its table, the columns of its entries, and the before image's table.
pub(super) fn removals_value(log: &RemovalLog, rule: &Rule) -> Value {
    let columns = removals::COLUMNS.iter().map(|(name, _)| *name);
    let columns = columns.filter(|name| !removals::OF_SURVIVORS.contains(name));
    map([
        ("table", literal::sql(&log.table)),
        ("columns", columns.map(literal::sql).collect()),
        ("before_image", literal::sql(log.before_image_of(rule.name.as_str()))),
    ])
}

/// The staging tables, and the one of a statement.
pub(super) fn staging_value(rule: &Rule, table: Option<&TableName>) -> Value {
    let Some(staging) = &rule.staging else { return Value::from(()) };
    let has_active = rule.active.as_ref().is_some_and(|active| staging.brings_active(active));
    let deleted = staging.deleted.as_ref();
    map([
        ("tables", staging.tables.iter().map(literal::sql).collect()),
        ("rows", staging.tables.iter().map(|table| rows_of(rule, table)).collect()),
        ("names", staging.tables.iter().map(TableName::dotted).collect()),
        ("table", table.map_or(Value::from(()), literal::sql)),
        ("columns", staging.columns.iter().map(literal::sql).collect()),
        ("values", rule.arriving_values().into_iter().map(literal::sql).collect()),
        ("has_active", Value::from(has_active)),
        ("deleted", deleted.map_or(Value::from(()), |deleted| literal::sql(&deleted.condition))),
        ("has_place", literal::sql(has_place(rule))),
        ("leaves_out", Value::from(staging.may_leave_out(rule))),
    ])
}

/// A staging table in FROM: with an alias if it has the name of one of its columns, because that name would
/// mean the whole row.
fn rows_of(rule: &Rule, table: &TableName) -> Value {
    literal::sql(match rule.reads(table.table()) {
        true => format!("{table} AS onerow_row"),
        false => table.to_string(),
    })
}

/// Whether a row can be ranked: the first sort value is not NULL.
fn has_place(rule: &Rule) -> String {
    let Some(first) = rule.keep.first() else { return "TRUE".to_owned() };
    match first.column {
        Some(_) => format!("{} IS NOT NULL", first.value),
        None => format!("({}) IS NOT NULL", first.value),
    }
}

/// The predicate for these dates in the removal log; rows without a date have NULL there.
fn logged(window: &Window) -> Fragment {
    let dated = |day: Day| if day == Day::WHOLE { Day::UNDATED } else { day };
    let days: Vec<Day> = window.days().iter().copied().map(dated).collect();
    Partition::of_removal_log().filter(&Window::of_some(&days))
}

/// The dates, and the predicate that restricts a statement to them.
pub(super) fn window_value(rule: &Rule, window: &Window) -> Value {
    let literal = |day: Day| match day.date() {
        Some(_) => literal::sql(SqlValue::from(day).literal()),
        None => literal::sql("CAST(NULL AS DATE)"),
    };
    let around = rule.across.map(|across| window.around(across.reach()));
    let around = |filtered: &dyn Fn(&Window) -> Value| around.as_ref().map(filtered);
    map([
        ("around", around(&|around| whole::filter(rule, around)).unwrap_or_default()),
        (
            "around_with_undated",
            around(&|around| whole::filter(rule, &around.with_undated())).unwrap_or_default(),
        ),
        ("filter", whole::filter(rule, window)),
        ("with_undated", whole::filter(rule, &window.with_undated())),
        ("is_one", Value::from(window.only().is_some())),
        ("logged", literal::sql(logged(window))),
        ("first", literal(window.first())),
        ("last", literal(window.last())),
        ("days", window.days().iter().map(|day| literal(*day)).collect()),
    ])
}
