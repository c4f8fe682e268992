//! GoogleSQL as values: names, types and typed values, and how each is written as SQL text.

mod chain;
mod name;
mod text;
mod types;
mod value;

#[cfg(test)]
pub(crate) use name::OF_THE_MOMENT;
pub use name::{Fragment, Ident, TableName};
pub(crate) use name::{is_of_the_moment, is_reserved};
pub(crate) use text::tokens;
pub use types::SqlType;
pub use value::{Numeric, SqlValue};
pub(crate) use value::{is_exact, parse_timestamp, strict_date};
