//! BigQuery, or anything that speaks its REST API. Every statement is a query job whose id says
//! what it is, so that a lost answer is looked up and nothing is sent twice.

mod calls;
mod connect;
mod credentials;
mod failure;
mod request;
mod response;

use std::path::Path;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use gcp_bigquery_client::Client;
use gcp_bigquery_client::model::job::Job as JobResource;
use gcp_bigquery_client::model::table::Table;
use sqlparser::ast;
use tokio::runtime::Runtime;

use self::failure::Failure;
pub(crate) use self::request::Request;
use super::{Answer, Buffer, Description, Estimate, Job, JobId, Lanes, Returned, Rows, Warehouse};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;
use crate::rule::BigQuerySettings;
use crate::statement::Params;

/// The first pause before a job is looked at again, and the longest.
const POLL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long a job may take to notice that it was cancelled, or that its time is up.
const GRACE: Duration = Duration::from_secs(30);

/// A connection to BigQuery.
pub struct BigQuery {
    runtime: Runtime,
    client: Client,
    settings: BigQuerySettings,
    interrupt: Interrupt,
}

impl BigQuery {
    /// Makes ready to ask. Key files are found relative to `folder`. Nothing is sent yet. A
    /// request on `interrupt` cancels the job that is running. Errors: [`Kind::AccessDenied`]
    /// where the credentials cannot be read.
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
        let client = runtime.block_on(connect::client(settings, folder))?;
        Ok(Self { runtime, client, settings: settings.clone(), interrupt })
    }

    /// How it was set up.
    pub fn settings(&self) -> &BigQuerySettings {
        &self.settings
    }

    /// Runs a mutation as a job, once, whatever happens to the answers.
    pub(crate) fn change(&self, id: &JobId, request: &Request<'_>) -> Result<Answer> {
        let job = self.job(id, request)?;
        Ok(Answer {
            result: Returned::Affected(response::affected(&job)),
            usage: response::usage(&job),
        })
    }

    /// Runs a query as a job and fetches all of its rows.
    pub(crate) fn query(&self, id: &JobId, request: &Request<'_>) -> Result<Answer> {
        let job = self.job(id, request)?;
        let rows = self.rows(id).map_err(|error| error.during(format!("job {id}")))?;
        Ok(Answer { result: Returned::Rows(rows), usage: response::usage(&job) })
    }

    /// What the request would read. It needs the permissions that the statement needs.
    pub(crate) fn dry_run(&self, request: &Request<'_>) -> Result<Estimate> {
        let job = request::job(&self.settings, None, request);
        let planned = self.again(|| self.call_insert(&job));
        let planned = planned.map_err(|failure| self.gave_up(&failure))?;
        match planned.status.as_ref().and_then(|status| status.error_result.as_ref()) {
            None => Ok(Estimate { bytes: response::usage(&planned).bytes_processed }),
            Some(error) => Err(Failure::of_job(error).error()),
        }
    }

    /// Creates a table, unless there is one of that name.
    pub(crate) fn create_table(&self, table: &Table) -> Result<()> {
        match self.again(|| self.call_create(table)) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_duplicate() => Ok(()),
            Err(failure) => Err(self.gave_up(&failure)),
        }
    }

    /// The project of a table that is named without one.
    pub(crate) fn project_of<'a>(&'a self, table: &'a TableName) -> &'a str {
        table.project().unwrap_or(&self.settings.project)
    }

    /// Where the dataset is stored. Errors: [`Kind::NotFound`].
    pub(crate) fn dataset_location(&self, table: &TableName) -> Result<Option<String>> {
        let dataset = self.again(|| self.call_dataset(table));
        dataset.map(|dataset| dataset.location).map_err(|failure| self.gave_up(&failure))
    }

    fn job(&self, id: &JobId, request: &Request<'_>) -> Result<JobResource> {
        let job = self.insert(id, request).and_then(|job| self.finish(id, job));
        job.map_err(|error| error.during(format!("job {id}")))
    }

    /// Inserts the job, or finds it inserted: after a lost answer, a 409, a time-out or a dropped
    /// connection the job is looked up, and only if BigQuery knows nothing of it is the same id
    /// sent again, which BigQuery takes once.
    fn insert(&self, id: &JobId, request: &Request<'_>) -> Result<JobResource> {
        let job = request::job(&self.settings, Some(id), request);
        let inserted = self.again(|| match self.call_insert(&job) {
            Err(failure) if failure.is_duplicate() => self.call_get(id).map_err(Failure::lost),
            Err(failure) if failure.is_ambiguous() => self.call_get(id).or(Err(failure)),
            answer => answer,
        });
        inserted.map_err(|failure| self.gave_up(&failure))
    }

    /// Waits until the job has ended, and reads its end from the job itself: some servers answer
    /// 200 with an error inside.
    fn finish(&self, id: &JobId, mut job: JobResource) -> Result<JobResource> {
        let begun = Instant::now();
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(POLL.0)
            .with_max_delay(POLL.1)
            .with_factor(1.5)
            .without_max_times()
            .build();
        let mut cancelled: Option<Instant> = None;
        while !response::is_done(&job) {
            let late = begun.elapsed() > self.settings.timeout + GRACE;
            match cancelled {
                None if late || self.interrupt.requested() => {
                    self.cancel(id);
                    cancelled = Some(Instant::now());
                }
                Some(at) if at.elapsed() > GRACE => {
                    return Err(Error::new(
                        Kind::Unreachable,
                        "the job was cancelled, and has not ended yet",
                    ));
                }
                _ => {}
            }
            let pause = pauses.next().unwrap_or(POLL.1);
            match cancelled {
                None => _ = self.interrupt.sleep(pause),
                Some(_) => std::thread::sleep(pause),
            }
            job = self.get(id)?;
        }
        match job.status.as_ref().and_then(|status| status.error_result.as_ref()) {
            None => Ok(job),
            Some(error) => Err(self.ended(&Failure::of_job(error))),
        }
    }

    fn ended(&self, failure: &Failure) -> Error {
        match failure.is_stopped() && self.interrupt.requested() {
            true => Error::new(Kind::Interrupted, "interrupted: the job was cancelled"),
            false => failure.error(),
        }
    }

    /// Asks for an end. Whether it came is read from the job, so a refusal is only noted.
    fn cancel(&self, id: &JobId) {
        tracing::info!(job = %id, "cancelling");
        if let Err(failure) = self.again(|| self.call_cancel(id)) {
            tracing::warn!(job = %id, ?failure, "cannot cancel");
        }
    }

    /// A job that was sent, as it is now. Whatever the look at it fails with says nothing of what
    /// became of the job.
    fn get(&self, id: &JobId) -> Result<JobResource> {
        let job = self.again(|| self.call_get(id).map_err(Failure::lost));
        job.map_err(|failure| self.gave_up(&failure))
    }

    fn rows(&self, id: &JobId) -> Result<Rows> {
        let mut all = Rows::default();
        let mut token = None;
        loop {
            let page = self.again(|| self.call_results(id, token.clone()));
            let page = page.map_err(|failure| self.gave_up(&failure))?;
            let rows = response::rows(&page)?;
            all.columns = rows.columns;
            all.rows.extend(rows.rows);
            token = page.page_token;
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    /// Makes a call again while it fails in passing, with growing pauses, for `retry_for`.
    fn again<T>(&self, call: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
        let begun = Instant::now();
        let mut pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(POLL.0)
            .with_max_delay(Duration::from_secs(20))
            .without_max_times()
            .build();
        loop {
            let failure = match call() {
                Err(failure) if failure.may_pass() => failure,
                other => return other,
            };
            let left = self.settings.retry_for.saturating_sub(begun.elapsed());
            let pause = pauses.next().unwrap_or(left).min(left);
            tracing::info!(?failure, "trying again in {pause:?}");
            if left.is_zero() || self.interrupt.sleep(pause) {
                return Err(failure);
            }
        }
    }

    /// The error after the last try. What may have had its effect is not called a failure.
    fn gave_up(&self, failure: &Failure) -> Error {
        if failure.is_ambiguous() {
            return Error::new(Kind::Unreachable, failure.error().headline()).help(format!(
                "it was tried for {:?}; what became of the statement is looked up by the next run",
                self.settings.retry_for
            ));
        }
        match failure.kind() {
            Kind::Transient => Error::new(Kind::Warehouse, failure.error().headline())
                .help(format!("it was tried for {:?}; run again later", self.settings.retry_for)),
            _ => failure.error(),
        }
    }

    fn table(&self, table: &TableName) -> Result<Table> {
        let found = self.again(|| self.call_table(table));
        found.map_err(|failure| {
            self.gave_up(&failure).during(format!("reading the metadata of {}", table.dotted()))
        })
    }
}

impl Warehouse for BigQuery {
    fn submit(&self, job: &Job<'_>, statement: &Checked, params: &Params) -> Result<Answer> {
        let dates = statement.statement().window.to_string();
        let labels = labels(statement, &dates, job.rule.as_str(), job.run);
        let request = Request { sql: &statement.statement().sql, params, labels: &labels };
        match statement.parsed() {
            ast::Statement::Query(_) => self.query(job.id, &request),
            _ => self.change(job.id, &request),
        }
    }

    fn look_up(&self, id: &JobId) -> Result<Option<Answer>> {
        let job = match self.again(|| self.call_get(id)) {
            Err(failure) if failure.is_not_found() => return Ok(None),
            Err(failure) => return Err(self.gave_up(&failure).during(format!("job {id}"))),
            Ok(job) => self.finish(id, job),
        };
        match job {
            Ok(job) => Ok(Some(Answer {
                result: Returned::Affected(response::affected(&job)),
                usage: response::usage(&job),
            })),
            Err(error) if error.kind() == Kind::Unreachable => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn buffer(&self, table: &TableName) -> Result<Buffer> {
        self.table(table).map(|table| response::buffer(&table))
    }

    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate> {
        let dates = statement.statement().window.to_string();
        let labels = labels(statement, &dates, "", "dry-run");
        self.dry_run(&Request { sql: &statement.statement().sql, params, labels: &labels })
    }

    fn describe(&self, table: &TableName) -> Result<Description> {
        match self.table(table) {
            Ok(table) => Ok(response::description(&table)),
            // If the dataset is what is missing, that is the better error.
            Err(error) if error.kind() == Kind::NotFound => {
                self.dataset_location(table).and(Err(error))
            }
            Err(error) => Err(error),
        }
    }

    /// A job is found without its location only in the US and EU multi-regions.
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

    /// BigQuery runs two mutating statements of a table at a time and queues the rest.
    /// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#concurrent_mutating_jobs>
    fn lanes(&self) -> Lanes {
        Lanes { mutations: 2, reads: 8 }
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
