//! `drops-condition`: A text that replaces a shipped one lacks one of its conditions.

use sqlparser::ast::{Expr, Spanned, Statement};

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::condition::conjuncts;
use crate::check::normal::{normal, same};
use crate::check::{Finding, Text, statements};
use crate::googlesql::tokens;

pub(super) const CHECK: Check = Check {
    code: Code::DropsCondition,
    name: "drops-condition",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Statement(find),
    about: "A template that replaces `deactivate.sql` or `delete.sql` keeps every condition of the shipped text, joined with AND: the row is a settled duplicate by the rule's ranking, and this run has recorded it in the removal log. It may add conditions, and so remove fewer rows, but never a survivor. One that replaces `consolidate.sql` keeps its USING, and every condition of its ON. Brackets, the order of conditions and capitals of functions make no difference.",
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

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let Some(shipped) = &text.statement.replaces else { return };
    let Some(shipped) = tokens(shipped).ok().and_then(|tokens| statements(tokens).ok()?.pop())
    else {
        return;
    };
    if let (Statement::Merge(shipped), Statement::Merge(own)) = (&shipped, parsed)
        && !same(&shipped.source, &own.source)
    {
        findings.push(text.finding(
            Code::DropsCondition,
            own.source.span(),
            "its USING differs from the shipped one: other rows could be merged than were counted",
            "keep USING as the shipped text has it; change what WHEN MATCHED and WHEN NOT MATCHED do",
        ));
    }
    let place = condition(parsed).map_or(parsed.span(), Spanned::span);
    let (clause, help) = match parsed {
        Statement::Merge(_) => ("ON", "join every condition of the shipped ON with AND"),
        _ => (
            "WHERE",
            "join every condition of the shipped text with AND: `recorded` and `superseded` of \
             `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows",
        ),
    };
    let (wanted, own) = (normal(&shipped), normal(parsed));
    let wanted = condition(&wanted).map(conjuncts).unwrap_or_default();
    let own = condition(&own).map(conjuncts).unwrap_or_default();
    for missing in wanted.into_iter().filter(|condition| !own.contains(condition)) {
        findings.push(text.finding(
            Code::DropsCondition,
            place,
            format!("its {clause} lacks a condition of the shipped one: {}", shortened(missing)),
            help,
        ));
    }
}

/// The condition that selects the rows to change.
fn condition(statement: &Statement) -> Option<&Expr> {
    match statement {
        Statement::Update(update) => update.selection.as_ref(),
        Statement::Delete(delete) => delete.selection.as_ref(),
        Statement::Merge(merge) => Some(&merge.on),
        _ => None,
    }
}

/// The condition on one line, shortened to fit.
fn shortened(condition: &Expr) -> String {
    const LONGEST: usize = 80;
    let text = condition.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{} …`", &text[..end]),
        None => format!("`{text}`"),
    }
}
