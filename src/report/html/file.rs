//! All pages as parts of one file.

use jiff::tz::TimeZone;
use minijinja::{Value, context};

use super::date::{DateFacts, DateView, date};
use super::history::of_file as history_of;
use super::links::{Anchors, Links};
use super::overview::{self, RuleLine};
use super::past::{Shown, whole};
use super::status;
use super::template::{Frame, render};
use super::text::time;
use super::{RuleOverview, Rules};
use crate::error::Result;
use crate::ledger::Entry;
use crate::run::{Known, PastRun, history, known};

/// All pages as parts of one file.
#[derive(Debug)]
pub struct FilePage<'a> {
    /// The rules.
    pub rules: Rules<'a>,
    /// The dates with a part of their own, in the order in which they are shown under their rule.
    pub dates: Vec<DateFacts<'a>>,
    /// The entries of the last `days` days, sorted oldest first, as in a ledger.
    pub entries: &'a [Entry],
    /// The number of days of which runs are shown.
    pub days: u32,
}

/// All rules, each rule with its dates, the days, and every listed run with its statements, as one self-contained
/// document.
pub fn file(page: &FilePage<'_>) -> Result<String> {
    let of = &page.rules;
    let frame = Frame { policy: true, ..Frame::of("Status of the tables") };
    let anchors = anchors(page);
    let links = Links::Anchors(&anchors);
    let rules = of.rules.iter().enumerate().map(|(index, of_rule)| {
        context! {
            of => status::rule(of, links, index + 1, of_rule),
            date_sections => dates_of(page, of_rule, links),
        }
    });
    let known = known(&history(page.entries), of.now);
    let nothing = Known::default();
    let of_rule = |of: &RuleOverview<'_>| known.get(&of.rule.name).unwrap_or(&nothing);
    let lines = of.rules.iter().enumerate().map(|(index, one)| RuleLine {
        index,
        rule: one.rule,
        known: of_rule(one),
        latest: of_rule(one).latest_status(one.rule, one.status.as_ref().ok().copied()),
        counted: one.status.is_ok().then_some(of.now),
        problem: one.status.as_ref().err().cloned(),
        is_pending: false,
    });
    let (lines, columns) = overview::of_file(lines.collect(), of.now, page.days, of.tariff, links);
    let (history, total) = history_of(of.rules.iter().map(of_rule), of.tariff);
    let context = context! {
        whole => runs(page, links),
        rules => rules.collect::<Vec<_>>(),
        lines,
        columns,
        history,
        total,
        is_billed => of.tariff.is_some(),
        now => time(of.now, &TimeZone::UTC),
    };
    render("file.html", &frame, context)
}

/// The runs that are listed, each with its rule.
fn listed<'p>(page: &'p FilePage<'_>) -> impl Iterator<Item = (&'p RuleOverview<'p>, &'p PastRun)> {
    let most = page.rules.most_runs;
    let of_rule =
        move |of: &'p RuleOverview<'p>| of.runs.iter().take(most).map(move |run| (of, *run));
    page.rules.rules.iter().flat_map(of_rule)
}

fn anchors(page: &FilePage<'_>) -> Anchors {
    let dates = page.dates.iter().map(|of| (of.rule.name.clone(), of.day));
    Anchors { runs: listed(page).map(|(_, run)| run.id.clone()).collect(), dates: dates.collect() }
}

fn dates_of(page: &FilePage<'_>, of: &RuleOverview<'_>, links: Links<'_>) -> Vec<Value> {
    let shown = Shown { zone: &of.rule.time_zone, tariff: page.rules.tariff, links };
    let view = DateView { shown, sees_values: true, pages: [1, 1] };
    let own = page.dates.iter().filter(|facts| facts.rule.name == of.rule.name);
    own.map(|facts| date(facts, &view)).collect()
}

fn runs(page: &FilePage<'_>, links: Links<'_>) -> Vec<Value> {
    let listed = listed(page).map(|(of, run)| {
        let shown = Shown { zone: &of.rule.time_zone, tariff: page.rules.tariff, links };
        whole(run, page.entries, shown)
    });
    listed.collect()
}
