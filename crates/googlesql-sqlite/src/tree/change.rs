//! Changes of tables and views.

use std::rc::Rc;

use super::{Factor, Rows, Term};

/// A statement that changes data or schema. Names are as in the catalog.
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
    /// The columns with their values, which refer to the query by this name.
    Insert {
        table: String,
        values: Vec<(String, Term)>,
        rows: Rc<Rows>,
        own: String,
    },
    Merge(Box<Merge>),
    /// The columns of a view with their names and types; `own` is the name of its query.
    CreateView {
        name: String,
        /// Each with its type, as written in SQL.
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
    /// Dropping something that does not exist has no effect.
    Nothing,
}

/// A MERGE.
#[derive(Debug)]
pub(crate) struct Merge {
    pub table: String,
    pub target: Factor,
    /// The target's name.
    pub own: String,
    /// The column that identifies a row of the target.
    pub row: &'static str,
    pub source: Factor,
    /// The source's name.
    pub source_own: String,
    /// The column that identifies a row of the source, once it is a table.
    pub source_row: &'static str,
    pub condition: Term,
    pub clauses: Vec<Clause>,
}

/// WHEN … THEN …
#[derive(Debug)]
pub(crate) struct Clause {
    pub about: About,
    /// `None` for all of its rows.
    pub condition: Option<Term>,
    /// `None` where the action is unknown.
    pub action: Action,
}

/// The rows that a clause applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Matched,
    NotMatched,
    NotMatchedBySource,
}

/// The action of a clause.
#[derive(Debug)]
pub(crate) enum Action {
    Delete,
    Insert(Vec<(String, Term)>),
    Update(Vec<(String, Term)>),
}

impl Action {
    /// The assigned columns with their values.
    pub fn values(&self) -> &[(String, Term)] {
        match self {
            Self::Delete => &[],
            Self::Insert(values) | Self::Update(values) => values,
        }
    }
}
