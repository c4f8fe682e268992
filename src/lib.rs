//! onerow keeps one promise about a BigQuery table: for every key, on every date, exactly one
//! active row. It renders templated SQL that finds the duplicates of a date and deactivates the
//! older ones, checks that SQL, and runs it with every statement in a ledger.
//!
//! Everything up to the plan is a pure function of rule, templates and dates:
//!
//! ```
//! use onerow::{plan, rule::RuleFile, template::{Renderer, Templates}, window::{Day, Window}};
//!
//! let file = RuleFile::parse("onerow.toml", r#"
//!     [rule.events]
//!     table = "my_dataset.events"
//!     partition = "event_date"
//!     key = ["event_id"]
//!     keep = ["created_at DESC", "row_id DESC"]
//!     row_id = "row_id"
//!     active = "is_active"
//! "#)?;
//! let renderer = Renderer::new(&file.rules[0], &Templates::shipped(), &[])?;
//! let window = Window::day(Day::parse("2026-01-28")?);
//! let plan = plan::plan(&renderer, &plan::steps_of(&renderer), &window)?.expect("no findings");
//! let steps: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
//! assert_eq!(steps, ["detect", "record", "deactivate", "verify"]);
//! # Ok::<(), onerow::error::Error>(())
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod check;
pub mod cli;
pub mod clock;
pub mod connection;
mod doctor;
pub mod engine;
pub mod error;
mod files;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzed;
pub use googlesql_sqlite::googlesql;
pub mod interrupt;
pub mod ledger;
mod load;
mod log;
pub mod notify;
pub mod partitions;
pub mod plan;
pub mod project;
pub mod removals;
pub mod report;
mod review;
pub mod rule;
pub mod run;
mod schedule;
mod serve;
pub mod statement;
pub mod step;
mod suite;
pub mod template;
mod visible;
pub mod warehouse;
pub mod window;
