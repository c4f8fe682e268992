//! `volatile`: A function whose value differs from run to run.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::Volatile,
    name: "volatile",
    severity: Severity::Warning,
    may_be_allowed: true,
    about: "The clock or chance in a query of your own: the same statement for the same dates gives another result.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT id
FROM nba.predictions
WHERE game_date = CURRENT_DATE()",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT id
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
};
