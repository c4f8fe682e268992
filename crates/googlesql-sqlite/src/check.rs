//! Statements that BigQuery always refuses, found without a database. Where this crate cannot tell what
//! BigQuery does, it reports nothing.

use jiff::Timestamp;
use sqlparser::ast;

use crate::bind::Binder;
use crate::catalog::{Catalog, Relation, Table};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Params, SqlType, with_stack};

/// Tables whose columns are known: dotted name and columns.
pub type Tables<'a> = &'a [(String, Vec<(String, SqlType)>)];

/// Finds the first reason for which BigQuery refuses a statement. Columns of other tables, and parameters
/// without a value here, may be of any type.
///
/// # Errors
/// Only [`Kind::Refused`], with its [place](Error::place) where known.
pub fn refusal(
    sql: &str,
    parsed: &ast::Statement,
    tables: Tables<'_>,
    params: &Params,
) -> Result<()> {
    let listed = Listed(tables);
    let found = with_stack(parsed, || {
        Binder::new(&listed, sql, params, Timestamp::UNIX_EPOCH)?.lenient().refusal(parsed)
    });
    match found {
        Err(error) if error.kind() == Kind::Refused => Err(error),
        _ => Ok(()),
    }
}

/// A catalog of the given tables, without a database.
struct Listed<'a>(Tables<'a>);

impl Catalog for Listed<'_> {
    fn table(&self, dotted: &str) -> Result<Table> {
        let found = self.0.iter().find(|(name, _)| name == dotted);
        found
            .map(|(_, columns)| Table { columns: columns.clone(), nested: Vec::new(), rows: None })
            .ok_or_else(|| {
                Error::new(Kind::NotFound, format!("nothing is known of the table `{dotted}`"))
            })
    }

    fn relation(&self, _: &str) -> Result<Option<Relation>> {
        Ok(None)
    }

    fn note_column(&self, _: &str, _: usize, _: &str, _: &str) -> String {
        String::new()
    }

    fn forget_columns(&self, _: &str) -> String {
        String::new()
    }
}
