//! TO_JSON_STRING, of a value, of a whole row, or of a STRUCT of columns.

use sqlparser::ast::Expr;

use super::function::Call;
use super::scope::{Scope, Source};
use super::{Binder, none_of, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::tree::{Node, Term};

impl Binder<'_> {
    /// `TO_JSON_STRING(operand)`
    pub(super) fn to_json_string(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let [operand] = *call.args else { return Err(call.miscounted()) };
        if let Expr::Struct { values, fields } = operand {
            none_of(&[(!fields.is_empty(), "the types of a STRUCT")])?;
            return self.object_of(values, scope);
        }
        let row = match operand {
            Expr::Identifier(name) => scope.row(&name.value),
            _ => None,
        };
        let node = match row {
            Some(source) => {
                let beside = unsupported("a row as a value beside GROUP BY");
                scope.ungrouped(beside.near(call.place));
                object(source)?
            }
            None => Node::Json(Box::new(self.whole(operand, scope)?)),
        };
        Ok(Term::of(node, Some(SqlType::String)))
    }

    /// Builds a JSON object of a STRUCT. Fields are named by their aliases, or by the columns in them.
    fn object_of(&self, values: &[Expr], scope: &Scope<'_>) -> Result<Term> {
        let named = values.iter().map(|value| {
            let (name, value) = match value {
                Expr::Identifier(name) => (Some(name), value),
                Expr::CompoundIdentifier(parts) => (parts.last(), value),
                Expr::Named { expr, name } => (Some(name), &**expr),
                _ => (None, value),
            };
            let name = name.ok_or_else(|| unsupported("a STRUCT with a nameless field"))?;
            Ok((name.value.clone(), self.whole(value, scope)?))
        });
        Ok(Term::of(Node::Object(named.collect::<Result<_>>()?), Some(SqlType::String)))
    }
}

fn object(source: &Source) -> Result<Node> {
    let named = source.of_row().map(|(name, term)| {
        let name = name.clone().ok_or_else(|| unsupported("a row with a nameless column"))?;
        Ok((name, term.clone()))
    });
    Ok(Node::Object(named.collect::<Result<_>>()?))
}
