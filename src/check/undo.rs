//! Statements that record the rows a run removes, and that restore them.

use sqlparser::ast::{
    Assignment, AssignmentTarget, CreateTable, Delete, FromTable, Insert, Merge, MergeAction,
    MergeClause, MergeClauseKind, MergeUpdateKind, Spanned, TableObject, Update,
};

use super::{Code, Finding, Text, dotted, mutation, partition};
use crate::removals::RemovalLog;
use crate::step::Step;

/// An INSERT: into a removal log, or of restored rows.
pub(super) fn insert(text: &Text<'_>, insert: &Insert, findings: &mut Vec<Finding>) {
    let brings_back = text.statement.step.step() == Step::Undo;
    let table = match &insert.table {
        TableObject::TableName(name) => dotted(name),
        other => other.to_string(),
    };
    let right = match brings_back {
        true => table == text.table(),
        false => is_removal_log(text, &table),
    };
    if !right {
        let wanted = if brings_back { "rule.table" } else { "removals.table" };
        findings.push(text.finding(
            Code::OtherTable,
            insert.table.span(),
            format!("it writes to `{table}`"),
            format!("write INSERT INTO {{{{ {wanted} }}}}"),
        ));
    }
    if insert.source.is_none() || !is_plain(insert) {
        findings.push(text.finding(
            Code::WrongKind,
            insert.table.span(),
            "it is more than INSERT INTO a table and a query",
            "write INSERT INTO … SELECT …",
        ));
    }
}

fn is_removal_log(text: &Text<'_>, table: &str) -> bool {
    text.rule.removal_logs.iter().any(|log| log.table.dotted() == table)
}

/// A DELETE from a removal log, of rows that were recorded but not removed.
pub(super) fn correct(text: &Text<'_>, delete: &Delete, findings: &mut Vec<Finding>) {
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let table = from.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !is_removal_log(text, &table.replace('`', "")) {
        findings.push(text.finding(
            Code::OtherTable,
            delete.span(),
            format!("it deletes from `{table}`"),
            "write DELETE FROM {{ removals.table }}",
        ));
    }
}

/// A table with the rows of one date before a run.
pub(super) fn before_image(text: &Text<'_>, table: &CreateTable, findings: &mut Vec<Finding>) {
    let name = dotted(&table.name);
    let known = |log: &RemovalLog| log.before_image_of(text.rule.name.as_str()).dotted() == name;
    if table.query.is_none() || !text.rule.removal_logs.iter().any(known) {
        findings.push(text.finding(
            Code::OtherTable,
            table.span(),
            format!("it creates `{name}`"),
            "write CREATE OR REPLACE TABLE {{ removals.before_image }} AS SELECT …",
        ));
    }
}

fn is_plain(insert: &Insert) -> bool {
    let columns = match insert.columns.as_slice() {
        [] => String::new(),
        columns => {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            format!("({}) ", columns.join(", "))
        }
    };
    let query = insert.source.iter().map(ToString::to_string).collect::<String>();
    let into = if insert.into { "INTO " } else { "" };
    insert.to_string() == format!("INSERT {into}{} {columns}{query}", insert.table)
}

/// An UPDATE that restores rows: it activates them, and sets nothing else but the time.
pub(super) fn update(text: &Text<'_>, update: &Update, findings: &mut Vec<Finding>) {
    findings.extend(mutation::more_than_an_update(text, update));
    findings.extend(mutation::other_table(text, &update.table));
    let mut activates = false;
    for Assignment { target, value } in &update.assignments {
        let column = match target {
            AssignmentTarget::ColumnName(name) => dotted(name),
            other => other.to_string(),
        };
        let rule = text.rule;
        let flag = mutation::flag(rule).filter(|flag| flag.column.same_column(&column));
        let touches = rule.touched_at.as_ref().is_some_and(|(known, _)| known.same_column(&column));
        if flag.is_some_and(|flag| mutation::is_value(value, &flag.active)) {
            activates = true;
        } else if !(touches && mutation::is_now(value)) {
            findings.push(text.finding(
                Code::SetsOtherColumn,
                target.span(),
                format!("it sets `{column}` to `{value}`"),
                "write {{ rule.active_column }} = {{ rule.active_value }}, and set touched_at to the current time",
            ));
        }
    }
    if !activates {
        findings.push(text.finding(
            Code::SetsOtherColumn,
            update.table.span(),
            "it does not make the rows active",
            "write {{ rule.active_column }} = {{ rule.active_value }}",
        ));
    }
    partition::check(text, &update.table.relation, update.selection.as_ref(), findings);
}

/// A MERGE that restores the former values of merged survivors, and the other rows.
pub(super) fn merge(text: &Text<'_>, merge: &Merge, findings: &mut Vec<Finding>) {
    let Merge { merge_token: _, optimizer_hints, into: _, table, source: _, on, clauses, output } =
        merge;
    findings.extend(mutation::other_relation(text, table));
    partition::check(text, table, Some(on), findings);
    let plain = output.is_none() && optimizer_hints.is_empty();
    if !plain || !clauses.iter().all(|clause| restores(text, clause)) {
        findings.push(text.finding(
            Code::WrongKind,
            table.span(),
            "the MERGE does more than set merged columns and insert rows",
            "write WHEN MATCHED THEN UPDATE SET … of {{ rule.merged }}, and WHEN NOT MATCHED BY TARGET AND … THEN INSERT …",
        ));
    }
}

fn restores(text: &Text<'_>, clause: &MergeClause) -> bool {
    match (&clause.clause_kind, &clause.action) {
        (MergeClauseKind::Matched, MergeAction::Update(update)) => match &update.kind {
            MergeUpdateKind::Set(sets) => sets.iter().all(|set| match &set.target {
                AssignmentTarget::ColumnName(name) => text.rule.merges(&dotted(name)),
                AssignmentTarget::Tuple(_) => false,
            }),
            _ => false,
        },
        (MergeClauseKind::NotMatchedByTarget, MergeAction::Insert(_)) => clause.predicate.is_some(),
        _ => false,
    }
}
