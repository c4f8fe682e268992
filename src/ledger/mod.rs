//! The append-only record of every statement a run sent: before it, and after it.

pub mod bigquery;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod lock;
mod observed;
mod outbox;
mod record;
pub mod sqlite;

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;
use crate::statement::{Fingerprint, StepName};
use crate::warehouse::{JobId, Usage};

pub use observed::{Observed, Observer};

/// What an entry says of its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// About to be sent. Written before the statement is.
    Started,
    /// Answered. Written after the answer.
    Done,
    /// Refused or failed, with the error; it changed nothing.
    Failed,
    /// No answer came, with the error. The next run finds out what became of it.
    Unknown,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        })
    }
}

impl FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "started" => Ok(Self::Started),
            "done" => Ok(Self::Done),
            "failed" => Ok(Self::Failed),
            "unknown" => Ok(Self::Unknown),
            _ => Err(Error::new(Kind::Warehouse, format!("the ledger holds the state `{text}`"))
                .help("it was written by another version of onerow; use that version")),
        }
    }
}

/// One line of the ledger. A statement that ran to its end has two: `started`, then `done` or
/// `failed`, with the same run and sequence. Where no answer came there is `unknown` between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The run's id.
    pub run: String,
    /// The statement's place in the run, from 1.
    pub sequence: u32,
    /// The rule's name.
    pub rule: String,
    /// The statement's dates, as people read them: `2026-01-20 to 2026-01-29`.
    pub dates: String,
    /// What the statement is for.
    pub step: StepName,
    /// The id under which the warehouse knows the statement.
    pub job: JobId,
    /// SHA-256 of `sql`.
    pub fingerprint: Fingerprint,
    /// The text that was sent.
    pub sql: String,
    /// Query parameters and template variables, as JSON.
    pub parameters: serde_json::Value,
    /// What this entry says.
    pub state: State,
    /// Rows changed by a mutation, or returned by a query. `None` unless done, and where the
    /// warehouse does not say.
    pub affected: Option<u64>,
    /// What the statement used, as far as the warehouse says so.
    pub usage: Usage,
    /// When this entry was written.
    pub at: Timestamp,
    /// What a detect or a verify counted, per date: `{"2026-01-28": {"active": 1097, …}}`. `None` of
    /// other steps, and unless done.
    pub figures: Option<serde_json::Value>,
    /// What went wrong, or what the outcome was found out from. `None` when all went well.
    pub error: Option<String>,
    /// The version of onerow that wrote it.
    pub version: String,
    /// Who ran it: user and host.
    pub who: String,
}

/// The last entry of each statement, in the order in which they were begun. Entries are oldest
/// first, as a ledger gives them.
pub fn latest(entries: &[Entry]) -> Vec<&Entry> {
    let mut latest: IndexMap<(&str, u32), &Entry> = IndexMap::new();
    for entry in entries {
        latest.insert((&entry.run, entry.sequence), entry);
    }
    latest.into_values().collect()
}

/// The same entries, where they are ordered by their times, with each statement's beginning before its
/// outcome also where the clock was set back in between.
pub(crate) fn beginnings_first(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut places: IndexMap<(String, u32), Vec<usize>> = IndexMap::new();
    for (place, entry) in entries.iter().enumerate() {
        places.entry((entry.run.clone(), entry.sequence)).or_default().push(place);
    }
    for places in places.values() {
        let mut of_one: Vec<Entry> = places.iter().map(|place| entries[*place].clone()).collect();
        of_one.sort_by_key(|entry| match entry.state {
            State::Started => 0,
            State::Unknown => 1,
            State::Done | State::Failed => 2,
        });
        for (place, entry) in places.iter().zip(of_one) {
            entries[*place] = entry;
        }
    }
    entries
}

/// The right to run against one ledger, for as long as it lives. The system releases it when the
/// process dies, so an entry without an outcome that is seen by the holder is one whose process died.
#[derive(Debug)]
#[must_use = "the claim ends when it is dropped"]
pub struct Claim {
    _lock: Option<std::fs::File>,
}

impl Claim {
    /// A claim that lasts as long as the lock on this file; `None` where nobody else can come.
    pub fn holding(lock: Option<std::fs::File>) -> Self {
        Self { _lock: lock }
    }
}

/// Which entries are asked for. Those for which everything that is given holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Of this run, or of runs whose ids start so.
    pub run: Option<&'a str>,
    /// Of this rule.
    pub rule: Option<&'a str>,
    /// Written at or after this instant, to the second.
    pub since: Option<Timestamp>,
}

impl<'a> Filter<'a> {
    /// The entries of a run, or of runs whose ids start so.
    pub fn run(run: &'a str) -> Self {
        Self { run: Some(run), ..Self::default() }
    }

    /// The entries of the last so many days, of a rule or of all.
    pub fn recent(rule: Option<&'a str>, now: Timestamp, days: u32) -> Self {
        let ago = SignedDuration::from_hours(24 * i64::from(days));
        let since = now.checked_sub(ago).unwrap_or(Timestamp::MIN);
        Self { rule, since: Some(since), run: None }
    }

    /// The entries of a rule.
    pub fn rule(rule: &'a str) -> Self {
        Self { rule: Some(rule), ..Self::default() }
    }
}

/// Where entries are kept. Nothing is ever changed or removed.
pub trait Ledger: Sync {
    /// Writes one entry durably before it returns. Creates the ledger if there is none.
    fn append(&self, entry: &Entry) -> Result<()>;

    /// The entries that are asked for, oldest first. A ledger that does not exist yet has none, and
    /// is not created.
    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>>;

    /// Waits a little for the right to run on this table, then gives up with [`Kind::Locked`]; an
    /// interrupt ends the wait.
    fn claim(&self, table: &TableName, interrupt: &Interrupt) -> Result<Claim>;

    /// The last entries of a rule's statements that have no outcome: their process died, or no
    /// answer came.
    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>>;

    /// Looks whether entries can be written, and says where to. Changes nothing.
    fn examine(&self) -> Result<String>;

    /// Brings entries that wait elsewhere to where the ledger is kept, each once. What cannot be
    /// brought stays where it waits, for the next time.
    fn deliver(&self) -> Result<()> {
        Ok(())
    }
}
