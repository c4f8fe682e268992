//! Arbitrary SQL for the lowering, including preparation by SQLite.

use jiff::{SignedDuration, Timestamp};
use sqlparser::parser::Parser;

use super::{Sqlite, Streaming, Text};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::fuzzed::{is_an_error, rules};
use crate::googlesql::{SqlValue, parse, tokens};
use crate::statement::Params;

/// A warehouse with the tables of the rules, but no rows.
pub(crate) fn warehouse() -> Result<Sqlite> {
    let warehouse =
        Sqlite::in_memory(Clock::Fixed(Timestamp::UNIX_EPOCH), SignedDuration::from_mins(90))?;
    for rule in &rules().rules {
        warehouse.load(
            &rule.table,
            &rule.columns,
            &rule.nested,
            &mut std::iter::empty(),
            Streaming::Settled,
        )?;
    }
    Ok(warehouse)
}

/// Lowers the statements of this text, and prepares them in SQLite.
pub(crate) fn lowered(sql: &str) {
    thread_local! {
        static WAREHOUSE: std::result::Result<Sqlite, Error> = warehouse();
    }
    let Ok(tokens) = tokens(sql) else { return };
    let Ok(statements) = parse(tokens, Parser::parse_statements) else { return };
    let cutoff = SqlValue::Timestamp(Timestamp::UNIX_EPOCH);
    let text = || SqlValue::String("r'1".to_owned());
    let params = Params::none()
        .with("cutoff", cutoff)
        .with("run_id", text())
        .with("job_id", text())
        .with("names", SqlValue::Array(vec![text()]));
    WAREHOUSE.with(|warehouse| match warehouse {
        Err(error) => panic!("{error}"),
        Ok(warehouse) => {
            for parsed in statements {
                let text = Text { sql, parsed, window: None };
                if let Err(error) = warehouse.prepare(&text, &params) {
                    is_an_error(&error);
                }
            }
        }
    });
}
