//! The status of a rule: as a sentence, a chart, and counts per date.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use super::chart::{DateBar, chart};
use super::links::{Links, rule_anchor};
use super::past::{Shown, line};
use super::text::zone;
use super::{RuleOverview, Rules};
use crate::report::grid::count;
use crate::report::grid::grouped;
use crate::run::{Counts, DayReport, PastRun, Report, Status};
use crate::window::Day;

/// One rule in full.
pub(super) fn rule(
    page: &Rules<'_>,
    links: Links<'_>,
    index: usize,
    of: &RuleOverview<'_>,
) -> Value {
    let (rule, window) = (of.rule, of.window);
    let shown = Shown { zone: &rule.time_zone, tariff: page.tariff, links };
    let runs = of.runs.iter().take(page.most_runs).map(|run| line(run, shown));
    let (from, to) = (window.first(), window.last());
    context! {
        anchor => rule_anchor(rule),
        name => rule.name.as_str(),
        table => rule.table.dotted(),
        zone => zone(&rule.time_zone),
        dates => shown_dates(of),
        done => rule.strategy.done(),
        problem => of.status.as_ref().err().map(String::as_str),
        status => of.status.as_ref().ok().map(|report| status(links, index, of, report)),
        plan => links.are_pages().then(|| format!("/plan?rule={}&from={from}&to={to}", rule.name)),
        command => format!("onerow plan {} --from {from} --to {to}", rule.name),
        runs => runs.collect::<Vec<_>>(),
        known => of.runs.len() as u64,
        billed => page.tariff.is_some(),
    }
}

/// The dates in words.
fn shown_dates(of: &RuleOverview<'_>) -> String {
    match of.status {
        Ok(report) if report.days.is_empty() => "no date".to_owned(),
        _ => of.window.to_string(),
    }
}

fn status(links: Links<'_>, index: usize, of: &RuleOverview<'_>, report: &Report) -> Value {
    let cleaned = cleaned(&of.runs);
    let gone = |day: &DayReport| cleaned.get(&day.day).copied().unwrap_or(0);
    let bars: Vec<DateBar> = report.days.iter().map(|day| DateBar::of(day, gone(day))).collect();
    let href = |day: Day| links.date(&of.rule.name, day);
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    context! {
        notes => notes(report),
        sentence => sentence(report),
        word => word(report).as_str(),
        problems,
        chart => chart(&format!("chart-{index}"), of.rule.name.as_str(), &bars, href),
        days => days(report, |day| Some(gone(day)), href),
        totals => figures(report.totals(), Some(bars.iter().map(|bar| bar.cleaned).sum())),
    }
}

/// Notes on the counts, one sentence each.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let sentence = |text: String| {
        let mut letters = text.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect()
    };
    let notes = report.notes().into_iter();
    notes.map(|note| sentence(format!("{}: {}.", note.text, note.remedy))).collect()
}

/// The lines of counts per date, with the rows removed from each and the address of its page, if it has one; rows
/// without a date come last.
pub(super) fn days(
    report: &Report,
    gone: impl Fn(&DayReport) -> Option<u64>,
    href: impl Fn(Day) -> Option<String>,
) -> Vec<Value> {
    let line = |date: String, href: Option<String>, status: Status, figures: Value| {
        context! { date, href, status => status.as_str(), figures }
    };
    let dated = report.days.iter().map(|day| {
        line(day.day.to_string(), href(day.day), day.status(), figures(day.counts, gone(day)))
    });
    let undated = report.undated.map(|undated| {
        let figures = figures(undated.counts, None);
        line(Day::UNDATED.to_string(), href(Day::UNDATED), undated.status(), figures)
    });
    dated.chain(undated).collect()
}

/// The counts of a date, or of all dates.
pub(super) fn figures(counts: Counts, deactivated: Option<u64>) -> Value {
    context! {
        active => counts.active,
        keys => counts.keys,
        duplicates => counts.duplicates,
        buffered => counts.buffered,
        shared_ids => counts.shared_ids,
        deactivated,
    }
}

/// The rows that these runs removed from each date and that no later undo restored. Runs are sorted newest
/// first.
pub(super) fn cleaned(runs: &[&PastRun]) -> BTreeMap<Day, u64> {
    let mut days: BTreeMap<Day, u64> = BTreeMap::new();
    for (day, of_run) in runs.iter().rev().flat_map(|run| &run.days) {
        let gone = days.entry(*day).or_default();
        *gone = gone.saturating_add(of_run.deactivated).saturating_sub(of_run.restored_rows);
    }
    days
}

/// The status of the dates, in a sentence or two.
pub(super) fn sentence(report: &Report) -> String {
    let totals = report.totals();
    let dates = match report.days.as_slice() {
        [only] => format!("on {}", only.day),
        _ => "on every date".to_owned(),
    };
    if report.days.is_empty() {
        return "No dates to check: none was written since it was last found clean.".to_owned();
    }
    let mut text = match (totals.active, totals.duplicates) {
        _ if totals.total == 0 => format!("No rows {}.", dates.replace("every", "any")),
        (0, _) => format!("No active rows {}.", dates.replace("every", "any")),
        (_, 0) if report.has(Status::Keyless) => {
            format!("No key has two active rows {dates}.").replace("every", "any")
        }
        (_, 0) => match report.days_of(Status::Empty).count() as u64 {
            0 => format!("Every key has one active row {dates}."),
            empty => format!(
                "Every key has one active row {dates} that has rows; {} of {} {} none.",
                grouped(empty),
                count(report.days.len() as u64, "date"),
                if empty == 1 { "has" } else { "have" }
            ),
        },
        _ => duplicates(report),
    };
    let left_alone =
        report.days.iter().filter(|day| day.status() == Status::SharedIds).count() as u64;
    match (totals.shared_ids, left_alone) {
        (0, _) => {}
        (shared_ids, 0) => {
            text.push_str(&format!(" {} in the table.", count(shared_ids, "shared id")))
        }
        (_, dates) => text.push_str(&format!(
            " {} left alone because of shared ids.",
            count(dates, "date") + if dates == 1 { " is" } else { " are" }
        )),
    }
    text
}

fn duplicates(report: &Report) -> String {
    let totals = report.totals();
    let on = report.days.iter().filter(|day| day.counts.duplicates > 0).count() as u64;
    let duplicates = count(totals.duplicates, "duplicate");
    let buffered = match totals.buffered {
        0 => String::new(),
        all if all == totals.duplicates => "; all wait in the streaming buffer".to_owned(),
        1 => "; 1 of them waits in the streaming buffer".to_owned(),
        some => format!("; {} of them wait in the streaming buffer", grouped(some)),
    };
    match report.days.as_slice() {
        [only] => format!("{duplicates} on {}{buffered}.", only.day),
        days if days.len() as u64 == on => {
            format!("{duplicates} on {}{buffered}.", count(on, "date"))
        }
        days => format!("{duplicates} on {on} of {}{buffered}.", count(days.len() as u64, "date")),
    }
}

/// The combined status of all dates: the worst of any.
pub(super) fn word(report: &Report) -> Status {
    match Status::worst(report.days.iter().map(DayReport::status)) {
        None => Status::Empty,
        // What a run cleaned is clean now.
        Some(Status::Cleaned) => Status::Clean,
        Some(status) => status,
    }
}
