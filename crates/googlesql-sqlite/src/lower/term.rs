//! A lowered expression with its type, and how types come together.

use sqlparser::ast::Expr;

use super::{Lowering, refused, unsupported};
use crate::error::Result;
use crate::googlesql::{Numeric, SqlType, SqlValue};
use crate::storage::{NUMERIC, encode};

/// A lowered expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub sql: String,
    /// `None` for a bare NULL, which has every type.
    pub sql_type: Option<SqlType>,
    /// The value of a literal or query parameter, which takes on other types more freely.
    pub constant: Option<SqlValue>,
    /// A column of which nothing else is known. Looking it up is an error, so that it is nowhere but
    /// in lists of columns.
    pub unknown: bool,
}

impl Term {
    pub fn new(sql: impl Into<String>, sql_type: SqlType) -> Self {
        Self { sql: sql.into(), sql_type: Some(sql_type), constant: None, unknown: false }
    }

    /// An expression of a type that may be NULL's.
    pub fn of(sql: impl Into<String>, sql_type: Option<SqlType>) -> Self {
        Self { sql: sql.into(), sql_type, constant: None, unknown: false }
    }

    /// A column of which nothing is known.
    pub fn unknown() -> Self {
        Self { sql: String::new(), sql_type: None, constant: None, unknown: true }
    }

    /// Whether it is the same for every row, which in ORDER BY and GROUP BY SQLite could take
    /// for the number of a column.
    pub fn is_fixed(&self) -> bool {
        self.constant.is_some() || self.sql_type.is_none() || self.sql.parse::<i64>().is_ok()
    }

    /// The text where the order of values counts: `<`, ORDER BY, MIN.
    pub fn ordered(&self) -> String {
        if is_decimal(self.sql_type) {
            format!("({} COLLATE {NUMERIC})", self.sql)
        } else {
            self.sql.clone()
        }
    }

    /// How messages name its type.
    pub fn type_name(&self) -> String {
        self.sql_type.map_or_else(|| "NULL".to_owned(), |sql_type| sql_type.to_string())
    }
}

/// Whether it is kept as the text of a number.
pub(super) fn is_decimal(sql_type: Option<SqlType>) -> bool {
    matches!(sql_type, Some(SqlType::Numeric | SqlType::BigNumeric))
}

impl Lowering<'_> {
    /// A literal. What SQLite's parser would not read exactly is bound: text with a NUL, and
    /// floating-point numbers.
    pub(super) fn constant(&self, value: SqlValue) -> Result<Term> {
        use rusqlite::types::Value;
        let sql = match encode(&value)? {
            Value::Null => "NULL".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => self.bind(Value::Real(number)),
            Value::Text(text) if text.contains('\0') => self.bind(Value::Text(text)),
            Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Value::Blob(_) => return Err(unsupported("BYTES")),
        };
        Ok(Term { constant: Some(value.clone()), ..Term::of(sql, value.sql_type()) })
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

    /// The expression, which must have (or be able to take on) this type. `role` completes
    /// '… must be'.
    pub(super) fn expect(&self, term: Term, target: SqlType, role: &str) -> Result<Term> {
        let given = term.type_name();
        self.coerced(term, target)?
            .ok_or_else(|| refused(format!("{role} must be {target}, not {given}")))
    }

    /// The expression as this type, if BigQuery converts it unasked.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules>
    pub(super) fn coerced(&self, term: Term, target: SqlType) -> Result<Option<Term>> {
        let Some(from) = term.sql_type else {
            return Ok(Some(Term { sql_type: Some(target), ..term }));
        };
        if from == target {
            return Ok(Some(term));
        }
        if let Some(value) = &term.constant
            && let Some(converted) = literal(value, target)?
        {
            return self
                .constant(converted)
                .map(|constant| Some(Term { sql_type: Some(target), ..constant }));
        }
        Ok(widened(&term.sql, from, target).map(|sql| Term::new(sql, target)))
    }

    /// The expressions as one common type. `role` names what needs it.
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
                fit &= self.coerced(term.clone(), target)?.is_some();
            }
            if fit {
                return Ok(Some(target));
            }
        }
        // A text among other literals, as in DATE '…' = '…', takes on their type.
        let others = super_type(types(true).filter(|sql_type| *sql_type != SqlType::String));
        let all = super_type(types(true));
        all.or_else(|| others.flatten().map(Some)).ok_or_else(mismatch)
    }

    /// The lowered operand of an operator whose chain BigQuery would not take.
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

/// Types that BigQuery widens unasked.
fn widened(sql: &str, from: SqlType, target: SqlType) -> Option<String> {
    use SqlType::{BigNumeric, Date, Datetime, Float64, Int64, Numeric};
    Some(match (from, target) {
        (Int64, Numeric | BigNumeric) => format!("CAST({sql} AS TEXT)"),
        (Int64, Float64) => format!("CAST({sql} AS REAL)"),
        (Numeric, BigNumeric) => sql.to_owned(),
        (Numeric | BigNumeric, Float64) => format!("onerow_decimal_to_real({sql})"),
        (Date, Datetime) => format!("onerow_midnight({sql})"),
        _ => return None,
    })
}

/// Whether BigQuery widens the one type to the other unasked.
pub(super) fn widens(from: SqlType, target: SqlType) -> bool {
    widened("", from, target).is_some()
}

/// The narrowest type that all widen to: `None` if there is none, `Some(None)` for no types.
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
