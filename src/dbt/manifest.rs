//! The parts of dbt's `manifest.json` that rules are made of.
//! Source: <https://schemas.getdbt.com/dbt/manifest/v12.json>

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::error::{Error, Kind, Result};

/// The version of the manifest that is read: dbt 1.8 and later write it.
const VERSION: &str = "v12";
const ADAPTER: &str = "bigquery";

/// A manifest of a project on BigQuery.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a manifest")]
pub(super) struct Manifest {
    pub metadata: Metadata,
    #[serde(default)]
    pub nodes: IndexMap<String, Node>,
    #[serde(default)]
    pub sources: IndexMap<String, Node>,
    #[serde(default, deserialize_with = "or_default")]
    pub disabled: IndexMap<String, Vec<Node>>,
}

#[derive(Debug, Deserialize)]
#[serde(expecting = "the members of `metadata`")]
pub(super) struct Metadata {
    dbt_schema_version: Option<String>,
    pub dbt_version: Option<String>,
    pub project_name: Option<String>,
    adapter_type: Option<String>,
}

/// What is read before the rest: of another version, the rest may have another form.
#[derive(Deserialize)]
#[serde(expecting = "a manifest")]
struct Head {
    metadata: Option<Metadata>,
}

/// A model, snapshot, seed, test or source; most of its members are there for some of these alone.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a node of dbt")]
pub(super) struct Node {
    pub unique_id: String,
    pub resource_type: String,
    #[serde(default)]
    pub package_name: String,
    pub name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub original_file_path: String,
    pub database: Option<String>,
    pub schema: Option<String>,
    pub alias: Option<String>,
    /// Of a source: the table's name.
    pub identifier: Option<String>,
    pub source_name: Option<String>,
    pub loaded_at_field: Option<String>,
    /// Of a versioned model: a number or a text.
    #[serde(default)]
    pub version: Json,
    #[serde(default, deserialize_with = "or_default")]
    pub config: Config,
    #[serde(default, deserialize_with = "or_default")]
    pub columns: IndexMap<String, Column>,
    #[serde(default)]
    pub constraints: Json,
    pub test_metadata: Option<TestMetadata>,
    pub attached_node: Option<String>,
    pub column_name: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub depends_on: DependsOn,
}

/// Members that a project can set to anything are read as JSON, so that one odd value does not lose the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "the members of `config`")]
pub(super) struct Config {
    pub materialized: Option<String>,
    pub incremental_strategy: Json,
    pub unique_key: Json,
    pub partition_by: Json,
    pub require_partition_filter: Json,
    pub cluster_by: Json,
    pub merge_update_columns: Json,
    pub event_time: Json,
    pub loaded_at_field: Json,
    #[serde(rename = "where")]
    pub condition: Json,
    /// Of a test: whether a failure is an error, and from how many rows on.
    pub severity: Json,
    pub warn_if: Json,
    pub error_if: Json,
    pub limit: Json,
    pub contract: Json,
    pub snapshot_meta_column_names: Json,
    pub dbt_valid_to_current: Json,
}

#[derive(Debug, Deserialize)]
pub(super) struct Column {
    #[serde(default)]
    pub name: String,
    pub data_type: Option<String>,
    #[serde(default)]
    pub constraints: Json,
}

#[derive(Debug, Deserialize)]
pub(super) struct TestMetadata {
    pub name: String,
    pub namespace: Option<String>,
    #[serde(default)]
    pub kwargs: Json,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct DependsOn {
    #[serde(default)]
    pub nodes: Vec<String>,
}

/// dbt writes null for some members that are empty.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Manifest {
    /// # Errors
    /// The text is not JSON, not a manifest, or one of another version or adapter.
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let head: Head = json(file, text, "dbt parse")?;
        let Some(metadata) = head.metadata else {
            return Err(not_a_manifest(file, "it has no `metadata`"));
        };
        let schema = metadata.dbt_schema_version.as_deref().unwrap_or_default();
        match kind_and_version(schema) {
            Some(("manifest", VERSION)) => {}
            Some(("manifest", other)) => {
                let message = format!(
                    "`{file}` is a manifest of version {other}, and onerow reads {VERSION}"
                );
                let by = metadata.dbt_version.as_deref();
                let by = by.map_or(String::new(), |by| format!("; this one is of dbt {by}"));
                return Err(Error::new(Kind::DataFile, message).help(format!(
                    "dbt 1.8 and later write {VERSION}{by}: write the manifest again with `dbt parse` of such a version"
                )));
            }
            Some((other, _)) => return Err(not_a_manifest(file, &format!("it is dbt's {other}"))),
            None => return Err(not_a_manifest(file, "its `metadata` names no version")),
        }
        match metadata.adapter_type.as_deref() {
            Some(ADAPTER) => json(file, text, "dbt parse"),
            other => {
                let of =
                    other.map_or("without an adapter".to_owned(), |other| format!("on {other}"));
                let message = format!(
                    "`{file}` is of a dbt project {of}, and onerow is for tables of BigQuery"
                );
                Err(Error::new(Kind::DataFile, message).help(
                    "write the manifest with the target on BigQuery: `dbt parse --target NAME`",
                ))
            }
        }
    }
}

/// The JSON of a file that `command` writes.
pub(super) fn json<'t, T: Deserialize<'t>>(file: &str, text: &'t str, command: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|cause| {
        let place = format!("{file}:{}:{}", cause.line(), cause.column());
        // The place is said before, as everywhere; a manifest is one long line, which is not shown.
        let all = cause.to_string();
        let what = all.split(" at line ").next().unwrap_or_default();
        let (message, help) = match cause.classify() {
            serde_json::error::Category::Eof => (
                format!("{place}: the file ends too early: {what}"),
                format!("it is empty or was cut off: write it again with `{command}`"),
            ),
            serde_json::error::Category::Data => (
                format!("{place}: this is not what dbt writes: {what}"),
                format!("name the file that `{command}` writes below `target`"),
            ),
            _ => (
                format!("{place}: this is not JSON: {what}"),
                format!("name the file that `{command}` writes below `target`"),
            ),
        };
        Error::new(Kind::DataFile, message).help(help)
    })
}

/// `https://schemas.getdbt.com/dbt/manifest/v12.json` is `manifest`, `v12`.
fn kind_and_version(schema: &str) -> Option<(&str, &str)> {
    let (rest, version) = schema.strip_suffix(".json")?.rsplit_once('/')?;
    Some((rest.rsplit_once('/')?.1, version))
}

fn not_a_manifest(file: &str, why: &str) -> Error {
    Error::new(Kind::DataFile, format!("`{file}` is not a manifest of dbt: {why}"))
        .help("name the file `target/manifest.json` of the dbt project; `dbt parse` writes it")
}

impl Node {
    /// What it is, for people: `model orders`, `source raw.orders`.
    pub fn what(&self) -> String {
        match &self.source_name {
            Some(source) => format!("source {source}.{}", self.name),
            None => match text(&self.version) {
                Some(version) => format!("{} {} v{version}", self.resource_type, self.name),
                None => format!("{} {}", self.resource_type, self.name),
            },
        }
    }

    /// The name of the table in BigQuery.
    pub fn table(&self) -> &str {
        self.identifier.as_deref().or(self.alias.as_deref()).unwrap_or(&self.name)
    }

    /// Of a test: what it is about.
    pub fn about(&self) -> Option<&str> {
        self.attached_node.as_deref().or(match self.depends_on.nodes.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }
}

/// A text, or a number as text; none of an empty one.
pub(super) fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text, or each of a list; none where something else is there.
pub(super) fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Array(values) => values.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}
