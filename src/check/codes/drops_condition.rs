//! `drops-condition`: A text that replaces a shipped one lacks one of its conditions.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::DropsCondition,
    name: "drops-condition",
    severity: Severity::Error,
    may_be_allowed: false,
    about: "A template that replaces `deactivate.sql` or `delete.sql` keeps every condition of the shipped text, joined with AND: the row is a settled duplicate by the rule's ranking, and this run has recorded it in the removal log. It may add conditions, and so remove fewer rows, but never a survivor.",
    found: Example {
        on: On::Replacing("deactivate"),
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND is_active
  AND id IN (
    SELECT row_id
    FROM (
      SELECT id AS row_id, ROW_NUMBER() OVER (PARTITION BY game_date, game_id, player ORDER BY created_at DESC, id DESC) AS rank
      FROM nba.predictions
      WHERE game_date = DATE '2026-01-28'
    )
    WHERE rank = 1
  )",
    },
    mended: Example {
        on: On::Replacing("deactivate"),
        sql: "UPDATE `nba.predictions`
SET
  is_active = FALSE,
  updated_at = CURRENT_TIMESTAMP()
WHERE game_date = DATE '2026-01-28'
  AND is_active
  AND COALESCE(created_at < @cutoff, TRUE)
  AND id IN (
    SELECT row_id
    FROM (
      SELECT
        game_date AS date,
        id AS row_id,
        ROW_NUMBER() OVER (
          PARTITION BY game_date, game_id, player
          ORDER BY created_at DESC, id DESC
        ) AS rank,
        COUNT(*) OVER (PARTITION BY game_date, id) AS copies,
        COALESCE(created_at < @cutoff, TRUE) AS settled
      FROM `nba.predictions`
      WHERE game_date = DATE '2026-01-28'
        AND is_active
    )
    WHERE rank > 1
      AND copies = 1
  )
  AND TO_JSON_STRING(id) IN (
    SELECT row_id
    FROM `onerow.removals`
    WHERE run_id = @run_id
      AND run_started_at = @run_started_at
      AND rule = 'p'
      AND date = DATE '2026-01-28'
  )
  AND player != 'ann'",
    },
};
