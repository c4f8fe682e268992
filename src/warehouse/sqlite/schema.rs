//! Tables and the BigQuery types of their columns, stored in `_onerow_columns`.

use googlesql_sqlite::storage::{self, quoted};
use rusqlite::{Connection, OptionalExtension};

use super::failure::failed;
use super::{buffer, changes, removals};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Ident, Nested, SqlType};

/// The columns of one table, in order.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<(String, SqlType)>,
    /// The full types of ARRAY and STRUCT columns.
    pub nested: Vec<(String, Nested)>,
}

impl Table {
    /// The column of this name, ignoring case. The error suggests the nearest name.
    pub fn column(&self, name: &str) -> Result<&(String, SqlType)> {
        self.columns.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("table `{}` has no column `{name}`", self.name))
                .help(did_you_mean(name, self.columns.iter().map(|(known, _)| known.as_str())))
        })
    }
}

/// Whether the database has a table of exactly this name.
pub(crate) fn has(connection: &Connection, table: &str) -> Result<bool> {
    connection
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |_| Ok(()),
        )
        .optional()
        .map(|found| found.is_some())
        .map_err(failed("read the list of tables"))
}

/// Whether the database has a view of exactly this name.
pub(super) fn is_view(connection: &Connection, name: &str) -> Result<bool> {
    connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1", [name], |_| {
            Ok(())
        })
        .optional()
        .map(|found| found.is_some())
        .map_err(failed("read the list of views"))
}

/// The table, if it was ever loaded.
pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Table>> {
    if !has(connection, "_onerow_columns")? {
        return Ok(None);
    }
    let read = failed("read the columns of the table");
    let mut prepared = connection
        .prepare("SELECT name, type FROM _onerow_columns WHERE tbl = ?1 ORDER BY position")
        .map_err(&read)?;
    let found: Vec<(String, String)> = prepared
        .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(&read)?;
    if found.is_empty() {
        return Ok(None);
    }
    let (mut columns, mut nested) = (Vec::new(), Vec::new());
    for (column, of) in found {
        // A view over a column with unknown fields has only the bare type.
        match Nested::parse(&of) {
            Ok(of) if storage::is_opaque(of.sql_type()) => {
                columns.push((column.clone(), of.sql_type()));
                nested.push((column, of));
            }
            _ => columns.push((column, of.parse()?)),
        }
    }
    Ok(Some(Table { name: name.to_owned(), columns, nested }))
}

/// The table. The error suggests the nearest name.
pub(super) fn table(connection: &Connection, name: &str) -> Result<Table> {
    if let Some(found) = find(connection, name)? {
        return Ok(found);
    }
    if removals::is_named(name) {
        return Ok(removals::described());
    }
    let known = names(connection)?;
    let help = if known.is_empty() {
        "load data first, with `onerow load`".to_owned()
    } else {
        did_you_mean(name, known.iter().map(String::as_str))
    };
    Err(Error::new(Kind::NotFound, format!("the embedded warehouse has no table `{name}`"))
        .help(help))
}

/// The number of rows of the table.
pub(super) fn rows(connection: &Connection, name: &str) -> Result<u64> {
    let table = table(connection, name)?;
    let sql = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
    let rows = connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
    rows.map(i64::unsigned_abs).map_err(failed("count the rows of the table"))
}

fn names(connection: &Connection) -> Result<Vec<String>> {
    if !has(connection, "_onerow_columns")? {
        return Ok(Vec::new());
    }
    connection
        .prepare("SELECT DISTINCT tbl FROM _onerow_columns ORDER BY tbl")
        .and_then(|mut prepared| prepared.query_map([], |row| row.get(0))?.collect())
        .map_err(failed("read the list of tables"))
}

/// Creates the table with its hidden column and its triggers, and records its types.
pub(super) fn create(
    connection: &Connection,
    name: &str,
    columns: &[(Ident, SqlType)],
    nested: &[(Ident, Nested)],
) -> Result<()> {
    let mut definitions = Vec::new();
    for (i, (column, sql_type)) in columns.iter().enumerate() {
        if columns[..i].iter().any(|(earlier, _)| earlier.same_column(column.as_str())) {
            return Err(Error::new(
                Kind::DataFile,
                format!("column `{}` occurs twice", column.as_str()),
            ));
        }
        let class = storage::class(*sql_type).map_err(|error| {
            Error::from(error).while_doing(format!("creating column `{}`", column.as_str()))
        })?;
        let empty = if *sql_type == SqlType::Array { " DEFAULT '[]'" } else { "" };
        definitions.push(format!("{} {class}{empty}", quoted(column.as_str())));
    }
    definitions.push(format!("{} INTEGER", buffer::COLUMN));
    definitions.push(format!("{} INTEGER", changes::COLUMN));
    let failed = failed("create the table");
    connection
        .execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS _onerow_columns (tbl TEXT NOT NULL, position INTEGER NOT NULL, \
             name TEXT NOT NULL, type TEXT NOT NULL, PRIMARY KEY (tbl, position)) STRICT; \
             CREATE TABLE {} ({}) STRICT; {}",
            quoted(name),
            definitions.join(", "),
            buffer::triggers(name),
        ))
        .map_err(&failed)?;
    for (position, (column, sql_type)) in columns.iter().enumerate() {
        let whole = nested.iter().find(|(known, _)| known.same_column(column.as_str()));
        let of = whole.map_or_else(|| sql_type.to_string(), |(_, of)| of.to_string());
        connection
            .execute(
                "INSERT INTO _onerow_columns VALUES (?1, ?2, ?3, ?4)",
                rusqlite::params![name, position as i64, column.as_str(), of],
            )
            .map_err(&failed)?;
    }
    Ok(())
}
