//! A text that replaces a shipped one that removes rows keeps every condition of it: it may remove
//! fewer rows, and never another one.

use sqlparser::ast::{BinaryOperator, Expr, Spanned, Statement};

use super::{Code, Finding, Text, statements};
use crate::googlesql::tokens;

pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let Some(shipped) = &text.statement.replaces else { return };
    let shipped = tokens(shipped).ok().and_then(|tokens| statements(tokens).ok()?.pop());
    let wanted = shipped.as_ref().and_then(condition).map(conjuncts).unwrap_or_default();
    let own = condition(parsed).map(conjuncts).unwrap_or_default();
    for missing in wanted.into_iter().filter(|condition| !own.contains(condition)) {
        findings.push(text.finding(
            Code::DropsCondition,
            condition(parsed).map_or(parsed.span(), Spanned::span),
            format!("its WHERE lacks a condition of the shipped one: {}", shortened(missing)),
            "join every condition of the shipped text with AND: `recorded` and `superseded` of \
             `_removals.sql`, and `touchable` of `_survivors.sql`; add conditions to remove fewer rows",
        ));
    }
}

/// Which rows the statement changes.
fn condition(statement: &Statement) -> Option<&Expr> {
    match statement {
        Statement::Update(update) => update.selection.as_ref(),
        Statement::Delete(delete) => delete.selection.as_ref(),
        _ => None,
    }
}

/// The conditions that are joined with AND.
fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut open = vec![condition];
    while let Some(next) = open.pop() {
        match next {
            Expr::Nested(inner) => open.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                open.extend([&**left, right])
            }
            other => found.push(other),
        }
    }
    found.reverse();
    found
}

/// The condition on one line, as far as it fits.
fn shortened(condition: &Expr) -> String {
    const LONGEST: usize = 80;
    let text = condition.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{} …`", &text[..end]),
        None => format!("`{text}`"),
    }
}
