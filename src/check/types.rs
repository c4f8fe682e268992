//! Literals with which a column can be compared.

use sqlparser::ast::{BinaryOperator, DataType, Expr, Value};

use crate::googlesql::SqlType;

/// Whether both operands of the operator must be comparable.
pub(super) fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// The type of a literal, also in brackets or with a sign.
pub(super) fn literal_type(expr: &Expr) -> Option<SqlType> {
    match expr {
        Expr::Nested(inner) => literal_type(inner),
        Expr::UnaryOp { expr, .. } => literal_type(expr),
        Expr::Value(value) => Some(match &value.value {
            Value::SingleQuotedString(_) | Value::DoubleQuotedString(_) => SqlType::String,
            Value::Boolean(_) => SqlType::Bool,
            Value::Number(number, _) if number.contains(['.', 'e', 'E']) => SqlType::Float64,
            Value::Number(..) => SqlType::Int64,
            _ => return None,
        }),
        Expr::TypedString(typed) => Some(match &typed.data_type {
            DataType::Date => SqlType::Date,
            DataType::Datetime(_) => SqlType::Datetime,
            DataType::Timestamp(..) => SqlType::Timestamp,
            DataType::Time(..) => SqlType::Time,
            _ => return None,
        }),
        _ => None,
    }
}

/// Whether BigQuery compares a column of this type with a literal of that type. A string is coerced to dates
/// and times, numbers to each other, a date to a datetime.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_rules>
pub(super) fn comparable(column: SqlType, literal: SqlType) -> bool {
    use SqlType::{
        BigNumeric, Bool, Date, Datetime, Float64, Int64, Numeric, String, Time, Timestamp,
    };
    match literal {
        String => !matches!(column, Int64 | Float64 | Numeric | BigNumeric | Bool),
        Int64 | Float64 => matches!(column, Int64 | Float64 | Numeric | BigNumeric),
        Date => matches!(column, Date | Datetime),
        Bool | Datetime | Timestamp | Time => column == literal,
        _ => true,
    }
}
