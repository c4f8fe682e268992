//! What is made and dropped. Views are SQLite's own; the catalog notes the types of their columns.

use sqlparser::ast::{CreateView, ObjectName};

use super::change::Part;
use super::query::c;
use super::{Lowering, none_of, refused, unsupported};
use crate::Relation;
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::storage::quoted;

impl Lowering<'_> {
    /// Lowers `CREATE [OR REPLACE] VIEW name AS query`.
    pub(super) fn create_view(&self, view: &CreateView) -> Result<Vec<Part>> {
        none_of(&[
            (view.materialized, "materialized views"),
            (view.temporary, "temporary views"),
            (view.if_not_exists, "CREATE VIEW IF NOT EXISTS"),
            (!view.columns.is_empty(), "column names of a view"),
        ])?;
        let name = self.dotted(&view.name)?;
        match self.catalog.relation(&name)? {
            Some(Relation::Table) => {
                return Err(refused(format!("`{name}` is a table, not a view")));
            }
            Some(Relation::View) if !view.or_replace => {
                return Err(refused(format!("the view `{name}` is there already")));
            }
            _ => {}
        }
        let relation = self.query(&view.query, None)?;
        if !self.binds.borrow().is_empty() {
            return Err(unsupported("parameters and floating-point numbers in a view"));
        }
        let alias = self.alias();
        let names = relation.result_names()?;
        let items: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(i, name)| format!("{alias}.{} AS {}", c(i), quoted(name)))
            .collect();
        let mut parts = self.forget(&name);
        parts.push(Part::silent(format!(
            "CREATE VIEW {} AS SELECT {} FROM ({}) AS {alias}",
            quoted(&name),
            items.join(", "),
            relation.sql
        )));
        for (i, (column, described)) in names.iter().zip(&relation.columns).enumerate() {
            let sql_type = described.sql_type.unwrap_or(SqlType::Int64);
            parts.push(Part::silent(self.catalog.note_column(&name, i, column, sql_type)));
        }
        Ok(parts)
    }

    /// Lowers `DROP VIEW name`.
    pub(super) fn drop_view(&self, names: &[ObjectName], if_exists: bool) -> Result<Vec<Part>> {
        let [name] = names else { return Err(unsupported("DROP of several views")) };
        let name = self.dotted(name)?;
        match self.catalog.relation(&name)? {
            Some(Relation::View) => Ok(self.forget(&name)),
            _ if if_exists => Ok(Vec::new()),
            _ => Err(refused(format!("there is no view `{name}`"))),
        }
    }

    /// Lowers `DROP TABLE name`.
    pub(super) fn drop_table(&self, names: &[ObjectName]) -> Result<Vec<Part>> {
        let [name] = names else { return Err(unsupported("DROP of several tables")) };
        let name = self.dotted(name)?;
        if self.catalog.relation(&name)? != Some(Relation::Table) {
            return Err(refused(format!("there is no table `{name}`")));
        }
        Ok(vec![
            Part::silent(format!("DROP TABLE {}", quoted(&name))),
            Part::silent(self.catalog.forget_columns(&name)),
        ])
    }

    fn forget(&self, name: &str) -> Vec<Part> {
        vec![
            Part::silent(format!("DROP VIEW IF EXISTS {}", quoted(name))),
            Part::silent(self.catalog.forget_columns(name)),
        ]
    }
}
