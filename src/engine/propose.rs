//! Proposing a rule for a table of the warehouse.

use bytesize::ByteSize;
use jiff::civil::Date;

use super::Engine;
use crate::check::{self, Checked};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue, TableName};
use crate::propose::{Counts, Proposal, Seen, Wishes, propose};
use crate::rule::{Rule, RuleFile, WarehouseType};
use crate::statement::{Params, Statement, StepName};
use crate::warehouse::{Job, JobId, Returned};
use crate::window::{Day, Window};

/// The most that counting is billed for where the warehouse has no limit of its own, in bytes.
const MOST_BILLED: u64 = 1 << 30;

impl Engine {
    /// Proposes a rule for a table, from its metadata and from counts of its rows: on BigQuery those of its latest
    /// partition, in one query. `tell` is told what is done, what it costs, and why it is left out.
    ///
    /// # Errors
    /// There is no such table, its rows cannot be changed, or the warehouse does not answer.
    pub fn propose(
        &self,
        table: &TableName,
        wishes: &Wishes,
        tell: &dyn Fn(&str),
    ) -> Result<Proposal> {
        let warehouse = &*self.reading()?.warehouse;
        let description = warehouse.describe(table)?;
        let types = warehouse.columns(table)?.into_iter().map(|column| column.sql_type);
        let seen = Seen::of(table.clone(), description, types)?;
        let seen = Seen { may_be_sharded: self.is_remote(), ..seen };
        let first = propose(&seen, None, wishes)?;
        let active = first.text_of("active");
        let counts = self.counts(&seen, &the_rule(&first)?, active, tell)?;
        let proposal = propose(&seen, counts.as_ref(), wishes)?;
        the_rule(&proposal)?;
        Ok(proposal)
    }

    /// Where the table is; `None` if the warehouse has no locations.
    ///
    /// # Errors
    /// There is no such table, or the warehouse does not answer.
    pub fn location(&self, table: &TableName) -> Result<Option<String>> {
        Ok(self.reading()?.warehouse.describe(table)?.location)
    }

    /// Counts the table's rows; `None` if that would be billed for too much, or there are none.
    fn counts(
        &self,
        seen: &Seen,
        rule: &Rule,
        active: Option<&str>,
        tell: &dyn Fn(&str),
    ) -> Result<Option<Counts>> {
        let warehouse = &*self.reading()?.warehouse;
        let is_sharded = rule.partition.is_sharded();
        let is_whole = rule.partition.is_whole() || is_sharded;
        let is_partitioned = seen.description.partition.is_some();
        let latest = match self.is_remote() && !is_whole && is_partitioned {
            true => {
                tell("reading the list of partitions: that bills 10 MiB");
                self.dates(rule)?.and_then(|days| days.last().copied())
            }
            false => None,
        };
        let window = match (latest, is_sharded) {
            (Some(day), _) => Window::day(day),
            (None, false) => Window::whole(),
            (None, true) => shard_date(&seen.table).map_or_else(Window::whole, Window::day),
        };
        let of_date = latest.map(|_| rule.partition.filter(&window).to_string());
        let active = active.map(|active| format!("({active})"));
        let filters: Vec<String> = of_date.into_iter().chain(active).collect();
        // Without a date to look at, what is counted is different values on each date.
        let date = (latest.is_none() && !is_whole).then(|| rule.partition.period_date());
        let of = match latest {
            Some(day) => format!(" of {day}"),
            None => String::new(),
        };
        let partition = rule.partition.column().map(Ident::as_str);
        let question = seen.question(partition, &filters, date.as_ref(), !self.is_remote());
        let statement =
            Statement::new(StepName::parse("counts")?, window.clone(), question.sql.clone());
        let id = JobId::derive("counts", 0, &statement.step, window.first());
        let statement = check::run(rule, statement)?;
        if self.is_remote() && !self.is_affordable(&statement, &of, tell)? {
            return Ok(None);
        }
        let job = Job { id: &id, run: "counts", rule: &rule.name };
        let Returned::Rows(rows) = warehouse.submit(&job, &statement, &Params::none())?.result
        else {
            return Err(Error::new(Kind::UnexpectedAnswer, "a query returned no rows"));
        };
        let row: &[SqlValue] = rows.rows.first().map_or(&[], Vec::as_slice);
        let counts = question.read(row, of)?;
        Ok((counts.rows > 0).then_some(counts))
    }

    /// Whether counting the rows of these dates is billed for no more than the limit. Says what it bills.
    fn is_affordable(&self, statement: &Checked, of: &str, tell: &dyn Fn(&str)) -> Result<bool> {
        let billed = self.reading()?.warehouse.estimate(statement, &Params::none())?.billed;
        let most = self.most_billed()?;
        let is_affordable = billed.is_none_or(|billed| billed <= most);
        tell(&match billed.map(ByteSize) {
            None => format!("counting the different values in rows{of}"),
            Some(billed) if is_affordable => {
                format!("counting the different values in rows{of}: that bills at most {billed}")
            }
            Some(billed) => {
                let most = ByteSize(most);
                format!("the rows are not counted: that would bill {billed}, more than {most}")
            }
        });
        Ok(is_affordable)
    }

    fn most_billed(&self) -> Result<u64> {
        Ok(match &self.warehouse()?.kind {
            WarehouseType::BigQuery(settings) => settings.max_bytes_billed.unwrap_or(MOST_BILLED),
            WarehouseType::Sqlite { .. } => u64::MAX,
        })
    }
}

/// The date in the name of one of the tables that each hold a date.
fn shard_date(table: &TableName) -> Option<Day> {
    let name = table.table();
    let ending = name.get(name.len().checked_sub(8)?..)?;
    Date::strptime("%Y%m%d", ending).ok().map(Day::from)
}

/// The proposed rule, as the rule file would have it.
fn the_rule(proposal: &Proposal) -> Result<Rule> {
    let mut file = RuleFile::parse("the proposed rule", &proposal.text())?;
    file.rules.pop().ok_or_else(|| Error::new(Kind::RuleFile, "the proposal has no rule"))
}
