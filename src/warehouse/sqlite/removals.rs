//! The removal log of the embedded warehouse, an ordinary table for its statements. It is also the only
//! history: the rows from before a run are those that the log has.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::failure::failed;
use super::schema::{self, Table};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue};
use crate::removals::{COLUMNS, RemovalLog, check_columns};
use crate::statement::Params;

/// Whether this is the name of the removal log.
pub(super) fn is_named(table: &str) -> bool {
    table == RemovalLog::embedded().table.dotted()
}

/// Whether this is the name of a before image.
pub(super) fn is_before_image(table: &str) -> bool {
    table.starts_with(&RemovalLog::embedded().before_image.dotted())
}

/// The description of the removal log, even if it does not exist yet.
pub(super) fn described() -> Table {
    Table {
        name: RemovalLog::embedded().table.dotted(),
        columns: COLUMNS.map(|(name, sql_type)| (name.to_owned(), sql_type)).to_vec(),
        nested: Vec::new(),
    }
}

/// Creates the removal log if necessary.
pub(super) fn ensure(connection: &Connection) -> Result<()> {
    let name = RemovalLog::embedded().table.dotted();
    if schema::has(connection, &name)? {
        let found = schema::table(connection, &name)?.columns;
        let names = found.iter().map(|(name, _)| name.as_str());
        return check_columns(&RemovalLog::embedded().table, names);
    }
    let columns = COLUMNS
        .iter()
        .map(|(name, sql_type)| Ok((Ident::parse(name)?, *sql_type)))
        .collect::<Result<Vec<_>>>()?;
    let make = failed("create the removal log");
    let transaction =
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(&make)?;
    // Another process may have created it meanwhile.
    if schema::has(&transaction, &name)? {
        return Ok(());
    }
    schema::create(&transaction, &name, &columns, &[])?;
    transaction
        .execute_batch(
            "CREATE INDEX \"_onerow_removals_runs\" ON \"onerow.removals\" (run_id, date, row_id)",
        )
        .and_then(|()| transaction.commit())
        .map_err(make)
}

/// Checks that the log has every row of the undone statement in full.
pub(super) fn check_kept(connection: &Connection, params: &Params) -> Result<()> {
    let Some(SqlValue::String(record)) = params.get("undone_record") else { return Ok(()) };
    let sql =
        "SELECT COUNT(*) FROM \"onerow.removals\" WHERE record_id = ?1 AND removed_row IS NULL";
    let missing: i64 = connection
        .query_row(sql, [record], |row| row.get(0))
        .map_err(failed("read the removal log"))?;
    match missing {
        0 => Ok(()),
        _ => Err(Error::new(
            Kind::UnknownRun,
            "the removal log has only the ids of the removed rows, not the rows themselves",
        )
        .help("the embedded warehouse has no time travel: set `keep_rows = true` in the rule, and later runs can be undone")),
    }
}
