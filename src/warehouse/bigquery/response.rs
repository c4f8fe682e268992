//! Responses: optional numbers, and rows whose cells are text.

use bigdecimal::{BigDecimal, ToPrimitive};
use gcp_bigquery_client::model::job::Job as JobResource;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::metadata;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlType, SqlValue};
use crate::warehouse::{Answer, Returned, Rows, Usage};

/// A number that BigQuery sends as text; `None` if missing or not a number.
pub(super) fn figure(text: Option<&String>) -> Option<u64> {
    text.and_then(|text| text.parse().ok())
}

fn instant(milliseconds: Option<&String>) -> Option<Timestamp> {
    let milliseconds = milliseconds?.parse().ok()?;
    Timestamp::from_millisecond(milliseconds).ok()
}

/// The resources that the job used.
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

/// The number of rows that a mutation changed, if BigQuery reports it.
pub(super) fn affected(job: &JobResource) -> Option<u64> {
    let query = job.statistics.as_ref()?.query.as_ref()?;
    figure(query.num_dml_affected_rows.as_ref())
}

/// The step in the job's labels.
pub(super) fn step(job: &JobResource) -> Option<&str> {
    let labels = job.configuration.as_ref()?.labels.as_ref()?;
    labels.get("step").map(String::as_str)
}

/// The job's statement, if reported.
pub(super) fn statement(job: &JobResource) -> Option<&str> {
    job.configuration.as_ref()?.query.as_ref().map(|query| query.query.as_str())
}

/// Whether the job has ended.
pub(super) fn is_done(job: &JobResource) -> bool {
    let state = job.status.as_ref().and_then(|status| status.state.as_deref());
    state == Some("DONE")
}

/// The answer of a job that has ended.
pub(super) fn answer(job: &JobResource, result: Returned) -> Answer {
    Answer { result, usage: usage(job), row_policies_applied: row_policies_applied(job) }
}

/// Whether row access policies applied to the rows that the job read.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#rowlevelsecuritystatistics>
fn row_policies_applied(job: &JobResource) -> bool {
    let statistics = job.statistics.as_ref();
    let security = statistics.and_then(|all| all.row_level_security_statistics.as_ref());
    security.and_then(|security| security.row_level_security_applied).unwrap_or(false)
}

/// The rows of one page, and the names of the columns. Errors: a cell is not a value of its column's type.
pub(super) fn rows(page: &Json) -> Result<Rows> {
    let fields = metadata::fields(&page["schema"]);
    let columns = fields.iter().map(metadata::name).collect();
    let mut rows = Rows { columns, rows: Vec::new() };
    for row in page["rows"].as_array().into_iter().flatten() {
        let cells = row["f"].as_array().map_or(&[][..], Vec::as_slice);
        if cells.len() != fields.len() {
            return Err(Error::new(
                Kind::UnexpectedAnswer,
                format!(
                    "BigQuery sent a row of {} cells for {} columns",
                    cells.len(),
                    fields.len()
                ),
            ));
        }
        let cells = cells.iter().zip(fields);
        let values = cells.map(|(cell, field)| value(&cell["v"], metadata::field_type(field)));
        rows.rows.push(values.collect::<Result<_>>()?);
    }
    Ok(rows)
}

/// The token of the next page, if any.
pub(super) fn next_page(page: &Json) -> Option<String> {
    page["pageToken"].as_str().map(str::to_owned)
}

/// One cell. A value of an unsupported type stays the text that BigQuery sent.
fn value(cell: &Json, sql_type: Option<SqlType>) -> Result<SqlValue> {
    let text = match cell {
        Json::Null => return Ok(SqlValue::Null),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match sql_type {
        Some(SqlType::Timestamp) => timestamp(&text).map(SqlValue::Timestamp).ok_or_else(|| {
            Error::new(Kind::UnexpectedAnswer, format!("BigQuery sent `{text}` as a TIMESTAMP"))
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
            Error::new(Kind::UnexpectedAnswer, format!("BigQuery sent something else: {error}"))
        }),
        _ => Ok(SqlValue::String(text)),
    }
}

/// A TIMESTAMP in seconds as a decimal, such as `1.769758890123456E9`; with `useInt64Timestamp`, and from
/// some servers without it, in microseconds as a whole number.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/DataFormatOptions>
fn timestamp(text: &str) -> Option<Timestamp> {
    let microseconds = if text.contains(['.', 'e', 'E']) {
        // A decimal with a long exponent would be expanded to its last zero.
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
        let read = value(&cell, Some(SqlType::BigNumeric)).unwrap();
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
        let page: Json = serde_json::from_str(
            r#"{"schema": {"fields": [
                  {"name": "d", "type": "DATE"}, {"name": "n", "type": "INTEGER"},
                  {"name": "ok", "type": "BOOLEAN"}, {"name": "l", "type": "STRING", "mode": "REPEATED"},
                  {"name": "at", "type": "DATETIME"}, {"name": "valid", "type": "RANGE"}]},
                "rows": [{"f": [{"v": "2026-01-28"}, {"v": "-3"}, {"v": null}, {"v": [{"v": "x"}]},
                  {"v": "2026-01-28T01:02:03"}, {"v": "[2026-01-01, UNBOUNDED)"}]}]}"#,
        )
        .unwrap();
        let rows = rows(&page).unwrap();
        assert_eq!(rows.columns, ["d", "n", "ok", "l", "at", "valid"]);
        let shown: Vec<String> = rows.rows[0].iter().map(SqlValue::to_string).collect();
        let list = r#"[{"v":"x"}]"#;
        let (at, valid) = ("2026-01-28 01:02:03", "[2026-01-01, UNBOUNDED)");
        assert_eq!(shown, ["2026-01-28", "-3", "NULL", list, at, valid]);
    }

    #[test]
    fn a_cell_that_is_not_what_its_column_says_is_an_error() {
        for (text, sql_type) in [("x", SqlType::Int64), ("soon", SqlType::Timestamp)] {
            assert!(value(&Json::from(text), Some(sql_type)).is_err(), "{text}");
        }
    }
}
