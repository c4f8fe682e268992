//! The MERGE of staging tables: it may update values, insert rows and remove the rows that deletion markers
//! name, and nothing else.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Assignment, AssignmentTarget, BinaryOperator, Expr, Merge, MergeAction, MergeClause,
    MergeClauseKind, MergeInsertExpr, MergeInsertKind, MergeUpdateKind, ObjectName, Spanned,
    Statement, Visit, Visitor,
};

use super::{Code, Finding, Text, dotted, mutation, partition};

pub(super) fn check(text: &Text<'_>, merge: &Merge, findings: &mut Vec<Finding>) {
    let Merge { merge_token: _, optimizer_hints, into: _, table, source: _, on, clauses, output } =
        merge;
    findings.extend(mutation::other_relation(text, table));
    partition::check(text, table, Some(on), findings);
    if let ControlFlow::Break(span) = on.visit(&mut FindNotDistinct) {
        findings.push(text.finding(
            Code::NoPartition,
            span,
            "IS NOT DISTINCT FROM in the condition of a MERGE keeps BigQuery from seeing the partition, which some tables require",
            "write (a.x = b.x OR (a.x IS NULL AND b.x IS NULL))",
        ));
    }
    if output.is_some() || !optimizer_hints.is_empty() {
        findings.push(wrong(text, merge, "it is a MERGE with OUTPUT or a hint", "remove it"));
    }
    for clause in clauses {
        clause_of(text, clause, findings);
    }
}

fn clause_of(text: &Text<'_>, clause: &MergeClause, findings: &mut Vec<Finding>) {
    let marked = is_of_markers(text, clause);
    match (&clause.clause_kind, &clause.action) {
        (MergeClauseKind::Matched, MergeAction::Update(update)) => match &update.kind {
            MergeUpdateKind::Set(sets) => {
                let wrong = |set| match marked {
                    true => does_not_deactivate(text, set),
                    false => sets_what_stays(text, set),
                };
                findings.extend(sets.iter().filter_map(wrong));
            }
            _ => findings.push(wrong(text, update, "it updates every column", "write SET …")),
        },
        (MergeClauseKind::Matched, MergeAction::Delete { .. })
            if marked && text.rule.active.is_none() => {}
        (
            MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget,
            MergeAction::Insert(insert),
        ) => findings.extend(inserts_elsewhere(text, insert)),
        _ => findings.push(text.finding(
            Code::WrongKind,
            clause.when_token.0.span,
            "the MERGE does more than update matched rows and insert new ones",
            "write WHEN MATCHED … THEN UPDATE SET … and WHEN NOT MATCHED BY TARGET THEN INSERT …",
        )),
    }
}

/// An inserted row must keep the partition of the arriving row, to which the source is restricted.
fn inserts_elsewhere(text: &Text<'_>, insert: &MergeInsertExpr) -> Option<Finding> {
    let column = text.rule.partition.column()?;
    let MergeInsertKind::Values(values) = &insert.kind else { return None };
    let at = insert.columns.iter().position(|name| column.same_column(&dotted(name)));
    let arrives = |value: &Expr| match value {
        Expr::Identifier(name) => column.same_column(&name.value),
        Expr::CompoundIdentifier(parts) => {
            parts.last().is_some_and(|last| column.same_column(&last.value))
        }
        _ => false,
    };
    let keeps = match at {
        Some(at) => values.rows.iter().all(|row| row.get(at).is_some_and(arrives)),
        None => !insert.columns.is_empty(),
    };
    (!keeps).then(|| {
        text.finding(
            Code::NoPartition,
            insert.insert_token.0.span,
            format!("it inserts rows whose {column} is not that of the staged rows"),
            "write INSERT ({{ staging.columns | commas }}) and their values as they arrive",
        )
    })
}

/// Whether the clause applies only to rows whose key's first row is a deletion marker: its condition has
/// `onerow_deletes`, possibly ANDed with others.
fn is_of_markers(text: &Text<'_>, clause: &MergeClause) -> bool {
    text.rule.stages_deletions() && clause.predicate.as_ref().is_some_and(asks_for_markers)
}

fn asks_for_markers(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => asks_for_markers(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            asks_for_markers(left) || asks_for_markers(right)
        }
        Expr::Identifier(name) => name.value.eq_ignore_ascii_case("onerow_deletes"),
        Expr::CompoundIdentifier(parts) => {
            parts.last().is_some_and(|name| name.value.eq_ignore_ascii_case("onerow_deletes"))
        }
        _ => false,
    }
}

/// A row named by a marker is deactivated; only the time of the change may be set besides.
fn does_not_deactivate(text: &Text<'_>, set: &Assignment) -> Option<Finding> {
    let column = set_column(set);
    let flag = mutation::flag(text.rule).filter(|flag| flag.column.same_column(&column));
    if flag.is_some_and(|flag| mutation::is_value(&set.value, &flag.inactive)) {
        return None;
    }
    let touched_at = text.rule.touched_at.as_ref();
    if touched_at.is_some_and(|(known, _)| known.same_column(&column))
        && mutation::is_now(&set.value)
    {
        return None;
    }
    Some(text.finding(
        Code::SetsOtherColumn,
        set.target.span(),
        format!("it sets `{column}` to `{}` of a row that a deletion marker names", set.value),
        "write {{ rule.active_column }} = {{ rule.inactive_value }}, and set touched_at to the current time",
    ))
}

/// The assigned column, without its table.
fn set_column(set: &Assignment) -> String {
    let column = match &set.target {
        AssignmentTarget::ColumnName(name) => dotted(name),
        other => other.to_string(),
    };
    column.rsplit('.').next().unwrap_or_default().to_owned()
}

/// An existing row keeps its row id, its creation time, and the columns it is matched by.
fn sets_what_stays(text: &Text<'_>, set: &Assignment) -> Option<Finding> {
    let column = &*set_column(set);
    let touched_at = text.rule.touched_at.as_ref();
    if touched_at.is_some_and(|(known, _)| known.same_column(column)) {
        return (!mutation::is_now(&set.value)).then(|| {
            text.finding(
                Code::SetsOtherColumn,
                set.target.span(),
                format!("it sets {column} to `{}`, not to the current time", set.value),
                format!("write {column} = {{{{ rule.touched_now }}}}"),
            )
        });
    }
    text.rule.stays(column).then(|| {
        text.finding(
            Code::SetsOtherColumn,
            set.target.span(),
            format!("it sets `{column}` of an existing row, which must keep its value"),
            "set {{ staging.values }} alone",
        )
    })
}

/// Checks the dropping of staging tables.
pub(super) fn dropped(
    text: &Text<'_>,
    parsed: &Statement,
    names: &[ObjectName],
    findings: &mut Vec<Finding>,
) {
    let staged = |name: &str| {
        let mut tables = text.rule.staging.iter().flat_map(|staging| &staging.tables);
        tables.any(|table| table.dotted() == name)
    };
    match names {
        [name] if staged(&dotted(name)) => {}
        _ => findings.push(text.finding(
            Code::OtherTable,
            parsed.span(),
            "it drops more than one staging table of the rule, or another table",
            "write DROP TABLE {{ staging.table }}",
        )),
    }
}

struct FindNotDistinct;

impl Visitor for FindNotDistinct {
    type Break = sqlparser::tokenizer::Span;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::IsNotDistinctFrom(..) => ControlFlow::Break(expr.span()),
            _ => ControlFlow::Continue(()),
        }
    }
}

fn wrong(text: &Text<'_>, at: &impl Spanned, reason: &str, help: &str) -> Finding {
    text.finding(Code::WrongKind, at.span(), reason, help)
}
