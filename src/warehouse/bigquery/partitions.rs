//! `INFORMATION_SCHEMA.PARTITIONS`: the last modification of each partition of a table.
//! Source: <https://cloud.google.com/bigquery/docs/information-schema-partitions>

use super::request::Request;
use super::{BigQuery, Returned};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Params, SqlValue, TableName};
use crate::partitions::{PartitionId, PartitionState, Stamp};
use crate::warehouse::JobId;

/// The labels of the job.
const LABELS: &[(&str, &str)] = &[("tool", "onerow"), ("step", "partitions")];

impl BigQuery {
    /// The state of a table's partitions. Runs one job, which is billed at least 10 MiB.
    pub(super) fn states_of(&self, table: &TableName) -> Result<Vec<PartitionState>> {
        let sql = query(self.project_of(table), table);
        let request = Request { sql: &sql, params: &Params::none(), labels: LABELS };
        let id = JobId::from_ledger(format!("onerow_partitions_{:016x}", fastrand::u64(..)));
        let answer = self.query(&id, &request);
        let answer = answer.map_err(|error| {
            error.while_doing(format!("reading the partitions of {}", table.dotted()))
        })?;
        let Returned::Rows(rows) = answer.result else { return Ok(Vec::new()) };
        rows.rows.iter().map(|row| state(row)).collect()
    }
}

/// A partition has one row per storage tier.
fn query(project: &str, table: &TableName) -> String {
    let name = SqlValue::String(table.table().to_owned()).literal();
    format!(
        "SELECT\n  partition_id,\n  MAX(last_modified_time) AS modified,\n  SUM(total_rows) AS total_rows,\n  \
         SUM(total_logical_bytes) AS total_bytes\n\
         FROM `{project}.{}.INFORMATION_SCHEMA.PARTITIONS`\nWHERE table_name = {name}\nGROUP BY partition_id",
        table.dataset()
    )
}

fn state(row: &[SqlValue]) -> Result<PartitionState> {
    let count = |value: &SqlValue| match value {
        SqlValue::Int64(number) => u64::try_from(*number).ok(),
        _ => None,
    };
    let [id, modified, rows, bytes] = row else { return Err(other_form()) };
    let id = match id {
        SqlValue::Null => PartitionId::Table,
        SqlValue::String(id) => named(id),
        _ => return Err(other_form()),
    };
    let SqlValue::Timestamp(modified) = modified else { return Err(other_form()) };
    let stamp = Stamp { modified: *modified, rows: count(rows), bytes: count(bytes) };
    Ok(PartitionState { id, stamp })
}

fn named(id: &str) -> PartitionId {
    match id {
        "__NULL__" => PartitionId::Null,
        "__UNPARTITIONED__" | "__STREAMING_UNPARTITIONED__" => PartitionId::Outside,
        id => PartitionId::Named(id.to_owned()),
    }
}

fn other_form() -> Error {
    Error::new(Kind::Unsupported, "INFORMATION_SCHEMA.PARTITIONS has another form than BigQuery's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_names_the_dataset_and_the_table() {
        let table = TableName::parse("nba.predictions").unwrap();
        let sql = query("my-project", &table);
        assert!(sql.contains("FROM `my-project.nba.INFORMATION_SCHEMA.PARTITIONS`"), "{sql}");
        assert!(sql.contains("WHERE table_name = 'predictions'"), "{sql}");
    }

    #[test]
    fn a_row_says_how_a_partition_stands() {
        let modified: jiff::Timestamp = "2026-01-29T07:00:00Z".parse().unwrap();
        let row =
            |id: SqlValue| [id, SqlValue::Timestamp(modified), SqlValue::Int64(3), SqlValue::Null];
        let id = |id: &str| state(&row(SqlValue::String(id.to_owned()))).unwrap().id;
        assert_eq!(id("20260128"), PartitionId::Named("20260128".to_owned()));
        assert_eq!(id("__NULL__"), PartitionId::Null);
        assert_eq!(id("__UNPARTITIONED__"), PartitionId::Outside);
        let whole = state(&row(SqlValue::Null)).unwrap();
        assert_eq!(whole.id, PartitionId::Table);
        assert_eq!(whole.stamp, Stamp { modified, rows: Some(3), bytes: None });
        assert!(state(&[SqlValue::Null]).is_err());
    }
}
