//! The columns of a table, as far as dbt knows them.

use super::catalog::Catalog;
use super::manifest::Node;
use crate::googlesql::{Ident, Nested, SqlType};

/// The columns of one table.
#[derive(Debug, Default)]
pub(super) struct Columns {
    known: Vec<Column>,
    /// Whether these are all: the catalog has them.
    pub complete: bool,
}

/// A column and its type, where that is known.
#[derive(Debug)]
pub(super) struct Column {
    pub name: Ident,
    pub sql_type: Option<SqlType>,
    /// The type as the rule file has it.
    pub written: Option<String>,
}

impl Columns {
    /// Those of the catalog, else those of the manifest.
    pub fn of(node: &Node, catalog: Option<&Catalog>) -> Self {
        if let Some(columns) = catalog.and_then(|catalog| catalog.columns(&node.unique_id)) {
            let known = columns.iter().filter_map(|(name, of)| column(name, Some(of))).collect();
            return Self { known, complete: true };
        }
        let listed = node.columns.iter();
        let known = listed.filter_map(|(key, found)| {
            let name = if found.name.is_empty() { key } else { &found.name };
            column(name, found.data_type.as_deref())
        });
        Self { known: known.collect(), complete: false }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.known.iter()
    }

    /// The column of this name; case makes no difference.
    pub fn find(&self, name: &str) -> Option<&Column> {
        let name = name.trim_matches('`');
        self.known.iter().find(|column| column.name.same_column(name))
    }

    /// The type of a column, where both are known.
    pub fn type_of(&self, name: &str) -> Option<SqlType> {
        self.find(name)?.sql_type
    }

    /// Those with a type, as the rule file has them.
    pub fn written(&self) -> Vec<(String, String)> {
        let typed = self.known.iter().filter_map(|column| Some((column, column.written.clone()?)));
        typed.map(|(column, written)| (column.name.as_str().to_owned(), written)).collect()
    }
}

/// A field of a STRUCT, which the catalog lists as `address.city`, is no column.
fn column(name: &str, of: Option<&str>) -> Option<Column> {
    let name = Ident::parse(name).ok()?;
    let sql_type: Option<SqlType> = of.and_then(|of| of.parse().ok());
    let written = sql_type.zip(of).map(|(sql_type, of)| match of.contains('<') {
        // Where a nested type cannot be read as a whole, its kind is enough for the checks.
        true if Nested::parse(of).is_ok() => of.to_owned(),
        _ => sql_type.to_string(),
    });
    Some(Column { name, sql_type, written })
}
