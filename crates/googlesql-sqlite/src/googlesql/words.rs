//! Names in an expression that are not columns: date parts, weekdays, normalization modes, and fields after a
//! dot.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, Visit, Visitor,
};

use super::is_context_function;

/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/timestamp_functions#timestamp_trunc>
const DATE_PARTS: &[&str] = &[
    "PICOSECOND",
    "NANOSECOND",
    "MICROSECOND",
    "MILLISECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "ISOWEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
    "ISOYEAR",
];

/// The weekdays allowed in `WEEK(…)`.
const WEEKDAYS: &[&str] =
    &["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];

/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#normalize>
const MODES: &[&str] = &["NFC", "NFD", "NFKC", "NFKD"];

/// The argument of a function that is a word, and the words it accepts.
fn place_of_word(function: &str) -> Option<(usize, &'static [&'static str])> {
    Some(match function {
        "DATE_TRUNC" | "DATETIME_TRUNC" | "TIMESTAMP_TRUNC" | "TIME_TRUNC" | "LAST_DAY" => {
            (1, DATE_PARTS)
        }
        "DATE_DIFF" | "DATETIME_DIFF" | "TIMESTAMP_DIFF" | "TIME_DIFF" => (2, DATE_PARTS),
        "NORMALIZE" | "NORMALIZE_AND_CASEFOLD" => (1, MODES),
        "WEEK" => (0, WEEKDAYS),
        _ => return None,
    })
}

/// Distinguishes columns from other names during a walk from the outside in. The place decides: a column may
/// have the name of a date part.
#[derive(Debug, Default)]
pub struct Words {
    /// Expressions to come that are not columns.
    expected: Vec<*const Expr>,
}

impl Words {
    /// Whether the expression is a name but not a column. Call it once per expression of a tree, outer ones
    /// first.
    pub fn is_one(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Identifier(_) => {
                let here = self.expected.iter().position(|known| std::ptr::eq(*known, expr));
                return here.map(|here| self.expected.swap_remove(here)).is_some();
            }
            Expr::Function(function) => {
                self.expected.extend(word_of(function).map(std::ptr::from_ref));
            }
            Expr::CompoundFieldAccess { root: _, access_chain } => {
                let fields = access_chain.iter().filter_map(|access| match access {
                    AccessExpr::Dot(field @ Expr::Identifier(_)) => Some(std::ptr::from_ref(field)),
                    _ => None,
                });
                self.expected.extend(fields);
            }
            _ => {}
        }
        false
    }
}

/// The word argument of a call: `MONTH` in `DATE_TRUNC(d, MONTH)`.
fn word_of(function: &Function) -> Option<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    // `SAFE.DATE_TRUNC` is DATE_TRUNC.
    let name = function.name.0.last()?.as_ident()?.value.to_ascii_uppercase();
    let (place, words) = place_of_word(&name)?;
    match list.args.get(place)? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(word @ Expr::Identifier(name)))
            if words.iter().any(|known| known.eq_ignore_ascii_case(&name.value)) =>
        {
            Some(word)
        }
        _ => None,
    }
}

/// The columns in a tree; the first name of a path such as `event.params[0].value`.
pub fn columns(tree: &impl Visit) -> Vec<Ident> {
    let mut columns = Columns::default();
    _ = tree.visit(&mut columns);
    columns.found
}

/// The conditions joined with AND.
pub fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut open = vec![condition];
    while let Some(next) = open.pop() {
        match next {
            Expr::Nested(inner) => open.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                open.extend([&**left, right])
            }
            other => found.push(other),
        }
    }
    found.reverse();
    found
}

#[derive(Default)]
struct Columns {
    words: Words,
    found: Vec<Ident>,
}

impl Visitor for Columns {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let is_word = self.words.is_one(expr);
        match expr {
            Expr::Identifier(name) if !is_word && is_column(name) => self.found.push(name.clone()),
            Expr::CompoundIdentifier(parts) => self.found.extend(parts.first().cloned()),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn is_column(name: &Ident) -> bool {
    name.quote_style.is_some() || !(name.value.starts_with('@') || is_context_function(&name.value))
}

#[cfg(test)]
mod tests {
    use sqlparser::parser::Parser;

    use super::*;
    use crate::googlesql::{parse, tokens};

    fn columns_of(sql: &str) -> String {
        let expr = parse(tokens(sql).unwrap(), Parser::parse_expr).unwrap();
        let names: Vec<String> = columns(&expr).into_iter().map(|name| name.value).collect();
        names.join(" ")
    }

    #[test]
    fn a_date_part_is_no_column() {
        for (expression, columns) in [
            ("TIMESTAMP_TRUNC(seen_at, MINUTE)", "seen_at"),
            ("TIMESTAMP_TRUNC(seen_at, `minute`, zone)", "seen_at zone"),
            ("SAFE.DATE_TRUNC(day, isoyear)", "day"),
            ("DATETIME_TRUNC(a, WEEK(MONDAY))", "a"),
            ("TIME_TRUNC(a, MILLISECOND)", "a"),
            ("LAST_DAY(a, WEEK(FRIDAY))", "a"),
            ("LAST_DAY(a)", "a"),
            ("TIMESTAMP_DIFF(a, b, SECOND)", "a b"),
            ("DIV(DATE_DIFF(a, DATE_TRUNC(b, YEAR), DAY), 7)", "a b"),
            ("EXTRACT(HOUR FROM a)", "a"),
            ("EXTRACT(WEEK(TUESDAY) FROM a AT TIME ZONE 'Asia/Kolkata')", "a"),
            ("EXTRACT(DAYOFWEEK FROM a AT TIME ZONE zone)", "a zone"),
            ("EXTRACT(DATE FROM a)", "a"),
            ("TIMESTAMP_ADD(a, INTERVAL b MINUTE)", "a b"),
            ("DATE_SUB(a, INTERVAL 1 QUARTER)", "a"),
            ("NORMALIZE(a, NFKC) || NORMALIZE_AND_CASEFOLD(b, NFD)", "a b"),
            ("CAST(a AS STRING FORMAT 'YYYY' AT TIME ZONE 'UTC')", "a"),
            ("PARSE_JSON(a, wide_number_mode => 'round')", "a"),
            ("a < CURRENT_DATE", "a"),
        ] {
            assert_eq!(columns_of(expression), columns, "{expression}");
        }
    }

    #[test]
    fn a_column_that_is_called_like_a_date_part_is_one_where_a_column_stands() {
        for (expression, columns) in [
            ("hour", "hour"),
            ("TIMESTAMP_TRUNC(hour, HOUR)", "hour"),
            ("DATE_DIFF(day, month, YEAR)", "day month"),
            ("COALESCE(minute, SECOND)", "minute SECOND"),
            ("LOWER(nfc) || monday", "nfc monday"),
            // Syntax of another dialect.
            ("DATE_TRUNC('month', created_at)", "created_at"),
        ] {
            assert_eq!(columns_of(expression), columns, "{expression}");
        }
    }

    #[test]
    fn a_field_is_no_column() {
        for (expression, columns) in [
            ("a.b.c", "a"),
            ("event.params[0].value", "event"),
            ("arr[OFFSET(0)].x", "arr"),
            ("arr[SAFE_ORDINAL(n)].x.y", "arr n"),
            ("payload.user['id']", "payload"),
            ("payload[key].b[LOWER(other)].c", "payload key other"),
            ("PARSE_JSON(raw).user.id", "raw"),
            ("STRUCT(a AS b, c).b", "a c"),
        ] {
            assert_eq!(columns_of(expression), columns, "{expression}");
        }
    }
}
