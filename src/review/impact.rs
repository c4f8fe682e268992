//! The effect of a change on the data: the counts of both definitions over the same rows, by read-only
//! statements.

use jiff::Timestamp;

use crate::check;
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::project::Project;
use crate::rule::Rule;
use crate::run::{self, RunId};
use crate::statement::{Params, Statement, StepName};
use crate::template::Renderer;
use crate::warehouse::{Job, JobId, Returned, Warehouse};
use crate::window::{Day, Window};

/// The counts of both definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// The dates, in order.
    pub days: Vec<ImpactDay>,
    /// The runs that removed rows of keys without an active row under the work tree's definition, with the
    /// number of such keys.
    pub keyless_runs: Vec<(RunId, u64)>,
    /// Rows whose outcome differs, up to the requested number.
    pub examples: Vec<Example>,
}

/// One date under both definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImpactDay {
    /// The date.
    pub day: Day,
    /// Its active rows.
    pub active: u64,
    /// Duplicates under the base's definition.
    pub before: u64,
    /// Duplicates under the work tree's definition.
    pub after: u64,
    /// Keys that have rows but no active one, under the base's definition.
    pub keyless_before: u64,
    /// Keys that have rows but no active one, under the work tree's definition.
    pub keyless_after: u64,
}

/// A row that survives under one definition but not the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its date.
    pub date: String,
    /// Its row id.
    pub row_id: String,
    /// The values of its key, under the work tree's definition.
    pub key: Vec<String>,
    /// Whether it survives under the base's definition.
    pub before: bool,
    /// Whether it survives under the work tree's definition.
    pub after: bool,
}

/// Counts both definitions.
///
/// # Errors
/// The definitions are about different tables, which cannot be compared.
pub fn impact(
    old: (&Project, &Rule),
    new: (&Project, &Rule),
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
    examples: u32,
) -> Result<Impact> {
    let window = &new.1.periods(window)?;
    let (before, after) =
        (count(old, warehouse, window, now)?, count(new, warehouse, window, now)?);
    let days = before.days.iter().zip(&after.days).map(|(before, after)| ImpactDay {
        day: after.day,
        active: after.counts.active,
        before: before.counts.duplicates,
        after: after.counts.duplicates,
        keyless_before: before.counts.keyless,
        keyless_after: after.counts.keyless,
    });
    let days = days.collect();
    let examples = match examples {
        0 => Vec::new(),
        count => differing(old.1, new.1, warehouse, window, count)?,
    };
    Ok(Impact { days, keyless_runs: after.keyless_runs, examples })
}

fn count(
    (project, rule): (&Project, &Rule),
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) -> Result<run::Report> {
    let renderer = Renderer::new(rule, &project.templates, &[])?;
    run::read_status(&renderer, warehouse, now, window)
}

/// Rows that survive under one ranking but not the other.
fn differing(
    old: &Rule,
    new: &Rule,
    warehouse: &dyn Warehouse,
    window: &Window,
    count: u32,
) -> Result<Vec<Example>> {
    let same = old.table == new.table
        && old.partition.column() == new.partition.column()
        && old.partition.local_days() == new.partition.local_days()
        && old.row_id == new.row_id
        && old.active.as_ref().map(|a| &a.condition) == new.active.as_ref().map(|a| &a.condition);
    if !same {
        let message = "the two definitions are about other tables, partitions, row ids or flags";
        return Err(Error::new(Kind::Usage, message).help("leave --examples out"));
    }
    if old.across.is_some() || new.across.is_some() {
        let message = "rows that are compared across dates are not shown as examples";
        return Err(
            Error::new(Kind::Usage, message).help("leave --examples out; the counts are right")
        );
    }
    let keys = |indent: &str, text: &dyn Fn(usize, String) -> String| -> String {
        let keys = new.key.iter().enumerate();
        keys.map(|(i, key)| format!(",\n{indent}{}", text(i, key.to_string()))).collect()
    };
    let sql = format!(
        "SELECT\n  date,\n  row_id,\n  place_before = 1 AS before,\n  place_after = 1 AS after{names}\nFROM (\n  \
         SELECT\n    {date} AS date,\n    {row_id} AS row_id,\n    {before} AS place_before,\n    {after} AS place_after{values}\n  \
         FROM {table} AS onerow_row\n  WHERE {filter}{active}\n)\nWHERE (place_before = 1) != (place_after = 1)\n\
         ORDER BY date, row_id\nLIMIT {count}\n",
        names = keys("  ", &|i, _| format!("key_{i}")),
        values = keys("    ", &|i, key| format!("{key} AS key_{i}")),
        date = new.partition.date(),
        row_id = new.row_id.value,
        before = old.ranking,
        after = new.ranking,
        table = new.table,
        filter = new.partition.filter(window),
        active =
            new.active.iter().map(|a| format!("\n    AND {}", a.condition)).collect::<String>(),
    );
    let statement = Statement::new(StepName::parse("examples")?, window.clone(), sql);
    let run = format!("review-{:016x}", fastrand::u64(..));
    let id = JobId::derive(&run, 0, &statement.step, window.first());
    let statement = check::run(new, statement)?;
    let job = Job { id: &id, run: &run, rule: &new.name };
    let Returned::Rows(rows) = warehouse.submit(&job, &statement, &Params::none())?.result else {
        return Err(Error::new(Kind::UnexpectedAnswer, "a query returned no rows"));
    };
    let examples = rows.rows.iter().filter_map(|row| match row.as_slice() {
        [date, row_id, before, after, key @ ..] => Some(Example {
            date: date.to_string(),
            row_id: row_id.to_string(),
            key: key.iter().map(ToString::to_string).collect(),
            before: *before == SqlValue::Bool(true),
            after: *after == SqlValue::Bool(true),
        }),
        _ => None,
    });
    Ok(examples.collect())
}
