//! The order of survival, which dbt does not say: from settings and from names and types of columns.

use super::columns::Columns;
use super::key::{Key, written};
use super::manifest::{Node, text, texts};
use super::proposed::GUESS;
use crate::googlesql::SqlType;

/// Names of columns that say when a row was changed, or which version it is.
const CHANGED: &[&str] = &[
    "updated_at",
    "_updated_at",
    "last_updated_at",
    "last_updated",
    "updated_on",
    "updated_time",
    "update_time",
    "updated_timestamp",
    "modified_at",
    "_modified_at",
    "last_modified_at",
    "last_modified",
    "modified_on",
    "modified_time",
    "changed_at",
    "version",
    "row_version",
    "_version",
    "revision",
];

/// Names of columns that say when a row came.
const ARRIVED: &[&str] = &[
    "_loaded_at",
    "loaded_at",
    "_etl_loaded_at",
    "etl_loaded_at",
    "_ingested_at",
    "ingested_at",
    "_inserted_at",
    "inserted_at",
    "_fivetran_synced",
    "_airbyte_extracted_at",
    "_airbyte_emitted_at",
    "_sdc_batched_at",
    "_sdc_received_at",
    "_sdc_extracted_at",
    "received_at",
    "_received_at",
    "synced_at",
    "processed_at",
    "_processed_at",
    "dbt_updated_at",
    "_dbt_updated_at",
    "created_at",
    "_created_at",
    "created_on",
    "create_time",
    "creation_time",
    "created_time",
];

/// The entries of `keep`, and the reason for each.
#[derive(Debug)]
pub(super) struct Order {
    pub entries: Vec<String>,
    pub note: String,
    /// The source's `loaded_at_field`, if that is a column.
    pub loaded_at: Option<String>,
}

/// `None` where no column says which row is newer.
pub(super) fn of(node: &Node, key: &Key, columns: &Columns, dates: Option<&str>) -> Option<Order> {
    // Rows of one key are equal in the columns of the key, and rows of one date in a column of dates.
    let decides = |name: &str| {
        let of = columns.type_of(name);
        let is_date = dates.is_some_and(|dates| dates.eq_ignore_ascii_case(name))
            && of == Some(SqlType::Date);
        !key.has(name) && !is_date && of.is_none_or(has_order)
    };
    let listed = |name: &str| columns.find(name).map(|column| column.name.as_str().to_owned());
    let named = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| listed(name));
        found.find(|name| decides(name))
    };
    let merged = texts(&node.config.merge_update_columns);
    let merged: Vec<&str> = merged
        .iter()
        .map(String::as_str)
        .filter(|name| {
            CHANGED.iter().any(|known| known.eq_ignore_ascii_case(name)) && decides(name)
        })
        .collect();
    let said = text(&node.config.loaded_at_field).or_else(|| node.loaded_at_field.clone());
    let is_column = |name: &String| {
        listed(name).is_some() || crate::googlesql::Ident::parse_plain(name).is_ok()
    };
    let loaded_at = said.filter(is_column).filter(|name| decides(name));
    let event_time = text(&node.config.event_time).filter(is_column).filter(|name| decides(name));

    let mut found: Vec<(String, String)> = Vec::new();
    match (merged.first(), named(CHANGED)) {
        (Some(name), _) => {
            found.push(((*name).to_owned(), "it is in merge_update_columns".to_owned()))
        }
        (None, Some(name)) => found.push((name, "by its name".to_owned())),
        (None, None) => {}
    }
    match (&loaded_at, named(ARRIVED)) {
        (Some(name), _) => found.push((name.clone(), "it is the loaded_at_field".to_owned())),
        (None, Some(name)) => found.push((name, "by its name".to_owned())),
        (None, None) => {}
    }
    if let (true, Some(name)) = (found.is_empty(), event_time) {
        found.push((name, "it is the event_time".to_owned()));
    }
    if found.is_empty() {
        return None;
    }
    let reasons: Vec<String> =
        found.iter().map(|(name, why)| format!("{} ({why})", written(name))).collect();
    Some(Order {
        entries: found.iter().map(|(name, _)| format!("{} DESC", written(name))).collect(),
        note: format!(
            "{GUESS} {}. dbt does not say which row of a key stays",
            reasons.join(", then ")
        ),
        loaded_at,
    })
}

/// Whether a later value of this type is a newer row. A text may be anything.
fn has_order(of: SqlType) -> bool {
    matches!(
        of,
        SqlType::Timestamp
            | SqlType::Datetime
            | SqlType::Date
            | SqlType::Int64
            | SqlType::Numeric
            | SqlType::BigNumeric
    )
}
