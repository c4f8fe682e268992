//! onerow keeps one promise about a BigQuery table: for every key, on every date, exactly one
//! active row. It renders templated SQL that finds the duplicates of a date and deactivates the
//! older ones, checks that SQL, and runs it with every statement in a ledger.
//!
//! Most people use the `onerow` command. This is its library: your program can plan, check and run the same
//! rules with it. The guide below goes from the text of a rule to a clean table, all of it in memory.
//!
//! # A rule, its plan, its SQL
//!
//! Everything up to the plan is a pure function of rule, templates and dates: no clock, no network, no files.
//! The plan has the statements in the order in which they run, all checked.
//!
//! ```
//! use onerow::plan;
//! use onerow::rule::RuleFile;
//! use onerow::template::{Renderer, Templates};
//! use onerow::window::{Day, Window};
//!
//! # fn main() -> Result<(), onerow::error::Error> {
//! let file = RuleFile::parse("onerow.toml", r#"
//!     [rule.events]
//!     table     = "my_dataset.events"
//!     partition = "event_date"
//!     key       = ["event_id"]
//!     keep      = ["version DESC", "row_id"]
//!     row_id    = "row_id"
//!     active    = "is_active"
//! "#)?;
//! let renderer = Renderer::new(&file.rules[0], &Templates::shipped(), &[])?;
//! let window = Window::day(Day::parse("2026-01-28")?);
//! let plan = plan::make(&renderer, &plan::steps_of(&renderer), &window)?;
//!
//! let steps: Vec<&str> = plan.steps.iter().map(|step| step.name.as_str()).collect();
//! assert_eq!(steps, ["detect", "record", "deactivate", "verify"]);
//! let deactivate = plan.steps[2].statements[0].statement();
//! assert!(deactivate.sql.contains("WHERE event_date = DATE '2026-01-28'"));
//! // The same text has the same fingerprint in a pull request and in the ledger.
//! println!("{}\n{}", deactivate.fingerprint.as_str(), deactivate.sql);
//! # Ok(())
//! # }
//! ```
//!
//! # What is found in SQL of your own
//!
//! [`check::inspect`] checks any statement of a step. A finding has a code, a reason and a help. A statement
//! without errors becomes a [`check::Checked`], the only input that a [`warehouse::Warehouse`] accepts.
//!
//! ```
//! use onerow::check::{self, Code};
//! # use onerow::rule::RuleFile;
//! use onerow::statement::{Statement, StepName};
//! use onerow::window::{Day, Window};
//!
//! # fn main() -> Result<(), onerow::error::Error> {
//! # let file = RuleFile::parse("onerow.toml", r#"
//! #     [rule.events]
//! #     table     = "my_dataset.events"
//! #     partition = "event_date"
//! #     key       = ["event_id"]
//! #     keep      = ["version DESC", "row_id"]
//! #     row_id    = "row_id"
//! #     active    = "is_active"
//! # "#)?;
//! let sql = "UPDATE my_dataset.events SET is_active = FALSE WHERE event_id = 'e1'";
//! let window = Window::day(Day::parse("2026-01-28")?);
//! let statement = Statement::new(StepName::parse("void")?, window, sql.to_owned());
//! let inspected = check::inspect(&file.rules[0], statement);
//!
//! // Without its partition in the WHERE, it would read and change the whole table.
//! assert!(inspected.findings.iter().any(|finding| finding.code == Code::NoPartition));
//! assert!(inspected.checked.is_none());
//! # Ok(())
//! # }
//! ```
//!
//! # A run
//!
//! An [`engine::Engine`] is a project on one of its warehouses: the one of `onerow.toml`, or an embedded one
//! in memory, as here. The report has the counts of each date, and the failures; an error is returned only if
//! the run could not begin.
//!
//! **Warning:** on a warehouse of `onerow.toml`, [`engine::Engine::run`] changes rows of the real table,
//! without asking for confirmation.
//!
//! ```
//! use std::path::Path;
//! use std::time::Duration;
//!
//! use onerow::clock::Clock;
//! use onerow::engine::{Engine, RunOptions, Streaming, Task};
//! use onerow::googlesql::SqlValue;
//! use onerow::project::Project;
//! use onerow::run::{Progress, RunId, Status};
//! use onerow::template::Template;
//! use onerow::window::{Day, Window};
//!
//! /// Shows nothing.
//! struct Silent;
//!
//! impl Progress for Silent {
//!     fn begin(&self, _total: u64) {}
//!     fn advance(&self) {}
//!     fn note(&self, _sentence: &str) {}
//!     fn waiting(&self, _sentence: &str) {}
//!     fn end(&self) {}
//! }
//!
//! # fn main() -> Result<(), onerow::error::Error> {
//! // `Project::open(folder)` reads one from disk.
//! let rules = r#"
//!     [rule.events]
//!     table     = "my_dataset.events"
//!     partition = "event_date"
//!     key       = ["event_id"]
//!     keep      = ["version DESC", "row_id"]
//!     row_id    = "row_id"
//!     active    = "is_active"
//!
//!     [rule.events.columns]
//!     row_id     = "STRING"
//!     event_id   = "STRING"
//!     event_date = "DATE"
//!     version    = "INT64"
//!     is_active  = "BOOL"
//! "#;
//! let rules = Template { path: "onerow.toml".to_owned(), text: rules.to_owned() };
//! let project = Project::of(Path::new("."), &rules, Vec::new())?;
//! let engine = Engine::in_memory(project, Vec::new(), Clock::System)?;
//! let rule = &engine.project().file.rules[0];
//! let day = Day::parse("2026-01-28")?;
//!
//! // Two versions of event e1, and one of e2.
//! let text = |text: &str| SqlValue::String(text.to_owned());
//! let date = SqlValue::Date(jiff::civil::date(2026, 1, 28));
//! let mut rows = [("r1", "e1", 1), ("r2", "e1", 2), ("r3", "e2", 1)].into_iter().map(|(row, event, version)| {
//!     Ok(vec![text(row), text(event), date.clone(), SqlValue::Int64(version), SqlValue::Bool(true)])
//! });
//! engine.loader()?.load(&rule.table, &rule.columns, &rule.nested, &mut rows, Streaming::Settled)?;
//!
//! let window = Window::day(day);
//! let before = engine.status(rule, &window)?;
//! assert_eq!(before.totals().duplicates, 1);
//!
//! let plan = engine.plan(rule, &Task::Apply, &window)?;
//! let id = RunId::new(engine.now());
//! let options = RunOptions { id, who: "my program", wait: Duration::ZERO, progress: &Silent };
//! let report = engine.run(&plan, options)?;
//!
//! assert!(report.problems.is_empty());
//! assert_eq!(report.days[0].status(), Status::Cleaned);
//! assert_eq!(report.deactivated(), Some(1));
//! assert_eq!(engine.status(rule, &window)?.totals().duplicates, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! | --- | --- |
//! | [`rule`], [`window`], [`project`] | the rule file; dates; a folder with a rule file and templates |
//! | [`template`], [`statement`], [`step`] | rendering; rendered SQL with its fingerprint; the properties of
//! each step |
//! | [`check`], [`plan`] | findings; the ordered, checked statements |
//! | [`warehouse`], [`ledger`], [`removals`] | running statements; the record of them; the removal log |
//! | [`engine`], [`run`] | status, plan, run, undo, explain; their results |
//! | [`report`], [`notify`], [`cli`] | results as tables, JSON, Markdown; webhooks; the command line |
//! | [`googlesql`] | names, types and values, and their SQL text |

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod check;
pub mod cli;
pub mod clock;
pub mod connection;
mod dbt;
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
pub mod propose;
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
