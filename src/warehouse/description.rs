//! Metadata of a table that matter to a rule.

use jiff::{SignedDuration, Timestamp};

use super::Buffer;
use crate::googlesql::SqlType;

/// The description of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its columns, in order; the type is `None` if onerow does not support it.
    pub columns: Vec<(String, Option<SqlType>)>,
    /// The partition column; `None` if there is none, or the engine has no partitions.
    pub partition: Option<String>,
    /// Whether a query must filter by partition; `None` if the engine has no such setting.
    pub requires_partition_filter: Option<bool>,
    /// The location, such as `us-west2`; `None` if the engine has none.
    pub location: Option<String>,
    /// The columns with policy tags, on themselves or on a part of them.
    pub protected: Vec<String>,
    /// Its streaming buffer.
    pub buffer: Buffer,
    /// Further metadata.
    pub details: Details,
}

/// Further metadata of a table. The default is a plain table without special properties.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The kind of table.
    pub kind: TableKind,
    /// The time span of one partition; `None` if the table is not time-partitioned.
    pub granularity: Option<Granularity>,
    /// The integer ranges of the partitions; `None` if it is not partitioned by integer.
    pub range: Option<IntegerRange>,
    /// How long after its time a partition expires; `None`: never.
    pub partitions_expire_after: Option<SignedDuration>,
    /// When the table expires; `None`: never.
    pub expires: Option<Timestamp>,
    /// The columns of the declared primary key, which BigQuery does not enforce; empty: not declared.
    pub primary_key: Vec<String>,
    /// The maximum staleness of a change-data-capture table, as a BigQuery INTERVAL.
    pub max_staleness: Option<String>,
    /// The table that this one is a clone of.
    pub clone_of: Option<String>,
    /// Whether it is an Apache Iceberg table that BigQuery manages.
    pub is_iceberg: bool,
    /// The columns with a collation, such as `und:ci`.
    pub collations: Vec<(String, String)>,
    /// The generated columns, and how they get their values.
    pub generated: Vec<(String, Values)>,
    /// The columns that the table is clustered by, in order.
    pub clustering: Vec<String>,
    /// The labels, in the order of the metadata: key and value.
    pub labels: Vec<(String, String)>,
    /// Its logical bytes, and those not changed for 90 days; `None` is unknown.
    pub bytes: Option<(u64, u64)>,
}

/// The source of a generated column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Always BigQuery: an INSERT with the column is refused.
    Always,
    /// BigQuery, unless an INSERT has a value.
    ByDefault,
}

/// The kind of table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TableKind {
    /// A table that BigQuery stores.
    #[default]
    Table,
    /// A query.
    View,
    /// A query whose result is stored.
    MaterializedView,
    /// Data that is stored outside BigQuery.
    External,
    /// A read-only copy of a table at a point in time.
    Snapshot,
    /// A type that onerow does not know.
    Other(String),
}

/// The time span of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Granularity {
    /// The most dates in one partition.
    pub fn dates(self) -> u32 {
        match self {
            Self::Hour | Self::Day => 1,
            Self::Month => 31,
            Self::Year => 366,
        }
    }

    /// The time span as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// The integer ranges of partitions: from `start`, in steps of `interval`, up to but not including `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegerRange {
    /// The first number in a partition.
    pub start: i64,
    /// The first number after the last partition.
    pub end: i64,
    /// The number of integers per partition; at least 1.
    pub interval: i64,
}

impl IntegerRange {
    /// The first and the last number of the partition with this number; `None` if it is outside all
    /// partitions.
    pub fn partition(self, number: i64) -> Option<(i64, i64)> {
        if !(self.start..self.end).contains(&number) {
            return None;
        }
        let offset = number.checked_sub(self.start)? / self.interval;
        let first = offset.checked_mul(self.interval)?.checked_add(self.start)?;
        Some((first, first.saturating_add(self.interval - 1).min(self.end - 1)))
    }
}

/// Metadata of a dataset.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// The location.
    pub location: Option<String>,
    /// The default expiration of new tables; `None`: never.
    pub tables_expire_after: Option<SignedDuration>,
    /// The time-travel window of its tables; `None` if the metadata does not say.
    pub time_travel: Option<SignedDuration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_the_partition_of_its_interval_or_in_none() {
        let range = IntegerRange { start: 20250000, end: 20270050, interval: 100 };
        assert_eq!(range.partition(20260128), Some((20260100, 20260199)));
        assert_eq!(range.partition(20270049), Some((20270000, 20270049)));
        assert_eq!(range.partition(20270050), None);
        assert_eq!(range.partition(20249999), None);
        let whole = IntegerRange { start: i64::MIN, end: i64::MAX, interval: 1 };
        assert_eq!(whole.partition(i64::MAX - 1), None, "further from the start than numbers go");
    }
}
