//! `select-star`: A step that runs returns all columns that the table has at that time.

use sqlparser::ast::{SelectItem, SetExpr, Spanned, Statement};
use sqlparser::tokenizer::Span;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text};

pub(super) const CHECK: Check = Check {
    code: Code::SelectStar,
    name: "select-star",
    severity: Severity::Warning,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "A step that runs and returns whatever columns the table has that day reads more than it needs, and changes its result when a column is added.",
    found: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "SELECT *
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
    mended: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "SELECT id, player
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let step = &text.statement.step;
    let runs = text.rule.steps.iter().any(|known| known.name == *step);
    // A rewrite handles whole rows, whatever their columns, and always uses the shipped text.
    if !runs || step.is_shipped_only() {
        return;
    }
    let Statement::Query(query) = parsed else { return };
    if let Some(span) = star(&query.body) {
        findings.push(text.finding(
            Code::SelectStar,
            span,
            "SELECT * reads every column: more bytes, and a different result when a column is added",
            "name the columns",
        ));
    }
}

/// The place where a query returns all columns of its source. A star in a subquery does not matter: BigQuery
/// reads only the columns that the outer query names.
fn star(body: &SetExpr) -> Option<Span> {
    match body {
        SetExpr::Select(select) => {
            let star = select.projection.iter().find(|item| {
                matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
            });
            star.map(Spanned::span)
        }
        SetExpr::Query(query) => star(&query.body),
        SetExpr::SetOperation { left, right, .. } => star(left).or_else(|| star(right)),
        _ => None,
    }
}
