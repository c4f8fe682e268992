//! What a run or a look at the table found, per date, and what that means for the exit code.

use std::fmt;

use super::{Consolidated, Counts};
use crate::error::Error;
use crate::rule::RuleName;
use crate::warehouse::Answer;
use crate::window::Day;

/// How a date stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Every key has exactly one active row, and had before.
    Clean,
    /// Superseded rows wait to be deactivated.
    Dirty,
    /// Superseded rows wait, and all of them are in the streaming buffer.
    Buffered,
    /// Superseded rows wait, and some of them are in the streaming buffer.
    Partial,
    /// This run deactivated all superseded rows.
    Cleaned,
    /// Superseded rows wait, and row ids of the date are NULL or shared: it is not touched.
    SharedIds,
}

impl Status {
    /// The status of a date with these figures, of which a run deactivated so many.
    pub fn of(counts: Counts, deactivated: Option<u64>) -> Self {
        let deactivated = deactivated.unwrap_or(0);
        match counts {
            Counts { duplicates: 0, .. } => Self::Clean,
            Counts { duplicates, .. } if deactivated == duplicates => Self::Cleaned,
            Counts { shared_ids: 1.., .. } => Self::SharedIds,
            Counts { buffered: 0, .. } => Self::Dirty,
            Counts { buffered, duplicates, .. } if buffered == duplicates => Self::Buffered,
            _ => Self::Partial,
        }
    }

    /// The status as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Dirty => "dirty",
            Self::Buffered => "buffered",
            Self::Partial => "partial",
            Self::Cleaned => "cleaned",
            Self::SharedIds => "shared_ids",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One date of a report.
#[derive(Debug, Clone)]
pub struct DayReport {
    /// The date.
    pub day: Day,
    /// The figures before anything was deactivated.
    pub counts: Counts,
    /// Rows that this run deactivated; `None` where nothing was meant to be changed.
    pub deactivated: Option<u64>,
    /// Whether something went wrong with the date; the report's problems say what.
    pub failed: bool,
}

impl DayReport {
    /// How the date stands.
    pub fn status(&self) -> Status {
        match Status::of(self.counts, self.deactivated) {
            // What could not be verified is not called clean.
            Status::Clean | Status::Cleaned if self.failed => Status::Dirty,
            status => status,
        }
    }
}

/// What one statement of a custom step gave back.
#[derive(Debug)]
pub struct StepReport {
    /// The statement's step and dates.
    pub title: String,
    /// Its answer.
    pub answer: Answer,
    /// Keys of which it removed the last active row; `None` where it may not.
    pub keys_lost: Option<u64>,
}

impl StepReport {
    pub(super) fn new(title: String, answer: Answer) -> Self {
        Self { title, answer, keys_lost: None }
    }
}

/// What a command found and did for one rule.
#[derive(Debug)]
pub struct Report {
    /// The rule.
    pub rule: RuleName,
    /// The run; `None` where nothing was run.
    pub run: Option<String>,
    /// The dates of the window, in order.
    pub days: Vec<DayReport>,
    /// What merging staging tables has come to; `None` where there was nothing to merge.
    pub consolidated: Option<Consolidated>,
    /// What custom steps gave back, in order.
    pub steps: Vec<StepReport>,
    /// custom statements that the streaming buffer refused; they changed nothing.
    pub buffered: Vec<String>,
    /// What went wrong, without stopping the rest.
    pub problems: Vec<Error>,
}

impl Report {
    /// The figures of all dates.
    pub fn totals(&self) -> Counts {
        let mut totals = Counts::default();
        for day in &self.days {
            totals += day.counts;
        }
        totals
    }

    /// The rows deactivated on all dates; `None` where nothing was meant to be changed.
    pub fn deactivated(&self) -> Option<u64> {
        self.days.iter().map(|day| day.deactivated).sum()
    }

    /// Whether a date has this status.
    pub fn has(&self, status: Status) -> bool {
        self.days.iter().any(|day| day.status() == status)
    }

    /// Whether staged rows wait for the streaming buffer.
    pub fn merge_waits(&self) -> bool {
        self.consolidated.as_ref().is_some_and(Consolidated::waits)
    }

    /// How the run ended. What failed counts more than what has to wait.
    pub fn ending(&self) -> Ending {
        if !self.problems.is_empty() || self.has(Status::SharedIds) || self.has(Status::Dirty) {
            Ending::Failed
        } else if self.totals().buffered > 0 || !self.buffered.is_empty() || self.merge_waits() {
            Ending::Buffered
        } else {
            Ending::Clean
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every date is clean.
    Clean,
    /// Buffered rows remain: run again later.
    Buffered,
    /// Something went wrong, or a date was left alone because of shared ids.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_from_the_figures() {
        let counts = |duplicates, buffered, shared_ids| Counts {
            active: 10,
            keys: 10 - duplicates,
            duplicates,
            buffered,
            shared_ids,
            settled: 10 - buffered,
        };
        let cases = [
            (counts(0, 0, 0), None, Status::Clean),
            (counts(0, 0, 2), None, Status::Clean),
            (counts(3, 0, 0), None, Status::Dirty),
            (counts(3, 3, 0), None, Status::Buffered),
            (counts(3, 1, 0), None, Status::Partial),
            (counts(3, 1, 2), None, Status::SharedIds),
            (counts(3, 0, 0), Some(3), Status::Cleaned),
            (counts(3, 1, 0), Some(2), Status::Partial),
            (counts(3, 3, 0), Some(0), Status::Buffered),
            (counts(0, 0, 0), Some(0), Status::Clean),
            (counts(3, 0, 2), Some(0), Status::SharedIds),
        ];
        for (counts, deactivated, expected) in cases {
            assert_eq!(Status::of(counts, deactivated), expected, "{counts:?} {deactivated:?}");
        }
    }
}
