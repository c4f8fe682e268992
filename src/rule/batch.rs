//! The number of dates per statement that removes rows.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use toml::Spanned;

use super::validate::RuleReader;
use super::{Partition, Rule};
use crate::error::{Error, Kind, Result};
use crate::window::{Day, Window};

/// The number of dates per statement that removes rows: the statement changes all of them or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct DatesPerStatement(u16);

impl DatesPerStatement {
    /// Each date has its own statement.
    pub const ONE: Self = Self(1);

    /// The maximum, which is BigQuery's limit of partitions changed by a job.
    /// Source: <https://cloud.google.com/bigquery/quotas#partitioned_tables>
    pub const MOST: u16 = 4_000;

    /// The number.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl TryFrom<u64> for DatesPerStatement {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        u16::try_from(number).ok().filter(|number| (1..=Self::MOST).contains(number)).map(Self).ok_or_else(|| {
            format!(
                "a statement holds 1 to {} dates, not {number}: BigQuery changes no more partitions in a job",
                Self::MOST
            )
        })
    }
}

impl FromStr for DatesPerStatement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = text.parse::<u64>();
        let number =
            number.map_err(|_| format!("`{}` is not a number of dates", text.escape_debug()));
        number.and_then(Self::try_from).map_err(|message| Error::new(Kind::Usage, message))
    }
}

impl fmt::Display for DatesPerStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Rule {
    /// The windows of the statements that remove rows, for these dates.
    pub(crate) fn batches(&self, days: &[Day]) -> Vec<Window> {
        days.chunks(self.dates_per_statement.get()).map(Window::of_some).collect()
    }

    /// Sets the number of dates per statement. A table without dates, and date-sharded tables, always have
    /// one statement each.
    pub(crate) fn share_statements(&mut self, dates: DatesPerStatement) {
        if !self.partition.is_one_group() {
            self.dates_per_statement = dates;
        }
    }
}

impl RuleReader<'_> {
    pub(super) fn dates_per_statement(&self, partition: &Partition) -> Result<DatesPerStatement> {
        let Some(given) = &self.section.dates_per_statement else {
            return Ok(DatesPerStatement::ONE);
        };
        if partition.is_one_group() && *given.get_ref() != DatesPerStatement::ONE {
            let why = match partition.is_sharded() {
                true => "each date is a table of its own, and a statement changes one table",
                false => "the rule has no dates",
            };
            let message = format!("`dates_per_statement` has no effect: {why}");
            return Err(self.source.error(given, message).help("remove it"));
        }
        Ok(*Spanned::get_ref(given))
    }
}
