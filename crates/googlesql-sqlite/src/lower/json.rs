//! TO_JSON_STRING, of a value, of a whole row, or of a STRUCT of columns.

use sqlparser::ast::Expr;

use super::function::Call;
use super::scope::{Scope, Source};
use super::term::Term;
use super::{Lowering, none_of, unsupported};
use crate::error::Result;
use crate::functions::json::quoted;
use crate::googlesql::SqlType;

impl Lowering<'_> {
    /// `TO_JSON_STRING(operand)`
    pub(super) fn to_json_string(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let [operand] = *call.args else { return Err(call.miscounted()) };
        if let Expr::Struct { values, fields } = operand {
            none_of(&[(!fields.is_empty(), "the types of a STRUCT")])?;
            return Ok(Term::new(self.object_of(values, scope)?, SqlType::String));
        }
        let row = match operand {
            Expr::Identifier(name) => scope.row(&name.value),
            _ => None,
        };
        let sql = match row {
            Some(source) => {
                let beside = unsupported("a row as a value beside GROUP BY");
                scope.ungrouped(beside.near(call.place));
                object(source)?
            }
            None => member(&self.expr(operand, scope)?),
        };
        Ok(Term::new(sql, SqlType::String))
    }

    /// The fields of a STRUCT have the names that it gives them, or those of the columns in it.
    fn object_of(&self, values: &[Expr], scope: &Scope<'_>) -> Result<String> {
        let named = values.iter().map(|value| {
            let (name, value) = match value {
                Expr::Identifier(name) => (Some(name), value),
                Expr::CompoundIdentifier(parts) => (parts.last(), value),
                Expr::Named { expr, name } => (Some(name), &**expr),
                _ => (None, value),
            };
            let name = name.ok_or_else(|| unsupported("a STRUCT with a nameless field"))?;
            Ok((name.value.as_str(), member(&self.expr(value, scope)?)))
        });
        Ok(written(named.collect::<Result<Vec<_>>>()?))
    }
}

fn object(source: &Source) -> Result<String> {
    let named = source.columns.iter().map(|(name, term)| {
        let name = name.as_deref().ok_or_else(|| unsupported("a row with a nameless column"))?;
        Ok((name, member(term)))
    });
    Ok(written(named.collect::<Result<Vec<_>>>()?))
}

/// An object of these members.
fn written(members: Vec<(&str, String)>) -> String {
    let parts = members.into_iter().enumerate().map(|(i, (name, value))| {
        let opening = if i == 0 { '{' } else { ',' };
        format!("{} || {value}", literal(&format!("{opening}{}:", quoted(name))))
    });
    format!("({} || '}}')", parts.collect::<Vec<_>>().join(" || "))
}

fn member(term: &Term) -> String {
    match term.sql_type {
        Some(sql_type) => format!("COALESCE(onerow_json({}, '{sql_type}'), 'null')", term.sql),
        None => "'null'".to_owned(),
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
