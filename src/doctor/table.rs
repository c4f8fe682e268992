//! Comparing a rule with its table.

use jiff::Timestamp;

use super::kept::undo;
use super::kind::{details, kind};
use super::partition::partition;
use super::{Line, Lines, Topic};
use crate::check;
use crate::error::{Kind, Result, did_you_mean};
use crate::googlesql::{Ident, Nested, SqlType, is_pseudo_column};
use crate::partitions::Books;
use crate::plan;
use crate::rule::{RowIdKind, Rule};
use crate::run;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Buffer, Description, Warehouse};
use crate::window::Window;

/// Checks a rule's table, and its rows on these dates.
pub fn table(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) -> Vec<Line> {
    let rule = renderer.rule();
    let mut lines = Lines::about(Some(&rule.name));
    let Some((description, window)) = describe(&mut lines, warehouse, rule, window) else {
        return lines.lines;
    };
    let window = &window;
    let can_change = kind(&mut lines, rule, &description.details);
    let nested = nested(&mut lines, warehouse, rule, window);
    columns(&mut lines, rule, &description, nested);
    if !can_change {
        lines.skipped(Topic::Statements, "no statement can change this table");
        return lines.lines;
    }
    partition(&mut lines, rule, &description, window);
    details(&mut lines, rule, &description);
    undo(&mut lines, rule, warehouse);
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

/// The table, and its dates; or a line with the reason why it cannot be used. Of date-sharded tables, the
/// last existing one is checked.
fn describe(
    lines: &mut Lines,
    warehouse: &dyn Warehouse,
    rule: &Rule,
    window: &Window,
) -> Option<(Description, Window)> {
    let mut failed = None;
    let sharded = rule.partition.is_sharded();
    let days = window.days().iter().rev();
    let shards = days.map(|day| (rule.table_on(*day), Window::day(*day))).filter(|_| sharded);
    let one = (!sharded).then(|| (rule.table.clone(), window.clone()));
    for (table, window) in one.into_iter().chain(shards) {
        let described = warehouse.describe(&table).and_then(|description| {
            if let Some(location) = &description.location {
                warehouse.check_location(&table, location)?;
            }
            Ok(description)
        });
        match described {
            Ok(description) => {
                let at = description.location.as_ref().map(|at| format!(", stored in {at}"));
                let (name, count) = (table.dotted(), description.columns.len());
                lines.good(
                    Topic::Table,
                    format!("{name}: {count} columns{}", at.unwrap_or_default()),
                );
                return Some((description, window));
            }
            Err(error) if error.kind() == Kind::NotFound => failed = failed.or(Some(error)),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    if let Some(error) = failed {
        lines.failed(Topic::Table, &error);
    }
    None
}

/// Every column that the rule lists or uses, and its required type; `None`: any.
fn expected(rule: &Rule) -> Vec<(&str, Option<SqlType>)> {
    let partition = rule.partition.cut.sql_type();
    let column = rule.partition.column().map(|column| (column.as_str(), Some(partition)));
    let mut expected: Vec<(&str, Option<SqlType>)> = column.into_iter().collect();
    expected.extend(rule.row_id.columns.iter().map(|column| (column.as_str(), None)));
    if let Some(active) = &rule.active {
        let wanted = active.is_column.then_some(SqlType::Bool);
        expected.extend(active.columns.iter().map(|column| (column.as_str(), wanted)));
    }
    expected.extend(rule.touched_at.iter().map(|(column, t)| (column.as_str(), Some(*t))));
    let written = Some(rule.written_as.sql_type());
    expected.extend(rule.written_at.iter().map(|column| (column.as_str(), written)));
    expected.extend(rule.columns.iter().map(|(column, t)| (column.as_str(), Some(*t))));
    expected
}

/// Nested columns whose type differs between table and rule, with their fields; a warehouse that does not
/// report fields is skipped.
fn nested(
    lines: &mut Lines,
    warehouse: &dyn Warehouse,
    rule: &Rule,
    window: &Window,
) -> Vec<(String, String)> {
    if rule.nested.is_empty() {
        return Vec::new();
    }
    let there = match warehouse.columns(&rule.table_of(window)) {
        Ok(there) => there,
        Err(error) => {
            lines.failed(Topic::Columns, &error);
            return Vec::new();
        }
    };
    let differs = |(column, wanted): &(Ident, Nested)| {
        let found = there.iter().find(|found| column.same_column(&found.name))?;
        let real = Nested::parse(&found.sql_type).ok()?;
        let same = real.to_string().eq_ignore_ascii_case(&wanted.to_string());
        // A type that is not nested is reported with the others.
        (!same && real.sql_type() == wanted.sql_type()).then(|| {
            (
                format!("`{}` is {real} in the table, and the rule says {wanted}", column.as_str()),
                format!("write {real} in the rule if that is right"),
            )
        })
    };
    rule.nested.iter().filter_map(differs).collect()
}

fn columns(
    lines: &mut Lines,
    rule: &Rule,
    description: &Description,
    nested: Vec<(String, String)>,
) {
    let names = || description.columns.iter().map(|(name, _)| name.as_str());
    let mut wrong = Vec::new();
    for (column, sql_type) in expected(rule) {
        let found = description.columns.iter().find(|(name, _)| column.eq_ignore_ascii_case(name));
        let line = match (found, sql_type) {
            // The pseudo-column of an ingestion-time partitioned table.
            (None, _) if is_pseudo(rule, column, description) => continue,
            (None, _) => {
                (format!("the table has no column `{column}`"), did_you_mean(column, names()))
            }
            (Some((_, Some(real))), Some(wanted)) if *real != wanted => (
                format!("`{column}` is {real} in the table, and the rule needs {wanted}"),
                format!("write {real} in the rule if that is right, or name another column"),
            ),
            _ => continue,
        };
        if !wrong.contains(&line) {
            wrong.push(line);
        }
    }
    wrong.extend(nested);
    wrong.extend(unlisted(rule, description));
    wrong.extend(no_keys(rule, description));
    wrong.extend(no_condition(rule, description));
    if wrong.is_empty() {
        lines.good(Topic::Columns, "all columns of the rule exist, with fitting types");
    }
    for (seen, remedy) in wrong {
        lines.bad(Topic::Columns, seen, remedy);
    }
}

/// Required columns that the rule does not list.
fn unlisted(rule: &Rule, description: &Description) -> Vec<(String, String)> {
    let Some(why) = rule.lists_all_since() else { return Vec::new() };
    let is_listed =
        |name: &str| is_pseudo_column(name) || rule.stored_columns().any(|c| c.same_column(name));
    let names = description.columns.iter().map(|(name, _)| name).filter(|name| !is_listed(name));
    let line = |name: &String| {
        (
            format!("the rule does not list `{name}`, which the table has"),
            format!("list it in [rule.{}.columns]: {why}", rule.name),
        )
    };
    names.map(line).collect()
}

/// Whether it is a pseudo-column, which the table's schema does not list.
fn is_pseudo(rule: &Rule, column: &str, description: &Description) -> bool {
    let by_arrival = description.partition.as_deref() == Some("_PARTITIONTIME");
    by_arrival && rule.partition.is_by_arrival() && rule.partition.is_by(column)
}

/// Columns of key and row id whose type cannot be compared for equality, with the fix.
fn no_keys(rule: &Rule, description: &Description) -> Vec<(String, String)> {
    let roles = rule.key.iter().filter_map(|entry| Some(("key", Ident::of_sql(entry.as_str())?)));
    let of_id = rule.row_id.parts.iter();
    let of_id = of_id.filter_map(|part| Some(("row_id", Ident::of_sql(part.as_str())?)));
    let roles = roles.chain(of_id);
    let unfit = roles.filter_map(|(role, column)| {
        let same = |(name, _): &&(String, Option<SqlType>)| column.same_column(name);
        match description.columns.iter().find(same)? {
            (name, Some(real)) if !real.can_be_key() => Some((
                format!("`{name}` is {real} in the table, which cannot be a {role}"),
                "name another column, or an expression that is equal where its values are"
                    .to_owned(),
            )),
            (name, None) => Some((
                format!(
                    "`{name}` is of a type that onerow does not know, which cannot be a {role}"
                ),
                "name another column".to_owned(),
            )),
            _ => None,
        }
    });
    unfit.collect()
}

/// The problem with `active` and the assignment that ends it for these column types, with the fix.
fn no_condition(rule: &Rule, description: &Description) -> Option<(String, String)> {
    let known = description.columns.iter();
    let types: Vec<(String, SqlType)> =
        known.filter_map(|(name, known)| Some((name.clone(), (*known)?))).collect();
    let problem = rule.active.as_ref()?.refute(&types).err()?;
    Some((problem, "change `active`, `deactivate` or `reactivate` in the rule".to_owned()))
}

fn streaming_buffer(lines: &mut Lines, rule: &Rule, description: &Description) {
    match (description.buffer, &rule.written_at) {
        (Buffer::Empty, _) => lines.good(Topic::StreamingBuffer, "empty"),
        (Buffer::Since(_), Some(written_at)) => lines.good(
            Topic::StreamingBuffer,
            format!(
                "holds rows; `{}` tells which ones can be touched. If only the Storage Write API writes to \
                 the table, all can: leave `written_at` out",
                written_at.as_str()
            ),
        ),
        (Buffer::Since(_), None) => lines.good(
            Topic::StreamingBuffer,
            "holds rows: each date is tried, and waits as a whole if BigQuery refuses it; with `written_at`, \
             only its rows in the buffer would",
        ),
    }
}

/// Makes dry runs, which need the same permissions as a run. Returns whether detect can run.
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
        let planned =
            plan::Plan { window: day.clone(), steps: vec![step.clone()], books: Books::default() };
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

fn active_rows(number: u64) -> String {
    format!("{number} active {}", if number == 1 { "row" } else { "rows" })
}

fn row_ids(
    lines: &mut Lines,
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) {
    let row_id = &renderer.rule().row_id;
    let shown = match row_id.kind {
        RowIdKind::KeyAndKeep | RowIdKind::WholeRow => row_id.to_string(),
        _ => format!("`{row_id}`"),
    };
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
            format!("{shown} is unique and not NULL in {} of {window}", active_rows(totals.active)),
        );
    } else {
        lines.bad(
            Topic::RowId,
            format!(
                "{shown} is NULL or shared in {} of {}, on {}",
                totals.shared_ids,
                active_rows(totals.active),
                days.join(", ")
            ),
            "those dates are left alone if they have duplicates; make the ids unique, or choose another `row_id` column",
        );
    }
}

fn sample(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    window: &Window,
    now: Timestamp,
) -> Result<run::Report> {
    run::read_status(renderer, warehouse, now, window)
}
