//! What went wrong at BigQuery, by HTTP status, reason and message.
//! Source: <https://cloud.google.com/bigquery/docs/error-messages>

use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::error_proto::ErrorProto;

use super::token_failure::TokenFailure;
use crate::error::{Error, Kind};

/// A failure of one call, or of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// BigQuery said no. `status` is 0 where it said so in a job.
    Refused {
        /// The HTTP status.
        status: i64,
        /// BigQuery's word for it: `accessDenied`.
        reason: String,
        /// BigQuery's sentence.
        message: String,
    },
    /// No answer that could be read: nobody knows whether the call arrived.
    Lost(String),
    /// There is no token to ask with.
    Token(TokenFailure),
    /// The call could not be made.
    Unsent(String),
    /// An answer that says success, and that cannot be read: another try would be answered alike.
    Unreadable(String),
}

impl Failure {
    /// What the job says of its own end.
    pub fn of_job(error: &ErrorProto) -> Self {
        Self::Refused {
            status: 0,
            reason: error.reason.clone().unwrap_or_default(),
            message: error.message.clone().unwrap_or_default(),
        }
    }

    /// This failure of a look at a job that was sent: what became of the job is not known.
    pub fn lost(self) -> Self {
        match self {
            Self::Lost(_) => self,
            other => {
                Self::Lost(format!("the job cannot be looked at: {}", other.error().headline()))
            }
        }
    }

    /// Whether the call itself may be made again: it failed in passing, or its answer was lost.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Token(failure) => failure.may_pass,
            _ => self.kind() == Kind::Transient,
        }
    }

    /// Whether the call may have had its effect although it failed.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::Token(_) | Self::Unsent(_) | Self::Unreadable(_) => false,
        }
    }

    /// Whether BigQuery already has something of that name.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Refused { status, reason, .. } if *status == 409 || reason == "duplicate")
    }

    /// Whether what was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, reason, .. } if *status == 404 || reason == "notFound")
    }

    /// Whether somebody cancelled the job, or it ran into its time limit.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Refused { reason, .. } if reason == "stopped")
    }

    /// What sort of failure it is to the runner.
    pub fn kind(&self) -> Kind {
        let Self::Refused { status, reason, message } = self else {
            return match self {
                Self::Token(failure) if !failure.may_pass => Kind::AccessDenied,
                Self::Unsent(_) => Kind::Warehouse,
                Self::Unreadable(_) => Kind::Warehouse,
                _ => Kind::Unreachable,
            };
        };
        let message = message.to_ascii_lowercase();
        if message.contains("streaming buffer") {
            return Kind::StreamingBuffer;
        }
        if message.contains("could not serialize access") || message.contains("concurrent update") {
            return Kind::Transient;
        }
        match (*status, reason.as_str()) {
            (500.. | 429 | 408, _) => Kind::Transient,
            (
                _,
                "backendError"
                | "internalError"
                | "jobBackendError"
                | "jobInternalError"
                | "rateLimitExceeded"
                | "jobRateLimitExceeded"
                | "tableUnavailable",
            ) => Kind::Transient,
            (_, "bytesBilledLimitExceeded") => Kind::Cost,
            (401, _) | (_, "accessDenied" | "authError" | "billingNotEnabled") => {
                Kind::AccessDenied
            }
            (404, _) | (_, "notFound") => Kind::NotFound,
            _ if names_no_column(&message) => Kind::NotFound,
            _ => Kind::Warehouse,
        }
    }

    /// The error for people, with a way out.
    pub fn error(&self) -> Error {
        let kind = self.kind();
        match self {
            Self::Lost(what) => Error::new(kind, format!("no answer from BigQuery: {what}")),
            Self::Token(failure) => Error::new(kind, &failure.said).help(&failure.help),
            Self::Unsent(what) => Error::new(kind, format!("cannot call BigQuery: {what}")),
            Self::Unreadable(what) => Error::new(kind, format!("BigQuery's answer cannot be read: {what}"))
                .help("a proxy, or another server than BigQuery, may have answered; look at `endpoint` if there is one"),
            Self::Refused { status, reason, message } => {
                let said = match (message.trim(), reason.as_str()) {
                    ("", "") => format!("BigQuery answered with status {status}"),
                    ("", reason) => format!("BigQuery says {reason}"),
                    (message, "") => format!("BigQuery says: {message}"),
                    (message, reason) => format!("BigQuery says {reason}: {message}"),
                };
                match way_out(kind, reason, message) {
                    Some(help) => Error::new(kind, said).help(help),
                    None => Error::new(kind, said),
                }
            }
        }
    }
}

impl From<BQError> for Failure {
    fn from(error: BQError) -> Self {
        match error {
            BQError::ResponseError { error } => {
                let error = error.error;
                let reason = error.errors.first().and_then(|first| first.get("reason")).cloned();
                Self::Refused {
                    status: error.code,
                    reason: reason.unwrap_or_else(|| error.status.clone()),
                    message: error.message,
                }
            }
            BQError::InvalidServiceAccountKey(error) => match error.downcast::<TokenFailure>() {
                Ok(failure) => Self::Token(failure),
                Err(error) => Self::Unsent(chain(&error)),
            },
            BQError::RequestError(error) if error.is_builder() => Self::Unsent(chain(&error)),
            BQError::RequestError(error) => Self::Lost(chain(&error)),
            // Whatever else the client reports here happened before anything was sent.
            error => Self::Unsent(chain(&error)),
        }
    }
}

/// The error with its causes; the client's own messages leave them out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn names_no_column(message: &str) -> bool {
    message.starts_with("unrecognized name")
        || message.contains("referenced column")
        || (message.starts_with("name ") && message.contains("not found inside"))
}

/// What the reader can do about it; names the missing role, table or column.
fn way_out(kind: Kind, reason: &str, message: &str) -> Option<String> {
    match kind {
        Kind::AccessDenied => Some(role_for(reason, message)),
        Kind::NotFound if message.to_ascii_lowercase().contains("dataset") && !message.contains("Table") => {
            Some("create the dataset, or mend its name or the `location` in the rule file".to_owned())
        }
        Kind::NotFound if names_no_column(&message.to_ascii_lowercase()) => {
            Some("mend the column's name in the rule or in the template; `onerow doctor` compares both with the table".to_owned())
        }
        Kind::NotFound => Some(
            "mend the table's name in the rule file; a wrong `location` looks the same; `onerow doctor` looks closer".to_owned(),
        ),
        Kind::Cost => Some(
            "the statement would read more than `max_bytes_billed` allows; take fewer dates, or raise the limit".to_owned(),
        ),
        _ => match reason {
            "invalidQuery" | "invalid" => Some(
                "`onerow render` prints the statement; BigQuery's place is a line and column of it".to_owned(),
            ),
            "quotaExceeded" => Some("wait, or ask for a higher quota: this one does not come back within minutes".to_owned()),
            "resourcesExceeded" => Some("take fewer dates at a time".to_owned()),
            "stopped" => Some("somebody cancelled the job, or it ran into its `timeout`; it changed nothing".to_owned()),
            _ => None,
        },
    }
}

/// A job may be looked at, and cancelled, by who sent it, and by administrators of its project.
/// Source: <https://cloud.google.com/bigquery/docs/managing-jobs#required_permissions>
const ANOTHERS_JOB: &str =
    "roles/bigquery.resourceAdmin on the project, or run onerow as the account that sent the job";

/// The permissions that BigQuery's messages name, and the smallest predefined role with each.
/// Source: <https://cloud.google.com/bigquery/docs/access-control>
const ROLES: [(&str, &str); 10] = [
    ("bigquery.jobs.get", ANOTHERS_JOB),
    ("bigquery.jobs.update", ANOTHERS_JOB),
    (
        "serviceusage.services.use",
        "roles/serviceusage.serviceUsageConsumer on the quota project, or unset it",
    ),
    ("bigquery.jobs.create", "roles/bigquery.jobUser on the project"),
    ("bigquery.tables.updateData", "roles/bigquery.dataEditor on the table"),
    ("bigquery.tables.create", "roles/bigquery.dataEditor on the ledger's dataset"),
    ("bigquery.tables.getData", "roles/bigquery.dataViewer on the table"),
    ("permission to query table", "roles/bigquery.dataViewer on the table"),
    ("bigquery.tables.get", "roles/bigquery.dataViewer on the table"),
    ("bigquery.datasets.get", "roles/bigquery.dataViewer on the dataset"),
];

fn role_for(reason: &str, message: &str) -> String {
    if reason == "billingNotEnabled" {
        return "enable billing for the project".to_owned();
    }
    match ROLES.iter().find(|(permission, _)| message.contains(permission)) {
        Some((_, role)) if message.contains("does not exist") => {
            format!("grant {role}, or mend its name")
        }
        Some((_, role)) => format!("grant {role}"),
        None => {
            "compare the granted roles with docs/bigquery.md; `onerow doctor` tries each".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: i64, reason: &str, message: &str) -> Failure {
        Failure::Refused { status, reason: reason.into(), message: message.into() }
    }

    #[test]
    fn the_kind_follows_from_status_reason_and_message() {
        let serialize = "Could not serialize access to table p:d.t due to concurrent update";
        let buffer = "UPDATE or DELETE statement over table p.d.t would affect rows in the \
                      streaming buffer, which is not supported";
        for (failure, kind) in [
            (refused(500, "", ""), Kind::Transient),
            (refused(503, "backendError", "try again"), Kind::Transient),
            (refused(429, "", ""), Kind::Transient),
            (refused(403, "rateLimitExceeded", "too many"), Kind::Transient),
            (refused(0, "jobBackendError", ""), Kind::Transient),
            (refused(0, "invalidQuery", serialize), Kind::Transient),
            (refused(0, "invalidQuery", buffer), Kind::StreamingBuffer),
            (refused(400, "invalidQuery", buffer), Kind::StreamingBuffer),
            (refused(0, "bytesBilledLimitExceeded", ""), Kind::Cost),
            (refused(403, "accessDenied", ""), Kind::AccessDenied),
            (refused(401, "UNAUTHENTICATED", ""), Kind::AccessDenied),
            (refused(404, "notFound", ""), Kind::NotFound),
            (refused(0, "notFound", ""), Kind::NotFound),
            (refused(400, "invalidQuery", "Unrecognized name: idd at [3:5]"), Kind::NotFound),
            (refused(400, "invalidQuery", "Syntax error"), Kind::Warehouse),
            (refused(403, "quotaExceeded", ""), Kind::Warehouse),
            (refused(0, "stopped", ""), Kind::Warehouse),
            (Failure::Lost("reset".into()), Kind::Unreachable),
            (Failure::Unsent("none".into()), Kind::Warehouse),
            (Failure::Unreadable("no JSON".into()), Kind::Warehouse),
        ] {
            assert_eq!(failure.kind(), kind, "{failure:?}");
        }
    }

    #[test]
    fn only_what_may_have_had_its_effect_is_ambiguous() {
        assert!(refused(500, "", "").is_ambiguous());
        assert!(Failure::Lost("reset".into()).is_ambiguous());
        assert!(!refused(429, "", "").is_ambiguous());
        assert!(!refused(403, "rateLimitExceeded", "").is_ambiguous());
        assert!(!refused(400, "invalidQuery", "").is_ambiguous());
    }

    #[test]
    fn the_way_out_names_the_role() {
        for (message, role) in [
            ("User does not have bigquery.jobs.create permission in project p", "jobUser"),
            ("Permission bigquery.tables.updateData denied on table p:d.t", "dataEditor"),
            ("User does not have permission to query table p:d.t", "dataViewer"),
        ] {
            let error = refused(403, "accessDenied", message).error().to_string();
            assert!(error.contains(role) && error.contains(message), "{error}");
        }
    }
}
