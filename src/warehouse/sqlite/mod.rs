//! The embedded warehouse: GoogleSQL with BigQuery's semantics on one SQLite file. An unsupported construct
//! is an error that names it, never a wrong answer.

mod buffer;
mod catalog;
mod changes;
mod failure;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod jobs;
mod kept;
mod load;
mod loads;
mod open;
mod removals;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use googlesql_sqlite::{Lowered, functions, lower, storage};
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use sqlparser::ast;

use self::catalog::{Restored, Tables};
use super::{
    Answer, Buffer, Column, Concurrency, Description, Details, Estimate, Job, JobId, Returned,
    Rows, TableState, Warehouse,
};
use crate::check::{self, Checked};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Params, SqlType, SqlValue, TableName, is_pseudo_column};
use crate::partitions::PartitionState;
use crate::removals::RemovalLog;
use crate::rule::{Rule, RuleName};
use crate::window::Window;

pub(crate) use self::failure::failed;
pub use self::load::Files;
pub use self::loads::Before;
pub use self::open::Access;
pub(crate) use self::schema::has as has_table;

/// Whether loaded rows are at first in the simulated streaming buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// Rows can be changed immediately, as after a load job.
    Settled,
    /// Rows refuse UPDATE and DELETE until the buffer drains, as after a streaming insert.
    Streamed,
}

/// An embedded warehouse, open.
#[derive(Debug)]
pub struct Sqlite {
    connection: Mutex<Connection>,
    path: Option<PathBuf>,
    clock: Clock,
    drain: SignedDuration,
    drained: Arc<AtomicI64>,
}

impl Sqlite {
    /// Opens the database file. `drain` is how long streamed rows stay in the streaming buffer.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a missing file unless it is to be created, [`Kind::Refused`] for a file that is
    /// not onerow's.
    pub fn open(path: &Path, access: Access, clock: Clock, drain: SignedDuration) -> Result<Self> {
        Self::with(open::file(path, access)?, Some(path.to_owned()), clock, drain)
    }

    /// Creates an in-memory database, which lives as long as this value.
    pub fn in_memory(clock: Clock, drain: SignedDuration) -> Result<Self> {
        Self::with(open::memory()?, None, clock, drain)
    }

    fn with(
        connection: Connection,
        path: Option<PathBuf>,
        clock: Clock,
        drain: SignedDuration,
    ) -> Result<Self> {
        let drained = Arc::new(AtomicI64::new(i64::MIN));
        functions::register(&connection).map_err(failed("prepare the embedded warehouse"))?;
        buffer::register(&connection, Arc::clone(&drained))
            .map_err(failed("prepare the embedded warehouse"))?;
        Ok(Self { connection: Mutex::new(connection), path, clock, drain, drained })
    }

    /// The database file; `None` if in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn connection(&self) -> Result<MutexGuard<'_, Connection>> {
        self.connection.lock().map_err(|_| {
            Error::new(Kind::Internal, "another thread failed while it used the database")
        })
    }

    /// Sets the time of one statement. Rows streamed up to `now − drain` have left the buffer.
    fn begin(&self) -> Timestamp {
        let now = self.clock.now();
        let drained =
            now.as_microsecond().saturating_sub(i64::try_from(self.drain.as_micros()).unwrap_or(0));
        self.drained.store(drained, Ordering::SeqCst);
        now
    }

    fn execute(
        &self,
        id: &JobId,
        rule: &RuleName,
        text: &Text<'_>,
        params: &Params,
    ) -> Result<Answer> {
        let connection = self.connection()?;
        let now = self.begin();
        if let ast::Statement::Query(_) = text.parsed {
            let lowered = text.lower(&connection, params, now)?;
            return query(&connection, &lowered).map(|rows| Returned::Rows(rows).into());
        }
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)
            .map_err(failed("start a transaction"))?;
        if let Some(affected) = jobs::find(&transaction, id)? {
            return Ok(Returned::Affected(Some(affected)).into());
        }
        let affected = match &text.parsed {
            // There is no time travel: rows are read from the removal log when they are restored.
            ast::Statement::CreateTable(table)
                if removals::is_before_image(&check::dotted(&table.name)) =>
            {
                removals::check_kept(&transaction, params)?;
                0
            }
            _ => {
                let affected = change(&transaction, &text.lower(&transaction, params, now)?)?;
                if let (Some(table), Some(window), true) =
                    (text.target(), text.window, affected > 0)
                {
                    changes::note(&transaction, &table, rule, window)?;
                }
                affected
            }
        };
        jobs::record(&transaction, id, affected, now)?;
        transaction.commit().map_err(failed("commit the statement"))?;
        Ok(Returned::Affected(Some(affected)).into())
    }

    fn prepare(&self, text: &Text<'_>, params: &Params) -> Result<Estimate> {
        let connection = self.connection()?;
        let lowered = text.lower(&connection, params, self.begin())?;
        let log = RemovalLog::embedded().table.dotted();
        let lacks_log = text.sql.contains(&log) && !schema::has(&connection, &log)?;
        // Later parts depend on earlier ones, and the removal log may not exist yet.
        if let (Some(part), false) = (lowered.parts.first(), lacks_log) {
            connection.prepare(&part.sql).map_err(failed("prepare the statement"))?;
        }
        Ok(Estimate::of(None, 0))
    }
}

impl Warehouse for Sqlite {
    fn submit(&self, job: &Job<'_>, statement: &Checked, params: &Params) -> Result<Answer> {
        let answer =
            self.execute(job.id, job.rule, &Text::of(statement)?, &statement.typed(params))?;
        Ok(match statement.defines() {
            true => Answer { result: Returned::Nothing, ..answer },
            false => answer,
        })
    }

    fn look_up(&self, id: &JobId) -> Result<Option<Answer>> {
        let affected = jobs::settle(&*self.connection()?, id, self.clock.now())?;
        Ok(affected.map(|affected| Returned::Affected(Some(affected)).into()))
    }

    fn buffer(&self, table: &TableName) -> Result<Buffer> {
        let connection = self.connection()?;
        self.begin();
        let oldest = buffer::oldest(&connection, table, self.drained.load(Ordering::SeqCst))?;
        Ok(oldest.map_or(Buffer::Empty, |oldest| Buffer::Since(Some(oldest))))
    }

    fn table_state(&self, table: &TableName) -> Result<TableState> {
        let (rows, modified) = {
            let connection = self.connection()?;
            (schema::rows(&connection, &table.dotted())?, changes::last(&connection, table)?)
        };
        Ok(TableState { rows: Some(rows), modified, buffer: self.buffer(table)? })
    }

    fn partitions(&self, rule: &Rule, table: &TableName) -> Result<Vec<PartitionState>> {
        self.states_of(rule, table)
    }

    fn tells_partitions_freely(&self) -> bool {
        true
    }

    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate> {
        self.prepare(&Text::of(statement)?, &statement.typed(params))
    }

    fn describe(&self, table: &TableName) -> Result<Description> {
        let described = schema::table(&*self.connection()?, &table.dotted())?;
        Ok(Description {
            columns: described.columns.into_iter().map(|(name, t)| (name, Some(t))).collect(),
            partition: None,
            requires_partition_filter: None,
            location: None,
            protected: Vec::new(),
            buffer: self.buffer(table)?,
            details: Details::default(),
        })
    }

    fn columns(&self, table: &TableName) -> Result<Vec<Column>> {
        let described = schema::table(&*self.connection()?, &table.dotted())?;
        let stored = described.columns.into_iter().filter(|(name, _)| !is_pseudo_column(name));
        Ok(stored.map(column).collect())
    }

    /// There is no time travel: the rows are those in the removal log.
    fn columns_then(&self, image: &Checked, params: &Params) -> Result<Vec<Column>> {
        let (connection, text) = (self.connection()?, Text::of(image)?);
        removals::check_kept(&connection, params)?;
        let table = kept::table_of(&text.parsed)?;
        let kept = kept::columns(&connection, &table, params)?;
        Ok(kept.into_iter().map(column).collect())
    }

    fn prepare_removals(&self, _log: &RemovalLog) -> Result<()> {
        removals::ensure(&*self.connection()?)
    }

    fn has_removals(&self, log: &RemovalLog) -> Result<bool> {
        schema::has(&*self.connection()?, &log.table.dotted())
    }

    /// One connection runs one statement at a time.
    fn concurrency(&self) -> Concurrency {
        Concurrency { mutations: 1, reads: 1 }
    }
}

fn column((name, sql_type): (String, SqlType)) -> Column {
    Column { name, sql_type: sql_type.to_string() }
}

/// A statement to lower.
struct Text<'a> {
    sql: &'a str,
    parsed: ast::Statement,
    /// Its dates, if known.
    window: Option<&'a Window>,
}

impl<'a> Text<'a> {
    fn of(statement: &'a Checked) -> Result<Self> {
        let statement_of = statement.statement();
        let window = Some(&statement_of.window);
        Ok(Self { sql: &statement_of.sql, parsed: parsed(statement)?, window })
    }

    fn lower(&self, connection: &Connection, params: &Params, now: Timestamp) -> Result<Lowered> {
        let restores = matches!(self.parsed, ast::Statement::Insert(_) | ast::Statement::Merge(_));
        let restored = self.target().filter(|_| restores);
        let day = self.window.and_then(Window::only);
        let restored = restored.map(|table| Restored { table, day });
        let tables = Tables { connection, params, restored, hidden: &[] };
        Ok(lower(&tables, self.sql, &self.parsed, params, now)?)
    }

    /// Lowers a query that also reads these hidden columns of a table.
    fn lower_with(
        &self,
        connection: &Connection,
        hidden: &[(&str, SqlType)],
        now: Timestamp,
    ) -> Result<Lowered> {
        let params = Params::none();
        let tables = Tables { connection, params: &params, restored: None, hidden };
        Ok(lower(&tables, self.sql, &self.parsed, &params, now)?)
    }

    /// The table that it changes.
    fn target(&self) -> Option<String> {
        let of = |relation: &ast::TableFactor| match relation {
            ast::TableFactor::Table { name, .. } => Some(check::dotted(name)),
            _ => None,
        };
        match &self.parsed {
            ast::Statement::Insert(insert) => match &insert.table {
                ast::TableObject::TableName(name) => Some(check::dotted(name)),
                _ => None,
            },
            ast::Statement::Merge(merge) => of(&merge.table),
            ast::Statement::Update(update) => of(&update.table.relation),
            ast::Statement::Delete(delete) => match &delete.from {
                ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from) => {
                    of(&from.first()?.relation)
                }
            },
            _ => None,
        }
    }
}

fn parsed(statement: &Checked) -> Result<ast::Statement> {
    statement.parsed().ok_or_else(|| {
        Error::new(
            Kind::Unsupported,
            "the embedded warehouse cannot run a query that the parser cannot read",
        )
        .help("use a warehouse of type bigquery for it")
    })
}

fn change(connection: &Connection, lowered: &Lowered) -> Result<u64> {
    let run = failed("run the statement");
    let mut affected = 0;
    for part in &lowered.parts {
        let mut prepared = connection.prepare(&part.sql).map_err(&run)?;
        let binds = rusqlite::params_from_iter(bound(&prepared, lowered));
        if part.counts {
            affected += prepared.execute(binds).map_err(&run)? as u64;
        } else {
            let mut rows = prepared.query(binds).map_err(&run)?;
            while rows.next().map_err(&run)?.is_some() {}
        }
    }
    Ok(affected)
}

/// The values that the statement uses. A literal that was coerced during lowering may have left an unused
/// value.
fn bound<'a>(prepared: &rusqlite::Statement<'_>, lowered: &'a Lowered) -> &'a [Value] {
    let count = prepared.parameter_count().min(lowered.binds.len());
    &lowered.binds[..count]
}

fn query(connection: &Connection, lowered: &Lowered) -> Result<Rows> {
    let run = failed("run the query");
    let sql = lowered.parts.first().map_or("", |part| part.sql.as_str());
    let mut prepared = connection.prepare(sql).map_err(&run)?;
    let binds = bound(&prepared, lowered);
    let mut rows = prepared.query(rusqlite::params_from_iter(binds)).map_err(&run)?;
    let mut answer = Rows {
        columns: lowered.columns.iter().map(|(name, _)| name.clone()).collect(),
        rows: Vec::new(),
    };
    while let Some(row) = rows.next().map_err(&run)? {
        answer.rows.push(decode(row, &lowered.columns)?);
    }
    Ok(answer)
}

fn decode(row: &rusqlite::Row<'_>, columns: &[(String, Option<SqlType>)]) -> Result<Vec<SqlValue>> {
    columns
        .iter()
        .enumerate()
        .map(|(i, (_, sql_type))| {
            let kept = row.get_ref(i).map_err(failed("read a row"))?;
            storage::decode(kept, *sql_type).map_err(Error::from)
        })
        .collect()
}

#[cfg(test)]
mod tests;
