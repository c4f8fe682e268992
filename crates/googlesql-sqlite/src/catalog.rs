//! What a statement is typed with: the tables of a database, as whoever keeps them knows them.

use crate::error::Result;
use crate::googlesql::{Nested, SqlType};

/// What is known of a table or view.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<(String, SqlType)>,
    /// The whole types of ARRAY and STRUCT columns, of those of which they are known.
    pub nested: Vec<(String, Nested)>,
    /// The SQLite query whose rows it has; `None` for a table of the database under its own name.
    pub rows: Option<String>,
}

/// Whether a name is a table's or a view's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// A table of rows.
    Table,
    /// A view.
    View,
}

/// The tables and views that a statement can name.
///
/// Errors of a catalog reach the caller as they are: see [`Error::foreign`](crate::error::Error::foreign).
pub trait Catalog {
    /// The table or view of this name, with dots between its parts; an error if there is none.
    fn table(&self, dotted: &str) -> Result<Table>;

    /// What has this name, if anything has.
    fn relation(&self, dotted: &str) -> Result<Option<Relation>>;

    /// The SQLite statement that notes the type of one column of a new view, as it is written in SQL.
    fn note_column(&self, view: &str, position: usize, column: &str, of: &str) -> String;

    /// The SQLite statement that forgets the columns of a table or view that is gone.
    fn forget_columns(&self, dotted: &str) -> String;
}
