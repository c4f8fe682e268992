//! What comes back: figures that may be missing, and rows of cells that are all text.

use bigdecimal::{BigDecimal, ToPrimitive};
use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::get_query_results_response::GetQueryResultsResponse;
use gcp_bigquery_client::model::job::Job as JobResource;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlType, SqlValue};
use crate::warehouse::{Buffer, Column, Description, Rows, Standing, Usage};

/// A figure that BigQuery sends as text. Left out, or not a number: unknown.
pub(super) fn figure(text: Option<&String>) -> Option<u64> {
    text.and_then(|text| text.parse().ok())
}

fn instant(milliseconds: Option<&String>) -> Option<Timestamp> {
    let milliseconds = milliseconds?.parse().ok()?;
    Timestamp::from_millisecond(milliseconds).ok()
}

/// What the job used.
pub(super) fn usage(job: &JobResource) -> Usage {
    let Some(statistics) = &job.statistics else { return Usage::default() };
    let query = statistics.query.as_ref();
    let processed = query.and_then(|query| query.total_bytes_processed.as_ref());
    Usage {
        bytes_processed: figure(processed.or(statistics.total_bytes_processed.as_ref())),
        bytes_billed: figure(query.and_then(|query| query.total_bytes_billed.as_ref())),
        slot_ms: figure(
            statistics
                .total_slot_ms
                .as_ref()
                .or_else(|| query.and_then(|query| query.total_slot_ms.as_ref())),
        ),
        started: instant(statistics.start_time.as_ref()),
        ended: instant(statistics.end_time.as_ref()),
    }
}

/// How many rows a mutation changed, if BigQuery says so.
pub(super) fn affected(job: &JobResource) -> Option<u64> {
    let query = job.statistics.as_ref()?.query.as_ref()?;
    figure(query.num_dml_affected_rows.as_ref())
}

/// What the job's labels call its step.
pub(super) fn step(job: &JobResource) -> Option<&str> {
    let labels = job.configuration.as_ref()?.labels.as_ref()?;
    labels.get("step").map(String::as_str)
}

/// The job's statement, if it says so.
pub(super) fn statement(job: &JobResource) -> Option<&str> {
    job.configuration.as_ref()?.query.as_ref().map(|query| query.query.as_str())
}

/// Whether the job has come to an end.
pub(super) fn is_done(job: &JobResource) -> bool {
    let state = job.status.as_ref().and_then(|status| status.state.as_deref());
    state == Some("DONE")
}

/// What a table is made of.
pub(super) fn description(table: &Table) -> Description {
    let fields = table.schema.fields.iter().flatten();
    let time = table.time_partitioning.as_ref();
    let range = table.range_partitioning.as_ref();
    let by_time =
        time.map(|time| time.field.clone().unwrap_or_else(|| "_PARTITIONTIME".to_owned()));
    Description {
        columns: fields.map(|field| (field.name.clone(), field_type(field))).collect(),
        partition: by_time.or_else(|| range.and_then(|range| range.field.clone())),
        requires_partition_filter: Some(
            table.require_partition_filter.unwrap_or(false)
                || time.and_then(|time| time.require_partition_filter).unwrap_or(false),
        ),
        location: table.location.clone(),
        protected: table
            .schema
            .fields
            .iter()
            .flatten()
            .filter(|field| is_protected(field))
            .map(|field| field.name.clone())
            .collect(),
        buffer: buffer(table),
    }
}

/// Whether policy tags protect the column, or a part of it.
/// Source: <https://cloud.google.com/bigquery/docs/column-level-security-intro>
fn is_protected(field: &TableFieldSchema) -> bool {
    let tags = field.policy_tags.as_ref().and_then(|tags| tags.names.as_ref());
    tags.is_some_and(|names| !names.is_empty()) || field.fields.iter().flatten().any(is_protected)
}

/// Whether row access policies applied to what the job read.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#rowlevelsecuritystatistics>
pub(super) fn row_policies_applied(job: &JobResource) -> bool {
    let statistics = job.statistics.as_ref();
    let security = statistics.and_then(|all| all.row_level_security_statistics.as_ref());
    security.and_then(|security| security.row_level_security_applied).unwrap_or(false)
}

/// The columns of a table or of a query's rows.
pub(super) fn columns(schema: &TableSchema) -> Vec<Column> {
    let fields = schema.fields.iter().flatten();
    let column =
        |field: &TableFieldSchema| Column { name: field.name.clone(), sql_type: full_type(field) };
    fields.map(column).collect()
}

/// The type of a field, with those of what it holds.
fn full_type(field: &TableFieldSchema) -> String {
    let single = match field.r#type {
        FieldType::Record | FieldType::Struct => {
            let members = field.fields.iter().flatten();
            let members = members.map(|member| format!("{} {}", member.name, full_type(member)));
            format!("STRUCT<{}>", members.collect::<Vec<_>>().join(", "))
        }
        _ => scalar_type(field).map_or_else(|| "?".to_owned(), |known| known.to_string()),
    };
    match field.mode.as_deref() {
        Some("REPEATED") => format!("ARRAY<{single}>"),
        _ => single,
    }
}

/// How a table stands. `numRows` leaves out the rows of the streaming buffer.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>
pub(super) fn standing(table: &Table) -> Standing {
    Standing {
        rows: figure(table.num_rows.as_ref()),
        modified: instant(table.last_modified_time.as_ref()),
        buffer: buffer(table),
    }
}

/// What the metadata says of the streaming buffer.
pub(super) fn buffer(table: &Table) -> Buffer {
    match &table.streaming_buffer {
        None => Buffer::Empty,
        Some(buffer) => Buffer::Since(instant(buffer.oldest_entry_time.as_ref())),
    }
}

fn field_type(field: &TableFieldSchema) -> Option<SqlType> {
    match field.mode.as_deref() {
        Some("REPEATED") => Some(SqlType::Array),
        _ => scalar_type(field),
    }
}

fn scalar_type(field: &TableFieldSchema) -> Option<SqlType> {
    Some(match field.r#type {
        FieldType::String => SqlType::String,
        FieldType::Bytes => SqlType::Bytes,
        FieldType::Integer | FieldType::Int64 => SqlType::Int64,
        FieldType::Float | FieldType::Float64 => SqlType::Float64,
        FieldType::Numeric => SqlType::Numeric,
        FieldType::Bignumeric => SqlType::BigNumeric,
        FieldType::Boolean | FieldType::Bool => SqlType::Bool,
        FieldType::Timestamp => SqlType::Timestamp,
        FieldType::Date => SqlType::Date,
        FieldType::Time => SqlType::Time,
        FieldType::Datetime => SqlType::Datetime,
        FieldType::Record | FieldType::Struct => SqlType::Struct,
        FieldType::Geography => SqlType::Geography,
        FieldType::Json => SqlType::Json,
        FieldType::Interval => SqlType::Interval,
    })
}

/// The rows of one page, and the columns' names. Errors: a cell that is not what its column says.
pub(super) fn rows(page: &GetQueryResultsResponse) -> Result<Rows> {
    let fields = page.schema.as_ref().and_then(|schema| schema.fields.as_deref()).unwrap_or(&[]);
    let mut rows =
        Rows { columns: fields.iter().map(|field| field.name.clone()).collect(), rows: Vec::new() };
    for row in page.rows.iter().flatten() {
        let cells = row.columns.as_deref().unwrap_or(&[]);
        if cells.len() != fields.len() {
            return Err(Error::new(
                Kind::Warehouse,
                format!(
                    "BigQuery sent a row of {} cells for {} columns",
                    cells.len(),
                    fields.len()
                ),
            ));
        }
        let cells = cells.iter().zip(fields);
        let values = cells.map(|(cell, field)| value(cell.value.as_ref(), field_type(field)));
        rows.rows.push(values.collect::<Result<_>>()?);
    }
    Ok(rows)
}

/// One cell. What onerow has no type for stays the text that BigQuery sent.
fn value(cell: Option<&Json>, sql_type: Option<SqlType>) -> Result<SqlValue> {
    let text = match cell {
        None | Some(Json::Null) => return Ok(SqlValue::Null),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    match sql_type {
        Some(SqlType::Timestamp) => timestamp(&text).map(SqlValue::Timestamp).ok_or_else(|| {
            Error::new(Kind::Warehouse, format!("BigQuery sent `{text}` as a TIMESTAMP"))
        }),
        Some(
            sql_type @ (SqlType::Bool
            | SqlType::Int64
            | SqlType::Float64
            | SqlType::Numeric
            | SqlType::BigNumeric
            | SqlType::Date
            | SqlType::Datetime
            | SqlType::Time),
        ) => SqlValue::parse(&text, sql_type).map_err(|error| {
            Error::new(Kind::Warehouse, format!("BigQuery sent something else: {error}"))
        }),
        _ => Ok(SqlValue::String(text)),
    }
}

/// A TIMESTAMP is seconds as a decimal, such as `1.769758890123456E9`; with `useInt64Timestamp`,
/// and from some servers without it, it is microseconds as a whole number.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/DataFormatOptions>
fn timestamp(text: &str) -> Option<Timestamp> {
    let microseconds = if text.contains(['.', 'e', 'E']) {
        // A decimal with a long exponent would be written out to its last zero.
        let about: f64 = text.parse().ok().filter(|_| text.len() <= 64)?;
        if !(1e-9..1e13).contains(&about.abs()) {
            return (about.abs() < 1e-9).then_some(Timestamp::UNIX_EPOCH);
        }
        let seconds: BigDecimal = text.parse().ok()?;
        (seconds * BigDecimal::from(1_000_000)).round(0).to_i64()?
    } else {
        text.parse().ok()?
    };
    Timestamp::from_microsecond(microseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_read_to_the_microsecond_in_either_form() {
        let expected: Timestamp = "2026-01-30T07:41:30.123456Z".parse().unwrap();
        assert_eq!(timestamp("1.769758890123456E9"), Some(expected));
        assert_eq!(timestamp("1769758890123456"), Some(expected));
        assert_eq!(timestamp("0.0"), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(timestamp("soon"), None);
        assert_eq!(timestamp("1e999999999"), None);
        assert_eq!(timestamp("1e-999999999"), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(timestamp("NaN.0"), None);
    }

    #[test]
    fn a_bignumeric_is_read_over_its_whole_range() {
        let largest =
            "578960446186580977117854925043439539266.34992332820282019728792003956564819967";
        let cell = Json::String(largest.to_owned());
        let read = value(Some(&cell), Some(SqlType::BigNumeric)).unwrap();
        assert_eq!(
            (read.to_string().as_str(), read.sql_type()),
            (largest, Some(SqlType::BigNumeric))
        );
    }

    #[test]
    fn a_figure_that_is_left_out_is_unknown_and_not_nothing() {
        assert_eq!(usage(&JobResource::default()), Usage::default());
        assert_eq!(affected(&JobResource::default()), None);
        let job: JobResource = serde_json::from_str(
            r#"{"statistics": {"startTime": "1769758890000", "totalSlotMs": "7",
                "query": {"totalBytesProcessed": "12", "numDmlAffectedRows": "0"}}}"#,
        )
        .unwrap();
        assert_eq!(affected(&job), Some(0));
        let left_out = r#"{"statistics": {"query": {"totalBytesProcessed": "12"}}}"#;
        assert_eq!(affected(&serde_json::from_str(left_out).unwrap()), None);
        let usage = usage(&job);
        assert_eq!((usage.bytes_processed, usage.bytes_billed), (Some(12), None));
        assert_eq!((usage.slot_ms, usage.ended), (Some(7), None));
        assert_eq!(usage.started.unwrap().to_string(), "2026-01-30T07:41:30Z");
    }

    #[test]
    fn cells_take_the_type_of_their_column_and_repeated_ones_stay_text() {
        let page: GetQueryResultsResponse = serde_json::from_str(
            r#"{"schema": {"fields": [
                  {"name": "d", "type": "DATE"}, {"name": "n", "type": "INTEGER"},
                  {"name": "ok", "type": "BOOLEAN"}, {"name": "l", "type": "STRING", "mode": "REPEATED"},
                  {"name": "at", "type": "DATETIME"}]},
                "rows": [{"f": [{"v": "2026-01-28"}, {"v": "-3"}, {"v": null}, {"v": [{"v": "x"}]},
                  {"v": "2026-01-28T01:02:03"}]}]}"#,
        )
        .unwrap();
        let rows = rows(&page).unwrap();
        assert_eq!(rows.columns, ["d", "n", "ok", "l", "at"]);
        let shown: Vec<String> = rows.rows[0].iter().map(SqlValue::to_string).collect();
        assert_eq!(shown, ["2026-01-28", "-3", "NULL", r#"[{"v":"x"}]"#, "2026-01-28 01:02:03"]);
    }

    #[test]
    fn a_column_has_the_types_of_what_it_holds() {
        let schema: TableSchema = serde_json::from_str(
            r#"{"fields": [{"name": "n", "type": "INTEGER"}, {"name": "l", "type": "RECORD",
                "mode": "REPEATED", "fields": [{"name": "a", "type": "FLOAT"},
                {"name": "b", "type": "STRING", "mode": "REPEATED"}]}]}"#,
        )
        .unwrap();
        let types: Vec<String> = columns(&schema).into_iter().map(|c| c.sql_type).collect();
        assert_eq!(types, ["INT64", "ARRAY<STRUCT<a FLOAT64, b ARRAY<STRING>>>"]);
    }

    #[test]
    fn a_cell_that_is_not_what_its_column_says_is_an_error() {
        for (text, sql_type) in [("x", SqlType::Int64), ("soon", SqlType::Timestamp)] {
            assert!(value(Some(&Json::from(text)), Some(sql_type)).is_err(), "{text}");
        }
    }
}
