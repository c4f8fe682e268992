//! Every text that a user or a table can give arrives as data or is refused: proven by parsing what
//! is rendered, and by running it.

#[path = "../common/mod.rs"]
mod common;

mod data;
#[path = "../report_html/fixed.rs"]
#[allow(dead_code, reason = "the tests of the pages use the rest")]
mod fixed;
mod hostile;
#[path = "../report_html/html.rs"]
mod html;
mod junit;
mod markdown;
mod markup;
mod merged;
mod output;
mod pages;
mod rendered;
mod tree;
