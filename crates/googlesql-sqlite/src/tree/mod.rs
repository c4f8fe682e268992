//! Statements with every name resolved and every type known: what binding makes of a parsed statement,
//! and what emitting writes as SQLite text.

mod change;
mod condition;
mod query;

use std::rc::Rc;

use rusqlite::types::Value;

pub(crate) use self::change::{About, Action, Change, Clause, Merge};
pub(crate) use self::condition::Condition;
pub(crate) use self::query::{Converted, Factor, Joined, Rows, Select};
use crate::googlesql::{Nested, SqlType, SqlValue};

/// An expression with its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub node: Node,
    /// `None` for a bare NULL, which has every type.
    pub sql_type: Option<SqlType>,
    /// What is in it, of an ARRAY or STRUCT of which that is known.
    pub nested: Option<Rc<Nested>>,
    /// The value of a literal or query parameter, which takes on other types more freely.
    pub constant: Option<SqlValue>,
    /// A column of which nothing else is known. Looking it up is an error, so that it is nowhere but
    /// in lists of columns.
    pub unknown: bool,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// A value that stands in the statement.
    Value(Value),
    /// A value that is given with it.
    Parameter(Value),
    /// A column of a table or query in FROM.
    Column {
        source: String,
        column: String,
    },
    /// A column of the select list, from 0.
    Output(usize),
    Call(Form, Vec<Term>),
    /// A call over the rows of a group, or of a window that stands around it.
    Aggregate {
        form: Form,
        distinct: bool,
        args: Vec<Term>,
        order: Vec<Key>,
    },
    Window {
        call: Box<Term>,
        window: Window,
    },
    Case {
        operand: Option<Box<Term>>,
        arms: Vec<(Term, Term)>,
        otherwise: Option<Box<Term>>,
    },
    /// The JSON text of a value.
    Json(Box<Term>),
    /// The JSON text of an object with these members.
    Object(Vec<(String, Term)>),
    /// The value of a query's only column in its only row. The name is for the query where it could have
    /// more rows, which is an error.
    Only {
        rows: Rc<Rows>,
        own: Option<String>,
    },
    Exists {
        rows: Rc<Rows>,
        negated: bool,
    },
    /// Whether the operand is among the values of a query's only column; that column as another type.
    Among {
        operand: Box<Term>,
        negated: bool,
        rows: Rc<Rows>,
        converted: Option<(String, Box<Term>)>,
    },
}

/// How a call is written for SQLite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// `name(arguments)`
    Call(&'static str),
    /// `name('first', arguments)`
    With(&'static str, &'static str),
    /// `name(arguments)`; an only argument stands for itself.
    Several(&'static str),
    /// The same, compared in the order of values.
    Extreme(&'static str),
    /// `CASE WHEN … THEN … ELSE … END`
    If,
    /// `name(*)`
    Star(&'static str),
    /// `name(argument)`, compared in the order of values.
    Ordered(&'static str),
    /// How often the argument is true.
    CountTrue,
    /// `name(argument)`, which fails where it is infinite.
    Finite(&'static str),
    Not,
    /// The arguments with this between them.
    Infix(&'static str),
    /// Equality in this form, the same for every order of values.
    Equal(&'static str),
    /// A comparison in the order of values.
    Compare(&'static str),
    /// The argument with this after it.
    Is(&'static str),
    Like {
        negated: bool,
    },
    Between {
        negated: bool,
    },
    /// Whether the first argument is one of the others.
    In {
        negated: bool,
    },
    /// `CAST(argument AS class)`
    Cast(&'static str),
    /// `true` or `false`
    BoolText,
    NotZero,
    /// What is left of a time without its days.
    TimeOfDay,
    /// How many times so many microseconds lie between two times.
    Elapsed(i64),
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub term: Term,
    pub descending: Option<bool>,
    pub nulls_first: Option<bool>,
}

/// The rows that a window function sees.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    pub partition: Vec<Term>,
    pub order: Vec<Key>,
    pub frame: Option<Frame>,
}

/// The part of its partition that a window function sees.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub units: &'static str,
    pub start: Bound,
    pub end: Option<Bound>,
}

impl Frame {
    /// From the first row of the partition to the row itself.
    pub const TO_THE_ROW: Self =
        Self { units: "ROWS", start: Bound::Preceding(None), end: Some(Bound::CurrentRow) };

    /// Whether it reaches so far in what the window is ordered by, not so many rows.
    pub fn is_measured(&self) -> bool {
        let counts =
            |bound: &Bound| matches!(bound, Bound::Preceding(Some(_)) | Bound::Following(Some(_)));
        self.units == "RANGE" && (counts(&self.start) || self.end.as_ref().is_some_and(counts))
    }
}

/// Where a frame begins or ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bound {
    CurrentRow,
    /// So many rows before; `None` for all.
    Preceding(Option<i64>),
    Following(Option<i64>),
}

impl Term {
    /// An expression of a type that may be NULL's.
    pub fn of(node: Node, sql_type: Option<SqlType>) -> Self {
        Self { node, sql_type, nested: None, constant: None, unknown: false }
    }

    /// A call with these arguments.
    pub fn call(form: Form, args: Vec<Self>, sql_type: SqlType) -> Self {
        Self::of(Node::Call(form, args), Some(sql_type))
    }

    /// A word that a function takes as an argument.
    pub fn word(text: &str) -> Self {
        Self::of(Node::Value(Value::Text(text.to_owned())), Some(SqlType::String))
    }

    /// A number that a function takes as an argument.
    pub fn number(number: i64, sql_type: SqlType) -> Self {
        Self::of(Node::Value(Value::Integer(number)), Some(sql_type))
    }

    /// A column of which nothing is known.
    pub fn unknown() -> Self {
        Self { unknown: true, ..Self::of(Node::Value(Value::Null), None) }
    }

    /// Whether it is the same for every row, which in ORDER BY and GROUP BY SQLite could take
    /// for the number of a column.
    pub fn is_fixed(&self) -> bool {
        let number = matches!(self.node, Node::Value(Value::Integer(_)));
        self.constant.is_some() || self.sql_type.is_none() || number
    }

    /// Whether it is NULL and nothing else.
    pub fn is_null(&self) -> bool {
        matches!(self.node, Node::Value(Value::Null) | Node::Parameter(Value::Null))
    }

    /// How messages name its type.
    pub fn type_name(&self) -> String {
        self.sql_type.map_or_else(|| "NULL".to_owned(), |sql_type| sql_type.to_string())
    }
}

/// Whether it is kept as the text of a number.
pub(crate) fn is_decimal(sql_type: Option<SqlType>) -> bool {
    matches!(sql_type, Some(SqlType::Numeric | SqlType::BigNumeric))
}
