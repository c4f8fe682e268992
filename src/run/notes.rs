//! What the counts of a report mean for its reader, in sentences: notes, and what a run fails for.

use super::{DayReport, Report, Status, Undated};
use crate::error::{Error, Kind};
use crate::window::{Day, Window};

/// The most date ranges listed individually.
const RANGES: usize = 5;

/// A note that needs attention, with its fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The observation.
    pub text: String,
    /// The fix.
    pub remedy: String,
}

impl Report {
    /// Notes on the counts: dates that are skipped, dates without rows, keys without an active row, rows
    /// without a flag or without a date.
    pub fn notes(&self) -> Vec<Note> {
        let notes = [
            self.shared_ids().filter(|_| !self.has_failed_for(Kind::SharedIds)),
            self.empty(),
            self.keyless().filter(|_| !self.has_failed_for(Kind::Keyless)),
            self.unflagged(),
            self.undated.map(undated),
        ];
        notes.into_iter().flatten().collect()
    }

    /// The report of a finished run, which fails for what the counts show although each statement succeeded.
    #[must_use]
    pub(super) fn failing_for_counts(mut self) -> Self {
        // A failure of a statement, or an interrupt, says already why dates were left.
        let is_explained = !self.problems.is_empty();
        let failed = |kind: Kind, note: Note| Error::new(kind, note.text).help(note.remedy);
        self.problems.extend(self.shared_ids().map(|note| failed(Kind::SharedIds, note)));
        let keyless = self.keyless().filter(|_| self.fails_for_keyless());
        self.problems.extend(keyless.map(|note| failed(Kind::Keyless, note)));
        let dirty: Vec<Day> = self.days_of(Status::Dirty).map(|day| day.day).collect();
        if !is_explained && !dirty.is_empty() {
            let message = format!("duplicates are still active on {}", dates(dirty));
            let error = Error::new(Kind::DuplicatesLeft, message);
            self.problems.push(error.help("run `onerow apply` for these dates"));
        }
        self
    }

    fn has_failed_for(&self, kind: Kind) -> bool {
        self.problems.iter().any(|problem| problem.kind() == kind)
    }

    fn shared_ids(&self) -> Option<Note> {
        let days: Vec<&DayReport> = self.days_of(Status::SharedIds).collect();
        if days.is_empty() {
            return None;
        }
        let rows = match days.iter().map(|day| day.counts.shared_ids).sum() {
            1 => "1 active row has".to_owned(),
            rows => format!("{rows} active rows have"),
        };
        Some(Note {
            text: format!(
                "{rows} a NULL or duplicate row id on {}: a statement by row id could remove a row that must be \
                 kept, so no duplicate is removed there",
                dates(days.iter().map(|day| day.day).collect())
            ),
            remedy: "make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or \
                     set `strategy = \"rewrite\"`, which can tell such rows apart"
                .to_owned(),
        })
    }

    fn empty(&self) -> Option<Note> {
        let days: Vec<Day> = self.days_of(Status::Empty).map(|day| day.day).collect();
        (!days.is_empty()).then(|| Note {
            text: format!("no rows at all on {}", dates(days)),
            remedy: "if rows were expected there, look at what loads the table".to_owned(),
        })
    }

    fn keyless(&self) -> Option<Note> {
        let days: Vec<&DayReport> = self.days_of(Status::Keyless).collect();
        let keyless: u64 = days.iter().map(|day| day.counts.keyless).sum();
        let all: u64 = days.iter().map(|day| day.counts.keys + day.counts.keyless).sum();
        if days.is_empty() {
            return None;
        }
        let have = if keyless == 1 { "has" } else { "have" };
        let mut text = format!(
            "{keyless} of {all} keys {have} rows and no active one on {}",
            dates(days.iter().map(|day| day.day).collect())
        );
        for (run, keys) in &self.keyless_runs {
            text.push_str(&format!("; run {run} removed rows of {keys} of them"));
        }
        let remedy = match self.keyless_runs.last() {
            Some((run, _)) => format!("`onerow undo {run} --dry-run` shows what it would restore"),
            None => {
                "if keys are meant to end, set `on_keyless = \"ignore\"` in the rule".to_owned()
            }
        };
        Some(Note { text, remedy })
    }

    fn unflagged(&self) -> Option<Note> {
        let days = self.days.iter().filter(|day| day.counts.unflagged > 0);
        let on: Vec<Day> = days.map(|day| day.day).collect();
        let text = match self.totals().unflagged {
            0 => return None,
            1 => "`active` is NULL for 1 row, which counts as not active".to_owned(),
            rows => format!("`active` is NULL for {rows} rows, which count as not active"),
        };
        let text = format!("{text}, on {}", dates(on));
        Some(Note { text, remedy: "give a value to the column that is NULL there".to_owned() })
    }
}

fn undated(Undated { counts, awaits_date }: Undated) -> Note {
    let rows = match counts.total {
        1 => "1 row has".to_owned(),
        rows => format!("{rows} rows have"),
    };
    if awaits_date {
        return Note {
            text: format!(
                "{rows} no date yet: the table is partitioned by the time of arrival, and what is in the \
                 streaming buffer is in no partition"
            ),
            remedy: "no date counts them until they have left it (within 90 minutes)".to_owned(),
        };
    }
    let duplicates = match counts.duplicates {
        0 => "no duplicates".to_owned(),
        1 => "1 duplicate".to_owned(),
        duplicates => format!("{duplicates} duplicates"),
    };
    Note {
        text: format!(
            "{rows} no date, since the partition column is NULL: {duplicates} among them"
        ),
        remedy: match counts.duplicates {
            0 => "if they should have a date, look at what loads the table",
            _ => "`--date NULL` looks at them, and `onerow apply --date NULL` cleans them",
        }
        .to_owned(),
    }
}

/// Dates for people: of many, the first ones and the number of the others.
fn dates(days: Vec<Day>) -> String {
    let Ok(window) = Window::of_days(days) else { return "no date".to_owned() };
    let runs = window.runs();
    let shown = runs.iter().take(RANGES).map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match runs.len().saturating_sub(RANGES) {
        0 => shown,
        more => format!("{shown}, and {more} more ranges of dates"),
    }
}
