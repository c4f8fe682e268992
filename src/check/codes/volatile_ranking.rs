//! `volatile-ranking`: The ranking depends on the time of day or on chance.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::VolatileRanking,
    name: "volatile-ranking",
    severity: Severity::Error,
    may_be_allowed: false,
    about: "The clock or chance in a ranking, or in an UPDATE's conditions, lets another row survive the next time.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT
  id,
  ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY RAND()) AS place
FROM nba.predictions",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT
  id,
  ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY created_at DESC, id DESC) AS place
FROM nba.predictions",
    },
};
