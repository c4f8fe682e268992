//! The dates that were written since they were last found clean.

use std::collections::BTreeSet;

use super::{Engine, Plan, Task};
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::partitions::{Books, Stamp, Stamps};
use crate::rule::Rule;
use crate::run::{self, Changed, PartitionStates, TablesPartitions, Wanted};
use crate::statement::StepName;
use crate::warehouse::Buffer;
use crate::window::{Day, Window};

/// How many days of the ledger are searched for clean dates. A date found clean before that is detected
/// again.
const LEDGER_DAYS: u32 = 366;

impl Engine {
    /// The dates, of the given ones or of all in the table, that need work: not recorded as clean in the
    /// ledger under the current definition of a duplicate, written since, or with staged rows that the task
    /// merges and that are not merged yet. If the warehouse does not report changes, all given dates.
    /// Read-only.
    ///
    /// # Errors
    /// No dates are given and the warehouse does not list them, or the warehouse does not answer.
    pub fn changed(&self, rule: &Rule, task: &Task, given: Option<&Window>) -> Result<Changed> {
        let merges = task.merges(rule) && rule.stages();
        if *task == Task::Consolidate && !merges {
            return Ok(Changed::default());
        }
        // A rule without dates needs none.
        let whole = rule.partition.is_whole().then(Window::whole);
        let given = given.or(whole.as_ref());
        let renderer = self.renderer(rule)?;
        let definition =
            |step: &str, wanted: bool| wanted.then(|| renderer.definition(step)).transpose();
        let wanted = Wanted {
            clean: definition(StepName::DETECT, *task != Task::Consolidate)?,
            merged: definition(StepName::STAGED, merges)?,
            undated: *task == Task::detect(),
        };
        let tables = match self.tables(rule, merges, given) {
            Ok(known) => known,
            Err(error) if error.kind() == Kind::Unsupported && given.is_some() => {
                let note = format!("{}: {}; all dates are taken", rule.name, error.headline());
                let window = given.cloned();
                return Ok(Changed { window, notes: vec![note], ..Changed::default() });
            }
            Err(error) if error.kind() == Kind::Unsupported => return Err(error.help(NAME_DATES)),
            Err(error) => return Err(error),
        };
        let dates = dates(rule, &tables, given)?;
        let entries = self.recent(rule, LEDGER_DAYS)?;
        let mut found = run::changed(rule, &dates, &tables, &wanted, &entries)?;
        found.unchanged += given.map_or(0, |window| window.days().len() - dates.len());
        Ok(found)
    }

    /// The dates that a rule's table has, in order; `None` where the warehouse does not say. Changes nothing.
    ///
    /// Errors: the warehouse does not answer.
    pub fn dates(&self, rule: &Rule) -> Result<Option<Vec<Day>>> {
        match self.tables(rule, false, None) {
            Ok(tables) if tables.dates().is_none() => Ok(None),
            Ok(tables) => dates(rule, &tables, None).map(Some),
            Err(error) if error.kind() == Kind::Unsupported => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How the partitions of a rule's tables stand.
    fn tables(
        &self,
        rule: &Rule,
        merges: bool,
        given: Option<&Window>,
    ) -> Result<TablesPartitions> {
        if rule.partition.is_sharded() {
            return self.shards(rule, given);
        }
        let (table, mut streamed) = self.partitions(rule, &rule.table, given)?;
        let mut staging = merges.then(PartitionStates::default);
        for name in rule.staging.iter().filter(|_| merges).flat_map(|staging| &staging.tables) {
            let (by_date, of_buffer) = self.partitions(rule, name, given)?;
            staging = staging.map(|known| known.with(by_date));
            streamed.extend(of_buffer);
        }
        Ok(TablesPartitions { table, staging, streamed })
    }

    /// The state of a table's partitions, and the dates that may have rows in its streaming buffer.
    fn partitions(
        &self,
        rule: &Rule,
        name: &TableName,
        given: Option<&Window>,
    ) -> Result<(PartitionStates, BTreeSet<Day>)> {
        let warehouse = &*self.reading()?.warehouse;
        let table = warehouse.describe(name)?;
        let partitions = warehouse.partitions(rule, name)?;
        if partitions.is_empty() {
            // True for an empty table, and for one without partition metadata.
            let state = warehouse.table_state(name)?;
            if state.rows != Some(0) || state.buffer != Buffer::Empty {
                return Err(silent(name));
            }
        }
        let by_date = PartitionStates::of(rule, &table, &partitions);
        // The embedded warehouse records streamed rows like all others.
        if warehouse.tells_partitions_freely() {
            return Ok((by_date, BTreeSet::new()));
        }
        let mut streamed = run::streamed(rule, table.buffer, self.now());
        if table.buffer != Buffer::Empty && by_date.hides_streamed(rule) {
            let all = given.map(|window| window.days().to_vec()).or_else(|| by_date.dates());
            streamed.extend(all.unwrap_or_default());
        }
        Ok((by_date, streamed))
    }

    /// The state of date-sharded tables.
    fn shards(&self, rule: &Rule, given: Option<&Window>) -> Result<TablesPartitions> {
        let Some(window) = given else {
            let message = format!("rule {}: each date is a table of its own", rule.name);
            return Err(Error::new(Kind::Unsupported, message));
        };
        let warehouse = &*self.reading()?.warehouse;
        let (mut stamps, mut streamed) = (Stamps::new(), BTreeSet::new());
        for day in window.days() {
            let table = rule.table_on(*day);
            let found = match warehouse.table_state(&table) {
                Err(error) if error.kind() == Kind::NotFound => continue,
                found => found?,
            };
            if found.buffer != Buffer::Empty {
                streamed.insert(*day);
            }
            let modified = found.modified.ok_or_else(|| silent(&table))?;
            stamps.insert(*day, Stamp { modified, rows: found.rows, bytes: None });
        }
        Ok(TablesPartitions { table: PartitionStates::of_days(stamps), staging: None, streamed })
    }

    /// The plan of a task for dates with this state of partitions, read before the plan.
    ///
    /// # Errors
    /// A template does not render, or a statement does not pass the checks.
    pub fn plan_with<'e>(
        &'e self,
        rule: &'e Rule,
        task: &Task,
        window: &Window,
        books: &Books,
    ) -> Result<Plan<'e>> {
        let mut plan = self.plan(rule, task, window)?;
        plan.plan.books = books.clone();
        Ok(plan)
    }
}

/// The candidate dates, of the given ones or of all known. Errors: none are given, and none are known.
fn dates(rule: &Rule, tables: &TablesPartitions, given: Option<&Window>) -> Result<Vec<Day>> {
    Ok(match (given, tables.dates()) {
        (None, None) => {
            let table = match (tables.table.dates(), &rule.staging) {
                (Some(_), Some(staging)) => {
                    let names: Vec<String> = staging.tables.iter().map(TableName::dotted).collect();
                    format!("a staging table ({})", names.join(", "))
                }
                _ => rule.table.dotted(),
            };
            let message = format!(
                "rule {}: {table} is not partitioned by the rule's dates, so its dates are unknown",
                rule.name,
            );
            return Err(Error::new(Kind::Usage, message).help(NAME_DATES));
        }
        // Streamed rows may have no partition yet. Rows without a date are reported, and detected only if
        // they are requested.
        (None, Some(mut known)) => {
            known.extend(&tables.streamed);
            known.into_iter().filter(|day| day.date().is_some()).collect()
        }
        (Some(window), None) => window.days().to_vec(),
        // A date without a partition has no rows, except for streamed rows and rows outside partitions.
        (Some(window), Some(known)) => {
            let is_there = |day: &&Day| {
                known.contains(day) || tables.streamed.contains(day) || tables.has_outside()
            };
            window.days().iter().filter(is_there).copied().collect()
        }
    })
}

const NAME_DATES: &str = "name the dates, such as `--last 30 --changed`";

fn silent(table: &TableName) -> Error {
    let message = format!("the warehouse does not say when {} was written", table.dotted());
    Error::new(Kind::Unsupported, message)
}
