//! The form of a function's row: what it takes, what it gives, and how it is written for SQLite. The
//! rows are in `rows.rs`; calls are typed and bound by them, and the claims are printed from them.

use super::Binder;
use super::function::Call;
use super::rows::ROWS;
use super::scope::Scope;
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::tree::{Form, Term};

/// A function of GoogleSQL in one of its roles.
pub(super) struct Row {
    pub name: &'static str,
    pub kind: Kind,
    /// Every list of arguments that it is known with.
    pub takes: &'static [Takes],
    pub rule: Rule,
}

/// Where a call stands.
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

/// What stands in a list of arguments.
pub(super) enum Arg {
    /// A value of this type, or of one that is widened to it.
    Is(SqlType),
    /// A value of one of these types, as it is.
    OneOf(&'static [SqlType]),
    /// A STRING or BYTES.
    TextOrBytes,
    /// BYTES, which no column holds.
    Bytes,
    /// One of these words, such as NFC.
    Word(&'static [&'static str]),
    /// A BOOL that decides.
    Condition,
    /// A value of any type.
    Any,
    /// Values of one common type.
    Same,
    /// What came before, any number of times.
    More,
    /// A part of a date or time.
    Part(&'static [&'static str]),
    /// An interval in one of these parts.
    Interval(&'static [&'static str]),
    /// A literal that names a time zone.
    Zone,
    /// A literal that is one of these formats.
    Format(&'static [&'static str]),
    /// A literal that is such a text.
    Literal(&'static str),
    /// What is written so.
    Text(&'static str),
    /// `DISTINCT` before what follows.
    Distinct,
    /// `ORDER BY` this after what came before.
    OrderBy(&'static str),
}

/// The type of a call's value.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    Type(SqlType),
    /// That of its [`Arg::Same`], or of its only argument.
    Same,
}

/// How a call is typed.
pub(super) enum Rule {
    /// By its row alone.
    Declared {
        gives: Gives,
        emit: Form,
        /// Whether GoogleSQL takes no other number of arguments either.
        closed: bool,
    },
    /// An aggregate of one argument, whose type decides.
    Accumulates {
        /// Whether it takes `DISTINCT`.
        distinct: bool,
        overloads: &'static [Overload],
        /// Types that GoogleSQL does not take either.
        refuses: &'static [SqlType],
    },
    /// By a function of its own.
    By(Special),
}

/// What types and binds a call of a row.
pub(super) type Special = fn(&Binder<'_>, &Row, &Call<'_>, &Scope<'_>) -> Result<Term>;

/// What an aggregate does with an argument.
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
    /// The list with so many arguments.
    pub fn list(&self, count: usize) -> Option<Takes> {
        self.takes.iter().copied().find(|takes| match takes {
            [.., Arg::More] => count + 1 >= takes.len(),
            _ => count == takes.len(),
        })
    }

    /// The parts of dates and times that it takes.
    pub fn parts(&self) -> &'static [&'static str] {
        let parts = self.takes.iter().flat_map(|takes| takes.iter()).find_map(|arg| match arg {
            Arg::Part(parts) | Arg::Interval(parts) => Some(*parts),
            _ => None,
        });
        parts.unwrap_or_default()
    }

    /// The words that it takes.
    pub fn words(&self) -> &'static [&'static str] {
        let words = self.takes.iter().flat_map(|takes| takes.iter()).find_map(|arg| match arg {
            Arg::Word(words) => Some(*words),
            _ => None,
        });
        words.unwrap_or_default()
    }

    /// The formats that it takes as literals.
    pub fn formats(&self) -> &'static [&'static str] {
        let formats = self.takes.iter().flat_map(|takes| takes.iter()).find_map(|arg| match arg {
            Arg::Format(formats) => Some(*formats),
            _ => None,
        });
        formats.unwrap_or_default()
    }
}
