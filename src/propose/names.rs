//! What the name of a column or table suggests.

use super::{Column, Seen};
use crate::error::Result;
use crate::googlesql::{SqlType, TableName};
use crate::rule::RuleName;

/// When the thing changed that a row is about, the most telling first.
pub(crate) const CHANGED: &[&str] = &[
    "updated_at",
    "modified_at",
    "changed_at",
    "last_updated",
    "last_modified",
    "last_updated_at",
    "last_modified_at",
    "last_update",
    "update_time",
    "updated_time",
    "updated_timestamp",
    "updated_on",
    "modified_on",
    "modified_time",
    "updated",
    "modified",
    "systemmodstamp",
    "system_modstamp",
    "source_updated_at",
    "source_timestamp",
    "updated_date",
];

/// When a row reached the table, the most telling first.
pub(crate) const ARRIVED: &[&str] = &[
    "loaded_at",
    "ingested_at",
    "inserted_at",
    "load_time",
    "load_timestamp",
    "ingestion_time",
    "ingest_time",
    "insert_time",
    "inserted_time",
    "arrived_at",
    "received_at",
    "synced_at",
    "extracted_at",
    "airbyte_extracted_at",
    "airbyte_emitted_at",
    "fivetran_synced",
    "sdc_batched_at",
    "sdc_received_at",
    "sdc_extracted_at",
    "etl_loaded_at",
    "dw_loaded_at",
    "written_at",
    "publish_time",
    "load_tstamp",
    "uuid_ts",
    "processed_at",
    "dbt_updated_at",
    "created_at",
    "created_on",
    "creation_time",
    "create_time",
    "created_time",
];

/// The number of a version, or the place in a log of changes.
pub(crate) const SEQUENCE: &[&str] = &[
    "version",
    "row_version",
    "seq",
    "sequence",
    "sequence_number",
    "revision",
    "lsn",
    "scn",
    "offset",
    "position",
    "change_id",
    "change_sequence_number",
    "ts_ms",
    "source_ts_ms",
    "sdc_sequence",
];

/// BOOL columns that are true for the rows that count.
pub(crate) const FLAGS: &[&str] =
    &["is_active", "active", "is_current", "current", "is_live", "is_latest", "current_flag"];

/// BOOL columns that are true for the rows that no longer count.
pub(crate) const ENDED: &[&str] =
    &["is_deleted", "deleted", "fivetran_deleted", "is_void", "is_inactive", "is_superseded"];

/// When a row stopped to count; NULL while it does.
pub(crate) const ENDS: &[&str] = &[
    "deleted_at",
    "valid_to",
    "dbt_valid_to",
    "removed_at",
    "archived_at",
    "ended_at",
    "superseded_at",
];

/// The words of a name in lower case: `orderId`, `Order ID` and `order_id` are `order`, `id`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in name.chars() {
        let starts = c.is_uppercase() && (last.is_lowercase() || last.is_numeric());
        if !c.is_alphanumeric() {
            last = ' ';
            continue;
        }
        match words.last_mut() {
            Some(word) if !starts && last != ' ' => word.extend(c.to_lowercase()),
            _ => words.push(c.to_lowercase().collect()),
        }
        last = c;
    }
    words
}

/// Whether the name is one of these, however it is written: `_updatedAt` is `updated_at`.
pub(crate) fn is_called(name: &str, names: &[&str]) -> bool {
    names.contains(&words(name).join("_").as_str())
}

/// Whether the column has one of these names.
pub(super) fn is(column: &Column, names: &[&str]) -> bool {
    is_called(column.name.as_str(), names)
}

fn last_word(column: &Column) -> String {
    words(column.name.as_str()).pop().unwrap_or_default()
}

/// Whether the name says that the column names a thing, such as `order_id`.
pub(super) fn is_id(column: &Column) -> bool {
    matches!(column.sql_type, SqlType::String | SqlType::Int64 | SqlType::Bytes)
        && ["id", "uuid", "guid", "key", "pk"].contains(&last_word(column).as_str())
}

/// Whether the name is one of what identifies a thing without being called an id, such as `player_lookup`.
pub(super) fn is_of_identity(column: &Column) -> bool {
    const WORDS: [&str; 19] = [
        "lookup", "code", "number", "no", "slug", "sku", "symbol", "ticker", "email", "hash",
        "type", "kind", "channel", "currency", "country", "region", "level", "name", "market",
    ];
    matches!(column.sql_type, SqlType::String | SqlType::Int64)
        && WORDS.contains(&last_word(column).as_str())
}

/// Whether the column may be part of a key although its name does not end in `id`. What a thing says of itself, or
/// what was done to it, differs between rows of one thing.
pub(super) fn may_identify(column: &Column) -> bool {
    const NEVER: [&str; 22] = [
        "status",
        "state",
        "op",
        "operation",
        "action",
        "note",
        "notes",
        "description",
        "comment",
        "message",
        "text",
        "body",
        "payload",
        "json",
        "data",
        "url",
        "title",
        "reason",
        "value",
        "label",
        "result",
        "error",
    ];
    let is_text = column.sql_type == SqlType::String;
    is_of_identity(column) || is_text && !NEVER.contains(&last_word(column).as_str())
}

/// Names that tools and people give to what names a row, and never a thing.
pub(super) fn is_row_id(column: &Column) -> bool {
    const NAMES: [&str; 12] = [
        "row_id",
        "rowid",
        "row_uuid",
        "row_key",
        "uuid",
        "insert_id",
        "record_id",
        "raw_id",
        "airbyte_raw_id",
        "airbyte_ab_id",
        "dlt_id",
        "row_number",
    ];
    is_id(column) && is(column, &NAMES)
}

/// Whether the column is called after the table's last word: `prediction_id` in `player_predictions`, or `id`.
pub(super) fn is_own_id(column: &Column, table: &TableName) -> bool {
    if !is_id(column) {
        return false;
    }
    let column = words(column.name.as_str());
    let table = words(table.table());
    let Some(thing) = table.iter().rev().find(|word| word.chars().any(char::is_alphabetic)) else {
        return false;
    };
    let Some((_, before)) = column.split_last() else { return false };
    // `parent_order_id` is the id of another order.
    let is_of_table = |word: &String| table.iter().any(|of| of == word || singular(of) == *word);
    let ends_in_thing = before.last().is_none_or(|word| word == thing || *word == singular(thing));
    ends_in_thing && before.iter().all(is_of_table)
}

fn singular(word: &str) -> String {
    match (word.strip_suffix("ies"), word.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) if !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The name of a rule about this table.
///
/// # Errors
/// Its name has no letter or digit.
pub fn rule(table: &TableName) -> Result<RuleName> {
    let mut name = words(table.table()).join("_");
    name.retain(|c| c.is_ascii_alphanumeric() || c == '_');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "table_");
    }
    name.truncate(63);
    RuleName::parse(name.trim_end_matches('_'))
}

/// A column that only one tool writes, with the name of the ready rule for its tables.
const TOOLS: [(&str, &str, &str); 11] = [
    ("_airbyte_extracted_at", "Airbyte", "airbyte"),
    ("_fivetran_synced", "Fivetran", "fivetran"),
    ("_sdc_batched_at", "Stitch", "stitch"),
    ("_dlt_load_id", "dlt", "dlt"),
    ("datastream_metadata", "Datastream", "datastream"),
    ("dbt_scd_id", "a dbt snapshot", "dbt-snapshot"),
    ("collector_tstamp", "Snowplow", "snowplow"),
    ("event_bundle_sequence_id", "Google Analytics", "ga4"),
    ("uuid_ts", "Segment", "segment"),
    ("context_ruddertyper", "RudderStack", "rudderstack"),
    ("subscription_name", "Pub/Sub", "pubsub"),
];

/// That the table looks like one that a tool writes, for which there is a ready rule.
pub(super) fn tool(seen: &Seen) -> Option<String> {
    let (column, tool, preset) =
        TOOLS.iter().find(|(column, _, _)| seen.column(column).is_some())?;
    Some(format!(
        "the column {column} is one that {tool} writes: `onerow init --preset {preset}` has a ready rule for such tables."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::googlesql::Ident;

    fn column(name: &str) -> Column {
        let (name, sql_type) = (Ident::parse(name).unwrap(), SqlType::String);
        Column { name, sql_type, full_type: "STRING".to_owned() }
    }

    #[test]
    fn a_name_is_read_however_it_is_written() {
        for name in ["order_id", "orderId", "Order ID", "ORDER_ID", "order-id", "OrderId"] {
            assert_eq!(words(name), ["order", "id"], "{name}");
        }
        assert_eq!(words("_fivetran_synced"), ["fivetran", "synced"]);
        assert_eq!(words("größeId"), ["größe", "id"]);
        assert_eq!(words("__"), [""; 0]);
    }

    #[test]
    fn an_id_that_is_called_after_the_table_is_its_own() {
        let own = |name: &str, table: &str| {
            is_own_id(&column(name), &TableName::parse(&format!("d.{table}")).unwrap())
        };
        for (name, table) in [
            ("prediction_id", "player_prop_predictions"),
            ("id", "orders"),
            ("order_id", "orders"),
            ("orderKey", "orders_20260128"),
            ("category_id", "categories"),
            ("sales_order_id", "sales_orders"),
        ] {
            assert!(own(name, table), "{name} of {table}");
        }
        for (name, table) in [("game_id", "predictions"), ("order_date", "orders"), ("valid", "x")]
        {
            assert!(!own(name, table), "{name} of {table}");
        }
    }

    #[test]
    fn a_rule_is_called_after_its_table() {
        let name = |table: &str| rule(&TableName::parse(table).unwrap()).unwrap().to_string();
        assert_eq!(name("shop.Orders"), "orders");
        assert_eq!(name("shop.orders-v2"), "orders_v2");
        let shards = TableName::parse_shards("ga.events_*").unwrap();
        assert_eq!(rule(&shards).unwrap().to_string(), "events");
        assert_eq!(name("ga.20260128"), "table_20260128");
    }
}
