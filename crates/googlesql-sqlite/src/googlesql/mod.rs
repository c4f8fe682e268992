//! GoogleSQL as values: names, types and typed values, and how each is written as SQL text.

mod chain;
mod name;
mod params;
mod text;
mod types;
mod value;

pub use name::{Fragment, Ident, OF_THE_MOMENT, TableName, is_of_the_moment, is_reserved};
pub use params::Params;
pub use text::tokens;
pub use types::SqlType;
pub use value::{Numeric, SqlValue, is_exact, parse_timestamp, strict_date};
