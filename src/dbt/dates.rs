//! The dates of a test in dbt: those of its variables, by default the last ones.

use super::jinja::Marks;
use crate::googlesql::Fragment;
use crate::rule::{Cut, Numbers, Partition, Rule};

/// How many dates a test is about, unless dbt's variable `onerow_days` says otherwise.
pub(super) const DAYS: u32 = 14;

/// What a test begins with, so that `onerow_from` and `onerow_to` are dates.
pub(super) fn variables(rule: &Rule) -> String {
    if rule.partition.is_whole() {
        return String::new();
    }
    let day = "modules.datetime.timedelta(days=";
    let mut text = format!(
        "{{%- set onerow_to = var('onerow_to', run_started_at.date()) | string -%}}\n\
         {{%- set onerow_from = var('onerow_from', run_started_at.date() - {day}var('onerow_days', {DAYS}) | int)) | string -%}}\n"
    );
    if let Some(across) = rule.across {
        let reach = across.reach();
        for (name, of, sign) in [("onerow_before", "onerow_from", "-"), ("onerow_after", "onerow_to", "+")] {
            text.push_str(&format!(
                "{{%- set {name} = (modules.datetime.date.fromisoformat({of}) {sign} {day}{reach})) | string -%}}\n"
            ));
        }
    }
    text
}

/// The predicates for the dates of a test, and for the dates around them.
pub(super) fn filters(rule: &Rule, marks: &mut Marks) -> (Fragment, Fragment) {
    let filter = between(&rule.partition, ("onerow_from", "onerow_to"), marks);
    let around = match rule.across {
        Some(_) => between(&rule.partition, ("onerow_before", "onerow_after"), marks),
        None => filter.clone(),
    };
    (filter, around)
}

/// Compares the column with literals, as the statements of a run do, so that BigQuery reads these partitions alone.
fn between(partition: &Partition, (from, to): (&str, &str), marks: &mut Marks) -> Fragment {
    let Some(column) = partition.column() else { return Fragment::vouched("TRUE") };
    let digits = |marks: &mut Marks, of: &str, until: usize| {
        marks.of(format!("{of}[:{until}] | replace('-', '')"))
    };
    let (first, last) = match partition.cut {
        Cut::Date => (format!("DATE '{}'", marks.of(from)), format!("DATE '{}'", marks.of(to))),
        Cut::Datetime => (
            format!("DATETIME '{} 00:00:00'", marks.of(from)),
            format!("DATETIME '{} 23:59:59.999999'", marks.of(to)),
        ),
        Cut::Timestamp => {
            let zone = partition.local_days().map_or("+00".to_owned(), |local| format!(" {}", local.name()));
            (
                format!("TIMESTAMP '{} 00:00:00{zone}'", marks.of(from)),
                format!("TIMESTAMP '{} 23:59:59.999999{zone}'", marks.of(to)),
            )
        }
        Cut::Int64(Numbers::Yyyymmdd) => {
            (digits(marks, from, 10).to_string(), digits(marks, to, 10).to_string())
        }
        Cut::Int64(Numbers::Yyyymm) => {
            (digits(marks, from, 7).to_string(), digits(marks, to, 7).to_string())
        }
        Cut::Int64(Numbers::Yyyy) => {
            (digits(marks, from, 4).to_string(), digits(marks, to, 4).to_string())
        }
        Cut::Int64(Numbers::Yyyymmddhh) => {
            (format!("{}00", digits(marks, from, 10)), format!("{}23", digits(marks, to, 10)))
        }
        Cut::Int64(Numbers::UnixDays) => {
            let mut number = |of: &str| {
                let days = format!(
                    "(modules.datetime.date.fromisoformat({of}) - modules.datetime.date(1970, 1, 1)).days"
                );
                marks.of(days).to_string()
            };
            (number(from), number(to))
        }
        Cut::String(_) => {
            let (from, to) = (marks.of(from), marks.of(to));
            let date = partition.date();
            return Fragment::vouched(format!("{date} BETWEEN DATE '{from}' AND DATE '{to}'"));
        }
        Cut::Shards | Cut::Whole => return Fragment::vouched("TRUE"),
    };
    Fragment::vouched(format!("{column} BETWEEN {first} AND {last}"))
}

/// The date of a row of the view, and the condition for the last dates of it, for a test that dbt brings. `None` where the
/// view has no such column.
pub(super) fn of_view(rule: &Rule) -> Option<(String, String)> {
    let partition = &rule.partition;
    let date = match (partition.is_date_column(), rule.across.is_some()) {
        (true, _) => partition.date().to_string(),
        (false, true) if partition.is_by_arrival() => return None,
        (false, true) => partition.date().to_string(),
        (false, false) => "onerow_date".to_owned(),
    };
    let first = format!("DATE_SUB(CURRENT_DATE(), INTERVAL {DAYS} DAY)");
    let number = |format: &str| format!("CAST(FORMAT_DATE('{format}', {first}) AS INT64)");
    let first = match partition.cut {
        Cut::Int64(Numbers::Yyyymmdd | Numbers::Yyyymmddhh) => number("%Y%m%d"),
        Cut::Int64(Numbers::Yyyymm) => number("%Y%m"),
        Cut::Int64(Numbers::Yyyy) => number("%Y"),
        Cut::Int64(Numbers::UnixDays) => format!("UNIX_DATE({first})"),
        _ => first,
    };
    let condition = format!("{date} >= {first}");
    Some((date, condition))
}
