//! Failures of BigQuery, by HTTP status, reason and message.
//! Source: <https://cloud.google.com/bigquery/docs/error-messages>

use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::error_proto::ErrorProto;

use super::quoted::without_tokens;
use super::token_failure::TokenFailure;
use super::way_out::{by_sentence, names_no_column, waits_for_others, way_out};
use crate::error::{Error, Kind};

/// A failure of one call, or of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// BigQuery refused. `status` is 0 for an error in a job.
    Refused {
        /// The HTTP status.
        status: i64,
        /// BigQuery's reason: `accessDenied`.
        reason: String,
        /// BigQuery's message.
        message: String,
    },
    /// No readable response: whether the call arrived is unknown.
    Lost(String),
    /// No token is available.
    Token(TokenFailure),
    /// The call could not be sent.
    Unsent(String),
    /// A successful response that cannot be read: a retry would get the same one.
    Unreadable(String),
}

impl Failure {
    /// The failure in a job's status.
    pub fn of_job(error: &ErrorProto) -> Self {
        Self::Refused {
            status: 0,
            reason: error.reason.clone().unwrap_or_default(),
            message: error.message.clone().unwrap_or_default(),
        }
    }

    /// This failure of looking up a sent job: the job's outcome is unknown.
    pub fn lost(self) -> Self {
        match self {
            Self::Lost(_) => self,
            other => {
                Self::Lost(format!("the job cannot be looked at: {}", other.error().headline()))
            }
        }
    }

    /// This failure of one of several lookups of a job: a busy server is retried; other responses leave the
    /// job's outcome unknown.
    pub fn of_look(self) -> Self {
        match self.kind() {
            Kind::Transient => self,
            _ => self.lost(),
        }
    }

    /// Whether the call may be retried: the failure was transient, or the response was lost.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Token(failure) => failure.may_pass,
            _ => self.kind() == Kind::Transient,
        }
    }

    /// Whether the call may have taken effect despite the failure.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Refused { status, .. } => *status >= 500 && self.kind() == Kind::Transient,
            Self::Token(_) | Self::Unsent(_) | Self::Unreadable(_) => false,
        }
    }

    /// Whether something of that name already exists.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Refused { status, reason, .. } if *status == 409 || reason == "duplicate")
    }

    /// Whether the requested resource does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, reason, .. } if *status == 404 || reason == "notFound")
    }

    /// Whether the job was cancelled, or reached its time limit.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Refused { reason, .. } if reason == "stopped")
    }

    /// The kind of error for the runner.
    pub fn kind(&self) -> Kind {
        let Self::Refused { status, reason, message } = self else {
            return match self {
                Self::Token(failure) if !failure.may_pass => Kind::Credentials,
                Self::Unsent(_) => Kind::Refused,
                Self::Unreadable(_) => Kind::UnexpectedAnswer,
                _ => Kind::NoAnswer,
            };
        };
        let message = message.to_ascii_lowercase();
        if message.contains("streaming buffer") {
            return Kind::StreamingBuffer;
        }
        if waits_for_others(reason, &message) {
            return Kind::Transient;
        }
        if let Some((kind, _)) = by_sentence(&message) {
            return kind;
        }
        match (*status, reason.as_str()) {
            // Has been observed with status 500.
            (_, "bytesBilledLimitExceeded") => Kind::CostLimit,
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
            (401, _)
            | (
                _,
                "accessDenied"
                | "accessNotConfigured"
                | "authError"
                | "billingNotEnabled"
                | "forbidden",
            ) => Kind::AccessDenied,
            (404, _) | (_, "notFound") => Kind::NotFound,
            _ if names_no_column(&message) => Kind::NotFound,
            _ => Kind::Refused,
        }
    }

    /// The error for people, with a fix, and without tokens from the response.
    pub fn error(&self) -> Error {
        let kind = self.kind();
        match self {
            Self::Lost(what) => Error::new(kind, format!("no answer from BigQuery: {}", without_tokens(what))),
            Self::Token(failure) => Error::new(kind, &failure.said).help(&failure.help),
            Self::Unsent(what) => Error::new(kind, format!("cannot call BigQuery: {}", without_tokens(what))),
            Self::Unreadable(what) => Error::new(kind, format!("BigQuery's answer cannot be read: {}", without_tokens(what)))
                .help("a proxy, or another server than BigQuery, may have answered; look at `endpoint` if there is one"),
            Self::Refused { status, reason, message } => {
                let said = match (message.trim(), reason.as_str()) {
                    ("", "") => format!("BigQuery answered with status {status}"),
                    ("", reason) => format!("BigQuery says {reason}"),
                    (message, "") => format!("BigQuery says: {message}"),
                    (message, reason) => format!("BigQuery says {reason}: {message}"),
                };
                let said = without_tokens(&said);
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
            // The client's other errors occur before anything is sent.
            error => Self::Unsent(chain(&error)),
        }
    }
}

/// The error with its causes, which the client's own messages omit.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: i64, reason: &str, message: &str) -> Failure {
        Failure::Refused { status, reason: reason.into(), message: message.into() }
    }

    const OUTSTANDING: &str = "Resources exceeded during query execution: Too many DML statements \
        outstanding against table demo:d.t, limit is 20.";
    const PERIMETER: &str = "VPC Service Controls: Request is prohibited by organization's policy. \
        vpcServiceControlsUniqueIdentifier: abc";

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
            (refused(0, "resourcesExceeded", OUTSTANDING), Kind::Transient),
            (
                refused(0, "invalidQuery", "DML statement has been queued for too long"),
                Kind::Transient,
            ),
            (
                refused(403, "quotaExceeded", "exceeded quota for concurrent queries"),
                Kind::Transient,
            ),
            (refused(0, "resourcesExceeded", "allotted memory"), Kind::Refused),
            (refused(0, "timeout", "Operation timed out after 0.3 hours"), Kind::Refused),
            (refused(403, "policyViolation", PERIMETER), Kind::AccessDenied),
            (refused(0, "bytesBilledLimitExceeded", ""), Kind::CostLimit),
            (refused(500, "bytesBilledLimitExceeded", ""), Kind::CostLimit),
            (refused(403, "accessDenied", ""), Kind::AccessDenied),
            (refused(401, "UNAUTHENTICATED", ""), Kind::AccessDenied),
            (refused(404, "notFound", ""), Kind::NotFound),
            (refused(0, "notFound", ""), Kind::NotFound),
            (refused(400, "invalidQuery", "Unrecognized name: idd at [3:5]"), Kind::NotFound),
            (refused(400, "invalidQuery", "Syntax error"), Kind::Refused),
            (refused(403, "quotaExceeded", ""), Kind::Refused),
            (refused(0, "stopped", ""), Kind::Refused),
            (Failure::Lost("reset".into()), Kind::NoAnswer),
            (Failure::Unsent("none".into()), Kind::Refused),
            (Failure::Unreadable("no JSON".into()), Kind::UnexpectedAnswer),
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
