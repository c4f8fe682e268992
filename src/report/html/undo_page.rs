//! What an undo of a run would bring back, and whether the viewer may start it.

use jiff::Timestamp;
use minijinja::{Value, context};

use super::Viewer;
use super::links::{date_address, run_address};
use super::template::{Frame, render};
use super::text::time;
use crate::error::Result;
use crate::report::grid::count;
use crate::report::undo::{changed_columns, word};
use crate::rule::Rule;
use crate::run::{RunId, Undone, UndoneOutcome};

/// The page of an undo that is not begun yet.
#[derive(Debug)]
pub struct UndoPage<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The run to undo.
    pub run: &'a RunId,
    /// What an undo would do.
    pub plan: &'a Undone,
    /// The fingerprint of the plan, which the form carries.
    pub fingerprint: &'a str,
    /// Whether another plan was confirmed, and this one is shown instead of running.
    pub has_changed: bool,
    /// The reason why it cannot be undone here, whatever the viewer's rights.
    pub refusal: Option<&'a str>,
    /// The current time.
    pub now: Timestamp,
    /// The viewer.
    pub viewer: Viewer,
}

/// The dates and the number of rows that an undo would bring back.
fn planned(plan: &Undone) -> (u64, u64) {
    let rows = plan.days.iter().filter_map(|day| match day.outcome {
        UndoneOutcome::Planned { rows } => Some(rows),
        _ => None,
    });
    rows.fold((0, 0), |(dates, sum), rows| (dates + 1, sum + rows))
}

/// What an undo would bring back, as a page of the service, with the button if the viewer may use it.
pub fn undo_page(page: &UndoPage<'_>) -> Result<String> {
    let (rule, plan) = (page.rule, page.plan);
    let title = format!("Undo of run {}", page.run);
    let frame = Frame { viewer: &page.viewer, ..Frame::of(&title) };
    let (dates, rows) = planned(plan);
    let days = plan.days.iter().map(|day| {
        let rows = match day.outcome {
            UndoneOutcome::Planned { rows } => Some(rows),
            _ => None,
        };
        context! {
            date => day.day.to_string(),
            href => format!("{}?run={}", date_address(&rule.name, day.day), page.run),
            rows,
            word => word(&day.outcome),
        }
    });
    let problems: Vec<String> =
        plan.problems.iter().map(|problem| problem.headline().to_owned()).collect();
    let hindrance = hindrance(page, rows);
    let context = context! {
        run => page.run.as_str(),
        href => run_address(page.run),
        rule => rule.name.as_str(),
        table => rule.table.dotted(),
        fingerprint => page.fingerprint,
        has_changed => page.has_changed,
        sentence => sentence(dates, rows),
        columns => changed_columns(plan),
        problems,
        days => days.collect::<Vec<Value>>(),
        rows,
        confirmation => format!("Yes, bring back {} of {}", count(rows, "row"), rule.table.dotted()),
        offered => hindrance.is_none(),
        hindrance,
        now => time(page.now, &rule.time_zone),
    };
    render("undo.html", &frame, context)
}

fn sentence(dates: u64, rows: u64) -> String {
    match rows {
        0 => "An undo would bring back no row.".to_owned(),
        _ => format!(
            "An undo would bring back {} on {}. Rows that have changed since, or no longer exist, would be left alone.",
            count(rows, "row"),
            count(dates, "date")
        ),
    }
}

/// The reason why there is no button; `None` if there is one.
fn hindrance(page: &UndoPage<'_>, rows: u64) -> Option<String> {
    if rows == 0 {
        let is_hindered = !page.plan.problems.is_empty();
        return Some(match is_hindered {
            true => "It cannot be undone from here; the reason is above.".to_owned(),
            false => "There is nothing to undo.".to_owned(),
        });
    }
    if let Some(refusal) = page.refusal {
        return Some(refusal.to_owned());
    }
    match &page.viewer {
        Viewer::Caller { may_apply: true, .. } => None,
        Viewer::Caller { .. } => {
            Some("This key is read-only, so it cannot be undone from here.".to_owned())
        }
        Viewer::Nobody => Some("Sign in to undo it from here.".to_owned()),
    }
}
