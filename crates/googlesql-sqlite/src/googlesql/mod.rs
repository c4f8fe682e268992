//! GoogleSQL values: names, types and typed values, and their SQL text.

mod catalog;
mod name;
mod nested;
mod numeric;
mod params;
mod parse;
mod text;
mod types;
mod value;
mod words;

pub(crate) use catalog::plain as plain_functions;
pub use catalog::{is_aggregate, is_function, may_be_function};
pub use name::{Fragment, Ident, TableName, is_context_function, is_pseudo_column, is_reserved};
pub use nested::{Members, Nested};
pub use numeric::Numeric;
pub use params::Params;
pub use parse::{parse, with_stack};
pub use text::{MAX_BYTES, tokens};
pub use types::SqlType;
pub use value::{SqlValue, is_exact, parse_timestamp, strict_date};
pub use words::{Words, columns, conjuncts};
