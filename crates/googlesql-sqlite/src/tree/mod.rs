//! Statements with every name resolved and every type known: the result of binding, and the input of
//! emitting.

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
    /// The nested types of an ARRAY or STRUCT, where known.
    pub nested: Option<Rc<Nested>>,
    /// The value of a literal or query parameter, which is coerced more freely.
    pub constant: Option<SqlValue>,
    /// An unknown column. Resolving it is an error, so it occurs only in lists of columns.
    pub unknown: bool,
}

/// The kind of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// A value in the statement's text.
    Value(Value),
    /// A value from a parameter.
    Parameter(Value),
    /// A column of a table or query in FROM.
    Column {
        source: String,
        column: String,
    },
    /// A column of the select list, from 0.
    Output(usize),
    Call(Form, Vec<Term>),
    /// A call over the rows of a group, or of the window around it.
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
    /// The value of a query's only column in its only row. `own` names the query where it could return more
    /// rows, which is an error.
    Only {
        rows: Rc<Rows>,
        own: Option<String>,
    },
    Exists {
        rows: Rc<Rows>,
        negated: bool,
    },
    /// Whether the operand is among the values of a query's only column; that column converted to another
    /// type.
    Among {
        operand: Box<Term>,
        negated: bool,
        rows: Rc<Rows>,
        converted: Option<(String, Box<Term>)>,
    },
}

/// The SQLite form of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// `name(arguments)`
    Call(&'static str),
    /// `name('first', arguments)`
    With(&'static str, &'static str),
    /// `name(arguments)`; a single argument is emitted alone.
    Several(&'static str),
    /// `name(arguments)`; compares in the order of values; a single argument is emitted alone.
    Extreme(&'static str),
    /// `CASE WHEN … THEN … ELSE … END`
    If,
    /// `name(*)`
    Star(&'static str),
    /// `name(argument)`; compares in the order of values.
    Ordered(&'static str),
    /// The number of rows for which the argument is true.
    CountTrue,
    /// `name(argument)`; fails if it is infinite.
    Finite(&'static str),
    Not,
    /// The arguments, joined by this operator.
    Infix(&'static str),
    /// Equality in this form, the same for every order of values.
    Equal(&'static str),
    /// A comparison in the order of values.
    Compare(&'static str),
    /// The argument, followed by this.
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
    /// The time of day of a time.
    TimeOfDay,
    /// The number of intervals of this many microseconds between two times.
    Elapsed(i64),
}

/// A sort key.
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

    /// Whether the frame is a RANGE, measured in the sort key, and not a number of rows.
    pub fn is_measured(&self) -> bool {
        let counts =
            |bound: &Bound| matches!(bound, Bound::Preceding(Some(_)) | Bound::Following(Some(_)));
        self.units == "RANGE" && (counts(&self.start) || self.end.as_ref().is_some_and(counts))
    }
}

/// The start or end of a frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bound {
    CurrentRow,
    /// This many rows before; `None` for all.
    Preceding(Option<i64>),
    Following(Option<i64>),
}

impl Term {
    /// An expression whose type may be NULL's.
    pub fn of(node: Node, sql_type: Option<SqlType>) -> Self {
        Self { node, sql_type, nested: None, constant: None, unknown: false }
    }

    /// A call with these arguments.
    pub fn call(form: Form, args: Vec<Self>, sql_type: SqlType) -> Self {
        Self::of(Node::Call(form, args), Some(sql_type))
    }

    /// A word argument of a function.
    pub fn word(text: &str) -> Self {
        Self::of(Node::Value(Value::Text(text.to_owned())), Some(SqlType::String))
    }

    /// A number argument of a function.
    pub fn number(number: i64, sql_type: SqlType) -> Self {
        Self::of(Node::Value(Value::Integer(number)), Some(sql_type))
    }

    /// An unknown column.
    pub fn unknown() -> Self {
        Self { unknown: true, ..Self::of(Node::Value(Value::Null), None) }
    }

    /// Whether the term is constant; SQLite could read it as a column number in ORDER BY and GROUP BY.
    pub fn is_fixed(&self) -> bool {
        let number = matches!(self.node, Node::Value(Value::Integer(_)));
        self.constant.is_some() || self.sql_type.is_none() || number
    }

    /// Whether the term is a bare NULL.
    pub fn is_null(&self) -> bool {
        matches!(self.node, Node::Value(Value::Null) | Node::Parameter(Value::Null))
    }

    /// The type's name in messages.
    pub fn type_name(&self) -> String {
        self.sql_type.map_or_else(|| "NULL".to_owned(), |sql_type| sql_type.to_string())
    }
}

/// Whether the type is stored as the text of a number.
pub(crate) fn is_decimal(sql_type: Option<SqlType>) -> bool {
    matches!(sql_type, Some(SqlType::Numeric | SqlType::BigNumeric))
}
