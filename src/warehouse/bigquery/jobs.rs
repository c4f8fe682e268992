//! The life of a job, from its insertion to its end, with lost responses handled.

use std::cell::Cell;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use gcp_bigquery_client::model::job::Job as JobResource;

use super::calls::At;
use super::failure::Failure;
use super::retry::log;
use super::watch::{Overdue, Watch};
use super::{BigQuery, POLL, Request, Tell, request, response};
use crate::error::{Error, Kind, Result};
use crate::statement::Params;
use crate::warehouse::{Answer, JobId, Returned, Rows, tombstoned};

/// How long a job may take to stop after it was cancelled.
const GRACE: Duration = Duration::from_secs(30);

/// The step label of a placeholder for a job that was never sent, and its statement. No step of a rule can
/// have this name.
const TOMBSTONED: &str = "_given-up";
const NOTHING: &str = "SELECT 'given up by a later run'";

impl BigQuery {
    /// Runs a mutation as a job exactly once, even if responses are lost.
    pub(crate) fn change(&self, id: &JobId, request: &Request<'_>) -> Result<Answer> {
        self.change_telling(id, request, &log)
    }

    /// Like [`BigQuery::change`], and reports what the job waits for.
    pub(super) fn change_telling(
        &self,
        id: &JobId,
        request: &Request<'_>,
        tell: &Tell<'_>,
    ) -> Result<Answer> {
        let job = self.job(id, request, tell)?;
        Ok(response::answer(&job, Returned::Affected(response::affected(&job))))
    }

    /// Runs a query as a job and fetches all of its rows.
    pub(crate) fn query(&self, id: &JobId, request: &Request<'_>) -> Result<Answer> {
        self.query_telling(id, request, &log)
    }

    /// Like [`BigQuery::query`], and reports what the job waits for.
    pub(super) fn query_telling(
        &self,
        id: &JobId,
        request: &Request<'_>,
        tell: &Tell<'_>,
    ) -> Result<Answer> {
        let job = self.job(id, request, tell)?;
        let rows = self
            .rows(self.at(id, &job))
            .map_err(|error| error.while_doing(format!("reading the rows of job {id}")))?;
        Ok(response::answer(&job, Returned::Rows(rows)))
    }

    fn job(&self, id: &JobId, request: &Request<'_>, tell: &Tell<'_>) -> Result<JobResource> {
        let job = self.insert(id, request::job(&self.settings, Some(id), request), tell);
        let ended = match job.map_err(|failure| self.lost_sight(&failure)) {
            Ok(job) if !is_tombstoned(&job) => self.finish(id, job, tell),
            other => other,
        };
        let ours = |job: JobResource| if is_tombstoned(&job) { Err(tombstoned()) } else { Ok(job) };
        ended.and_then(ours).map_err(|error| error.while_doing(format!("running job {id}")))
    }

    /// The job of a process that has exited; `None` if it does not exist. Then a query without effect takes
    /// the id, which BigQuery accepts only once: the process may still be running if its lock was removed,
    /// and its statement must not be executed after it was reported as not executed.
    pub(super) fn found_or_given_up(&self, id: &JobId) -> Result<Option<JobResource>> {
        let found = match self.again(|| self.call_get(self.anywhere(id))) {
            Err(failure) if failure.is_not_found() => self.insert(id, self.stand_in(id)?, &log),
            found => found,
        };
        let job = found.map_err(|failure| self.gave_up(&failure))?;
        Ok(Some(job).filter(|job| !is_tombstoned(job)))
    }

    /// Inserts a placeholder job without effect under this id, in the location where the statement would have
    /// run: ids are unique per location, and the placeholder names no table from which BigQuery could derive
    /// one.
    fn stand_in(&self, id: &JobId) -> Result<JobResource> {
        let labels = [("tool", "onerow"), ("step", TOMBSTONED)];
        let nothing = Request { sql: NOTHING, params: &Params::none(), labels: &labels };
        let mut job = request::job(&self.settings, Some(id), &nothing);
        if let (None, Some(reference)) = (&self.settings.location, &mut job.job_reference) {
            reference.location = self.dataset_location(&self.settings.ledger)?;
        }
        Ok(job)
    }

    /// Inserts the job, or finds it: after a lost response, a 409, a time-out or a dropped connection the job
    /// is looked up, and only if BigQuery does not know it is the same id sent again, which BigQuery accepts
    /// only once.
    fn insert(
        &self,
        id: &JobId,
        job: JobResource,
        tell: &Tell<'_>,
    ) -> Result<JobResource, Failure> {
        let may_have_arrived = Cell::new(false);
        let sent = self.again_telling(tell, || match self.call_insert(&job) {
            Err(failure) if failure.is_duplicate() => {
                self.call_get(self.anywhere(id)).map_err(Failure::lost)
            }
            Err(failure) if failure.is_ambiguous() => {
                may_have_arrived.set(true);
                self.call_get(self.anywhere(id)).or(Err(failure))
            }
            answer => answer,
        });
        // A refusal of the last attempt says nothing about earlier attempts.
        sent.map_err(|failure| match may_have_arrived.get() {
            true => failure.lost(),
            false => failure,
        })
    }

    /// Waits until the job has ended, and reads the outcome from the job itself: some servers return 200 with
    /// an error inside.
    pub(super) fn finish(
        &self,
        id: &JobId,
        mut job: JobResource,
        tell: &Tell<'_>,
    ) -> Result<JobResource> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(POLL.0)
            .with_max_delay(POLL.1)
            .with_factor(1.5)
            .without_max_times()
            .build();
        let mut watch = Watch::new();
        let mut cancelled: Option<(Instant, Option<Overdue>)> = None;
        while !response::is_done(&job) {
            watch.saw(is_queued(&job));
            match cancelled {
                None => {
                    let overdue = watch.overdue(&self.settings);
                    if overdue.is_some() || self.interrupt.requested() {
                        self.cancel(self.at(id, &job));
                        cancelled = Some((Instant::now(), overdue));
                    } else if let Some(sentence) = watch.sentence(&self.settings) {
                        tell(&sentence);
                    }
                }
                Some((at, _)) if at.elapsed() > GRACE => {
                    return Err(Error::new(
                        Kind::NoAnswer,
                        "the job was cancelled, and has not ended yet",
                    ));
                }
                Some(_) => {}
            }
            let pause = pauses.next().unwrap_or(POLL.1);
            match cancelled {
                None => _ = self.interrupt.sleep(pause),
                Some(_) => std::thread::sleep(pause),
            }
            job = self.get(self.at(id, &job), tell)?;
        }
        match job.status.as_ref().and_then(|status| status.error_result.as_ref()) {
            None => Ok(job),
            Some(error) => {
                let overdue = cancelled.and_then(|(_, overdue)| overdue);
                Err(self.ended(&Failure::of_job(error), overdue))
            }
        }
    }

    fn ended(&self, failure: &Failure, overdue: Option<Overdue>) -> Error {
        match overdue {
            Some(overdue) if failure.is_stopped() => overdue.error(&self.settings),
            None if failure.is_stopped() && self.interrupt.requested() => {
                Error::new(Kind::Interrupted, "interrupted: the job was cancelled")
            }
            _ => failure.error(),
        }
    }

    /// A job whose location is known only from the rule file, if at all.
    fn anywhere<'a>(&'a self, id: &'a JobId) -> At<'a> {
        At { id, location: self.settings.location.as_deref() }
    }

    /// The job in the location that BigQuery reported.
    fn at<'a>(&'a self, id: &'a JobId, job: &'a JobResource) -> At<'a> {
        let said = job.job_reference.as_ref().and_then(|reference| reference.location.as_deref());
        At { id, location: said.or(self.settings.location.as_deref()) }
    }

    /// Requests cancellation. The outcome is read from the job, so a refusal is only logged.
    fn cancel(&self, at: At<'_>) {
        tracing::info!(job = %at.id, "cancelling");
        if let Err(failure) = self.again(|| self.call_cancel(at)) {
            tracing::warn!(job = %at.id, ?failure, "cannot cancel");
        }
    }

    /// The current state of a sent job. A failure of the lookup says nothing about the job's outcome.
    fn get(&self, at: At<'_>, tell: &Tell<'_>) -> Result<JobResource> {
        let looked = self.again_telling(tell, || self.call_get(at).map_err(Failure::of_look));
        looked.map_err(|failure| {
            let patience = self.patience(&failure);
            self.unknown(&failure.lost(), patience)
        })
    }

    fn rows(&self, at: At<'_>) -> Result<Rows> {
        let mut all = Rows::default();
        let mut token = None;
        loop {
            let page = self.again(|| self.call_results(at, token.clone()));
            let page = page.map_err(|failure| self.gave_up(&failure))?;
            let rows = response::rows(&page)?;
            all.columns = rows.columns;
            all.rows.extend(rows.rows);
            token = response::next_page(&page);
            if token.is_none() {
                return Ok(all);
            }
        }
    }
}

/// Whether the job is pending: it waits for slots, or for other statements on its table.
/// Source: <https://cloud.google.com/bigquery/docs/query-queues#monitoring>
fn is_queued(job: &JobResource) -> bool {
    let state = job.status.as_ref().and_then(|status| status.state.as_deref());
    let started = job.statistics.as_ref().is_some_and(|s| s.start_time.is_some());
    state == Some("PENDING") && !started
}

/// Whether this is the placeholder of a job that was never sent. Some servers omit labels.
fn is_tombstoned(job: &JobResource) -> bool {
    response::step(job) == Some(TOMBSTONED) || response::statement(job) == Some(NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::StepName;

    #[test]
    fn no_step_is_mistaken_for_one_that_was_given_up() {
        assert!(StepName::parse(TOMBSTONED).is_err());
    }

    #[test]
    fn what_was_given_up_is_known_by_its_label_or_its_statement() {
        let job = |step: &str, sql: &str| -> JobResource {
            let labels = serde_json::json!({ "step": step });
            let configuration = serde_json::json!({ "labels": labels, "query": { "query": sql } });
            serde_json::from_value(serde_json::json!({ "configuration": configuration })).unwrap()
        };
        assert!(is_tombstoned(&job(TOMBSTONED, "")));
        assert!(is_tombstoned(&job("", NOTHING)));
        assert!(!is_tombstoned(&job("deactivate", "UPDATE t SET x = 1 WHERE TRUE")));
        assert!(!is_tombstoned(&JobResource::default()));
    }
}
