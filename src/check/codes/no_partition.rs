//! `no-partition`: A mutation's WHERE does not restrict it to the partitions of its window.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::NoPartition,
    name: "no-partition",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Shape),
    about: "An UPDATE whose WHERE does not confine it to the window's partitions reads every partition, and could change any. Known are `=`, `BETWEEN`, `IN`, `IN UNNEST([…])`, inequalities, `AND`, `OR` and parentheses, on the column or its `DATE(…)`, with or without an alias; the dates are compared with the window's. What a consolidation inserts keeps the partition with which it arrives.",
    found: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  OR created_at < @cutoff",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE (game_date >= DATE '2026-01-28' AND game_date < DATE '2026-01-29')
  AND created_at < @cutoff",
    },
};
