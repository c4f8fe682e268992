//! The first non-NULL value of a window.

use rusqlite::Result;
use rusqlite::functions::{Aggregate, Context, WindowAggregate};
use rusqlite::types::Value;

use super::user;

/// Its name in SQLite.
pub(crate) const FIRST_NOT_NULL: &str = "onerow_first_not_null";

/// Keeps the first non-NULL value.
pub(super) struct FirstNotNull;

impl Aggregate<Value, Value> for FirstNotNull {
    fn init(&self, _: &mut Context<'_>) -> Result<Value> {
        Ok(Value::Null)
    }

    fn step(&self, context: &mut Context<'_>, first: &mut Value) -> Result<()> {
        if *first == Value::Null {
            *first = context.get(0)?;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, first: Option<Value>) -> Result<Value> {
        Ok(first.unwrap_or(Value::Null))
    }
}

impl WindowAggregate<Value, Value> for FirstNotNull {
    fn value(&self, first: Option<&mut Value>) -> Result<Value> {
        Ok(first.cloned().unwrap_or(Value::Null))
    }

    fn inverse(&self, _: &mut Context<'_>, _: &mut Value) -> Result<()> {
        Err(user("no row leaves a window of FIRST_VALUE with IGNORE NULLS".to_owned()))
    }
}
