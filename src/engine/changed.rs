//! The dates that were written since they were last found clean.

use std::collections::BTreeSet;

use super::{Engine, Plan, Task};
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::ledger::Filter;
use crate::partitions::{Stamp, Stamps};
use crate::rule::Rule;
use crate::run::{self, Changed, PartitionStanding};
use crate::warehouse::Buffer;
use crate::window::{Day, Window};

/// How far back the ledger is asked what it found clean, in days. A date that was found clean before that is looked
/// at once more.
const LEDGER_DAYS: u32 = 366;

impl Engine {
    /// Of these dates, or of all that the table has, those that were written since the ledger last saw them clean, by
    /// what is counted as a duplicate now. Where the warehouse does not say, they are all of them. Changes nothing.
    ///
    /// Errors: no dates are given and the warehouse does not say which there are; it does not answer.
    pub fn changed(&self, rule: &Rule, given: Option<&Window>) -> Result<Changed> {
        if rule.consolidates() && rule.staging.is_some() {
            let message = format!(
                "rule {} has staging tables, whose dates `--changed` does not know",
                rule.name
            );
            return Err(
                Error::new(Kind::Usage, message).help("name the dates, such as `--last 30`")
            );
        }
        // A rule without dates names no dates, and needs none.
        let whole = rule.partition.is_whole().then(Window::whole);
        let given = given.or(whole.as_ref());
        let renderer = self.renderer(rule)?;
        let (standing, streamed) = match self.partitions(rule, given) {
            Ok(known) => known,
            Err(error) if error.kind() == Kind::Unsupported && given.is_some() => {
                let note = format!("{}: {}; all dates are taken", rule.name, error.headline());
                let window = given.cloned();
                return Ok(Changed { window, notes: vec![note], ..Changed::default() });
            }
            Err(error) if error.kind() == Kind::Unsupported => {
                return Err(error.help("name the dates, such as `--last 30 --changed`"));
            }
            Err(error) => return Err(error),
        };
        let dates: Vec<Day> = match (given, standing.dates()) {
            (None, None) => {
                let message = format!(
                    "rule {}: {} is not partitioned by the rule's dates, so that nobody says which dates it has",
                    rule.name,
                    rule.table.dotted()
                );
                return Err(Error::new(Kind::Usage, message)
                    .help("name the dates, such as `--last 30 --changed`"));
            }
            // Rows that are being streamed may have no partition yet. Rows without a date are said, and looked at where
            // they are named.
            (None, Some(known)) => {
                let all: BTreeSet<Day> =
                    known.into_iter().chain(streamed.iter().copied()).collect();
                all.into_iter().filter(|day| day.date().is_some()).collect()
            }
            (Some(window), None) => window.days().to_vec(),
            // What has no partition has no rows, but for those that are being streamed, or are in none.
            (Some(window), Some(known)) => {
                let is_there = |day: &&Day| {
                    known.contains(day) || streamed.contains(day) || standing.has_outside()
                };
                window.days().iter().filter(is_there).copied().collect()
            }
        };
        let wanted = Filter::recent(Some(rule.name.as_str()), self.now(), LEDGER_DAYS);
        let entries = self.entries(&wanted)?;
        let proof = (&renderer.definition()?, entries.as_slice());
        let mut found = run::changed(rule, &dates, &standing, &streamed, proof)?;
        found.unchanged += given.map_or(0, |window| window.days().len() - dates.len());
        Ok(found)
    }

    /// How the partitions of a rule's table stand, and the dates about which rows in its streaming buffer may
    /// decide.
    fn partitions(
        &self,
        rule: &Rule,
        given: Option<&Window>,
    ) -> Result<(PartitionStanding, BTreeSet<Day>)> {
        if rule.partition.is_sharded() {
            return self.shards(rule, given);
        }
        let warehouse = &*self.reading()?.warehouse;
        let table = warehouse.describe(&rule.table)?;
        let partitions = warehouse.partitions(rule)?;
        if partitions.is_empty() {
            // So it is of an empty table, and of one of which the warehouse keeps no books.
            let standing = warehouse.standing(&rule.table)?;
            if standing.rows != Some(0) || standing.buffer != Buffer::Empty {
                return Err(silent(&rule.table));
            }
        }
        let standing = PartitionStanding::of(rule, &table, &partitions);
        // The embedded warehouse notes streamed rows as all others.
        if warehouse.tells_partitions_freely() {
            return Ok((standing, BTreeSet::new()));
        }
        let mut streamed = run::streamed(rule, table.buffer, self.now());
        if table.buffer != Buffer::Empty && standing.hides_streamed(rule) {
            let all = given.map(|window| window.days().to_vec()).or_else(|| standing.dates());
            streamed.extend(all.unwrap_or_default());
        }
        Ok((standing, streamed))
    }

    /// The same of tables that each hold one date.
    fn shards(
        &self,
        rule: &Rule,
        given: Option<&Window>,
    ) -> Result<(PartitionStanding, BTreeSet<Day>)> {
        let Some(window) = given else {
            let message = format!("rule {}: each date is a table of its own", rule.name);
            return Err(Error::new(Kind::Unsupported, message));
        };
        let warehouse = &*self.reading()?.warehouse;
        let (mut stamps, mut streamed) = (Stamps::new(), BTreeSet::new());
        for day in window.days() {
            let table = rule.table_on(*day);
            let found = match warehouse.standing(&table) {
                Err(error) if error.kind() == Kind::NotFound => continue,
                found => found?,
            };
            if found.buffer != Buffer::Empty {
                streamed.insert(*day);
            }
            let modified = found.modified.ok_or_else(|| silent(&table))?;
            stamps.insert(*day, Stamp { modified, rows: found.rows, bytes: None });
        }
        Ok((PartitionStanding::of_days(stamps), streamed))
    }

    /// The plan of a task for dates that changed; `None` where there is none.
    ///
    /// Errors: a template that does not render; a statement that is not fit to run.
    pub fn plan_changed<'e>(
        &'e self,
        rule: &'e Rule,
        task: &Task,
        changed: &Changed,
    ) -> Result<Option<Plan<'e>>> {
        let Some(window) = &changed.window else { return Ok(None) };
        let mut plan = self.plan(rule, task, window)?;
        plan.plan.stamps = changed.stamps.clone();
        Ok(Some(plan))
    }
}

fn silent(table: &TableName) -> Error {
    let message = format!("the warehouse does not say when {} was written", table.dotted());
    Error::new(Kind::Unsupported, message)
}
