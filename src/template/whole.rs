//! Statements about whole tables: rules without dates, and date-sharded tables. Templates are written for
//! partitioned tables: they use the date and the predicate of the window. If a table is one group, both are
//! rendered as marks, which are removed where the text has the same meaning without them: `WHERE <mark> AND
//! x` becomes `WHERE x`.

use minijinja::Value;

use super::literal;
use crate::rule::Rule;
use crate::window::{Day, Window};

/// The mark of the predicate that is true for all rows. A noncharacter, so no text contains it.
const FILTER: char = '\u{fdd0}';
/// The mark of the missing date.
const DATE: char = '\u{fdd1}';

/// The expression of a row's date.
pub(super) fn date(rule: &Rule) -> Value {
    match rule.partition.is_one_group() {
        true => literal::sql(DATE),
        false => literal::sql(rule.partition.date()),
    }
}

/// The expression of a row's period in a window.
pub(super) fn period(rule: &Rule) -> Value {
    match rule.partition.is_one_group() {
        true => literal::sql(DATE),
        false => literal::sql(rule.partition.period_date()),
    }
}

/// The predicate of a window.
pub(super) fn filter(rule: &Rule, window: &Window) -> Value {
    match rule.partition.is_one_group() {
        true => literal::sql(FILTER),
        false => literal::sql(rule.partition.filter(window)),
    }
}

/// Whether this is a mark, which is not an expression with columns.
pub(super) fn is_mark(text: &str) -> bool {
    text.chars().eq([FILTER]) || text.chars().eq([DATE])
}

/// The text without the marks, for this window.
pub(super) fn without_marks(text: &str, window: &Window) -> String {
    let mut text = text.replace(&format!("PARTITION BY {DATE}, "), "PARTITION BY ");
    let date = match window.only().and_then(Day::date) {
        Some(date) => format!("DATE '{date}'"),
        None => "CAST(NULL AS DATE)".to_owned(),
    };
    text = text.replace(DATE, &date);
    while let Some(at) = text.find(FILTER) {
        let end = at + FILTER.len_utf8();
        let (before, after) = (&text[..at], &text[end..]);
        text = match (before, after.trim_start().strip_prefix("AND ")) {
            (before, Some(rest)) if is_operand(before) => format!("{before}{rest}"),
            (before, _) => match (before.trim_end().strip_suffix("AND"), clause(before)) {
                (Some(before), _) => format!("{}{after}", before.trim_end()),
                (None, Some(before)) => format!("{before}{after}"),
                (None, None) => format!("{before}TRUE{after}"),
            },
        };
    }
    text
}

/// Whether the following text is the first operand of a condition.
fn is_operand(before: &str) -> bool {
    ["WHERE ", "ON ", "AND "].iter().any(|word| before.ends_with(word))
}

/// The text without a trailing WHERE, if that is a clause of a query. DML needs a WHERE.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax>
fn clause(before: &str) -> Option<&str> {
    let rest = before.strip_suffix("WHERE ")?;
    let line = rest.trim_end_matches(' ');
    let first = before.lines().find(|line| !line.starts_with("--")).unwrap_or_default();
    let changes = first.starts_with("UPDATE") || first.starts_with("DELETE");
    let is_own = changes && line.len() == rest.len();
    (line.ends_with('\n') && !is_own).then(|| line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_is_left_out() {
        for (text, expected) in [
            ("SELECT 1\nFROM t\nWHERE ¶\n  AND a\n", "SELECT 1\nFROM t\nWHERE a\n"),
            ("SELECT 1\nFROM t\nWHERE ¶\nGROUP BY x", "SELECT 1\nFROM t\nGROUP BY x"),
            (
                "SELECT 1\nFROM (\n  SELECT 1\n  FROM t\n  WHERE ¶\n)",
                "SELECT 1\nFROM (\n  SELECT 1\n  FROM t\n)",
            ),
            ("-- x\nUPDATE t\nSET a = 1\nWHERE ¶\n  AND b", "-- x\nUPDATE t\nSET a = 1\nWHERE b"),
            ("-- x\nDELETE FROM t\nWHERE ¶\n", "-- x\nDELETE FROM t\nWHERE TRUE\n"),
            (
                "DELETE FROM t\nWHERE id IN (\n  SELECT id\n  FROM t\n  WHERE ¶\n)",
                "DELETE FROM t\nWHERE id IN (\n  SELECT id\n  FROM t\n)",
            ),
            (
                "WHEN NOT MATCHED BY SOURCE\n  AND ¶\n  AND a\n  THEN",
                "WHEN NOT MATCHED BY SOURCE\n  AND a\n  THEN",
            ),
            ("WHEN NOT MATCHED BY SOURCE\n  AND ¶\n  THEN", "WHEN NOT MATCHED BY SOURCE\n  THEN"),
            ("ON ¶\n  AND (m.a = s.a)", "ON (m.a = s.a)"),
            ("WHERE a\n  AND ¶", "WHERE a"),
            ("WHERE ¶ AND ¶ AND a", "WHERE a"),
            ("SELECT NOT (¶) AS a", "SELECT NOT (TRUE) AS a"),
            ("SELECT § AS date", "SELECT CAST(NULL AS DATE) AS date"),
            ("OVER (\n  PARTITION BY §, a, b\n)", "OVER (\n  PARTITION BY a, b\n)"),
            ("SELECT 'é'\nFROM t\nWHERE ¶", "SELECT 'é'\nFROM t"),
        ] {
            let given = text.replace('¶', &FILTER.to_string()).replace('§', &DATE.to_string());
            assert_eq!(without_marks(&given, &Window::whole()), expected);
        }
        let of_shard = Window::day(Day::parse("2026-01-28").unwrap());
        let given = format!("SELECT {DATE} AS date");
        assert_eq!(without_marks(&given, &of_shard), "SELECT DATE '2026-01-28' AS date");
    }
}
