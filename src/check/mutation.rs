//! What a mutation touches: one table, and no column but the active flag and `touched_at`.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, ObjectName, Spanned, TableFactor, Update, Value,
};

use super::{Code, Finding, Text};

pub(super) fn check(text: &Text<'_>, update: &Update, findings: &mut Vec<Finding>) {
    findings.extend(other_table(text, update));
    findings.extend(update.assignments.iter().filter_map(|set| sets_other_column(text, set)));
}

fn other_table(text: &Text<'_>, update: &Update) -> Option<Finding> {
    let table = match &update.table.relation {
        TableFactor::Table { name, .. } => dotted(name),
        other => other.to_string(),
    };
    let wanted = text.rule.table.dotted();
    if table == wanted && update.table.joins.is_empty() {
        return None;
    }
    Some(text.finding(
        Code::OtherTable,
        update.table.span(),
        format!("it changes `{table}`, but the rule is about `{wanted}`"),
        "write {{ rule.table }}, without a join",
    ))
}

/// The name as `dataset.table`, however it is quoted.
pub(super) fn dotted(name: &ObjectName) -> String {
    let parts = name.0.iter().map(|part| match part.as_ident() {
        Some(ident) => ident.value.clone(),
        None => part.to_string(),
    });
    parts.collect::<Vec<_>>().join(".")
}

fn sets_other_column(text: &Text<'_>, assignment: &Assignment) -> Option<Finding> {
    let rule = text.rule;
    let column = match &assignment.target {
        AssignmentTarget::ColumnName(name) => {
            name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.as_str())
        }
        AssignmentTarget::Tuple(_) => None,
    };
    let (reason, help) = match column {
        Some(column) if rule.active.same_column(column) => {
            if is_false(&assignment.value) {
                return None;
            }
            let reason =
                format!("it sets {column} to `{}`; onerow only ever deactivates", assignment.value);
            (reason, format!("write {} = FALSE", rule.active))
        }
        Some(column)
            if rule.touched_at.as_ref().is_some_and(|(known, _)| known.same_column(column)) =>
        {
            return None;
        }
        _ => {
            let allowed = match &rule.touched_at {
                Some((touched_at, _)) => format!("{} and {touched_at}", rule.active),
                None => format!("{} alone", rule.active),
            };
            (
                format!("it sets `{}`; a clean-up sets {allowed}", assignment.target),
                "remove the assignment; if it is the time of the change, name the column as touched_at in the rule".to_owned(),
            )
        }
    };
    Some(text.finding(Code::SetsOtherColumn, assignment.target.span(), reason, help))
}

fn is_false(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Value::Boolean(false))
}
