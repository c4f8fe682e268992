//! Values for named query parameters.

use std::collections::BTreeMap;

use super::SqlValue;

/// The named query parameters of a statement: values known only when it runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(BTreeMap<String, SqlValue>);

impl Params {
    /// No parameters.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds `@name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: SqlValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// The value of `@name`.
    pub fn get(&self, name: &str) -> Option<&SqlValue> {
        self.0.get(name)
    }

    /// All parameters, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SqlValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}
