//! Query jobs to send, with their id, labels, limits and parameters.

use std::collections::HashMap;
use std::time::Duration;

use gcp_bigquery_client::model::connection_property::ConnectionProperty;
use gcp_bigquery_client::model::dataset_reference::DatasetReference;
use gcp_bigquery_client::model::job::Job as JobResource;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_query::JobConfigurationQuery;
use gcp_bigquery_client::model::job_reference::JobReference;
use gcp_bigquery_client::model::query_parameter::QueryParameter;
use gcp_bigquery_client::model::query_parameter_type::QueryParameterType;
use gcp_bigquery_client::model::query_parameter_value::QueryParameterValue;

use serde_json::Value as Json;

use super::failure::Failure;
use crate::googlesql::SqlValue;
use crate::rule::{BigQuerySettings, Priority};
use crate::statement::Params;
use crate::warehouse::JobId;

/// A query job to send.
pub(crate) struct Request<'a> {
    /// The statement.
    pub sql: &'a str,
    /// Its query parameters. BigQuery accepts unused ones.
    pub params: &'a Params,
    /// Labels, by key; values are converted to BigQuery's syntax.
    pub labels: &'a [(&'static str, &'a str)],
}

/// The job resource of a request. Without an id it is a dry run.
pub(super) fn job(
    settings: &BigQuerySettings,
    id: Option<&JobId>,
    request: &Request<'_>,
) -> JobResource {
    let dataset = |dataset: &String| DatasetReference {
        project_id: settings.project.clone(),
        dataset_id: dataset.clone(),
    };
    let query = JobConfigurationQuery {
        query: request.sql.to_owned(),
        use_legacy_sql: Some(false),
        // Counts used for a decision must be fresh.
        use_query_cache: Some(false),
        default_dataset: settings.default_dataset.as_ref().map(dataset),
        maximum_bytes_billed: settings.max_bytes_billed.map(|bytes| bytes.to_string()),
        priority: match settings.priority {
            Priority::Interactive => None,
            Priority::Batch => Some("BATCH".to_owned()),
        },
        // Keeps a project's default time zone from changing dates, also in a project's own templates.
        // Source: https://cloud.google.com/bigquery/docs/default-configuration
        connection_properties: Some(vec![ConnectionProperty {
            key: "time_zone".to_owned(),
            value: "UTC".to_owned(),
        }]),
        parameter_mode: Some("NAMED".to_owned()),
        query_parameters: Some(request.params.iter().map(parameter).collect()),
        ..JobConfigurationQuery::default()
    };
    let labels = request.labels.iter().map(|(key, value)| ((*key).to_owned(), label(value)));
    JobResource {
        configuration: Some(JobConfiguration {
            dry_run: id.is_none().then_some(true),
            job_timeout_ms: Some(job_timeout(settings).as_millis().to_string()),
            labels: Some(labels.collect::<HashMap<_, _>>()),
            query: Some(query),
            ..JobConfiguration::default()
        }),
        job_reference: Some(JobReference {
            job_id: id.map(|id| id.as_str().to_owned()),
            location: settings.location.clone(),
            project_id: Some(settings.project.clone()),
        }),
        ..JobResource::default()
    }
}

/// The job with its reservation, which the client's type lacks.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfiguration>, `reservation`
pub(super) fn with_reservation(
    job: &JobResource,
    reservation: Option<&str>,
) -> Result<Json, Failure> {
    let mut job = serde_json::to_value(job).map_err(|error| Failure::Unsent(error.to_string()))?;
    if let Some(reservation) = reservation {
        job["configuration"]["reservation"] = reservation.into();
    }
    Ok(job)
}

/// The job's time limit at BigQuery, which counts from the job's creation and so includes the queue. It
/// applies to jobs whose process has exited; a running process cancels jobs that exceed `timeout`.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfiguration>, `jobTimeoutMs`
fn job_timeout(settings: &BigQuerySettings) -> Duration {
    settings.queue_timeout.saturating_add(settings.timeout)
}

/// A label's value: lower-case letters, digits, `_` and `-`, at most 63 of them.
/// Source: <https://cloud.google.com/bigquery/docs/labels-intro#requirements>
fn label(value: &str) -> String {
    let fit = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9' | '_' | '-') => c,
        _ => '-',
    };
    value.chars().map(fit).take(63).collect()
}

fn parameter((name, value): (&str, &SqlValue)) -> QueryParameter {
    QueryParameter {
        name: Some(name.to_owned()),
        parameter_type: Some(parameter_type(value)),
        parameter_value: Some(parameter_value(value)),
    }
}

fn parameter_type(value: &SqlValue) -> QueryParameterType {
    let sql_type = value.sql_type().map_or_else(|| "STRING".to_owned(), |t| t.to_string());
    let array_type = match value {
        SqlValue::Array(items) => {
            Some(Box::new(parameter_type(items.first().unwrap_or(&SqlValue::Null))))
        }
        _ => None,
    };
    QueryParameterType { array_type, struct_types: None, r#type: sql_type }
}

fn parameter_value(value: &SqlValue) -> QueryParameterValue {
    match value {
        SqlValue::Null => QueryParameterValue::default(),
        SqlValue::Array(items) => QueryParameterValue {
            array_values: Some(items.iter().map(parameter_value).collect()),
            ..QueryParameterValue::default()
        },
        other => {
            QueryParameterValue { value: Some(other.to_string()), ..QueryParameterValue::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{RuleFile, WarehouseType};

    #[test]
    fn a_label_keeps_what_bigquery_takes() {
        assert_eq!(label("20260130T074130Z-0a"), "20260130t074130z-0a");
        assert_eq!(label("2026-01-28 to 2026-01-29"), "2026-01-28-to-2026-01-29");
        assert_eq!(label(&"é".repeat(100)), "-".repeat(63));
    }

    #[test]
    fn a_job_carries_its_id_labels_limits_and_parameters() {
        let settings = settings(
            "location = \"EU\"\ndefault_dataset = \"d\"\nmax_bytes_billed = \"1 GiB\"\n\
             priority = \"batch\"\ntimeout = \"5m\"\nqueue_timeout = \"2h\"",
        );
        let id = JobId::from_ledger("onerow_r_1_detect_2026-01-28".to_owned());
        let params = Params::none().with("run_id", SqlValue::String("r".to_owned()));
        let labels = [("tool", "onerow"), ("rule", "Predictions")];
        let request = Request { sql: "SELECT @run_id", params: &params, labels: &labels };
        assert_eq!(
            serde_json::to_value(job(&settings, Some(&id), &request)).unwrap(),
            serde_json::json!({
                "jobReference": {
                    "projectId": "p", "location": "EU", "jobId": "onerow_r_1_detect_2026-01-28",
                },
                "configuration": {
                    "jobTimeoutMs": "7500000",
                    "labels": {"tool": "onerow", "rule": "predictions"},
                    "query": {
                        "query": "SELECT @run_id",
                        "useLegacySql": false,
                        "useQueryCache": false,
                        "defaultDataset": {"projectId": "p", "datasetId": "d"},
                        "maximumBytesBilled": "1073741824",
                        "priority": "BATCH",
                        "connectionProperties": [{"key": "time_zone", "value": "UTC"}],
                        "parameterMode": "NAMED",
                        "queryParameters": [{
                            "name": "run_id",
                            "parameterType": {"type": "STRING"},
                            "parameterValue": {"value": "r"},
                        }],
                    },
                },
            })
        );
    }

    #[test]
    fn a_dry_run_has_no_id_and_nothing_is_limited_unless_the_rule_file_says_so() {
        let params = Params::none();
        let request = Request { sql: "SELECT 1", params: &params, labels: &[] };
        let json = serde_json::to_value(job(&settings(""), None, &request)).unwrap();
        assert_eq!(json["configuration"]["dryRun"], true);
        assert_eq!(json["jobReference"], serde_json::json!({"projectId": "p"}));
        for key in ["maximumBytesBilled", "priority", "defaultDataset"] {
            assert!(json["configuration"]["query"].get(key).is_none(), "{json}");
        }
    }

    fn settings(keys: &str) -> BigQuerySettings {
        let text = format!(
            "[warehouse.prod]\ntype = \"bigquery\"\nproject = \"p\"\nledger = \"d.l\"\n{keys}\n\n\
             [rule.r]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
             row_id = \"id\"\nactive = \"a\"\n"
        );
        let file = RuleFile::parse("onerow.toml", &text).unwrap();
        match &file.warehouses[0].kind {
            WarehouseType::BigQuery(settings) => (**settings).clone(),
            WarehouseType::Sqlite { .. } => panic!("the warehouse is of type bigquery"),
        }
    }

    #[test]
    fn a_parameter_carries_its_type() {
        let instant = SqlValue::Timestamp("2026-01-30T07:41:30.123456Z".parse().unwrap());
        let json = serde_json::to_value(parameter(("cutoff", &instant))).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "name": "cutoff",
                "parameterType": {"type": "TIMESTAMP"},
                "parameterValue": {"value": "2026-01-30 07:41:30.123456+00"},
            })
        );
    }
}
