//! Conditions as trees: what must hold, and which parts are known.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Select,
    SelectItem, Value, Visit, Visitor,
};

use super::{Text, dotted};
pub(super) use crate::googlesql::conjuncts;

/// Splits a condition at AND.
pub(super) fn into_conjuncts(condition: Expr) -> Vec<Expr> {
    let mut found = Vec::new();
    let mut open = vec![condition];
    while let Some(next) = open.pop() {
        match next {
            Expr::Nested(inner) => open.push(*inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => open.extend([*left, *right]),
            other => found.push(other),
        }
    }
    found.reverse();
    found
}

/// The condition for settled rows, and the qualifiers allowed before its `written_at`.
pub(super) struct Settled<'a> {
    written_at: &'a str,
    /// `None` where any qualifier is allowed.
    qualifiers: Option<Vec<String>>,
}

impl<'a> Settled<'a> {
    /// `None` where the rule has no `written_at`.
    pub fn of(text: &Text<'a>, qualifiers: Option<Vec<String>>) -> Option<Self> {
        let written_at = text.rule.written_at.as_ref()?.as_str();
        Some(Self { written_at, qualifiers })
    }

    /// Whether the condition is true for settled rows only.
    pub fn has_to_hold_in(&self, condition: Option<&Expr>) -> bool {
        condition.is_some_and(|condition| conjuncts(condition).into_iter().any(|c| self.is(c)))
    }

    /// Whether a SELECT in this part has the condition, as a column or in its own filter.
    pub fn is_asked_in(&self, part: &impl Visit) -> bool {
        part.visit(&mut FindSettled(self)).is_break()
    }

    /// Whether this is `COALESCE(written_at < @cutoff, TRUE)`, as the macro `settled` writes it, or the
    /// comparison alone, which is true for fewer rows.
    fn is(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Nested(inner) => self.is(inner),
            Expr::BinaryOp { left, op: BinaryOperator::Lt, right } => {
                self.is_written_at(left) && is_cutoff(right)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Gt, right } => {
                is_cutoff(left) && self.is_written_at(right)
            }
            Expr::Function(function) => {
                let or_true = |[one, other]: [&Expr; 2]| {
                    !matches!(one, Expr::Function(_)) && self.is(one) && is_true(other)
                };
                coalesced(function).is_some_and(or_true)
            }
            _ => false,
        }
    }

    fn is_written_at(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Nested(inner) => self.is_written_at(inner),
            Expr::Identifier(name) => name.value.eq_ignore_ascii_case(self.written_at),
            Expr::CompoundIdentifier(parts) => {
                let Some((column, qualifier)) = parts.split_last() else { return false };
                let qualifier: Vec<&str> = qualifier.iter().map(|p| p.value.as_str()).collect();
                let qualifier = qualifier.join(".");
                column.value.eq_ignore_ascii_case(self.written_at)
                    && self.qualifiers.as_ref().is_none_or(|known| {
                        known.iter().any(|known| known.eq_ignore_ascii_case(&qualifier))
                    })
            }
            _ => false,
        }
    }
}

/// The two arguments of a plain COALESCE.
fn coalesced(function: &Function) -> Option<[&Expr; 2]> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let [
        FunctionArg::Unnamed(FunctionArgExpr::Expr(one)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(other)),
    ] = list.args.as_slice()
    else {
        return None;
    };
    let is_plain = list.duplicate_treatment.is_none()
        && list.clauses.is_empty()
        && function.over.is_none()
        && function.filter.is_none()
        && dotted(&function.name).eq_ignore_ascii_case("COALESCE");
    is_plain.then_some([one, other])
}

fn is_cutoff(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Nested(inner) => return is_cutoff(inner),
        Expr::Identifier(name) if name.quote_style.is_none() => &name.value,
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => name,
            _ => return false,
        },
        _ => return false,
    };
    name.eq_ignore_ascii_case("@cutoff")
}

fn is_true(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_true(inner),
        Expr::Value(value) => value.value == Value::Boolean(true),
        _ => false,
    }
}

struct FindSettled<'a, 'r>(&'a Settled<'r>);

impl Visitor for FindSettled<'_, '_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let is_column = select.projection.iter().any(|item| match item {
            SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => {
                self.0.is(expr)
            }
            _ => false,
        });
        match is_column || self.0.has_to_hold_in(select.selection.as_ref()) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}
