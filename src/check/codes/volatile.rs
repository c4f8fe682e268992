//! `volatile`: A function whose value differs from run to run.

use sqlparser::ast::Statement;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text, volatility};

pub(super) const CHECK: Check = Check {
    code: Code::Volatile,
    name: "volatile",
    severity: Severity::Warning,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "The clock or chance in a query of your own: the same statement for the same dates gives another result.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT id
FROM nba.predictions
WHERE game_date = CURRENT_DATE()",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT id
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
};

/// Where such a function does not select rows it is safe, but the result changes from day to day.
fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let Statement::Query(query) = parsed else { return };
    if volatility::of_choice(text, parsed).is_some() {
        return;
    }
    let Some((what, span)) = volatility::of_query(query) else { return };
    findings.push(text.finding(
        Code::Volatile,
        span,
        format!("{what} changes from run to run: the same statement for the same dates returns a different result"),
        "use {{ window.first }} or {{ window.last }}, or @cutoff for the moment of the run",
    ));
}
