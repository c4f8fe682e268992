//! Dropping staging tables, only if every row is merged, the ledger shows it, and nothing was written to them
//! meanwhile.

use std::collections::BTreeMap;

use super::Staged;
use super::consolidate::is_merge;
use super::counts::count;
use super::state::Run;
use super::{checked, params, rows};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::ledger::{Detail, Entry, Filter};
use crate::plan::Plan;
use crate::statement::StepName;
use crate::warehouse::{Buffer, TableState};
use crate::window::{Day, Window};

impl Run<'_> {
    /// Whether this run merges staging tables and then drops them.
    fn drops(&self, plan: &Plan) -> bool {
        let staging = self.context.renderer.rule().staging.as_ref();
        staging.is_some_and(|staging| staging.drop) && plan.statements().any(is_merge)
    }

    /// The dates that must be recorded as merged before their staged rows are dropped, but are not yet.
    pub(super) fn unrecorded(&self, plan: &Plan, days: &[Day]) -> Result<Vec<Day>> {
        if !self.drops(plan) {
            return Ok(Vec::new());
        }
        let tables = self.staging_tables();
        let entries = self.entries()?;
        let recorded = |day: Day| tables.iter().all(|table| is_recorded(&entries, table, day));
        Ok(days.iter().copied().filter(|day| !recorded(*day)).collect())
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        self.context.ledger.deliver()?;
        self.context.ledger.entries(&Filter::rule(self.context.renderer.rule().name.as_str()))
    }

    /// Drops each staging table whose rows are all merged according to the ledger.
    pub(super) fn drop_staging(&mut self, plan: &Plan) {
        if !self.drops(plan) || !self.problems.is_empty() || self.stops() {
            return;
        }
        if let Err(error) = self.try_drop_staging(plan) {
            self.fail(error);
        }
    }

    /// Records the state of each staging table to be dropped, before counting.
    pub(super) fn note_state(&mut self, plan: &Plan) -> Result<()> {
        if !self.drops(plan) {
            return Ok(());
        }
        let staging = self.context.renderer.rule().staging.as_ref();
        for table in staging.iter().flat_map(|staging| &staging.tables) {
            if !self.stood.contains_key(&table.dotted()) {
                self.stood.insert(table.dotted(), self.context.warehouse.table_state(table)?);
            }
        }
        Ok(())
    }

    fn staging_tables(&self) -> Vec<&TableName> {
        let staging = self.context.renderer.rule().staging.as_ref();
        staging.iter().flat_map(|staging| &staging.tables).collect()
    }

    fn try_drop_staging(&mut self, plan: &Plan) -> Result<()> {
        self.note_state(plan)?;
        let (renderer, window) = (self.context.renderer, &plan.window);
        let tables: Vec<&TableName> =
            renderer.rule().staging.iter().flat_map(|staging| &staging.tables).collect();
        if let Some(reason) = self.why_all_kept(&tables)? {
            let kept = tables.iter().map(|table| (table.dotted(), reason.clone()));
            self.consolidated.kept.extend(kept);
            return Ok(());
        }
        let held = self.held(window)?;
        // A table of that name may have been merged earlier and filled again: its current rows count.
        let days: Vec<Day> = held.values().flatten().filter_map(|held| held.day).collect();
        let left = match Window::of_days(days) {
            Ok(window) => self.count_staged(&window, self.staging_cutoff(), &self.books)?,
            Err(_) => BTreeMap::new(),
        };
        let entries = self.entries()?;
        let drops = checked(renderer, StepName::DROP_STAGING, window)?;
        for (table, drop) in tables.into_iter().zip(&drops) {
            let name = table.dotted();
            let reason = match self.why_kept(table, held.get(&name), &left, &entries) {
                // The last check, directly before the table is dropped.
                None => {
                    why_changed(self.stood.get(&name), self.context.warehouse.table_state(table)?)
                }
                reason => reason,
            };
            if let Some(reason) = reason {
                self.consolidated.kept.push((name, reason));
                continue;
            }
            let detail = Detail::DropTable { table: table.clone() };
            let params = params(self.cutoff, &self.journal.run);
            self.journal.send_as(drop, &params, Some(detail))?;
            self.consolidated.dropped.push(name);
        }
        Ok(())
    }

    /// The reason why all staging tables must be kept: their rows cannot be verified.
    fn why_all_kept(&self, tables: &[&TableName]) -> Result<Option<String>> {
        for step in [StepName::STAGED, StepName::STAGING_DATES, StepName::DROP_STAGING] {
            if !self.context.renderer.is_built_in(&StepName::parse(step)?) {
                return Ok(Some(format!(
                    "{step}.sql is overridden by the project, so onerow cannot verify that every row was merged"
                )));
            }
        }
        if let Some(name) = self.context.renderer.own_macros() {
            return Ok(Some(format!(
                "{name} is overridden by the project, so onerow cannot verify that every row was merged"
            )));
        }
        for table in tables {
            let described = self.context.warehouse.describe(table)?;
            if described.requires_partition_filter == Some(true) {
                let name = table.dotted();
                return Ok(Some(format!(
                    "{name} requires a partition filter, so that not all of it is seen"
                )));
            }
        }
        Ok(None)
    }

    /// The reason why a staging table must be kept; `None` if dropping it loses nothing.
    fn why_kept(
        &self,
        table: &TableName,
        held: Option<&Vec<Held>>,
        left: &BTreeMap<Day, Staged>,
        entries: &[Entry],
    ) -> Option<String> {
        let staging = self.context.renderer.rule().staging.as_ref()?;
        let left_out = staging.left_out.iter().filter(|(known, _)| known == table);
        let left_out: Vec<&str> = left_out.map(|(_, column)| column.as_str()).collect();
        if !left_out.is_empty() {
            return Some(format!(
                "its column {} is not merged; to drop the table anyway, list the columns to merge under `columns`",
                left_out.join(", ")
            ));
        }
        let Some(held) = held else {
            return Some("it is empty, so that nothing of it was merged".to_owned());
        };
        held.iter().find_map(|held| {
            let Some(day) = held.day else {
                return Some(format!("it holds {} without a date", rows_in_words(held.rows)));
            };
            let left = left.get(&day).copied().unwrap_or_default();
            if held.left_out > 0 {
                let were = if held.left_out == 1 { "was" } else { "were" };
                let rows = rows_in_words(held.left_out);
                return Some(format!("{rows} of {day} {were} left out of the merge"));
            }
            if left.buffered > 0 {
                return Some(format!("rows of {day} wait for the streaming buffer"));
            }
            (left.changes() > 0 || !is_recorded(entries, table, day))
                .then(|| format!("it holds rows of {day} that are not merged"))
        })
    }

    /// The rows of each staging table, per date.
    fn held(&mut self, window: &Window) -> Result<BTreeMap<String, Vec<Held>>> {
        let mut found: BTreeMap<String, Vec<Held>> = BTreeMap::new();
        let partition = &self.context.renderer.rule().partition;
        for statement in &checked(self.context.renderer, StepName::STAGING_DATES, window)? {
            let answer = self.journal.send(statement, &params(self.cutoff, &self.journal.run))?;
            for row in &rows(&answer)?.rows {
                let [table, date, rows, left_out, ..] = row.as_slice() else { continue };
                let held = Held {
                    day: super::counts::day(date, partition)
                        .ok()
                        .filter(|day| *day != Day::UNDATED),
                    rows: count(rows)?,
                    left_out: count(left_out)?,
                };
                found.entry(table.to_string()).or_default().push(held);
            }
        }
        Ok(found)
    }
}

/// The rows of one date in a staging table.
struct Held {
    /// The date; `None` for rows without one.
    day: Option<Day>,
    rows: u64,
    /// Rows that are not merged.
    left_out: u64,
}

/// How a table changed since it was counted; `None` if no change is known.
fn why_changed(before: Option<&TableState>, now: TableState) -> Option<String> {
    if now.buffer != Buffer::Empty {
        return Some("rows are in its streaming buffer".to_owned());
    }
    let is_same = before.is_some_and(|before| {
        (before.rows, before.modified, before.buffer) == (now.rows, now.modified, Buffer::Empty)
    });
    (!is_same).then(|| {
        "it was written to since this run began; run the same command again when its writer is done"
            .to_owned()
    })
}

fn rows_in_words(rows: u64) -> String {
    format!("{rows} row{}", if rows == 1 { "" } else { "s" })
}

/// Whether the ledger has a completed MERGE of this staging table for the date.
fn is_recorded(entries: &[Entry], table: &TableName, day: Day) -> bool {
    entries.iter().any(|entry| match &entry.detail {
        Some(Detail::Merge { staging, .. }) => {
            entry.outcome.is_done() && entry.window.contains(day) && staging.contains(table)
        }
        _ => false,
    })
}
