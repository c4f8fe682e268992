//! How the partitions of a table stand, by the warehouse's own books.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::window::Day;

/// How a partition stands: where two stamps of it are equal, nothing is known to have been written in between.
///
/// Equal, and not 'no newer': after rows are deleted the time can go back, and rows that leave the streaming buffer
/// can bring the time at which they were streamed.
/// Source: <https://cloud.google.com/bigquery/docs/information-schema-partitions>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// When it was written last.
    pub modified: Timestamp,
    /// Its rows, those in the streaming buffer left out; `None` where the warehouse does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Its logical size; `None` where the warehouse does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl Stamp {
    /// How both stand together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
        Self {
            modified: self.modified.max(other.modified),
            rows: sum(self.rows, other.rows),
            bytes: sum(self.bytes, other.bytes),
        }
    }
}

/// How the partitions of dates stand.
pub type Stamps = BTreeMap<Day, Stamp>;

/// How the partitions of a plan's dates stood before anything was asked, where that was looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// In the rule's table.
    pub table: Stamps,
    /// In its staging tables, all of them together.
    pub staging: Stamps,
}

/// A partition of a table, as the warehouse calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionId {
    /// The table is not cut into partitions.
    Table,
    /// The rows whose partition column is NULL.
    Null,
    /// Rows that belong to no partition: they wait in the streaming buffer, or their values are out of range.
    Outside,
    /// BigQuery's name of it: `2026`, `202601`, `20260128`, `2026012807`, or the first number of a range.
    Named(String),
    /// The rows of a date of the rule.
    Day(Day),
}

/// A partition, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    /// Which one.
    pub id: PartitionId,
    /// How it stands.
    pub stamp: Stamp,
}
