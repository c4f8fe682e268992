//! Problem documents: the responses to failed requests, with a code and no internal details.
//! <https://www.rfc-editor.org/rfc/rfc9457>

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::{RunOfAnswer, limits};
use crate::error::{Error, Kind, Result};
use crate::run::{Report, RunId, Status};

/// The header of a response that requires a key.
pub(super) const SEND_A_KEY: (HeaderName, &str) =
    (header::WWW_AUTHENTICATE, "Bearer realm=\"onerow\"");

/// What sort of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// The body is not JSON, or the request is not one of HTTP.
    InvalidJson,
    /// The request says something twice that it may say once, or lacks a host.
    MalformedRequest,
    /// A field is unknown, missing or not what it should be.
    InvalidRequest,
    /// No key, or one that the service does not know.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// There is nothing at this address.
    NotFound,
    /// The address does not know this method.
    MethodNotAllowed,
    /// The request took too long to arrive.
    RequestTimeout,
    /// A run of the same rule and date is under way.
    RunUnderWay,
    /// Another process works on the table.
    TableLocked,
    /// The body is too large.
    BodyTooLarge,
    /// Too many requests without a key, or too many tries to sign in with a wrong one.
    TooManyRequests,
    /// The body is not declared as JSON, or that of a form as a form.
    UnsupportedMediaType,
    /// The rule, its tables or its templates are not fit to run.
    RuleNotReady,
    /// Rows share a row id or have none; their dates were left alone.
    SharedIds,
    /// Duplicates arrived during the run and are still active.
    DuplicatesLeft,
    /// Keys have rows and no active one, which the rule makes a failure.
    Keyless,
    /// The run would read more than the rule file allows.
    CostLimit,
    /// Something went wrong; the log says what.
    Internal,
    /// The service is busy, or about to stop.
    Unavailable,
    /// The warehouse did not answer.
    WarehouseUnavailable,
    /// The run takes longer than a request may; it goes on.
    RunGoesOn,
}

impl Code {
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidJson | Self::MalformedRequest => StatusCode::BAD_REQUEST,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::InvalidRequest => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::RunUnderWay | Self::TableLocked => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RuleNotReady
            | Self::SharedIds
            | Self::DuplicatesLeft
            | Self::Keyless
            | Self::CostLimit
            | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::WarehouseUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::RunGoesOn => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::InvalidJson => "The body is not JSON",
            Self::MalformedRequest => "The request can be read in more than one way",
            Self::TooManyRequests => "Too many requests without a valid key",
            Self::InvalidRequest => "The request asks for something that does not make sense",
            Self::Unauthorized => "No key, or an unknown one",
            Self::Forbidden => "That is not allowed here",
            Self::NotFound => "There is nothing at this address",
            Self::MethodNotAllowed => "The address does not know this method",
            Self::RequestTimeout => "The request took too long to arrive",
            Self::RunUnderWay => "A run of this rule and date is under way",
            Self::TableLocked => "Another onerow process works on the table",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body is not declared as what it should be",
            Self::RuleNotReady => "The rule, its tables or its templates are not fit to run",
            Self::SharedIds => "Rows share a row id or have none; their dates were left alone",
            Self::DuplicatesLeft => "Duplicates are still active after the run",
            Self::Keyless => "Keys have rows and no active one",
            Self::CostLimit => "The run would read more than the rule file allows",
            Self::Internal => "Something went wrong",
            Self::Unavailable => "The service is busy, or about to stop",
            Self::WarehouseUnavailable => "The warehouse did not answer",
            Self::RunGoesOn => "The run takes longer than a request may; it goes on",
        }
    }

    /// The failure of a run, for callers. The log has the details.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::Locked => Self::TableLocked,
            Kind::Interrupted => Self::Unavailable,
            Kind::Transient | Kind::Unavailable | Kind::NoAnswer => Self::WarehouseUnavailable,
            Kind::RuleFile
            | Kind::Template
            | Kind::TemplateLimit
            | Kind::Link
            | Kind::Findings
            | Kind::Unsupported
            | Kind::NotFound => Self::RuleNotReady,
            Kind::CostLimit => Self::CostLimit,
            Kind::SharedIds => Self::SharedIds,
            Kind::DuplicatesLeft => Self::DuplicatesLeft,
            Kind::Keyless => Self::Keyless,
            _ => Self::Internal,
        }
    }

    /// The failures of a run with a report, each kind once.
    pub fn of_report(report: &Report) -> Vec<Self> {
        let mut codes: Vec<Self> = Vec::new();
        // A dry run has no failures.
        let shared_ids = report.has(Status::SharedIds).then_some(Self::SharedIds);
        for code in report.problems.iter().map(Self::of).chain(shared_ids) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }
}

/// A problem document.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the code says more.
    r#type: &'static str,
    /// The same for each problem of this code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What sort of problem it is.
    code: Code,
    /// What is wrong with this request, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The run that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    run_id: Option<RunId>,
    #[serde(skip)]
    #[schemars(skip)]
    retry_after: Option<Duration>,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        let retry_after = match code {
            Code::Unavailable
            | Code::WarehouseUnavailable
            | Code::TableLocked
            | Code::RunUnderWay => Some(limits::BUSY),
            Code::TooManyRequests => Some(limits::TRIES_AGAIN),
            _ => None,
        };
        Self {
            r#type: "about:blank",
            title: code.title(),
            status: code.status().as_u16(),
            code,
            detail: None,
            run_id: None,
            retry_after,
        }
    }

    /// Adds the problem of this request. Must not contain internal details.
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Adds the run.
    pub fn run(self, run: &RunId) -> Self {
        Self { run_id: Some(run.clone()), ..self }
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    pub fn title(&self) -> &'static str {
        self.title
    }

    /// The problem of this request, for people.
    pub fn sentence(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The run.
    pub fn run_id(&self) -> Option<&RunId> {
        self.run_id.as_ref()
    }

    /// The reason why a run failed, if it did.
    pub fn of_end(ran: &Result<Report>) -> Option<Self> {
        match ran {
            Err(error) => Some(Self::of_run(error)),
            Ok(report) => report.problems.first().map(Self::of_run),
        }
    }

    /// The failure of a run, for the caller that started it.
    pub fn of_run(error: &Error) -> Self {
        let problem = Self::new(Code::of(error));
        match error.kind() {
            Kind::Interrupted => problem.detail(
                "the service is about to stop, and the run was stopped safely; the next run continues",
            ),
            _ => problem,
        }
    }

    /// A problem of the request's own values. Other errors are reported by code only.
    pub fn of(error: &Error) -> Self {
        match error.kind() {
            kind if kind.is_usage() => {
                let help = error.remedy().map(|help| format!("; {help}")).unwrap_or_default();
                Self::new(Code::InvalidRequest).detail(format!("{}{help}", error.headline()))
            }
            _ => Self::new(Code::of(error)),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        if let Some(run) = &self.run_id {
            response.extensions_mut().insert(RunOfAnswer(run.to_string()));
        }
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, after.as_secs().into());
        }
        if self.code == Code::Unauthorized {
            let (name, bearer) = SEND_A_KEY;
            headers.insert(name, HeaderValue::from_static(bearer));
        }
        response.extensions_mut().insert(self);
        response
    }
}
