//! `cross-join`: Every row of one table meets every row of another.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::CrossJoin,
    name: "cross-join",
    severity: Severity::Warning,
    may_be_allowed: true,
    find: Find::Together(Group::Joins),
    about: "Every row meets every row: counts and costs multiply. The elements of an array are no such join.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a, nba.staging AS b",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a
JOIN nba.staging AS b ON a.id = b.id",
    },
};
