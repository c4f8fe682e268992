//! Comparisons: of equal types only, as in BigQuery, since SQLite would compare anything.

use sqlparser::ast::{Array, BinaryOperator, Expr, Query};

use super::scope::Scope;
use super::{Binder, none_of, refused, unsupported};
use crate::error::Result;
use crate::functions::text;
use crate::googlesql::{SqlType, SqlValue};
use crate::tree::{Form, Node, Term};

/// Whether this is a comparison without parentheses, which cannot be an operand of another one.
pub(super) fn is_comparison(expr: &Expr) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    match expr {
        Expr::BinaryOp { op, .. } => matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq),
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::InUnnest { .. }
        | Expr::Between { .. }
        | Expr::Like { .. } => true,
        _ => false,
    }
}

impl Binder<'_> {
    /// `left op right`.
    pub(super) fn compared(
        &self,
        left: &Expr,
        op: &'static str,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        self.no_chain(&[left, right])?;
        let terms = vec![self.expr(left, scope)?, self.expr(right, scope)?];
        let (terms, _) = self.unified(terms, &format!("`{op}`"))?;
        let form = if matches!(op, "=" | "<>") { Form::Equal(op) } else { Form::Compare(op) };
        Ok(Term::call(form, terms, SqlType::Bool))
    }

    /// Comparisons that are not binary operators.
    pub(super) fn comparison(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Term> {
        match expr {
            Expr::IsNull(operand) => self.is(operand, "IS NULL", false, scope),
            Expr::IsNotNull(operand) => self.is(operand, "IS NOT NULL", false, scope),
            Expr::IsTrue(operand) => self.is(operand, "IS 1", true, scope),
            Expr::IsNotTrue(operand) => self.is(operand, "IS NOT 1", true, scope),
            Expr::IsFalse(operand) => self.is(operand, "IS 0", true, scope),
            Expr::IsNotFalse(operand) => self.is(operand, "IS NOT 0", true, scope),
            Expr::IsUnknown(operand) => self.is(operand, "IS NULL", true, scope),
            Expr::IsNotUnknown(operand) => self.is(operand, "IS NOT NULL", true, scope),
            Expr::IsDistinctFrom(left, right) => self.compared(left, "IS NOT", right, scope),
            Expr::IsNotDistinctFrom(left, right) => self.compared(left, "IS", right, scope),
            Expr::Between { expr: operand, negated, low, high } => {
                self.between([operand, low, high], *negated, scope)
            }
            Expr::InList { expr: operand, list, negated } => {
                self.no_chain(&[operand])?;
                let mut terms = vec![self.expr(operand, scope)?];
                for item in list {
                    terms.push(self.expr(item, scope)?);
                }
                self.within(terms, *negated)
            }
            Expr::InUnnest { expr: operand, array_expr, negated } => {
                self.no_chain(&[operand])?;
                let operand = self.expr(operand, scope)?;
                let elements = self.elements(array_expr, scope)?;
                self.within_array(operand, elements, *negated)
            }
            Expr::InSubquery { expr: operand, subquery, negated } => {
                self.no_chain(&[operand])?;
                self.within_subquery(operand, subquery, *negated, scope)
            }
            Expr::Like { negated, any, expr: operand, pattern, escape_char } => {
                none_of(&[(*any, "LIKE ANY"), (escape_char.is_some(), "LIKE … ESCAPE")])?;
                self.like(operand, pattern, *negated, scope)
            }
            other => Err(unsupported(format!("`{other}`"))),
        }
    }

    fn is(
        &self,
        operand: &Expr,
        test: &'static str,
        of_bool: bool,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        self.no_chain(&[operand])?;
        let mut term = self.whole(operand, scope)?;
        if of_bool {
            term = self.expect(term, SqlType::Bool, "the operand of IS")?;
        }
        Ok(Term::call(Form::Is(test), vec![term], SqlType::Bool))
    }

    fn between(&self, operands: [&Expr; 3], negated: bool, scope: &Scope<'_>) -> Result<Term> {
        self.no_chain(&operands)?;
        let mut terms = Vec::new();
        for operand in operands {
            terms.push(self.expr(operand, scope)?);
        }
        let (terms, _) = self.unified(terms, "BETWEEN")?;
        Ok(Term::call(Form::Between { negated }, terms, SqlType::Bool))
    }

    /// The first term IN the others.
    fn within(&self, terms: Vec<Term>, negated: bool) -> Result<Term> {
        let (terms, _) = self.unified(terms, "IN")?;
        Ok(Term::call(Form::In { negated }, terms, SqlType::Bool))
    }

    /// The operand IN an array. An array of expressions keeps its type and the operand is coerced to it; an
    /// array of literals is coerced to the operand's type.
    fn within_array(&self, operand: Term, elements: Vec<Term>, negated: bool) -> Result<Term> {
        let literals = elements.iter().all(|e| e.constant.is_some() || e.sql_type.is_none());
        let (mut terms, sql_type) = match literals {
            true => (elements, None),
            false => self.unified(elements, "an array")?,
        };
        let operand = match sql_type {
            Some(sql_type) => self.expect(operand, sql_type, "what stands before IN UNNEST")?,
            None => operand,
        };
        terms.insert(0, operand);
        self.within(terms, negated)
    }

    fn elements(&self, array: &Expr, scope: &Scope<'_>) -> Result<Vec<Term>> {
        match array {
            Expr::Array(Array { elem, named: _ }) => {
                elem.iter().map(|item| self.expr(item, scope)).collect()
            }
            Expr::Identifier(name) if name.quote_style.is_none() => {
                let parameter = name.value.strip_prefix('@').filter(|n| !n.starts_with('@'));
                match parameter.map(|name| self.parameter(name)).transpose()? {
                    Some(SqlValue::Array(items)) => {
                        items.into_iter().map(|item| self.constant(item)).collect()
                    }
                    Some(_) => Err(refused(format!("`{name}` is not an array"))),
                    None => Err(unsupported(format!("UNNEST of `{name}`"))),
                }
            }
            other => Err(unsupported(format!("UNNEST of `{other}`"))),
        }
    }

    fn within_subquery(
        &self,
        operand: &Expr,
        subquery: &Query,
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let operand = self.expr(operand, scope)?;
        let (relation, column, own) = self.one_column(subquery, scope)?;
        let (mut terms, _) = self.unified(vec![operand, column.clone()], "IN")?;
        let as_compared = terms.pop().filter(|term| term.node != column.node);
        let converted = as_compared.map(|term| (own, Box::new(term)));
        let operand = Box::new(terms.remove(0));
        let node = Node::Among { operand, negated, rows: relation.rows, converted };
        Ok(Term::of(node, Some(SqlType::Bool)))
    }

    fn like(
        &self,
        operand: &Expr,
        pattern: &Expr,
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        self.no_chain(&[operand, pattern])?;
        let text = self.expr(operand, scope)?;
        let text = self.expect(text, SqlType::String, "the operand of LIKE")?;
        let pattern = self.expr(pattern, scope)?;
        let pattern = self.expect(pattern, SqlType::String, "the pattern of LIKE")?;
        // BigQuery coerces a literal before it evaluates rows.
        if let Some(SqlValue::String(written)) = &pattern.constant {
            text::is_pattern(written).map_err(refused)?;
        }
        Ok(Term::call(Form::Like { negated }, vec![text, pattern], SqlType::Bool))
    }
}
