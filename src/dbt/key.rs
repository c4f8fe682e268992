//! The keys of a table: what dbt's `unique_key` and tests say is unique.

use super::left_out::LeftOut;
use super::manifest::{Manifest, Node, text, texts};
use crate::googlesql::Ident;

/// What names one row.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// Columns or expressions, as the rule file has them.
    pub entries: Vec<String>,
    /// Where dbt says so.
    pub from: Vec<String>,
    /// The rows that the test is about, if it is not about all.
    pub condition: Option<String>,
}

impl Key {
    pub fn new(entries: Vec<String>, from: impl Into<String>, condition: Option<String>) -> Self {
        let entries = entries.iter().map(|entry| written(entry)).collect();
        Self { entries, from: vec![from.into()], condition }
    }

    /// Whether both name the same columns.
    fn is_same(&self, other: &Self) -> bool {
        let sorted = |key: &Self| {
            let mut entries: Vec<String> =
                key.entries.iter().map(|entry| entry.to_ascii_lowercase()).collect();
            entries.sort();
            entries
        };
        sorted(self) == sorted(other)
    }

    /// Whether an entry is this column.
    pub fn has(&self, column: &str) -> bool {
        self.entries.iter().any(|entry| entry.trim_matches('`').eq_ignore_ascii_case(column))
    }

    /// A word for each entry, for the name of a rule.
    pub fn words(&self) -> String {
        self.entries.join("_")
    }
}

/// A column name that needs backquotes gets them; anything else stays.
pub(super) fn written(entry: &str) -> String {
    let entry = entry.trim();
    // An expression may be a name with blanks, but no list of BigQuery's names has brackets or operators in common use.
    let is_expression = entry.contains(['(', ')', '|', '+', '\'', '"', ',', '`']);
    match Ident::parse(entry) {
        Ok(name) if !is_expression => name.to_string(),
        _ => entry.to_owned(),
    }
}

/// Adds a key, or to the same key where dbt says it too. A key of all rows holds for some of them as well.
pub(super) fn add(keys: &mut Vec<Key>, key: Key) {
    match keys.iter_mut().find(|known| known.is_same(&key)) {
        Some(known) if known.condition == key.condition => known.from.extend(key.from),
        Some(known) if known.condition.is_none() => {}
        Some(known) if key.condition.is_none() => *known = key,
        _ => keys.push(key),
    }
}

/// The keys that tests give a node, and the tests of it that give none.
pub(super) fn of_tests(manifest: &Manifest, node: &Node, keys: &mut Vec<Key>) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    for test in manifest.nodes.values() {
        if test.about() != Some(&node.unique_id) {
            continue;
        }
        match key_of(test) {
            Some(Ok(key)) => add(keys, key),
            Some(Err(why)) => left_out.push(LeftOut::new(format!("test {}", test.name), why)),
            None => {}
        }
    }
    left_out
}

/// The key of a test of uniqueness; `None` of any other test.
pub(super) fn key_of(test: &Node) -> Option<Result<Key, String>> {
    let metadata = test.test_metadata.as_ref()?;
    let entries = match (metadata.namespace.as_deref(), metadata.name.as_str()) {
        (None | Some("dbt"), "unique") => {
            let column = text(&metadata.kwargs["column_name"]).or(test.column_name.clone());
            column.into_iter().collect::<Vec<_>>()
        }
        (_, "unique_combination_of_columns") => texts(&metadata.kwargs["combination_of_columns"]),
        _ => return None,
    };
    if entries.is_empty() {
        return Some(Err("it names no column".to_owned()));
    }
    let condition = text(&test.config.condition);
    if let Some(jinja) = condition.iter().chain(&entries).find(|text| text.contains("{{")) {
        return Some(Err(format!(
            "`{jinja}` is Jinja, which only dbt can read: write the rule by hand"
        )));
    }
    Some(Ok(Key::new(entries, format!("test {}", test.name), condition)))
}
