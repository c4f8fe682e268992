//! What detect and verify, and staged, count of one date.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::rule::Strategy;

/// The figures of one date, as of the cutoff with which they were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All rows, active or not.
    pub total: u64,
    /// Active rows.
    pub active: u64,
    /// Keys that have an active row.
    pub keys: u64,
    /// Superseded rows, settled or buffered: `active - keys`.
    pub duplicates: u64,
    /// Superseded rows that DML cannot touch yet.
    pub buffered: u64,
    /// Active rows whose row id is NULL or shared with another active row of the date.
    pub shared_ids: u64,
    /// Active rows that DML may touch.
    pub settled: u64,
    /// Keys that have rows and no active one.
    pub keyless: u64,
    /// Rows whose active flag is NULL: nobody says whether they are active, and they count as not.
    pub unflagged: u64,
}

impl Counts {
    /// Superseded rows that DML may touch.
    pub fn settled_duplicates(self) -> u64 {
        self.duplicates.saturating_sub(self.buffered)
    }

    /// Whether the date is to be cleaned, and can be: settled superseded rows, no shared ids. A rewrite
    /// waits until no superseded row is buffered, so that a date is rewritten once.
    pub fn calls_for(self, strategy: Strategy) -> bool {
        let waits = strategy == Strategy::Rewrite && self.buffered > 0;
        self.settled_duplicates() > 0 && self.shared_ids == 0 && !waits
    }

    /// Whether the figures do not contradict each other. Where survivors are put together, a superseded row that
    /// is settled is buffered too as long as another row of its key is.
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

    /// The same date when none of its rows can be touched.
    #[must_use]
    pub fn all_buffered(self) -> Self {
        Self { buffered: self.duplicates, settled: 0, ..self }
    }

    /// The same date before `deactivated` of its superseded rows were deactivated.
    #[must_use]
    pub fn before(self, deactivated: u64) -> Self {
        Self {
            // A row that was deleted is not among the rows that are left.
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

/// What is staged for one date, as of the cutoff with which they were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staged {
    /// Rows in the staging tables that take part: active ones, and deletion markers.
    pub staged: u64,
    /// Active rows in the table.
    pub active: u64,
    /// Keys that the table does not have yet.
    pub inserts: u64,
    /// Rows of the table that a staged one would give other values.
    pub updates: u64,
    /// Rows of the table that a deletion marker would deactivate or delete.
    pub deletes: u64,
    /// Rows to update or to delete, where DML cannot touch a row of their key yet.
    pub buffered: u64,
    /// Rows in the staging tables that take no part: inactive ones, and deletion markers whose place in
    /// the keep order is not known.
    pub left_out: u64,
}

impl Staged {
    /// How many rows a MERGE would change now.
    pub fn changes(self) -> u64 {
        self.inserts + self.updates + self.deletes
    }

    /// The fewest active rows that the table has once this is merged.
    pub(crate) fn active_after(self) -> u64 {
        (self.active + self.inserts).saturating_sub(self.deletes)
    }
}
