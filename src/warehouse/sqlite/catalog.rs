//! The tables of the database, as a catalog for the lowering.

use googlesql_sqlite::error::{Error as TheirError, Result as TheirResult};
use googlesql_sqlite::storage::quoted;
use googlesql_sqlite::{Catalog, Relation, Table};
use rusqlite::Connection;

use super::{kept, removals, schema};
use crate::error::Result;
use crate::googlesql::{Params, SqlType};
use crate::window::Day;

/// The tables of one database, for one statement.
pub(super) struct Tables<'a> {
    pub connection: &'a Connection,
    pub params: &'a Params,
    /// The table into which the statement restores rows from before a run, if it does.
    pub restored: Option<Restored>,
    /// Hidden columns that the statement also reads.
    pub hidden: &'a [(&'a str, SqlType)],
}

/// A table into which rows from before a run are restored, limited to one date if the statement is.
pub(super) struct Restored {
    pub table: String,
    pub day: Option<Day>,
}

impl Catalog for Tables<'_> {
    fn table(&self, dotted: &str) -> TheirResult<Table> {
        let restored = self.restored.as_ref().filter(|_| removals::is_before_image(dotted));
        let found = match restored {
            Some(restored) => self.kept(restored),
            None => schema::table(self.connection, dotted).map(|table| Table {
                columns: table.columns.into_iter().chain(self.hidden()).collect(),
                nested: table.nested,
                rows: None,
            }),
        };
        found.map_err(TheirError::foreign)
    }

    fn relation(&self, dotted: &str) -> TheirResult<Option<Relation>> {
        self.find(dotted).map_err(TheirError::foreign)
    }

    fn note_column(&self, view: &str, position: usize, column: &str, of: &str) -> String {
        format!(
            "INSERT INTO _onerow_columns VALUES ({}, {position}, {}, {})",
            text(view),
            text(column),
            text(of)
        )
    }

    fn forget_columns(&self, dotted: &str) -> String {
        format!("DELETE FROM _onerow_columns WHERE tbl = {}", text(dotted))
    }
}

impl Tables<'_> {
    fn hidden(&self) -> impl Iterator<Item = (String, SqlType)> {
        self.hidden.iter().map(|(name, sql_type)| ((*name).to_owned(), *sql_type))
    }

    fn find(&self, dotted: &str) -> Result<Option<Relation>> {
        if schema::find(self.connection, dotted)?.is_none() {
            return Ok(None);
        }
        Ok(Some(match schema::is_view(self.connection, dotted)? {
            true => Relation::View,
            false => Relation::Table,
        }))
    }

    /// The rows of a table that the removal log has of the undone statement.
    fn kept(&self, Restored { table: dotted, day }: &Restored) -> Result<Table> {
        let columns = kept::columns(self.connection, dotted, self.params)?;
        let nested = schema::table(self.connection, dotted)?.nested;
        let record = kept::record(self.params)?;
        let items = columns.iter().map(|(column, sql_type)| {
            format!("onerow_from_json(kept, {}, '{sql_type}') AS {}", text(column), quoted(column))
        });
        let items: Vec<String> = items.collect();
        let rows = format!(
            "SELECT {} FROM ({})",
            items.join(", "),
            kept::rows(&text(&record), &text(dotted), *day)
        );
        Ok(Table { columns, nested, rows: Some(rows) })
    }
}

/// A text in SQLite's quotes.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
