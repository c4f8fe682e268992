//! Syntax and functions that the parser reads and GoogleSQL does not have.

use googlesql_sqlite::dialect::foreign;
use sqlparser::ast::Statement;

use super::{Code, Finding, Text};

pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    findings.extend(foreign(parsed).into_iter().map(|error| {
        let place = error.place().unwrap_or_default();
        let help = error.remedy().unwrap_or("write it in GoogleSQL");
        text.finding_at(Code::OtherDialect, place, error.message(), help)
    }));
}
