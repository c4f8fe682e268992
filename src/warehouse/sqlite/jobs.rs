//! The record of statements that changed rows, so that none is repeated.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::failure::failed;
use super::schema;
use crate::error::Result;
use crate::warehouse::JobId;

/// How many rows the job changed; `None` if it never changed anything.
pub(super) fn find(connection: &Connection, id: &JobId) -> Result<Option<u64>> {
    if !schema::has(connection, "_onerow_jobs")? {
        return Ok(None);
    }
    connection
        .query_row("SELECT affected FROM _onerow_jobs WHERE job = ?1", [id.as_str()], |row| {
            row.get::<_, i64>(0)
        })
        .optional()
        .map(|affected| affected.map(i64::unsigned_abs))
        .map_err(failed("look the job up"))
}

/// Remembers a job in the transaction that changed its rows.
pub(super) fn record(
    connection: &Connection,
    id: &JobId,
    affected: u64,
    at: Timestamp,
) -> Result<()> {
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS _onerow_jobs \
             (job TEXT PRIMARY KEY, affected INTEGER NOT NULL, at TEXT NOT NULL) STRICT",
        )
        .and_then(|()| {
            connection.execute(
                "INSERT INTO _onerow_jobs VALUES (?1, ?2, ?3)",
                rusqlite::params![id.as_str(), affected as i64, at.to_string()],
            )
        })
        .map(|_| ())
        .map_err(failed("record the job"))
}
