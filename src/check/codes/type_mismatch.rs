//! `type-mismatch`: A column is compared with a value of another type.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::TypeMismatch,
    name: "type-mismatch",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Together(Group::Names),
    about: "BigQuery refuses to compare these two types.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT id
FROM nba.predictions
WHERE points > '5'",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT id
FROM nba.predictions
WHERE points > 5",
    },
};
