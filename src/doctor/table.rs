//! A rule against its table.

use jiff::Timestamp;

use super::{Line, Lines, Topic};
use crate::check;
use crate::error::{Result, did_you_mean};
use crate::googlesql::{Ident, SqlType};
use crate::plan;
use crate::rule::Rule;
use crate::run;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Buffer, Description, Warehouse};
use crate::window::Window;

/// Looks at a rule's table, and at the rows of these dates.
pub fn table(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) -> Vec<Line> {
    let rule = renderer.rule();
    let mut lines = Lines::about(Some(&rule.name));
    let Some(description) = describe(&mut lines, warehouse, rule) else { return lines.lines };
    columns(&mut lines, rule, &description);
    partition(&mut lines, rule, &description);
    match run::numbers_of(renderer, warehouse, now, window) {
        Ok(None) => {}
        Ok(Some(range)) => lines.good(Topic::Partition, range),
        Err(error) => lines.failed(Topic::Partition, &error),
    }
    streaming_buffer(&mut lines, rule, &description);
    if statements(&mut lines, renderer, warehouse, window, now) {
        row_ids(&mut lines, renderer, warehouse, window, now);
    } else {
        lines.skipped(Topic::RowId, "detect cannot run");
    }
    lines.lines
}

/// The table, or a line that says why it cannot be worked with.
fn describe(lines: &mut Lines, warehouse: &dyn Warehouse, rule: &Rule) -> Option<Description> {
    let described = warehouse.describe(&rule.table).and_then(|description| {
        if let Some(location) = &description.location {
            warehouse.check_location(&rule.table, location)?;
        }
        Ok(description)
    });
    match described {
        Ok(description) => {
            let at = description.location.as_ref().map(|at| format!(", stored in {at}"));
            let (name, count) = (rule.table.dotted(), description.columns.len());
            lines.good(Topic::Table, format!("{name}: {count} columns{}", at.unwrap_or_default()));
            Some(description)
        }
        Err(error) => {
            lines.failed(Topic::Table, &error);
            None
        }
    }
}

/// Every column that the rule lists or works with, and the type it must have; `None`: any.
fn expected(rule: &Rule) -> Vec<(&Ident, Option<SqlType>)> {
    let mut expected: Vec<(&Ident, Option<SqlType>)> =
        vec![(&rule.partition.column, Some(rule.partition.kind.sql_type())), (&rule.row_id, None)];
    expected.extend(rule.active.iter().map(|column| (column, Some(SqlType::Bool))));
    expected.extend(rule.touched_at.iter().map(|(column, t)| (column, Some(*t))));
    expected.extend(rule.written_at.iter().map(|column| (column, Some(SqlType::Timestamp))));
    expected.extend(rule.columns.iter().map(|(column, t)| (column, Some(*t))));
    expected
}

fn columns(lines: &mut Lines, rule: &Rule, description: &Description) {
    let names = || description.columns.iter().map(|(name, _)| name.as_str());
    let mut wrong = Vec::new();
    for (column, sql_type) in expected(rule) {
        let found = description.columns.iter().find(|(name, _)| column.same_column(name));
        let line = match (found, sql_type) {
            // BigQuery's own column of a table that is partitioned by the time of arrival.
            (None, _)
                if description.partition.as_deref().is_some_and(|p| column.same_column(p)) =>
            {
                continue;
            }
            (None, _) => (
                format!("the table has no column `{}`", column.as_str()),
                did_you_mean(column.as_str(), names()),
            ),
            (Some((_, Some(real))), Some(wanted)) if *real != wanted => (
                format!(
                    "`{}` is {real} in the table, and the rule needs {wanted}",
                    column.as_str()
                ),
                format!("write {real} in the rule if that is right, or name another column"),
            ),
            _ => continue,
        };
        if !wrong.contains(&line) {
            wrong.push(line);
        }
    }
    if wrong.is_empty() {
        lines.good(Topic::Columns, "all columns of the rule exist, with fitting types");
    }
    for (seen, remedy) in wrong {
        lines.bad(Topic::Columns, seen, remedy);
    }
}

fn partition(lines: &mut Lines, rule: &Rule, description: &Description) {
    let column = &rule.partition.column;
    let Some(required) = description.requires_partition_filter else {
        lines.skipped(Topic::Partition, "this warehouse has no partitions");
        return;
    };
    match &description.partition {
        Some(real) if column.same_column(real) => {
            lines.good(Topic::Partition, format!("`{real}` is the table's partition column"));
        }
        Some(real) => lines.bad(
            Topic::Partition,
            format!(
                "the table is partitioned by `{real}`, and the rule says `{}`",
                column.as_str()
            ),
            "every statement would read the whole table; mend `partition` in the rule",
        ),
        None => lines.advice(
            Topic::Partition,
            "the table is not partitioned",
            format!("every statement reads the whole table; partition it by `{}`", column.as_str()),
        ),
    }
    match (required, &description.partition) {
        (true, _) => lines.good(
            Topic::PartitionFilter,
            "queries have to name partitions, as every statement of onerow does",
        ),
        (false, None) => {}
        (false, Some(_)) => lines.advice(
            Topic::PartitionFilter,
            "queries need not name partitions",
            format!(
                "a careless query reads everything; ALTER TABLE {} SET OPTIONS (require_partition_filter = TRUE)",
                rule.table
            ),
        ),
    }
}

fn streaming_buffer(lines: &mut Lines, rule: &Rule, description: &Description) {
    match (description.buffer, &rule.written_at) {
        (Buffer::Empty, _) => lines.good(Topic::StreamingBuffer, "empty"),
        (Buffer::Since(_), Some(written_at)) => lines.good(
            Topic::StreamingBuffer,
            format!("holds rows; `{}` tells which ones can be touched", written_at.as_str()),
        ),
        (Buffer::Since(_), None) => lines.advice(
            Topic::StreamingBuffer,
            "holds rows, and the rule has no `written_at` to tell which",
            "name the column that says when a row reached the table; without it every date waits",
        ),
    }
}

/// Dry runs: they need the permissions that the run needs. Returns whether detect can run.
fn statements(
    lines: &mut Lines,
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) -> bool {
    let day = Window::day(window.last());
    let plan = match plan::plan(renderer, &plan::steps_of(renderer), &day) {
        Ok(Ok(plan)) => plan,
        Ok(Err(findings)) => {
            lines.failed(Topic::Statements, &check::refusal(&findings));
            return false;
        }
        Err(error) => {
            lines.failed(Topic::Statements, &error);
            return false;
        }
    };
    let (mut taken, mut all) = (Vec::new(), true);
    for step in &plan.steps {
        let planned = plan::Plan { window: day.clone(), steps: vec![step.clone()] };
        match run::estimate(warehouse, now, &planned) {
            Ok(_) => taken.push(step.name.as_str()),
            Err(error) => {
                all = false;
                lines.failed_at(Topic::Statements, &step.name, &error);
            }
        }
    }
    if all {
        lines.good(
            Topic::Statements,
            format!("the warehouse would take {} of {}", taken.join(", "), window.last()),
        );
    }
    taken.contains(&StepName::DETECT)
}

fn row_ids(
    lines: &mut Lines,
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) {
    let row_id = renderer.rule().row_id.as_str();
    let report = match sample(renderer, warehouse, window, now) {
        Ok(report) => report,
        Err(error) => return lines.failed(Topic::RowId, &error),
    };
    for note in report.notes() {
        lines.advice(Topic::Rows, note.text, note.remedy);
    }
    let totals = report.totals();
    let shared_ids = report.days.iter().filter(|day| day.counts.shared_ids > 0);
    let days: Vec<String> = shared_ids.map(|day| day.day.to_string()).collect();
    if totals.active == 0 {
        lines.skipped(
            Topic::RowId,
            format!("no active rows on {window}; name other dates with --date"),
        );
    } else if days.is_empty() {
        lines.good(
            Topic::RowId,
            format!(
                "`{row_id}` is unique and not NULL in {} active rows of {window}",
                totals.active
            ),
        );
    } else {
        lines.bad(
            Topic::RowId,
            format!(
                "`{row_id}` is NULL or shared in {} of {} active rows, on {}",
                totals.shared_ids,
                totals.active,
                days.join(", ")
            ),
            "those dates are left alone if they have duplicates; give each row an id of its own, or name another `row_id`",
        );
    }
}

fn sample(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) -> Result<run::Report> {
    run::standing(renderer, warehouse, now, window)
}
