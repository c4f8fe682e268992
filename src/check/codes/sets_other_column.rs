//! `sets-other-column`: A mutation sets a column that onerow must not change.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::SetsOtherColumn,
    name: "sets-other-column",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Shape),
    about: "A clean-up only ever deactivates: it sets `active` to FALSE, or what the rule's condition ends with, and `touched_at` to the current time.",
    found: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE, points = 0
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE, updated_at = CURRENT_TIMESTAMP()
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
};
