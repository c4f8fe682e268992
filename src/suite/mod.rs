//! Unit tests of SQL: given rows, a step, and expected results, on the embedded warehouse.

mod compare;
mod document;
mod read;
mod run;

use jiff::Timestamp;

use crate::googlesql::{Ident, SqlValue};
use crate::rule::{RuleName, VarArg};
use crate::statement::StepName;
use crate::window::Window;

pub use read::read;
pub use run::run;

/// One test.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleName,
    /// The action.
    pub act: Action,
    /// The time of the run.
    pub now: Timestamp,
    /// The dates.
    pub window: Window,
    /// Template variables.
    pub vars: Vec<VarArg>,
    /// Rows that can be changed; one value for each column of the rule.
    pub rows: Vec<Vec<SqlValue>>,
    /// Rows in the streaming buffer.
    pub streamed: Vec<Vec<SqlValue>>,
    /// Rows of the rule's first staging table; the others are empty.
    pub staged: Vec<Vec<SqlValue>>,
    /// The expected result.
    pub expected: Expected,
}

/// The action of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The whole plan.
    Apply,
    /// A single step.
    Step(StepName),
}

/// The expected result; `None` is not compared.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The rows that a query returns, or the table's rows afterwards: only the named columns, in any order.
    pub rows: Option<Vec<Vec<(String, toml::Value)>>>,
    /// The columns of the rule whose values are written as JSON.
    pub nested: Vec<Ident>,
    /// Counts over all dates.
    pub counts: Option<Vec<(Figure, u64)>>,
    /// A part of the error message.
    pub error: Option<String>,
}

/// A count that a test may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Active rows, before anything was deactivated.
    Active,
    /// Keys.
    Keys,
    /// Duplicates.
    Duplicates,
    /// Duplicates that cannot be changed yet.
    Buffered,
    /// Active rows whose row id is NULL or shared.
    SharedIds,
    /// Rows that were deactivated.
    Deactivated,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Keys,
        Self::Duplicates,
        Self::Buffered,
        Self::SharedIds,
        Self::Deactivated,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Keys => "keys",
            Self::Duplicates => "duplicates",
            Self::Buffered => "buffered",
            Self::SharedIds => "shared_ids",
            Self::Deactivated => "deactivated",
        }
    }
}

/// The verdict of a test: success, or the differences for people.
pub type Verdict = Result<(), String>;
