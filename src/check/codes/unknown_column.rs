//! `unknown-column`: A name that is not a column of the table.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::UnknownColumn,
    name: "unknown-column",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Together(Group::Names),
    about: "Where the rule lists columns, a name that is none of them is a slip. Nothing is claimed about names that could belong to a table whose columns are not listed.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT playr
FROM nba.predictions",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT player
FROM nba.predictions",
    },
};
