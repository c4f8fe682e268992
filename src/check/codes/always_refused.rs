//! `always-refused`: BigQuery refuses the statement regardless of the data, given the columns that the rule
//! lists.

use googlesql_sqlite::check::refusal;
use jiff::Timestamp;
use sqlparser::ast::Statement;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text};
use crate::googlesql::Params;

pub(super) const CHECK: Check = Check {
    code: Code::AlwaysRefused,
    name: "always-refused",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "Found:",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT id, points * 2 AS twice
FROM nba.predictions
WHERE twice > 5",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT id, points * 2 AS twice
FROM nba.predictions
WHERE points * 2 > 5",
    },
};

const MEND: &str = "fix the template, or the types in the rule's columns";

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let rule = text.rule;
    // Text that is not GoogleSQL is refused too, but other checks give a better reason.
    let is_foreign = findings.iter().any(|finding| finding.code == Code::OtherDialect);
    if rule.columns.is_empty() || is_foreign {
        return;
    }
    let columns = rule.columns.iter().map(|(name, sql_type)| (name.as_str().to_owned(), *sql_type));
    let tables = [(text.table(), columns.collect())];
    let cutoff = rule.written_as.value(Timestamp::UNIX_EPOCH);
    let params = Params::none().with("cutoff", cutoff);
    if let Err(error) = refusal(&text.statement.sql, parsed, &tables, &params) {
        let place = error.place().unwrap_or_default();
        let reason = format!("BigQuery refuses it: {}", error.message());
        let help = error.remedy().unwrap_or(MEND);
        findings.push(text.finding_at(Code::AlwaysRefused, place, reason, help));
    }
}
