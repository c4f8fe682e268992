//! The names of GoogleSQL's functions.

use std::sync::LazyLock;

/// The functions of Google's open catalog, one a line.
const CATALOG: &str = include_str!("functions.txt");

/// Functions that BigQuery has, and the open catalog has not.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all>
const BIGQUERY: [&str; 19] = [
    "APPENDS",
    "BAG_OF_WORDS",
    "CHANGES",
    "COLLATE",
    "CONTAINS_SUBSTR",
    "CURRENT_ROLE",
    "CURRENT_USER",
    "DLP_DETERMINISTIC_DECRYPT",
    "DLP_DETERMINISTIC_ENCRYPT",
    "DLP_KEY_CHAIN",
    "EXTERNAL_OBJECT_TRANSFORM",
    "EXTERNAL_QUERY",
    "GAP_FILL",
    "OBJECTREF_TO_JSON",
    "RANGE_SESSIONIZE",
    "SEARCH",
    "TEXT_ANALYZE",
    "TF_IDF",
    "VECTOR_SEARCH",
];

/// Words that are written like functions.
const WORDS: [&str; 14] = [
    "ALL",
    "ANY",
    "ARRAY",
    "CUBE",
    "GROUPING",
    "KEY",
    "OFFSET",
    "ORDINAL",
    "ROLLUP",
    "SAFE_OFFSET",
    "SAFE_ORDINAL",
    "STRUCT",
    "UNNEST",
    "WEEK",
];

/// Whether GoogleSQL may have a function of this name. Names with a dot are those of a project's own
/// functions, or of groups that grow (`ML.`, `AI.`, `NET.`), as do the geographic ones.
pub fn may_be_function(name: &str) -> bool {
    // The file is sorted.
    static KNOWN: LazyLock<Vec<&str>> = LazyLock::new(|| CATALOG.lines().collect());
    let name = name.to_ascii_uppercase();
    name.contains('.')
        || ["ST_", "S2_"].iter().any(|prefix| name.starts_with(prefix))
        || KNOWN.binary_search(&name.as_str()).is_ok()
        || BIGQUERY.contains(&name.as_str())
        || WORDS.contains(&name.as_str())
}

/// The functions of the catalog that have plain names.
pub(crate) fn plain() -> impl Iterator<Item = &'static str> {
    CATALOG.lines().filter(|name| !name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_catalog_is_found() {
        assert!(CATALOG.lines().is_sorted());
        for name in CATALOG.lines().chain(BIGQUERY).chain(WORDS) {
            assert!(may_be_function(&name.to_ascii_lowercase()), "{name}");
        }
        assert!(!may_be_function("NVL"));
    }
}
