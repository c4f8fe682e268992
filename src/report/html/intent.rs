//! The dry run: what `apply` would do now, and whether the viewer may start it.

use minijinja::{Value, context};

use super::{PlanPage, Viewer};
use crate::report::grid::count;
use crate::rule::{Rule, Strategy};
use crate::run::{Report, Status};

/// What `apply` would do.
pub(super) struct Intent {
    /// Duplicates to remove.
    rows: u64,
    /// The number of their dates.
    dates: u64,
    /// Duplicates that cannot be removed yet.
    waiting: u64,
    /// Dates that would be skipped because of shared ids.
    shared_ids: u64,
    /// Whether staging tables would be merged first; their rows are not counted here.
    merges: bool,
}

impl Intent {
    /// The intent, given these counts.
    pub fn of(rule: &Rule, report: &Report) -> Self {
        let called = || report.days.iter().filter(|day| day.counts.calls_for(rule.strategy));
        let rows: u64 = called().map(|day| day.counts.settled_duplicates()).sum();
        let shared_ids = report.days.iter().filter(|day| day.status() == Status::SharedIds);
        Self {
            rows,
            dates: called().count() as u64,
            waiting: waiting(rule.strategy, report),
            shared_ids: shared_ids.count() as u64,
            merges: rule.consolidates(),
        }
    }

    fn is_something(&self) -> bool {
        self.rows > 0 || self.merges
    }

    /// What it would do, one sentence each.
    fn sentences(&self, rule: &Rule) -> Vec<String> {
        let verb = verb(rule.strategy);
        let mut sentences = Vec::new();
        if self.merges {
            sentences.push(
                "apply would first merge the staging tables. What they hold is not counted here."
                    .to_owned(),
            );
        }
        sentences.push(match self.rows {
            0 => "apply would change no row of these dates.".to_owned(),
            rows => format!(
                "apply would {verb} {} on {}, each date in one atomic statement, and then verify that every key still has exactly one active row.",
                count(rows, "row"),
                count(self.dates, "date")
            ),
        });
        if self.waiting > 0 {
            sentences.push(format!(
                "{} could not be touched yet, because of the streaming buffer: run again later.",
                count(self.waiting, "duplicate")
            ));
        }
        if self.shared_ids > 0 {
            sentences.push(format!(
                "{} would be left alone, because rows share a row id or have none.",
                count(self.shared_ids, "date")
            ));
        }
        sentences
    }

    /// Why this plan is shown and the one that was confirmed has not run.
    fn changed(&self, rule: &Rule, confirmed: u64) -> String {
        let verb = verb(rule.strategy);
        match self.rows == confirmed {
            true => format!(
                "The dry run has changed since it was confirmed, although apply would still {verb} {}. This is the dry run as of now.",
                count(confirmed, "row")
            ),
            false => format!(
                "The dry run has changed since it was confirmed: apply would have {} {}, and would {verb} {} now. This is the dry run as of now.",
                if rule.strategy.is_destructive() { "deleted" } else { "deactivated" },
                count(confirmed, "row"),
                count(self.rows, "row")
            ),
        }
    }

    /// The text that the viewer confirms.
    fn confirmation(&self, rule: &Rule) -> String {
        let (verb, rows, table) =
            (verb(rule.strategy), count(self.rows, "row"), rule.table.dotted());
        match self.merges {
            true => format!("Yes, merge the staging tables and {verb} {rows} of {table}"),
            false => format!("Yes, {verb} {rows} of {table}"),
        }
    }
}

/// A rewrite waits until no duplicate of its date is buffered.
fn waiting(strategy: Strategy, report: &Report) -> u64 {
    let days = report.days.iter().map(|day| day.counts).filter(|counts| counts.shared_ids == 0);
    let waits = days.map(|counts| match strategy {
        Strategy::Rewrite if counts.buffered > 0 => counts.duplicates,
        _ => counts.buffered,
    });
    waits.sum()
}

fn verb(strategy: Strategy) -> &'static str {
    if strategy.is_destructive() { "delete" } else { "deactivate" }
}

/// The section of the page, with the button if allowed.
pub(super) fn intent(page: &PlanPage<'_>) -> Value {
    let intent = Intent::of(page.rule, page.report);
    let hindrance = hindrance(page, &intent);
    context! {
        sentences => intent.sentences(page.rule),
        confirmation => intent.confirmation(page.rule),
        rows => intent.rows,
        changed => page.confirmed.map(|rows| intent.changed(page.rule, rows)),
        button => if page.rule.strategy.is_destructive() { "Apply and delete" } else { "Apply" },
        offered => hindrance.is_none(),
        hindrance,
    }
}

/// The reason why there is no button; `None` if there is one.
fn hindrance(page: &PlanPage<'_>, intent: &Intent) -> Option<String> {
    if !intent.is_something() {
        return Some("There is nothing to apply.".to_owned());
    }
    if let Some(refusal) = page.refusal {
        return Some(refusal.to_owned());
    }
    match &page.viewer {
        Viewer::Caller { may_apply: true, .. } => None,
        Viewer::Caller { .. } => {
            Some("This key is read-only, so it cannot be applied from here.".to_owned())
        }
        Viewer::Nobody => Some("Sign in to apply it from here.".to_owned()),
    }
}
