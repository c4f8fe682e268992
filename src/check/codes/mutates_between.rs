//! `mutates-between`: A custom step changes rows where the counts of detect must still hold.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::MutatesBetween,
    name: "mutates-between",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Shape),
    about: "After `detect` has counted, only `deactivate` may change rows: else `verify` could not tell what happened.",
    found: Example {
        on: On::Rule(r#"steps = ["detect", "own", "deactivate", "verify"]"#),
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
    mended: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
};
