//! Details of an entry beyond its statement and outcome, by step.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Counts, RunId, Staged};
use crate::googlesql::TableName;
use crate::partitions::Stamps;
use crate::rule::Strategy;
use crate::statement::Fingerprint;
use crate::window::Day;

/// Details of an entry beyond its statement and outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Detail {
    /// The counts of a detect or verify, per date, once done. Dates without rows are omitted.
    Counts {
        /// The counts of each date.
        days: BTreeMap<Day, Counts>,
        /// The fingerprint of detect for a representative date: the definition of a duplicate.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "fingerprint")]
        definition: Option<Fingerprint>,
        /// The state of each date's partition before the count, if known.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stamps: Stamps,
    },
    /// The counts of staged rows, per date, once done. Dates without staged rows are omitted.
    Staged {
        /// The counts of each date.
        days: BTreeMap<Day, Staged>,
        /// The fingerprint of staged for a representative date: what is counted, and from which tables.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "fingerprint")]
        definition: Option<Fingerprint>,
        /// The state of each date's partition in the rule's table before the count, if known.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        stamps: Stamps,
        /// The same for the staging tables, combined.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        staging: Stamps,
    },
    /// What the UPDATE of a custom step would remove, once counted.
    Guard {
        /// Rows.
        removed: u64,
        /// Keys that would lose their last active row.
        keys_lost: u64,
        /// Rows that are skipped because they share their id.
        shared_ids: u64,
    },
    /// The rows of one statement in the removal log, per date if it is about several.
    Recorded {
        /// The job that recorded the rows.
        record: String,
        /// Rows on each date, once counted. Dates without rows are omitted.
        days: BTreeMap<Day, u64>,
    },
    /// The removal by a statement.
    Removal {
        /// The job that recorded the rows before the removal.
        record: String,
        /// The strategy of the removal.
        strategy: Strategy,
        /// Whether survivors are merged from the removed rows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        puts_together: bool,
    },
    /// The restoration by an undo.
    Undo {
        /// The run that is undone.
        run: RunId,
        /// The job that recorded the rows before they were removed.
        record: String,
        /// The strategy by which they were removed.
        strategy: Strategy,
    },
    /// The sources of a MERGE.
    Merge {
        /// The staging tables.
        #[serde(serialize_with = "write_tables", deserialize_with = "read_tables")]
        staging: Vec<TableName>,
        /// The counts before the MERGE; `None` in entries of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counts: Option<MergeCounts>,
    },
    /// The dropped staging table.
    DropTable {
        /// The table.
        #[serde(serialize_with = "write_table", deserialize_with = "read_table")]
        table: TableName,
    },
}

/// The changes that a MERGE of staging tables was to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergeCounts {
    /// Keys to insert.
    pub inserts: u64,
    /// Rows to update.
    pub updates: u64,
    /// Rows that deletion markers deactivate or delete.
    pub deletes: u64,
    /// Staged rows that are not merged.
    pub left_out: u64,
}

impl Detail {
    /// The counts of these dates, without dates that have no rows.
    pub fn counts(days: &BTreeMap<Day, Counts>) -> Self {
        let some = days.iter().filter(|(_, counts)| counts.total > 0);
        let days = some.map(|(day, counts)| (*day, *counts)).collect();
        Self::Counts { days, definition: None, stamps: BTreeMap::new() }
    }
}

/// Serializes a fingerprint as text.
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
