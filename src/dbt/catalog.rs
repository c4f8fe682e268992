//! The types of columns, from dbt's `catalog.json`, which `dbt docs generate` writes beside the manifest.
//! Source: <https://schemas.getdbt.com/dbt/catalog/v1.json>

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value as Json;

use super::manifest;
use crate::error::Result;

/// The columns of tables, by the id of their node.
#[derive(Debug, Deserialize)]
pub(super) struct Catalog {
    #[serde(default)]
    nodes: IndexMap<String, Table>,
    #[serde(default)]
    sources: IndexMap<String, Table>,
}

#[derive(Debug, Deserialize)]
struct Table {
    #[serde(default)]
    columns: IndexMap<String, Column>,
    #[serde(default)]
    stats: IndexMap<String, Json>,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
    r#type: String,
    #[serde(default)]
    index: i64,
}

/// # Errors
/// The text is not a catalog.
pub(super) fn read(file: &str, text: &str) -> Result<Catalog> {
    manifest::json(file, text, "dbt docs generate")
}

impl Catalog {
    /// The columns of the table of a node, in their order; `None` where the table was not there.
    pub fn columns(&self, id: &str) -> Option<Vec<(String, String)>> {
        let table = self.nodes.get(id).or_else(|| self.sources.get(id))?;
        let mut columns: Vec<&Column> = table.columns.values().collect();
        columns.sort_by_key(|column| column.index);
        let known = columns.into_iter().map(|column| (column.name.clone(), column.r#type.clone()));
        Some(known.collect()).filter(|columns: &Vec<_>| !columns.is_empty())
    }

    /// The partition column of the table of a node, or that it has none; `None` where the table was not there.
    pub fn partition(&self, id: &str) -> Option<Option<String>> {
        let table = self.nodes.get(id).or_else(|| self.sources.get(id))?;
        let by = table.stats.get("partitioning_type");
        Some(by.and_then(|by| manifest::text(&by["value"])))
    }
}
