//! A run under way: what it has done, and what it knows of each date so far.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::horizon::Horizon;
use super::journal::Journal;
use super::report::StepReport;
use super::{Context, Counts, counts, params, rows, seen_with};
use crate::check::Checked;
use crate::error::{Error, Result};
use crate::window::Day;

/// A run under way.
pub(super) struct Run<'a> {
    pub context: &'a Context<'a>,
    pub journal: Journal<'a>,
    pub now: Timestamp,
    pub horizon: Horizon,
    pub days: BTreeMap<Day, Progressing>,
    pub steps: Vec<StepReport>,
    pub problems: Vec<Error>,
}

impl Run<'_> {
    /// Counts the dates of a statement that returns counts. The outer error is the ledger's.
    pub fn count(
        &mut self,
        statement: &Checked,
        horizon: Horizon,
    ) -> Result<Result<BTreeMap<Day, Counts>>> {
        let params = params(horizon, &self.journal.run);
        let answer = match self.journal.send(statement, &params)? {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let window = &statement.statement().window;
        let found = rows(&answer).and_then(|rows| counts::read(rows, window));
        Ok(found
            .map(|days| days.into_iter().map(|(d, c)| (d, seen_with(horizon, c))).collect())
            .map_err(|error| error.during(statement.statement().title())))
    }
}

/// What the run knows of a date so far.
pub(super) struct Progressing {
    /// Keys that had an active row when the run began.
    pub keys: u64,
    /// The figures as last detected, and the horizon they were counted with.
    pub baseline: Counts,
    pub horizon: Horizon,
    /// Rows deactivated since the baseline was counted, and in all.
    pub since_baseline: u64,
    pub deactivated: u64,
    /// Whether an UPDATE may have changed the date.
    pub touched: bool,
}

impl Progressing {
    pub fn new(counts: Counts, horizon: Horizon) -> Self {
        Self {
            keys: counts.keys,
            baseline: counts,
            horizon,
            since_baseline: 0,
            deactivated: 0,
            touched: false,
        }
    }

    /// Clean dates cost nothing; buffered ones wait; twins are left alone.
    pub fn needs_update(&self) -> bool {
        let left = self.baseline.settled_duplicates().saturating_sub(self.since_baseline);
        left > 0 && self.baseline.twins == 0
    }

    /// The figures before this run deactivated anything.
    pub fn as_found(&self) -> Counts {
        self.baseline.before(self.deactivated - self.since_baseline)
    }

    pub fn rebase(&mut self, counts: Counts, horizon: Horizon) {
        self.baseline = counts;
        self.horizon = horizon;
        self.since_baseline = 0;
    }

    pub fn add(&mut self, affected: u64) {
        self.since_baseline += affected;
        self.deactivated += affected;
        self.touched = true;
    }
}
