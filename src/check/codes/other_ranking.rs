//! `other-ranking`: A shipped step, or what stands in for it, ranks in another way than the rule says.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::OtherRanking,
    name: "other-ranking",
    severity: Severity::Error,
    may_be_allowed: false,
    about: "Two definitions of a duplicate mean that one is counted and another deactivated. A `detect`, `deactivate`, `verify` or `current` of your own has to rank by the rule's key and keep.",
    found: Example {
        on: On::Step("current"),
        sql: "SELECT *
FROM nba.predictions
WHERE is_active
QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date, game_id ORDER BY id) = 1",
    },
    mended: Example {
        on: On::Step("current"),
        sql: "SELECT *
FROM nba.predictions
WHERE is_active
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY game_date, game_id, player
    ORDER BY created_at DESC, id DESC
  ) = 1",
    },
};
