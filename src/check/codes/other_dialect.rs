//! `other-dialect`: Syntax and functions that the parser accepts but GoogleSQL does not have.

use googlesql_sqlite::dialect::foreign;
use sqlparser::ast::Statement;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text};

pub(super) const CHECK: Check = Check {
    code: Code::OtherDialect,
    name: "other-dialect",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "Found:",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT NVL(player, '') AS player
FROM nba.predictions
WHERE created_at::date = DATE '2026-01-28'",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT IFNULL(player, '') AS player
FROM nba.predictions
WHERE CAST(created_at AS DATE) = DATE '2026-01-28'",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let known = |name: &str| text.rule.may_call(name);
    findings.extend(foreign(parsed, &known).into_iter().map(|error| {
        let place = error.place().unwrap_or_default();
        let help = error.remedy().unwrap_or("write it in GoogleSQL");
        text.finding_at(Code::OtherDialect, place, error.message(), help)
    }));
}
