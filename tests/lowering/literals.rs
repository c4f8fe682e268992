//! Expressions of literals, answered by the embedded warehouse.

use std::fmt;

use onerow::googlesql::SqlValue;
use serde_json::Value as Json;

use super::compare::{self, Floats, Outcome, Theirs};
use super::edges::Tables;
use super::ours::Ours;

/// What the embedded warehouse answers to a query of one row and column.
pub struct Answer(Outcome);

/// Asks a query of one row and column.
pub fn literal_answer(sql: &str) -> Answer {
    let ours = Ours::with(&Tables::new(0, 0));
    Answer(ours.run(sql).map(|mut rows| rows.remove(0).remove(0)))
}

impl Answer {
    /// Whether it is a value, and no error.
    pub fn is_value(&self) -> bool {
        matches!(&self.0, Ok(value) if *value != SqlValue::Null)
    }

    /// Whether it is compatible with an answer of Google's reference implementation.
    pub fn agrees_with(&self, theirs: &Json) -> bool {
        let theirs = match theirs["error"].as_str() {
            Some(error) => Theirs::Error(error.to_owned()),
            None => compare::value(&theirs["rows"][0][0], theirs["types"][0].as_str().unwrap()),
        };
        compare::agree(&self.0, &theirs, Floats::Exact)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
