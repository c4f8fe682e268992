//! `drops-cutoff`: A step leaves `@cutoff` out although the rule has `written_at`.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::DropsCutoff,
    name: "drops-cutoff",
    severity: Severity::Error,
    may_be_allowed: true,
    about: "Where the rule has `written_at`, every mutation and every count has to look at `@cutoff`: rows in the streaming buffer must not be touched, and are counted by themselves.",
    found: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
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
