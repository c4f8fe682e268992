//! CAST and SAFE_CAST, where the result is certain.

use std::str::FromStr;

use sqlparser::ast::{DataType, Expr};

use super::scope::Scope;
use super::term::Term;
use super::{Lowering, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::storage::{DAY, class};

impl Lowering<'_> {
    /// A type without parameters, which would round or cut values.
    pub(super) fn data_type(&self, data_type: &DataType) -> Result<SqlType> {
        let text = data_type.to_string();
        let known =
            SqlType::from_str(&text).map_err(|_| unsupported(format!("the type {text}")))?;
        if text.contains(['(', '<', ' ']) {
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
        let target = self.data_type(data_type)?;
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
        let never_fails = infallible(&term.sql, from, target);
        let sql = match never_fails {
            Some(sql) => sql,
            None if safe => match (from, target) {
                (SqlType::String, SqlType::Int64) => format!("onerow_safe_int({})", term.sql),
                _ => return Err(unknown(from)),
            },
            None => fallible(&term.sql, from, target).ok_or_else(|| unknown(from))?,
        };
        Ok(Term::new(sql, target))
    }
}

fn infallible(sql: &str, from: SqlType, target: SqlType) -> Option<String> {
    use SqlType::{
        BigNumeric, Bool, Date, Datetime, Float64, Int64, Numeric, String, Time, Timestamp,
    };
    Some(match (from, target) {
        (Int64, String | Numeric | BigNumeric) => format!("CAST({sql} AS TEXT)"),
        (Int64, Float64) => format!("CAST({sql} AS REAL)"),
        (Int64, Bool) => format!("({sql} <> 0)"),
        (Bool, Int64) | (Numeric, BigNumeric) => sql.to_owned(),
        (Bool, String) => format!("(CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"),
        (Numeric | BigNumeric, Float64) => format!("onerow_decimal_to_real({sql})"),
        (Numeric | BigNumeric | Date, String) => sql.to_owned(),
        (Date, Datetime | Timestamp) => format!("onerow_midnight({sql})"),
        (Datetime, Timestamp) | (Timestamp, Datetime) => sql.to_owned(),
        (Datetime | Timestamp, Date) => format!("onerow_date_of({sql}, 'UTC')"),
        (Datetime | Timestamp, Time) => format!("((({sql} % {DAY}) + {DAY}) % {DAY})"),
        _ => return None,
    })
}

fn fallible(sql: &str, from: SqlType, target: SqlType) -> Option<String> {
    use SqlType::{BigNumeric, Date, Datetime, Float64, Int64, Numeric, String, Timestamp};
    Some(match (from, target) {
        (Float64, Int64) => format!("onerow_real_to_int({sql})"),
        (Numeric | BigNumeric, Int64) => format!("onerow_decimal_to_int({sql})"),
        (String, Int64 | Float64 | Numeric | BigNumeric | Date | Datetime | Timestamp) => {
            format!("onerow_cast({sql}, '{target}')")
        }
        _ => return None,
    })
}
