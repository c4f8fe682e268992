//! The result of a run or a status command, per date, and its meaning for the exit code.

use std::fmt;

use super::{Consolidated, Counts, RunId};
use crate::error::Error;
use crate::rule::{OnKeyless, Rule, RuleName};
use crate::warehouse::Answer;
use crate::window::{Day, Window};

/// The status of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Every key has exactly one active row, and had before.
    Clean,
    /// The date has no rows: nothing was loaded, or there was no data.
    Empty,
    /// No key has two active rows, but some keys with rows have no active one.
    Keyless,
    /// Duplicates wait to be deactivated.
    Dirty,
    /// Duplicates wait, and all of them are in the streaming buffer.
    Buffered,
    /// Duplicates wait, and some of them are in the streaming buffer.
    Partial,
    /// This run deactivated all duplicates.
    Cleaned,
    /// Duplicates wait, and row ids of the date are NULL or shared: the date is skipped.
    SharedIds,
}

impl Status {
    /// The status of a date with these counts, of which a run deactivated this many.
    pub fn of(counts: Counts, deactivated: Option<u64>, on_keyless: OnKeyless) -> Self {
        let deactivated = deactivated.unwrap_or(0);
        match counts {
            Counts { total: 0, .. } => Self::Empty,
            Counts { duplicates, keyless: 1.., .. }
                if duplicates == deactivated && on_keyless != OnKeyless::Ignore =>
            {
                Self::Keyless
            }
            Counts { duplicates: 0, .. } => Self::Clean,
            Counts { duplicates, .. } if deactivated == duplicates => Self::Cleaned,
            Counts { shared_ids: 1.., .. } => Self::SharedIds,
            Counts { buffered: 0, .. } => Self::Dirty,
            Counts { buffered, duplicates, .. } if buffered == duplicates => Self::Buffered,
            _ => Self::Partial,
        }
    }

    /// The status of several dates together: the worst of any; `None` if there are none.
    pub fn worst(statuses: impl IntoIterator<Item = Self>) -> Option<Self> {
        const WORST: [Status; 8] = [
            Status::Dirty,
            Status::SharedIds,
            Status::Partial,
            Status::Buffered,
            Status::Keyless,
            Status::Cleaned,
            Status::Clean,
            Status::Empty,
        ];
        let found: Vec<Self> = statuses.into_iter().collect();
        WORST.into_iter().find(|status| found.contains(status))
    }

    /// The status as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Empty => "empty",
            Self::Keyless => "keyless",
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
    /// The counts before anything was deactivated.
    pub counts: Counts,
    /// Rows that this run deactivated; `None` for a read-only command.
    pub deactivated: Option<u64>,
    /// Whether the date failed; the report's problems give the reasons.
    pub failed: bool,
    /// The rule's reaction to keys without an active row.
    pub on_keyless: OnKeyless,
}

impl DayReport {
    /// The status of the date.
    pub fn status(&self) -> Status {
        match Status::of(self.counts, self.deactivated, self.on_keyless) {
            // A date that could not be verified is not reported as clean.
            Status::Clean | Status::Cleaned | Status::Empty | Status::Keyless if self.failed => {
                Status::Dirty
            }
            status => status,
        }
    }
}

/// Rows without a date: their partition column is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undated {
    /// Their counts, as if NULL were a date.
    pub counts: Counts,
    /// Whether they are in the streaming buffer of an ingestion-time partitioned table and get their date
    /// when they leave it; otherwise they never get one.
    pub awaits_date: bool,
}

impl Undated {
    /// The rows without a date, if there are any.
    pub(super) fn of(rule: &Rule, counts: Counts) -> Option<Self> {
        let awaits_date = rule.partition.is_by_arrival();
        (counts.total > 0).then_some(Self { counts, awaits_date })
    }

    /// Their status.
    pub fn status(&self) -> Status {
        match self.awaits_date {
            true => Status::Buffered,
            false => Status::of(self.counts, None, OnKeyless::Ignore),
        }
    }
}

/// The result of one statement of a custom step.
#[derive(Debug)]
pub struct StepReport {
    /// The statement's step and dates.
    pub title: String,
    /// Its result.
    pub answer: Answer,
    /// Keys of which it removed the last active row; `None` if that is not allowed.
    pub keys_lost: Option<u64>,
}

impl StepReport {
    pub(super) fn new(title: String, answer: Answer) -> Self {
        Self { title, answer, keys_lost: None }
    }
}

/// The result of a command for one rule.
#[derive(Debug)]
pub struct Report {
    /// The rule.
    pub rule: RuleName,
    /// The run; `None` if there was none.
    pub run: Option<String>,
    /// The dates of the window, in order.
    pub days: Vec<DayReport>,
    /// The rows without a date, if there are any and the window does not include them.
    pub undated: Option<Undated>,
    /// The runs that removed rows of keys without an active row now, with the number of such keys.
    pub keyless_runs: Vec<(RunId, u64)>,
    /// The result of merging staging tables; `None` if there was nothing to merge.
    pub consolidated: Option<Consolidated>,
    /// The results of custom steps, in order.
    pub steps: Vec<StepReport>,
    /// Custom statements that the streaming buffer refused; they changed nothing.
    pub buffered: Vec<String>,
    /// Failures that did not stop the rest, and those that the counts of a finished run show.
    pub problems: Vec<Error>,
}

impl Report {
    /// The report of a rule without dates to process.
    pub fn nothing(rule: &Rule) -> Self {
        Self {
            rule: rule.name.clone(),
            run: None,
            days: Vec::new(),
            undated: None,
            keyless_runs: Vec::new(),
            consolidated: None,
            steps: Vec::new(),
            buffered: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The counts of these of its dates alone.
    pub(crate) fn counts_of(&self, window: &Window) -> Self {
        let days = self.days.iter().filter(|day| window.contains(day.day)).cloned();
        Self {
            rule: self.rule.clone(),
            run: None,
            days: days.collect(),
            undated: None,
            keyless_runs: Vec::new(),
            consolidated: None,
            steps: Vec::new(),
            buffered: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The report on these of its dates, as a read-only command on them would give it. `None`: that cannot be told
    /// from the report on all of them.
    pub(crate) fn within(&self, window: &Window) -> Option<Self> {
        let Self { run: None, consolidated: None, .. } = self else { return None };
        let part = Self { undated: self.undated, ..self.counts_of(window) };
        // The keys of a run are not counted by date.
        let unknown = part.has(Status::Keyless) && !self.keyless_runs.is_empty();
        let is_whole = part.days.len() == window.days().len() && self.problems.is_empty();
        (is_whole && !unknown).then_some(part)
    }

    /// The counts of all dates.
    pub fn totals(&self) -> Counts {
        let mut totals = Counts::default();
        for day in &self.days {
            totals += day.counts;
        }
        totals
    }

    /// The rows deactivated on all dates; `None` for a read-only command.
    pub fn deactivated(&self) -> Option<u64> {
        self.days.iter().map(|day| day.deactivated).sum()
    }

    /// Whether duplicates were found, with or without a date.
    pub fn has_duplicates(&self) -> bool {
        let undated = self.undated.is_some_and(|undated| undated.counts.duplicates > 0);
        self.totals().duplicates > 0 || undated
    }

    /// The dates with this status, in order.
    pub fn days_of(&self, status: Status) -> impl Iterator<Item = &DayReport> {
        self.days.iter().filter(move |day| day.status() == status)
    }

    /// Whether a date has this status.
    pub fn has(&self, status: Status) -> bool {
        self.days.iter().any(|day| day.status() == status)
    }

    /// Whether staged rows wait for the streaming buffer.
    pub fn merge_waits(&self) -> bool {
        self.consolidated.as_ref().is_some_and(Consolidated::waits)
    }

    /// Whether keys without an active row are a failure.
    pub(super) fn fails_for_keyless(&self) -> bool {
        self.days_of(Status::Keyless).any(|day| day.on_keyless == OnKeyless::Fail)
    }

    /// The ending of the run. A failure takes precedence over waiting rows.
    pub fn ending(&self) -> Ending {
        if !self.problems.is_empty()
            || self.has(Status::SharedIds)
            || self.has(Status::Dirty)
            || self.fails_for_keyless()
        {
            Ending::Failed
        } else if self.totals().buffered > 0 || !self.buffered.is_empty() || self.merge_waits() {
            Ending::Buffered
        } else {
            Ending::Clean
        }
    }
}

/// The ending of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// No duplicates are left on any date.
    Clean,
    /// Buffered rows remain: run again later.
    Buffered,
    /// There was a failure, or duplicates are left that are not in the streaming buffer.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    #[test]
    fn some_dates_of_a_report_are_a_report_unless_runs_are_named_for_their_keys() {
        let text = "[rule.orders]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                    row_id = \"id\"\nactive = \"a\"\n";
        let rule = &RuleFile::parse("onerow.toml", text).unwrap().rules[0];
        let day = |date: &str, keyless| DayReport {
            day: Day::parse(date).unwrap(),
            counts: Counts { total: 3, keyless, ..Counts::default() },
            deactivated: None,
            failed: false,
            on_keyless: OnKeyless::Warn,
        };
        let days = vec![day("2026-01-01", 0), day("2026-01-02", 2), day("2026-01-03", 0)];
        let undated = Undated::of(rule, Counts { total: 1, ..Counts::default() });
        let report = Report { days, undated, ..Report::nothing(rule) };
        let window = |from: &str, to: &str| {
            Window::range(Day::parse(from).unwrap(), Day::parse(to).unwrap()).unwrap()
        };
        let (clean, keyless) =
            (window("2026-01-03", "2026-01-03"), window("2026-01-02", "2026-01-03"));
        let part = report.within(&keyless).unwrap();
        assert_eq!(part.days.iter().map(|day| day.day).collect::<Vec<_>>(), keyless.days());
        assert_eq!(part.undated, report.undated);
        assert!(report.within(&window("2026-01-03", "2026-01-04")).is_none(), "a date is missing");
        let run = RunId::new("2026-01-05T00:00:00Z".parse().unwrap());
        let named = Report { keyless_runs: vec![(run, 2)], ..report };
        assert!(named.within(&keyless).is_none());
        assert!(named.within(&clean).is_some_and(|part| part.keyless_runs.is_empty()));
        let applied = Report { run: Some("of apply".to_owned()), ..named };
        assert!(applied.within(&clean).is_none());
    }

    #[test]
    fn the_status_follows_from_the_figures() {
        let counts = |duplicates, buffered, shared_ids| Counts {
            total: 12,
            active: 10,
            keys: 10 - duplicates,
            duplicates,
            buffered,
            shared_ids,
            settled: 10 - buffered,
            ..Counts::default()
        };
        let keyless = |duplicates| Counts { keyless: 2, ..counts(duplicates, 0, 0) };
        let cases = [
            (Counts::default(), None, Status::Empty),
            (Counts::default(), Some(0), Status::Empty),
            (Counts { total: 3, ..Counts::default() }, None, Status::Clean),
            (keyless(0), None, Status::Keyless),
            (keyless(0), Some(0), Status::Keyless),
            (keyless(3), Some(3), Status::Keyless),
            (keyless(3), None, Status::Dirty),
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
            let status = Status::of(counts, deactivated, OnKeyless::Warn);
            assert_eq!(status, expected, "{counts:?} {deactivated:?}");
        }
        assert_eq!(Status::of(keyless(0), None, OnKeyless::Ignore), Status::Clean);
        assert_eq!(Status::of(keyless(3), Some(3), OnKeyless::Ignore), Status::Cleaned);
    }
}
