//! The ledger in BigQuery: an insert-only table, partitioned by day and clustered by rule. Entries are first
//! durable in a local outbox, and are sent in few batches.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use backon::{BackoffBuilder, ExponentialBuilder};
use gcp_bigquery_client::model::clustering::Clustering;
use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;
use gcp_bigquery_client::model::time_partitioning::TimePartitioning;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

use super::outbox::{Batch, Outbox};
use super::record::{self, COLUMNS, Cells, FORMAT_COLUMN, SQL_COLUMN, column_list, other_format};
use super::{Entry, Filter, Ledger, Lock, beginnings_first};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlValue, TableName};
use crate::interrupt::Interrupt;
use crate::statement::{Fingerprint, Params};
use crate::warehouse::bigquery::{BigQuery, Request};
use crate::warehouse::sqlite::Access;
use crate::warehouse::{Description, JobId, Returned, Warehouse};

/// The most attempts to send a batch as a new job, before it is left for the next run.
const ATTEMPTS: u32 = 5;

/// How many days of the ledger are read if the age of the entries is unknown: BigQuery charges for the bytes
/// read.
const REACH: [u32; 2] = [31, 366];

const WRITING: &[(&str, &str)] = &[("tool", "onerow"), ("step", "ledger")];
const READING: &[(&str, &str)] = &[("tool", "onerow"), ("step", "log")];

/// The ledger's table and its outbox.
pub(crate) struct BigQueryLedger {
    warehouse: Arc<BigQuery>,
    table: TableName,
    outbox: Option<Outbox>,
    clock: Clock,
    delivering: Mutex<()>,
    /// Set once the table is known to have this version's format, or not to exist.
    seen: OnceLock<()>,
}

impl BigQueryLedger {
    /// Opens the outbox `path`; read-only access creates nothing.
    pub fn open(
        warehouse: Arc<BigQuery>,
        path: &Path,
        access: Access,
        clock: Clock,
    ) -> Result<Self> {
        let table = warehouse.settings().ledger.clone();
        let outbox = Outbox::open(path, access, clock)?;
        let (delivering, seen) = (Mutex::new(()), OnceLock::new());
        Ok(Self { warehouse, table, outbox, clock, delivering, seen })
    }

    fn days_ago(&self, days: u32) -> Timestamp {
        let ago = SignedDuration::from_hours(24 * i64::from(days));
        self.clock.now().checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn outbox(&self) -> Result<&Outbox> {
        self.outbox.as_ref().ok_or_else(|| {
            Error::new(Kind::File, "the ledger's outbox was opened for reading, and there is none")
        })
    }

    /// Sends a batch until it has arrived. Every attempt has its own job id, recorded before it is sent; the
    /// state of earlier attempts is looked up first.
    fn send(&self, outbox: &Outbox, batch: &mut Batch) -> Result<()> {
        let entries = payload(&batch.entries);
        let digest = Fingerprint::of(&entries);
        let id = |attempt: u32| {
            JobId::from_ledger(format!("onerow_ledger_{}_{attempt}", &digest.as_str()[..32]))
        };
        if batch.attempt > 0 && self.warehouse.look_up(&id(batch.attempt))?.is_some() {
            return Ok(());
        }
        let sql = insert(&self.table);
        let params = Params::none().with("entries", SqlValue::String(entries));
        let last = batch.attempt + ATTEMPTS;
        let mut pauses = ExponentialBuilder::default().with_jitter().without_max_times().build();
        loop {
            outbox.attempt(batch)?;
            let request = Request { sql: &sql, params: &params, labels: WRITING };
            match self.warehouse.change(&id(batch.attempt), &request) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == Kind::NotFound && batch.attempt < last => {
                    self.create()?;
                }
                // Other processes write to the table too.
                Err(error) if error.kind() == Kind::Transient && batch.attempt < last => {
                    let pause = pauses.next().unwrap_or_default();
                    tracing::warn!("the ledger: {}; retrying", error.headline());
                    std::thread::sleep(pause);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The table, if it exists. Errors: its format is not supported.
    fn found(&self) -> Result<Option<Description>> {
        let found = match self.warehouse.describe(&self.table) {
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            answer => answer?,
        };
        if found.columns.iter().any(|(name, _)| name == FORMAT_COLUMN) {
            return Ok(Some(found));
        }
        let name = self.table.dotted();
        let help = "an onerow before the first release wrote it; rename or drop the table, and the \
                    next run creates a new one";
        Err(other_format("0", help).while_doing(format!("looking at the ledger {name}")))
    }

    fn create(&self) -> Result<()> {
        let field = |(name, sql_type, always): (&str, &str, bool)| TableFieldSchema {
            mode: always.then(|| "REQUIRED".to_owned()),
            ..TableFieldSchema::new(
                name,
                match sql_type {
                    "INT64" => FieldType::Integer,
                    "TIMESTAMP" => FieldType::Timestamp,
                    "DATE" => FieldType::Date,
                    _ => FieldType::String,
                },
            )
        };
        let schema = TableSchema::new(COLUMNS.map(field).to_vec());
        let project = self.warehouse.project_of(&self.table);
        let table = Table {
            description: Some("Every statement that onerow sent. Append-only.".to_owned()),
            time_partitioning: Some(TimePartitioning::per_day().field("logged_at")),
            clustering: Some(Clustering { fields: Some(vec!["rule".to_owned()]) }),
            ..Table::new(project, self.table.dataset(), self.table.table(), schema)
        };
        self.warehouse.create_table(&table).map_err(|error| {
            error.while_doing(format!("creating the ledger {}", self.table.dotted()))
        })
    }

    fn stored(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        let text = |text: Option<&str>| text.map_or(SqlValue::Null, |t| SqlValue::String(t.into()));
        let since = wanted.since.unwrap_or_else(|| self.days_ago(REACH[1]));
        let params = Params::none()
            .with("run", text(wanted.run))
            .with("rule", text(wanted.rule))
            .with("since", SqlValue::Timestamp(whole_second(since)));
        let sql = select(&self.table, wanted.with_sql);
        let request = Request { sql: &sql, params: &params, labels: READING };
        let id = JobId::from_ledger(format!("onerow_log_{:016x}", fastrand::u64(..)));
        let answer = match self.warehouse.query(&id, &request) {
            // The table, or one of its columns.
            Err(error) if error.kind() == Kind::NotFound => match self.found()? {
                None => return Ok(Vec::new()),
                Some(_) => return Err(error),
            },
            answer => answer?,
        };
        let Returned::Rows(rows) = answer.result else { return Ok(Vec::new()) };
        rows.rows.iter().map(|row| read(row)).collect()
    }
}

impl Ledger for BigQueryLedger {
    fn append(&self, entry: &Entry) -> Result<()> {
        self.outbox()?.append(entry)
    }

    fn reach(&self) -> Vec<Option<Timestamp>> {
        REACH.map(|days| Some(self.days_ago(days))).to_vec()
    }

    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        let mut entries = self.stored(wanted)?;
        let waiting = self.outbox.as_ref().map_or_else(|| Ok(Vec::new()), Outbox::undelivered)?;
        let is_new = |entry: &Entry| {
            wanted.run.is_none_or(|run| entry.run.as_str().starts_with(run))
                && wanted.rule.is_none_or(|rule| entry.rule.as_str() == rule)
                && wanted.since.is_none_or(|since| entry.at >= whole_second(since))
                && !entries.iter().any(|stored| {
                    stored.is_about_same(entry) && stored.outcome.as_str() == entry.outcome.as_str()
                })
        };
        let waiting: Vec<Entry> = waiting.into_iter().filter(is_new).collect();
        entries.extend(waiting);
        if !wanted.with_sql {
            entries.iter_mut().for_each(|entry| entry.sql.clear());
        }
        Ok(beginnings_first(entries))
    }

    fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock> {
        let outbox = self.outbox()?;
        if self.seen.get().is_none() {
            self.found()?;
            _ = self.seen.set(());
        }
        outbox.lock(table, interrupt)
    }

    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>> {
        self.outbox()?.in_doubt(rule)
    }

    fn examine(&self) -> Result<String> {
        let name = self.table.dotted();
        let found = self.found()?;
        let location = match &found {
            Some(description) => description.location.clone(),
            None => self.warehouse.dataset_location(&self.table)?,
        };
        if let Some(location) = location {
            self.warehouse.check_location(&self.table, &location)?;
        }
        if found.is_none() {
            return Ok(format!("the table {name}, which the first run creates"));
        }
        let params = Params::none().with("entries", SqlValue::String("[]".to_owned()));
        let sql = insert(&self.table);
        self.warehouse
            .dry_run(&Request { sql: &sql, params: &params, labels: WRITING })
            .map_err(|error| error.while_doing(format!("trying to write to {name}")))?;
        Ok(format!("the table {name}, which takes entries"))
    }

    fn deliver(&self) -> Result<()> {
        let outbox = self.outbox()?;
        let _alone = self.delivering.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = outbox.lock_delivery()?;
        while let Some(mut batch) = outbox.next()? {
            let count = batch.entries.len();
            self.send(outbox, &mut batch).map_err(|error| {
                error
                    .note("the entries are kept in the outbox, and the next run delivers them")
                    .while_doing(format!(
                        "writing {count} entries to the ledger {}",
                        self.table.dotted()
                    ))
            })?;
            outbox.delivered(&batch)?;
        }
        Ok(())
    }
}

/// The entries as a JSON array of objects whose values are strings.
fn payload(entries: &[Entry]) -> String {
    let object = |entry: &Entry| {
        let cells = COLUMNS.iter().zip(record::cells(entry));
        Json::Object(
            cells
                .filter_map(|((name, _, _), cell)| Some(((*name).to_owned(), Json::from(cell?))))
                .collect::<Map<_, _>>(),
        )
    };
    entries.iter().map(object).collect::<Json>().to_string()
}

fn insert(table: &TableName) -> String {
    let values = COLUMNS.map(|(name, sql_type, _)| match sql_type {
        "STRING" => format!("JSON_VALUE(entry, '$.{name}')"),
        other => format!("CAST(JSON_VALUE(entry, '$.{name}') AS {other})"),
    });
    format!(
        "INSERT INTO {table} ({})\nSELECT\n  {}\nFROM UNNEST(JSON_QUERY_ARRAY(@entries)) AS entry",
        column_list(),
        values.join(",\n  ")
    )
}

fn select(table: &TableName, with_sql: bool) -> String {
    let columns = COLUMNS.map(|(name, sql_type, _)| match sql_type {
        _ if name == SQL_COLUMN && !with_sql => format!("'' AS {name}"),
        "TIMESTAMP" => format!("FORMAT_TIMESTAMP('%FT%H:%M:%E6SZ', {name}, 'UTC') AS {name}"),
        "INT64" => format!("CAST({name} AS STRING) AS {name}"),
        _ => name.to_owned(),
    });
    format!(
        "SELECT\n  {}\nFROM {table} AS ledger\nWHERE (@run IS NULL OR STARTS_WITH(run_id, @run))\n  \
         AND (@rule IS NULL OR rule = @rule)\n  AND ledger.logged_at >= @since\nORDER BY ledger.logged_at, run_id, ledger.sequence, \
         IF(outcome = 'started', 0, 1)",
        columns.join(",\n  ")
    )
}

fn whole_second(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

fn read(row: &[SqlValue]) -> Result<Entry> {
    let mut cells = Cells::default();
    for (cell, value) in cells.iter_mut().zip(row) {
        *cell = match value {
            SqlValue::Null => None,
            other => Some(other.to_string()),
        };
    }
    record::entry(&cells)
}
