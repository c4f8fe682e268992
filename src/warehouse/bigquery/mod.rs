//! BigQuery, or a service with its REST API. Every statement is a query job with a derived id, so that a lost
//! response is looked up and nothing is sent twice.

mod calls;
mod connect;
mod credentials;
mod failure;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod jobs;
mod metadata;
mod partitions;
mod quoted;
mod removals;
mod request;
mod response;
mod rest;
mod retry;
mod token_failure;
mod tokens;
mod watch;
mod way_out;

use std::path::Path;
use std::time::Duration;

use gcp_bigquery_client::Client;
use gcp_bigquery_client::model::job::Job as JobResource;
use gcp_bigquery_client::model::table::Table;
use serde_json::Value as Json;
use sqlparser::ast::{self, CreateTable};
use tokio::runtime::Runtime;

use self::failure::Failure;
pub(crate) use self::request::Request;
use self::rest::Rest;
use self::retry::log;
use super::{
    Answer, Buffer, Column, Concurrency, Dataset, Description, Estimate, Job, JobId, Returned,
    TableState, Warehouse,
};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;
use crate::partitions::PartitionState;
use crate::removals::RemovalLog;
use crate::rule::{BigQuerySettings, Rule};
use crate::statement::Params;

/// The first and the longest pause between polls of a job.
const POLL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Reports in a sentence what a statement waits for.
type Tell<'a> = dyn Fn(&str) + 'a;

/// A connection to BigQuery.
pub struct BigQuery {
    runtime: Runtime,
    client: Client,
    rest: Rest,
    settings: BigQuerySettings,
    interrupt: Interrupt,
}

impl BigQuery {
    /// Creates the client; sends nothing. Key files are relative to `folder`. A request on `interrupt`
    /// cancels the running job.
    ///
    /// # Errors
    /// [`Kind::Credentials`] if the credentials cannot be read.
    pub fn connect(
        settings: &BigQuerySettings,
        folder: &Path,
        interrupt: Interrupt,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|cause| Error::io("cannot start the network's thread", cause))?;
        let (client, rest) = runtime.block_on(connect::client(settings, folder))?;
        Ok(Self { runtime, client, rest, settings: settings.clone(), interrupt })
    }

    /// The settings.
    pub fn settings(&self) -> &BigQuerySettings {
        &self.settings
    }

    /// The bytes that the request would read. Needs the same permissions as the statement. For UPDATE, DELETE
    /// and MERGE this includes the columns of its query, and all columns of the partitions that it may
    /// change.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand_query_size_calculation>
    pub(crate) fn dry_run(&self, request: &Request<'_>) -> Result<Option<u64>> {
        let (planned, _) = self.plan(request)?;
        Ok(response::usage(&planned).bytes_processed)
    }

    /// A dry run, with the columns of the statement's result.
    fn plan(&self, request: &Request<'_>) -> Result<(JobResource, Json)> {
        let job = request::job(&self.settings, None, request);
        let planned = self.again(|| self.call_dry_run(&job));
        let planned = planned.map_err(|failure| self.gave_up(&failure))?;
        match planned.0.status.as_ref().and_then(|status| status.error_result.as_ref()) {
            None => Ok(planned),
            Some(error) => Err(Failure::of_job(error).error()),
        }
    }

    /// Creates a table, if it does not exist.
    pub(crate) fn create_table(&self, table: &Table) -> Result<()> {
        match self.again(|| self.call_create(table)) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_duplicate() => Ok(()),
            Err(failure) => Err(self.gave_up(&failure)),
        }
    }

    /// The project of a table name, by default the billed one.
    pub(crate) fn project_of<'a>(&'a self, table: &'a TableName) -> &'a str {
        table.project().unwrap_or(&self.settings.project)
    }

    /// The location of the dataset. Errors: [`Kind::NotFound`].
    pub(crate) fn dataset_location(&self, table: &TableName) -> Result<Option<String>> {
        self.dataset_of(table).map(|dataset| dataset.location)
    }

    fn dataset_of(&self, table: &TableName) -> Result<Dataset> {
        let dataset = self.again(|| self.call_dataset(table));
        dataset.map(|dataset| metadata::dataset(&dataset)).map_err(|failure| {
            let what = format!("reading the metadata of dataset {}", table.dataset());
            self.gave_up(&failure).while_doing(what)
        })
    }

    /// The table's metadata.
    fn table(&self, table: &TableName) -> Result<Json> {
        let found = self.again(|| self.call_table(table));
        found.map_err(|failure| {
            self.gave_up(&failure)
                .while_doing(format!("reading the metadata of {}", table.dotted()))
        })
    }
}

impl Warehouse for BigQuery {
    fn submit(&self, job: &Job<'_>, statement: &Checked, params: &Params) -> Result<Answer> {
        self.submit_telling(job, statement, params, &log)
    }

    fn submit_telling(
        &self,
        job: &Job<'_>,
        statement: &Checked,
        params: &Params,
        tell: &dyn Fn(&str),
    ) -> Result<Answer> {
        let dates = statement.statement().window.to_string();
        let labels = labels(statement, &dates, job.rule.as_str(), job.run);
        let params = &statement.params(params);
        let request = Request { sql: &statement.statement().sql, params, labels: &labels };
        match statement.mutates() {
            false => self.query_telling(job.id, &request, tell),
            true => self.change_telling(job.id, &request, tell).map(|answer| {
                match statement.defines() {
                    true => Answer { result: Returned::Nothing, ..answer },
                    false => answer,
                }
            }),
        }
    }

    fn retry_for(&self) -> Duration {
        self.settings.retry_for
    }

    fn look_up(&self, id: &JobId) -> Result<Option<Answer>> {
        let job = self
            .found_or_given_up(id)
            .map_err(|error| error.while_doing(format!("looking up job {id}")))?;
        let Some(job) = job else { return Ok(None) };
        match self.finish(id, job, &log) {
            Ok(job) => {
                let affected = Returned::Affected(response::affected(&job));
                Ok(Some(response::answer(&job, affected)))
            }
            Err(error) if error.kind() == Kind::NoAnswer => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn buffer(&self, table: &TableName) -> Result<Buffer> {
        self.table(table).map(|table| metadata::buffer(&table))
    }

    fn table_state(&self, table: &TableName) -> Result<TableState> {
        self.table(table).map(|table| metadata::table_state(&table))
    }

    fn partitions(&self, _rule: &Rule, table: &TableName) -> Result<Vec<PartitionState>> {
        self.states_of(table)
    }

    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate> {
        let dates = statement.statement().window.to_string();
        let labels = labels(statement, &dates, "", "dry-run");
        let params = &statement.params(params);
        let sql = &statement.statement().sql;
        let log = self.settings.removal_log().table;
        let bytes = match self.dry_run(&Request { sql, params, labels: &labels }) {
            // `plan` creates nothing, and no run has created the log yet.
            Err(error) if removals::is_missing(&error, &log) => {
                match removals::without_log(statement, &log) {
                    Some(sql) => self.dry_run(&Request { sql: &sql, params, labels: &labels }),
                    None => Ok(Some(0)),
                }
            }
            bytes => bytes,
        };
        Ok(Estimate::of(bytes?, statement.tables().len()))
    }

    fn prepare_removals(&self, log: &RemovalLog) -> Result<()> {
        self.ensure_removals(&log.table)
    }

    fn describe(&self, table: &TableName) -> Result<Description> {
        match self.table(table) {
            Ok(table) => Ok(metadata::description(&table)),
            // If the dataset is missing, that is the better error.
            Err(error) if error.kind() == Kind::NotFound => {
                self.dataset_location(table).and(Err(error))
            }
            Err(error) => Err(error),
        }
    }

    fn columns(&self, table: &TableName) -> Result<Vec<Column>> {
        self.table(table).map(|table| metadata::columns(&table["schema"]))
    }

    fn dataset(&self, table: &TableName) -> Result<Option<Dataset>> {
        self.dataset_of(table).map(Some)
    }

    /// A dry run of the query returns its columns; FOR SYSTEM_TIME AS OF uses the table's schema at that
    /// time.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2>, `schema`
    fn columns_then(&self, image: &Checked, params: &Params) -> Result<Vec<Column>> {
        let Some(ast::Statement::CreateTable(CreateTable { query: Some(query), .. })) =
            image.parsed()
        else {
            return Err(Error::new(Kind::UnexpectedAnswer, "the statement sets no rows aside"));
        };
        let dates = image.statement().window.to_string();
        let labels = labels(image, &dates, "", "dry-run");
        let (sql, params) = (&query.to_string(), &image.params(params));
        let (_, schema) = self.plan(&Request { sql, params, labels: &labels })?;
        match schema.is_object() {
            true => Ok(metadata::columns(&schema)),
            false => Err(Error::new(
                Kind::UnexpectedAnswer,
                "the answer does not say which columns the query returns",
            )),
        }
    }

    /// Without its location, a job is found only in the US and EU multi-regions.
    /// Source: <https://cloud.google.com/bigquery/docs/locations#specify_locations>
    fn check_location(&self, table: &TableName, location: &str) -> Result<()> {
        let fits = match &self.settings.location {
            Some(ours) => ours.eq_ignore_ascii_case(location),
            None => ["US", "EU"].iter().any(|multi| multi.eq_ignore_ascii_case(location)),
        };
        if fits {
            return Ok(());
        }
        let ours = self.settings.location.as_deref();
        let message = format!(
            "{} is stored in {location}, and the warehouse's `location` is {}",
            table.dotted(),
            ours.map_or_else(|| "not set".to_owned(), |ours| format!("`{ours}`")),
        );
        Err(Error::new(Kind::NotFound, message)
            .help(format!("set `location = \"{location}\"` for the warehouse in the rule file")))
    }

    /// BigQuery runs two mutating DML statements on a table concurrently and queues the rest.
    /// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#concurrent_mutating_jobs>
    fn concurrency(&self) -> Concurrency {
        Concurrency { mutations: 2, reads: 8 }
    }
}

fn labels<'a>(
    statement: &'a Checked,
    dates: &'a str,
    rule: &'a str,
    run: &'a str,
) -> [(&'static str, &'a str); 5] {
    let step = statement.statement().step.as_str();
    [("tool", "onerow"), ("rule", rule), ("step", step), ("date", dates), ("run", run)]
}
