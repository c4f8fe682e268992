//! The state of a table's partitions, from the warehouse's metadata.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::window::Day;

/// The state of a partition: two equal stamps mean that no write in between is known.
///
/// Stamps are compared for equality, not order: after rows are deleted the time can go back, and rows that
/// leave the streaming buffer can set it to the time at which they were streamed.
/// Source: <https://cloud.google.com/bigquery/docs/information-schema-partitions>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The time of the last write.
    pub modified: Timestamp,
    /// Its rows, without those in the streaming buffer; `None` if the warehouse does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Its logical bytes; `None` if the warehouse does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl Stamp {
    /// The combined state of both.
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

/// The state of each date's partition.
pub type Stamps = BTreeMap<Day, Stamp>;

/// The state of the partitions of a plan's dates before any query, if known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// In the rule's table.
    pub table: Stamps,
    /// In its staging tables, combined.
    pub staging: Stamps,
}

/// A partition of a table, as identified by the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionId {
    /// The table is not partitioned.
    Table,
    /// The rows whose partition column is NULL.
    Null,
    /// Rows outside partitions: in the streaming buffer, or with values out of range.
    Outside,
    /// BigQuery's partition id: `2026`, `202601`, `20260128`, `2026012807`, or the first number of a range.
    Named(String),
    /// The rows of a date of the rule.
    Day(Day),
}

/// A partition and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    /// Its id.
    pub id: PartitionId,
    /// Its state.
    pub stamp: Stamp,
}
