//! The table of functions: arguments, result type and SQLite form of each. The rows are in `rows.rs`; calls
//! are bound by them, and the claims are derived from them.

use super::Binder;
use super::function::Call;
use super::rows::ROWS;
use super::scope::Scope;
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::tree::{Form, Term};

/// A GoogleSQL function in one of its roles.
pub(super) struct Row {
    pub name: &'static str,
    pub kind: Kind,
    /// The supported argument lists.
    pub takes: &'static [Takes],
    pub rule: Rule,
}

/// The role of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In any expression.
    Scalar,
    /// Over the rows of a group.
    Aggregate,
    /// Before OVER.
    Window {
        /// Whether the window must have an ORDER BY.
        ordered: bool,
        /// Whether the window may have a frame.
        framed: bool,
    },
}

/// A list of arguments.
pub(super) type Takes = &'static [Arg];

/// An entry of an argument list.
pub(super) enum Arg {
    /// A value of this type, or of one that widens to it.
    Is(SqlType),
    /// A value of one of these types, not converted.
    OneOf(&'static [SqlType]),
    /// A STRING or BYTES.
    TextOrBytes,
    /// BYTES, which no column stores.
    Bytes,
    /// One of these words, such as NFC.
    Word(&'static [&'static str]),
    /// A BOOL condition.
    Condition,
    /// A value of any type.
    Any,
    /// Values of one common type.
    Same,
    /// The preceding arguments, repeated any number of times.
    More,
    /// A part of a date or time.
    Part(&'static [&'static str]),
    /// An interval in one of these parts.
    Interval(&'static [&'static str]),
    /// A time zone literal.
    Zone,
    /// A literal with one of these formats.
    Format(&'static [&'static str]),
    /// A literal with exactly this text.
    Literal(&'static str),
    /// Exactly this SQL text.
    Text(&'static str),
    /// `DISTINCT` before the following argument.
    Distinct,
    /// `ORDER BY` this after the preceding argument.
    OrderBy(&'static str),
}

/// The type of a call's value.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    Type(SqlType),
    /// The type of its [`Arg::Same`], or of its only argument.
    Same,
}

/// How a call is bound.
pub(super) enum Rule {
    /// By its row alone.
    Declared {
        gives: Gives,
        emit: Form,
        /// Whether GoogleSQL too accepts no other number of arguments.
        closed: bool,
    },
    /// An aggregate of one argument, whose type selects the overload.
    Accumulates {
        /// Whether it accepts `DISTINCT`.
        distinct: bool,
        overloads: &'static [Overload],
        /// Types that GoogleSQL refuses too.
        refuses: &'static [SqlType],
    },
    /// By its own function.
    By(Special),
}

/// A function that binds a call of a row.
pub(super) type Special = fn(&Binder<'_>, &Row, &Call<'_>, &Scope<'_>) -> Result<Term>;

/// How an aggregate treats one argument type.
pub(super) struct Overload {
    pub takes: Arg,
    pub gives: Gives,
    pub emit: Form,
}

/// The row of this function in this role.
pub(super) fn find(name: &str, is_kind: impl Fn(Kind) -> bool) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name && is_kind(row.kind))
}

/// The row of this aggregate.
pub(super) fn aggregate(name: &str) -> Option<&'static Row> {
    find(name, |kind| kind == Kind::Aggregate)
}

impl Row {
    /// The argument list of this length.
    pub fn list(&self, count: usize) -> Option<Takes> {
        self.takes.iter().copied().find(|takes| match takes {
            [.., Arg::More] => count + 1 >= takes.len(),
            _ => count == takes.len(),
        })
    }

    /// The date and time parts that it accepts.
    pub fn parts(&self) -> &'static [&'static str] {
        let parts = self.takes.iter().flat_map(|takes| takes.iter()).find_map(|arg| match arg {
            Arg::Part(parts) | Arg::Interval(parts) => Some(*parts),
            _ => None,
        });
        parts.unwrap_or_default()
    }

    /// The words that it accepts.
    pub fn words(&self) -> &'static [&'static str] {
        let words = self.takes.iter().flat_map(|takes| takes.iter()).find_map(|arg| match arg {
            Arg::Word(words) => Some(*words),
            _ => None,
        });
        words.unwrap_or_default()
    }

    /// The format literals that it accepts.
    pub fn formats(&self) -> &'static [&'static str] {
        let formats = self.takes.iter().flat_map(|takes| takes.iter()).find_map(|arg| match arg {
            Arg::Format(formats) => Some(*formats),
            _ => None,
        });
        formats.unwrap_or_default()
    }
}
