//! `other-table`: A mutation changes a table other than the rule's.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::OtherTable,
    name: "other-table",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Shape),
    about: "A mutation of another table than the rule's is not what was reviewed; what is removed goes into the removal log, and `drop_staging` drops staging tables of the rule.",
    found: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.archive
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
};
