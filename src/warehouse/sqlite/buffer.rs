//! The simulated streaming buffer: streamed rows refuse UPDATE and DELETE until they settle.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use googlesql_sqlite::storage::{instant, quoted};
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::failure::failed;
use super::schema;
use crate::error::Result;
use crate::googlesql::TableName;

/// The hidden column with the time at which a row was streamed, in microseconds; NULL for settled rows.
pub(super) const COLUMN: &str = "_onerow_streamed_at";

/// Registers `onerow_drained()`, the instant up to which streamed rows have settled.
pub(super) fn register(connection: &Connection, drained: Arc<AtomicI64>) -> rusqlite::Result<()> {
    connection.create_scalar_function(
        "onerow_drained",
        0,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS,
        move |_| Ok(drained.load(Ordering::SeqCst)),
    )
}

/// The triggers and the index of a table. The message is BigQuery's.
pub(super) fn triggers(table: &str) -> String {
    let message = format!(
        "UPDATE or DELETE statement over table {table} would affect rows in the streaming buffer, \
         which is not supported"
    );
    let trigger = |event: &str| {
        format!(
            "CREATE TRIGGER {} BEFORE {event} ON {} \
             WHEN OLD.{COLUMN} IS NOT NULL AND OLD.{COLUMN} > onerow_drained() \
             BEGIN SELECT RAISE(ABORT, '{}'); END;",
            quoted(&format!("_onerow_buffer_{event}:{table}")),
            quoted(table),
            message.replace('\'', "''"),
        )
    };
    format!(
        "{} {} CREATE INDEX {} ON {} ({COLUMN}) WHERE {COLUMN} IS NOT NULL;",
        trigger("UPDATE"),
        trigger("DELETE"),
        quoted(&format!("_onerow_buffer:{table}")),
        quoted(table),
    )
}

/// When the oldest buffered row was streamed.
pub(super) fn oldest(
    connection: &Connection,
    table: &TableName,
    drained: i64,
) -> Result<Option<Timestamp>> {
    let table = schema::table(connection, &table.dotted())?;
    if schema::is_view(connection, &table.name)? {
        return Ok(None);
    }
    let oldest: Option<i64> = connection
        .query_row(
            &format!("SELECT MIN({COLUMN}) FROM {} WHERE {COLUMN} > ?1", quoted(&table.name)),
            [drained],
            |row| row.get(0),
        )
        .map_err(failed("read the streaming buffer"))?;
    Ok(oldest.map(instant).transpose()?)
}
