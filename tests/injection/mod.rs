//! Every text that a user or a table can give arrives as data or is refused: proven by parsing what
//! is rendered, and by running it.

mod data;
pub mod hostile;
mod junit;
mod markdown;
mod markup;
mod merged;
mod output;
mod pages;
mod rendered;
mod tree;
