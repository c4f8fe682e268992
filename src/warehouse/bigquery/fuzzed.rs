//! Any answer of a server that should be BigQuery.

use gcp_bigquery_client::model::get_query_results_response::GetQueryResultsResponse;
use gcp_bigquery_client::model::job::Job as JobResource;
use gcp_bigquery_client::model::table::Table;

use super::response;
use crate::fuzzed::is_an_error;

/// Reads the answer as a job, a page of rows, and a table.
pub(crate) fn answer(bytes: &[u8]) {
    if let Ok(job) = serde_json::from_slice::<JobResource>(bytes) {
        let (usage, affected) = (response::usage(&job), response::affected(&job));
        _ = (usage, affected, response::is_done(&job));
    }
    if let Ok(table) = serde_json::from_slice::<Table>(bytes) {
        _ = response::description(&table);
    }
    let Ok(page) = serde_json::from_slice::<GetQueryResultsResponse>(bytes) else { return };
    match response::rows(&page) {
        Ok(rows) => assert!(rows.rows.iter().all(|row| row.len() == rows.columns.len())),
        Err(error) => is_an_error(&error),
    }
}
