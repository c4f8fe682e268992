//! The tables of a window's rows: one, or one per date, some of which may not exist.

use std::borrow::Cow;

use super::columns;
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::plan::Plan;
use crate::rule::Rule;
use crate::warehouse::{Buffer, Column, Warehouse};
use crate::window::{Day, Window};

/// The combined metadata of the tables.
pub(super) struct Tables {
    /// The streaming buffer: a property of one table applies to all.
    pub buffer: Buffer,
    /// Columns with policy tags in one of them.
    pub protected: Vec<String>,
    /// The dates whose table does not exist.
    pub absent: Vec<Day>,
}

impl Tables {
    /// Reads the metadata of a window's tables.
    ///
    /// # Errors
    /// The rule's table does not exist, or none of the dates' tables.
    pub fn of(warehouse: &dyn Warehouse, rule: &Rule, window: &Window) -> Result<Self> {
        if !rule.partition.is_sharded() {
            let found = warehouse.describe(&rule.table)?;
            return Ok(Self {
                buffer: found.buffer,
                protected: found.protected,
                absent: Vec::new(),
            });
        }
        let mut all = Self { buffer: Buffer::Empty, protected: Vec::new(), absent: Vec::new() };
        let mut missing = None;
        for day in window.days() {
            match warehouse.describe(&rule.table_on(*day)) {
                Ok(found) => {
                    all.buffer = both(rule, all.buffer, found.buffer);
                    all.protected.extend(found.protected);
                }
                Err(error) if error.kind() == Kind::NotFound => {
                    all.absent.push(*day);
                    missing.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match missing {
            Some(error) if all.absent.len() == window.days().len() => {
                Err(none_of(rule, window, error))
            }
            _ => Ok(all),
        }
    }

    /// The plan without the statements about missing tables.
    pub fn there<'p>(&self, plan: &'p Plan) -> Cow<'p, Plan> {
        match self.absent.is_empty() {
            true => Cow::Borrowed(plan),
            false => Cow::Owned(plan.without(&self.absent)),
        }
    }
}

fn none_of(rule: &Rule, window: &Window, error: Error) -> Error {
    match window.only() {
        Some(_) => error,
        None => error.help(format!(
            "{} has no table for any of {window}: check the dates, and `table` in the rule",
            rule.table.dotted()
        )),
    }
}

/// Two streaming buffers combined, restricting rows as both do: by the oldest entry if the rule has
/// `written_at`; otherwise by the time at which arrived rows have left the buffer, for which an entry of
/// unknown age is the latest.
fn both(rule: &Rule, one: Buffer, other: Buffer) -> Buffer {
    match (one, other) {
        (Buffer::Empty, buffer) | (buffer, Buffer::Empty) => buffer,
        (Buffer::Since(Some(one)), Buffer::Since(Some(other))) => {
            Buffer::Since(Some(one.min(other)))
        }
        (Buffer::Since(one), Buffer::Since(other)) => {
            Buffer::Since(one.or(other).filter(|_| rule.written_at.is_some()))
        }
    }
}

/// The plan without the statements about missing tables.
///
/// # Errors
/// No table exists.
pub fn there<'p>(warehouse: &dyn Warehouse, rule: &Rule, plan: &'p Plan) -> Result<Cow<'p, Plan>> {
    match rule.partition.is_sharded() {
        true => Ok(Tables::of(warehouse, rule, &plan.window)?.there(plan)),
        false => Ok(Cow::Borrowed(plan)),
    }
}

/// The current columns of the tables, for an undo.
pub(super) struct ColumnsNow<'a> {
    warehouse: &'a dyn Warehouse,
    rule: &'a Rule,
    /// The columns of the rule's table, if it is not sharded.
    all: Option<Vec<Column>>,
}

impl<'a> ColumnsNow<'a> {
    /// Reads the current columns.
    ///
    /// # Errors
    /// A column that the rule reads is missing, or the table's metadata cannot be read.
    pub fn of(warehouse: &'a dyn Warehouse, rule: &'a Rule) -> Result<Self> {
        let mut now = Self { warehouse, rule, all: None };
        if !rule.partition.is_sharded() {
            now.all = Some(now.of_table(&rule.table)?);
        }
        Ok(now)
    }

    /// The columns of the table of this date.
    ///
    /// # Errors
    /// Those of [`ColumnsNow::of`].
    pub fn on(&self, day: Day) -> Result<Cow<'_, [Column]>> {
        match &self.all {
            Some(all) => Ok(Cow::Borrowed(all)),
            None => self.of_table(&self.rule.table_on(day)).map(Cow::Owned),
        }
    }

    fn of_table(&self, table: &TableName) -> Result<Vec<Column>> {
        let columns = self.warehouse.columns(table)?;
        columns::check_now(self.rule, &columns)?;
        Ok(columns)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::rule::RuleFile;

    #[test]
    fn of_two_streaming_buffers_the_one_counts_that_holds_more_rows_back() {
        let text = "[rule.p]\ntable = \"a.b_*\"\npartition = \"_TABLE_SUFFIX\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                    row_id = \"id\"\nstrategy = \"delete\"\n";
        let written = format!("{text}written_at = \"w\"\n");
        let [untold, told] = [text, written.as_str()]
            .map(|text| RuleFile::parse("onerow.toml", text).unwrap().rules.remove(0));
        let at = |second| Buffer::Since(Some(Timestamp::from_second(second).unwrap()));
        let unknown = Buffer::Since(None);
        for (one, other, by_told, by_untold) in [
            (Buffer::Empty, Buffer::Empty, Buffer::Empty, Buffer::Empty),
            (Buffer::Empty, at(5), at(5), at(5)),
            (Buffer::Empty, unknown, unknown, unknown),
            (at(3), at(5), at(3), at(3)),
            (at(3), unknown, at(3), unknown),
            (unknown, unknown, unknown, unknown),
        ] {
            for (one, other) in [(one, other), (other, one)] {
                assert_eq!(both(&told, one, other), by_told, "{one:?} {other:?}");
                assert_eq!(both(&untold, one, other), by_untold, "{one:?} {other:?}");
            }
        }
    }
}
