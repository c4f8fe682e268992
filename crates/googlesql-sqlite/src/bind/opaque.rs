//! Columns whose values are only copied (ARRAY, STRUCT and JSON), and the fields of a STRUCT, which are
//! ordinary values.

use std::rc::Rc;

use sqlparser::ast::{Expr, Ident, Spanned};
use sqlparser::tokenizer::Span;

use super::scope::Scope;
use super::{Binder, refused, unsupported};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Nested, SqlType};
use crate::storage::{class, is_opaque};
use crate::tree::{Form, Node, Term};

/// Whether the expression's value is only copied.
pub(super) fn is_moved(term: &Term) -> bool {
    term.sql_type.is_some_and(is_opaque)
}

/// The error for a use that does more than copy a value.
pub(super) fn looked_into(what: impl std::fmt::Display, term: &Term, place: &str) -> Error {
    unsupported(format!("`{what}`, which is {}, in {place}", term.type_name()))
}

impl Binder<'_> {
    /// An expression that may also be a column whose value is only copied.
    pub(super) fn whole(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Term> {
        let earlier = scope.seen.ungrouped.borrow().len();
        let inner = match expr {
            Expr::Nested(inner) => return self.whole(inner, scope),
            Expr::Identifier(name) if !name.value.starts_with('@') => {
                scope.column(&name.value, expr.span())
            }
            Expr::CompoundIdentifier(names) if !names[0].value.starts_with('@') => {
                self.path(names, expr.span(), scope)
            }
            _ => return self.expr(expr, scope),
        };
        match inner {
            // A field may have the same name as a column of another type.
            Ok(term) if is_moved(&term) && matches!(term.node, Node::Column { .. }) => Ok(term),
            // Other errors about a column are reported where expressions are bound.
            _ => {
                scope.seen.ungrouped.borrow_mut().truncate(earlier);
                self.expr(expr, scope)
            }
        }
    }

    /// Resolves a dotted name: a table's column or a column's field, and fields of it.
    pub(super) fn path(&self, names: &[Ident], place: Span, scope: &Scope<'_>) -> Result<Term> {
        let [first, second, rest @ ..] = names else {
            return Err(unsupported("a name without a part"));
        };
        let (column, fields) = match scope.has_source(&first.value) {
            true => (scope.qualified(&first.value, &second.value, place)?, rest),
            false => match scope.column(&first.value, place) {
                Err(error) if error.kind() == Kind::NotFound => {
                    return scope.qualified(&first.value, &second.value, place);
                }
                column => (column?, &names[1..]),
            },
        };
        fields.iter().try_fold(column, |of, name| self.field(of, &name.value))
    }

    /// A field of a STRUCT.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/operators#field_access_operator>
    fn field(&self, of: Term, name: &str) -> Result<Term> {
        let fields = match of.nested.as_deref() {
            Some(Nested::Struct(fields)) => fields,
            None if of.unknown || of.sql_type == Some(SqlType::Struct) => {
                return Err(unsupported(format!("the type of the field `{name}`")));
            }
            _ if of.sql_type == Some(SqlType::Json) => {
                return Err(unsupported(format!("the member `{name}` of a JSON value")));
            }
            _ => {
                let what = format!("there is no field `{name}` in {}", of.type_name());
                return Err(refused(what));
            }
        };
        let Some((field, nested)) = fields.iter().find(|(field, _)| field.same_column(name)) else {
            let known = fields.iter().map(|(field, _)| field.as_str());
            let message = format!("there is no field `{name}` in {}", of.type_name());
            return Err(Error::new(Kind::NotFound, message).help(did_you_mean(name, known)));
        };
        let sql_type = nested.sql_type();
        if class(sql_type).is_err() {
            return Err(unsupported(format!("the field `{name}`, which is {sql_type}")));
        }
        let nested = is_opaque(sql_type).then(|| Rc::new(nested.clone()));
        let words = [field.as_str(), &sql_type.to_string()].map(Term::word);
        let arguments = std::iter::once(of.clone()).chain(words).collect();
        let value = Term::call(Form::Call("onerow_field"), arguments, sql_type);
        Ok(Term { nested, ..value })
    }

    /// The value assigned to a column. A value that is only copied must come from a column of the same name,
    /// so that it has the same type down to its last field. BigQuery stores an empty ARRAY in place of NULL.
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
