//! Comparing results with expectations.

use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};
use toml::Value;

use super::read::{json, text};
use super::{Expected, Figure, Verdict};
use crate::engine::Rows;
use crate::error::{Error, did_you_mean};
use crate::googlesql::{Ident, SqlValue};

/// The result of a test.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub rows: Rows,
    pub figures: Vec<(Figure, u64)>,
}

/// No difference, or all of them.
pub(super) fn verdict(expected: &Expected, found: &Found, problems: &[Error]) -> Verdict {
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let mut differences = Vec::new();
    match &expected.error {
        Some(error) if said.iter().any(|said| said.contains(error)) => {}
        Some(error) if said.is_empty() => {
            differences.push(format!("expected an error with `{error}`, and there was none"));
        }
        Some(error) => differences
            .push(format!("expected an error with `{error}`, and it was: {}", said.join("\n"))),
        None => differences.extend(said.iter().map(|said| format!("error: {said}"))),
    }
    // Without the expected error, rows and counts of a failed run have no meaning.
    if problems.is_empty() || expected.error.is_some() {
        if let Some(counts) = &expected.counts {
            differences.extend(counts_differ(counts, &found.figures));
        }
        if let Some(rows) = &expected.rows {
            differences.extend(rows_differ(rows, &expected.nested, &found.rows));
        }
    }
    match differences.is_empty() {
        true => Ok(()),
        false => Err(differences.join("\n")),
    }
}

fn counts_differ(expected: &[(Figure, u64)], found: &[(Figure, u64)]) -> Vec<String> {
    let count = |figure: Figure| found.iter().find(|(f, _)| *f == figure).map_or(0, |(_, n)| *n);
    let wrong = expected.iter().filter(|(figure, n)| count(*figure) != *n);
    wrong
        .map(|(figure, n)| format!("{}: expected {n}, found {}", figure.as_str(), count(*figure)))
        .collect()
}

/// Compares rows in any order, and only the columns that the test names.
fn rows_differ(
    expected: &[Vec<(String, Value)>],
    nested: &[Ident],
    found: &Rows,
) -> Option<String> {
    let is_nested = |name: &str| nested.iter().any(|column| column.same_column(name));

    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in expected.iter().flatten() {
        if !names.iter().any(|known| is(known, name)) {
            names.push(name);
        }
    }
    if expected.is_empty() {
        names.extend(found.columns.iter().map(String::as_str));
    }
    let mut places = Vec::new();
    for name in &names {
        let place = found.columns.iter().position(|column| is(column, name));
        let Some(place) = place else {
            let known = found.columns.iter().map(String::as_str);
            return Some(format!("there is no column `{name}`: {}", did_you_mean(name, known)));
        };
        places.push(place);
    }
    let line = |values: Vec<String>| {
        let cells: Vec<String> =
            names.iter().zip(values).map(|(name, value)| format!("{name} = {value}")).collect();
        cells.join(", ") + "\n"
    };
    let mut wanted: Vec<String> = Vec::new();
    for row in expected {
        let cell = |(name, place): (&&str, &usize)| {
            let given = row.iter().find(|(column, _)| is(column, name));
            match given {
                None => "NULL".to_owned(),
                Some((_, value)) if is_nested(name) => in_any_order(json(value)),
                Some((_, value)) => as_found(value, *place, found),
            }
        };
        wanted.push(line(names.iter().zip(&places).map(cell).collect()));
    }
    let rows = found.rows.iter().map(|row| {
        let cell = |(name, place): (&&str, &usize)| match row.get(*place).unwrap_or(&SqlValue::Null)
        {
            SqlValue::String(text) if is_nested(name) => {
                serde_json::from_str(text).map_or_else(|_| text.clone(), in_any_order)
            }
            value => value.literal().to_string(),
        };
        line(names.iter().zip(&places).map(cell).collect())
    });
    let mut rows: Vec<String> = rows.collect();
    wanted.sort();
    rows.sort();
    (wanted != rows).then(|| diff(&wanted.concat(), &rows.concat()))
}

/// The expected value as a literal of the column's type.
fn as_found(value: &Value, place: usize, found: &Rows) -> String {
    let mut types = found.rows.iter().filter_map(|row| row.get(place)?.sql_type());
    let plain = text(value);
    match types.next().map(|sql_type| SqlValue::parse(&plain, sql_type)) {
        Some(Ok(typed)) => typed.literal().to_string(),
        _ => SqlValue::String(plain).literal().to_string(),
    }
}

/// JSON text, normalized: members sorted, null members removed.
fn in_any_order(value: Json) -> String {
    fn sorted(value: Json) -> Json {
        match value {
            Json::Array(values) => values.into_iter().map(sorted).collect(),
            Json::Object(members) => {
                let told = members.into_iter().filter(|(_, value)| !value.is_null());
                let mut told: Vec<_> = told.map(|(name, value)| (name, sorted(value))).collect();
                told.sort_by(|one, other| one.0.cmp(&other.0));
                told.into_iter().collect()
            }
            other => other,
        }
    }
    sorted(value).to_string()
}

fn diff(expected: &str, found: &str) -> String {
    let mut text = "rows (- expected, + found):".to_owned();
    for change in TextDiff::from_lines(expected, found).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        text.push_str(&format!("\n{sign} {}", change.value().trim_end()));
    }
    text
}
