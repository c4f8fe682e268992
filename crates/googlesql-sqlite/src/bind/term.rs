//! Literals, parameters, and coercion.

use rusqlite::types::Value;
use sqlparser::ast::Expr;

use super::{Binder, refused, unsupported};
use crate::error::Result;
use crate::googlesql::{Numeric, SqlType, SqlValue};
use crate::storage::encode;
use crate::tree::{Form, Node, Term};

impl Binder<'_> {
    /// A literal.
    pub(super) fn constant(&self, value: SqlValue) -> Result<Term> {
        let kept = encode(&value)?;
        match &kept {
            Value::Blob(_) => return Err(unsupported("BYTES")),
            Value::Real(_) => self.outside.set(true),
            Value::Text(text) if text.contains('\0') => self.outside.set(true),
            _ => {}
        }
        let sql_type = value.sql_type();
        Ok(Term { constant: Some(value), ..Term::of(Node::Value(kept), sql_type) })
    }

    /// The value of `@name`.
    pub(super) fn parameter(&self, name: &str) -> Result<SqlValue> {
        let found = self.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).ok_or_else(|| match self.lenient {
            true => unsupported(format!("the type of `@{name}`")),
            false => refused(format!(
                "the statement needs the query parameter `@{name}`, which was not given"
            )),
        })
    }

    /// The expression, coerced to this type. `role` completes '… must be'.
    pub(super) fn expect(&self, term: Term, target: SqlType, role: &str) -> Result<Term> {
        let given = term.type_name();
        self.coerced(term, target)?
            .ok_or_else(|| refused(format!("{role} must be {target}, not {given}")))
    }

    /// The expression as this type, if BigQuery coerces it implicitly.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules>
    pub(super) fn coerced(&self, term: Term, target: SqlType) -> Result<Option<Term>> {
        let Some(from) = term.sql_type else {
            return Ok(Some(Term { sql_type: Some(target), ..term }));
        };
        if from == target {
            return Ok(Some(term));
        }
        if SqlType::Bytes == from || SqlType::Bytes == target {
            return Err(unsupported(format!("{from} as {target}")));
        }
        if let Some(value) = &term.constant
            && let Some(converted) = literal(value, target)?
        {
            return self
                .constant(converted)
                .map(|constant| Some(Term { sql_type: Some(target), ..constant }));
        }
        Ok(widened(term, target))
    }

    /// Whether the term can be coerced.
    fn takes_on(&self, term: &Term, target: SqlType) -> Result<bool> {
        let Some(from) = term.sql_type else { return Ok(true) };
        if from == target || widens(from, target) {
            return Ok(true);
        }
        let value = term.constant.as_ref();
        let converted = value.map(|value| literal(value, target)).transpose()?.flatten();
        converted.map(|value| self.constant(value)).transpose().map(|term| term.is_some())
    }

    /// The expressions, coerced to one common type. `role` names the construct in errors.
    pub(super) fn unified(
        &self,
        terms: Vec<Term>,
        role: &str,
    ) -> Result<(Vec<Term>, Option<SqlType>)> {
        let names: Vec<String> = terms.iter().map(Term::type_name).collect();
        let mismatch = || refused(format!("{role} does not take {} together", names.join(", ")));
        let Some(target) = self.common(&terms, &mismatch)? else {
            return Ok((terms, None));
        };
        let terms = terms
            .into_iter()
            .map(|term| self.coerced(term, target)?.ok_or_else(mismatch))
            .collect::<Result<_>>()?;
        Ok((terms, Some(target)))
    }

    fn common(
        &self,
        terms: &[Term],
        mismatch: &dyn Fn() -> crate::error::Error,
    ) -> Result<Option<SqlType>> {
        let types = |constants: bool| {
            terms
                .iter()
                .filter(move |term| constants || term.constant.is_none())
                .filter_map(|term| term.sql_type)
        };
        if let Some(target) = super_type(types(false)).ok_or_else(mismatch)? {
            let mut fit = true;
            for term in terms {
                fit &= self.takes_on(term, target)?;
            }
            if fit {
                return Ok(Some(target));
            }
        }
        // A string among other literals, as in DATE '…' = '…', is coerced to their type.
        let others = super_type(types(true).filter(|sql_type| *sql_type != SqlType::String));
        let all = super_type(types(true));
        all.or_else(|| others.flatten().map(Some)).ok_or_else(mismatch)
    }

    /// Refuses comparisons as operands of an operator, which BigQuery does not chain.
    pub(super) fn no_chain(&self, operands: &[&Expr]) -> Result<()> {
        match operands.iter().find(|operand| super::compare::is_comparison(operand)) {
            Some(operand) => Err(refused(format!(
                "comparisons cannot be chained; put parentheses around `{operand}`"
            ))),
            None => Ok(()),
        }
    }
}

/// A literal as another type.
fn literal(value: &SqlValue, target: SqlType) -> Result<Option<SqlValue>> {
    Ok(match (value, target) {
        (
            SqlValue::String(text),
            SqlType::Date | SqlType::Datetime | SqlType::Time | SqlType::Timestamp,
        ) => Some(SqlValue::parse(text, target)?),
        (SqlValue::Int64(number), SqlType::Numeric | SqlType::BigNumeric) => {
            Some(SqlValue::Numeric(Numeric::from(*number)))
        }
        (SqlValue::Int64(number), SqlType::Float64) => Some(SqlValue::Float64(*number as f64)),
        (SqlValue::Float64(number), SqlType::Numeric | SqlType::BigNumeric) => {
            let text = number.to_string();
            if text.bytes().filter(u8::is_ascii_digit).count() > 15 {
                return Err(unsupported(format!("the literal {text} as {target}")));
            }
            Some(SqlValue::Numeric(Numeric::parse(&text, target)?))
        }
        _ => None,
    })
}

/// How BigQuery implicitly widens one type to another: the form of the cast, or `None` where both are stored
/// the same way.
fn widening(from: SqlType, target: SqlType) -> Option<Option<Form>> {
    use SqlType::{BigNumeric, Date, Datetime, Float64, Int64, Numeric};
    Some(match (from, target) {
        (Int64, Numeric | BigNumeric) => Some(Form::Cast("TEXT")),
        (Int64, Float64) => Some(Form::Cast("REAL")),
        (Numeric, BigNumeric) => None,
        (Numeric | BigNumeric, Float64) => Some(Form::Call("onerow_decimal_to_real")),
        (Date, Datetime) => Some(Form::Call("onerow_midnight")),
        _ => return None,
    })
}

fn widened(term: Term, target: SqlType) -> Option<Term> {
    Some(match widening(term.sql_type?, target)? {
        Some(form) => Term::call(form, vec![term], target),
        None => Term::of(term.node, Some(target)),
    })
}

/// Whether BigQuery implicitly widens one type to the other.
pub(super) fn widens(from: SqlType, target: SqlType) -> bool {
    widening(from, target).is_some()
}

/// The narrowest type that all widen to: `None` if there is no such type, `Some(None)` for an empty list.
pub(super) fn super_type(types: impl Iterator<Item = SqlType>) -> Option<Option<SqlType>> {
    let mut common: Option<SqlType> = None;
    for sql_type in types {
        common = match common {
            None => Some(sql_type),
            Some(known) if known == sql_type => Some(known),
            Some(known) if widens(sql_type, known) => Some(known),
            Some(known) if widens(known, sql_type) => Some(sql_type),
            Some(_) => return None,
        };
    }
    Some(common)
}
