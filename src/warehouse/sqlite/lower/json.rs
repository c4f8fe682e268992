//! TO_JSON_STRING, of a value or of a whole row.

use sqlparser::ast::Expr;

use super::scope::{Scope, Source};
use super::term::Term;
use super::{Lowering, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::warehouse::sqlite::functions::json::quoted;

impl Lowering<'_> {
    /// `TO_JSON_STRING(operand)`
    pub(super) fn to_json_string(&self, operand: &Expr, scope: &Scope<'_>) -> Result<Term> {
        let row = match operand {
            Expr::Identifier(name) => scope.row(&name.value),
            _ => None,
        };
        let sql = match row {
            Some(_) if scope.keys.is_some() => {
                return Err(unsupported("a row as a value beside GROUP BY"));
            }
            Some(source) => object(source)?,
            None => member(&self.expr(operand, scope)?),
        };
        Ok(Term::new(sql, SqlType::String))
    }
}

fn object(source: &Source) -> Result<String> {
    let mut parts = Vec::new();
    for (name, term) in &source.columns {
        let name = name.as_deref().ok_or_else(|| unsupported("a row with a nameless column"))?;
        let opening = if parts.is_empty() { '{' } else { ',' };
        parts.push(format!(
            "{} || {}",
            literal(&format!("{opening}{}:", quoted(name))),
            member(term)
        ));
    }
    Ok(format!("({} || '}}')", parts.join(" || ")))
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
