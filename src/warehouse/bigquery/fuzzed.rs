//! Arbitrary responses of a server.

use gcp_bigquery_client::model::job::Job as JobResource;
use serde_json::Value as Json;

use super::{metadata, response};
use crate::fuzzed::is_an_error;

/// Reads the response as a job, a page of rows, a table, and a dataset.
pub(crate) fn answer(bytes: &[u8]) {
    if let Ok(job) = serde_json::from_slice::<JobResource>(bytes) {
        let (usage, affected) = (response::usage(&job), response::affected(&job));
        _ = (usage, affected, response::is_done(&job));
    }
    let Ok(answer) = serde_json::from_slice::<Json>(bytes) else { return };
    _ = (metadata::description(&answer), metadata::table_state(&answer));
    _ = (metadata::columns(&answer["schema"]), metadata::dataset(&answer));
    match response::rows(&answer) {
        Ok(rows) => assert!(rows.rows.iter().all(|row| row.len() == rows.columns.len())),
        Err(error) => is_an_error(&error),
    }
}
