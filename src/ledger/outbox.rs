//! The outbox: a file beside the project that holds every entry until it is in the warehouse's ledger, in
//! batches that never change once formed.

use std::path::Path;

use jiff::SignedDuration;
use rusqlite::Connection;

use super::lock::{PATIENCE, lock};
use super::sqlite::read;
use super::{Entry, Ledger, Lock, record};
use crate::clock::Clock;
use crate::error::{Kind, Result};
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;
use crate::warehouse::sqlite::{Access, Sqlite, failed, has_table};

/// The limits of a batch, well below what one statement may carry: 10 MB with its parameters.
/// Source: <https://cloud.google.com/bigquery/quotas#query_jobs>
const ENTRIES: usize = 1_000;
const BYTES: usize = 2_000_000;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS _onerow_batches (
  id INTEGER PRIMARY KEY, last_entry INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0
) STRICT";

/// Entries that are sent together.
pub(super) struct Batch {
    id: i64,
    /// The number of attempts to send it.
    pub attempt: u32,
    pub entries: Vec<Entry>,
}

/// The file beside the project.
pub(super) struct Outbox {
    file: Sqlite,
}

impl Outbox {
    /// Opens the file, creating it if necessary and access allows writing.
    pub fn open(path: &Path, access: Access, clock: Clock) -> Result<Option<Self>> {
        if access == Access::ReadOnly && !path.is_file() {
            return Ok(None);
        }
        let opened = Sqlite::open(path, access, clock, SignedDuration::ZERO);
        let file = opened.map_err(|error| match error.kind() {
            Kind::LedgerFormat => error.help(format!(
                "`{}` holds ledger entries that are not delivered yet: any run of the version that wrote it \
                 delivers them; removing the file loses them",
                path.display()
            )),
            _ => error,
        })?;
        Ok(Some(Self { file }))
    }

    pub fn append(&self, entry: &Entry) -> Result<()> {
        self.file.append(entry)
    }

    pub fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock> {
        self.file.lock(table, interrupt)
    }

    pub fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>> {
        self.file.in_doubt(rule)
    }

    /// The lock for delivery: one process at a time, so that a batch is formed once.
    pub fn lock_delivery(&self) -> Result<Lock> {
        match self.file.path() {
            Some(path) => lock(path, "delivery", PATIENCE, &Interrupt::default()),
            None => Ok(Lock::holding(None)),
        }
    }

    /// Entries that have not been delivered, oldest first.
    pub fn undelivered(&self) -> Result<Vec<Entry>> {
        let connection = self.file.connection()?;
        let after = match has_table(&connection, "_onerow_batches")? {
            true => number(&connection, DELIVERED_UP_TO)?,
            false => 0,
        };
        let entries = read(&connection, "id > ?1", [after])?;
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    /// The oldest undelivered batch; a new one if none exists and entries are waiting.
    pub fn next(&self) -> Result<Option<Batch>> {
        let connection = self.file.connection()?;
        connection.execute_batch(CREATE).map_err(failed("write to the outbox"))?;
        let first = number(&connection, DELIVERED_UP_TO)?;
        let open = connection
            .prepare("SELECT id, last_entry, attempt FROM _onerow_batches WHERE NOT delivered ORDER BY id")
            .and_then(|mut prepared| {
                let rows = prepared.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                rows.collect::<rusqlite::Result<Vec<(i64, i64, u32)>>>()
            })
            .map_err(failed("read the outbox"))?;
        if let Some((id, last, attempt)) = open.first() {
            let entries = read(&connection, "id > ?1 AND id <= ?2", [first, *last])?;
            let entries = entries.into_iter().map(|(_, entry)| entry).collect();
            return Ok(Some(Batch { id: *id, attempt: *attempt, entries }));
        }
        cut(&connection, first)
    }

    /// Records that the batch is about to be sent again.
    pub fn attempt(&self, batch: &mut Batch) -> Result<()> {
        batch.attempt += 1;
        self.execute("UPDATE _onerow_batches SET attempt = ?2 WHERE id = ?1", batch)
    }

    /// Records that the batch has arrived.
    pub fn delivered(&self, batch: &Batch) -> Result<()> {
        self.execute("UPDATE _onerow_batches SET delivered = 1, attempt = ?2 WHERE id = ?1", batch)
    }

    fn execute(&self, sql: &str, batch: &Batch) -> Result<()> {
        let done = self.file.connection()?.execute(sql, (batch.id, batch.attempt));
        done.map(|_| ()).map_err(failed("write to the outbox"))
    }
}

/// Batches have no gaps and are delivered in order.
const DELIVERED_UP_TO: &str =
    "SELECT coalesce(max(last_entry), 0) FROM _onerow_batches WHERE delivered";

fn cut(connection: &Connection, after: i64) -> Result<Option<Batch>> {
    let (mut last, mut bytes) = (0, 0);
    let mut entries = Vec::new();
    for (id, entry) in read(connection, "id > ?1", [after])? {
        if entries.len() == ENTRIES || bytes > BYTES {
            break;
        }
        bytes += record::cells(&entry).iter().flatten().map(String::len).sum::<usize>();
        last = id;
        entries.push(entry);
    }
    if entries.is_empty() {
        return Ok(None);
    }
    connection
        .execute("INSERT INTO _onerow_batches (last_entry) VALUES (?1)", [last])
        .map_err(failed("write to the outbox"))?;
    Ok(Some(Batch { id: connection.last_insert_rowid(), attempt: 0, entries }))
}

/// The approximate number of batches, and so of jobs, for both entries of each of these statements.
pub(crate) fn batches<'a>(statements: impl Iterator<Item = &'a str>) -> u64 {
    let (count, bytes) = statements
        .fold((0_usize, 0), |(count, bytes), sql| (count + 2, bytes + 2 * (sql.len() + 500)));
    count.div_ceil(ENTRIES).max(bytes.div_ceil(BYTES)) as u64
}

fn number(connection: &Connection, sql: &str) -> Result<i64> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(failed("read the outbox"))
}
