//! The catalog: the tables of a database, from which statements are typed.

use crate::error::Result;
use crate::googlesql::{Nested, SqlType};

/// The columns of a table or view.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<(String, SqlType)>,
    /// The full types of ARRAY and STRUCT columns, where known.
    pub nested: Vec<(String, Nested)>,
    /// The SQLite query that returns its rows; `None` for a table of the database under its own name.
    pub rows: Option<String>,
}

/// The kind of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// A table of rows.
    Table,
    /// A view.
    View,
}

/// The tables and views that a statement can name.
///
/// A catalog's errors reach the caller unchanged: see [`Error::foreign`](crate::error::Error::foreign).
pub trait Catalog {
    /// The table or view of this dotted name.
    ///
    /// # Errors
    /// The relation does not exist, or the catalog failed.
    fn table(&self, dotted: &str) -> Result<Table>;

    /// The kind of the relation of this name, if it exists.
    fn relation(&self, dotted: &str) -> Result<Option<Relation>>;

    /// The SQLite statement that records the type of one column of a new view, as written in SQL.
    fn note_column(&self, view: &str, position: usize, column: &str, of: &str) -> String;

    /// The SQLite statement that deletes the recorded columns of a dropped table or view.
    fn forget_columns(&self, dotted: &str) -> String;
}
