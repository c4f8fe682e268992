//! The record of statements that changed rows, so that no statement is repeated.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::failure::failed;
use super::schema;
use crate::error::Result;
use crate::warehouse::{JobId, tombstoned};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS _onerow_jobs \
     (job TEXT PRIMARY KEY, affected INTEGER NOT NULL, at TEXT NOT NULL) STRICT";

/// The recorded value of a job that was given up before it changed anything.
const TOMBSTONED: i64 = -1;

/// The number of rows that the job changed; `None` if it never changed anything. Errors: the job was given
/// up.
pub(super) fn find(connection: &Connection, id: &JobId) -> Result<Option<u64>> {
    match recorded(connection, id)? {
        Some(TOMBSTONED) => Err(tombstoned()),
        affected => Ok(affected.map(i64::unsigned_abs)),
    }
}

fn recorded(connection: &Connection, id: &JobId) -> Result<Option<i64>> {
    if !schema::has(connection, "_onerow_jobs")? {
        return Ok(None);
    }
    let sql = "SELECT affected FROM _onerow_jobs WHERE job = ?1";
    let affected = connection.query_row(sql, [id.as_str()], |row| row.get(0)).optional();
    affected.map_err(failed("look the job up"))
}

/// The same for a job whose process has exited. A job that never changed anything is given up, so that it
/// never will: its process may still be running if its lock was removed.
pub(super) fn settle(connection: &Connection, id: &JobId, at: Timestamp) -> Result<Option<u64>> {
    let looked_up = failed("look the job up");
    if connection.query_row("PRAGMA query_only", [], |row| row.get(0)).map_err(&looked_up)? {
        return Ok(known(recorded(connection, id)?));
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        .map_err(&looked_up)?;
    let affected = recorded(&transaction, id)?;
    if affected.is_none() {
        insert(&transaction, id, TOMBSTONED, at)?;
    }
    transaction.commit().map_err(looked_up)?;
    Ok(known(affected))
}

fn known(affected: Option<i64>) -> Option<u64> {
    affected.filter(|affected| *affected != TOMBSTONED).map(i64::unsigned_abs)
}

/// Records a job in the transaction that changed its rows.
pub(super) fn record(
    connection: &Connection,
    id: &JobId,
    affected: u64,
    at: Timestamp,
) -> Result<()> {
    insert(connection, id, affected as i64, at)
}

fn insert(connection: &Connection, id: &JobId, affected: i64, at: Timestamp) -> Result<()> {
    let row = rusqlite::params![id.as_str(), affected, at.to_string()];
    connection
        .execute_batch(CREATE)
        .and_then(|()| connection.execute("INSERT INTO _onerow_jobs VALUES (?1, ?2, ?3)", row))
        .map(|_| ())
        .map_err(failed("record the job"))
}
