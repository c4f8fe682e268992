//! The calls to the client, one method each, without any decision.

use std::future::Future;

use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::dataset::Dataset;
use gcp_bigquery_client::model::get_query_results_parameters::GetQueryResultsParameters;
use gcp_bigquery_client::model::get_query_results_response::GetQueryResultsResponse;
use gcp_bigquery_client::model::job::Job as JobResource;
use gcp_bigquery_client::model::job_cancel_response::JobCancelResponse;
use gcp_bigquery_client::model::table::Table;

use super::BigQuery;
use super::failure::Failure;
use crate::googlesql::TableName;
use crate::warehouse::JobId;

/// Where a job is looked at. A job is found without its location only in the US and EU multi-regions.
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
        self.wait(self.client.job().insert(&self.settings.project, job.clone()))
    }

    pub(super) fn call_get(&self, at: At<'_>) -> Result<JobResource, Failure> {
        let project = &self.settings.project;
        self.wait(self.client.job().get_job(project, at.id.as_str(), at.location))
    }

    pub(super) fn call_cancel(&self, at: At<'_>) -> Result<JobCancelResponse, Failure> {
        let project = &self.settings.project;
        self.wait(self.client.job().cancel_job(project, at.id.as_str(), at.location))
    }

    pub(super) fn call_results(
        &self,
        at: At<'_>,
        page_token: Option<String>,
    ) -> Result<GetQueryResultsResponse, Failure> {
        let parameters = GetQueryResultsParameters {
            location: at.location.map(str::to_owned),
            page_token,
            ..GetQueryResultsParameters::default()
        };
        let project = &self.settings.project;
        self.wait(self.client.job().get_query_results(project, at.id.as_str(), parameters))
    }

    pub(super) fn call_table(&self, table: &TableName) -> Result<Table, Failure> {
        let project = self.project_of(table);
        self.wait(self.client.table().get(project, table.dataset(), table.table(), None))
    }

    pub(super) fn call_create(&self, table: &Table) -> Result<Table, Failure> {
        self.wait(self.client.table().create(table.clone()))
    }

    pub(super) fn call_dataset(&self, table: &TableName) -> Result<Dataset, Failure> {
        self.wait(self.client.dataset().get(self.project_of(table), table.dataset()))
    }
}
