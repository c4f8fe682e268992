//! A file of tests as it is written, with the place of every value.

use indexmap::IndexMap;
use serde::Deserialize;
use toml::{Spanned, Value};

/// A row: values by column.
pub(super) type Row = IndexMap<Spanned<String>, Spanned<Value>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The rule of all tests that name none.
    pub rule: Option<Spanned<String>>,
    /// The time of all tests that give none.
    pub now: Option<Spanned<String>>,
    /// Values of all given rows that have none of their own.
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
    /// `apply`, or a step by itself.
    pub step: Option<Spanned<String>>,
    pub now: Option<Spanned<String>>,
    /// The dates; those of the given rows unless given.
    pub dates: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub vars: IndexMap<Spanned<String>, Spanned<Value>>,
    #[serde(default)]
    pub rows: Vec<Row>,
    /// Data files with more of them, below the project's folder.
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
    /// What a query returns; else what the table holds afterwards.
    pub rows: Option<Vec<Row>>,
    /// Figures over all dates, as `status` and `apply` print them.
    pub counts: Option<IndexMap<Spanned<String>, u64>>,
    /// Part of what goes wrong.
    pub error: Option<String>,
}
