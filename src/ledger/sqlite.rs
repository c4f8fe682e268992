//! The ledger in the embedded database: one table, one row per entry.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Row};

use super::{Claim, Entry, Ledger};
use crate::error::{Error, Kind, Result};
use crate::statement::{Fingerprint, StepName};
use crate::warehouse::JobId;
use crate::warehouse::sqlite::{Sqlite, failed, has_table};

const CREATE: &str = "
CREATE TABLE IF NOT EXISTS _onerow_ledger (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL, sequence INTEGER NOT NULL, rule TEXT NOT NULL, dates TEXT NOT NULL,
  step TEXT NOT NULL, job TEXT NOT NULL, fingerprint TEXT NOT NULL, sql TEXT NOT NULL,
  parameters TEXT NOT NULL, state TEXT NOT NULL, affected INTEGER, at TEXT NOT NULL,
  error TEXT, version TEXT NOT NULL, who TEXT NOT NULL,
  UNIQUE (run, sequence, state)
) STRICT;
CREATE TRIGGER IF NOT EXISTS _onerow_ledger_update BEFORE UPDATE ON _onerow_ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS _onerow_ledger_delete BEFORE DELETE ON _onerow_ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;";

const COLUMNS: &str = "run, sequence, rule, dates, step, job, fingerprint, sql, parameters, state, \
                       affected, at, error, version, who";

/// How long [`Ledger::claim`] waits, and how often it tries meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

impl Ledger for Sqlite {
    fn append(&self, entry: &Entry) -> Result<()> {
        let connection = self.connection()?;
        let failed = failed("write to the ledger");
        if !has_table(&connection, "_onerow_ledger")? {
            connection.execute_batch(CREATE).map_err(&failed)?;
        }
        let marks: Vec<String> = (1..=15).map(|i| format!("?{i}")).collect();
        connection
            .execute(
                &format!("INSERT INTO _onerow_ledger ({COLUMNS}) VALUES ({})", marks.join(", ")),
                rusqlite::params![
                    entry.run,
                    entry.sequence,
                    entry.rule,
                    entry.dates,
                    entry.step.as_str(),
                    entry.job.as_str(),
                    entry.fingerprint.as_str(),
                    entry.sql,
                    entry.parameters.to_string(),
                    entry.state.to_string(),
                    entry.affected.map(|n| i64::try_from(n).unwrap_or(i64::MAX)),
                    entry.at.to_string(),
                    entry.error,
                    entry.version,
                    entry.who,
                ],
            )
            .map(|_| ())
            .map_err(failed)
    }

    fn entries(&self, run: Option<&str>, rule: Option<&str>) -> Result<Vec<Entry>> {
        read(
            &*self.connection()?,
            "(?1 IS NULL OR substr(run, 1, length(?1)) = ?1) AND (?2 IS NULL OR rule = ?2)",
            (run, rule),
        )
    }

    fn claim(&self) -> Result<Claim> {
        match self.path() {
            Some(database) => lock(database, PATIENCE),
            None => Ok(Claim::holding(None)),
        }
    }

    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>> {
        read(
            &*self.connection()?,
            "rule = ?1 AND state = 'started' AND NOT EXISTS (SELECT 1 FROM _onerow_ledger AS later \
             WHERE later.run = l.run AND later.sequence = l.sequence AND later.state != 'started')",
            (rule,),
        )
    }
}

fn read(
    connection: &Connection,
    condition: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Entry>> {
    if !has_table(connection, "_onerow_ledger")? {
        return Ok(Vec::new());
    }
    let failed = failed("read the ledger");
    let mut prepared = connection
        .prepare(&format!(
            "SELECT {COLUMNS} FROM _onerow_ledger AS l WHERE {condition} ORDER BY id"
        ))
        .map_err(&failed)?;
    let mut rows = prepared.query(params).map_err(&failed)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

fn entry(row: &Row<'_>) -> Result<Entry> {
    let damaged = |what: &str, value: &str| {
        Error::new(Kind::Warehouse, format!("the ledger holds the {what} `{value}`"))
            .help("it was written by another version of onerow; use that version")
    };
    let text = |i: usize| row.get::<_, String>(i).map_err(failed("read the ledger"));
    let optional = |i: usize| row.get::<_, Option<String>>(i).map_err(failed("read the ledger"));
    let (parameters, at) = (text(8)?, text(11)?);
    Ok(Entry {
        run: text(0)?,
        sequence: row.get(1).map_err(failed("read the ledger"))?,
        rule: text(2)?,
        dates: text(3)?,
        step: StepName::parse(&text(4)?)?,
        job: JobId::from_ledger(text(5)?),
        fingerprint: Fingerprint::from_ledger(text(6)?),
        sql: text(7)?,
        parameters: serde_json::from_str(&parameters)
            .map_err(|_| damaged("parameters", &parameters))?,
        state: text(9)?.parse()?,
        affected: row
            .get::<_, Option<i64>>(10)
            .map_err(failed("read the ledger"))?
            .map(i64::unsigned_abs),
        at: at.parse().map_err(|_| damaged("time", &at))?,
        error: optional(12)?,
        version: text(13)?,
        who: text(14)?,
    })
}

/// The lock is a file beside the database, never removed: removing it would let two processes
/// lock two different files of one name.
fn lock(database: &Path, patience: Duration) -> Result<Claim> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|cause| Error::io(format!("cannot open `{}`", name.display()), cause))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Claim::holding(Some(file))),
            Err(TryLockError::WouldBlock) if start.elapsed() < patience => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(
                    Kind::Locked,
                    format!("another onerow run is working on `{}`", database.display()),
                )
                .help("wait until it has finished, then run the command again"));
            }
            Err(TryLockError::Error(cause)) => {
                return Err(Error::io(format!("cannot lock `{}`", name.display()), cause));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::clock::Clock;
    use crate::ledger::State;
    use crate::warehouse::sqlite::Access;

    fn ledger() -> Sqlite {
        Sqlite::in_memory(Clock::System, SignedDuration::from_mins(90)).unwrap()
    }

    fn written(run: &str, sequence: u32, state: State) -> Entry {
        Entry {
            run: run.into(),
            sequence,
            rule: "predictions".into(),
            dates: "2026-01-28".into(),
            step: StepName::parse("deactivate").unwrap(),
            job: JobId::from_ledger(format!("onerow_{run}_{sequence}")),
            fingerprint: Fingerprint::of("SELECT 1"),
            sql: "SELECT 1".into(),
            parameters: serde_json::json!({"horizon": "2026-01-28 07:41:30+00"}),
            state,
            affected: (state == State::Done).then_some(776),
            at: "2026-01-30T21:04:05.123456Z".parse().unwrap(),
            error: (state == State::Failed).then(|| "refused".into()),
            version: "0.1.0".into(),
            who: "ana@host".into(),
        }
    }

    #[test]
    fn entries_are_read_back_as_written_and_in_order() {
        let ledger = ledger();
        let all = [
            written("r1", 1, State::Started),
            written("r1", 1, State::Done),
            written("r2", 1, State::Started),
            written("r2", 1, State::Failed),
        ];
        for entry in &all {
            ledger.append(entry).unwrap();
        }
        assert_eq!(ledger.entries(None, None).unwrap(), all);
        assert_eq!(ledger.entries(Some("r2"), None).unwrap(), all[2..]);
        assert_eq!(ledger.entries(Some("r"), Some("predictions")).unwrap(), all);
        assert_eq!(ledger.entries(Some("%"), None).unwrap(), []);
        assert_eq!(ledger.entries(None, Some("other")).unwrap(), []);
    }

    #[test]
    fn a_ledger_that_does_not_exist_is_empty_and_is_not_created() {
        let ledger = ledger();
        assert_eq!(ledger.entries(None, None).unwrap(), []);
        assert_eq!(ledger.in_doubt("predictions").unwrap(), []);
        assert!(!has_table(&ledger.connection().unwrap(), "_onerow_ledger").unwrap());
    }

    #[test]
    fn an_entry_without_an_outcome_is_in_doubt() {
        let ledger = ledger();
        ledger.append(&written("r1", 1, State::Started)).unwrap();
        ledger.append(&written("r1", 1, State::Done)).unwrap();
        ledger.append(&written("r1", 2, State::Started)).unwrap();
        ledger.append(&written("r2", 2, State::Started)).unwrap();
        ledger.append(&written("r2", 2, State::Failed)).unwrap();
        assert_eq!(ledger.in_doubt("predictions").unwrap(), [written("r1", 2, State::Started)]);
        assert_eq!(ledger.in_doubt("other").unwrap(), []);
    }

    #[test]
    fn the_ledger_is_append_only() {
        let ledger = ledger();
        ledger.append(&written("r1", 1, State::Started)).unwrap();
        assert!(ledger.append(&written("r1", 1, State::Started)).is_err());
        let connection = ledger.connection().unwrap();
        for sql in ["UPDATE _onerow_ledger SET rule = 'x'", "DELETE FROM _onerow_ledger"] {
            let error = connection.execute(sql, []).unwrap_err().to_string();
            assert!(error.contains("the ledger is append-only"), "{error}");
        }
    }

    #[test]
    fn one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.db");
        let drain = SignedDuration::from_mins(90);
        let ledger = Sqlite::open(&path, Access::Create, Clock::System, drain).unwrap();
        let claim = ledger.claim().unwrap();
        let error = lock(&path, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), Kind::Locked);
        assert!(error.to_string().contains("another onerow run is working on"), "{error}");
        drop(claim);
        drop(lock(&path, Duration::ZERO).unwrap());
    }
}
