//! Proposing a rule for a table of the warehouse.

use super::Engine;
use crate::check;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlValue, TableName};
use crate::propose::{Counts, Proposal, Seen, Wishes, propose};
use crate::rule::{Rule, RuleFile, WarehouseType};
use crate::statement::{Params, Statement, StepName};
use crate::warehouse::{Job, JobId, Returned};
use crate::window::Window;

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
        let first = propose(&seen, None, wishes)?;
        let counts = self.counts(&seen, &the_rule(&first)?, tell)?;
        let proposal = propose(&seen, counts.as_ref(), wishes)?;
        the_rule(&proposal)?;
        Ok(proposal)
    }

    /// Counts the table's rows; `None` if that would be billed for too much, or there are none.
    fn counts(&self, seen: &Seen, rule: &Rule, tell: &dyn Fn(&str)) -> Result<Option<Counts>> {
        let warehouse = &*self.reading()?.warehouse;
        let is_whole = rule.partition.is_whole() || rule.partition.is_sharded();
        let latest = match self.is_remote() && !is_whole {
            true => self.dates(rule)?.and_then(|days| days.last().copied()),
            false => None,
        };
        let window = latest.map_or_else(Window::whole, Window::day);
        let filter = latest.map(|_| rule.partition.filter(&window));
        // Without a date to look at, what is counted is different values on each date.
        let date = (!self.is_remote() && !is_whole).then(|| rule.partition.period_date());
        let of = match latest {
            Some(day) => format!(" of {day}"),
            None => String::new(),
        };
        let question = seen.question(filter.as_ref(), date.as_ref(), !self.is_remote());
        let statement =
            Statement::new(StepName::parse("counts")?, window.clone(), question.sql.clone());
        let id = JobId::derive("counts", 0, &statement.step, window.first());
        let statement = check::run(rule, statement)?;
        if self.is_remote() {
            let billed = warehouse.estimate(&statement, &Params::none())?.billed;
            let most = self.most_billed()?;
            match billed {
                Some(billed) if billed > most => {
                    tell(&format!(
                        "the rows are not counted: that would bill {}, more than {}",
                        bytesize::ByteSize(billed),
                        bytesize::ByteSize(most)
                    ));
                    return Ok(None);
                }
                Some(billed) => tell(&format!(
                    "counting the different values in rows{of}: that bills at most {}",
                    bytesize::ByteSize(billed)
                )),
                None => tell(&format!("counting the different values in rows{of}")),
            }
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

    fn most_billed(&self) -> Result<u64> {
        Ok(match &self.warehouse()?.kind {
            WarehouseType::BigQuery(settings) => settings.max_bytes_billed.unwrap_or(MOST_BILLED),
            WarehouseType::Sqlite { .. } => u64::MAX,
        })
    }
}

/// The proposed rule, as the rule file would have it.
fn the_rule(proposal: &Proposal) -> Result<Rule> {
    let mut file = RuleFile::parse("the proposed rule", &proposal.text())?;
    file.rules.pop().ok_or_else(|| Error::new(Kind::RuleFile, "the proposal has no rule"))
}
