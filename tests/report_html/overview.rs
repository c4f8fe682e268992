//! The page of all rules, from fixed values.

use onerow::ledger::Entry;
use onerow::report::html::{Choice, Listed, Overview, RuleLine, Viewer, overview};
use onerow::rule::Rule;
use onerow::run::{Known, known};

use super::fixed::{self, TARIFF, at, caller, date, day, now, report, rule, rule_of};
use super::html::{assert_is_sound, plain, tags};
use crate::common::RULE;

/// A rule with these runs and 9 duplicates, three that are known by the ledger or not at all, and one that could
/// not be counted for this reason; the choice asks for this part of a name.
pub fn page(
    rule: &Rule,
    entries: &[Entry],
    problem: Option<&str>,
    name: &str,
    viewer: Viewer,
) -> String {
    let runs = fixed::runs(entries);
    let of_ledger = known(&runs, now());
    let (known, nothing) = (&of_ledger[&rule.name], Known::default());
    let counted = report(rule, vec![date(day("2026-01-29"), 9, 2, 0)]);
    let line = |known: &'_ Known, counted| {
        let latest = known.latest_status(rule, counted);
        (latest, known.clone())
    };
    let kept = [
        line(known, Some(&counted)),
        line(known, None),
        line(&nothing, None),
        line(&nothing, None),
    ];
    let lines = kept.iter().enumerate().map(|(i, (latest, known))| RuleLine {
        index: i,
        rule,
        known,
        latest: *latest,
        counted: (i == 0).then(|| at("11:59:30")),
        problem: problem.filter(|_| i == 3).map(str::to_owned),
        is_pending: i == 1,
    });
    let mut listed = Listed::of(lines.collect(), Choice { page: 1, ..Choice::default() });
    if !name.is_empty() {
        let shown = listed.shown().to_vec();
        listed = Listed::of(shown, Choice { name: name.to_owned(), ..Choice::default() });
    }
    let page = Overview {
        listed,
        read: at("11:59:58"),
        now: now(),
        days: 30,
        dates: 14,
        tariff: TARIFF,
        viewer,
    };
    let html = overview(&page).unwrap();
    assert_is_sound(&html);
    html
}

#[test]
fn a_line_says_what_was_counted_what_the_ledger_knows_and_what_is_unknown() {
    let html =
        plain(&page(&rule(), &fixed::ledger(), Some("It did not answer."), "", caller(true)));
    let line = |i: usize| html.split("<tr><th scope=\"row\"").nth(i + 1).unwrap();
    let failed = line(0);
    assert!(failed.contains("not read") && failed.contains("It did not answer."), "{failed}");
    let counted = line(1);
    assert!(counted.contains("<span class=\"word dirty\">dirty</span>"), "{counted}");
    assert!(!counted.contains("as of"), "it was counted just now: {counted}");
    let pending = line(2);
    assert!(pending.contains("2026-01-30 10:00</time>, being counted"), "{pending}");
    let unknown = line(3);
    assert!(unknown.contains("<span class=\"word unknown\">unknown</span>"), "{unknown}");
    assert!(html.contains("1 rule of this page is being counted"));
    assert!(html.contains("<a href=\"/?status=unknown\">2 unknown</a>"), "{html}");
    assert!(html.contains("<th scope=\"col\" aria-sort=\"descending\"><a href=\"/\">status</a>"));
    assert!(
        html.contains(
            "aria-label=\"3,104 duplicates found in 30 days, most on 2026-01-30: 3,104\""
        )
    );
    assert!(html.contains("class=\"found\" d=\"M118 20v-20\""), "the last of thirty bars");
    assert!(html.contains("under $0.01"));
}

#[test]
fn a_choice_that_no_rule_fits_says_so_and_keeps_what_was_asked() {
    let html = page(&rule(), &fixed::ledger(), None, "<b>", caller(false));
    assert!(html.contains("No rule fits.") && html.contains("value=\"&lt;b&gt;\""), "{html}");
    assert_eq!(tags(&html).iter().filter(|tag| tag.name == "table").count(), 0);
}

#[test]
fn rules_without_a_price_have_no_column_for_it() {
    let rule = rule_of(RULE);
    let nothing = Known::default();
    let line = RuleLine {
        index: 0,
        rule: &rule,
        known: &nothing,
        latest: nothing.latest_status(&rule, None),
        counted: None,
        problem: None,
        is_pending: false,
    };
    let listed = Listed::of(vec![line], Choice::default());
    let viewer = Viewer::Nobody;
    let (read, now) = (now(), now());
    let page = Overview { listed, read, now, days: 30, dates: 14, tariff: None, viewer };
    let html = overview(&page).unwrap();
    assert_is_sound(&html);
    assert!(!html.contains("cost"), "{html}");
    assert!(html.contains("no duplicates found in 30 days"));
}
