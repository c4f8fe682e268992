//! The dates of a test in dbt: those of its variables, by default the last ones.

use super::jinja::Marks;
use crate::error::Result;
use crate::googlesql::Fragment;
use crate::rule::{Cut, Numbers, Partition, Rule};
use crate::window::{Day, Window};

/// How many dates a test is about, unless dbt's variable `onerow_days` says otherwise.
pub(super) const DAYS: u32 = 14;

/// Some dates of a rule, for what is the same on all of them.
pub(super) fn any(rule: &Rule) -> Result<Window> {
    match rule.partition.is_whole() {
        true => Ok(Window::whole()),
        false => rule.periods(&Window::day(Day::from(jiff::civil::date(2026, 1, 28)))),
    }
}

/// What a test begins with, so that `onerow_from` and `onerow_to` are dates.
pub(super) fn variables(rule: &Rule) -> String {
    if rule.partition.is_whole() {
        return String::new();
    }
    // Without this check, dates in the wrong order would be a test that passes, as no row is between them.
    let mut text = format!(
        "{{%- set onerow_to = var('onerow_to', run_started_at.date()) | string -%}}\n\
         {{%- set onerow_from = var('onerow_from', modules.datetime.date.fromisoformat(onerow_to) - \
         modules.datetime.timedelta(days=(var('onerow_days', {DAYS}) | int) - 1)) | string -%}}\n\
         {{%- if onerow_from > onerow_to -%}}{{{{ exceptions.raise_compiler_error('onerow_from is ' ~ onerow_from ~ \
         ', which is after onerow_to, ' ~ onerow_to ~ ': no date would be tested') }}}}{{%- endif -%}}\n"
    );
    let mut pairs = vec![FROM_TO];
    if let Some(across) = rule.across {
        text.push_str(&apart(BEFORE_AFTER, FROM_TO, across.reach()));
        pairs.push(BEFORE_AFTER);
    }
    if rule.partition.local_days().is_some() {
        pairs.into_iter().for_each(|pair| text.push_str(&apart(in_utc(pair), pair, 1)));
    }
    text
}

type Names = (&'static str, &'static str);

const FROM_TO: Names = ("onerow_from", "onerow_to");
const BEFORE_AFTER: Names = ("onerow_before", "onerow_after");

/// The dates in UTC between which the days of any time zone are.
fn in_utc(pair: Names) -> Names {
    match pair {
        FROM_TO => ("onerow_from_utc", "onerow_to_utc"),
        _ => ("onerow_before_utc", "onerow_after_utc"),
    }
}

/// Sets two dates, so many days before the first and after the second of others.
fn apart(set: Names, of: Names, days: impl std::fmt::Display) -> String {
    let line = |set: &str, sign: &str, of: &str| {
        format!(
            "{{%- set {set} = (modules.datetime.date.fromisoformat({of}) {sign} \
             modules.datetime.timedelta(days={days})) | string -%}}\n"
        )
    };
    line(set.0, "-", of.0) + &line(set.1, "+", of.1)
}

/// The predicates for the dates of a test, and for the dates around them.
pub(super) fn filters(rule: &Rule, marks: &mut Marks) -> (Fragment, Fragment) {
    let filter = between(&rule.partition, FROM_TO, marks);
    let around = match rule.across {
        Some(_) => between(&rule.partition, BEFORE_AFTER, marks),
        None => filter.clone(),
    };
    (filter, around)
}

/// Compares the column with literals, as the statements of a run do, so that BigQuery reads these partitions alone.
fn between(partition: &Partition, pair: Names, marks: &mut Marks) -> Fragment {
    let (from, to) = pair;
    let Some(column) = partition.column() else { return Fragment::trusted("TRUE") };
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
            let (early, late) = match partition.local_days() {
                None => pair,
                Some(_) => in_utc(pair),
            };
            (
                format!("TIMESTAMP '{} 00:00:00+00'", marks.of(early)),
                format!("TIMESTAMP '{} 23:59:59.999999+00'", marks.of(late)),
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
            return Fragment::trusted(format!("{date} BETWEEN DATE '{from}' AND DATE '{to}'"));
        }
        Cut::Shards | Cut::Whole => return Fragment::trusted("TRUE"),
    };
    let filter = format!("{column} BETWEEN {first} AND {last}");
    Fragment::trusted(match partition.local_days() {
        None => filter,
        Some(_) => {
            let (from, to) = (marks.of(from), marks.of(to));
            format!("{filter} AND {} BETWEEN DATE '{from}' AND DATE '{to}'", partition.date())
        }
    })
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
    let first = format!("DATE_SUB(CURRENT_DATE(), INTERVAL {} DAY)", DAYS - 1);
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
