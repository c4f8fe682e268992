//! The state of a date during a run.

use jiff::Timestamp;

use super::Counts;
use super::cutoff::Cutoff;
use crate::rule::{Rule, Strategy};

/// The state of a date during a run.
#[derive(Debug, Clone)]
pub(super) struct DateState {
    /// The strategy of the removal.
    pub strategy: Strategy,
    /// Keys that had an active row when the run began.
    pub keys: u64,
    /// The last counts of detect, and their cutoff.
    pub baseline: Counts,
    pub cutoff: Cutoff,
    /// Rows removed since the baseline was counted, and in total.
    pub since_baseline: u64,
    pub removed: u64,
    /// Whether a statement may have changed the date since it was last verified.
    pub touched: bool,
    /// Whether the date failed.
    pub failed: bool,
    /// The cutoff for a second attempt, if the buffer refuses the first.
    pub earlier: Option<Cutoff>,
}

impl DateState {
    pub fn new(rule: &Rule, counts: Counts, cutoff: Cutoff, now: Timestamp) -> Self {
        Self {
            strategy: rule.strategy,
            keys: counts.keys,
            baseline: counts,
            cutoff,
            since_baseline: 0,
            removed: 0,
            touched: false,
            failed: false,
            earlier: cutoff.earlier(rule, now),
        }
    }

    /// A state for rows that are removed with another strategy than the rule's. `spares` says whether the
    /// statement may be sent again with an earlier cutoff.
    #[must_use]
    pub fn removed_by(self, strategy: Strategy, spares: bool) -> Self {
        Self { strategy, earlier: self.earlier.filter(|_| spares), ..self }
    }

    /// Whether rows are to be removed. Clean dates need nothing, buffered ones wait, and dates with shared
    /// ids are skipped.
    pub fn needs_removal(&self) -> bool {
        self.baseline.calls_for(self.strategy)
            && self.since_baseline < self.baseline.settled_duplicates()
    }

    /// The counts before this run removed anything.
    pub fn as_found(&self) -> Counts {
        self.baseline.before(self.removed - self.since_baseline)
    }

    /// Sets these counts as the baseline.
    pub fn rebase(&mut self, counts: Counts, cutoff: Cutoff) {
        self.baseline = counts;
        self.cutoff = cutoff;
        self.since_baseline = 0;
    }

    /// Sets the baseline, and the cutoff with which a refused statement is sent again.
    pub fn restart(&mut self, counts: Counts, cutoff: Cutoff, earlier: Option<Cutoff>) {
        self.rebase(counts, cutoff);
        self.earlier = earlier;
    }

    /// Adds removed rows.
    pub fn add_removed(&mut self, rows: u64) {
        self.since_baseline += rows;
        self.removed += rows;
    }
}
