//! CAST and SAFE_CAST, where the result is certain.

use std::str::FromStr;

use sqlparser::ast::{DataType, Expr};

use super::scope::Scope;
use super::{Binder, unsupported};
use crate::error::Result;
use crate::googlesql::{SqlType, SqlValue};
use crate::storage::{class, is_opaque};
use crate::tree::{Form, Term};

impl Binder<'_> {
    /// A type without parameters; parameters would round or cut values.
    pub(super) fn data_type(&self, data_type: &DataType) -> Result<SqlType> {
        let text = data_type.to_string();
        let known =
            SqlType::from_str(&text).map_err(|_| unsupported(format!("the type {text}")))?;
        if text.contains(['(', '<', ' ']) || is_opaque(known) {
            return Err(unsupported(format!("the type {text}")));
        }
        class(known)?;
        Ok(known)
    }

    /// `CAST(operand AS data_type)`, or `SAFE_CAST`, which gives NULL where a cast fails.
    pub(super) fn cast(
        &self,
        operand: &Expr,
        data_type: &DataType,
        safe: bool,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let target = match data_type {
            DataType::Bytes(None) => SqlType::Bytes,
            _ => self.data_type(data_type)?,
        };
        let term = self.expr(operand, scope)?;
        let unknown = |from: SqlType| {
            let function = if safe { "SAFE_CAST" } else { "CAST" };
            unsupported(format!("{function} from {from} to {target}"))
        };
        let Some(from) = term.sql_type else {
            return Ok(Term { sql_type: Some(target), constant: None, ..term });
        };
        if from == target {
            return Ok(Term { constant: None, ..term });
        }
        // BigQuery parses the literal again, with all its digits.
        let literal = matches!(term.constant, Some(SqlValue::Float64(_)));
        if literal && matches!(target, SqlType::Numeric | SqlType::BigNumeric) {
            return Err(unknown(from).help(format!("write `{target} '1.5'`")));
        }
        let cast = match infallible(from, target) {
            Some(cast) => cast,
            None if safe && (from, target) == (SqlType::String, SqlType::Int64) => {
                Cast::By(Form::Call("onerow_safe_int"))
            }
            None if safe && (from, target) == (SqlType::String, SqlType::Date) => {
                Cast::By(Form::Call("onerow_safe_date"))
            }
            None if safe && (from, target) == (SqlType::Float64, SqlType::Int64) => {
                Cast::By(Form::Call("onerow_safe_real_to_int"))
            }
            None if safe && (from, target) == (SqlType::Float64, SqlType::Numeric) => {
                Cast::By(Form::Call("onerow_safe_real_to_decimal"))
            }
            None if safe => return Err(unknown(from)),
            None => fallible(from, target).ok_or_else(|| unknown(from))?,
        };
        Ok(cast.of(term, target))
    }
}

/// The expression as CAST to STRING prints it; `None` where that can fail or is not supported.
pub(super) fn as_text(term: Term) -> Option<Term> {
    let Some(from) = term.sql_type else {
        return Some(Term { sql_type: Some(SqlType::String), ..term });
    };
    if from == SqlType::String {
        return Some(term);
    }
    Some(infallible(from, SqlType::String)?.of(term, SqlType::String))
}

impl Cast {
    fn of(self, term: Term, target: SqlType) -> Term {
        match self {
            Self::None => Term::of(term.node, Some(target)),
            Self::By(form) => Term::call(form, vec![term], target),
            Self::With(name, word) => {
                Term::call(Form::Call(name), vec![term, Term::word(&word)], target)
            }
        }
    }
}

/// How a cast is emitted.
enum Cast {
    /// No conversion: both types are stored the same way.
    None,
    By(Form),
    /// A function and its word argument.
    With(&'static str, String),
}

fn infallible(from: SqlType, target: SqlType) -> Option<Cast> {
    use SqlType::{
        BigNumeric, Bool, Bytes, Date, Datetime, Float64, Int64, Numeric, String, Time, Timestamp,
    };
    Some(match (from, target) {
        (Int64, String | Numeric | BigNumeric) => Cast::By(Form::Cast("TEXT")),
        (Int64, Float64) => Cast::By(Form::Cast("REAL")),
        (Int64, Bool) => Cast::By(Form::NotZero),
        (Bool, Int64) | (Numeric, BigNumeric) => Cast::None,
        (Bool, String) => Cast::By(Form::BoolText),
        (Numeric | BigNumeric, Float64) => Cast::By(Form::Call("onerow_decimal_to_real")),
        (Numeric | BigNumeric | Date, String) => Cast::None,
        (Float64, String) => Cast::By(Form::Call("onerow_real_to_text")),
        (Datetime | Timestamp | Time, String) => {
            Cast::With("onerow_time_to_text", from.to_string())
        }
        (String, Bytes) => Cast::By(Form::Cast("BLOB")),
        (Date, Datetime | Timestamp) => Cast::By(Form::Call("onerow_midnight")),
        (Datetime, Timestamp) | (Timestamp, Datetime) => Cast::None,
        (Datetime | Timestamp, Date) => Cast::With("onerow_date_of", "UTC".to_owned()),
        (Datetime | Timestamp, Time) => Cast::By(Form::TimeOfDay),
        _ => return None,
    })
}

fn fallible(from: SqlType, target: SqlType) -> Option<Cast> {
    use SqlType::{BigNumeric, Bytes, Date, Datetime, Float64, Int64, Numeric, String, Timestamp};
    Some(match (from, target) {
        (Bytes, String) => Cast::By(Form::Call("onerow_bytes_to_text")),
        (Float64, Numeric) => Cast::By(Form::Call("onerow_real_to_decimal")),
        (Float64, Int64) => Cast::By(Form::Call("onerow_real_to_int")),
        (Numeric | BigNumeric, Int64) => Cast::By(Form::Call("onerow_decimal_to_int")),
        (String, Int64 | Float64 | Numeric | BigNumeric | Date | Datetime | Timestamp) => {
            Cast::With("onerow_cast", target.to_string())
        }
        _ => return None,
    })
}
