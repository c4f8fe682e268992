//! `wrong-kind`: The statement is neither a query nor an UPDATE, or not what its step must be.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::WrongKind,
    name: "wrong-kind",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Shape),
    about: "onerow runs queries and plain UPDATEs (no FROM, LIMIT, RETURNING), and a shipped step has to be of its kind: `delete` a plain DELETE, `rewrite` a MERGE `ON FALSE` that deletes rows of the date and inserts whole rows, `consolidate` a MERGE that updates what it matches and inserts what it does not, `record` an INSERT. It would not know what anything else did.",
    found: Example {
        on: On::OwnStep,
        sql: "DELETE FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
};
