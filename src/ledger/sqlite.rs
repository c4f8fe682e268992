//! The ledger in the embedded database: one table, one row per entry.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::lock::{PATIENCE, lock, lock_name};
use super::record::{self, COLUMNS, Cells, column_list};
use super::{Entry, Filter, Ledger, Lock};
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;
use crate::warehouse::sqlite::{Sqlite, failed, has_table};

const APPEND_ONLY: &str = "
CREATE TRIGGER IF NOT EXISTS _onerow_ledger_update BEFORE UPDATE ON _onerow_ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS _onerow_ledger_delete BEFORE DELETE ON _onerow_ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;";

/// Whether the statement of an entry already has an outcome; its run and its sequence are the entry's second
/// and third cells.
const OUTCOME: &str = "SELECT 1 FROM _onerow_ledger \
     WHERE run_id = ?2 AND sequence = CAST(?3 AS INTEGER) AND outcome IN ('done', 'failed')";

impl Ledger for Sqlite {
    fn append(&self, entry: &Entry) -> Result<()> {
        let connection = self.connection()?;
        let failed = failed("write to the ledger");
        if !has_table(&connection, "_onerow_ledger")? {
            create(&connection).map_err(&failed)?;
        }
        let marks = vec!["?"; COLUMNS.len()].join(", ");
        let sql = format!(
            "INSERT INTO _onerow_ledger ({}) SELECT {marks} WHERE NOT EXISTS ({OUTCOME})",
            column_list()
        );
        let cells = rusqlite::params_from_iter(record::cells(entry));
        match connection.execute(&sql, cells).map_err(failed)? {
            0 => Err(taken_over(entry)),
            _ => Ok(()),
        }
    }

    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        // Instants are stored as `2026-01-30T21:04:05.123Z`: the prefix for a second sorts before all
        // instants in it.
        let since = wanted.since.map(|since| since.strftime("%FT%T").to_string());
        let condition = "(?1 IS NULL OR substr(run_id, 1, length(?1)) = ?1) \
             AND (?2 IS NULL OR rule = ?2) AND (?3 IS NULL OR logged_at >= ?3)";
        let found = read(&*self.connection()?, condition, (wanted.run, wanted.rule, since));
        let mut entries = found.map(without_places)?;
        if !wanted.with_sql {
            entries.iter_mut().for_each(|entry| entry.sql.clear());
        }
        Ok(entries)
    }

    fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock> {
        match self.path() {
            Some(database) => lock(database, &lock_name(table), PATIENCE, interrupt),
            None => Ok(Lock::holding(None)),
        }
    }

    fn examine(&self) -> Result<String> {
        let Some(path) = self.path() else { return Ok("in memory".to_owned()) };
        let cannot = |cause| Error::io(format!("cannot read `{}`", path.display()), cause);
        if std::fs::metadata(path).map_err(cannot)?.permissions().readonly() {
            return Err(Error::new(Kind::File, format!("`{}` cannot be written", path.display()))
                .help("allow writing to the file: the ledger is in it"));
        }
        Ok(format!("in `{}`", path.display()))
    }

    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>> {
        let condition = "rule = ?1 AND outcome IN ('started', 'unknown') AND NOT EXISTS (\
             SELECT 1 FROM _onerow_ledger AS later \
             WHERE later.run_id = l.run_id AND later.sequence = l.sequence AND later.id > l.id)";
        read(&*self.connection()?, condition, (rule,)).map(without_places)
    }
}

/// The error if another run already wrote the outcome, because it believed that this process had exited.
fn taken_over(entry: &Entry) -> Error {
    let message = format!(
        "the ledger has the outcome of {} already: another run took over this statement because it \
         believed this process had exited",
        entry.title()
    );
    Error::new(Kind::Locked, message).help(
        "the lock file was deleted while this run was in progress; leave it in place, and run the command again",
    )
}

/// Creates the table and its triggers atomically; another process may do so at the same time.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    let columns = COLUMNS.map(|(name, sql_type, always)| {
        let stored = if sql_type == "INT64" { "INTEGER" } else { "TEXT" };
        format!("{name} {stored}{}", if always { " NOT NULL" } else { "" })
    });
    let table = format!(
        "CREATE TABLE IF NOT EXISTS _onerow_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, {}, \
         UNIQUE (run_id, sequence, outcome)) STRICT; {APPEND_ONLY}",
        columns.join(", ")
    );
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute_batch(&table)?;
    transaction.commit()
}

/// The matching entries with their positions in the ledger, oldest first.
pub(super) fn read(
    connection: &Connection,
    condition: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<(i64, Entry)>> {
    if !has_table(connection, "_onerow_ledger")? {
        return Ok(Vec::new());
    }
    let failed = failed("read the ledger");
    let columns = COLUMNS.map(|(name, _, _)| format!("CAST({name} AS TEXT)")).join(", ");
    let mut prepared = connection
        .prepare(&format!(
            "SELECT {columns}, id FROM _onerow_ledger AS l WHERE {condition} ORDER BY id"
        ))
        .map_err(|cause| match cause {
            rusqlite::Error::SqlInputError { msg, .. } => altered(&msg),
            cause => failed(cause),
        })?;
    let mut rows = prepared.query(params).map_err(&failed)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let mut cells = Cells::default();
        for (i, cell) in cells.iter_mut().enumerate() {
            *cell = row.get(i).map_err(&failed)?;
        }
        entries.push((row.get(COLUMNS.len()).map_err(&failed)?, record::entry(&cells)?));
    }
    Ok(entries)
}

fn altered(what: &str) -> Error {
    Error::new(
        Kind::UnexpectedAnswer,
        format!("the ledger's table has an unexpected schema: {what}"),
    )
    .help("another program has changed it; restore it from a backup")
}

fn without_places(entries: Vec<(i64, Entry)>) -> Vec<Entry> {
    entries.into_iter().map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;
    use crate::clock::Clock;
    use crate::ledger::beginnings_first;
    use crate::ledger::fixed::{done, failed, started, unknown};
    use crate::warehouse::sqlite::Access;

    fn ledger() -> Sqlite {
        Sqlite::in_memory(Clock::System, SignedDuration::from_mins(90)).unwrap()
    }

    #[test]
    fn entries_are_read_back_as_written_and_in_order() {
        let ledger = ledger();
        let all = [started("r1", 1), done("r1", 1), started("r2", 1), failed("r2", 1)];
        for entry in &all {
            ledger.append(entry).unwrap();
        }
        assert_eq!(ledger.entries(&Filter::default().with_sql()).unwrap(), all);
        assert_eq!(ledger.entries(&Filter::run("r2").with_sql()).unwrap(), all[2..]);
        assert_eq!(
            ledger
                .entries(&Filter { run: Some("r"), ..Filter::rule("predictions") }.with_sql())
                .unwrap(),
            all
        );
        assert_eq!(ledger.entries(&Filter::run("%")).unwrap(), []);
        assert_eq!(ledger.entries(&Filter::rule("other")).unwrap(), []);
    }

    #[test]
    fn a_ledger_that_does_not_exist_is_empty_and_is_not_created() {
        let ledger = ledger();
        assert_eq!(ledger.entries(&Filter::default()).unwrap(), []);
        assert_eq!(ledger.in_doubt("predictions").unwrap(), []);
        assert!(!has_table(&ledger.connection().unwrap(), "_onerow_ledger").unwrap());
    }

    #[test]
    fn an_entry_without_an_outcome_is_in_doubt() {
        let ledger = ledger();
        ledger.append(&started("r1", 1)).unwrap();
        ledger.append(&done("r1", 1)).unwrap();
        ledger.append(&started("r1", 2)).unwrap();
        ledger.append(&started("r2", 2)).unwrap();
        ledger.append(&failed("r2", 2)).unwrap();
        ledger.append(&started("r3", 1)).unwrap();
        ledger.append(&unknown("r3", 1)).unwrap();
        ledger.append(&started("r4", 1)).unwrap();
        ledger.append(&unknown("r4", 1)).unwrap();
        ledger.append(&done("r4", 1)).unwrap();
        assert_eq!(ledger.in_doubt("predictions").unwrap(), [started("r1", 2), unknown("r3", 1)]);
        assert_eq!(ledger.in_doubt("other").unwrap(), []);
    }

    #[test]
    fn a_statement_has_one_outcome() {
        let ledger = ledger();
        ledger.append(&started("r1", 1)).unwrap();
        ledger.append(&failed("r1", 1)).unwrap();
        let error = ledger.append(&done("r1", 1)).unwrap_err();
        assert_eq!(error.kind(), Kind::Locked, "{error}");
        ledger.append(&started("r1", 2)).unwrap();
        assert_eq!(ledger.entries(&Filter::default()).unwrap().len(), 3);
    }

    #[test]
    fn a_beginning_comes_before_its_outcome_whatever_the_clock_says() {
        let by_time = vec![done("r1", 1), started("r2", 1), started("r1", 1)];
        let in_order = [started("r1", 1), started("r2", 1), done("r1", 1)];
        assert_eq!(beginnings_first(by_time), in_order);
    }

    #[test]
    fn the_ledger_is_append_only() {
        let ledger = ledger();
        ledger.append(&started("r1", 1)).unwrap();
        assert!(ledger.append(&started("r1", 1)).is_err());
        let connection = ledger.connection().unwrap();
        for sql in ["UPDATE _onerow_ledger SET rule = 'x'", "DELETE FROM _onerow_ledger"] {
            let error = connection.execute(sql, []).unwrap_err().to_string();
            assert!(error.contains("the ledger is append-only"), "{error}");
        }
    }

    #[test]
    fn one_run_at_a_time_on_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.db");
        let drain = SignedDuration::from_mins(90);
        let ledger = Sqlite::open(&path, Access::Create, Clock::System, drain).unwrap();
        let table = TableName::parse("nba.predictions").unwrap();
        let patient = Interrupt::default();
        let held = ledger.lock(&table, &patient).unwrap();
        let error = lock(&path, "nba.predictions", Duration::ZERO, &patient).unwrap_err();
        assert_eq!(error.kind(), Kind::Locked);
        assert!(error.to_string().contains("another onerow run is working on"), "{error}");
        drop(ledger.lock(&TableName::parse("nba.other").unwrap(), &patient).unwrap());
        let asked = Interrupt::default();
        asked.request();
        let stopped = ledger.lock(&table, &asked).unwrap_err();
        assert_eq!(stopped.kind(), Kind::Interrupted);
        drop(held);
        drop(lock(&path, "nba.predictions", Duration::ZERO, &patient).unwrap());
    }
}
