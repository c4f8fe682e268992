//! Fixes for refusals of BigQuery.

use crate::error::Kind;

/// Whether BigQuery refused because of other statements or queries that will end: the same statement may be
/// sent again.
/// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#dml-limitations>,
/// <https://cloud.google.com/bigquery/docs/query-queues#limitations>
pub(super) fn waits_for_others(reason: &str, message: &str) -> bool {
    let conflict = [
        "could not serialize access",
        "concurrent update",
        "too many dml statements outstanding",
        "dml statement has been queued for too long",
        "admission_denied",
    ];
    let queries = ["concurrent quer", "queued quer"];
    conflict.iter().any(|words| message.contains(words))
        || (reason == "quotaExceeded" && queries.iter().any(|words| message.contains(words)))
}

/// The kind and the fix for a refusal, from BigQuery's message, whatever its reason.
pub(super) fn by_sentence(message: &str) -> Option<(Kind, &'static str)> {
    let (_, kind, help) = SENTENCES.iter().find(|(words, ..)| message.contains(words))?;
    Some((*kind, help))
}

/// Parts of BigQuery's messages in lower case.
const SENTENCES: [(&str, Kind, &str); 6] = [
    // Source: <https://cloud.google.com/vpc-service-controls/docs/troubleshooting>
    ("prohibited by organization's policy", Kind::AccessDenied, PERIMETER),
    ("vpcservicecontrolsuniqueidentifier", Kind::AccessDenied, PERIMETER),
    // Source: <https://cloud.google.com/bigquery/docs/change-data-capture#limitations>
    (
        "upsert streams",
        Kind::Refused,
        "the table is filled by change data capture (such as Datastream), which keeps one row for each primary key itself; remove its rule, or make the rule for a table that is copied from it",
    ),
    // Source: <https://cloud.google.com/bigquery/docs/customer-managed-encryption#org-policy>
    (
        "restrictnoncmekservices",
        Kind::AccessDenied,
        "set a default Cloud KMS key for the ledger's dataset (`bq update --default_kms_key KEY DATASET`), or for the project",
    ),
    // Source: <https://cloud.google.com/bigquery/docs/customer-managed-encryption#grant_permission>
    ("cloudkms.cryptokeyencrypterdecrypter", Kind::AccessDenied, KEY),
    ("permission to use the kms key", Kind::AccessDenied, KEY),
];

const PERIMETER: &str = "VPC Service Controls refused: run onerow inside the service perimeter, or give its administrator the vpcServiceControlsUniqueIdentifier";
const KEY: &str = "grant roles/cloudkms.cryptoKeyEncrypterDecrypter on the Cloud KMS key to BigQuery's service account, bq-PROJECT_NUMBER@bigquery-encryption.iam.gserviceaccount.com";

/// Whether the message is about a missing column.
pub(super) fn names_no_column(message: &str) -> bool {
    message.starts_with("unrecognized name")
        || message.contains("referenced column")
        || (message.starts_with("name ") && message.contains("not found inside"))
}

/// The fix; names the missing role, table or column.
pub(super) fn way_out(kind: Kind, reason: &str, message: &str) -> Option<String> {
    let small = message.to_ascii_lowercase();
    if let Some((_, help)) = by_sentence(&small) {
        return Some(help.to_owned());
    }
    let help = match kind {
        Kind::AccessDenied => return Some(role_for(reason, message)),
        Kind::NotFound if small.contains("dataset") && !message.contains("Table") => {
            "create the dataset, or correct its name or the `location` in the rule file"
        }
        Kind::NotFound if names_no_column(&small) => {
            "correct the column's name in the rule or in the template; `onerow doctor` compares both with the table"
        }
        Kind::NotFound => {
            "correct the table's name in the rule file; a wrong `location` looks the same; `onerow doctor` looks closer"
        }
        Kind::CostLimit => {
            "the statement would read more than `max_bytes_billed` allows; take fewer dates, or raise the limit"
        }
        _ => by_reason(reason)?,
    };
    Some(help.to_owned())
}

/// Source: <https://cloud.google.com/bigquery/docs/error-messages>
fn by_reason(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "invalidQuery" | "invalid" => {
            "`onerow render` prints the statement; BigQuery's place is a line and column of it"
        }
        // Source: <https://cloud.google.com/bigquery/quotas#quota_replenishment>
        "quotaExceeded" => {
            "wait and run again: most quotas are refilled within minutes, daily ones over 24 hours; the message names the quota, and https://cloud.google.com/bigquery/docs/troubleshoot-quotas how to raise it"
        }
        "resourcesExceeded" => {
            "the query needs more memory than one may have: take fewer dates at a time, or shorter expressions in `key` and `keep`"
        }
        // Source: <https://cloud.google.com/bigquery/quotas#query_jobs>
        "billingTierLimitExceeded" => {
            "the query needs more CPU than on-demand pricing allows for the bytes that it reads: simplify `key` and `keep`, or set a `reservation` for the warehouse"
        }
        "timeout" => {
            "raise `timeout` or take fewer dates; the project or organization may set a limit of its own (default_query_job_timeout_ms, default_interactive_query_queue_timeout_ms)"
        }
        "stopped" => {
            "somebody cancelled the job, or it ran into a time limit; it changed nothing: run again, and raise `timeout` if it took so long"
        }
        _ => return None,
    })
}

/// Only the sender of a job and administrators of its project may look it up and cancel it.
/// Source: <https://cloud.google.com/bigquery/docs/managing-jobs#required_permissions>
const ANOTHERS_JOB: &str =
    "roles/bigquery.resourceAdmin on the project, or run onerow as the account that sent the job";

/// The permissions in BigQuery's messages, with the smallest predefined role for each.
/// Source: <https://cloud.google.com/bigquery/docs/access-control>
const ROLES: [(&str, &str); 11] = [
    ("bigquery.jobs.get", ANOTHERS_JOB),
    ("bigquery.jobs.update", ANOTHERS_JOB),
    ("bigquery.jobs.create", "roles/bigquery.jobUser on the project"),
    ("bigquery.reservations.use", "roles/bigquery.resourceEditor on the reservation's project"),
    ("bigquery.tables.updateData", "roles/bigquery.dataEditor on the table"),
    ("bigquery.tables.create", "roles/bigquery.dataEditor on the ledger's dataset"),
    ("bigquery.tables.getData", "roles/bigquery.dataViewer on the table"),
    ("permission to query table", "roles/bigquery.dataViewer on the table"),
    ("bigquery.tables.get", "roles/bigquery.dataViewer on the table"),
    ("bigquery.datasets.get", "roles/bigquery.dataViewer on the dataset"),
    (
        "serviceusage.services.use",
        "roles/serviceusage.serviceUsageConsumer on the quota project, or unset it",
    ),
];

fn role_for(reason: &str, message: &str) -> String {
    if reason == "billingNotEnabled" {
        return "enable billing for the project".to_owned();
    }
    match ROLES.iter().find(|(permission, _)| message.contains(permission)) {
        Some((_, role)) if message.contains("does not exist") => {
            format!("grant {role}, or correct its name")
        }
        Some((_, role)) => format!("grant {role}"),
        None => {
            "compare the granted roles with docs/bigquery.md; `onerow doctor` tries each".to_owned()
        }
    }
}
