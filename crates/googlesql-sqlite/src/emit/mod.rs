//! Emitting: a typed tree becomes SQLite text. Nothing is refused here.

mod change;
mod expr;
mod query;

use rusqlite::types::Value;

pub use self::change::Part;
use crate::Catalog;
use crate::storage::quoted;

/// The state of emitting one statement.
pub(crate) struct Emitter<'a> {
    catalog: &'a dyn Catalog,
    /// The values of `?1`, `?2`, …
    pub binds: Vec<Value>,
}

impl<'a> Emitter<'a> {
    pub fn new(catalog: &'a dyn Catalog) -> Self {
        Self { catalog, binds: Vec::new() }
    }

    /// The placeholder of a value.
    fn bind(&mut self, value: &Value) -> String {
        let known = self.binds.iter().position(|known| known == value);
        let place = known.unwrap_or_else(|| {
            self.binds.push(value.clone());
            self.binds.len() - 1
        });
        format!("?{}", place + 1)
    }
}

/// A query's column name in SQLite.
fn c(index: usize) -> String {
    quoted(&format!("c{}", index + 1))
}
