//! `ddl`: The statement creates, alters or drops something.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::Ddl,
    name: "ddl",
    severity: Severity::Error,
    may_be_allowed: false,
    about: "A clean-up of rows does not create, alter or drop anything.",
    found: Example { on: On::OwnStep, sql: "DROP TABLE nba.predictions" },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT COUNT(*) AS n
FROM nba.predictions",
    },
};
