//! `ddl`: The statement creates, alters or drops something.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::Ddl,
    name: "ddl",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Shape),
    about: "A clean-up of rows does not create, alter or drop anything.",
    found: Example { on: On::OwnStep, sql: "DROP TABLE nba.predictions" },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT COUNT(*) AS n
FROM nba.predictions",
    },
};
