//! What changes tables and views.

use std::rc::Rc;

use super::{Factor, Rows, Term};

/// A statement that changes something. Names are as the catalog has them.
#[derive(Debug)]
pub(crate) enum Change {
    Delete {
        table: Factor,
        condition: Term,
    },
    Update {
        table: Factor,
        set: Vec<(String, Term)>,
        condition: Term,
    },
    /// The columns with their values, which are taken of a query under this name.
    Insert {
        table: String,
        values: Vec<(String, Term)>,
        rows: Rc<Rows>,
        own: String,
    },
    Merge(Box<Merge>),
    /// The columns of a view with their names and types; the name is for its query.
    CreateView {
        name: String,
        /// Each with its type, as it is written in SQL.
        columns: Vec<(String, String)>,
        rows: Rc<Rows>,
        own: String,
    },
    DropView {
        name: String,
    },
    DropTable {
        name: String,
    },
    /// What is not there need not be dropped.
    Nothing,
}

/// A MERGE.
#[derive(Debug)]
pub(crate) struct Merge {
    pub table: String,
    pub target: Factor,
    /// What the target is called.
    pub own: String,
    /// The column that names a row of the target.
    pub row: &'static str,
    pub source: Factor,
    /// What the source is called.
    pub source_own: String,
    /// The column that names a row of the source, once it is a table.
    pub source_row: &'static str,
    pub condition: Term,
    pub clauses: Vec<Clause>,
}

/// WHEN … THEN …
#[derive(Debug)]
pub(crate) struct Clause {
    pub about: About,
    /// `None` for all rows that it is about.
    pub condition: Option<Term>,
    /// `None` where nothing is known of what it does.
    pub action: Action,
}

/// The rows that a clause is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Matched,
    NotMatched,
    NotMatchedBySource,
}

/// What a clause does with the rows it applies to.
#[derive(Debug)]
pub(crate) enum Action {
    Delete,
    Insert(Vec<(String, Term)>),
    Update(Vec<(String, Term)>),
}

impl Action {
    /// The columns that it sets, with their values.
    pub fn values(&self) -> &[(String, Term)] {
        match self {
            Self::Delete => &[],
            Self::Insert(values) | Self::Update(values) => values,
        }
    }
}
