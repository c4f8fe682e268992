//! `drops-cutoff`: A step omits the cutoff although the rule has `written_at`.

use sqlparser::ast::{
    Expr, FromTable, Merge, MergeAction, MergeClause, Spanned, Statement, TableFactor,
};
use sqlparser::tokenizer::Span;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::condition::Settled;
use crate::check::{Finding, Text, mutation};
use crate::step::{AsksCutoff, Step};

pub(super) const CHECK: Check = Check {
    code: Code::DropsCutoff,
    name: "drops-cutoff",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "Where the rule has `written_at`, every mutation and every count has to ask which rows are settled: rows in the streaming buffer must not be touched, and are counted by themselves. A mutation has `COALESCE(written_at < @cutoff, TRUE)` in its WHERE, joined to the rest with AND, or `written_at < @cutoff`, which spares rows without a time too. Nothing else counts as that, whatever it says of `@cutoff`.",
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

/// Rules with `written_at` must filter by `@cutoff` in every mutation and every count.
fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let asks = text.statement.step.row().asks_cutoff;
    let span = match parsed {
        _ if asks == AsksCutoff::Never => None,
        Statement::Update(update) => {
            changes_buffered(text, &update.table.relation, update.selection.as_ref(), parsed.span())
        }
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            let changed = from.first().map(|from| &from.relation);
            changed.and_then(|changed| {
                changes_buffered(text, changed, delete.selection.as_ref(), parsed.span())
            })
        }
        Statement::Merge(merge) => match text.statement.step.step() {
            Step::Consolidate | Step::Undo => {
                changes_buffered(text, &merge.table, Some(&merge.on), merge.on.span())
            }
            _ => replaces_buffered(text, merge),
        },
        _ if asks == AsksCutoff::Always => {
            let settled = Settled::of(text, None);
            settled.is_some_and(|settled| !settled.is_asked_in(parsed)).then(|| parsed.span())
        }
        _ => None,
    };
    findings.extend(span.map(|span| dropped(text, span, !matches!(parsed, Statement::Query(_)))));
}

/// The place where the condition also holds for buffered rows of the changed table.
fn changes_buffered(
    text: &Text<'_>,
    changed: &TableFactor,
    condition: Option<&Expr>,
    span: Span,
) -> Option<Span> {
    let settled = Settled::of(text, Some(mutation::qualifiers(changed)))?;
    (!settled.has_to_hold_in(condition)).then_some(span)
}

/// The place where a MERGE that replaces rows deletes buffered rows, or inserts them again.
fn replaces_buffered(text: &Text<'_>, merge: &Merge) -> Option<Span> {
    let delete = |clause: &&MergeClause| matches!(clause.action, MergeAction::Delete { .. });
    let deleted = merge.clauses.iter().find(delete).and_then(|delete| {
        let span = delete.when_token.0.span;
        changes_buffered(text, &merge.table, delete.predicate.as_ref(), span)
    });
    let settled = Settled::of(text, None)?;
    deleted.or_else(|| (!settled.is_asked_in(&merge.source)).then(|| merge.source.span()))
}

fn dropped(text: &Text<'_>, span: Span, mutates: bool) -> Finding {
    let written_at = text.rule.written_at.as_ref().map(ToString::to_string).unwrap_or_default();
    let (lacks, danger) = match mutates {
        true => (
            "what has to hold lacks",
            "BigQuery would refuse the whole statement because of rows in the streaming buffer",
        ),
        false => ("no column is", "it would count buffered rows as settled ones"),
    };
    text.finding(
        Code::DropsCutoff,
        span,
        format!(
            "the rule has {written_at} as written_at, and {lacks} COALESCE({written_at} < @cutoff, TRUE): {danger}"
        ),
        "call the macro `settled` of `_survivors.sql`; as a condition, join it to the rest with AND",
    )
}
