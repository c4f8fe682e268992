//! Comparing rules with the real tables: one line per check, with a fix where one is needed. Read-only.

mod connection;
mod kept;
mod kind;
mod partition;
mod table;
mod webhook;

use std::fmt;

use crate::error::Error;
use crate::rule::RuleName;
use crate::statement::StepName;

pub use connection::connection;
pub use kept::kept;
pub use table::table;
pub use webhook::webhook;

/// The subject of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Credentials, and the permission to run jobs.
    Credentials,
    /// The machine's clock against the warehouse's.
    Clock,
    /// The ledger.
    Ledger,
    /// The table and its location.
    Table,
    /// The kind of table.
    TableType,
    /// The rule's columns and their types.
    Columns,
    /// The partition column.
    Partition,
    /// Whether queries must filter by partition.
    PartitionFilter,
    /// The declared primary key.
    PrimaryKey,
    /// Columns that compare text by a collation.
    Collation,
    /// Columns whose values BigQuery generates.
    Generated,
    /// Expirations of tables and partitions.
    Expiry,
    /// The storage price.
    Storage,
    /// How long a run can be undone.
    Undo,
    /// The streaming buffer.
    StreamingBuffer,
    /// Whether the rule's statements are permitted and valid.
    Statements,
    /// Rows that are not counted as duplicates on any date, but need attention.
    Rows,
    /// Whether row ids are unique and not NULL.
    RowId,
    /// Whether a webhook's address is set and well-formed.
    Webhook,
}

impl Topic {
    /// The topic in one or two words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Clock => "clock",
            Self::Rows => "rows",
            Self::Ledger => "ledger",
            Self::Table => "table",
            Self::TableType => "table type",
            Self::PrimaryKey => "primary key",
            Self::Collation => "collation",
            Self::Generated => "generated columns",
            Self::Expiry => "expiry",
            Self::Storage => "storage",
            Self::Undo => "undo",
            Self::Columns => "columns",
            Self::Partition => "partition",
            Self::PartitionFilter => "partition filter",
            Self::StreamingBuffer => "streaming buffer",
            Self::Statements => "statements",
            Self::RowId => "row id",
            Self::Webhook => "webhook",
        }
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// In order.
    Good,
    /// It works, but could be improved.
    Advice,
    /// A run would fail or do harm.
    Bad,
    /// Not checked, or not applicable.
    Skipped,
}

impl Verdict {
    /// The verdict as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Advice => "advice",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The checked rule; `None` if it is about all rules.
    pub rule: Option<RuleName>,
    /// The subject.
    pub topic: Topic,
    /// The result.
    pub verdict: Verdict,
    /// What was found.
    pub seen: String,
    /// How to fix it.
    pub remedy: Option<String>,
}

/// The lines so far.
struct Lines {
    rule: Option<RuleName>,
    lines: Vec<Line>,
}

impl Lines {
    fn about(rule: Option<&RuleName>) -> Self {
        Self { rule: rule.cloned(), lines: Vec::new() }
    }

    fn add(&mut self, topic: Topic, verdict: Verdict, seen: String, remedy: Option<String>) {
        let rule = self.rule.clone();
        self.lines.push(Line { rule, topic, verdict, seen, remedy });
    }

    fn good(&mut self, topic: Topic, seen: impl Into<String>) {
        self.add(topic, Verdict::Good, seen.into(), None);
    }

    fn skipped(&mut self, topic: Topic, seen: impl Into<String>) {
        self.add(topic, Verdict::Skipped, seen.into(), None);
    }

    fn advice(&mut self, topic: Topic, seen: impl Into<String>, remedy: impl Into<String>) {
        self.add(topic, Verdict::Advice, seen.into(), Some(remedy.into()));
    }

    fn bad(&mut self, topic: Topic, seen: impl Into<String>, remedy: impl Into<String>) {
        self.add(topic, Verdict::Bad, seen.into(), Some(remedy.into()));
    }

    fn failed(&mut self, topic: Topic, error: &Error) {
        let remedy = error.remedy().map(str::to_owned);
        self.add(topic, Verdict::Bad, error.headline(), remedy);
    }

    fn failed_at(&mut self, topic: Topic, step: &StepName, error: &Error) {
        let remedy = error.remedy().map(str::to_owned);
        self.add(topic, Verdict::Bad, format!("{step}: {}", error.headline()), remedy);
    }
}
