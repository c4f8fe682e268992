//! How a condition ends: the column and its new value.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use crate::googlesql::columns;

/// One of the ANDed conditions, and how it ends.
pub(super) struct End {
    /// Every column that it reads.
    pub reads: Vec<String>,
    /// The column to set.
    pub column: String,
    /// The only value for which it is FALSE.
    pub inactive: Option<String>,
    /// The only value for which it is TRUE.
    pub active: Option<String>,
}

impl End {
    pub fn of(condition: &Expr) -> Self {
        let reads = columns(condition).into_iter().map(|column| column.value).collect();
        let none = Self { reads, column: String::new(), inactive: None, active: None };
        let flag = |column: &str, is: bool| Self {
            column: column.to_owned(),
            inactive: Some(boolean(!is)),
            active: Some(boolean(is)),
            reads: vec![column.to_owned()],
        };
        match condition {
            Expr::Identifier(column) => flag(&column.value, true),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => match name(expr) {
                Some(column) => flag(column, false),
                None => none,
            },
            Expr::IsNull(expr) => match name(expr) {
                Some(column) => {
                    Self { column: column.to_owned(), active: Some("NULL".to_owned()), ..none }
                }
                None => none,
            },
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                match (name(left), &**right) {
                    (Some(column), Expr::Value(value)) if value.value == Value::Boolean(true) => {
                        flag(column, true)
                    }
                    (Some(column), Expr::Value(value)) if value.value == Value::Boolean(false) => {
                        flag(column, false)
                    }
                    (Some(column), literal) if is_literal(literal) => Self {
                        column: column.to_owned(),
                        active: Some(literal.to_string()),
                        ..none
                    },
                    _ => none,
                }
            }
            _ => none,
        }
    }
}

fn boolean(value: bool) -> String {
    if value { "TRUE" } else { "FALSE" }.to_owned()
}

fn name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Nested(inner) => name(inner),
        Expr::Identifier(column) => Some(&column.value),
        _ => None,
    }
}

pub(in crate::rule) fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => !matches!(value.value, Value::Null | Value::Placeholder(_)),
        Expr::TypedString(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            matches!(&**expr, Expr::Value(value) if matches!(value.value, Value::Number(..)))
        }
        _ => false,
    }
}
