//! GoogleSQL with BigQuery's semantics on SQLite. A parsed statement becomes SQLite text, with the type of
//! every expression known; functions that SQLite lacks or implements differently are registered on the
//! connection. An unsupported construct is an error that names it, never a wrong answer.
//!
//! - [`googlesql`]: names, types and typed values, and how each is written as SQL
//! - [`storage`]: how SQLite stores a value
//! - [`functions`]: the functions that lowered statements call
//! - [`check`]: statements that BigQuery always refuses, found without a database
//! - [`dialect`]: constructs that the parser accepts but GoogleSQL does not have
//! - [`lower()`]: from a statement to SQLite text, with a [`Catalog`] of the tables: the statement is bound,
//!   which gives a typed tree or an error, and the tree is emitted
//! - [`claims`]: the supported functions and their arguments

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod bind;
mod catalog;
pub mod check;
pub mod dialect;
mod emit;
pub mod error;
pub mod functions;
pub mod googlesql;
pub mod hidden;
mod lower;
pub mod storage;
mod tree;

pub use bind::claims;
pub use catalog::{Catalog, Relation, Table};
pub use functions::json::text as to_json_string;
pub use lower::{Lowered, Part, lower};
