//! Every text that a user or a table can give arrives as data or is refused: proven by parsing what
//! is rendered, and by running it.

#[path = "../common/mod.rs"]
mod common;

mod data;
mod hostile;
mod output;
mod rendered;
mod tree;
