//! What keeps the rows that a statement takes out or brings back.

use super::SqlType;
use crate::check::Checked;

/// The columns of an audit table, in order.
pub(crate) const COLUMNS: [(&str, SqlType); 9] = [
    ("run_id", SqlType::String),
    ("job_id", SqlType::String),
    ("rule", SqlType::String),
    ("table_name", SqlType::String),
    ("step", SqlType::String),
    ("date", SqlType::Date),
    ("row_id", SqlType::String),
    ("state", SqlType::String),
    ("undone", SqlType::String),
];

/// The name by which a statement knows the rows as they were before a run.
pub(crate) const GONE: &str = "onerow_gone";

/// The audit of a statement: both happen, or neither.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    /// Keeps the rows that the statement takes out or brings back.
    pub keeps: &'a Checked,
    /// The rows as they were before the run that is undone, where the statement reads them.
    pub gone: Option<&'a Checked>,
}

impl<'a> Audit<'a> {
    /// An audit of a statement that reads the table as it is.
    pub fn of(keeps: &'a Checked) -> Self {
        Self { keeps, gone: None }
    }
}
