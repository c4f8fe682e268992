//! `missing-count`: A query that onerow reads lacks one of the columns it reads.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::MissingCount,
    name: "missing-count",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Shape),
    about: "onerow reads the columns `date`, `total`, `active`, `keys`, `duplicates`, `buffered`, `shared_ids`, `settled`, `keyless` and `unflagged` from `detect` and `verify`; without one of them the run could not be verified.",
    found: Example {
        on: On::Step("detect"),
        sql: "SELECT
  game_date AS date,
  COUNT(*) AS total,
  COUNT(*) AS active,
  COUNTIF(place = 1) AS keys,
  COUNTIF(place > 1) AS duplicates,
  COUNTIF(place > 1 AND NOT settled) AS buffered,
  0 AS shared_ids,
  0 AS keyless,
  0 AS unflagged
FROM (
  SELECT
    game_date,
    ROW_NUMBER() OVER (
      PARTITION BY game_date, game_id, player
      ORDER BY created_at DESC, id DESC
    ) AS place,
    COALESCE(created_at < @cutoff, TRUE) AS settled
  FROM nba.predictions
  WHERE game_date = DATE '2026-01-28'
    AND is_active
)
GROUP BY date",
    },
    mended: Example {
        on: On::Step("detect"),
        sql: "SELECT
  game_date AS date,
  COUNT(*) AS total,
  COUNT(*) AS active,
  COUNTIF(place = 1) AS keys,
  COUNTIF(place > 1) AS duplicates,
  COUNTIF(place > 1 AND NOT settled) AS buffered,
  0 AS shared_ids,
  COUNTIF(settled) AS settled,
  0 AS keyless,
  0 AS unflagged
FROM (
  SELECT
    game_date,
    ROW_NUMBER() OVER (
      PARTITION BY game_date, game_id, player
      ORDER BY created_at DESC, id DESC
    ) AS place,
    COALESCE(created_at < @cutoff, TRUE) AS settled
  FROM nba.predictions
  WHERE game_date = DATE '2026-01-28'
    AND is_active
)
GROUP BY date",
    },
};
