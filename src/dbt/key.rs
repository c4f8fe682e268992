//! The keys of a table: what dbt's `unique_key` and tests say is unique.

use serde_json::Value as Json;

use super::columns::Columns;
use super::left_out::LeftOut;
use super::manifest::{Manifest, Node, text, texts};
use super::proposed::GUESS;
use crate::googlesql::Ident;
use crate::rule::unless_column;

/// Rows whose key is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nulls {
    /// NULL is a key like any other, or there is none.
    Count,
    /// dbt's `unique` leaves them out.
    Untested,
    /// dbt's MERGE never matches them, so it inserts each of them.
    Unmatched,
}

/// What names one row.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// Columns or expressions, as the rule file has them.
    pub entries: Vec<String>,
    /// Where dbt says so.
    pub from: Vec<String>,
    /// The rows that the test is about, if it is not about all.
    pub condition: Option<String>,
    pub nulls: Nulls,
    /// What a person should know of the tests that say so.
    pub remarks: Vec<String>,
}

impl Key {
    /// A key of all rows.
    pub fn new(entries: &[String], from: impl Into<String>, columns: &Columns) -> Self {
        Self {
            entries: entries.iter().map(|text| entry(text, columns)).collect(),
            from: vec![from.into()],
            condition: None,
            nulls: Nulls::Count,
            remarks: Vec::new(),
        }
    }

    /// That of `unique_key`, which a MERGE looks rows up by.
    pub fn merged(entries: &[String], columns: &Columns) -> Self {
        Self { nulls: Nulls::Unmatched, ..Self::new(entries, "unique_key", columns) }
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

    /// Whether it is about all rows that the other is about.
    fn covers(&self, other: &Self) -> bool {
        self.condition.is_none() && self.nulls <= other.nulls
    }

    /// Whether an entry is this column.
    pub fn has(&self, column: &str) -> bool {
        self.entries.iter().any(|entry| entry.trim_matches('`').eq_ignore_ascii_case(column))
    }

    /// A word for each entry, for the name of a rule.
    pub fn words(&self) -> String {
        self.entries.join("_")
    }

    /// The rows that count, if these are not all, and the reason.
    pub fn active(&self, never_null: &[String]) -> Option<(String, String)> {
        let can_be_null = |entry: &&String| {
            let name = entry.trim_matches('`');
            !never_null.iter().any(|column| column.eq_ignore_ascii_case(name))
        };
        let (nullable, of_nulls): (Vec<&String>, String) = match self.nulls {
            Nulls::Count => (Vec::new(), String::new()),
            Nulls::Untested => (
                self.entries.iter().filter(can_be_null).collect(),
                "dbt's `unique` leaves out rows whose key is NULL".to_owned(),
            ),
            Nulls::Unmatched => (
                self.entries.iter().filter(can_be_null).collect(),
                format!(
                    "{GUESS} for dbt no NULL key equals another, so it inserted each such row. Remove this, if \
                     NULL is a key like any other"
                ),
            ),
        };
        let mut conditions: Vec<String> = Vec::new();
        let mut notes = Vec::new();
        if let Some(condition) = &self.condition {
            conditions.push(match nullable.is_empty() {
                true => condition.clone(),
                false => format!("({condition})"),
            });
            notes.push("`where` of the test: only these rows count".to_owned());
        }
        if !nullable.is_empty() {
            conditions.extend(nullable.into_iter().map(|entry| not_null(entry)));
            notes.push(of_nulls);
        }
        (!conditions.is_empty()).then(|| (conditions.join(" AND "), notes.join("; ")))
    }
}

fn not_null(entry: &str) -> String {
    match Ident::of_sql(entry) {
        Some(_) => format!("{entry} IS NOT NULL"),
        None => format!("({entry}) IS NOT NULL"),
    }
}

/// A column name, with backquotes if it needs some.
pub(super) fn written(name: &str) -> String {
    let name = name.trim();
    Ident::parse(name).map_or_else(|_| name.to_owned(), |ident| ident.to_string())
}

/// A key's entry: a column that is known, or cannot be an expression, as a name; anything else stays.
fn entry(text: &str, columns: &Columns) -> String {
    let text = text.trim();
    match columns.find(text).is_some() || unless_column(text, &[]).is_none() {
        true => written(text),
        false => text.to_owned(),
    }
}

/// Adds a key, or to the same key where dbt says it too. A key of all rows holds for some of them as well.
pub(super) fn add(keys: &mut Vec<Key>, key: Key) {
    let known = keys.iter_mut().find(|known| {
        let is_one = known.condition == key.condition || known.covers(&key) || key.covers(known);
        known.is_same(&key) && is_one
    });
    match known {
        Some(known) if known.condition == key.condition => {
            known.nulls = known.nulls.min(key.nulls);
            known.from.extend(key.from);
            known.remarks.extend(key.remarks);
        }
        Some(known) if known.covers(&key) => {}
        Some(known) => *known = key,
        None => keys.push(key),
    }
}

/// The keys that tests give a node, and the tests of it that give none.
pub(super) fn of_tests(
    manifest: &Manifest,
    node: &Node,
    columns: &Columns,
    keys: &mut Vec<Key>,
) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    for test in manifest.nodes.values() {
        if test.about() != Some(&node.unique_id) {
            continue;
        }
        match key_of(test, columns) {
            Some(Ok(key)) => add(keys, key),
            Some(Err(why)) => left_out.push(LeftOut::new(format!("test {}", test.name), why)),
            None => {}
        }
    }
    left_out
}

/// The key of a test of uniqueness; `None` of any other test.
pub(super) fn key_of(test: &Node, columns: &Columns) -> Option<Result<Key, String>> {
    let metadata = test.test_metadata.as_ref()?;
    let (entries, nulls) = match (metadata.namespace.as_deref(), metadata.name.as_str()) {
        (None | Some("dbt"), "unique") => {
            (column_of(test).into_iter().collect::<Vec<_>>(), Nulls::Untested)
        }
        // It groups by the columns, and GROUP BY takes NULL for a value.
        (_, "unique_combination_of_columns") => {
            (texts(&metadata.kwargs["combination_of_columns"]), Nulls::Count)
        }
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
    let key = Key::new(&entries, format!("test {}", test.name), columns);
    Some(Ok(Key { condition, nulls, remarks: lenience(test).into_iter().collect(), ..key }))
}

/// The column of a test of one column.
fn column_of(test: &Node) -> Option<String> {
    let of = test.test_metadata.as_ref().and_then(|of| text(&of.kwargs["column_name"]));
    of.or_else(|| test.column_name.clone())
}

/// Columns that are never NULL: of a `not_null` test that is an error in any row, or of a constraint that BigQuery
/// enforces.
pub(super) fn never_null(manifest: &Manifest, node: &Node) -> Vec<String> {
    let tests = manifest.nodes.values().filter(|test| {
        let of = test.test_metadata.as_ref();
        test.about() == Some(&node.unique_id)
            && of.is_some_and(|of| {
                of.name == "not_null" && matches!(of.namespace.as_deref(), None | Some("dbt"))
            })
            && text(&test.config.condition).is_none()
            && lenience(test).is_none()
    });
    let mut columns: Vec<String> = tests.filter_map(column_of).collect();
    if node.config.contract["enforced"] == Json::Bool(true) {
        let is_not_null = |constraint: &Json| constraint["type"] == "not_null";
        let any = |constraints: &Json| {
            constraints.as_array().is_some_and(|all| all.iter().any(is_not_null))
        };
        let constrained = node.columns.iter().filter(|(_, column)| any(&column.constraints));
        columns.extend(constrained.map(|(name, _)| name.clone()));
        let of_model =
            node.constraints.as_array().into_iter().flatten().filter(|one| is_not_null(one));
        columns.extend(of_model.flat_map(|constraint| texts(&constraint["columns"])));
    }
    columns
}

/// What makes a test pass although rows fail it.
fn lenience(test: &Node) -> Option<String> {
    const ANY: &str = "!=0";
    let config = &test.config;
    let is_warning =
        text(&config.severity).is_some_and(|severity| severity.eq_ignore_ascii_case("warn"));
    let threshold = |name: &str, value: &Json| {
        let said = text(value)?;
        let squeezed: String = said.chars().filter(|c| !c.is_whitespace()).collect();
        (squeezed != ANY && squeezed != ">0").then(|| format!("{name}: {said}"))
    };
    let mut said: Vec<String> = Vec::new();
    match is_warning {
        true => said.push("severity: warn".to_owned()),
        false => said.extend(threshold("error_if", &config.error_if)),
    }
    said.extend(threshold("warn_if", &config.warn_if));
    said.extend(text(&config.limit).map(|limit| format!("limit: {limit}")));
    (!said.is_empty()).then(|| {
        format!(
            "The test {} lets duplicates pass ({}): they may be known and accepted.",
            test.name,
            said.join(", ")
        )
    })
}
