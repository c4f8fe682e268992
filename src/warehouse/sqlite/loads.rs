//! The files that were loaded into each table, so that one that is loaded again is noticed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::failure::failed;
use super::{Sqlite, schema};
use crate::error::Result;
use crate::googlesql::TableName;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS _onerow_loads (tbl TEXT NOT NULL, sha256 TEXT NOT NULL, \
                      file TEXT NOT NULL, loaded_at INTEGER NOT NULL, PRIMARY KEY (tbl, sha256)) STRICT";

/// An earlier load of a file with the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The name that the file had.
    pub file: String,
    /// When it was loaded last.
    pub at: Timestamp,
}

/// Records that these files were loaded into the table.
pub(super) fn note(
    connection: &Connection,
    table: &str,
    files: &[(String, String)],
    now: Timestamp,
) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let write = failed("note which files were loaded");
    connection.execute_batch(CREATE).map_err(&write)?;
    for (file, sha256) in files {
        let row = rusqlite::params![table, sha256, file, now.as_microsecond()];
        let sql = "INSERT OR REPLACE INTO _onerow_loads VALUES (?1, ?2, ?3, ?4)";
        connection.execute(sql, row).map_err(&write)?;
    }
    Ok(())
}

/// Forgets what was loaded into the table.
pub(super) fn forget(connection: &Connection, table: &str) -> Result<()> {
    if schema::has(connection, "_onerow_loads")? {
        let sql = "DELETE FROM _onerow_loads WHERE tbl = ?1";
        connection.execute(sql, [table]).map_err(failed("note which files were loaded"))?;
    }
    Ok(())
}

impl Sqlite {
    /// Whether a file of this SHA-256, as hexadecimal digits, was loaded into the table before.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn loaded_before(&self, table: &TableName, sha256: &str) -> Result<Option<Before>> {
        let connection = self.connection()?;
        // Of a table that was dropped or emptied, nothing would be there twice.
        let has_rows = schema::find(&connection, &table.dotted())?.is_some()
            && schema::rows(&connection, &table.dotted())? > 0;
        if !has_rows || !schema::has(&connection, "_onerow_loads")? {
            return Ok(None);
        }
        let sql = "SELECT file, loaded_at FROM _onerow_loads WHERE tbl = ?1 AND sha256 = ?2";
        connection
            .query_row(sql, [&table.dotted(), sha256], |row| {
                let at = Timestamp::from_microsecond(row.get(1)?).unwrap_or(Timestamp::MIN);
                Ok(Before { file: row.get(0)?, at })
            })
            .optional()
            .map_err(failed("read which files were loaded"))
    }
}
