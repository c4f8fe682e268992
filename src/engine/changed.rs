//! The dates that were written since they were last found clean.

use std::collections::BTreeSet;

use super::{Engine, Plan, Task};
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::partitions::{Books, Stamp, Stamps};
use crate::rule::Rule;
use crate::run::{self, Changed, PartitionStanding, Standings, Wanted};
use crate::statement::StepName;
use crate::warehouse::Buffer;
use crate::window::{Day, Window};

/// How far back the ledger is asked what it found clean, in days. A date that was found clean before that is looked
/// at once more.
const LEDGER_DAYS: u32 = 366;

impl Engine {
    /// Of these dates, or of all that the table has, those that the ledger does not show to be done, or that were
    /// written since: clean, by what is counted as a duplicate now, and everything staged for them merged where the
    /// task merges it. Where the warehouse does not say, they are all of them. Changes nothing.
    ///
    /// Errors: no dates are given and the warehouse does not say which there are; it does not answer.
    pub fn changed(&self, rule: &Rule, task: &Task, given: Option<&Window>) -> Result<Changed> {
        let merges = task.merges(rule) && rule.stages();
        if *task == Task::Consolidate && !merges {
            return Ok(Changed::default());
        }
        // A rule without dates names no dates, and needs none.
        let whole = rule.partition.is_whole().then(Window::whole);
        let given = given.or(whole.as_ref());
        let renderer = self.renderer(rule)?;
        let definition =
            |step: &str, wanted: bool| wanted.then(|| renderer.definition(step)).transpose();
        let wanted = Wanted {
            clean: definition(StepName::DETECT, *task != Task::Consolidate)?,
            merged: definition(StepName::STAGED, merges)?,
        };
        let standings = match self.standings(rule, merges, given) {
            Ok(known) => known,
            Err(error) if error.kind() == Kind::Unsupported && given.is_some() => {
                let note = format!("{}: {}; all dates are taken", rule.name, error.headline());
                let window = given.cloned();
                return Ok(Changed { window, notes: vec![note], ..Changed::default() });
            }
            Err(error) if error.kind() == Kind::Unsupported => return Err(error.help(NAME_DATES)),
            Err(error) => return Err(error),
        };
        let dates = dates(rule, &standings, given)?;
        let entries = self.recent(rule, LEDGER_DAYS)?;
        let mut found = run::changed(rule, &dates, &standings, &wanted, &entries)?;
        found.unchanged += given.map_or(0, |window| window.days().len() - dates.len());
        Ok(found)
    }

    /// The dates that a rule's table has, in order; `None` where the warehouse does not say. Changes nothing.
    ///
    /// Errors: the warehouse does not answer.
    pub fn dates(&self, rule: &Rule) -> Result<Option<Vec<Day>>> {
        match self.standings(rule, false, None) {
            Ok(standings) if standings.dates().is_none() => Ok(None),
            Ok(standings) => dates(rule, &standings, None).map(Some),
            Err(error) if error.kind() == Kind::Unsupported => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How the partitions of a rule's tables stand.
    fn standings(&self, rule: &Rule, merges: bool, given: Option<&Window>) -> Result<Standings> {
        if rule.partition.is_sharded() {
            return self.shards(rule, given);
        }
        let (table, mut streamed) = self.partitions(rule, &rule.table, given)?;
        let mut staging = merges.then(PartitionStanding::default);
        for name in rule.staging.iter().filter(|_| merges).flat_map(|staging| &staging.tables) {
            let (standing, of_buffer) = self.partitions(rule, name, given)?;
            staging = staging.map(|known| known.with(standing));
            streamed.extend(of_buffer);
        }
        Ok(Standings { table, staging, streamed })
    }

    /// How the partitions of a table stand, and the dates about which rows in its streaming buffer may decide.
    fn partitions(
        &self,
        rule: &Rule,
        name: &TableName,
        given: Option<&Window>,
    ) -> Result<(PartitionStanding, BTreeSet<Day>)> {
        let warehouse = &*self.reading()?.warehouse;
        let table = warehouse.describe(name)?;
        let partitions = warehouse.partitions(rule, name)?;
        if partitions.is_empty() {
            // So it is of an empty table, and of one of which the warehouse keeps no books.
            let standing = warehouse.standing(name)?;
            if standing.rows != Some(0) || standing.buffer != Buffer::Empty {
                return Err(silent(name));
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
    fn shards(&self, rule: &Rule, given: Option<&Window>) -> Result<Standings> {
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
        Ok(Standings { table: PartitionStanding::of_days(stamps), staging: None, streamed })
    }

    /// The plan of a task for dates whose partitions stood so before anything was asked.
    ///
    /// Errors: a template that does not render; a statement that is not fit to run.
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

/// The dates that may be looked at, of these or of all that there are. Errors: none are given, and nobody says which
/// there are.
fn dates(rule: &Rule, standings: &Standings, given: Option<&Window>) -> Result<Vec<Day>> {
    Ok(match (given, standings.dates()) {
        (None, None) => {
            let table = match (standings.table.dates(), &rule.staging) {
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
        // Rows that are being streamed may have no partition yet. Rows without a date are said, and looked at where
        // they are named.
        (None, Some(mut known)) => {
            known.extend(&standings.streamed);
            known.into_iter().filter(|day| day.date().is_some()).collect()
        }
        (Some(window), None) => window.days().to_vec(),
        // What has no partition has no rows, but for those that are being streamed, or are in none.
        (Some(window), Some(known)) => {
            let is_there = |day: &&Day| {
                known.contains(day) || standings.streamed.contains(day) || standings.has_outside()
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
