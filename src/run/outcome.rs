//! The end of a run as a value, for the log and for notifications.

use super::{Ending, Report, RunId, Status, Undone};
use crate::error::{Error, Kind};
use crate::rule::RuleName;
use crate::window::{Day, Window};

/// The end of a run, or the failure to begin it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutcome {
    /// The command: `apply`, `run`, `consolidate`, `view` or `undo`.
    pub command: &'static str,
    /// The rule.
    pub rule: RuleName,
    /// The dates; `None` if it ended before they were known.
    pub window: Option<Window>,
    /// The run's id; `None` if no run began.
    pub run: Option<String>,
    /// The outcome.
    pub ending: Ending,
    /// The counts; `None` if it ended before counting, or counts nothing.
    pub figures: Option<Figures>,
    /// Dates with duplicates that remain in the streaming buffer.
    pub buffered: Vec<Day>,
    /// Dates without rows.
    pub empty: Vec<Day>,
    /// Dates on which keys have rows but no active one.
    pub keyless: Vec<Day>,
    /// The failures.
    pub problems: Vec<Problem>,
}

/// The counts of all dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Duplicates found.
    pub found: u64,
    /// Duplicates deactivated.
    pub deactivated: u64,
    /// Duplicates that DML cannot touch yet.
    pub buffered: u64,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind of failure.
    pub kind: Kind,
    /// The message, on one line.
    pub headline: String,
    /// How to fix it, if known.
    pub remedy: Option<String>,
}

impl Problem {
    /// The problem for an error.
    pub fn of(error: &Error) -> Self {
        let doing = error.doing().map(|doing| format!(" (while {doing})")).unwrap_or_default();
        Self {
            kind: error.kind(),
            headline: format!("{}{doing}", error.headline()),
            remedy: error.remedy().map(str::to_owned),
        }
    }
}

impl RunOutcome {
    /// The end of a run that has a report.
    pub fn of(command: &'static str, window: Option<&Window>, report: &Report) -> Self {
        let totals = report.totals();
        let days = |status| report.days_of(status).map(|day| day.day).collect();
        Self {
            command,
            rule: report.rule.clone(),
            window: window.cloned(),
            run: report.run.clone(),
            ending: report.ending(),
            figures: (!report.days.is_empty()).then(|| Figures {
                found: totals.duplicates,
                deactivated: report.deactivated().unwrap_or(0),
                buffered: totals.buffered,
            }),
            buffered: report.days.iter().filter(|d| d.counts.buffered > 0).map(|d| d.day).collect(),
            empty: days(Status::Empty),
            keyless: days(Status::Keyless),
            problems: report.problems.iter().map(Problem::of).collect(),
        }
    }

    /// The end of a run that this error stopped or prevented.
    pub fn failed(
        command: &'static str,
        rule: &RuleName,
        window: Option<&Window>,
        run: Option<&RunId>,
        error: &Error,
    ) -> Self {
        Self {
            command,
            rule: rule.clone(),
            window: window.cloned(),
            run: run.map(RunId::to_string),
            ending: Ending::Failed,
            figures: None,
            buffered: Vec::new(),
            empty: Vec::new(),
            keyless: Vec::new(),
            problems: vec![Problem::of(error)],
        }
    }

    /// The end of an undo.
    pub fn of_undo(undone: &Undone) -> Self {
        let days = undone.days.iter().map(|day| day.day).collect();
        Self {
            command: "undo",
            rule: undone.rule.clone(),
            window: Window::of_days(days).ok(),
            run: undone.run.clone(),
            ending: match () {
                () if !undone.problems.is_empty() => Ending::Failed,
                () if undone.waits() => Ending::Buffered,
                () => Ending::Clean,
            },
            figures: None,
            buffered: Vec::new(),
            empty: Vec::new(),
            keyless: Vec::new(),
            problems: undone.problems.iter().map(Problem::of).collect(),
        }
    }

    /// The first failure, if it failed.
    pub fn failure(&self) -> Option<&Problem> {
        self.problems.first()
    }

    /// Whether no detected date has any row.
    pub fn found_nothing(&self) -> bool {
        let dates = self.window.as_ref().map_or(0, |window| window.days().len());
        !self.empty.is_empty() && self.empty.len() == dates
    }

    /// Whether the run needs no attention: nothing found, nothing waiting, no failure.
    pub fn is_quiet(&self) -> bool {
        self.ending == Ending::Clean && self.figures.is_none_or(|figures| figures.found == 0)
    }

    /// Whether there was a failure other than an interrupt: the user who interrupts a run knows.
    pub fn has_failed(&self) -> bool {
        let interrupted = |problem: &Problem| problem.kind == Kind::Interrupted;
        self.ending == Ending::Failed
            && (self.problems.is_empty() || !self.problems.iter().all(interrupted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::OnKeyless;
    use crate::run::{Counts, DayReport};

    fn day(
        text: &str,
        duplicates: u64,
        buffered: u64,
        shared_ids: u64,
        deactivated: u64,
    ) -> DayReport {
        let counts = Counts {
            active: 10 + duplicates,
            keys: 10,
            duplicates,
            buffered,
            shared_ids,
            settled: 10 + duplicates - buffered,
            total: 10 + duplicates,
            ..Counts::default()
        };
        let day = Day::parse(text).unwrap();
        DayReport {
            day,
            counts,
            deactivated: Some(deactivated),
            failed: false,
            on_keyless: OnKeyless::Warn,
        }
    }

    fn ended(days: Vec<DayReport>, problems: Vec<Error>) -> RunOutcome {
        let report = Report {
            rule: RuleName::parse("events").unwrap(),
            run: Some("r1".to_owned()),
            days,
            undated: None,
            keyless_runs: Vec::new(),
            consolidated: None,
            steps: Vec::new(),
            buffered: Vec::new(),
            problems,
        };
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        RunOutcome::of("apply", Some(&window), &report.failing_for_counts())
    }

    #[test]
    fn the_figures_are_those_of_all_dates_and_each_date_that_is_left_is_named() {
        let ended = ended(
            vec![
                day("2026-01-27", 3, 0, 0, 3),
                day("2026-01-28", 5, 2, 0, 3),
                day("2026-01-29", 4, 0, 2, 0),
                day("2026-01-30", 1, 0, 0, 0),
            ],
            Vec::new(),
        );
        let names = |days: &[Day]| days.iter().map(Day::to_string).collect::<Vec<_>>();
        assert_eq!(ended.figures, Some(Figures { found: 13, deactivated: 6, buffered: 2 }));
        assert_eq!(names(&ended.buffered), ["2026-01-28"]);
        let kinds: Vec<Kind> = ended.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [Kind::SharedIds, Kind::DuplicatesLeft]);
        assert_eq!(ended.problems[1].headline, "duplicates are still active on 2026-01-30");
        assert!(ended.has_failed());
    }

    #[test]
    fn a_run_that_somebody_stopped_has_not_failed_unless_something_else_went_wrong() {
        let stopped = || Error::new(Kind::Interrupted, "interrupted");
        let broken = Error::new(Kind::Refused, "no such table");
        let left = || vec![day("2026-01-28", 3, 0, 0, 0)];
        assert!(!ended(left(), vec![stopped()]).has_failed());
        assert!(ended(left(), vec![stopped(), broken]).has_failed());
        assert!(ended(left(), Vec::new()).has_failed());
        assert!(!ended(Vec::new(), Vec::new()).has_failed());
    }
}
