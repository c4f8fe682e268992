//! A rule as it is written into the rule file: each setting with the reason for it.

use super::columns::Columns;
use super::manifest::Node;
use super::name::Names;

/// A line of a rule.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub key: &'static str,
    pub value: Value,
    /// Where it comes from, for people.
    pub note: String,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    One(String),
    List(Vec<String>),
}

impl Setting {
    pub fn one(key: &'static str, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self { key, value: Value::One(value.into()), note: note.into() }
    }

    pub fn list(key: &'static str, values: Vec<String>, note: impl Into<String>) -> Self {
        Self { key, value: Value::List(values), note: note.into() }
    }
}

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Proposed {
    /// What it could be called.
    pub names: Names,
    /// What it is called, once the names of all are known.
    pub name: String,
    /// What of dbt it is about, for messages.
    pub what: String,
    /// What stands above the rule; the first says what it is about.
    pub remarks: Vec<String>,
    /// The first is the table.
    pub settings: Vec<Setting>,
    /// Columns with their types, if the rule lists them.
    pub columns: Vec<(String, String)>,
    /// Whether these are all columns of the table.
    pub complete: bool,
}

impl Proposed {
    pub fn new(names: Names, node: &Node, columns: &Columns) -> Self {
        let made = node.config.materialized.as_deref().filter(|made| *made != "snapshot");
        let mut about: Vec<&str> = vec![&node.original_file_path];
        about.extend(made);
        about.retain(|part| !part.is_empty());
        Self {
            names,
            name: String::new(),
            what: node.what(),
            remarks: vec![match about.is_empty() {
                true => node.what(),
                false => format!("{}: {}", node.what(), about.join(", ")),
            }],
            settings: Vec::new(),
            columns: columns.written(),
            complete: columns.complete,
        }
    }

    /// The value of a setting with one value.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|setting| setting.key == key).and_then(|setting| {
            match &setting.value {
                Value::One(value) => Some(value.as_str()),
                Value::List(_) => None,
            }
        })
    }
}

/// What begins a note about something that dbt does not say.
pub(super) const GUESS: &str = "guess:";
