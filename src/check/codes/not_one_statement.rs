//! `not-one-statement`: The text has no statement, or more than one.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::NotOneStatement,
    name: "not-one-statement",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Text),
    about: "With several statements, a failure could leave half of them done; with none there is nothing to run.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT 1 AS one;
SELECT 2 AS two",
    },
    mended: Example { on: On::OwnStep, sql: "SELECT 1 AS one, 2 AS two" },
};
