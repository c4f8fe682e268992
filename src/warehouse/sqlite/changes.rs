//! When rows of a date were last changed: the counterpart of BigQuery's `INFORMATION_SCHEMA.PARTITIONS`.
//! Loads record it with each row, statements by their dates. Writes of other programs are detected by the
//! number of rows.

use googlesql_sqlite::storage::quoted;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use sqlparser::parser::Parser;

use super::failure::failed;
use super::{Sqlite, Text, query, schema};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlType, SqlValue, TableName, parse, tokens};
use crate::partitions::{PartitionId, PartitionState, Stamp};
use crate::rule::{Rule, RuleName};
use crate::window::{Day, Window};

/// The hidden column with the change that loaded a row; NULL for a row that a statement inserted.
pub(super) const COLUMN: &str = "_onerow_loaded_by";

const CREATE: &str = "CREATE TABLE IF NOT EXISTS _onerow_changes (tbl TEXT NOT NULL, rule TEXT NOT NULL, \
                      date TEXT NOT NULL, changed INTEGER NOT NULL, PRIMARY KEY (tbl, rule, date)) STRICT";

/// The entry with the number of the last change.
const LAST: [&str; 3] = ["", "", ""];

/// Whether the table's rows record the change that loaded them.
pub(super) fn is_kept(connection: &Connection, table: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2";
    let found = connection.query_row(sql, [table, COLUMN], |_| Ok(())).optional();
    found.map(|found| found.is_some()).map_err(failed("read the columns of the table"))
}

/// The number of the next change, higher than all before.
pub(super) fn next(connection: &Connection) -> Result<i64> {
    let write = failed("note the change");
    connection.execute_batch(CREATE).map_err(&write)?;
    connection
        .query_row(
            "INSERT INTO _onerow_changes VALUES (?1, ?2, ?3, 1) \
             ON CONFLICT DO UPDATE SET changed = changed + 1 RETURNING changed",
            LAST,
            |row| row.get(0),
        )
        .map_err(write)
}

/// Records that a statement of a rule changed rows of these dates.
pub(super) fn note(
    connection: &Connection,
    table: &str,
    rule: &RuleName,
    window: &Window,
) -> Result<()> {
    let changed = next(connection)?;
    let write = failed("note the change");
    let mut prepared = connection
        .prepare(
            "INSERT INTO _onerow_changes VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET changed = excluded.changed",
        )
        .map_err(&write)?;
    for day in window.days() {
        let row = rusqlite::params![table, rule.as_str(), day.to_string(), changed];
        prepared.execute(row).map_err(&write)?;
    }
    Ok(())
}

/// When any row of a table was last changed; `None` if that is not recorded.
pub(super) fn last(connection: &Connection, name: &TableName) -> Result<Option<Timestamp>> {
    let table = schema::table(connection, &name.dotted())?.name;
    if !is_kept(connection, &table)? {
        return Ok(None);
    }
    let read = failed("read when the table was changed");
    let loaded = format!("SELECT MAX({COLUMN}) FROM {}", quoted(&table));
    let loaded: Option<i64> = connection.query_row(&loaded, [], |row| row.get(0)).map_err(&read)?;
    let noted: Option<i64> = match schema::has(connection, "_onerow_changes")? {
        true => {
            let sql = "SELECT MAX(changed) FROM _onerow_changes WHERE tbl = ?1";
            connection.query_row(sql, [&table], |row| row.get(0)).map_err(&read)?
        }
        false => None,
    };
    Ok(Some(timed(loaded.max(noted).unwrap_or(0))))
}

/// A change number as a time: changes are numbered, one microsecond each.
fn timed(changed: i64) -> Timestamp {
    Timestamp::from_microsecond(changed).unwrap_or(Timestamp::MIN)
}

impl Sqlite {
    /// The state of a rule's dates in a table. Reads the partition column of each row.
    pub(super) fn states_of(&self, rule: &Rule, name: &TableName) -> Result<Vec<PartitionState>> {
        let connection = self.connection()?;
        let table = schema::table(&connection, &name.dotted())?.name;
        if !is_kept(&connection, &table)? {
            let message = format!(
                "table `{table}` was made by an earlier version, and does not say when its rows came"
            );
            return Err(Error::new(Kind::Unsupported, message).help("load it into a new database"));
        }
        let sql = format!(
            "SELECT {} AS date, COUNT(*) AS total, MAX({COLUMN}) AS changed FROM {} GROUP BY date",
            rule.partition.period_date(),
            name
        );
        let parsed = tokens(&sql).and_then(|tokens| parse(tokens, Parser::parse_statement));
        let parsed = parsed.map_err(|error| Error::new(Kind::Refused, error.to_string()))?;
        let text = Text { sql: &sql, parsed, window: None };
        let lowered = text.lower_with(&connection, &[(COLUMN, SqlType::Int64)], self.begin())?;
        let rows = query(&connection, &lowered)?.rows;
        let mut states = Vec::new();
        for row in &rows {
            let [date, SqlValue::Int64(total), loaded] = row.as_slice() else { continue };
            let Some(day) = rule.partition.day_of(date) else { continue };
            let loaded = match loaded {
                SqlValue::Int64(loaded) => *loaded,
                _ => 0,
            };
            let changed = noted(&connection, &table, &rule.name, day)?.unwrap_or(0).max(loaded);
            let modified = timed(changed);
            let rows = u64::try_from(*total).ok();
            let stamp = Stamp { modified, rows, bytes: None };
            states.push(PartitionState { id: PartitionId::Day(day), stamp });
        }
        Ok(states)
    }
}

/// The number of the last statement that changed rows of this date: one of the rule, or any of another rule,
/// whose dates may be defined differently.
fn noted(connection: &Connection, table: &str, rule: &RuleName, day: Day) -> Result<Option<i64>> {
    if !schema::has(connection, "_onerow_changes")? {
        return Ok(None);
    }
    let sql =
        "SELECT MAX(changed) FROM _onerow_changes WHERE tbl = ?1 AND (rule <> ?2 OR date = ?3)";
    let of = rusqlite::params![table, rule.as_str(), day.to_string()];
    let changed = connection.query_row(sql, of, |row| row.get(0));
    changed.map_err(failed("read when the date was changed"))
}
