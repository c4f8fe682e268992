//! What a table's metadata says, as far as it matters to a rule.

use jiff::{SignedDuration, Timestamp};

use super::Buffer;
use crate::googlesql::SqlType;

/// What a table is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its columns, in order; the type is `None` where onerow does not know it.
    pub columns: Vec<(String, Option<SqlType>)>,
    /// The column that cuts it into partitions; `None` where it has none or the engine knows of none.
    pub partition: Option<String>,
    /// Whether a query must name the partitions it reads; `None` where the engine knows no such thing.
    pub requires_partition_filter: Option<bool>,
    /// Where it is stored, such as `us-west2`; `None` where the engine knows no such thing.
    pub location: Option<String>,
    /// The columns that policy tags protect, themselves or a part of them.
    pub protected: Vec<String>,
    /// Its streaming buffer.
    pub buffer: Buffer,
    /// What else is known of it.
    pub details: Details,
}

/// What a table's metadata says besides. The default is that of a plain table of which nothing more is known.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// What sort of table it is.
    pub kind: TableKind,
    /// How long the time of one partition is; `None` where it is not cut by time.
    pub granularity: Option<Granularity>,
    /// How integers are cut into partitions; `None` where they are not.
    pub range: Option<IntegerRange>,
    /// How long after its time a partition is deleted; `None`: never.
    pub partitions_expire_after: Option<SignedDuration>,
    /// When the table itself is deleted; `None`: never.
    pub expires: Option<Timestamp>,
    /// The columns of the declared primary key, which BigQuery does not enforce; empty: none is declared.
    pub primary_key: Vec<String>,
    /// How old the answers of a table of change data capture may be, as BigQuery writes an INTERVAL.
    pub max_staleness: Option<String>,
    /// The table that this one is a clone of.
    pub clone_of: Option<String>,
    /// Whether it is an Apache Iceberg table that BigQuery manages.
    pub is_iceberg: bool,
    /// The columns that compare text by a collation, each with its name, such as `und:ci`.
    pub collations: Vec<(String, String)>,
    /// The columns that take no value from outside, and how they get theirs.
    pub generated: Vec<(String, Values)>,
    /// Its logical size in bytes, and how many of them were not changed for 90 days; `None` is unknown.
    pub bytes: Option<(u64, u64)>,
}

/// Where a generated column's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Always BigQuery: an INSERT that names the column is refused.
    Always,
    /// BigQuery, unless an INSERT brings one.
    ByDefault,
}

/// What sort of table it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TableKind {
    /// A table that BigQuery stores.
    #[default]
    Table,
    /// A query.
    View,
    /// A query whose result is stored.
    MaterializedView,
    /// Data that are stored elsewhere.
    External,
    /// A copy of a table as it was, which cannot be changed.
    Snapshot,
    /// A type that onerow has not heard of.
    Other(String),
}

/// How long the time of one partition is.
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
    /// The most dates that one partition holds.
    pub fn dates(self) -> u32 {
        match self {
            Self::Hour | Self::Day => 1,
            Self::Month => 31,
            Self::Year => 366,
        }
    }

    /// The time as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// How integers are cut into partitions: from `start`, `interval` at a time, to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegerRange {
    /// The first number that has a partition.
    pub start: i64,
    /// The first number after the last partition.
    pub end: i64,
    /// How many numbers share a partition; at least 1.
    pub interval: i64,
}

impl IntegerRange {
    /// The first and the last number of the partition of this one; `None` where it has none.
    pub fn partition(self, number: i64) -> Option<(i64, i64)> {
        if !(self.start..self.end).contains(&number) {
            return None;
        }
        let offset = number.checked_sub(self.start)? / self.interval;
        let first = offset.checked_mul(self.interval)?.checked_add(self.start)?;
        Some((first, first.saturating_add(self.interval - 1).min(self.end - 1)))
    }
}

/// What a dataset's metadata says.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Where it is stored.
    pub location: Option<String>,
    /// How long after its creation a new table is deleted, unless it says otherwise; `None`: never.
    pub tables_expire_after: Option<SignedDuration>,
    /// How far back its tables can be read as they were; `None` where the metadata does not say.
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
