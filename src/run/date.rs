//! What a run knows of a date so far.

use jiff::Timestamp;

use super::Counts;
use super::cutoff::Cutoff;
use crate::rule::{Rule, Strategy};

/// What the run knows of a date so far.
#[derive(Debug, Clone)]
pub(super) struct DateState {
    /// How its duplicates are removed.
    pub strategy: Strategy,
    /// Keys that had an active row when the run began.
    pub keys: u64,
    /// The counts as last detected, and the cutoff they were counted with.
    pub baseline: Counts,
    pub cutoff: Cutoff,
    /// Rows removed since the baseline was counted, and in all.
    pub since_baseline: u64,
    pub removed: u64,
    /// Whether a statement may have changed the date since it was last verified.
    pub touched: bool,
    /// Whether something went wrong with the date.
    pub failed: bool,
    /// The cutoff for a second attempt, where the buffer refuses the first.
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

    /// The same for rows that are removed in another way than the rule's, by a statement that may or may
    /// not be sent again with an earlier cutoff.
    #[must_use]
    pub fn removed_by(self, strategy: Strategy, spares: bool) -> Self {
        Self { strategy, earlier: self.earlier.filter(|_| spares), ..self }
    }

    /// Clean dates cost nothing; buffered ones wait; dates with shared ids are left alone.
    pub fn needs_removal(&self) -> bool {
        self.baseline.calls_for(self.strategy)
            && self.since_baseline < self.baseline.settled_duplicates()
    }

    /// The counts before this run removed anything.
    pub fn as_found(&self) -> Counts {
        self.baseline.before(self.removed - self.since_baseline)
    }

    /// Takes these counts for the state of the date.
    pub fn rebase(&mut self, counts: Counts, cutoff: Cutoff) {
        self.baseline = counts;
        self.cutoff = cutoff;
        self.since_baseline = 0;
    }

    /// The same, with the cutoff that a refused statement is sent again with.
    pub fn restart(&mut self, counts: Counts, cutoff: Cutoff, earlier: Option<Cutoff>) {
        self.rebase(counts, cutoff);
        self.earlier = earlier;
    }

    /// So many rows were removed from it.
    pub fn add_removed(&mut self, rows: u64) {
        self.since_baseline += rows;
        self.removed += rows;
    }
}
