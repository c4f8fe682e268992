//! The MERGE that replaces the rows of a date, which may do nothing else.

use sqlparser::ast::{
    Expr, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertKind, ObjectName, Spanned,
    Value,
};

use super::{Code, Finding, Text, dotted, mutation, partition};

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
        ([delete], [insert]) if is_delete(delete) && inserts_rows(text, insert) => {
            partition::check(text, table, delete.predicate.as_ref(), findings);
        }
        _ => findings.push(wrong(
            text,
            merge,
            "the MERGE does more than delete and insert rows",
            "write WHEN NOT MATCHED BY SOURCE AND … THEN DELETE and WHEN NOT MATCHED BY TARGET THEN INSERT ROW",
        )),
    }
}

fn is_delete(clause: &MergeClause) -> bool {
    matches!(clause.action, MergeAction::Delete { .. })
}

/// Whether the clause inserts whole rows. An ingestion-time partitioned table does not accept INSERT ROW:
/// there the clause must name exactly the columns that the rule lists, each taken from the column of the same
/// name.
fn inserts_rows(text: &Text<'_>, clause: &MergeClause) -> bool {
    let MergeAction::Insert(insert) = &clause.action else { return false };
    let always = clause.predicate.is_none()
        && clause.clause_kind != MergeClauseKind::Matched
        && insert.insert_predicate.is_none();
    always
        && match &insert.kind {
            MergeInsertKind::Row => insert.columns.is_empty(),
            MergeInsertKind::Values(values) if text.rule.partition.is_by_arrival() => {
                matches!(values.rows.as_slice(), [row] if is_each(text, &insert.columns, row))
            }
            _ => false,
        }
}

fn is_each(text: &Text<'_>, columns: &[ObjectName], values: &[Expr]) -> bool {
    let stored = text.rule.stored_columns().map(|column| (column.as_str(), column.as_str()));
    let expected = std::iter::once(("_PARTITIONTIME", "onerow_arrived")).chain(stored);
    let found = columns.iter().zip(values).map(|(column, value)| (dotted(column), value));
    columns.len() == values.len()
        && found
            .map(|(column, value)| (column, named(value)))
            .eq(expected.map(|(column, value)| (column.to_owned(), Some(value))))
}

/// The name, if the value is a column of the source.
fn named(value: &Expr) -> Option<&str> {
    match value {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [source, column] if source.value == "onerow_survivor" => Some(&column.value),
            _ => None,
        },
        _ => None,
    }
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
