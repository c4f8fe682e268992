//! GoogleSQL with BigQuery's semantics on SQLite. A parsed statement becomes SQLite text, with the
//! type of every expression known; what SQLite lacks or does otherwise is registered as functions of
//! the connection. A construct that this crate does not know is an error that names it, never a wrong
//! answer.
//!
//! - [`googlesql`]: names, types and typed values, and how each is written as SQL
//! - [`storage`]: how a value is kept in SQLite
//! - [`functions`]: what lowered statements call
//! - [`check`]: what BigQuery always refuses about a statement, found without a database
//! - [`dialect`]: what the parser reads and GoogleSQL does not have
//! - [`lower()`]: from a statement to SQLite text, with a [`Catalog`] that knows the tables: it is bound,
//!   which gives a typed tree or an error, and the tree is emitted
//! - [`claims`]: the functions that are known, and what they take

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
