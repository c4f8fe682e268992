//! `reads-other-partition`: A mutation's subquery reads rows of the table outside its window.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::ReadsOtherPartition,
    name: "reads-other-partition",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Together(Group::Shape),
    about: "A mutation whose subquery looks at the table's rows of other dates lets them decide which rows of this date change. It has to confine its subqueries too.",
    found: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff
  AND id IN (SELECT id FROM nba.predictions WHERE player = 'x')",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff
  AND id IN (
    SELECT id
    FROM nba.predictions
    WHERE game_date = DATE '2026-01-28'
      AND player = 'x'
  )",
    },
};
