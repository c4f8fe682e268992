//! What the runs of the last days found, removed and cost, by day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::{Value, context};

use super::Viewer;
use super::spark::spark;
use super::template::{Frame, render};
use super::text::{bytes, cost, time};
use crate::error::Result;
use crate::report::Tariff;
use crate::rule::RuleName;
use crate::run::{DayFigures, Known};

/// The number of rules in the second table.
const MOST_RULES: usize = 20;

/// The page of the last days.
#[derive(Debug)]
pub struct HistoryPage<'a> {
    /// The rule; `None` for all together.
    pub rule: Option<&'a RuleName>,
    /// The figures of each UTC day, the oldest first, also of those without runs.
    pub days: Vec<(Date, DayFigures)>,
    /// The figures of each rule over all days.
    pub rules: Vec<(&'a RuleName, DayFigures)>,
    /// When the ledger was read.
    pub read: Timestamp,
    /// The price of reading; `None` if it is free.
    pub tariff: Option<Tariff>,
    /// The viewer.
    pub viewer: Viewer,
}

/// The last days, as a page of the service.
pub fn history_page(page: &HistoryPage<'_>) -> Result<String> {
    let title = match page.rule {
        Some(rule) => format!("History of {rule}"),
        None => "History of all rules".to_owned(),
    };
    let frame = Frame { viewer: &page.viewer, ..Frame::of(&title) };
    let mut total = DayFigures::default();
    page.days.iter().for_each(|(_, figures)| total += *figures);
    let found: Vec<(Date, u64)> = page.days.iter().map(|(day, of)| (*day, of.found)).collect();
    let days =
        page.days.iter().rev().map(|(day, of)| line(day.to_string(), None, *of, page.tariff));
    let mut rules = page.rules.clone();
    let worth = |of: &DayFigures| std::cmp::Reverse((of.bytes_billed, of.found, of.runs));
    rules.sort_by(|a, b| worth(&a.1).cmp(&worth(&b.1)).then_with(|| a.0.cmp(b.0)));
    let count = rules.len();
    let rules = rules.into_iter().take(MOST_RULES).map(|(rule, of)| {
        line(rule.to_string(), Some(format!("/history?rule={rule}")), of, page.tariff)
    });
    let context = context! {
        rule => page.rule.map(ToString::to_string),
        days => days.collect::<Vec<_>>(),
        total => line("total".to_owned(), None, total, page.tariff),
        rules => rules.collect::<Vec<_>>(),
        count => count as u64,
        chart => spark(&found),
        is_billed => page.tariff.is_some(),
        read => time(page.read, &TimeZone::UTC),
    };
    render("history.html", &frame, context)
}

/// The lines of days in a file, the newest first, and their total; days without figures are left out.
pub(super) fn of_file<'a>(
    known: impl Iterator<Item = &'a Known>,
    tariff: Option<Tariff>,
) -> (Vec<Value>, Value) {
    let mut days: BTreeMap<Date, DayFigures> = BTreeMap::new();
    for (day, figures) in known.flat_map(|known| &known.by_day) {
        *days.entry(*day).or_default() += *figures;
    }
    let mut total = DayFigures::default();
    days.values().for_each(|figures| total += *figures);
    let lines = days.iter().rev().map(|(day, of)| line(day.to_string(), None, *of, tariff));
    (lines.collect(), line("total".to_owned(), None, total, tariff))
}

fn line(name: String, href: Option<String>, of: DayFigures, tariff: Option<Tariff>) -> Value {
    context! {
        name,
        href,
        runs => of.runs,
        failed => of.failed,
        found => of.found,
        removed => of.removed,
        restored => of.restored,
        buffered => hours(of.buffered_seconds),
        billed => of.bytes_billed.map(bytes),
        cost => cost(of.bytes_billed, tariff),
    }
}

/// Hours with one decimal; `None` for no time at all. Less than that is shown as such.
fn hours(seconds: u64) -> Option<String> {
    match seconds {
        0 => None,
        1..180 => Some("under 0.1".to_owned()),
        seconds => Some(format!("{:.1}", seconds as f64 / 3600.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_wait_is_not_nothing() {
        let shown = [0, 1, 179, 180, 3600, 90_000].map(hours);
        let shown = shown.each_ref().map(|hours| hours.as_deref().unwrap_or("none"));
        assert_eq!(shown, ["none", "under 0.1", "under 0.1", "0.1", "1.0", "25.0"]);
    }
}
