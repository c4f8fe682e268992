//! Calls of the client, one method each, without logic.

use std::future::Future;

use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::job::Job as JobResource;
use gcp_bigquery_client::model::job_cancel_response::JobCancelResponse;
use gcp_bigquery_client::model::table::Table;
use serde_json::Value as Json;

use super::failure::Failure;
use super::{BigQuery, request};
use crate::googlesql::TableName;
use crate::warehouse::JobId;

/// The location for looking up a job. Without it, a job is found only in the US and EU multi-regions.
/// Source: <https://cloud.google.com/bigquery/docs/locations#specify_locations>
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub id: &'a JobId,
    pub location: Option<&'a str>,
}

impl BigQuery {
    fn wait<T>(&self, call: impl Future<Output = Result<T, BQError>>) -> Result<T, Failure> {
        self.runtime.block_on(call).map_err(Failure::from)
    }

    pub(super) fn call_insert(&self, job: &JobResource) -> Result<JobResource, Failure> {
        let project = &self.settings.project;
        match &self.settings.reservation {
            None => self.wait(self.client.job().insert(project, job.clone())),
            Some(reservation) => {
                let job = request::with_reservation(job, Some(reservation))?;
                let sent = self.runtime.block_on(self.rest.post(&[project, "jobs"], &job));
                sent.and_then(|job| serde_json::from_value(job).map_err(unreadable)).map_err(
                    |failure| {
                        match failure {
                            // The job may have arrived nevertheless.
                            Failure::Unreadable(what) => Failure::Lost(what),
                            failure => failure,
                        }
                    },
                )
            }
        }
    }

    pub(super) fn call_get(&self, at: At<'_>) -> Result<JobResource, Failure> {
        let project = &self.settings.project;
        self.wait(self.client.job().get_job(project, at.id.as_str(), at.location))
    }

    pub(super) fn call_cancel(&self, at: At<'_>) -> Result<JobCancelResponse, Failure> {
        let project = &self.settings.project;
        self.wait(self.client.job().cancel_job(project, at.id.as_str(), at.location))
    }

    /// Returns JSON, because rows may have columns of types that the client does not know.
    pub(super) fn call_results(&self, at: At<'_>, page: Option<String>) -> Result<Json, Failure> {
        let query = [("location", at.location), ("pageToken", page.as_deref())];
        let path = [self.settings.project.as_str(), "queries", at.id.as_str()];
        self.runtime.block_on(self.rest.get(&path, &query))
    }

    /// A dry run, with the columns of the statement's result, which may have types that the client does not
    /// know.
    pub(super) fn call_dry_run(&self, job: &JobResource) -> Result<(JobResource, Json), Failure> {
        let body = request::with_reservation(job, self.settings.reservation.as_deref())?;
        let path = [self.settings.project.as_str(), "jobs"];
        let mut planned = self.runtime.block_on(self.rest.post(&path, &body))?;
        let query = planned.pointer_mut("/statistics/query").and_then(Json::as_object_mut);
        let schema = query.and_then(|query| query.remove("schema")).unwrap_or_default();
        Ok((serde_json::from_value(planned).map_err(unreadable)?, schema))
    }

    /// Returns JSON: the client's own type fails for columns of unknown types, and drops most of the rest.
    pub(super) fn call_table(&self, table: &TableName) -> Result<Json, Failure> {
        let (project, dataset) = (self.project_of(table), table.dataset());
        let path = [project, "datasets", dataset, "tables", table.table()];
        self.resource(&path, "tableReference")
    }

    pub(super) fn call_create(&self, table: &Table) -> Result<Table, Failure> {
        self.wait(self.client.table().create(table.clone()))
    }

    pub(super) fn call_dataset(&self, table: &TableName) -> Result<Json, Failure> {
        self.resource(&[self.project_of(table), "datasets", table.dataset()], "datasetReference")
    }

    /// A resource, checked to have a reference of this name.
    fn resource(&self, path: &[&str], reference: &str) -> Result<Json, Failure> {
        let resource = self.runtime.block_on(self.rest.get(path, &[]))?;
        match resource[reference].is_object() {
            true => Ok(resource),
            false => Err(Failure::Unreadable(format!("it has no {reference}"))),
        }
    }
}

fn unreadable(error: serde_json::Error) -> Failure {
    Failure::Unreadable(error.to_string())
}
