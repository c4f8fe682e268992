//! `nullable-key-join`: A key column that may be NULL is compared with `=` in a join.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::NullableKeyJoin,
    name: "nullable-key-join",
    severity: Severity::Warning,
    may_be_allowed: true,
    find: Find::Together(Group::Joins),
    about: "In a key, NULL equals NULL; in a join, `=` does not match two NULLs, and their rows are lost. Listed columns do not say whether they may be NULL, so every key column counts.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a
JOIN nba.staging AS b ON a.player = b.player",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a
JOIN nba.staging AS b ON a.player IS NOT DISTINCT FROM b.player",
    },
};
