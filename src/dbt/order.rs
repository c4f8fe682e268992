//! The order of survival, which dbt does not say: from settings and from names and types of columns.

use super::columns::Columns;
use super::key::{Key, written};
use super::manifest::{Node, text, texts};
use super::proposed::GUESS;
use crate::googlesql::SqlType;
use crate::propose::names::{ARRIVED, CHANGED, SEQUENCE, is_called};

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
        names.iter().find_map(|known| {
            let mut listed = columns.iter().map(|column| column.name.as_str());
            let found = listed.find(|name| is_called(name, &[*known]) && decides(name))?;
            Some(found.to_owned())
        })
    };
    let merged = texts(&node.config.merge_update_columns);
    let merged: Vec<&str> = merged
        .iter()
        .map(String::as_str)
        .filter(|name| is_called(name, CHANGED) && decides(name))
        .collect();
    let said = text(&node.config.loaded_at_field).or_else(|| node.loaded_at_field.clone());
    let is_column = |name: &String| {
        listed(name).is_some() || crate::googlesql::Ident::parse_plain(name).is_ok()
    };
    let loaded_at = said.filter(is_column).filter(|name| decides(name));
    let event_time = text(&node.config.event_time).filter(is_column).filter(|name| decides(name));

    let mut found: Vec<(String, String)> = Vec::new();
    match (merged.first(), named(CHANGED).or_else(|| named(SEQUENCE))) {
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
