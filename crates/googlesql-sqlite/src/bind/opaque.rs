//! Columns whose values are only moved: ARRAY and STRUCT.

use sqlparser::ast::{Expr, Spanned};

use super::scope::Scope;
use super::{Binder, unsupported};
use crate::error::{Error, Result};
use crate::googlesql::SqlType;
use crate::storage::is_opaque;
use crate::tree::{Form, Term};

/// Whether the expression's value is only moved.
pub(super) fn is_moved(term: &Term) -> bool {
    term.sql_type.is_some_and(is_opaque)
}

/// The error for a use that is more than moving a value.
pub(super) fn looked_into(what: impl std::fmt::Display, term: &Term, place: &str) -> Error {
    unsupported(format!("`{what}`, which is {}, in {place}", term.type_name()))
}

impl Binder<'_> {
    /// An expression that may also be a column whose value is only moved.
    pub(super) fn whole(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Term> {
        let inner = match expr {
            Expr::Nested(inner) => return self.whole(inner, scope),
            Expr::Identifier(name) if !name.value.starts_with('@') => {
                scope.column(&name.value, expr.span())
            }
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [table, column] if !table.value.starts_with('@') => {
                    scope.qualified(&table.value, &column.value, expr.span())
                }
                _ => return self.expr(expr, scope),
            },
            _ => return self.expr(expr, scope),
        };
        match inner {
            Ok(term) if is_moved(&term) => Ok(term),
            // Everything else about a column is said where expressions are bound.
            _ => self.expr(expr, scope),
        }
    }

    /// The value that a column gets. One that is only moved must come from a column of the same name, so that it
    /// has the same type to its last field. BigQuery keeps no NULL for an ARRAY, but an empty one.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls>
    pub(super) fn moved(
        &self,
        value: Term,
        from: Option<&str>,
        column: &str,
        sql_type: SqlType,
        role: &str,
    ) -> Result<Term> {
        let same = from.is_some_and(|from| from.eq_ignore_ascii_case(column));
        if (is_moved(&value) || is_opaque(sql_type)) && !same && !value.is_null() {
            let from = from.unwrap_or("an expression");
            return Err(looked_into(from, &value, role));
        }
        let value = self.expect(value, sql_type, role)?;
        Ok(match sql_type {
            SqlType::Array => {
                let empty = Term::word("[]");
                Term::call(Form::Several("COALESCE"), vec![value, empty], SqlType::Array)
            }
            _ => value,
        })
    }
}
