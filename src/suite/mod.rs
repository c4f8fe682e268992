//! Unit tests of SQL: given rows, a step, and what is expected of it, on the embedded warehouse.

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
    /// The file that it stands in.
    pub file: String,
    /// What it is about.
    pub name: String,
    /// The rule.
    pub rule: RuleName,
    /// What is run.
    pub act: Act,
    /// The time of the run.
    pub now: Timestamp,
    /// The dates.
    pub window: Window,
    /// Template variables.
    pub vars: Vec<VarArg>,
    /// Rows that can be touched; one value for each column of the rule.
    pub rows: Vec<Vec<SqlValue>>,
    /// Rows in the streaming buffer.
    pub streamed: Vec<Vec<SqlValue>>,
    /// Rows of the rule's first staging table; the others are empty.
    pub staged: Vec<Vec<SqlValue>>,
    /// What must come of it.
    pub expected: Expected,
}

/// What a test runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The whole plan.
    Apply,
    /// One step by itself.
    Step(StepName),
}

/// What must come of it; `None` is not looked at.
#[derive(Debug, Clone)]
pub struct Expected {
    /// What a query returns, or what the table holds afterwards: only the columns that are named
    /// here, in any order.
    pub rows: Option<Vec<Vec<(String, toml::Value)>>>,
    /// The columns of the rule whose values are written as JSON.
    pub nested: Vec<Ident>,
    /// Figures over all dates.
    pub counts: Option<Vec<(Figure, u64)>>,
    /// Part of what goes wrong.
    pub error: Option<String>,
}

/// A figure that a test may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Active rows, before anything was deactivated.
    Active,
    /// Keys.
    Keys,
    /// Superseded rows.
    Duplicates,
    /// Superseded rows that cannot be touched yet.
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

/// What came of a test: nothing, or what is not as expected, for people to read.
pub type Verdict = Result<(), String>;
