//! The counts of one date by detect, verify and staged.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::rule::Strategy;

/// The counts of one date, as of their cutoff.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All rows, active or not.
    pub total: u64,
    /// Active rows.
    pub active: u64,
    /// Keys that have an active row.
    pub keys: u64,
    /// Duplicates, settled or buffered: `active - keys`.
    pub duplicates: u64,
    /// Duplicates that DML cannot touch yet.
    pub buffered: u64,
    /// Active rows whose row id is NULL, or shared with another active row of the date.
    pub shared_ids: u64,
    /// Active rows that DML may touch.
    pub settled: u64,
    /// Keys that have rows but no active row.
    pub keyless: u64,
    /// Rows whose active flag is NULL; they count as inactive.
    pub unflagged: u64,
}

impl Counts {
    /// Duplicates that DML may touch.
    pub fn settled_duplicates(self) -> u64 {
        self.duplicates.saturating_sub(self.buffered)
    }

    /// Whether the date needs cleaning and can be cleaned: it has settled duplicates and no shared ids.
    /// A rewrite waits until no duplicate is buffered, so that a date is rewritten once.
    pub fn calls_for(self, strategy: Strategy) -> bool {
        let waits = strategy == Strategy::Rewrite && self.buffered > 0;
        self.settled_duplicates() > 0 && self.shared_ids == 0 && !waits
    }

    /// Whether the counts are consistent. If survivors are merged, a settled duplicate counts as
    /// buffered while another row of its key is.
    pub(crate) fn add_up(self, waits_by_key: bool) -> bool {
        let waiting = if waits_by_key { 0 } else { self.buffered };
        self.active == self.keys + self.duplicates
            && self.buffered <= self.duplicates
            && self.duplicates - self.buffered <= self.settled
            && waiting + self.settled <= self.active
            && self.shared_ids <= self.active
            && self.active <= self.total
            && self.keyless <= self.total - self.active
            && self.unflagged <= self.total - self.active
    }

    /// The counts if none of the date's rows can be touched.
    #[must_use]
    pub fn all_buffered(self) -> Self {
        Self { buffered: self.duplicates, settled: 0, ..self }
    }

    /// The counts before `deactivated` duplicates were deactivated.
    #[must_use]
    pub fn before(self, deactivated: u64) -> Self {
        Self {
            // A deleted row is not among the remaining rows.
            total: self.total.max(self.active + deactivated),
            active: self.active + deactivated,
            duplicates: self.duplicates + deactivated,
            settled: self.settled + deactivated,
            ..self
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.total += other.total;
        self.active += other.active;
        self.keys += other.keys;
        self.duplicates += other.duplicates;
        self.buffered += other.buffered;
        self.shared_ids += other.shared_ids;
        self.settled += other.settled;
        self.keyless += other.keyless;
        self.unflagged += other.unflagged;
    }
}

/// The staged rows of one date, as of their cutoff.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staged {
    /// Rows in the staging tables to merge: active rows and deletion markers.
    pub staged: u64,
    /// Active rows in the table.
    pub active: u64,
    /// Keys that the table does not have yet.
    pub inserts: u64,
    /// Rows of the table whose values a staged row would change.
    pub updates: u64,
    /// Rows of the table that a deletion marker would deactivate or delete.
    pub deletes: u64,
    /// Rows to update or delete whose key has a row that DML cannot touch yet.
    pub buffered: u64,
    /// Rows in the staging tables that are not merged: inactive ones, and deletion markers whose rank is
    /// unknown.
    pub left_out: u64,
}

impl Staged {
    /// The number of rows that a MERGE would change now.
    pub fn changes(self) -> u64 {
        self.inserts + self.updates + self.deletes
    }

    /// The fewest active rows that the table can have after the merge.
    pub(crate) fn active_after(self) -> u64 {
        (self.active + self.inserts).saturating_sub(self.deletes)
    }
}
