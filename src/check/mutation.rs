//! The effect of a mutation: one table, and no column but the deactivated one and `touched_at`.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, ObjectName, Spanned, TableFactor,
    TableWithJoins, Update,
};
use sqlparser::parser::Parser;

use super::normal::same;
use super::{Code, Finding, Text, partition};
use crate::googlesql::{Fragment, parse, tokens};
use crate::rule::{Flag, Rule};

pub(super) fn update(text: &Text<'_>, update: &Update, findings: &mut Vec<Finding>) {
    findings.extend(more_than_an_update(text, update));
    findings.extend(other_table(text, &update.table));
    match flag(text.rule) {
        Some(_) if text.rule.row_id.is_whole_row() => findings.push(text.finding(
            Code::WrongKind,
            update.table.span(),
            "it is an UPDATE, and the rule has no `row_id`: rows that are equal could not be told apart",
            "name in `row_id` what names one row, or remove the step",
        )),
        Some(flag) => {
            let sets = update.assignments.iter();
            findings.extend(sets.filter_map(|set| sets_other_column(text, flag, update, set)));
            findings.extend(does_not_deactivate(text, flag, update));
        }
        None => findings.push(no_flag(text, update)),
    }
    partition::check(text, &update.table.relation, update.selection.as_ref(), findings);
}

pub(super) fn delete(text: &Text<'_>, delete: &Delete, findings: &mut Vec<Finding>) {
    let Delete {
        delete_token,
        optimizer_hints,
        tables,
        from,
        using,
        selection,
        returning,
        output,
        order_by,
        limit,
    } = delete;
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = from;
    let plain = optimizer_hints.is_empty()
        && tables.is_empty()
        && using.is_none()
        && returning.is_none()
        && output.is_none()
        && order_by.is_empty()
        && limit.is_none();
    let [table] = from.as_slice() else { return findings.push(not_plain(text, delete)) };
    if !plain {
        findings.push(not_plain(text, delete));
    }
    _ = delete_token;
    findings.extend(other_table(text, table));
    partition::check(text, &table.relation, selection.as_ref(), findings);
}

fn not_plain(text: &Text<'_>, delete: &Delete) -> Finding {
    text.finding(
        Code::WrongKind,
        delete.span(),
        "it is a DELETE with more than one table or with clauses that GoogleSQL does not have",
        "write DELETE FROM {{ rule.table }} WHERE …",
    )
}

/// Clauses that GoogleSQL's UPDATE lacks, or that join other tables.
pub(super) fn more_than_an_update(text: &Text<'_>, update: &Update) -> Option<Finding> {
    let Update {
        update_token: _,
        optimizer_hints,
        table: _,
        assignments: _,
        from,
        selection: _,
        returning,
        output,
        or,
        order_by,
        limit,
    } = update;
    let clause = if from.is_some() {
        "FROM"
    } else if returning.is_some() || output.is_some() {
        "RETURNING"
    } else if or.is_some() {
        "OR"
    } else if !order_by.is_empty() {
        "ORDER BY"
    } else if limit.is_some() {
        "LIMIT"
    } else if !optimizer_hints.is_empty() {
        "a hint"
    } else {
        return None;
    };
    Some(text.finding(
        Code::WrongKind,
        update.table.span(),
        format!("it is an UPDATE with {clause}, which onerow does not send"),
        "name the rows in the WHERE, with a subquery where you need another table",
    ))
}

/// The column that marks a row as active, with its values.
pub(super) fn flag(rule: &Rule) -> Option<&Flag> {
    rule.active.as_ref()?.flag.as_ref()
}

/// The rule does not say how an UPDATE deactivates a row.
fn no_flag(text: &Text<'_>, update: &Update) -> Finding {
    let takes_out = text.rule.strategy.step();
    let (reason, help) = match &text.rule.active {
        None => (
            "it is an UPDATE, and the rule has no `active` that it could set to FALSE".to_owned(),
            format!("remove the step; {takes_out} removes duplicates"),
        ),
        Some(active) => (
            format!(
                "it is an UPDATE, and the rule does not say how to deactivate a row for which `{}` is true",
                active.condition
            ),
            "add `deactivate` and `reactivate` to the rule, or remove the step".to_owned(),
        ),
    };
    text.finding(Code::WrongKind, update.table.span(), reason, help)
}

/// Every mutation must deactivate rows, not only set `touched_at`.
fn does_not_deactivate(text: &Text<'_>, flag: &Flag, update: &Update) -> Option<Finding> {
    let Flag { column, inactive, .. } = flag;
    let sets = |set: &Assignment| own_column(update, set).is_some_and(|c| column.same_column(c));
    (!update.assignments.iter().any(sets)).then(|| {
        text.finding(
            Code::SetsOtherColumn,
            update.table.span(),
            format!("it does not set {column}"),
            format!("write {column} = {inactive}"),
        )
    })
}

/// Whether the value is this one of the flag's values. The current time can be written in several ways.
pub(super) fn is_value(value: &Expr, wanted: &Fragment) -> bool {
    let Some(wanted) = tokens(wanted.as_str()).ok().and_then(|t| parse(t, Parser::parse_expr).ok())
    else {
        return false;
    };
    same(value, &wanted) || (is_now(value) && is_now(&wanted))
}

/// The assigned column, if it is a column of the table and not a field of one.
fn own_column<'a>(update: &Update, assignment: &'a Assignment) -> Option<&'a str> {
    let AssignmentTarget::ColumnName(name) = &assignment.target else { return None };
    let parts: Option<Vec<&str>> =
        name.0.iter().map(|part| Some(part.as_ident()?.value.as_str())).collect();
    match parts?.as_slice() {
        [column] => Some(column),
        [qualifier, column]
            if qualifiers(&update.table.relation)
                .iter()
                .any(|known| known.eq_ignore_ascii_case(qualifier)) =>
        {
            Some(column)
        }
        _ => None,
    }
}

/// The names by which a mutation may refer to its table.
pub(super) fn qualifiers(relation: &TableFactor) -> Vec<String> {
    match relation {
        TableFactor::Table { alias: Some(alias), .. } => vec![alias.name.value.clone()],
        TableFactor::Table { name, .. } => of_table(dotted(name)),
        _ => Vec::new(),
    }
}

/// The names of a table without alias: `dataset.table` and `table`.
pub(super) fn of_table(name: String) -> Vec<String> {
    let last = name.rsplit('.').next().unwrap_or_default().to_owned();
    vec![last, name]
}

pub(super) fn other_table(text: &Text<'_>, changed: &TableWithJoins) -> Option<Finding> {
    match changed.joins.is_empty() {
        true => other_relation(text, &changed.relation),
        false => Some(changes_other(text, changed, &changed.to_string())),
    }
}

/// A finding unless the rule's table is changed.
pub(super) fn other_relation(text: &Text<'_>, changed: &TableFactor) -> Option<Finding> {
    let table = match changed {
        TableFactor::Table { name, .. } => dotted(name),
        other => other.to_string(),
    };
    (table != text.table()).then(|| changes_other(text, changed, &table))
}

fn changes_other(text: &Text<'_>, changed: &impl Spanned, table: &str) -> Finding {
    let wanted = text.table();
    text.finding(
        Code::OtherTable,
        changed.span(),
        format!("it changes `{table}`, but the rule is about `{wanted}`"),
        "write {{ rule.table }}, without a join",
    )
}

/// The name as `dataset.table`, regardless of quotes.
pub(crate) fn dotted(name: &ObjectName) -> String {
    let mut dotted = String::new();
    for (i, part) in name.0.iter().enumerate() {
        dotted.push_str(if i > 0 { "." } else { "" });
        match part.as_ident() {
            Some(ident) => dotted.push_str(&ident.value),
            None => dotted.push_str(&part.to_string()),
        }
    }
    dotted
}

fn sets_other_column(
    text: &Text<'_>,
    flag: &Flag,
    update: &Update,
    assignment: &Assignment,
) -> Option<Finding> {
    let rule = text.rule;
    let Flag { column: active, inactive, .. } = flag;
    let column = own_column(update, assignment);
    let (reason, help) = match column {
        Some(column) if active.same_column(column) => {
            if is_value(&assignment.value, inactive) {
                return None;
            }
            let reason =
                format!("it sets {column} to `{}`; onerow only ever deactivates", assignment.value);
            (reason, format!("write {active} = {inactive}"))
        }
        Some(column)
            if rule.touched_at.as_ref().is_some_and(|(known, _)| known.same_column(column)) =>
        {
            if is_now(&assignment.value) {
                return None;
            }
            let reason =
                format!("it sets {column} to `{}`, not to the current time", assignment.value);
            (reason, format!("write {column} = {{{{ rule.touched_now }}}}"))
        }
        _ => {
            let allowed = match &rule.touched_at {
                Some((touched_at, _)) => format!("{active} and {touched_at}"),
                None => format!("{active} alone"),
            };
            (
                format!("it sets `{}`; a clean-up sets {allowed}", assignment.target),
                "remove the assignment; if it is the time of the change, name the column as touched_at in the rule".to_owned(),
            )
        }
    };
    Some(text.finding(Code::SetsOtherColumn, assignment.target.span(), reason, help))
}

/// The current time, as a BigQuery function or as the run's parameter.
pub(super) fn is_now(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Function(function) => dotted(&function.name),
        Expr::Identifier(name) => name.value.clone(),
        other => other.to_string(),
    };
    ["CURRENT_TIMESTAMP", "CURRENT_DATETIME", "CURRENT_DATE", "@cutoff"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(&name))
}
