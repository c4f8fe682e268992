//! What keeps and brings back the rows of a run.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, Insert, Spanned, TableObject, Update, Value,
};

use super::{Code, Finding, Text, dotted, mutation, partition};
use crate::step::Step;

/// An INSERT: into an audit table, or of rows that are brought back.
pub(super) fn insert(text: &Text<'_>, insert: &Insert, findings: &mut Vec<Finding>) {
    let brings_back = text.statement.step.step() == Step::Undo;
    let table = match &insert.table {
        TableObject::TableName(name) => dotted(name),
        other => other.to_string(),
    };
    let right = match brings_back {
        true => table == text.rule.table.dotted(),
        false => text.rule.audit_tables.iter().any(|audit| audit.dotted() == table),
    };
    if !right {
        let wanted = if brings_back { "rule.table" } else { "audit" };
        findings.push(text.finding(
            Code::OtherTable,
            insert.table.span(),
            format!("it writes to `{table}`"),
            format!("write INSERT INTO {{{{ {wanted} }}}}"),
        ));
    }
    match &insert.source {
        Some(query) if is_plain(insert) => partition::subqueries(text, query, findings),
        _ => findings.push(text.finding(
            Code::WrongKind,
            insert.table.span(),
            "it is more than INSERT INTO a table and a query",
            "write INSERT INTO … SELECT …",
        )),
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

/// An UPDATE that brings rows back: sets the active flag to TRUE, and nothing else but the time.
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
        let is_true = matches!(value, Expr::Value(v) if v.value == Value::Boolean(true));
        let touches = rule.touched_at.as_ref().is_some_and(|(known, _)| known.same_column(&column));
        if rule.active.as_ref().is_some_and(|active| active.same_column(&column)) && is_true {
            activates = true;
        } else if !(touches && mutation::is_now(value)) {
            findings.push(text.finding(
                Code::SetsOtherColumn,
                target.span(),
                format!("it sets `{column}` to `{value}`"),
                "set the active flag to TRUE, and touched_at to the current time",
            ));
        }
    }
    if !activates {
        findings.push(text.finding(
            Code::SetsOtherColumn,
            update.table.span(),
            "it does not set the active flag to TRUE",
            "write {{ rule.active }} = TRUE",
        ));
    }
    partition::check(text, &update.table.relation, update.selection.as_ref(), findings);
}
