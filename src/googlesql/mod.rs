//! GoogleSQL as values: names, types and typed values, and how each is written as SQL text.

mod name;
mod types;
mod value;

pub use name::{Fragment, Ident, TableName};
pub use types::SqlType;
pub use value::{Numeric, SqlValue};
pub(crate) use value::{parse_timestamp, strict_date};
