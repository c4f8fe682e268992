//! CREATE VIEW, DROP VIEW and DROP TABLE.

use sqlparser::ast::{CreateView, ObjectName};

use super::{Binder, none_of, refused, unsupported};
use crate::Relation;
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::tree::Change;

impl Binder<'_> {
    /// Binds `CREATE [OR REPLACE] VIEW name AS query`.
    pub(super) fn create_view(&self, view: &CreateView) -> Result<Change> {
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
        if self.outside.get() {
            return Err(unsupported("parameters and floating-point numbers in a view"));
        }
        let own = self.alias();
        let names = relation.result_names()?;
        let types = relation.columns.iter().map(|column| match &column.nested {
            Some(nested) => nested.to_string(),
            None => column.sql_type.unwrap_or(SqlType::Int64).to_string(),
        });
        let columns = names.into_iter().zip(types).collect();
        Ok(Change::CreateView { name, columns, rows: relation.rows, own })
    }

    /// Binds `DROP VIEW name`.
    pub(super) fn drop_view(&self, names: &[ObjectName], if_exists: bool) -> Result<Change> {
        let [name] = names else { return Err(unsupported("DROP of several views")) };
        let name = self.dotted(name)?;
        match self.catalog.relation(&name)? {
            Some(Relation::View) => Ok(Change::DropView { name }),
            _ if if_exists => Ok(Change::Nothing),
            _ => Err(refused(format!("there is no view `{name}`"))),
        }
    }

    /// Binds `DROP TABLE name`.
    pub(super) fn drop_table(&self, names: &[ObjectName]) -> Result<Change> {
        let [name] = names else { return Err(unsupported("DROP of several tables")) };
        let name = self.dotted(name)?;
        if self.catalog.relation(&name)? != Some(Relation::Table) {
            return Err(refused(format!("there is no table `{name}`")));
        }
        Ok(Change::DropTable { name })
    }
}
