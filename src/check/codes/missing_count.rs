//! `missing-count`: A query whose result onerow reads lacks a column that onerow needs.

use sqlparser::ast::{SetExpr, Spanned, Statement};

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::kind::output_name;
use crate::check::{Finding, Text};

pub(super) const CHECK: Check = Check {
    code: Code::MissingCount,
    name: "missing-count",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Statement(find),
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

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let row = text.statement.step.row();
    let Statement::Query(query) = parsed else { return };
    if !row.statement.is(parsed) {
        return;
    }
    let mut body = &*query.body;
    while let SetExpr::Query(inner) = body {
        body = &inner.body;
    }
    let SetExpr::Select(select) = body else { return };
    let names: Option<Vec<&str>> = select.projection.iter().map(output_name).collect();
    let Some(names) = names else { return };
    let is_there = |count: &str| names.iter().any(|name| name.eq_ignore_ascii_case(count));
    let missing: Vec<&str> = row.returns.iter().copied().filter(|count| !is_there(count)).collect();
    if missing.is_empty() {
        return;
    }
    let (plural, them) = if missing.len() == 1 { ("", "it") } else { ("s", "them") };
    findings.push(text.finding(
        Code::MissingCount,
        select.span(),
        format!(
            "onerow reads the column{plural} {} from {}, and the query does not return {them}",
            missing.join(", "),
            text.statement.step,
        ),
        "return the column; the shipped template does (`counts` of `_survivors.sql`)",
    ));
}
