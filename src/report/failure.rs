//! Failures, in JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;

/// A failure, in JSON.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Failure {
    /// Its code, as in docs/errors.md.
    code: &'static str,
    /// What is wrong.
    message: String,
    /// The file, line and column.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// What else is to be known, and what failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            code: error.kind().code(),
            message: error.headline(),
            place: error.place().map(ToString::to_string),
            notes: error.notes(),
            help: error.remedy().map(str::to_owned),
        }
    }
}
