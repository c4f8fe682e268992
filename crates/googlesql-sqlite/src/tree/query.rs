//! Queries. Their columns are called `c1`, `c2`, … in SQLite.

use std::rc::Rc;

use super::{Key, Term};

/// The rows of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rows {
    /// Unknown rows.
    Unknown,
    Select(Box<Select>),
    /// A query in parentheses.
    Nested(Rc<Rows>),
    /// Two queries and their set operator.
    Set(&'static str, Box<[Converted; 2]>),
    /// Sorted rows. `own` is the name of the query.
    Sorted {
        rows: Rc<Rows>,
        own: String,
        columns: usize,
        order: Vec<Key>,
    },
    Limited {
        rows: Rc<Rows>,
        limit: i64,
        offset: i64,
    },
}

/// A query with its columns converted to other types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Converted {
    pub rows: Rc<Rows>,
    /// The name of the query, by which its columns are referenced.
    pub own: String,
    pub columns: Vec<Term>,
}

/// One SELECT with its ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Select {
    pub distinct: bool,
    pub from: Vec<Joined>,
    pub condition: Option<Term>,
    pub keys: Vec<Term>,
    pub outputs: Vec<Term>,
    pub having: Option<Term>,
    /// The condition of QUALIFY, and a name for the query that it is applied to.
    pub qualify: Option<(String, Term)>,
    pub order: Vec<Key>,
}

/// A table or query in FROM, and its join with the previous ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Joined {
    pub keyword: &'static str,
    pub factor: Factor,
    pub on: Option<Term>,
}

/// A table or query in FROM, and its name there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Factor {
    /// An unknown relation.
    Unknown,
    /// A table of the database.
    Table {
        name: String,
        own: String,
    },
    /// A relation for which the catalog has a query.
    Text {
        sql: String,
        own: String,
    },
    Query {
        rows: Rc<Rows>,
        own: String,
    },
}
