//! What an entry says beyond its statement and its outcome, by step: read back as it was written.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Counts, RunId, Staged};
use crate::googlesql::TableName;
use crate::partitions::Stamps;
use crate::rule::Strategy;
use crate::statement::Fingerprint;
use crate::window::Day;

/// What an entry says beyond its statement and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Detail {
    /// What a detect or a verify counted, per date, once it is done. Dates without rows are left out.
    Counts {
        /// The figures of each date.
        days: BTreeMap<Day, Counts>,
        /// The fingerprint of detect for a date that stands for all: what is counted as a duplicate.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "fingerprint")]
        definition: Option<Fingerprint>,
        /// How the partition of a date stood before it was counted, where that was asked.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stamps: Stamps,
    },
    /// What a count of staged rows found, per date, once it is done. Dates with nothing are left out.
    Staged {
        /// The figures of each date.
        days: BTreeMap<Day, Staged>,
        /// The fingerprint of staged for a date that stands for all: what is counted, and from which tables.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "fingerprint")]
        definition: Option<Fingerprint>,
        /// How the partition of a date stood in the rule's table before it was counted, where that was asked.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stamps: Stamps,
        /// The same of the staging tables, all of them together.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        staging: Stamps,
    },
    /// What the UPDATE of a custom step would remove, once that is counted.
    Guard {
        /// Rows.
        removed: u64,
        /// Keys that would lose their last active row.
        keys_lost: u64,
        /// Rows that are left alone, since they share their id.
        shared_ids: u64,
    },
    /// What the removal log holds of one statement, per date, where it is about several.
    Recorded {
        /// The job that recorded the rows.
        record: String,
        /// Rows on each date, once they are counted. Dates without rows are left out.
        days: BTreeMap<Day, u64>,
    },
    /// What a statement removes.
    Removal {
        /// The job that recorded the rows before.
        record: String,
        /// How it removes them.
        strategy: Strategy,
        /// Whether survivors are put together of what it removes.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        puts_together: bool,
    },
    /// What an undo restores.
    Undo {
        /// The run that is undone.
        run: RunId,
        /// The job that recorded the rows before they were removed.
        record: String,
        /// How they were removed.
        strategy: Strategy,
    },
    /// What a MERGE takes its rows from.
    Merge {
        /// The staging tables.
        #[serde(serialize_with = "write_tables", deserialize_with = "read_tables")]
        staging: Vec<TableName>,
        /// What was counted before it; `None` in entries of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counts: Option<MergeCounts>,
    },
    /// The staging table that is dropped.
    DropTable {
        /// The table.
        #[serde(serialize_with = "write_table", deserialize_with = "read_table")]
        table: TableName,
    },
}

/// What a MERGE of staging tables was to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeCounts {
    /// Keys to insert.
    pub inserts: u64,
    /// Rows to update.
    pub updates: u64,
    /// Rows that deletion markers deactivate or delete.
    pub deletes: u64,
    /// Staged rows that take no part.
    pub left_out: u64,
}

impl Detail {
    /// The counts of these dates, without those that have no rows.
    pub fn counts(days: &BTreeMap<Day, Counts>) -> Self {
        let some = days.iter().filter(|(_, counts)| counts.total > 0);
        let days = some.map(|(day, counts)| (*day, *counts)).collect();
        Self::Counts { days, definition: None, stamps: BTreeMap::new() }
    }
}

/// A fingerprint as text.
mod fingerprint {
    use super::{Deserialize, Deserializer, Fingerprint, Serializer};

    pub fn serialize<S: Serializer>(of: &Option<Fingerprint>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(of.as_ref().map_or("", Fingerprint::as_str))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Fingerprint>, D::Error> {
        String::deserialize(from).map(|text| Some(Fingerprint::from_ledger(text)))
    }
}

fn write_table<S: Serializer>(table: &TableName, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&table.dotted())
}

fn read_table<'de, D: Deserializer<'de>>(from: D) -> Result<TableName, D::Error> {
    TableName::parse(&String::deserialize(from)?).map_err(de::Error::custom)
}

fn write_tables<S: Serializer>(tables: &[TableName], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(tables.iter().map(TableName::dotted))
}

fn read_tables<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<TableName>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let parsed = names.iter().map(|name| TableName::parse(name));
    parsed.collect::<Result<_, _>>().map_err(de::Error::custom)
}
