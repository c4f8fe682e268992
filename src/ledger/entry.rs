//! An entry of the ledger.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{Detail, RunId};
use crate::error::Kind;
use crate::googlesql::TableName;
use crate::rule::RuleName;
use crate::statement::{Fingerprint, StepName};
use crate::warehouse::{JobId, Usage};
use crate::window::Window;

/// The outcome of an entry's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// About to be sent. Written before the statement is.
    Started,
    /// Completed. Written after the response.
    Done {
        /// Rows changed by a mutation, or returned by a query; `None` if the warehouse does not say.
        affected: Option<u64>,
    },
    /// Refused or failed; it changed nothing.
    Failed {
        /// The kind of failure.
        kind: Kind,
        /// The failure, for people.
        message: String,
    },
    /// No response came. The next run looks up the outcome.
    Unknown {
        /// The failure, for people.
        message: String,
    },
}

impl Outcome {
    /// Completed, with this many rows.
    pub fn done(affected: u64) -> Self {
        Self::Done { affected: Some(affected) }
    }

    /// The outcome as a word, as in the ledger's table.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether the statement was executed.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Whether the statement failed, and changed nothing.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// Whether the statement's outcome is not known yet.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Started | Self::Unknown { .. })
    }

    /// Rows changed or returned; `None` unless done, or if the warehouse does not say.
    pub fn affected(&self) -> Option<u64> {
        match self {
            Self::Done { affected } => *affected,
            _ => None,
        }
    }

    /// The kind of failure.
    pub fn error_kind(&self) -> Option<Kind> {
        match self {
            Self::Failed { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    /// The failure, for people.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Failed { message, .. } | Self::Unknown { message } => Some(message),
            _ => None,
        }
    }
}

/// An entry of the ledger. A completed statement has two: `started`, then `done` or `failed`, with the same
/// run and sequence. If no response came, `unknown` comes between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The run.
    pub run: RunId,
    /// The statement's position in the run, from 1.
    pub sequence: u32,
    /// The rule.
    pub rule: RuleName,
    /// The rule's table when the statement was sent.
    pub table: TableName,
    /// The statement's dates.
    pub window: Window,
    /// The statement's step.
    pub step: StepName,
    /// The statement's job id in the warehouse.
    pub job: JobId,
    /// SHA-256 of `sql`.
    pub fingerprint: Fingerprint,
    /// The text that was sent.
    pub sql: String,
    /// The cutoff parameter of the statement.
    pub cutoff: Option<Timestamp>,
    /// Every query parameter of the statement, for people who rerun it. The program does not read them.
    pub parameters: Map<String, Json>,
    /// The template variables used to render it, as literals.
    pub vars: BTreeMap<String, String>,
    /// The outcome as of this entry.
    pub outcome: Outcome,
    /// Further details, by step.
    pub detail: Option<Detail>,
    /// The resources that the statement used, as reported by the warehouse.
    pub usage: Usage,
    /// When this entry was written.
    pub at: Timestamp,
    /// The time set with `--now`.
    pub rehearsed_at: Option<Timestamp>,
    /// The run that looked up the outcome, if the statement's own process exited before knowing it.
    pub recovered_by: Option<RunId>,
    /// The version of onerow that wrote it.
    pub version: String,
    /// The user and host that ran it.
    pub who: String,
}

impl Entry {
    /// The statement's name in messages: `deactivate of 2026-01-28`.
    pub fn title(&self) -> String {
        format!("{} of {}", self.step, self.window)
    }

    /// The failure, or how the outcome was found: a sentence for people.
    pub fn remark(&self) -> Option<String> {
        let recovered = self.recovered_by.as_ref().map(|run| {
            let what = match self.outcome.is_done() {
                true => "the statement had completed",
                false => "the statement had changed nothing",
            };
            format!("the process exited before the response arrived; run {run} found that {what}")
        });
        recovered.or_else(|| self.outcome.message().map(str::to_owned))
    }

    /// The run whose rows the statement restored, and the job that recorded them.
    pub fn restores(&self) -> Option<(&RunId, &str)> {
        match (&self.detail, &self.outcome) {
            (_, Outcome::Done { affected: Some(0) }) => None,
            (Some(Detail::Undo { run, record, .. }), Outcome::Done { .. }) => Some((run, record)),
            _ => None,
        }
    }

    /// Whether both are about one statement.
    pub fn is_about_same(&self, other: &Self) -> bool {
        (&self.run, self.sequence) == (&other.run, other.sequence)
    }
}

/// The last entry of each statement, in the order in which they began. Entries are sorted oldest first, as in
/// a ledger.
pub fn latest(entries: &[Entry]) -> Vec<&Entry> {
    let mut latest: IndexMap<(&RunId, u32), &Entry> = IndexMap::new();
    for entry in entries {
        latest.insert((&entry.run, entry.sequence), entry);
    }
    latest.into_values().collect()
}

/// The entries, sorted by time, with each statement's `started` before its outcome even if the clock was set
/// back.
pub(crate) fn beginnings_first(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut places: IndexMap<(RunId, u32), Vec<usize>> = IndexMap::new();
    for (place, entry) in entries.iter().enumerate() {
        places.entry((entry.run.clone(), entry.sequence)).or_default().push(place);
    }
    for places in places.values() {
        let mut of_one: Vec<Entry> = places.iter().map(|place| entries[*place].clone()).collect();
        of_one.sort_by_key(|entry| match entry.outcome {
            Outcome::Started => 0,
            Outcome::Unknown { .. } => 1,
            Outcome::Done { .. } | Outcome::Failed { .. } => 2,
        });
        for (place, entry) in places.iter().zip(of_one) {
            entries[*place] = entry;
        }
    }
    entries
}
