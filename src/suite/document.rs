//! A parsed test file, with the place of every value.

use indexmap::IndexMap;
use serde::Deserialize;
use toml::{Spanned, Value};

/// A row: values by column.
pub(super) type Row = IndexMap<Spanned<String>, Spanned<Value>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The default rule of the tests.
    pub rule: Option<Spanned<String>>,
    /// The default time of the tests.
    pub now: Option<Spanned<String>>,
    /// Default values of given rows.
    #[serde(default)]
    pub defaults: Row,
    #[serde(default)]
    pub test: Vec<TestSection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestSection {
    pub name: Spanned<String>,
    pub rule: Option<Spanned<String>>,
    /// `apply`, or a single step.
    pub step: Option<Spanned<String>>,
    pub now: Option<Spanned<String>>,
    /// The dates; by default those of the given rows.
    pub dates: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub vars: IndexMap<Spanned<String>, Spanned<Value>>,
    #[serde(default)]
    pub rows: Vec<Row>,
    /// Data files with further rows, below the project's folder.
    #[serde(default)]
    pub files: Vec<Spanned<String>>,
    /// Rows in the streaming buffer.
    #[serde(default)]
    pub streamed: Vec<Row>,
    /// Rows of the rule's first staging table; the others are empty.
    pub staged: Option<Spanned<Vec<Row>>>,
    pub expect: Spanned<ExpectSection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectSection {
    /// The rows that a query returns; otherwise the table's rows afterwards.
    pub rows: Option<Vec<Row>>,
    /// Counts over all dates, as `status` and `apply` print them.
    pub counts: Option<IndexMap<Spanned<String>, u64>>,
    /// A part of the error message.
    pub error: Option<String>,
}
