//! `select-star`: A step that runs returns whatever columns the table has that day.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::SelectStar,
    name: "select-star",
    severity: Severity::Warning,
    may_be_allowed: true,
    about: "A step that runs and returns whatever columns the table has that day reads more than it needs, and changes its result when a column is added.",
    found: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "SELECT *
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
    mended: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "SELECT id, player
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
};
