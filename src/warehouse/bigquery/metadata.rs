//! Metadata of tables and datasets. They are read as JSON, so that unknown fields, and fields of an
//! unexpected form, are ignored.
//! Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::googlesql::SqlType;
use crate::warehouse::{
    Buffer, Column, Dataset, Description, Details, Granularity, IntegerRange, TableKind,
    TableState, Values,
};

/// The description of a table.
pub(super) fn description(table: &Json) -> Description {
    let (time, range) = (&table["timePartitioning"], &table["rangePartitioning"]);
    let by_arrival = || time.is_object().then(|| "_PARTITIONTIME".to_owned());
    let by_time = text(&time["field"]).or_else(by_arrival);
    let protected = fields(&table["schema"]).iter().filter(|field| is_protected(field));
    Description {
        columns: fields(&table["schema"])
            .iter()
            .map(|field| (name(field), field_type(field)))
            .collect(),
        partition: by_time.or_else(|| text(&range["field"])),
        requires_partition_filter: Some(
            [&table["requirePartitionFilter"], &time["requirePartitionFilter"]]
                .iter()
                .any(|required| required.as_bool() == Some(true)),
        ),
        location: text(&table["location"]),
        protected: protected.map(name).collect(),
        buffer: buffer(table),
        details: details(table),
    }
}

fn details(table: &Json) -> Details {
    let (time, range) = (&table["timePartitioning"], &table["rangePartitioning"]["range"]);
    let key = table["tableConstraints"]["primaryKey"]["columns"].as_array();
    let origin = &table["cloneDefinition"]["baseTableReference"];
    Details {
        kind: kind(table),
        granularity: granularity(time),
        range: integer_range(range),
        partitions_expire_after: milliseconds(&time["expirationMs"]),
        expires: instant(&table["expirationTime"]),
        primary_key: key.into_iter().flatten().filter_map(text).collect(),
        max_staleness: text(&table["maxStaleness"]),
        clone_of: text(&origin["datasetId"])
            .zip(text(&origin["tableId"]))
            .map(|(dataset, table)| format!("{dataset}.{table}")),
        is_iceberg: table["biglakeConfiguration"].is_object(),
        collations: collations(table),
        generated: fields(&table["schema"]).iter().filter_map(generated).collect(),
        clustering: table["clustering"]["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(text)
            .collect(),
        labels: labels(table),
        bytes: figure(&table["numBytes"]).zip(figure(&table["numLongTermBytes"])),
    }
}

fn kind(table: &Json) -> TableKind {
    match table["type"].as_str() {
        None | Some("TABLE") => TableKind::Table,
        Some("VIEW") => TableKind::View,
        Some("MATERIALIZED_VIEW") => TableKind::MaterializedView,
        Some("EXTERNAL") => TableKind::External,
        Some("SNAPSHOT") => TableKind::Snapshot,
        Some(other) => TableKind::Other(other.to_owned()),
    }
}

/// A time-partitioned table without a given granularity has daily partitions.
fn granularity(time: &Json) -> Option<Granularity> {
    time.is_object().then(|| match time["type"].as_str() {
        Some("HOUR") => Granularity::Hour,
        Some("MONTH") => Granularity::Month,
        Some("YEAR") => Granularity::Year,
        _ => Granularity::Day,
    })
}

fn integer_range(range: &Json) -> Option<IntegerRange> {
    let [start, end, interval] = ["start", "end", "interval"].map(|part| whole(&range[part]));
    let range = IntegerRange { start: start?, end: end?, interval: interval? };
    (range.interval > 0 && range.start < range.end).then_some(range)
}

/// A column without its own collation has none: the table's collation is only the default of new columns.
/// Source: <https://cloud.google.com/bigquery/docs/collation-concepts>
fn collations(table: &Json) -> Vec<(String, String)> {
    let named = |field: &Json| Some((name(field), text(&field["collation"])?));
    fields(&table["schema"]).iter().filter_map(named).filter(|(_, name)| !name.is_empty()).collect()
}

fn labels(table: &Json) -> Vec<(String, String)> {
    let labels = table["labels"].as_object().into_iter().flatten();
    labels.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#GeneratedColumn>
fn generated(field: &Json) -> Option<(String, Values)> {
    let generated = &field["generatedColumn"];
    let values = match generated["generatedMode"].as_str() {
        Some("GENERATED_BY_DEFAULT") => Values::ByDefault,
        Some("GENERATED_ALWAYS") => Values::Always,
        _ => return None,
    };
    Some((name(field), values))
}

/// Whether the column, or a part of it, has policy tags.
/// Source: <https://cloud.google.com/bigquery/docs/column-level-security-intro>
fn is_protected(field: &Json) -> bool {
    let tags = field["policyTags"]["names"].as_array();
    tags.is_some_and(|names| !names.is_empty()) || fields(field).iter().any(is_protected)
}

/// The metadata of a dataset. The default time-travel window is 7 days.
/// Source: <https://cloud.google.com/bigquery/docs/time-travel>
pub(super) fn dataset(dataset: &Json) -> Dataset {
    Dataset {
        location: text(&dataset["location"]),
        tables_expire_after: milliseconds(&dataset["defaultTableExpirationMs"]),
        time_travel: whole(&dataset["maxTimeTravelHours"])
            .and_then(|hours| i64::checked_mul(hours, 3600))
            .map(SignedDuration::from_secs),
    }
}

/// The state of a table. `numRows` excludes rows in the streaming buffer.
/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>
pub(super) fn table_state(table: &Json) -> TableState {
    TableState {
        rows: figure(&table["numRows"]),
        modified: instant(&table["lastModifiedTime"]),
        buffer: buffer(table),
    }
}

/// The streaming buffer in the metadata.
pub(super) fn buffer(table: &Json) -> Buffer {
    match &table["streamingBuffer"] {
        Json::Null => Buffer::Empty,
        buffer => Buffer::Since(instant(&buffer["oldestEntryTime"])),
    }
}

/// The columns of a table or of a query's result.
pub(super) fn columns(schema: &Json) -> Vec<Column> {
    let column = |field: &Json| Column { name: name(field), sql_type: full_type(field) };
    fields(schema).iter().map(column).collect()
}

/// The fields of a schema, or of a nested column.
pub(super) fn fields(of: &Json) -> &[Json] {
    of["fields"].as_array().map_or(&[], Vec::as_slice)
}

/// The name of a field.
pub(super) fn name(field: &Json) -> String {
    field["name"].as_str().unwrap_or_default().to_owned()
}

/// The type of a field, including nested types. A type that onerow does not support has BigQuery's name.
fn full_type(field: &Json) -> String {
    let said = field["type"].as_str().unwrap_or("?");
    let single = match scalar_type(field) {
        Some(SqlType::Struct) => {
            let members = fields(field).iter();
            let members = members.map(|member| format!("{} {}", name(member), full_type(member)));
            format!("STRUCT<{}>", members.collect::<Vec<_>>().join(", "))
        }
        Some(SqlType::Range) => match field["rangeElementType"]["type"].as_str() {
            Some(element) => format!("RANGE<{element}>"),
            None => said.to_owned(),
        },
        Some(known) => known.to_string(),
        None => said.to_owned(),
    };
    match field["mode"].as_str() {
        Some("REPEATED") => format!("ARRAY<{single}>"),
        _ => single,
    }
}

/// The type of a column; `None` if onerow does not support it.
pub(super) fn field_type(field: &Json) -> Option<SqlType> {
    match field["mode"].as_str() {
        Some("REPEATED") => Some(SqlType::Array),
        _ => scalar_type(field),
    }
}

/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema>
fn scalar_type(field: &Json) -> Option<SqlType> {
    Some(match field["type"].as_str()? {
        "STRING" => SqlType::String,
        "BYTES" => SqlType::Bytes,
        "INTEGER" | "INT64" => SqlType::Int64,
        "FLOAT" | "FLOAT64" => SqlType::Float64,
        "NUMERIC" => SqlType::Numeric,
        "BIGNUMERIC" => SqlType::BigNumeric,
        "BOOLEAN" | "BOOL" => SqlType::Bool,
        "TIMESTAMP" => SqlType::Timestamp,
        "DATE" => SqlType::Date,
        "TIME" => SqlType::Time,
        "DATETIME" => SqlType::Datetime,
        "RECORD" | "STRUCT" => SqlType::Struct,
        "GEOGRAPHY" => SqlType::Geography,
        "JSON" => SqlType::Json,
        "INTERVAL" => SqlType::Interval,
        "RANGE" => SqlType::Range,
        _ => return None,
    })
}

fn text(value: &Json) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A whole number, which BigQuery usually sends as text.
fn whole(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn figure(value: &Json) -> Option<u64> {
    whole(value)?.try_into().ok()
}

fn milliseconds(value: &Json) -> Option<SignedDuration> {
    whole(value).filter(|ms| *ms > 0).map(SignedDuration::from_millis)
}

fn instant(value: &Json) -> Option<Timestamp> {
    Timestamp::from_millisecond(whole(value)?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_of_a_type_that_nobody_has_heard_of_harms_nothing() {
        let table = json!({ "schema": { "fields": [
            { "name": "id", "type": "STRING" },
            { "name": "valid", "type": "RANGE", "rangeElementType": { "type": "DATE" } },
            { "name": "far", "type": "FOREIGN", "foreignTypeDefinition": "x" },
            { "name": "new", "type": "QUATERNION", "mode": "REPEATED", "precision": 7 },
        ]}});
        let found = description(&table);
        let types: Vec<_> = found.columns.iter().map(|(_, sql_type)| *sql_type).collect();
        let expected = [Some(SqlType::String), Some(SqlType::Range), None, Some(SqlType::Array)];
        assert_eq!(types, expected);
        let shown: Vec<String> =
            columns(&table["schema"]).into_iter().map(|column| column.sql_type).collect();
        assert_eq!(shown, ["STRING", "RANGE<DATE>", "FOREIGN", "ARRAY<QUATERNION>"]);
    }

    #[test]
    fn what_has_another_form_is_left_out() {
        for odd in [
            json!({ "schema": 7, "timePartitioning": "DAY", "rangePartitioning": [] }),
            json!({ "schema": { "fields": [7, {}] }, "tableConstraints": { "primaryKey": "id" } }),
            json!({ "timePartitioning": { "type": "FORTNIGHT", "expirationMs": "soon" } }),
            json!({ "rangePartitioning": { "range": { "start": "0", "end": "9", "interval": "0" } } }),
            json!([]),
        ] {
            let found = description(&odd);
            assert!(found.details.range.is_none() && found.details.primary_key.is_empty(), "{odd}");
        }
        assert_eq!(dataset(&json!({ "maxTimeTravelHours": {} })), Dataset::default());
    }

    #[test]
    fn a_column_has_the_types_of_what_it_holds() {
        let schema = json!({ "fields": [
            { "name": "n", "type": "INTEGER" },
            { "name": "l", "type": "RECORD", "mode": "REPEATED", "fields": [
                { "name": "a", "type": "FLOAT" },
                { "name": "b", "type": "STRING", "mode": "REPEATED" },
            ]},
        ]});
        let types: Vec<String> = columns(&schema).into_iter().map(|c| c.sql_type).collect();
        assert_eq!(types, ["INT64", "ARRAY<STRUCT<a FLOAT64, b ARRAY<STRING>>>"]);
    }

    #[test]
    fn everything_that_matters_to_a_rule_is_kept() {
        let found = description(&json!({
            "type": "SNAPSHOT", "location": "EU", "maxStaleness": "0-0 0 0:15:0",
            "timePartitioning": { "type": "MONTH", "field": "d", "expirationMs": "86400000" },
            "requirePartitionFilter": true, "expirationTime": "1769758890000",
            "tableConstraints": { "primaryKey": { "columns": ["a", "b"] } },
            "cloneDefinition": { "baseTableReference": { "datasetId": "x", "tableId": "y" } },
            "numBytes": "10", "numLongTermBytes": 4,
            "schema": { "fields": [
                { "name": "a", "type": "STRING", "collation": "und:ci" },
                { "name": "n", "type": "INT64",
                  "generatedColumn": { "generatedMode": "GENERATED_ALWAYS" } },
            ]},
        }));
        assert_eq!(found.partition.as_deref(), Some("d"));
        assert_eq!(found.requires_partition_filter, Some(true));
        let details = found.details;
        assert_eq!(details.kind, TableKind::Snapshot);
        assert_eq!(details.granularity, Some(Granularity::Month));
        assert_eq!(details.partitions_expire_after, Some(SignedDuration::from_hours(24)));
        assert_eq!(details.primary_key, ["a", "b"]);
        assert_eq!(details.clone_of.as_deref(), Some("x.y"));
        assert_eq!(details.collations, [("a".to_owned(), "und:ci".to_owned())]);
        assert_eq!(details.generated, [("n".to_owned(), Values::Always)]);
        assert_eq!((details.bytes, details.is_iceberg), (Some((10, 4)), false));
        assert!(details.expires.is_some() && details.max_staleness.is_some());
    }
}
