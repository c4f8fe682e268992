//! One line of the ledger.

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

/// What an entry says of its statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// About to be sent. Written before the statement is.
    Started,
    /// Answered. Written after the answer.
    Done {
        /// Rows changed by a mutation, or returned by a query; `None` where the warehouse does not say.
        affected: Option<u64>,
    },
    /// Refused or failed; it changed nothing.
    Failed {
        /// What sort of failure it was.
        kind: Kind,
        /// What went wrong, for people.
        message: String,
    },
    /// No answer came. The next run finds out what became of it.
    Unknown {
        /// What went wrong, for people.
        message: String,
    },
}

impl Outcome {
    /// Done, with so many rows.
    pub fn done(affected: u64) -> Self {
        Self::Done { affected: Some(affected) }
    }

    /// The outcome as one word, as the ledger's table has it.
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

    /// Whether it is not known what becomes of the statement.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Started | Self::Unknown { .. })
    }

    /// Rows changed or returned; `None` unless done, and where the warehouse does not say.
    pub fn affected(&self) -> Option<u64> {
        match self {
            Self::Done { affected } => *affected,
            _ => None,
        }
    }

    /// What sort of failure it was.
    pub fn error_kind(&self) -> Option<Kind> {
        match self {
            Self::Failed { kind, .. } => Some(*kind),
            _ => None,
        }
    }

    /// What went wrong, for people.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Failed { message, .. } | Self::Unknown { message } => Some(message),
            _ => None,
        }
    }
}

/// One line of the ledger. A statement that ran to its end has two: `started`, then `done` or
/// `failed`, with the same run and sequence. Where no answer came there is `unknown` between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The run.
    pub run: RunId,
    /// The statement's place in the run, from 1.
    pub sequence: u32,
    /// The rule.
    pub rule: RuleName,
    /// The rule's table when the statement was sent.
    pub table: TableName,
    /// The statement's dates.
    pub window: Window,
    /// What the statement is for.
    pub step: StepName,
    /// The id under which the warehouse knows the statement.
    pub job: JobId,
    /// SHA-256 of `sql`.
    pub fingerprint: Fingerprint,
    /// The text that was sent.
    pub sql: String,
    /// The cutoff that it was sent with.
    pub cutoff: Option<Timestamp>,
    /// Every query parameter that it was sent with, for people who send it again. The program reads
    /// none of it.
    pub parameters: Map<String, Json>,
    /// The template variables that it was rendered with, as literals.
    pub vars: BTreeMap<String, String>,
    /// What this entry says.
    pub outcome: Outcome,
    /// What is to be known of it beyond that, by step.
    pub detail: Option<Detail>,
    /// What the statement used, as far as the warehouse says so.
    pub usage: Usage,
    /// When this entry was written.
    pub at: Timestamp,
    /// The time that the run was told to take for now, with `--now`.
    pub rehearsed_at: Option<Timestamp>,
    /// The run that found the outcome out, where the process of the statement's own run had exited
    /// before it knew.
    pub recovered_by: Option<RunId>,
    /// The version of onerow that wrote it.
    pub version: String,
    /// Who ran it: user and host.
    pub who: String,
}

impl Entry {
    /// How messages name its statement: `deactivate of 2026-01-28`.
    pub fn title(&self) -> String {
        format!("{} of {}", self.step, self.window)
    }

    /// What went wrong, or how the outcome was found out: a sentence for people.
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

    /// The run of which the statement has restored rows, and the job that had recorded them.
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

/// The last entry of each statement, in the order in which they were begun. Entries are oldest
/// first, as a ledger gives them.
pub fn latest(entries: &[Entry]) -> Vec<&Entry> {
    let mut latest: IndexMap<(&RunId, u32), &Entry> = IndexMap::new();
    for entry in entries {
        latest.insert((&entry.run, entry.sequence), entry);
    }
    latest.into_values().collect()
}

/// The same entries, where they are ordered by their times, with each statement's beginning before its
/// outcome also where the clock was set back in between.
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
