//! The MERGE that replaces the rows of a date: it may do that and nothing else.

use sqlparser::ast::{
    Expr, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertKind, Spanned, Value,
};

use super::{Code, Finding, Text, mutation, partition};

pub(super) fn check(text: &Text<'_>, merge: &Merge, findings: &mut Vec<Finding>) {
    let Merge { merge_token: _, optimizer_hints, into: _, table, source: _, on, clauses, output } =
        merge;
    findings.extend(mutation::other_relation(text, table));
    if !is_false(on) {
        findings.push(wrong(
            text,
            on.as_ref(),
            "it is a MERGE whose ON is not FALSE",
            "write ON FALSE",
        ));
    }
    if output.is_some() || !optimizer_hints.is_empty() {
        findings.push(wrong(text, merge, "it is a MERGE with OUTPUT or a hint", "remove it"));
    }
    let (deletes, inserts): (Vec<_>, Vec<_>) = clauses
        .iter()
        .partition(|clause| clause.clause_kind == MergeClauseKind::NotMatchedBySource);
    match (deletes.as_slice(), inserts.as_slice()) {
        ([delete], [insert]) if is_delete(delete) && inserts_row(insert) => {
            partition::check(text, table, delete.predicate.as_ref(), findings);
        }
        _ => findings.push(wrong(
            text,
            merge,
            "it is a MERGE that does something else than delete and insert rows",
            "write WHEN NOT MATCHED BY SOURCE AND … THEN DELETE and WHEN NOT MATCHED BY TARGET THEN INSERT ROW",
        )),
    }
}

fn is_delete(clause: &MergeClause) -> bool {
    matches!(clause.action, MergeAction::Delete { .. })
}

fn inserts_row(clause: &MergeClause) -> bool {
    let MergeAction::Insert(insert) = &clause.action else { return false };
    clause.predicate.is_none()
        && clause.clause_kind != MergeClauseKind::Matched
        && insert.columns.is_empty()
        && insert.insert_predicate.is_none()
        && insert.kind == MergeInsertKind::Row
}

fn is_false(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_false(inner),
        Expr::Value(value) => value.value == Value::Boolean(false),
        _ => false,
    }
}

fn wrong(text: &Text<'_>, at: &impl Spanned, reason: &str, help: &str) -> Finding {
    text.finding(Code::WrongKind, at.span(), reason, help)
}
