//! Queries. Their columns are called `c1`, `c2`, … in SQLite.

use std::rc::Rc;

use super::{Key, Term};

/// The rows of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rows {
    /// Of which nothing is known.
    Unknown,
    Select(Box<Select>),
    /// A query in parentheses.
    Nested(Rc<Rows>),
    /// Two queries and what stands between them.
    Set(&'static str, Box<[Converted; 2]>),
    /// In another order. The name is for the query.
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

/// A query's columns as other types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Converted {
    pub rows: Rc<Rows>,
    /// The name for the query, which its columns are taken of.
    pub own: String,
    pub columns: Vec<Term>,
}

/// One SELECT with the ORDER BY that belongs to it.
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

/// A table or query in FROM with what joins it to those before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Joined {
    pub keyword: &'static str,
    pub factor: Factor,
    pub on: Option<Term>,
}

/// A table or query in FROM, and its name there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Factor {
    /// Of which nothing is known.
    Unknown,
    /// A table of the database.
    Table {
        name: String,
        own: String,
    },
    /// What the catalog has a query for.
    Text {
        sql: String,
        own: String,
    },
    Query {
        rows: Rc<Rows>,
        own: String,
    },
}
