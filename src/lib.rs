//! onerow keeps one promise about a BigQuery table: for every key, on every date, exactly one
//! active row. It renders templated SQL that finds the duplicates of a date and deactivates the
//! older ones, checks that SQL, and runs it with every statement in a ledger.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod check;
pub mod cli;
pub mod clock;
pub mod error;
pub mod googlesql;
pub mod ledger;
pub mod load;
pub mod plan;
pub mod project;
pub mod report;
pub mod rule;
pub mod run;
pub mod statement;
pub mod template;
pub mod warehouse;
pub mod window;
